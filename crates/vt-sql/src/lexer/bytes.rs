//! What bytes are: one at a time by table, and eight at a time by arithmetic.

use super::TokenKind;

/// What a byte can begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteClass {
    Blank,
    Letter,
    Digit,
    Quote,
    /// An operator that is this byte, whatever follows.
    Single,
    Open,
    Dot,
    /// A comment, or an operator.
    Comment,
    /// An operator of one or more bytes, a variable, a bind; or nothing at all.
    Other,
}

pub(super) static CLASSES: [ByteClass; 256] = classes();
static NAME_BYTES: [bool; 256] = name_bytes();
static SINGLES: [TokenKind; 128] = singles();

const fn name_bytes() -> [bool; 256] {
    let classes = classes();
    let mut name_bytes = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        name_bytes[byte] = matches!(classes[byte], ByteClass::Letter | ByteClass::Digit);
        byte += 1;
    }
    name_bytes
}

const fn classes() -> [ByteClass; 256] {
    let mut classes = [ByteClass::Other; 256];
    let singles = singles();
    let mut byte = 0;
    while byte < 256 {
        let value = byte as u8;
        classes[byte] = match value {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => ByteClass::Blank,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | 0x80.. => ByteClass::Letter,
            b'0'..=b'9' => ByteClass::Digit,
            b'\'' | b'"' | b'`' => ByteClass::Quote,
            b'(' => ByteClass::Open,
            b'.' => ByteClass::Dot,
            b'#' | b'-' | b'/' | b'*' => ByteClass::Comment,
            _ if !matches!(singles[byte % 128], TokenKind::Bad) => ByteClass::Single,
            _ => ByteClass::Other,
        };
        byte += 1;
    }
    classes
}

const fn singles() -> [TokenKind; 128] {
    let mut singles = [TokenKind::Bad; 128];
    singles[b')' as usize] = TokenKind::RightParen;
    singles[b',' as usize] = TokenKind::Comma;
    singles[b';' as usize] = TokenKind::Semicolon;
    singles[b'=' as usize] = TokenKind::Equal;
    singles[b'+' as usize] = TokenKind::Plus;
    singles[b'%' as usize] = TokenKind::Percent;
    singles[b'^' as usize] = TokenKind::Caret;
    singles[b'~' as usize] = TokenKind::Tilde;
    singles[b'{' as usize] = TokenKind::LeftBrace;
    singles[b'}' as usize] = TokenKind::RightBrace;
    singles
}

/// Returns the operator that is a byte, whatever follows.
pub(super) fn single(byte: u8) -> TokenKind {
    SINGLES[(byte & 0x7f) as usize]
}

/// Tells whether a byte can be part of a name without quotes.
#[inline]
pub(crate) fn is_name_byte(byte: u8) -> bool {
    NAME_BYTES[byte as usize]
}

/// Each byte of a word of eight.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte.
const HIGH: u64 = every(0x80);

/// Marks, by their high bits, the bytes from `low` to `high`, of bytes without high bits.
const fn within(bytes: u64, low: u8, high: u8) -> u64 {
    (bytes + every(0x80 - low)) & !(bytes + every(0x7f - high)) & HIGH
}

/// Marks, by their high bits, the bytes that are not `byte`, of bytes without high bits; what the
/// other bits are has no meaning.
const fn other_than(bytes: u64, byte: u8) -> u64 {
    (bytes ^ every(byte)) + every(0x7f)
}

/// Returns how many of eight bytes, from the lowest on, are marked by their high bits.
const fn run(marked: u64) -> usize {
    ((!marked & HIGH).trailing_zeros() / 8) as usize
}

/// Returns how many of eight bytes, from the lowest on, can be part of a name without quotes.
#[inline]
pub(super) const fn name_run(bytes: u64) -> usize {
    let low = bytes & !HIGH;
    let letters = within(low | every(0x20), b'a', b'z');
    let digits = within(low, b'0', b'9');
    let no_signs = other_than(low, b'_') & other_than(low, b'$');
    // Bytes beyond ASCII are all part of names.
    let others = no_signs & !(letters | digits | bytes) & HIGH;
    (others.trailing_zeros() / 8) as usize
}

/// Returns how many of eight bytes, from the lowest on, are decimal digits.
#[inline]
pub(super) const fn digit_run(bytes: u64) -> usize {
    let low = bytes & !HIGH;
    run(within(low, b'0', b'9') & !bytes)
}

/// Returns how many of eight bytes, from the lowest on, are neither of two.
#[inline]
pub(super) const fn other_run(bytes: u64, one: u8, two: u8) -> usize {
    let low = bytes & !HIGH;
    let others = (other_than(low, one) & other_than(low, two)) | bytes;
    run(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks about each byte at each place of eight.
    fn check(run: fn(u64) -> usize, wanted: fn(u8) -> bool, filler: u8) {
        for byte in 0..=255_u8 {
            for place in 0..8 {
                let mut bytes = [filler; 8];
                bytes[place] = byte;
                let expected = if wanted(byte) { 8 } else { place };
                assert_eq!(run(u64::from_le_bytes(bytes)), expected, "{byte:#x} at {place}");
            }
        }
    }

    #[test]
    fn eight_bytes_are_what_each_of_them_is() {
        check(name_run, is_name_byte, b'a');
        check(digit_run, |byte| byte.is_ascii_digit(), b'7');
        check(|bytes| other_run(bytes, b'\'', b'\\'), |byte| !matches!(byte, b'\'' | b'\\'), 0xff);
    }
}
