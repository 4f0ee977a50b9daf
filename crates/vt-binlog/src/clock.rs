//! Temporal cells: fields of bits, high byte first, with the fraction of a second behind them.

use vt_value::{Temporal, TemporalKind};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days from year 0 to 1970.
const EPOCH: i64 = 719_528;

/// How many bytes a fraction of so many digits takes.
pub(crate) fn fraction_width(digits: u8) -> usize {
    usize::from(digits).div_ceil(2)
}

/// Reads bytes as one number, the highest first.
fn big_endian(bytes: &[u8]) -> i64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | i64::from(*byte))
}

/// Returns the microseconds of a fraction's bytes.
fn micros(fraction: i64, width: usize) -> i64 {
    fraction * [1_000_000, 10_000, 100, 1][width.min(3)]
}

/// Reads a DATE: three bytes, the low one first.
pub(crate) fn date(raw: [u8; 3]) -> Temporal {
    let bits = u32::from_le_bytes([raw[0], raw[1], raw[2], 0]);
    Temporal::date(bits >> 9, bits >> 5 & 15, bits & 31)
}

/// Reads a TIME with a fraction. Both parts are one number with an offset, so that it can be
/// negative.
pub(crate) fn time(raw: &[u8], digits: u8) -> Temporal {
    let width = fraction_width(digits);
    let number = big_endian(raw) - (0x80_0000 << (8 * width));
    let (sign, number) = (number.signum(), number.abs());
    let fraction = micros(number & ((1 << (8 * width)) - 1), width);
    let bits = number >> (8 * width);
    let seconds = ((bits >> 12 & 0x3ff) * 60 + (bits >> 6 & 63)) * 60 + (bits & 63);
    Temporal::time(sign * (seconds * 1_000_000 + fraction), digits)
}

/// Reads a DATETIME with a fraction.
pub(crate) fn datetime(raw: &[u8], digits: u8) -> Temporal {
    let width = fraction_width(digits);
    // With all six digits the offset is the sign's bit. No date is below zero: such bytes are damaged.
    let number = big_endian(raw).wrapping_sub(0x80_0000_0000 << (8 * width));
    let fraction = micros(number & ((1 << (8 * width)) - 1), width);
    let bits = (number >> (8 * width)).max(0);
    let (months, day) = ((bits >> 22) as u32, (bits >> 17 & 31) as u32);
    let seconds = ((bits >> 12 & 31) * 60 + (bits >> 6 & 63)) * 60 + (bits & 63);
    let clock = seconds * 1_000_000 + fraction;
    Temporal::datetime(months / 13, months % 13, day, clock, digits)
}

/// Reads a TIMESTAMP with a fraction, and gives it in UTC; zero is MySQL's zero date.
pub(crate) fn timestamp(seconds: u32, fraction: &[u8], digits: u8) -> Temporal {
    let fraction = micros(big_endian(fraction), fraction.len());
    let seconds = i64::from(seconds);
    if seconds == 0 && fraction == 0 {
        return Temporal::datetime(0, 0, 0, 0, digits);
    }
    let clock = seconds % DAY * 1_000_000 + fraction;
    Temporal::of_days(EPOCH + seconds / DAY, clock, digits)
        .expect("32 bits of seconds end in the year 2106")
}

/// Reads a TIME of old servers: the digits `HHMMSS` as a number of three bytes.
pub(crate) fn old_time(raw: [u8; 3]) -> Temporal {
    let wide = i32::from_le_bytes([0, raw[0], raw[1], raw[2]]) >> 8;
    let number = i64::from(wide);
    let digits = number.abs();
    let seconds = (digits / 10_000 * 60 + digits / 100 % 100) * 60 + digits % 100;
    Temporal::time(number.signum() * seconds * 1_000_000, 0)
}

/// Reads a DATETIME of old servers: the digits `YYYYMMDDHHMMSS` as a number.
pub(crate) fn old_datetime(number: u64) -> Option<Temporal> {
    let (date, time) = (number / 1_000_000, number % 1_000_000);
    let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
    if year > 9999 || month > 12 || day > 31 {
        return None;
    }
    let seconds = (time / 10_000 * 60 + time / 100 % 100) * 60 + time % 100;
    let clock = i64::try_from(seconds).ok()? * 1_000_000;
    Some(Temporal::datetime(year as u32, month as u32, day as u32, clock, 0))
}

/// Returns whether a value can be printed: its parts have no more digits than their places.
pub(crate) fn is_sane(value: &Temporal) -> bool {
    let (year, month, day) = value.ymd();
    let (hours, minutes, seconds) = value.hms();
    let hours_max = if value.kind == TemporalKind::Time { 999 } else { 23 };
    year <= 9999 && month <= 12 && day <= 31 && hours <= hours_max && minutes < 60 && seconds < 60
}
