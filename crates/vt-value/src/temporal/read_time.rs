//! Strings to times: `D HH:MM:SS.ffffff`, rows of digits, and whole datetimes.

use super::read_datetime::{Failure, Reader, Wanted, is_space, skip_spaces};
use super::round::clamp_time;
use super::{DateRules, Notes, ReadDateTime, SECOND, Temporal, TemporalKind};

/// Texts of this length and more are tried as a datetime first.
const DATETIME_LENGTH: usize = 12;

/// Reads a TIME; a datetime gives what it is, for the caller to move by its offset and to cut.
///
/// What is beyond 838:59:59 is cut, with a note; minutes or seconds beyond 59 are refused.
pub fn read_time(text: &[u8]) -> (Option<ReadDateTime>, Notes) {
    let mut notes = Notes::NONE;
    let mut at = 0;
    skip_spaces(text, &mut at, &mut notes);
    let negative = text.get(at) == Some(&b'-');
    at += usize::from(negative);
    if at == text.len() {
        notes.add(Notes::TRUNCATED);
        return (None, notes);
    }
    if text.len() - at >= DATETIME_LENGTH {
        let mut own = notes;
        let rules = DateRules { any_day: true, ..DateRules::FUZZY };
        match Reader::new(&text[at..]).read(&rules, Wanted::WithTime, &mut own) {
            Ok(read) if !negative => return (Some(read), own),
            Ok(_) => {
                own.add(Notes::TRUNCATED);
                return (None, own);
            }
            Err(Failure::Range) => return (None, own),
            Err(Failure::Shape) => {}
        }
    }
    let mut clock = Clock { text, at, parts: [0; 4], fraction: 0, digits: 0, nanoseconds: 0 };
    if clock.read().is_none() {
        notes.add(Notes::TRUNCATED);
        return (None, notes);
    }
    let read = clock.value(negative, &mut notes);
    (read, notes)
}

struct Clock<'t> {
    text: &'t [u8],
    at: usize,
    /// Days, hours, minutes, seconds.
    parts: [u64; 4],
    fraction: u32,
    digits: u8,
    nanoseconds: u32,
}

impl Clock<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn digit(&self, ahead: usize) -> bool {
        self.peek(ahead).is_some_and(|byte| byte.is_ascii_digit())
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        while let Some(byte @ b'0'..=b'9') = self.peek(0) {
            number = number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
            self.at += 1;
        }
        (number <= u64::from(u32::MAX)).then_some(number)
    }

    /// Reads the parts; `None` if it is no time.
    fn read(&mut self) -> Option<()> {
        while self.peek(0).is_some_and(is_space) {
            self.at += 1;
        }
        let sign = matches!(self.peek(0), Some(b':' | b'.'));
        let point = self.text.get(self.at..) == Some(b".");
        if !self.digit(usize::from(sign)) && !point {
            return None;
        }
        let first = self.number()?;
        let number_end = self.at;
        while self.peek(0).is_some_and(is_space) {
            self.at += 1;
        }
        let left = self.text.len() - self.at;
        let mut state;
        if left > 1 && self.at != number_end && self.digit(0) {
            self.parts[0] = first;
            state = 1;
        } else if left > 1 && self.peek(0) == Some(b':') && self.digit(1) {
            self.parts[1] = first;
            self.at += 1;
            state = 2;
        } else {
            self.parts = [0, first / 10_000, first / 100 % 100, first % 100];
            state = 4;
        }
        while state < 4 {
            self.parts[state] = self.number()?;
            state += 1;
            if state == 4 || self.peek(0) != Some(b':') || !self.digit(1) {
                break;
            }
            self.at += 1;
        }
        self.fraction();
        self.has_no_exponent().then_some(())
    }

    fn fraction(&mut self) {
        if self.peek(0) != Some(b'.') {
            return;
        }
        if !self.digit(1) {
            self.at += usize::from(self.at + 1 == self.text.len());
            return;
        }
        self.at += 1;
        let start = self.at;
        while let Some(byte @ b'0'..=b'9') = self.peek(0) {
            let digit = u32::from(byte - b'0');
            match self.at - start {
                0..6 => {
                    self.fraction = self.fraction * 10 + digit;
                    self.digits += 1;
                }
                6 => self.nanoseconds = digit * 100,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Numbers with an exponent are no times.
    fn has_no_exponent(&self) -> bool {
        if !matches!(self.peek(0), Some(b'e' | b'E')) {
            return true;
        }
        let sign = matches!(self.peek(1), Some(b'+' | b'-'));
        !self.digit(1 + usize::from(sign))
    }

    fn value(&mut self, negative: bool, notes: &mut Notes) -> Option<ReadDateTime> {
        let [days, hours, minutes, seconds] = self.parts;
        let hours = hours + days * 24;
        if minutes > 59 || seconds > 59 || hours > u64::from(u32::MAX) {
            notes.add(Notes::OUT_OF_RANGE);
            return None;
        }
        // Far beyond the range is as good as anything beyond it.
        let hours = hours.min(10_000);
        let seconds = ((hours * 60 + minutes) * 60 + seconds) as i64;
        let unit = 10i64.pow(6 - u32::from(self.digits));
        let micros = seconds * SECOND + i64::from(self.fraction) * unit;
        let (micros, cut) = clamp_time(if negative { -micros } else { micros });
        if cut {
            notes.add(Notes::OUT_OF_RANGE);
            self.nanoseconds = 0;
        }
        while let Some(byte) = self.peek(0) {
            if !is_space(byte) {
                notes.add(Notes::TRUNCATED);
                break;
            }
            notes.deprecate(byte, self.at, None);
            self.at += 1;
        }
        let digits = if self.nanoseconds > 0 { 6 } else { self.digits };
        let value = Temporal { kind: TemporalKind::Time, packed: micros, fraction_digits: digits };
        Some(ReadDateTime { value, nanoseconds: self.nanoseconds, offset: None })
    }
}
