//! Values as strings, and strings in other character sets.

use bytes::Bytes;
use vt_base::Error;
use vt_collation::Charset;
use vt_value::{Collation, Decimal, Type, Value, float};

use crate::context::Context;
use crate::function::Text;
use crate::kind::{Kind, NOT_FIXED};

/// The collation of text that numbers and times become: of ASCII alone.
const OF_NUMBERS: Collation = Collation::UTF8MB4_0900_AI_CI;

/// How many digits of a FLOAT stand before the point in a string.
const FLOAT_DIGITS: usize = 12;

/// Writes the digits of a FLOAT that are too many for a string with an exponent.
fn shorten(text: &mut Vec<u8>) {
    let sign = usize::from(text.first() == Some(&b'-'));
    let digits = text.get(sign..).unwrap_or_default();
    if digits.len() <= FLOAT_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return;
    }
    let exponent = digits.len() - 1;
    let kept = digits.iter().rposition(|digit| *digit != b'0').map_or(1, |last| last + 1);
    let mut short = text.get(..=sign).unwrap_or_default().to_vec();
    if kept > 1 {
        short.push(b'.');
        short.extend_from_slice(text.get(sign + 1..sign + kept).unwrap_or_default());
    }
    short.extend_from_slice(format!("e{exponent}").as_bytes());
    *text = short;
}

/// Returns a value as a string, in its own character set; `None` for NULL.
pub(crate) fn text(value: Value, kind: &Kind) -> Result<Option<Text>, Error> {
    let mut out = Vec::new();
    match value {
        Value::Null => return Ok(None),
        Value::Text(bytes, collation) => return Ok(Some(Text { bytes, collation })),
        Value::Float(number) if kind.typ == Type::FLOAT32 => {
            float::write_f32(number as f32, &mut out);
            shorten(&mut out);
        }
        Value::Float(number) if kind.decimals < NOT_FIXED => {
            float::write_fixed(number, kind.decimals, &mut out);
        }
        Value::Float(number) => float::write_f64_as_string(number, &mut out),
        Value::Decimal(number) => shown(number, kind).write(&mut out),
        Value::Json(json) => {
            json.write(&mut out);
            return Ok(Some(Text { bytes: out.into(), collation: Collation::UTF8MB4_BIN }));
        }
        other => other.write(&mut out),
    }
    Ok(Some(Text { bytes: out.into(), collation: OF_NUMBERS }))
}

/// Returns a decimal with the digits of its kind: without those that it has only for what is
/// computed with it, and with the zeroes that it need not have there.
fn shown(number: Decimal, kind: &Kind) -> Decimal {
    let more = number.scale() < kind.decimals && kind.typ == Type::DECIMAL;
    match more || number.scale() > kind.decimals {
        true => number.round(kind.decimals),
        false => number,
    }
}

/// Returns a value as it leaves an expression of a kind.
pub(crate) fn typed(value: Value, kind: &Kind) -> Value {
    match value {
        Value::Decimal(number) => Value::Decimal(shown(number, kind)),
        other => other,
    }
}

/// Returns a value as a document takes it: a decimal has no more digits than its kind, but perhaps
/// fewer.
pub(crate) fn within(value: Value, kind: &Kind) -> Value {
    match value {
        Value::Decimal(number) if number.scale() > kind.decimals => {
            Value::Decimal(number.round(kind.decimals))
        }
        other => other,
    }
}

/// Returns the bytes of a string in the character set of a collation; what has no place there
/// becomes `?`.
pub(crate) fn to_charset(
    text: Text,
    collation: Collation,
    _ctx: &mut Context<'_>,
) -> Result<Bytes, Error> {
    recoded(&text, collation).map(|(bytes, _)| bytes)
}

/// Returns the bytes of a string in the character set of a collation; `None` if it has characters
/// that the set does not.
pub(crate) fn converted(text: &Text, collation: Collation) -> Result<Option<Bytes>, Error> {
    let (bytes, exact) = recoded(text, collation)?;
    Ok(exact.then_some(bytes))
}

/// Returns the bytes of a string in the character set of a collation.
///
/// # Errors
/// MySQL's 3854 for a character that has no place there, and for bytes that are no text of the set.
pub(crate) fn exactly(text: &Text, collation: Collation) -> Result<Bytes, Error> {
    let (bytes, exact) = recoded(text, collation)?;
    let (Some(from), Some(to)) = (text.collation.charset(), collation.charset()) else {
        return Ok(bytes);
    };
    let made = from == Charset::Binary && to != Charset::Binary;
    match exact && (!made || to.well_formed(&bytes) == bytes.len()) {
        true => Ok(bytes),
        false => Err(not_convertible(&text.bytes, from, to)),
    }
}

/// Returns the bytes, and whether every character has a place in the set.
fn recoded(text: &Text, collation: Collation) -> Result<(Bytes, bool), Error> {
    if text.collation == collation || collation == Collation::UNKNOWN {
        return Ok((text.bytes.clone(), true));
    }
    let (Some(from), Some(to)) = (text.collation.charset(), collation.charset()) else {
        // A string of an unknown set has the bytes of the set that the connection speaks.
        let plain = collation == Collation::BINARY || text.bytes.is_ascii();
        return match plain {
            true => Ok((text.bytes.clone(), true)),
            false => Err(Error::unsupported("a string of an unknown character set in another")),
        };
    };
    if from == Charset::Binary {
        return Ok((crate::constant::filled(to, text.bytes.clone()), true));
    }
    let plain = from.keeps_ascii() && to.keeps_ascii() && text.bytes.is_ascii();
    if from == to || plain || to == Charset::Binary {
        return Ok((text.bytes.clone(), true));
    }
    let mut out = Vec::with_capacity(text.bytes.len());
    let lost = from.convert(&text.bytes, to, &mut out);
    Ok((out.into(), lost.is_exact()))
}

/// MySQL's error for a string that another character set cannot hold.
pub(crate) fn not_convertible(text: &[u8], from: Charset, to: Charset) -> Error {
    /// So many bytes are shown.
    const SHOWN: usize = 6;
    let mut shown = String::new();
    for byte in text.iter().take(SHOWN) {
        match byte {
            0x20..=0x7f if from.min_len() == 1 => shown.push(char::from(*byte)),
            byte => shown.push_str(&format!("\\x{byte:02X}")),
        }
    }
    let more = if text.len() > SHOWN { "..." } else { "" };
    let (from, to) = (from.name(), to.name());
    let message = format!("Cannot convert string '{shown}{more}' from {from} to {to}");
    Error::mysql(3854, b"HY000", message).with_code(vt_base::Code::InvalidArgument)
}

/// Appends the text that a value has in a result; nothing for NULL.
pub(crate) fn write(value: &Value, kind: &Kind, out: &mut Vec<u8>) {
    match value {
        Value::Float(number) if kind.typ == Type::FLOAT32 => float::write_f32(*number as f32, out),
        Value::Float(number) if kind.decimals < NOT_FIXED => {
            float::write_fixed(*number, kind.decimals, out);
        }
        other => other.write(out),
    }
}
