//! Rounding and cutting of a second's fraction.

use super::{DAY, SECOND, TIME_MAX, Temporal, TemporalKind};

/// Returns the microseconds that a last shown digit counts.
fn step(digits: u8) -> i64 {
    10i64.pow(6 - u32::from(digits.min(6)))
}

/// Rounds to so many digits, half up and away from zero. `None` where a DATETIME would pass the
/// year 9999, or has no whole date to carry into.
pub fn round_to(value: Temporal, digits: u8) -> Option<Temporal> {
    let step = step(digits);
    match value.kind {
        TemporalKind::Date => Some(value),
        TemporalKind::Time => {
            let size = (value.packed.abs() + step / 2) / step * step;
            let size = size.min(TIME_MAX);
            Some(Temporal::time(if value.packed < 0 { -size } else { size }, digits))
        }
        TemporalKind::DateTime => {
            with_clock(value, (value.clock() + step / 2) / step * step, digits)
        }
    }
}

/// Cuts what is behind so many digits.
pub fn truncate_to(value: Temporal, digits: u8) -> Temporal {
    let step = step(digits);
    match value.kind {
        TemporalKind::Date => value,
        TemporalKind::Time => Temporal::time(value.packed / step * step, digits),
        TemporalKind::DateTime => {
            let cut = value.clock() % step;
            Temporal { packed: value.packed - cut, fraction_digits: digits, ..value }
        }
    }
}

/// Rounds up by what stands behind the microseconds, if that is half of one or more. `None` where
/// a DATETIME would pass the year 9999. A TIME may pass its range, for the caller to see.
pub fn add_nanoseconds(value: Temporal, nanoseconds: u32) -> Option<Temporal> {
    if nanoseconds < 500 {
        return Some(value);
    }
    match value.kind {
        TemporalKind::Date => Some(value),
        TemporalKind::Time if value.packed < 0 => {
            Some(Temporal::time(value.packed - 1, value.fraction_digits))
        }
        TemporalKind::Time => Some(Temporal::time(value.packed + 1, value.fraction_digits)),
        TemporalKind::DateTime => with_clock(value, value.clock() + 1, value.fraction_digits),
    }
}

/// Returns the DATETIME with another time of day, carried into the next day if it is one.
fn with_clock(value: Temporal, clock: i64, digits: u8) -> Option<Temporal> {
    let (year, month, day) = value.ymd();
    if clock < DAY {
        return Some(Temporal::datetime(year, month, day, clock, digits));
    }
    if value.has_zero() {
        return None;
    }
    Temporal::of_days(value.day_number() + 1, clock - DAY, digits)
}

/// Returns the seconds and the microseconds of a TIME that is cut to its range, and whether it was.
pub(super) fn clamp_time(micros: i64) -> (i64, bool) {
    // The fraction of the last second is past the end.
    let cut = micros.abs() > TIME_MAX;
    (micros.clamp(-TIME_MAX, TIME_MAX), cut)
}

const _: () = assert!(TIME_MAX % SECOND == 0);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: TemporalKind, text: &str, digits: u8, rounded: &str, cut: &str) {
        let value = Temporal::parse(kind, text.as_bytes()).unwrap();
        let print = |value: Option<Temporal>| {
            let mut out = Vec::new();
            value.inspect(|value| value.write(&mut out));
            String::from_utf8(out).unwrap()
        };
        assert_eq!(print(round_to(value, digits)), rounded, "{text}");
        assert_eq!(print(Some(truncate_to(value, digits))), cut, "{text}");
    }

    #[test]
    fn fractions_round_half_away_from_zero_and_carry() {
        use TemporalKind::{DateTime, Time};
        check(DateTime, "2024-02-29 23:59:59.5", 0, "2024-03-01 00:00:00", "2024-02-29 23:59:59");
        check(DateTime, "9999-12-31 23:59:59.96", 1, "", "9999-12-31 23:59:59.9");
        check(
            DateTime,
            "2024-02-29 00:00:00.123449",
            4,
            "2024-02-29 00:00:00.1234",
            "2024-02-29 00:00:00.1234",
        );
        check(Time, "-00:00:00.5", 0, "-00:00:01", "00:00:00");
        check(Time, "838:59:58.999999", 2, "838:59:59.00", "838:59:58.99");
    }
}
