//! STR_TO_DATE: values read by a pattern.

use super::calendar::{date_of_day_number, day_number};
use super::read_datetime::is_space;
use super::{Locale, SECOND, Temporal};

/// What was read: parts in the ranges of their digits, not checked as a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParsedByFormat {
    pub year: u32,
    pub month: u32,
    pub day: u32,
    /// Microseconds of the day.
    pub clock: i64,
    /// Text was left behind the pattern.
    pub truncated: bool,
}

impl ParsedByFormat {
    /// Returns the DATETIME.
    pub fn to_datetime(self) -> Temporal {
        Temporal::datetime(self.year, self.month, self.day, self.clock, 6)
    }
}

/// The text does not match the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatMismatch {
    /// At a letter of its own.
    DateTime,
    /// Within what `%r` or `%T` stand for.
    Time,
}

/// Reads a text by a pattern.
pub fn str_to_date(text: &[u8], pattern: &[u8]) -> Result<ParsedByFormat, FormatMismatch> {
    let mut reader = Reader { text, at: 0, parts: Parts::default(), within_time: false };
    let matched = reader.by_pattern(pattern);
    let mismatch = match reader.within_time {
        true => FormatMismatch::Time,
        false => FormatMismatch::DateTime,
    };
    matched.and_then(|()| reader.made()).ok_or(mismatch)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    parts: Parts,
    /// What `%r` or `%T` stand for is being read.
    within_time: bool,
}

#[derive(Default)]
struct Parts {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    micros: u32,
    /// The hour is one of twelve.
    half_day: bool,
    afternoon: bool,
    day_of_year: u32,
    /// From 1 for Monday.
    weekday: Option<u32>,
    /// The number, whether weeks start on Sunday, whether the year of weeks goes with it.
    week: Option<(u32, bool, bool)>,
    /// The year of weeks, and whether they start on Sunday.
    week_year: Option<(u32, bool)>,
}

