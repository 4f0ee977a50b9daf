//! Where characters begin and end.

use super::Charset;

impl Charset {
    /// Returns the length of the character at the start of a string; `None` if the string is
    /// empty, or its first bytes are no character.
    pub fn whole_len(self, text: &[u8]) -> Option<usize> {
        let &[first, ref rest @ ..] = text else { return None };
        match self {
            Charset::Utf8mb4 | Charset::Utf8mb3 => utf8_len(text, self.max_len()),
            Charset::Ascii => (first < 0x80).then_some(1),
            Charset::Ucs2 => (text.len() >= 2).then_some(2),
            Charset::Utf16 => utf16_len(text, u16::from_be_bytes),
            Charset::Utf16le => utf16_len(text, u16::from_le_bytes),
            Charset::Utf32 => {
                let code = u32::from_be_bytes(*text.first_chunk::<4>()?);
                (code <= 0x10_FFFF).then_some(4)
            }
            _ if self.max_len() == 1 => Some(1),
            _ if first < 0x80 => Some(1),
            Charset::Sjis | Charset::Cp932 if matches!(first, 0xA1..=0xDF) => Some(1),
            Charset::Gb18030 => gb18030_len(text),
            Charset::Ujis | Charset::Eucjpms => match (first, rest) {
                (0x8E, [0xA1..=0xDF, ..]) => Some(2),
                (0x8F, [0xA1..=0xFE, 0xA1..=0xFE, ..]) => Some(3),
                (0xA1..=0xFE, [0xA1..=0xFE, ..]) => Some(2),
                _ => None,
            },
            _ => self.is_pair(first, *rest.first()?).then_some(2),
        }
    }

    /// Returns whether two bytes are a character of a set whose characters have at most two.
    fn is_pair(self, first: u8, second: u8) -> bool {
        match self {
            Charset::Big5 => {
                matches!(first, 0xA1..=0xF9) && matches!(second, 0x40..=0x7E | 0xA1..=0xFE)
            }
            Charset::Gbk => {
                matches!(first, 0x81..=0xFE) && matches!(second, 0x40..=0x7E | 0x80..=0xFE)
            }
            Charset::Gb2312 => matches!(first, 0xA1..=0xF7) && matches!(second, 0xA1..=0xFE),
            Charset::Euckr => {
                matches!(first, 0x81..=0xFE)
                    && matches!(second, 0x41..=0x5A | 0x61..=0x7A | 0x81..=0xFE)
            }
            Charset::Sjis | Charset::Cp932 => {
                matches!(first, 0x81..=0x9F | 0xE0..=0xFC)
                    && matches!(second, 0x40..=0x7E | 0x80..=0xFC)
            }
            _ => false,
        }
    }

    /// Returns the length of the character at the start of a string; bytes that are none count
    /// one by one, so that it is 0 for the empty string alone.
    pub fn char_len(self, text: &[u8]) -> usize {
        match self.whole_len(text) {
            Some(len) => len,
            // Units of these are never taken apart.
            None => self.min_len().min(text.len()),
        }
    }

    /// Returns the length of the longest start of a string that is whole characters.
    pub fn well_formed(self, text: &[u8]) -> usize {
        match self {
            Charset::Utf8mb4 => return valid_utf8(text),
            _ if self.max_len() == 1 && self != Charset::Ascii => return text.len(),
            _ => {}
        }
        let mut place = 0;
        while let Some(len) = self.whole_len(text.get(place..).unwrap_or_default()) {
            place += len;
        }
        place
    }

    /// Returns the length of the longest start of a string whose characters the set has: of sets
    /// of one byte, those that are some character of Unicode.
    pub fn known(self, text: &[u8]) -> usize {
        if self.max_len() > 1 || self == Charset::Ascii || self == Charset::Binary {
            return self.well_formed(text);
        }
        let unknown =
            text.iter().position(|byte| self.decode(std::slice::from_ref(byte)).is_none());
        unknown.unwrap_or(text.len())
    }
}

fn valid_utf8(text: &[u8]) -> usize {
    match std::str::from_utf8(text) {
        Ok(_) => text.len(),
        Err(broken) => broken.valid_up_to(),
    }
}

fn utf8_len(text: &[u8], max: usize) -> Option<usize> {
    let len = match *text {
        [0..=0x7F, ..] => 1,
        [0xC2..=0xDF, 0x80..=0xBF, ..] => 2,
        [0xE0, 0xA0..=0xBF, 0x80..=0xBF, ..]
        | [0xE1..=0xEC | 0xEE..=0xEF, 0x80..=0xBF, 0x80..=0xBF, ..]
        | [0xED, 0x80..=0x9F, 0x80..=0xBF, ..] => 3,
        [0xF0, 0x90..=0xBF, 0x80..=0xBF, 0x80..=0xBF, ..]
        | [0xF1..=0xF3, 0x80..=0xBF, 0x80..=0xBF, 0x80..=0xBF, ..]
        | [0xF4, 0x80..=0x8F, 0x80..=0xBF, 0x80..=0xBF, ..] => 4,
        _ => return None,
    };
    (len <= max).then_some(len)
}

fn utf16_len(text: &[u8], unit: fn([u8; 2]) -> u16) -> Option<usize> {
    let (first, rest) = text.split_first_chunk::<2>()?;
    match unit(*first) {
        0xD800..=0xDBFF => {
            let second = rest.first_chunk::<2>()?;
            matches!(unit(*second), 0xDC00..=0xDFFF).then_some(4)
        }
        0xDC00..=0xDFFF => None,
        _ => Some(2),
    }
}

fn gb18030_len(text: &[u8]) -> Option<usize> {
    match *text {
        [0x81..=0xFE, 0x40..=0x7E | 0x80..=0xFE, ..] => Some(2),
        [0x81..=0xFE, 0x30..=0x39, 0x81..=0xFE, 0x30..=0x39, ..] => Some(4),
        _ => None,
    }
}
