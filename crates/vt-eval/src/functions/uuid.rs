//! UUID and the functions that write UUIDs one way or the other.

use vt_base::Error;
use vt_value::{Collation, Value};

use super::strings::{self, binary, system};
use crate::convert;
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("bin_to_uuid", (1, 2), text_kind, bin_to_uuid),
    Function::new("is_uuid", (1, 1), truth_kind, is_uuid),
    Function::new("uuid", (0, 0), uuid_kind, uuid).row(),
    Function::new("uuid_to_bin", (1, 2), bytes_kind, uuid_to_bin),
];

/// The characters of a UUID.
const LENGTH: u64 = 36;

fn truth_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::truth())
}

fn bytes_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(binary(16).with_nullable(true))
}

fn text_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(strings::of_connection(signature, LENGTH).with_nullable(true))
}

fn uuid_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(strings::from_itself(signature, system(LENGTH, 4)))
}

/// Reads a UUID: 32 digits, or five groups of them, perhaps in braces.
pub(crate) fn parse(text: &[u8]) -> Option<[u8; 16]> {
    let bare = text.len() == 32;
    let text = match text.len() {
        38 => text.strip_prefix(b"{")?.strip_suffix(b"}")?,
        32 | 36 => text,
        _ => return None,
    };
    let mut digits = Vec::with_capacity(32);
    for (place, byte) in text.iter().enumerate() {
        if !bare && matches!(place, 8 | 13 | 18 | 23) {
            if *byte != b'-' {
                return None;
            }
            continue;
        }
        digits.push(char::from(*byte).to_digit(16)? as u8);
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
    }
    Some(bytes)
}

/// Writes a UUID in five groups.
pub(crate) fn write(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Puts the parts of the time so that later UUIDs are greater.
fn swapped(bytes: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let [i, j, k, l, m, n, o, p] = rest;
    [g, h, e, f, a, b, c, d, i, j, k, l, m, n, o, p]
}

/// The inverse.
fn unswapped(bytes: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let [i, j, k, l, m, n, o, p] = rest;
    [e, f, g, h, c, d, a, b, i, j, k, l, m, n, o, p]
}

fn swaps(call: &mut Call<'_, '_>) -> Result<bool, Error> {
    if call.len() < 2 {
        return Ok(false);
    }
    Ok(call.truth(1)?.unwrap_or(false))
}

fn wrong(text: &[u8], collation: Collation, name: &str) -> Error {
    let shown = convert::shown(text, collation);
    strings::error(1411, format!("Incorrect string value: '{shown}' for function {name}"))
}

fn is_uuid(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    Ok(Value::from(parse(&text).is_some()))
}

fn uuid_to_bin(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let bytes =
        parse(&text.bytes).ok_or_else(|| wrong(&text.bytes, text.collation, "uuid_to_bin"))?;
    let bytes = if swaps(call)? { swapped(bytes) } else { bytes };
    Ok(call.made(bytes.to_vec()))
}

fn bin_to_uuid(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let bytes: [u8; 16] = text
        .bytes
        .as_ref()
        .try_into()
        .map_err(|_| wrong(&text.bytes, text.collation, "bin_to_uuid"))?;
    let bytes = if swaps(call)? { unswapped(bytes) } else { bytes };
    Ok(call.made(write(&bytes)))
}

/// Makes a UUID of version 1: the time of the statement, made unlike others by chance.
fn uuid(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    /// From the start of the Gregorian calendar to 1970, in 100 nanoseconds.
    const EPOCH: u64 = 0x01b2_1dd2_1381_4000;
    let micros = u64::try_from(call.session().now_micros).unwrap_or(0);
    let time = EPOCH.wrapping_add(micros.wrapping_mul(10));
    let chance = (u128::from(call.random()) << 64 | u128::from(call.random())).to_be_bytes();
    let mut bytes = chance;
    let [t0, t1, t2, t3, t4, t5, t6, t7] = time.to_be_bytes();
    for (byte, own) in bytes.iter_mut().zip([t4, t5, t6, t7, t2, t3, t0 & 15 | 0x10, t1]) {
        *byte = own;
    }
    // The variant, and the mark of a node that is no network card.
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes[10] |= 1;
    Ok(call.made(write(&bytes)))
}

#[cfg(test)]
mod tests;
