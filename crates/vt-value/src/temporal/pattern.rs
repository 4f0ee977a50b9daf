//! DATE_FORMAT and TIME_FORMAT: values by a pattern.

use super::calendar::{WeekMode, day_number, week, weekday};
use super::print::put;
use super::{Locale, Temporal, TemporalKind};

/// The pattern asks for what the value does not have, which makes NULL of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatError;

/// Appends a DATE or DATETIME by a pattern of `%Y` and the like, in UTF-8.
pub fn format_datetime(
    value: &Temporal,
    pattern: &[u8],
    locale: Locale,
    out: &mut Vec<u8>,
) -> Result<(), FormatError> {
    write(&Parts { value: *value, locale, is_time: false }, pattern, out)
}

/// Appends a time by a pattern; what counts days or weeks fails, and so do the names of days.
pub fn format_time(
    value: &Temporal,
    pattern: &[u8],
    locale: Locale,
    out: &mut Vec<u8>,
) -> Result<(), FormatError> {
    write(&Parts { value: *value, locale, is_time: true }, pattern, out)
}

struct Parts {
    value: Temporal,
    locale: Locale,
    is_time: bool,
}

fn write(parts: &Parts, pattern: &[u8], out: &mut Vec<u8>) -> Result<(), FormatError> {
    if parts.value.kind == TemporalKind::Time && parts.value.is_negative() {
        out.push(b'-');
    }
    let mut bytes = pattern.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => match bytes.next() {
                Some(letter) => parts.write(*letter, out)?,
                None => out.push(b'%'),
            },
            _ => out.push(*byte),
        }
    }
    Ok(())
}

impl Parts {
    fn write(&self, letter: u8, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let (hours, minutes, seconds) = self.value.hms();
        let half_day = |hours: u32| (hours + 11) % 12 + 1;
        let noon = if hours % 24 < 12 { b"AM" } else { b"PM" };
        match letter {
            b'H' => put(out, hours, width(hours, 2)),
            b'k' => put(out, hours, width(hours, 1)),
            b'h' | b'I' => put(out, half_day(hours), 2),
            b'l' => put(out, half_day(hours), width(half_day(hours), 1)),
            b'i' => put(out, minutes, 2),
            b's' | b'S' => put(out, seconds, 2),
            b'f' => put(out, self.value.micros(), 6),
            b'p' => out.extend_from_slice(noon),
            b'r' | b'T' => {
                let hours = if letter == b'r' { half_day(hours) } else { hours };
                put(out, hours, width(hours, 2));
                out.push(b':');
                put(out, minutes, 2);
                out.push(b':');
                put(out, seconds, 2);
                if letter == b'r' {
                    out.push(b' ');
                    out.extend_from_slice(noon);
                }
            }
            _ => return self.write_date(letter, out),
        }
        Ok(())
    }

    fn write_date(&self, letter: u8, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let (year, month, day) = self.value.ymd();
        let of_date = matches!(letter, b'D' | b'j' | b'U' | b'u' | b'V' | b'v' | b'X' | b'x');
        if of_date && self.is_time {
            return Err(FormatError);
        }
        match letter {
            b'Y' => put(out, year, 4),
            b'y' => put(out, year % 100, 2),
            b'm' => put(out, month, 2),
            b'c' => put(out, month, width(month, 1)),
            b'd' => put(out, day, 2),
            b'e' => put(out, day, width(day, 1)),
            b'D' => {
                put(out, day, width(day, 1));
                out.extend_from_slice(suffix(day));
            }
            b'M' | b'b' => {
                if month == 0 {
                    return Err(FormatError);
                }
                let long = letter == b'M';
                let name =
                    if long { self.locale.month(month) } else { self.locale.short_month(month) };
                out.extend_from_slice(name.as_bytes());
            }
            b'W' | b'a' | b'w' => {
                if self.is_time || month == 0 && year == 0 {
                    return Err(FormatError);
                }
                let weekday = weekday(self.value.day_number());
                match letter {
                    b'W' => out.extend_from_slice(self.locale.day(weekday).as_bytes()),
                    b'a' => out.extend_from_slice(self.locale.short_day(weekday).as_bytes()),
                    _ => put(out, (weekday + 1) % 7, 1),
                }
            }
            b'j' => {
                let number = self.value.day_number() - day_number(year, 1, 1) + 1;
                // Before the first month there are days with a sign.
                if number < 0 {
                    out.push(b'-');
                }
                let size = number.unsigned_abs().min(999) as u32;
                put(out, size, if number < 0 { width(size, 1) } else { 3 });
            }
            b'U' | b'u' | b'V' | b'v' | b'X' | b'x' => {
                let monday_first = letter.is_ascii_lowercase();
                let by_week_year = !matches!(letter, b'U' | b'u');
                let mode = WeekMode { monday_first, by_week_year, whole_first: !monday_first };
                let (week, week_year) = week((year, month, day), mode);
                match letter {
                    b'X' | b'x' => put(out, week_year, width(week_year, 4)),
                    _ => put(out, week, width(week, 2)),
                }
            }
            _ => out.push(letter),
        }
        Ok(())
    }
}

/// Returns how many digits to write: `least`, or as many as there are.
fn width(number: u32, least: usize) -> usize {
    let digits = number.checked_ilog10().map_or(1, |log| log as usize + 1);
    digits.max(least)
}

/// Returns the ending of an English ordinal.
fn suffix(day: u32) -> &'static [u8] {
    match (day, day % 10) {
        (10..=19, _) => b"th",
        (_, 1) => b"st",
        (_, 2) => b"nd",
        (_, 3) => b"rd",
        _ => b"th",
    }
}
