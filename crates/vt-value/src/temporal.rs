//! Dates and times, packed so that they compare as numbers.
//!
//! Start reading at [`Temporal`]; [`read_datetime`] and [`read_time`] turn strings into them as
//! leniently as MySQL does, [`Interval`] adds to them, [`TimeZone`] places them on the line of time.

pub mod calendar;
mod interval;
mod locale;
mod notes;
mod number;
mod pattern;
mod print;
mod read_datetime;
mod read_time;
mod round;
mod rules;
mod str_to_date;
pub mod zone;

pub use interval::{Interval, Unit, add_interval, interval_of_text};
pub use locale::Locale;
pub use notes::{Deprecation, Notes};
pub use number::{Split, datetime_of_number, time_of_number};
pub use pattern::{FormatError, format_datetime, format_time};
pub use read_datetime::{ReadDateTime, read_datetime};
pub use read_time::read_time;
pub use round::{add_nanoseconds, round_to, truncate_to};
pub use rules::DateRules;
pub use str_to_date::{FormatMismatch, ParsedByFormat, str_to_date};
pub use zone::TimeZone;

/// What a temporal value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TemporalKind {
    Date,
    /// DATETIME and TIMESTAMP.
    DateTime,
    Time,
}

/// A DATE, DATETIME, TIMESTAMP or TIME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temporal {
    pub kind: TemporalKind,
    /// The time of day's microseconds, signed, for a TIME; else the digits of the calendar one
    /// over the other, so that a DATE compares with a DATETIME as its midnight.
    packed: i64,
    /// How many digits of a second's fraction are printed.
    pub fraction_digits: u8,
}

pub const SECOND: i64 = 1_000_000;
pub const DAY: i64 = 86_400 * SECOND;
/// The greatest TIME, 838:59:59, in microseconds.
pub const TIME_MAX: i64 = ((838 * 60 + 59) * 60 + 59) * SECOND;
const DAY_BITS: u32 = 40;

impl Temporal {
    /// 0000-00-00.
    pub const ZERO_DATE: Temporal = Temporal::date(0, 0, 0);

    /// Makes a DATE of its parts, which may be zero; the caller has seen to it that they are in
    /// the range of their digits.
    pub const fn date(year: u32, month: u32, day: u32) -> Temporal {
        let packed = ((year << 9 | month << 5 | day) as i64) << DAY_BITS;
        Temporal { kind: TemporalKind::Date, packed, fraction_digits: 0 }
    }

    /// Makes a DATETIME of a date's parts and the microseconds since its midnight.
    pub const fn datetime(year: u32, month: u32, day: u32, clock: i64, digits: u8) -> Temporal {
        let date = Temporal::date(year, month, day);
        Temporal {
            kind: TemporalKind::DateTime,
            packed: date.packed + clock,
            fraction_digits: digits,
        }
    }

    /// Makes a TIME of microseconds.
    pub const fn time(micros: i64, digits: u8) -> Temporal {
        Temporal { kind: TemporalKind::Time, packed: micros, fraction_digits: digits }
    }

    /// Makes the value of a moment: the days of [`calendar::day_number`] and the microseconds of
    /// the day. `None` outside of the years 0 to 9999.
    pub fn of_days(days: i64, clock: i64, digits: u8) -> Option<Temporal> {
        let (year, month, day) = calendar::date_of_day_number(days)?;
        Some(Temporal::datetime(year, month, day, clock, digits))
    }

    /// Reads `2024-02-29`, `2024-02-29 12:30:00.5` or `-12:30:00`, as MySQL prints them; anything
    /// else gives `None`. Zero and partial dates (`2024-00-00`) are read as they are.
    pub fn parse(kind: TemporalKind, text: &[u8]) -> Option<Temporal> {
        let (packed, fraction_digits) = match kind {
            TemporalKind::Date => (date(text)?, 0),
            TemporalKind::DateTime => {
                let (day, clock) = text.split_at_checked(10)?;
                let (micros, digits) = clock_micros(clock.strip_prefix(b" ")?, 23)?;
                (date(day)? + micros, digits)
            }
            TemporalKind::Time => match text.strip_prefix(b"-") {
                Some(rest) => clock_micros(rest, 838).map(|(micros, digits)| (-micros, digits))?,
                None => clock_micros(text, 838)?,
            },
        };
        Some(Temporal { kind, packed, fraction_digits })
    }

    /// Returns the number that orders values of a kind, and dates among datetimes.
    pub fn packed(&self) -> i64 {
        self.packed
    }

    /// Returns the value with so many digits shown of its fraction.
    pub fn with_digits(self, digits: u8) -> Temporal {
        Temporal { fraction_digits: digits, ..self }
    }

    /// Returns year, month and day; zeroes for a TIME.
    pub fn ymd(&self) -> (u32, u32, u32) {
        if self.kind == TemporalKind::Time {
            return (0, 0, 0);
        }
        let day = (self.packed >> DAY_BITS) as u32;
        (day >> 9, day >> 5 & 15, day & 31)
    }

