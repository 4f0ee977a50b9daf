//! Numbers to dates and times: 20240229, 240229123000.5, 123000.

use super::round::add_nanoseconds;
use super::{DateRules, Notes, SECOND, Temporal};

/// A number cut into its whole and what stands behind the point, both with its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    pub whole: i64,
    pub nanoseconds: i32,
}

const NANOS: f64 = 1e9;
/// The greatest TIME as digits.
const TIME_DIGITS_MAX: i64 = 8_385_959;
/// From here on the digits are those of a datetime, where a TIME is wanted.
const DATETIME_DIGITS_MIN: i64 = 10_000_000_000;

impl Split {
    /// Cuts a double; one that no integer holds becomes the greatest or the least.
    pub fn of_f64(number: f64) -> Split {
        if number >= i64::MAX as f64 {
            return Split { whole: i64::MAX, nanoseconds: 0 };
        }
        if number <= i64::MIN as f64 {
            return Split { whole: i64::MIN, nanoseconds: 0 };
        }
        let whole = number.trunc();
        let nanoseconds = ((number - whole) * NANOS) as i32;
        Split { whole: whole as i64, nanoseconds }
    }
}

/// Completes the year of a row of digits, and the time; `None` if no date has such digits.
fn complete(number: i64, partial: bool) -> Option<(i64, bool)> {
    let century = |year_70: bool| if year_70 { 1900 } else { 2000 };
    Some(match number {
        0 | 10_000_101_000_000.. => (number, true),
        101..=691_231 | 700_101..=991_231 => {
            ((number + century(number >= 700_101) * 10_000) * SECOND, false)
        }
        10_000_101..=99_991_231 => (number * SECOND, false),
        991_232..=10_000_100 if partial => (number * SECOND, false),
        101_000_000..=691_231_235_959 | 700_101_000_000..=991_231_235_959 => {
            (number + century(number >= 700_101_000_000) * 10_000 * SECOND, true)
        }
        991_231_235_960..=10_000_100_999_999 => (number, true),
        _ => return None,
    })
}

/// Reads a number's digits as a DATE or a DATETIME, and rounds its fraction to microseconds.
pub fn datetime_of_number(number: Split, rules: &DateRules) -> (Option<Temporal>, Notes) {
    if number.nanoseconds < 0 {
        return (None, Notes::OUT_OF_RANGE);
    }
    let Some((digits, has_time)) = complete(number.whole, rules.partial) else {
        return (None, Notes::TRUNCATED);
    };
    let (date, time) = (digits / SECOND, digits % SECOND);
    let Ok(year) = u32::try_from(date / 10_000) else { return (None, Notes::OUT_OF_RANGE) };
    let (month, day) = ((date / 100 % 100) as u32, (date % 100) as u32);
    let (hours, minutes, seconds) = (time / 10_000, time / 100 % 100, time % 100);
    if year > 9999 || month > 12 || day > 31 || hours > 23 || minutes > 59 || seconds > 59 {
        return (None, Notes::TRUNCATED);
    }
    if let Some(wrong) = rules.check(year, month, day, digits != 0 || rules.no_zero_date) {
        return (None, wrong);
    }
    if !has_time {
        let cut = if number.nanoseconds == 0 { Notes::NONE } else { Notes::TRUNCATED };
        return (Some(Temporal::date(year, month, day)), cut);
    }
    let micros = i64::from(number.nanoseconds / 1000);
    let clock = ((hours * 60 + minutes) * 60 + seconds) * SECOND + micros;
    let value = Temporal::datetime(year, month, day, clock, 6);
    let rest = if rules.truncate_fraction { 0 } else { (number.nanoseconds % 1000) as u32 };
    match add_nanoseconds(value, rest) {
        Some(value) => (Some(value), Notes::NONE),
        None => (None, Notes::OVERFLOW),
    }
}

/// Reads a number's digits as a TIME, or as the time of a DATETIME if there are more than ten.
pub fn time_of_number(number: Split, truncate_fraction: bool) -> (Option<Temporal>, Notes) {
    if number.whole >= DATETIME_DIGITS_MIN {
        let rules = DateRules { truncate_fraction, ..DateRules::FUZZY };
        return match datetime_of_number(number, &rules) {
            (Some(value), _) => (Some(value.to_time()), Notes::NONE),
            (None, _) => (None, Notes::OUT_OF_RANGE),
        };
    }
    let negative = number.whole < 0 || number.nanoseconds < 0;
    let whole = number.whole.saturating_abs();
    let (hours, minutes, seconds) = (whole / 10_000, whole / 100 % 100, whole % 100);
    if whole > TIME_DIGITS_MAX || minutes > 59 || seconds > 59 {
        return (None, Notes::OUT_OF_RANGE);
    }
    let nanoseconds = number.nanoseconds.unsigned_abs();
    let micros = i64::from(nanoseconds / 1000) + ((hours * 60 + minutes) * 60 + seconds) * SECOND;
    let value = Temporal::time(if negative { -micros } else { micros }, 6);
    let rest = if truncate_fraction { 0 } else { nanoseconds % 1000 };
    let value = add_nanoseconds(value, rest).unwrap_or(value);
    if value.time_micros().abs() > super::TIME_MAX {
        return (None, Notes::OUT_OF_RANGE);
    }
    (Some(value), Notes::NONE)
}
