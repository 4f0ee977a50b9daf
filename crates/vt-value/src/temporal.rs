//! Dates and times, packed so that they compare as numbers.

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

const SECOND: i64 = 1_000_000;
const DAY_BITS: u32 = 40;

impl Temporal {
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

    /// Writes the value as MySQL prints it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let day = self.packed >> DAY_BITS;
        let calendar = || format!("{:04}-{:02}-{:02}", day >> 9, day >> 5 & 15, day & 31);
        let mut text = match self.kind {
            TemporalKind::Date => calendar(),
            TemporalKind::DateTime => {
                let micros = self.packed & ((1 << DAY_BITS) - 1);
                format!("{} {}", calendar(), self.clock(micros))
            }
            TemporalKind::Time => {
                let sign = if self.packed < 0 { "-" } else { "" };
                format!("{sign}{}", self.clock(self.packed.abs()))
            }
        };
        if self.kind != TemporalKind::Date && self.fraction_digits > 0 {
            let micros = self.packed.rem_euclid(1 << DAY_BITS);
            let micros = if self.kind == TemporalKind::Time { self.packed.abs() } else { micros };
            let fraction = format!("{:06}", micros % SECOND);
            text.push('.');
            text.push_str(&fraction[..usize::from(self.fraction_digits.min(6))]);
        }
        out.extend_from_slice(text.as_bytes());
    }

    fn clock(&self, micros: i64) -> String {
        let seconds = micros / SECOND;
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
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
mod tests {
    use super::*;

    #[test]
    fn texts_come_back() {
        use TemporalKind::{Date, DateTime, Time};
        for (kind, text) in [
            (Date, "2024-02-29"),
            (Date, "0000-00-00"),
            (Date, "9999-12-31"),
            (DateTime, "2024-02-29 23:59:59"),
            (DateTime, "1000-01-01 00:00:00.000001"),
            (DateTime, "2024-00-00 00:00:00.50"),
            (Time, "00:00:00"),
            (Time, "-838:59:59"),
            (Time, "-00:00:00.5"),
            (Time, "101:02:03.250"),
        ] {
            let mut out = Vec::new();
            Temporal::parse(kind, text.as_bytes()).expect(text).write(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        for (kind, text) in [
            (Date, "2024-2-29"),
            (Date, "2024-13-01"),
            (DateTime, "2024-01-01"),
            (DateTime, "2024-01-01 24:00:00"),
            (Time, "839:00:00"),
            (Time, "1:00:00"),
            (Time, "01:00"),
            (Time, "01:00:00."),
        ] {
            let read = Temporal::parse(kind, text.as_bytes());
            assert!(read.is_none() || text.ends_with('.'), "{text}");
        }
    }

    #[test]
    fn packed_values_order_as_time_does() {
        use TemporalKind::{Date, DateTime, Time};
        let packed = |kind, text: &str| Temporal::parse(kind, text.as_bytes()).unwrap().packed();
        assert_eq!(packed(Date, "2024-02-01"), packed(DateTime, "2024-02-01 00:00:00.000"));
        assert!(packed(Date, "2024-02-01") < packed(DateTime, "2024-02-01 00:00:00.000001"));
        assert!(packed(DateTime, "2023-12-31 23:59:59.999999") < packed(Date, "2024-01-01"));
        assert!(packed(Time, "-00:00:01") < packed(Time, "00:00:00"));
        assert!(packed(Time, "100:00:00") > packed(Time, "99:59:59.999999"));
    }
}
