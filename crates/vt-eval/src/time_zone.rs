//! The time zone of a session.

/// A time zone as `time_zone` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZone {
    offset_seconds: i32,
}

impl TimeZone {
    pub const UTC: TimeZone = TimeZone { offset_seconds: 0 };

    /// A zone that is so many seconds ahead of UTC.
    pub fn offset(offset_seconds: i32) -> TimeZone {
        TimeZone { offset_seconds }
    }

    /// Returns how many seconds local time is ahead of UTC at a moment.
    pub fn offset_seconds_at(&self, _utc_micros: i64) -> i32 {
        self.offset_seconds
    }
}
