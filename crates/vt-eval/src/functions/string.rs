//! CONCAT, LOWER, LENGTH, LEFT and their like.

use vt_base::Error;
use vt_value::{Collation, Value};

use crate::convert;
use crate::function::{Call, CollationUse, Function, MANY, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("char_length", (1, 1), length_kind, char_length),
    Function::new("character_length", (1, 1), length_kind, char_length),
    Function::new("concat", (1, MANY), concat_kind, concat),
    Function::new("concat_ws", (2, MANY), concat_kind, concat_ws),
    Function::new("lcase", (1, 1), same_kind, lower),
    Function::new("left", (2, 2), same_kind, left),
    Function::new("length", (1, 1), length_kind, length),
    Function::new("lower", (1, 1), same_kind, lower),
    Function::new("octet_length", (1, 1), length_kind, length),
    Function::new("right", (2, 2), same_kind, right),
    Function::new("ucase", (1, 1), same_kind, upper),
    Function::new("upper", (1, 1), same_kind, upper),
];

fn concat_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let length = signature.kinds().map(|kind| kind.length).fold(0, u32::saturating_add);
    let count = signature.len();
    let (collation, coercibility) =
        signature.aggregate_collation(0..count, CollationUse::Result)?;
    Ok(Kind::text(length, collation, coercibility))
}

fn concat(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = call.kind().collation;
    let mut all = Vec::new();
    for place in 0..call.len() {
        match call.text_in(place, collation)? {
            None => return Ok(Value::Null),
            Some(text) => all.extend_from_slice(&text),
        }
    }
    Ok(call.made(all))
}

fn concat_ws(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = call.kind().collation;
    let Some(separator) = call.text_in(0, collation)? else { return Ok(Value::Null) };
    let mut all = Vec::new();
    let mut first = true;
    for place in 1..call.len() {
        if let Some(text) = call.text_in(place, collation)? {
            if !first {
                all.extend_from_slice(&separator);
            }
            first = false;
            all.extend_from_slice(&text);
        }
    }
    Ok(call.made(all))
}

fn same_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let length = signature.kind(0).length;
    let (collation, coercibility) = signature.aggregate_collation(0..1, CollationUse::Result)?;
    Ok(Kind::text(length, collation, coercibility))
}

fn lower(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    change_case(call, <[u8]>::to_ascii_lowercase)
}

fn upper(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    change_case(call, <[u8]>::to_ascii_uppercase)
}

fn change_case(call: &mut Call<'_, '_>, change: fn(&[u8]) -> Vec<u8>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    if call.kind().collation == Collation::BINARY {
        return Ok(call.made(text));
    }
    if !text.is_ascii() {
        return Err(Error::unsupported("changing the case of letters beyond ASCII"));
    }
    Ok(call.made(change(&text)))
}

fn length_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(11).with_nullable(signature.any_nullable()))
}

fn char_length(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let length = match text.collation {
        Collation::BINARY => text.bytes.len(),
        _ => convert::characters(&text.bytes).count(),
    };
    Ok(Value::Int(length as i64))
}

fn length(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    // A column's own character set decides how many bytes a character has there.
    if text.collation == Collation::UNKNOWN {
        return Err(Error::unsupported("LENGTH of a string of an unknown character set"));
    }
    Ok(Value::Int(text.bytes.len() as i64))
}

fn left(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    let Some(count) = call.int(1)? else { return Ok(Value::Null) };
    let count = count.clamped_usize();
    let width = match call.kind().collation {
        Collation::BINARY => count.min(text.len()),
        _ => convert::characters(&text).take(count).map(<[u8]>::len).sum(),
    };
    Ok(call.made(text.slice(..width)))
}

fn right(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    let Some(count) = call.int(1)? else { return Ok(Value::Null) };
    let count = count.clamped_usize();
    let width = match call.kind().collation {
        Collation::BINARY => count.min(text.len()),
        _ => convert::characters(&text).rev().take(count).map(<[u8]>::len).sum(),
    };
    Ok(call.made(text.slice(text.len() - width..)))
}
