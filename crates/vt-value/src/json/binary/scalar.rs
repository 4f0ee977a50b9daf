//! Decimals, dates and times as tables store them.

use super::{COLUMN_DATE, COLUMN_DATETIME, COLUMN_TIME};
use crate::{Decimal, Temporal, TemporalKind, decimal};

/// The digits of a group, and the bytes that so many digits take.
const GROUP: usize = 9;
const BYTES_OF_DIGITS: [usize; GROUP + 1] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

const MICROS_BITS: u32 = 24;

/// Writes a decimal: precision, scale, then groups of digits in big-endian; the first bit is set
/// for what is not negative, and all bits are turned for what is.
pub(super) fn encode_decimal(number: &Decimal) -> Vec<u8> {
    let mut text = Vec::new();
    number.write(&mut text);
    let digits: Vec<u8> = text.iter().copied().filter(u8::is_ascii_digit).collect();
    let scale = usize::from(number.scale());
    let (integer, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    let integer = match integer {
        [b'0'] if scale > 0 => &[],
        _ => integer,
    };
    let mut out = vec![(integer.len() + scale) as u8, scale as u8];
    let start = out.len();
    let (head, groups) = integer.split_at(integer.len() % GROUP);
    append_group(head, &mut out);
    groups.chunks(GROUP).for_each(|group| append_group(group, &mut out));
    fraction.chunks(GROUP).for_each(|group| append_group(group, &mut out));
    if number.is_negative() {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
    if let Some(first) = out.get_mut(start) {
        *first ^= 0x80;
    }
    out
}

fn append_group(digits: &[u8], out: &mut Vec<u8>) {
    let width = BYTES_OF_DIGITS[digits.len().min(GROUP)];
    let number = digits.iter().fold(0u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    out.extend_from_slice(&number.to_be_bytes()[4 - width..]);
}

pub(super) fn decode_decimal(bytes: &[u8]) -> Option<Decimal> {
    let [precision, scale, data @ ..] = bytes else { return None };
    let (precision, scale) = (usize::from(*precision), usize::from(*scale));
    let integer = precision.checked_sub(scale)?;
    if precision == 0 || precision > decimal::MAX_DIGITS || scale > decimal::MAX_SCALE.into() {
        return None;
    }
    let mut data = data.to_vec();
    let first = data.first_mut()?;
    let negative = *first & 0x80 == 0;
    *first ^= 0x80;
    if negative {
        data.iter_mut().for_each(|byte| *byte = !*byte);
    }
    let mut text = String::from(if negative { "-0" } else { "0" });
    let mut rest = &data[..];
    take_group(integer % GROUP, &mut rest, &mut text)?;
    for _ in 0..integer / GROUP {
        take_group(GROUP, &mut rest, &mut text)?;
    }
    if scale > 0 {
        text.push('.');
    }
    for _ in 0..scale / GROUP {
        take_group(GROUP, &mut rest, &mut text)?;
    }
    take_group(scale % GROUP, &mut rest, &mut text)?;
    Decimal::parse(text.as_bytes())
}

fn take_group(digits: usize, rest: &mut &[u8], text: &mut String) -> Option<()> {
    if digits == 0 {
        return Some(());
    }
    let (bytes, after) = rest.split_at_checked(BYTES_OF_DIGITS[digits])?;
    *rest = after;
    let number = bytes.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
    if number >= 10u32.pow(digits as u32) {
        return None;
    }
    text.push_str(&format!("{number:0digits$}"));
    Some(())
}

/// Writes a date or time as the number that its parts make side by side; returns the column type.
pub(super) fn encode_temporal(temporal: &Temporal) -> (u8, [u8; 8]) {
    let (year, month, day) = temporal.ymd();
    let (hour, minute, second) = temporal.hms();
    let day = i64::from((year * 13 + month) << 5 | day);
    let clock = i64::from(hour << 12 | minute << 6 | second);
    let packed = (day << 17 | clock) << MICROS_BITS | i64::from(temporal.micros());
    let column = match temporal.kind {
        TemporalKind::Date => COLUMN_DATE,
        TemporalKind::DateTime => COLUMN_DATETIME,
        TemporalKind::Time => COLUMN_TIME,
    };
    (column, (if temporal.is_negative() { -packed } else { packed }).to_le_bytes())
}

pub(super) fn decode_temporal(column: u8, bytes: &[u8]) -> Option<Temporal> {
    let packed = i64::from_le_bytes(bytes.try_into().ok()?);
    let size = i64::try_from(packed.unsigned_abs()).ok()?;
    let (micros, seconds) = (size & ((1 << MICROS_BITS) - 1), size >> MICROS_BITS);
    let (minute, second) = (seconds >> 6 & 63, seconds & 63);
    if column == COLUMN_TIME {
        let sign = if packed < 0 { "-" } else { "" };
        let hour = seconds >> 12;
        let text = format!("{sign}{hour:02}:{minute:02}:{second:02}.{micros:06}");
        return Temporal::parse(TemporalKind::Time, text.as_bytes());
    }
    if packed < 0 {
        return None;
    }
    let (hour, day) = (seconds >> 12 & 31, seconds >> 17 & 31);
    let months = seconds >> 22;
    let date = format!("{:04}-{:02}-{day:02}", months / 13, months % 13);
    if column == COLUMN_DATE {
        return Temporal::parse(TemporalKind::Date, date.as_bytes());
    }
    let text = format!("{date} {hour:02}:{minute:02}:{second:02}.{micros:06}");
    Temporal::parse(TemporalKind::DateTime, text.as_bytes())
}
