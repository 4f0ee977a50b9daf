//! Character sets: names, lengths of characters, Unicode, conversion.

mod chars;
mod convert;
mod keys;
mod lengths;
mod table;
mod unicode;

pub use chars::Chars;
pub use convert::Conversion;

use crate::Collation;

/// A character set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Charset {
    Armscii8,
    Ascii,
    Big5,
    Binary,
    Cp1250,
    Cp1251,
    Cp1256,
    Cp1257,
    Cp850,
    Cp852,
    Cp866,
    Cp932,
    Dec8,
    Eucjpms,
    Euckr,
    Gb18030,
    Gb2312,
    Gbk,
    Geostd8,
    Greek,
    Hebrew,
    Hp8,
    Keybcs2,
    Koi8r,
    Koi8u,
    Latin1,
    Latin2,
    Latin5,
    Latin7,
    Macce,
    Macroman,
    Sjis,
    Swe7,
    Tis620,
    Ucs2,
    Ujis,
    Utf16,
    Utf16le,
    Utf32,
    Utf8mb3,
    Utf8mb4,
}

/// What the server tells of a character set.
struct Info {
    name: &'static str,
    description: &'static str,
    min_len: u8,
    max_len: u8,
    default: u16,
    binary: u16,
}

impl Charset {
    fn info(self) -> &'static Info {
        &table::CHARSETS[self as usize].1
    }

    /// Returns all character sets by name.
    pub fn all() -> impl Iterator<Item = Charset> {
        table::CHARSETS.iter().map(|entry| entry.0)
    }

    /// Returns the character set of a name in any letter case; `utf8` is `utf8mb3`.
    pub fn from_name(name: &str) -> Option<Charset> {
        if name.eq_ignore_ascii_case("utf8") {
            return Some(Charset::Utf8mb3);
        }
        let named = table::CHARSETS.iter().find(|entry| entry.1.name.eq_ignore_ascii_case(name));
        named.map(|entry| entry.0)
    }

    /// Returns the name as MySQL writes it.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Returns what MySQL says the set is.
    pub fn description(self) -> &'static str {
        self.info().description
    }

    /// Returns the length in bytes of the shortest character.
    pub fn min_len(self) -> usize {
        self.info().min_len.into()
    }

    /// Returns the length in bytes of the longest character.
    pub fn max_len(self) -> usize {
        self.info().max_len.into()
    }

    /// Returns the collation of strings of the set for which none was named.
    pub fn default_collation(self) -> Collation {
        Collation(self.info().default)
    }

    /// Returns the collation that compares the bytes or the code points, `CHARSET_bin`.
    pub fn binary_collation(self) -> Collation {
        Collation(self.info().binary)
    }

    /// Returns whether the set is a form of Unicode; gb18030 is none to MySQL.
    pub fn is_unicode(self) -> bool {
        use Charset::{Ucs2, Utf8mb3, Utf8mb4, Utf16, Utf16le, Utf32};
        matches!(self, Ucs2 | Utf16 | Utf16le | Utf32 | Utf8mb3 | Utf8mb4)
    }

    /// Returns whether MySQL takes strings of another set into this one where the two meet, as in
    /// a comparison of columns. Of utf8mb4 and utf32 each holds the other, and the first wins.
    pub fn holds(self, other: Charset) -> bool {
        match self {
            _ if self == other => true,
            _ if self == Charset::Binary || other == Charset::Binary => false,
            Charset::Utf8mb4 | Charset::Utf32 => true,
            _ => self.is_unicode() && !other.is_unicode(),
        }
    }

    /// Returns whether bytes below 128 that begin a character are that character of ASCII.
    pub fn keeps_ascii(self) -> bool {
        self.min_len() == 1 && self != Charset::Swe7
    }

    /// Returns whether a string has characters of ASCII alone.
    pub fn is_ascii(self, text: &[u8]) -> bool {
        if self.keeps_ascii() {
            return text.is_ascii();
        }
        self.chars(text).all(|char| self.decode(char).is_some_and(|(code, _)| code < 0x80))
    }
}

#[cfg(test)]
mod tests;
