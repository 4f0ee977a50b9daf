//! VECTOR: STRING_TO_VECTOR, VECTOR_TO_STRING, VECTOR_DIM and their older names.
//!
//! A vector is the bytes of its numbers, each a float of 32 bits, the lowest byte first.

use vt_base::{Code, Error};
use vt_value::{Collation, Type, Value};

use crate::collate::coercibility::{COERCIBLE, IMPLICIT};
use crate::convert;
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;
use crate::operators::compare::is_date;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("from_vector", (1, 1), text_kind, to_text),
    Function::new("string_to_vector", (1, 1), vector_kind, of_text),
    Function::new("to_vector", (1, 1), vector_kind, of_text),
    Function::new("vector_dim", (1, 1), dimension_kind, dimension),
    Function::new("vector_to_string", (1, 1), text_kind, to_text),
];

/// The most numbers of a vector.
const DIMENSIONS_MAX: usize = 16_383;
const WIDTH: usize = 4;
/// How much of a text the message shows of one with too many numbers.
const SHOWN_BYTES: usize = 32;

/// `1210`: an argument of another type.
fn wrong_argument(function: &str) -> Error {
    Error::mysql(1210, b"HY000", format!("Incorrect arguments to {function}"))
        .with_code(Code::InvalidArgument)
}

/// `6138`: bytes or a text that are no vector.
fn no_vector(bytes: &[u8]) -> Error {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let shown = convert::as_it_is(bytes);
    let message = format!("Data cannot be converted to a valid vector: '{shown}'");
    Error::mysql(6138, b"22000", message).with_code(Code::InvalidArgument)
}

fn vector_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    let text = kind.is_string() && kind.typ != Type::BIT || kind.members.is_some();
    if !(text || kind.is_null() || matches!(kind.typ, Type::VECTOR | Type::TIME) || is_date(kind)) {
        return Err(wrong_argument("to_vector"));
    }
    let length = (DIMENSIONS_MAX * WIDTH) as u32;
    let nullable = signature.session().sql_mode.is_strict() || signature.any_nullable();
    Ok(Kind { coercibility: IMPLICIT, nullable, ..Kind::new(Type::VECTOR, length, 31) })
}

fn of_text(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    let Some(numbers) = parse(&text) else { return Err(no_vector(&text)) };
    if numbers.len() > DIMENSIONS_MAX {
        let cut = String::from_utf8_lossy(&text[..SHOWN_BYTES.min(text.len())]).into_owned();
        let message = format!("{cut}...  value is out of range in 'to_vector'");
        return Err(Error::mysql(1690, b"22003", message).with_code(Code::InvalidArgument));
    }
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    Ok(Value::Text(bytes.into(), Collation::BINARY))
}

/// Reads `[1, 2.5]`; `None` if a number is missing, is none, or is no float.
fn parse(text: &[u8]) -> Option<Vec<f32>> {
    let text = std::str::from_utf8(text).ok()?;
    let inside = text.trim_ascii().strip_prefix('[')?.strip_suffix(']')?;
    inside.split(',').map(|number| float(number.trim_ascii())).collect()
}

/// Reads a number as C does, in hexadecimal too; what is too small or too great is none.
fn float(text: &str) -> Option<f32> {
    let digits = text.trim_start_matches(['+', '-']);
    if text.len() - digits.len() > 1 || digits.is_empty() {
        return None;
    }
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        let number = u32::from_str_radix(hex, 16).ok()? as f32;
        return Some(if text.starts_with('-') { -number } else { number });
    }
    if !digits.starts_with(|one: char| one.is_ascii_digit() || one == '.') {
        return None;
    }
    let number: f32 = text.parse().ok()?;
    let zero = digits.split(['e', 'E']).next()?.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    (number.is_finite() && (number.is_normal() || zero)).then_some(number)
}

/// Checks that an argument is a vector, or bytes that could be one.
fn check(signature: &Signature<'_>, function: &str) -> Result<(), Error> {
    let kind = signature.kind(0);
    let bytes =
        kind.typ == Type::VECTOR || kind.typ.is_binary() || kind.is_bits() || kind.is_null();
    if bytes { Ok(()) } else { Err(wrong_argument(function)) }
}

/// Computes the argument as a vector's bytes.
fn vector(call: &mut Call<'_, '_>) -> Result<Option<bytes::Bytes>, Error> {
    let Some(bytes) = call.bytes(0)? else { return Ok(None) };
    let whole = !bytes.is_empty() && bytes.len().is_multiple_of(WIDTH);
    if whole && bytes.len() / WIDTH <= DIMENSIONS_MAX {
        return Ok(Some(bytes));
    }
    Err(no_vector(&bytes))
}

fn text_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    check(signature, "from_vector")?;
    let collation = signature.session().connection_collation;
    let nullable = signature.session().sql_mode.is_strict() || signature.any_nullable();
    Ok(Kind::text((DIMENSIONS_MAX * 16) as u32, collation, COERCIBLE).with_nullable(nullable))
}

fn to_text(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(bytes) = vector(call)? else { return Ok(Value::Null) };
    let numbers = bytes.chunks_exact(WIDTH).map(|bytes| match bytes {
        [a, b, c, d] => f32::from_le_bytes([*a, *b, *c, *d]),
        _ => 0.0,
    });
    let shown: Vec<String> = numbers.map(printed).collect();
    Ok(call.made(format!("[{}]", shown.join(","))))
}

/// Prints five digits after the point and an exponent of two and more, as C's `%e` of five does.
fn printed(number: f32) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let text = format!("{:.5e}", f64::from(number));
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, size) = match exponent.strip_prefix('-') {
        Some(size) => ('-', size),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{size:0>2}")
}

fn dimension_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    check(signature, "vector_dim")?;
    Ok(Kind::int(10).with_nullable(signature.any_nullable()))
}

fn dimension(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let bytes = vector(call)?;
    Ok(bytes.map_or(Value::Null, |bytes| Value::Int((bytes.len() / WIDTH) as i64)))
}

#[cfg(test)]
mod tests {
    use super::{parse, printed};

    #[test]
    fn texts_are_read_and_printed_as_a_server_did() {
        for (text, want) in [
            ("[1,2.5,-3e10,0.1]", "1.00000e+00,2.50000e+00,-3.00000e+10,1.00000e-01"),
            ("[+1,.5,5.,1e2]", "1.00000e+00,5.00000e-01,5.00000e+00,1.00000e+02"),
            (" [ 1 , 2 ] ", "1.00000e+00,2.00000e+00"),
            ("[0x10]", "1.60000e+01"),
        ] {
            let numbers = parse(text.as_bytes()).unwrap();
            let shown: Vec<String> = numbers.into_iter().map(printed).collect();
            assert_eq!(shown.join(","), want);
        }
        for text in [
            "", "[]", "1", "[1", "[a]", "[1,]", "[1e50]", "[nan]", "[inf]", "[1 2]", "[--1]",
            "[1,2]x", "[1e-50]", "[1e-40]",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(printed(f32::INFINITY), "inf");
        assert_eq!(printed(f32::NAN), "nan");
    }
}
