//! Characters as code points of Unicode.

use std::sync::OnceLock;

use super::Charset;
use crate::tables::Runs;

/// What the characters of a set are in Unicode; unfolded when first asked.
static MAPS: [OnceLock<Map>; 41] = [const { OnceLock::new() }; 41];

/// A set's characters by their keys, and the way back.
struct Map {
    to: Runs,
    from: Runs,
}

impl Map {
    fn of(set: Charset) -> &'static Map {
        MAPS[set as usize].get_or_init(|| Map::open(set.name()))
    }

    fn open(name: &str) -> Map {
        let to = Runs::open(&format!("to:{name}")).unwrap_or_default();
        let exceptions = Runs::open(&format!("from:{name}")).unwrap_or_default();
        let mut back: Vec<(u32, u32)> = to.pairs().map(|(key, point)| (point, key)).collect();
        // Of several characters of one code point the first is written, unless told otherwise.
        back.sort_unstable();
        back.dedup_by_key(|pair| pair.0);
        back.retain(|(point, _)| exceptions.get(*point).is_none());
        let told = exceptions.pairs().filter_map(|(point, key)| Some((point, key.checked_sub(1)?)));
        back.extend(told);
        back.sort_unstable();
        Map { to, from: Runs::of_sorted(back.into_iter()) }
    }
}

impl Charset {
    /// Returns the code point of the character at the start of a string and its length; `None`
    /// if there is no character, or Unicode has none like it.
    #[inline]
    pub fn decode(self, text: &[u8]) -> Option<(u32, usize)> {
        match (self, text) {
            (Charset::Utf8mb4 | Charset::Utf8mb3, &[byte, ..]) if byte < 0x80 => {
                Some((byte.into(), 1))
            }
            _ => self.decode_long(text),
        }
    }

    fn decode_long(self, text: &[u8]) -> Option<(u32, usize)> {
        let len = self.whole_len(text)?;
        let code = match (self, text) {
            (Charset::Utf8mb4 | Charset::Utf8mb3, _) => utf8(text, len)?,
            (Charset::Utf16, [a, b, c, d, ..]) if len == 4 => {
                pair(u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]))
            }
            (Charset::Ucs2 | Charset::Utf16, [a, b, ..]) => u16::from_be_bytes([*a, *b]).into(),
            (Charset::Utf16le, [a, b, c, d, ..]) if len == 4 => {
                pair(u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]))
            }
            (Charset::Utf16le, [a, b, ..]) => u16::from_le_bytes([*a, *b]).into(),
            (Charset::Utf32, _) => u32::from_be_bytes(*text.first_chunk()?),
            (Charset::Binary, &[byte, ..]) => byte.into(),
            (_, &[byte, ..]) if byte < 0x80 && self.keeps_ascii() => byte.into(),
            _ => Map::of(self).to.get(self.key(text.get(..len)?)?)?,
        };
        Some((code, len))
    }

    /// Appends a code point's character; returns whether the set has one.
    pub fn encode(self, code: u32, out: &mut Vec<u8>) -> bool {
        let Some(char) = char::from_u32(code) else { return false };
        match self {
            Charset::Utf8mb3 | Charset::Ucs2 if code > 0xFFFF => return false,
            Charset::Utf8mb4 | Charset::Utf8mb3 => {
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Charset::Ucs2 | Charset::Utf16 => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(&unit.to_be_bytes());
                }
            }
            Charset::Utf16le => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(&unit.to_le_bytes());
                }
            }
            Charset::Utf32 => out.extend_from_slice(&code.to_be_bytes()),
            Charset::Binary if code < 0x100 => out.push(code as u8),
            _ if code < 0x80 && self.keeps_ascii() => out.push(code as u8),
            _ => match Map::of(self).from.get(code) {
                Some(key) => self.write_key(key, out),
                None => return false,
            },
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
