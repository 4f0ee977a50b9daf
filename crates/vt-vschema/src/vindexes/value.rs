//! How vindexes read values: as a number, or as bytes.

use vt_value::{Type, TypedBytes};

/// Reads a value as a 64-bit number; a negative one keeps its two's complement.
///
/// A text counts as the number it spells, if it is digits alone. What is none (NULL, a fraction, a
/// negative number in a text) lies in no shard.
pub(crate) fn number(value: &TypedBytes) -> Option<u64> {
    let text = std::str::from_utf8(&value.bytes).ok()?;
    match value.typ {
        Type::NULL_TYPE => None,
        Type::HEXNUM => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        typ if typ.is_signed() => text.parse::<i64>().ok().map(i64::cast_unsigned),
        // `parse` would take a plus sign.
        _ if text.starts_with('+') => None,
        _ => text.parse().ok(),
    }
}

/// Returns the bytes of a value; NULL has none.
pub(crate) fn bytes(value: &TypedBytes) -> Option<&[u8]> {
    (!value.is_null()).then_some(&value.bytes[..])
}
