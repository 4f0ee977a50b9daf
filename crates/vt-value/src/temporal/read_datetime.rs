//! Strings to dates and datetimes: every delimiter, two-digit years, rows of digits, offsets.

use super::{DateRules, Notes, SECOND, Temporal};

/// A date or datetime read from a string, not yet rounded and not yet moved by its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadDateTime {
    /// A DATE if no part of the time was there.
    pub value: Temporal,
    /// What stood behind the sixth digit of the fraction: its seventh, times 100.
    pub nanoseconds: u32,
    /// The seconds of `+02:00`.
    pub offset: Option<i32>,
}

/// Why a string is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It does not look like one.
    Shape,
    /// A part is out of its range.
    Range,
}

const YEAR: usize = 0;
const DAY: usize = 2;
const SECONDS: usize = 5;
const FRACTION: usize = 6;

/// Reads a date or datetime.
///
/// The notes tell of garbage behind it, of the reason of a failure, and of a delimiter that is
/// deprecated. The year, month... of a row of digits have two digits each, the year four if there
/// are 8, or 14 and more.
pub fn read_datetime(text: &[u8], rules: &DateRules) -> (Option<ReadDateTime>, Notes) {
    let mut notes = Notes::NONE;
    let read = Reader::new(text).read(rules, Wanted::Any, &mut notes).ok();
    (read, notes)
}

/// What a caller takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Any,
    /// A date with delimiters must have a space behind it, as a TIME may look like one.
    WithTime,
}

