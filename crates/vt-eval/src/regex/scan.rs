//! The characters of a pattern, with what is quoted by a backslash, by `\Q..\E`, or left out as a
//! comment.

use super::RegexError;

/// A character of a pattern; `None` is its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) c: Option<char>,
    /// Stands for itself.
    pub(super) quoted: bool,
}

/// Reads a pattern character by character.
pub(super) struct Scanner<'p> {
    pattern: &'p [char],
    place: usize,
    line: u32,
    character: u32,
    /// Within `\Q..\E`.
    quoting: bool,
    /// The last character was a backslash that quotes nothing.
    backslash: bool,
    /// White space and comments are left out.
    pub(super) comments: bool,
}

impl<'p> Scanner<'p> {
    pub(super) fn new(pattern: &'p [char]) -> Scanner<'p> {
        Scanner {
            pattern,
            place: 0,
            line: 1,
            character: 0,
            quoting: false,
            backslash: false,
            comments: false,
        }
    }

    /// Returns the error that names the place of the last character.
    pub(super) fn syntax_error(&self) -> RegexError {
        RegexError::Syntax { line: self.line, character: self.character }
    }

    /// Returns the character after the last one, as it stands.
    pub(super) fn peek(&self) -> Option<char> {
        self.pattern.get(self.place).copied()
    }

    /// Returns the next character, past what is left out.
    pub(super) fn peek_meaning(&self) -> Option<char> {
        let mut rest = self.pattern.get(self.place..).unwrap_or_default().iter().copied();
        if !self.comments {
            return rest.next();
        }
        loop {
            match rest.next()? {
                '#' => {
                    rest.find(|c| is_line_end(*c))?;
                }
                c if is_pattern_space(c) => {}
                c => return Some(c),
            }
        }
    }

    /// Returns the next character as it stands.
    pub(super) fn next_raw(&mut self) -> Option<char> {
        let c = self.peek()?;
        let after_return = self.place > 0 && self.pattern.get(self.place - 1) == Some(&'\r');
        self.place += 1;
        if matches!(c, '\r' | '\u{85}' | '\u{2028}') || c == '\n' && !after_return {
            self.line += 1;
            self.character = 0;
        } else if c != '\n' {
            self.character += 1;
        }
        Some(c)
    }

    /// Returns the text up to a closing character, which is skipped; `None` if it does not close.
    pub(super) fn until(&mut self, close: char) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.next_raw()? {
                c if c == close => return Some(text),
                c => text.push(c),
            }
        }
    }

    /// Returns the name of `:name:]`, which comes next, and skips it; `None` if that does not come next.
    pub(super) fn posix_name(&mut self) -> Option<String> {
        let rest = self.pattern.get(self.place + 1..)?;
        let end = rest.windows(2).position(|pair| matches!(pair, [':', ']']))?;
        let name: String = rest.get(..end)?.iter().collect();
        if name.contains(['[', ']', '{', '}', '\\', ':']) {
            return None;
        }
        for _ in 0..end + 3 {
            self.next_raw();
        }
        Some(name)
    }

    /// Returns the next character that means something.
    pub(super) fn next(&mut self) -> Result<Scanned, RegexError> {
        loop {
            if self.quoting {
                let c = self.next_raw();
                if c == Some('\\') && self.peek() == Some('E') {
                    self.next_raw();
                    self.quoting = false;
                    continue;
                }
                self.quoting = c.is_some();
                return Ok(Scanned { c, quoted: c.is_some() });
            }
            if self.backslash {
                self.backslash = false;
                return Ok(Scanned { c: self.next_raw(), quoted: false });
            }
            let c = self.next_meaning();
            if c != Some('\\') {
                return Ok(Scanned { c, quoted: false });
            }
            match self.peek() {
                Some('a' | 'c' | 'e' | 'f' | 'n' | 'r' | 't' | 'u' | 'U' | 'x') => {
                    let c = self.escape().ok_or(RegexError::BadEscape)?;
                    // MySQL counts such an escape as one character more than it has.
                    self.character += 1;
                    let c = char::from_u32(c).ok_or(RegexError::Unsupported(
                        "half of a surrogate pair in a regular expression",
                    ))?;
                    return Ok(Scanned { c: Some(c), quoted: true });
                }
                Some('0') => {
                    self.next_raw();
                    return Ok(Scanned { c: Some(self.octal()), quoted: true });
                }
                Some('Q') => {
                    self.next_raw();
                    self.quoting = true;
                }
                _ => {
                    self.backslash = true;
                    return Ok(Scanned { c, quoted: false });
                }
            }
        }
    }

    /// Returns the next character that is not left out.
    fn next_meaning(&mut self) -> Option<char> {
        loop {
            let c = self.next_raw()?;
            if !self.comments {
                return Some(c);
            }
            if c == '#' {
                while let Some(c) = self.next_raw() {
                    if is_line_end(c) {
                        break;
                    }
                }
            } else if !is_pattern_space(c) {
                return Some(c);
            }
        }
    }

    /// Returns up to three octal digits as a character of one byte.
    fn octal(&mut self) -> char {
        let mut value = 0_u32;
        for _ in 0..3 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            if value * 8 + digit > 255 {
                break;
            }
            value = value * 8 + digit;
            self.next_raw();
        }
        char::from_u32(value).unwrap_or('\0')
    }

    /// Reads what follows a backslash and names a character.
    fn escape(&mut self) -> Option<u32> {
        Some(match self.next_raw()? {
            'a' => 7,
            'e' => 0x1b,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'u' => {
                let high = self.hex(4, 4)?;
                if (0xd800..0xdc00).contains(&high) { self.low_surrogate(high) } else { high }
            }
            'U' => self.hex(8, 8).filter(|c| *c <= 0x10_ffff)?,
            'x' if self.peek() == Some('{') => {
                self.next_raw();
                let value = self.hex(1, 8).filter(|c| *c <= 0x10_ffff)?;
                if self.next_raw() != Some('}') {
                    return None;
                }
                value
            }
            'x' => self.hex(1, 2)?,
            // `\c` and a character: the control character of it; alone it is a letter.
            _ => match self.next_raw() {
                Some(c) => u32::from(c) & 0x1f,
                None => u32::from('c'),
            },
        })
    }

    /// Joins the second half of a surrogate pair, if it follows as an escape.
    fn low_surrogate(&mut self, high: u32) -> u32 {
        let mark = (self.place, self.line, self.character);
        if self.next_raw() == Some('\\')
            && self.next_raw() == Some('u')
            && let Some(low) = self.hex(4, 4)
            && (0xdc00..0xe000).contains(&low)
        {
            return 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        }
        (self.place, self.line, self.character) = mark;
        high
    }

    fn hex(&mut self, least: usize, most: usize) -> Option<u32> {
        let mut value = 0_u32;
        let mut digits = 0;
        while digits < most {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else { break };
            value = value.checked_mul(16)?.checked_add(digit)?;
            digits += 1;
            self.next_raw();
        }
        (digits >= least).then_some(value)
    }
}

/// Returns whether a character ends a line.
pub(super) fn is_line_end(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Returns whether a character is white space in a pattern.
pub(super) fn is_pattern_space(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ' | '\u{85}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
}
