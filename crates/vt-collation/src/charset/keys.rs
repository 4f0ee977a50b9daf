//! Characters as numbers of their own set: the keys of the tables.

use super::Charset;

/// Where the keys of characters of more than two bytes begin.
const LONG: u32 = 0x1_0000;

impl Charset {
    /// Returns the number of a whole character of a set that is not Unicode's: its bytes up to
    /// two, beyond those its place among the longer ones.
    pub fn key(self, char: &[u8]) -> Option<u32> {
        let digit = |byte: u8, base: u8| u32::from(byte.wrapping_sub(base));
        match *char {
            [byte] => Some(byte.into()),
            [a, b] => Some(u32::from(a) << 8 | u32::from(b)),
            [0x8F, a, b] => Some(LONG + (u32::from(a) << 8 | u32::from(b))),
            [a, b, c, d] if self == Charset::Gb18030 => {
                let high = digit(a, 0x81) * 10 + digit(b, 0x30);
                Some(LONG + high * 1260 + digit(c, 0x81) * 10 + digit(d, 0x30))
            }
            _ => None,
        }
    }

    /// Appends the bytes of the character that has a number.
    pub fn write_key(self, key: u32, out: &mut Vec<u8>) {
        match key {
            0..=0xFF => out.push(key as u8),
            0x100..LONG => out.extend_from_slice(&(key as u16).to_be_bytes()),
            _ if self == Charset::Gb18030 => {
                let place = key - LONG;
                let digits = [place / 12_600, place / 1260 % 10, place / 10 % 126, place % 10];
                let bases = [0x81, 0x30, 0x81, 0x30];
                out.extend(digits.iter().zip(bases).map(|(digit, base)| (digit + base) as u8));
            }
            _ => {
                out.push(0x8F);
                out.extend_from_slice(&((key - LONG) as u16).to_be_bytes());
            }
        }
    }
}