    /// Returns the microseconds since midnight, or those of a TIME without its sign.
    pub fn clock(&self) -> i64 {
        match self.kind {
            TemporalKind::Time => self.packed.abs(),
            _ => self.packed & ((1 << DAY_BITS) - 1),
        }
    }

    /// Returns hours, minutes and seconds.
    pub fn hms(&self) -> (u32, u32, u32) {
        let seconds = (self.clock() / SECOND) as u32;
        (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// Returns the microseconds of the second.
    pub fn micros(&self) -> u32 {
        (self.clock() % SECOND) as u32
    }

    /// Returns whether it is a TIME below zero.
    pub fn is_negative(&self) -> bool {
        self.packed < 0
    }

    /// Returns the microseconds of a TIME, signed.
    pub fn time_micros(&self) -> i64 {
        if self.kind == TemporalKind::Time { self.packed } else { self.clock() }
    }

    /// Returns the number of the day, as TO_DAYS has it.
    pub fn day_number(&self) -> i64 {
        let (year, month, day) = self.ymd();
        calendar::day_number(year, month, day)
    }

    /// Returns whether month or day are zero.
    pub fn has_zero(&self) -> bool {
        let (_, month, day) = self.ymd();
        month == 0 || day == 0
    }

    /// Returns the DATE of a DATE or DATETIME.
    pub fn to_date(&self) -> Temporal {
        let (year, month, day) = self.ymd();
        Temporal::date(year, month, day)
    }

    /// Returns a DATE as its midnight, a DATETIME as it is.
    pub fn to_datetime(&self) -> Temporal {
        match self.kind {
            TemporalKind::Date => Temporal { kind: TemporalKind::DateTime, ..*self },
            _ => *self,
        }
    }

    /// Returns the time of the day of a DATETIME, midnight of a DATE, a TIME as it is.
    pub fn to_time(&self) -> Temporal {
        match self.kind {
            TemporalKind::Time => *self,
            _ => Temporal::time(self.clock(), self.fraction_digits),
        }
    }

    /// Returns the DATETIME that a TIME is, counted from the midnight of `today`.
    pub fn on_day(&self, today: i64) -> Option<Temporal> {
        let days = today + self.packed.div_euclid(DAY);
        Temporal::of_days(days, self.packed.rem_euclid(DAY), self.fraction_digits)
    }

    /// Returns the digits as a whole number, 20240229123000, and the microseconds beside it;
    /// both have the sign of a TIME.
    pub fn digits(&self) -> (i64, i64) {
        let (year, month, day) = self.ymd();
        let (hours, minutes, seconds) = self.hms();
        let date = i64::from(year * 10_000 + month * 100 + day);
        let clock = i64::from(hours * 10_000 + minutes * 100 + seconds);
        let micros = i64::from(self.micros());
        match self.kind {
            TemporalKind::Date => (date, 0),
            TemporalKind::DateTime => (date * SECOND + clock, micros),
            TemporalKind::Time if self.packed < 0 => (-clock, -micros),
            TemporalKind::Time => (clock, micros),
        }
    }

    /// Returns the value as a whole number, rounded; `None` where the rounding leaves the range.
    pub fn to_i64(&self) -> i64 {
        round_to(*self, 0).unwrap_or(truncate_to(*self, 0)).digits().0
    }

    /// Returns the value as a double.
    pub fn to_f64(&self) -> f64 {
        let (whole, micros) = self.digits();
        whole as f64 + micros as f64 / SECOND as f64
    }
}

/// Reads `YYYY-MM-DD`.
fn date(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let (month, day) = (number(&[*m1, *m2])?, number(&[*d1, *d2])?);
    (month <= 12 && day <= 31).then_some((year << 9 | month << 5 | day) << DAY_BITS)
}

/// Reads `HH:MM:SS[.ffffff]`; returns microseconds and the digits of the fraction.
fn clock_micros(text: &[u8], hours_max: i64) -> Option<(i64, u8)> {
    let (clock, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &[][..]),
    };
    let mut parts = clock.split(|byte| *byte == b':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let shape = hours.len() >= 2 && minutes.len() == 2 && seconds.len() == 2;
    if !shape || parts.next().is_some() || fraction.len() > 6 {
        return None;
    }
    let (hours, minutes, seconds) = (number(hours)?, number(minutes)?, number(seconds)?);
    if hours > hours_max || minutes > 59 || seconds > 59 {
        return None;
    }
    let digits = fraction.len() as u8;
    let fraction = if digits == 0 { 0 } else { number(fraction)? };
    let micros = fraction * 10i64.pow(6 - u32::from(digits));
    Some((((hours * 60 + minutes) * 60 + seconds) * SECOND + micros, digits))
}

fn number(digits: &[u8]) -> Option<i64> {
    let all = !digits.is_empty() && digits.len() <= 6 && digits.iter().all(u8::is_ascii_digit);
    all.then(|| digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
