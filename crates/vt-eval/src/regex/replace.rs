//! What a match is replaced with: text with `$1` and `${name}` for what groups matched.

use super::{Captures, Regex, RegexError};

/// A replacement that was read for a pattern.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Vec<char>),
    Group(usize),
    /// What is wrong from here on; it is an error only when there is a match to replace.
    Wrong(RegexError),
}

impl Template {
    /// Reads a replacement.
    pub fn new(text: &[char], regex: &Regex) -> Template {
        let mut reader = Reader { text, place: 0, regex };
        let mut parts = Vec::new();
        let mut plain = Vec::new();
        while let Some(c) = reader.next() {
            match c {
                '\\' => plain.extend(reader.escaped()),
                '$' => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    match reader.group() {
                        Ok(group) => parts.push(Part::Group(group)),
                        Err(error) => {
                            parts.push(Part::Wrong(error));
                            return Template { parts };
                        }
                    }
                }
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Template { parts }
    }

    /// Appends what a match becomes.
    pub fn expand(
        &self,
        text: &[char],
        captures: &Captures,
        out: &mut Vec<char>,
    ) -> Result<(), RegexError> {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Group(group) => {
                    let span = captures.group(*group).ok_or(RegexError::IndexOutOfBounds)?;
                    let span = span.and_then(|(first, last)| text.get(first..last));
                    out.extend_from_slice(span.unwrap_or_default());
                }
                Part::Wrong(error) => return Err(error.clone()),
            }
        }
        Ok(())
    }
}

struct Reader<'t> {
    text: &'t [char],
    place: usize,
    regex: &'t Regex,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.place).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.place += 1;
        Some(c)
    }

    /// Returns what stands behind a backslash: itself, or a character by its number.
    fn escaped(&mut self) -> Option<char> {
        let c = self.next()?;
        let digits = match c {
            'u' => 4,
            'U' => 8,
            _ => return Some(c),
        };
        let hex = self.text.get(self.place..self.place + digits);
        let value = hex.and_then(|hex| {
            hex.iter().try_fold(0_u32, |value, c| Some(value << 4 | c.to_digit(16)?))
        });
        match value.and_then(char::from_u32) {
            Some(named) => {
                self.place += digits;
                Some(named)
            }
            None => Some(c),
        }
    }

    /// Reads a number, no longer than there are groups, or a name in braces.
    fn group(&mut self) -> Result<usize, RegexError> {
        let groups = self.regex.program.groups;
        if self.peek() == Some('{') {
            self.place += 1;
            let mut name = String::new();
            loop {
                match self.next() {
                    Some('}') => break,
                    Some(c) if c.is_ascii_alphanumeric() => name.push(c),
                    _ => return Err(RegexError::InvalidGroupName),
                }
            }
            return self.regex.group(&name).ok_or(RegexError::InvalidGroupName);
        }
        let mut group = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let grown = group.unwrap_or(0) * 10 + digit as usize;
            if group.is_some() && grown > groups {
                break;
            }
            self.place += 1;
            group = Some(grown);
            if grown > groups {
                return Err(RegexError::IndexOutOfBounds);
            }
        }
        group.ok_or(RegexError::InvalidGroupName)
    }
}
