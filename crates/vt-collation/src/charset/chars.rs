//! Walking along a string character by character.

use super::Charset;

/// The characters of a string, each as its bytes.
#[derive(Clone, Debug)]
pub struct Chars<'t> {
    charset: Charset,
    rest: &'t [u8],
}

impl<'t> Chars<'t> {
    /// Returns what has not been walked yet.
    pub fn rest(&self) -> &'t [u8] {
        self.rest
    }
}

impl<'t> Iterator for Chars<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        let (char, rest) = self.rest.split_at_checked(self.charset.char_len(self.rest))?;
        self.rest = rest;
        (!char.is_empty()).then_some(char)
    }
}

impl Charset {
    /// Walks along the characters of a string; broken bytes are characters of one byte.
    pub fn chars(self, text: &[u8]) -> Chars<'_> {
        Chars { charset: self, rest: text }
    }

    /// Returns the number of characters, `CHAR_LENGTH`.
    pub fn count(self, text: &[u8]) -> usize {
        match self {
            _ if self.max_len() == 1 => text.len(),
            Charset::Ucs2 => text.len().div_ceil(2),
            Charset::Utf32 => text.len().div_ceil(4),
            _ if self.keeps_ascii() && text.is_ascii() => text.len(),
            _ => self.chars(text).count(),
        }
    }

    /// Returns where the character of a number, counted from 0, begins; the length of the string
    /// if it has no more characters.
    pub fn offset(self, text: &[u8], number: usize) -> usize {
        if self.max_len() == 1 {
            return number.min(text.len());
        }
        let mut chars = self.chars(text);
        for _ in 0..number {
            if chars.next().is_none() {
                break;
            }
        }
        text.len() - chars.rest().len()
    }

    /// Returns the part of a string of at most `count` characters from character `start` on,
    /// counted from 0.
    pub fn substr(self, text: &[u8], start: usize, count: usize) -> &[u8] {
        let rest = text.get(self.offset(text, start)..).unwrap_or_default();
        rest.get(..self.offset(rest, count)).unwrap_or_default()
    }
}
