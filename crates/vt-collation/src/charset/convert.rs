//! Strings of one character set as strings of another.

use super::Charset;

/// What was lost in a conversion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conversion {
    /// How many characters were written as `?`.
    pub replaced: usize,
    /// Where the first of them begins in the source.
    pub first: Option<usize>,
}

impl Conversion {
    /// Returns whether nothing was lost.
    pub fn is_exact(self) -> bool {
        self.first.is_none()
    }
}

impl Charset {
    /// Appends a string of this set as one of another; what the other lacks becomes `?`.
    ///
    /// To and from `binary` the bytes stay as they are.
    pub fn convert(self, text: &[u8], to: Charset, out: &mut Vec<u8>) -> Conversion {
        let mut lost = Conversion::default();
        let same = self == to || self == Charset::Binary || to == Charset::Binary;
        let plain = self.keeps_ascii() && to.keeps_ascii() && text.is_ascii();
        if same || plain || (self == Charset::Utf8mb3 && to == Charset::Utf8mb4) {
            out.extend_from_slice(text);
            return lost;
        }
        let mut place = 0;
        while let Some(rest) = text.get(place..).filter(|rest| !rest.is_empty()) {
            let char = self.decode(rest);
            if !char.is_some_and(|(code, _)| to.encode(code, out)) {
                lost.replaced += 1;
                lost.first.get_or_insert(place);
                to.encode(u32::from(b'?'), out);
            }
            place += char.map_or_else(|| self.char_len(rest), |(_, len)| len);
        }
        lost
    }
}