pub(super) struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    parts: [u32; 7],
    /// How many digits each part had.
    widths: [usize; 7],
    nanoseconds: u32,
    offset: Option<i32>,
    delimited: bool,
    spaced: bool,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t [u8]) -> Reader<'t> {
        Reader {
            text,
            at: 0,
            parts: [0; 7],
            widths: [0; 7],
            nanoseconds: 0,
            offset: None,
            delimited: false,
            spaced: false,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn at_digit(&self) -> bool {
        self.peek().is_some_and(|byte| byte.is_ascii_digit())
    }

    pub(super) fn read(
        mut self,
        rules: &DateRules,
        wanted: Wanted,
        notes: &mut Notes,
    ) -> Result<ReadDateTime, Failure> {
        skip_spaces(self.text, &mut self.at, notes);
        if !self.at_digit() {
            notes.add(Notes::TRUNCATED);
            return Err(Failure::Shape);
        }
        let row = self.year_width_of_row();
        let count = self.parts(row, notes)?;
        if self.delimited && !self.spaced && wanted == Wanted::WithTime {
            notes.add(Notes::TRUNCATED);
            return Err(Failure::Shape);
        }
        let value = self.value(row, count, rules, notes)?;
        while let Some(byte) = self.peek() {
            if !is_space(byte) {
                notes.add(Notes::TRUNCATED);
                break;
            }
            notes.deprecate(byte, self.at, None);
            self.at += 1;
        }
        Ok(ReadDateTime { value, nanoseconds: self.nanoseconds, offset: self.offset })
    }

    /// Returns the width of the year if the text starts with a row of digits, which ends with it
    /// or with a point.
    fn year_width_of_row(&self) -> Option<usize> {
        let rest = &self.text[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'T').count();
        match rest.get(digits) {
            None | Some(b'.') => Some(if matches!(digits, 4 | 8 | 14..) { 4 } else { 2 }),
            Some(_) => None,
        }
    }

    /// Returns whether the first part, the year, has two digits at most.
    fn is_brief(&self) -> bool {
        let text = self.text.trim_ascii_start();
        text.iter().take_while(|byte| byte.is_ascii_digit()).count() <= 2
    }

    /// Reads the parts; returns how many there were. Ends behind what belongs to them.
    fn parts(&mut self, row: Option<usize>, notes: &mut Notes) -> Result<usize, Failure> {
        let mut width = row.unwrap_or(4);
        let mut end = self.at;
        let mut count = 0;
        while count <= FRACTION && self.at_digit() {
            let part = count;
            let limit = if row.is_some() || part == FRACTION { width } else { usize::MAX };
            self.digits(part, limit, notes)?;
            count += 1;
            width = 2;
            end = self.at;
            let Some(next) = self.peek() else { break };
            if part == DAY && next == b'T' {
                self.at += 1;
                continue;
            }
            if part == SECONDS {
                if next == b'.' {
                    self.at += 1;
                    end = self.at;
                    width = 6;
                } else if next.is_ascii_digit() {
                    break;
                }
            }
            if part >= SECONDS && self.peek().is_some_and(|sign| matches!(sign, b'+' | b'-')) {
                let offset = zone_offset(&self.text[self.at..]);
                self.offset = Some(offset.ok_or_else(|| {
                    notes.add(Notes::TRUNCATED);
                    Failure::Shape
                })?);
                end = self.text.len();
                break;
            }
            if part == SECONDS {
                if next == b'.' {
                    continue;
                }
                break;
            }
            self.delimiters(part, row, notes)?;
            end = self.at;
        }
        self.at = end;
        Ok(count)
    }

    /// Reads the digits of a part.
    fn digits(&mut self, part: usize, limit: usize, notes: &mut Notes) -> Result<(), Failure> {
        let start = self.at;
        let mut number = 0u32;
        while self.at - start < limit
            && let Some(byte @ b'0'..=b'9') = self.peek()
        {
            number = number.saturating_mul(10).saturating_add(u32::from(byte - b'0'));
            self.at += 1;
        }
        if number > 999_999 {
            notes.add(Notes::TRUNCATED);
            return Err(Failure::Shape);
        }
        self.parts[part] = number;
        self.widths[part] = self.at - start;
        if part == FRACTION
            && let Some(byte @ b'0'..=b'9') = self.peek()
        {
            self.nanoseconds = u32::from(byte - b'0') * 100;
            while self.at_digit() {
                self.at += 1;
            }
        }
        Ok(())
    }

    /// Passes over the delimiters behind a part.
    fn delimiters(
        &mut self,
        part: usize,
        row: Option<usize>,
        notes: &mut Notes,
    ) -> Result<(), Failure> {
        let standard = match part {
            0 | 1 => b'-',
            DAY => b' ',
            _ => b':',
        };
        let mut first = true;
        while let Some(byte) = self.peek()
            && (byte.is_ascii_punctuation() || is_space(byte))
        {
            if is_space(byte) {
                if part != DAY && part != FRACTION {
                    notes.add(Notes::TRUNCATED);
                    return Err(Failure::Shape);
                }
                self.spaced = true;
            }
            // In a row of digits, a point may stand before the time; where its year has two, also
            // before the other parts of the date.
            let allowed = match row {
                None => false,
                Some(2) if self.is_brief() => part < DAY || byte == b'.',
                Some(_) => part >= DAY,
            };
            if !allowed {
                let last = self.at + 1 == self.text.len() && is_space(byte);
                if !first || last || part == FRACTION && is_space(byte) {
                    notes.deprecate(byte, self.at, None);
                } else if byte != standard {
                    notes.deprecate(byte, self.at, Some(standard));
                }
            }
            first = false;
            self.delimited = true;
            self.at += 1;
        }
        Ok(())
    }

    /// Makes the value of the parts.
    fn value(
        &self,
        row: Option<usize>,
        count: usize,
        rules: &DateRules,
        notes: &mut Notes,
    ) -> Result<Temporal, Failure> {
        let [mut year, month, day, hours, minutes, seconds, fraction] = self.parts;
        let mut not_zero = self.parts.iter().any(|part| *part != 0);
        if row.unwrap_or(self.widths[YEAR]) == 2 && not_zero {
            year += if year < 70 { 2000 } else { 1900 };
        }
        let in_range = month <= 12 && day <= 31 && hours <= 23 && minutes <= 59 && seconds <= 59;
        if count < 3 || !in_range || year > 9999 {
            not_zero |= self.text[self.at..].iter().any(|byte| !is_space(*byte));
            notes.add(if not_zero { Notes::TRUNCATED } else { Notes::ZERO_DATE });
            return Err(Failure::Range);
        }
        if let Some(wrong) = rules.check(year, month, day, not_zero) {
            notes.add(wrong);
            return Err(Failure::Range);
        }
        if count <= 3 {
            return Ok(Temporal::date(year, month, day));
        }
        let digits = self.widths[FRACTION].min(6) as u8;
        let micros = i64::from(fraction) * 10i64.pow(6 - u32::from(digits));
        let clock = i64::from((hours * 60 + minutes) * 60 + seconds) * SECOND + micros;
        let digits = if self.nanoseconds > 0 { 6 } else { digits };
        Ok(Temporal::datetime(year, month, day, clock, digits))
    }
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Passes over white space at the start, which is deprecated.
pub(super) fn skip_spaces(text: &[u8], at: &mut usize, notes: &mut Notes) {
    while let Some(byte) = text.get(*at)
        && is_space(*byte)
    {
        notes.deprecate(*byte, *at, None);
        *at += 1;
    }
}

/// Reads `+02:00`, with spaces behind it, as the seconds that it is east of Greenwich.
pub(super) fn zone_offset(text: &[u8]) -> Option<i32> {
    let [sign, h1, h2, b':', m1, m2] = text.trim_ascii_end() else { return None };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i32::from(byte - b'0'));
    let hours = digit(h1)? * 10 + digit(h2)?;
    let minutes = digit(m1)? * 10 + digit(m2)?;
    let seconds = (hours * 60 + minutes) * 60;
    if minutes > 59 || seconds > 14 * 3600 {
        return None;
    }
    match sign {
        b'+' => Some(seconds),
        b'-' if seconds > 0 => Some(-seconds),
        _ => None,
    }
}
