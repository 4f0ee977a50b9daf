//! Intervals: what stands behind INTERVAL, and its addition to dates and times.

use super::calendar::{date_of_day_number, days_in_month};
use super::{DAY, SECOND, TIME_MAX, Temporal, TemporalKind};

/// The unit of an interval, of EXTRACT and of TIMESTAMPDIFF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Microsecond,
    YearMonth,
    DayHour,
    DayMinute,
    DaySecond,
    HourMinute,
    HourSecond,
    MinuteSecond,
    DayMicrosecond,
    HourMicrosecond,
    MinuteMicrosecond,
    SecondMicrosecond,
}

const NAMES: &[(Unit, &str)] = &[
    (Unit::Year, "YEAR"),
    (Unit::Quarter, "QUARTER"),
    (Unit::Month, "MONTH"),
    (Unit::Week, "WEEK"),
    (Unit::Day, "DAY"),
    (Unit::Hour, "HOUR"),
    (Unit::Minute, "MINUTE"),
    (Unit::Second, "SECOND"),
    (Unit::Microsecond, "MICROSECOND"),
    (Unit::YearMonth, "YEAR_MONTH"),
    (Unit::DayHour, "DAY_HOUR"),
    (Unit::DayMinute, "DAY_MINUTE"),
    (Unit::DaySecond, "DAY_SECOND"),
    (Unit::HourMinute, "HOUR_MINUTE"),
    (Unit::HourSecond, "HOUR_SECOND"),
    (Unit::MinuteSecond, "MINUTE_SECOND"),
    (Unit::DayMicrosecond, "DAY_MICROSECOND"),
    (Unit::HourMicrosecond, "HOUR_MICROSECOND"),
    (Unit::MinuteMicrosecond, "MINUTE_MICROSECOND"),
    (Unit::SecondMicrosecond, "SECOND_MICROSECOND"),
];

/// Microseconds of a day, an hour, a minute, a second and a microsecond.
const CLOCK: [i128; 5] =
    [DAY as i128, 3600 * SECOND as i128, 60 * SECOND as i128, SECOND as i128, 1];

impl Unit {
    /// Returns the unit of a name in any letter case.
    pub fn from_name(name: &str) -> Option<Unit> {
        NAMES.iter().find(|(_, one)| one.eq_ignore_ascii_case(name)).map(|(unit, _)| *unit)
    }

    /// Returns the name in upper case, `DAY_HOUR`.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(one, _)| *one == self).map_or("", |(_, name)| name)
    }

    /// Returns whether the value behind INTERVAL is one number, not a text of several.
    pub fn is_simple(self) -> bool {
        self.parts().is_none()
    }

    /// Returns whether the unit counts months or years, which have no fixed length.
    pub fn is_of_months(self) -> bool {
        matches!(self, Unit::Year | Unit::Quarter | Unit::Month | Unit::YearMonth)
    }

    /// Returns whether the unit leaves the time of the day alone.
    pub fn is_of_days(self) -> bool {
        self.is_of_months() || matches!(self, Unit::Week | Unit::Day)
    }

    /// Returns whether the unit counts days or what is longer, perhaps among others.
    pub fn has_days(self) -> bool {
        let days = [Unit::DayHour, Unit::DayMinute, Unit::DaySecond, Unit::DayMicrosecond];
        self.is_of_days() || days.contains(&self)
    }

    /// Returns whether the unit has a fraction of seconds.
    pub fn has_microseconds(self) -> bool {
        matches!(
            self,
            Unit::Microsecond
                | Unit::DayMicrosecond
                | Unit::HourMicrosecond
                | Unit::MinuteMicrosecond
                | Unit::SecondMicrosecond
        )
    }

    /// Returns the places in [`CLOCK`] of the first and last part of a text of several.
    fn parts(self) -> Option<(usize, usize)> {
        Some(match self {
            Unit::DayHour => (0, 1),
            Unit::DayMinute => (0, 2),
            Unit::DaySecond => (0, 3),
            Unit::DayMicrosecond => (0, 4),
            Unit::HourMinute => (1, 2),
            Unit::HourSecond => (1, 3),
            Unit::HourMicrosecond => (1, 4),
            Unit::MinuteSecond => (2, 3),
            Unit::MinuteMicrosecond => (2, 4),
            Unit::SecondMicrosecond => (3, 4),
            // Years and months: the places do not matter.
            Unit::YearMonth => (0, 1),
            _ => return None,
        })
    }
}

/// A stretch of time to add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    pub months: i128,
    pub micros: i128,
}