impl Reader<'_> {
    /// Makes the value of what was read.
    fn made(&self) -> Option<ParsedByFormat> {
        let parts = &self.parts;
        let hour = parts.hour_of_day()?;
        let (year, month, day) = parts.date()?;
        let clock = hour <= 23 && parts.minute <= 59 && parts.second <= 59;
        if month > 12 || day > 31 || !clock {
            return None;
        }
        let seconds = (hour * 60 + parts.minute) * 60 + parts.second;
        let truncated = self.rest().iter().any(|byte| !is_space(*byte));
        let clock = i64::from(seconds) * SECOND + i64::from(parts.micros);
        Some(ParsedByFormat { year, month, day, clock, truncated })
    }

    /// Reads what `%r` or `%T` stand for.
    fn time(&mut self, pattern: &[u8]) -> Option<()> {
        self.within_time = true;
        self.by_pattern(pattern)?;
        // The hour of twelve is judged here already.
        self.parts.hour_of_day()?;
        self.within_time = false;
        Some(())
    }

    fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }

    /// Reads a number of at most so many characters, with at least one digit; a plus sign before
    /// the digits is one of the characters.
    fn number(&mut self, most: usize) -> Option<(u32, usize)> {
        let rest = self.rest();
        let sign = usize::from(rest.first() == Some(&b'+'));
        let digits = rest.iter().take(most).skip(sign).take_while(|byte| byte.is_ascii_digit());
        let (number, count) = digits
            .fold((0, 0), |(sum, count), digit| (sum * 10 + u32::from(digit - b'0'), count + 1));
        if count == 0 {
            return None;
        }
        let width = sign + count;
        self.at += width;
        Some((number, width))
    }

    fn skip(&mut self, what: impl Fn(&u8) -> bool) {
        self.at += self.rest().iter().take_while(|byte| what(byte)).count();
    }

    fn by_pattern(&mut self, pattern: &[u8]) -> Option<()> {
        let mut bytes = pattern.iter();
        while let Some(byte) = bytes.next() {
            self.skip(|byte| is_space(*byte));
            if self.rest().is_empty() {
                break;
            }
            if *byte == b'%'
                && let Some(letter) = bytes.next()
            {
                self.by_letter(*letter)?;
            } else if !is_space(*byte) {
                if self.rest().first() != Some(byte) {
                    return None;
                }
                self.at += 1;
            }
        }
        Some(())
    }

    fn by_letter(&mut self, letter: u8) -> Option<()> {
        match letter {
            b'H' | b'k' => self.parts.hour = self.number(2)?.0,
            b'h' | b'I' | b'l' => {
                self.parts.half_day = true;
                self.parts.hour = self.number(2)?.0;
            }
            b'i' => self.parts.minute = self.number(2)?.0,
            b's' | b'S' => self.parts.second = self.number(2)?.0,
            b'f' => {
                let (number, width) = self.number(6)?;
                self.parts.micros = number * 10u32.pow(6 - width as u32);
            }
            b'p' => {
                let word = self.rest().get(..2)?.to_ascii_uppercase();
                self.parts.afternoon = match word.as_slice() {
                    _ if !self.parts.half_day => return None,
                    b"PM" => true,
                    b"AM" => false,
                    _ => return None,
                };
                self.at += 2;
            }
            b'r' => return self.time(b"%I:%i:%S %p"),
            b'T' => return self.time(b"%H:%i:%S"),
            b'.' => self.skip(u8::is_ascii_punctuation),
            b'@' => self.skip(u8::is_ascii_alphabetic),
            b'#' => self.skip(u8::is_ascii_digit),
            _ => return self.by_date_letter(letter),
        }
        Some(())
    }

    fn by_date_letter(&mut self, letter: u8) -> Option<()> {
        match letter {
            b'Y' | b'y' => {
                let (year, width) = self.number(if letter == b'Y' { 4 } else { 2 })?;
                let century = if year < 70 { 2000 } else { 1900 };
                self.parts.year = if width <= 2 { year + century } else { year };
            }
            b'm' | b'c' => self.parts.month = self.number(2)?.0,
            b'd' | b'e' => self.parts.day = self.number(2)?.0,
            b'D' => {
                self.parts.day = self.number(2)?.0;
                self.at += self.rest().len().min(2);
            }
            b'M' => {
                self.parts.month = self.name(12, |place| Locale::default().month(place + 1))? + 1
            }
            b'b' => {
                let name = |place| Locale::default().short_month(place + 1);
                self.parts.month = self.name(12, name)? + 1;
            }
            b'W' => {
                self.parts.weekday = Some(self.name(7, |place| Locale::default().day(place))? + 1)
            }
            b'a' => {
                let name = |place| Locale::default().short_day(place);
                self.parts.weekday = Some(self.name(7, name)? + 1);
            }
            b'w' => {
                let day = self.number(1)?.0;
                if day > 6 {
                    return None;
                }
                self.parts.weekday = Some(if day == 0 { 7 } else { day });
            }
            b'j' => self.parts.day_of_year = self.number(3)?.0,
            b'U' | b'u' | b'V' | b'v' => {
                let with_year = matches!(letter, b'V' | b'v');
                let week = self.number(2)?.0;
                if week > 53 || with_year && week == 0 {
                    return None;
                }
                self.parts.week = Some((week, letter.is_ascii_uppercase(), with_year));
            }
            b'X' | b'x' => {
                self.parts.week_year = Some((self.number(4)?.0, letter == b'X'));
            }
            _ => return None,
        }
        Some(())
    }

    /// Reads one of some names, or the start of one and no other, in any case.
    fn name(&mut self, count: u32, name: impl Fn(u32) -> &'static str) -> Option<u32> {
        let width = self.rest().iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = &self.rest()[..width];
        let starts = |place: &u32| {
            let start = name(*place).as_bytes().get(..width);
            width > 0 && start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        let whole = (0..count).find(|place| starts(place) && name(*place).len() == width);
        let mut all = (0..count).filter(starts);
        let found = whole.or(all.next().filter(|_| all.next().is_none()))?;
        self.at += width;
        Some(found)
    }
}

impl Parts {
    fn hour_of_day(&self) -> Option<u32> {
        if !self.half_day {
            return Some(self.hour);
        }
        let noon = if self.afternoon { 12 } else { 0 };
        (1..=12).contains(&self.hour).then_some(self.hour % 12 + noon)
    }

    fn date(&self) -> Option<(u32, u32, u32)> {
        let mut date = (self.year, self.month, self.day);
        if self.day_of_year > 0 {
            let days = day_number(self.year, 1, 1) + i64::from(self.day_of_year) - 1;
            date = date_of_day_number(days)?;
        }
        let (Some((week, sunday_first, with_year)), Some(weekday)) = (self.week, self.weekday)
        else {
            return Some(date);
        };
        let year = match self.week_year {
            Some((year, sunday)) if with_year && sunday == sunday_first => year,
            None if !with_year => self.year,
            _ => return None,
        };
        let jan_1st = day_number(year, 1, 1);
        let weeks = (i64::from(week) - 1) * 7;
        let monday = i64::from(super::calendar::weekday(jan_1st));
        let days = if sunday_first {
            let first = (monday + 1) % 7;
            jan_1st + if first == 0 { 0 } else { 7 - first } + weeks + i64::from(weekday % 7)
        } else {
            let start = if monday <= 3 { -monday } else { 7 - monday };
            jan_1st + start + weeks + i64::from(weekday) - 1
        };
        date_of_day_number(days)
    }
}
