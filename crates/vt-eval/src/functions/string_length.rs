//! LENGTH, ASCII, ORD and CHAR: the lengths of strings, and characters by number.

use vt_base::Error;
use vt_collation::Charset;
use vt_value::{Collation, Value};

use super::strings::{charset_of, from_args, sized};
use crate::function::{Call, Function, MANY, Signature};
use crate::kind::Kind;
use crate::operators::collation::deprecated;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("ascii", (1, 1), ascii_kind, ascii),
    Function::new("bit_length", (1, 1), length_kind, bit_length),
    // CHAR(.. [USING charset]), with the name of the character set first.
    Function::new("char", (2, MANY), char_kind, char).internal(),
    Function::new("char_length", (1, 1), length_kind, char_length),
    Function::new("character_length", (1, 1), length_kind, char_length),
    Function::new("length", (1, 1), length_kind, length),
    Function::new("octet_length", (1, 1), length_kind, length),
    Function::new("ord", (1, 1), ord_kind, ord),
];

fn length_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(11).with_nullable(signature.any_nullable()))
}

fn ascii_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(4).with_nullable(signature.any_nullable()))
}

fn ord_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(21).with_nullable(signature.any_nullable()))
}

fn length(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    length_times(call, 1)
}

fn bit_length(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    length_times(call, 8)
}

fn length_times(call: &mut Call<'_, '_>, factor: i64) -> Result<Value, Error> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    // A column's own character set decides how many bytes a character has there.
    if text.collation == Collation::UNKNOWN {
        return Err(Error::unsupported("the length of a string of an unknown character set"));
    }
    Ok(Value::Int(text.bytes.len() as i64 * factor))
}

fn char_length(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    // Strings of an unknown character set arrive as UTF-8.
    let charset = match text.collation {
        Collation::UNKNOWN => charset_of(Collation::UTF8MB4_0900_AI_CI)?,
        known => charset_of(known)?,
    };
    Ok(Value::Int(charset.count(&text.bytes) as i64))
}

fn ascii(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(bytes) = call.bytes(0)? else { return Ok(Value::Null) };
    Ok(Value::Int(bytes.first().copied().unwrap_or(0).into()))
}

fn ord(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let charset = charset_of(text.collation)?;
    let length = charset.char_len(&text.bytes);
    let first = text.bytes.get(..length).unwrap_or_default();
    Ok(Value::Int(first.iter().fold(0, |code, byte| code << 8 | i64::from(*byte))))
}

/// Returns the bytes of the numbers, without leading zeros.
fn bytes_of(call: &mut Call<'_, '_>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for place in 1..call.len() {
        let Some(number) = call.int(place)? else { continue };
        let number = (number.bits_u64() as u32).to_be_bytes();
        let zeros = number.iter().take(3).take_while(|byte| **byte == 0).count();
        bytes.extend_from_slice(number.get(zeros..).unwrap_or_default());
    }
    Ok(bytes)
}

fn char_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let name = signature.constant(0).and_then(Value::text);
    let name = name.map(|name| String::from_utf8_lossy(&name).into_owned()).unwrap_or_default();
    let charset = Charset::from_name(&name)
        .ok_or_else(|| Error::unsupported(format_args!("the character set {name}")))?;
    if let Some(message) = deprecated(charset.default_collation()) {
        signature.note(1287, message);
    }
    let length = (signature.len() as u64 - 1) * 4;
    Ok(from_args(signature, sized(length, (charset.default_collation(), 4))))
}

fn char(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let mut bytes = bytes_of(call)?;
    let charset = charset_of(call.kind().collation)?;
    // The first character of a wide set may have been written without its zeros.
    let missing = (charset.min_len() - bytes.len() % charset.min_len()) % charset.min_len();
    if missing > 0 {
        bytes.splice(0..0, std::iter::repeat_n(0, missing));
    }
    let whole = charset.known(&bytes);
    if whole == bytes.len() {
        return Ok(call.made(bytes));
    }
    let shown: String =
        bytes.iter().skip(whole).take(3).map(|byte| format!("{byte:02X}")).collect();
    call.warn(1300, format!("Invalid {} character string: '{shown}'", charset.name()));
    let mode = call.session().sql_mode;
    if charset.max_len() == 1 {
        return Ok(call.made(bytes));
    }
    if mode.is_strict() {
        return Ok(Value::Null);
    }
    bytes.truncate(whole);
    Ok(call.made(bytes))
}
