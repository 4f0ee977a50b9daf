//! How vindexes read values: as a number, or as bytes.

use vt_value::{Type, TypedBytes};

/// Reads a value as a 64-bit number; a negative one keeps its two's complement.
///
/// A text counts as the number it spells, if it is digits alone; a decimal or float counts if it is
/// whole (`4.0` is stored, and compared, as 4). What is none of these (NULL, a fraction, a negative
/// number in a text) lies in no shard.
pub(crate) fn number(value: &TypedBytes) -> Option<u64> {
    let text = std::str::from_utf8(&value.bytes).ok()?;
    match value.typ {
        Type::NULL_TYPE => None,
        Type::HEXNUM => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        Type::DECIMAL => whole(text),
        typ if typ.is_float() => whole(text),
        typ if typ.is_signed() => text.parse::<i64>().ok().map(i64::cast_unsigned),
        // `parse` would take a plus sign.
        _ if text.starts_with('+') => None,
        _ => text.parse().ok(),
    }
}

/// Reads a number with a point or an exponent that stands for a whole one.
fn whole(text: &str) -> Option<u64> {
    let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits(digits.trim_start_matches('-')) && is_digits(fraction) {
        return match fraction.bytes().all(|byte| byte == b'0') {
            true if digits.starts_with('-') => digits.parse::<i64>().ok().map(i64::cast_unsigned),
            true => digits.parse().ok(),
            false => None,
        };
    }
    // Doubles hold every whole number up to 2^53, and no more.
    let number: f64 = text.parse().ok()?;
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0)
        .then(|| (number as i64).cast_unsigned())
}

/// Returns the bytes of a value; NULL has none.
pub(crate) fn bytes(value: &TypedBytes) -> Option<&[u8]> {
    (!value.is_null()).then_some(&value.bytes[..])
}