impl Interval {
    /// Returns so many of a simple unit.
    pub fn of_count(unit: Unit, count: i128) -> Interval {
        let months = |each: i128| Interval { months: count.saturating_mul(each), micros: 0 };
        let micros = |each: i128| Interval { months: 0, micros: count.saturating_mul(each) };
        match unit {
            Unit::Year | Unit::YearMonth => months(12),
            Unit::Quarter => months(3),
            Unit::Month => months(1),
            Unit::Week => micros(7 * CLOCK[0]),
            Unit::Day | Unit::DayHour | Unit::DayMinute | Unit::DaySecond => micros(CLOCK[0]),
            Unit::Hour | Unit::HourMinute | Unit::HourSecond => micros(CLOCK[1]),
            Unit::Minute | Unit::MinuteSecond => micros(CLOCK[2]),
            Unit::Second => micros(CLOCK[3]),
            _ => micros(1),
        }
    }

    /// Returns so many microseconds.
    pub fn of_micros(micros: i128) -> Interval {
        Interval { months: 0, micros }
    }

    #[must_use]
    pub fn negated(self) -> Interval {
        Interval { months: -self.months, micros: -self.micros }
    }
}

/// A tenth of the greatest integer.
const PART_MAX: u64 = i64::MAX as u64 / 10;

/// Reads the text behind INTERVAL for a unit of several parts: numbers with anything between them.
/// Fewer numbers than the unit has parts are the last ones. `None` if there are more, or one is
/// too great.
pub fn interval_of_text(unit: Unit, text: &[u8]) -> Option<Interval> {
    let (first, last) = unit.parts()?;
    let count = last - first + 1;
    let mut rest = text.trim_ascii_start();
    let negative = rest.first() == Some(&b'-');
    let skip = |text: &[u8]| text.iter().take_while(|byte| !byte.is_ascii_digit()).count();
    rest = &rest[usize::from(negative)..];
    rest = &rest[skip(rest)..];
    let mut parts = [0i128; 5];
    let mut read = 0;
    let mut last_width = 0;
    while read < count {
        last_width = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut number = 0u64;
        for digit in &rest[..last_width] {
            // MySQL takes no digit more once the number is a tenth of the greatest.
            if number >= PART_MAX {
                return None;
            }
            number = number * 10 + u64::from(digit - b'0');
        }
        parts[read] = number.into();
        read += 1;
        rest = &rest[last_width..];
        rest = &rest[skip(rest)..];
        if rest.is_empty() {
            break;
        }
    }
    if !rest.is_empty() {
        return None;
    }
    if unit.has_microseconds() && last_width < 6 {
        // The digits are those of a fraction.
        parts[read - 1] *= 10i128.pow(6 - last_width as u32);
    }
    let parts = &parts[..read];
    let interval = if unit == Unit::YearMonth {
        let years = if read == 2 { parts[0] } else { 0 };
        Interval { months: years * 12 + parts[read - 1], micros: 0 }
    } else {
        let units = &CLOCK[last + 1 - read..=last];
        Interval::of_micros(parts.iter().zip(units).map(|(part, unit)| part * unit).sum())
    };
    Some(if negative { interval.negated() } else { interval })
}

/// Adds an interval. `None` where the result is beyond the range of its type, which MySQL answers
/// with warning 1441 and NULL.
///
/// A DATE stays a DATE if `unit` is of days, else it becomes a DATETIME. A TIME takes no months.
pub fn add_interval(value: Temporal, interval: Interval, unit: Unit) -> Option<Temporal> {
    if value.kind == TemporalKind::Time {
        let micros = i128::from(value.time_micros()) + interval.micros;
        let in_range = micros.unsigned_abs() <= TIME_MAX as u128 && interval.months == 0;
        return in_range.then(|| Temporal::time(micros as i64, value.fraction_digits));
    }
    let (year, month, day) = value.ymd();
    if unit.is_of_months() {
        let months = i128::from(year) * 12 + i128::from(month) - 1 + interval.months;
        if !(0..120_000).contains(&months) {
            return None;
        }
        let (year, month) = ((months / 12) as u32, (months % 12) as u32 + 1);
        let day = day.min(days_in_month(year, month));
        let date = Temporal::datetime(year, month, day, value.clock(), value.fraction_digits);
        return Some(Temporal { kind: value.kind, ..date });
    }
    let micros = i128::from(value.day_number()) * CLOCK[0] + i128::from(value.clock());
    let micros = micros.checked_add(interval.micros)?;
    let days = i64::try_from(micros.div_euclid(CLOCK[0])).ok()?;
    let clock = micros.rem_euclid(CLOCK[0]) as i64;
    let (year, month, day) = date_of_day_number(days)?;
    let sum = Temporal::datetime(year, month, day, clock, value.fraction_digits);
    Some(if unit.is_of_days() { Temporal { kind: value.kind, ..sum } } else { sum })
}
