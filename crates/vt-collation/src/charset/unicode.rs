//! Characters as code points of Unicode.

use super::Charset;

impl Charset {
    /// Returns the code point of the character at the start of a string and its length; `None`
    /// if there is no character, or Unicode has none like it.
    pub fn decode(self, text: &[u8]) -> Option<(u32, usize)> {
        let len = self.whole_len(text)?;
        let code = match (self, text) {
            (Charset::Utf8mb4 | Charset::Utf8mb3, _) => utf8(text, len)?,
            (Charset::Ucs2 | Charset::Utf16, [a, b, c, d, ..]) if len == 4 => {
                pair(u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]))
            }
            (Charset::Ucs2 | Charset::Utf16, [a, b, ..]) => u16::from_be_bytes([*a, *b]).into(),
            (Charset::Utf16le, [a, b, c, d, ..]) if len == 4 => {
                pair(u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]))
            }
            (Charset::Utf16le, [a, b, ..]) => u16::from_le_bytes([*a, *b]).into(),
            (Charset::Utf32, _) => u32::from_be_bytes(*text.first_chunk()?),
            (_, &[byte, ..]) if byte < 0x80 && self.keeps_ascii() => byte.into(),
            _ => return None,
        };
        Some((code, len))
    }

    /// Appends a code point's character; returns whether the set has one.
    pub fn encode(self, code: u32, out: &mut Vec<u8>) -> bool {
        let Some(char) = char::from_u32(code) else { return false };
        match self {
            Charset::Utf8mb3 | Charset::Ucs2 | Charset::Utf16 | Charset::Utf16le
                if code > 0xFFFF && self.max_len() < 4 =>
            {
                return false;
            }
            Charset::Utf8mb4 | Charset::Utf8mb3 => {
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Charset::Ucs2 | Charset::Utf16 => {
                let mut units = [0; 2];
                for unit in char.encode_utf16(&mut units) {
                    out.extend_from_slice(&unit.to_be_bytes());
                }
            }
            Charset::Utf16le => {
                let mut units = [0; 2];
                for unit in char.encode_utf16(&mut units) {
                    out.extend_from_slice(&unit.to_le_bytes());
                }
            }
            Charset::Utf32 => out.extend_from_slice(&code.to_be_bytes()),
            _ if code < 0x80 && self.keeps_ascii() => out.push(code as u8),
            _ => return false,
        }
        true
    }
}

fn pair(high: u16, low: u16) -> u32 {
    0x1_0000 + ((u32::from(high) & 0x3FF) << 10) + (u32::from(low) & 0x3FF)
}

fn utf8(text: &[u8], len: usize) -> Option<u32> {
    let low = |byte: u8| u32::from(byte & 0x3F);
    Some(match (len, text) {
        (1, [a, ..]) => u32::from(*a),
        (2, [a, b, ..]) => u32::from(a & 0x1F) << 6 | low(*b),
        (3, [a, b, c, ..]) => u32::from(a & 0x0F) << 12 | low(*b) << 6 | low(*c),
        (4, [a, b, c, d, ..]) => u32::from(a & 0x07) << 18 | low(*b) << 12 | low(*c) << 6 | low(*d),
        _ => return None,
    })
}
