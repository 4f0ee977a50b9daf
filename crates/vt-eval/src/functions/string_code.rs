//! HEX's inverse, base 64, QUOTE and SOUNDEX: strings written another way.

use vt_base::Error;
use vt_collation::Charset;
use vt_value::{Collation, Value};

use super::strings::{
    BLOB_MAX, OF_NUMBERS, binary, bytes, chars, charset_of, claim_of, from_args, made_of,
    of_connection, own, sized, too_long, unknown, unlimited, wrong_value,
};
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("from_base64", (1, 1), from_base64_kind, from_base64),
    Function::new("quote", (1, 1), quote_kind, quote),
    Function::new("soundex", (1, 1), soundex_kind, soundex),
    Function::new("to_base64", (1, 1), to_base64_kind, to_base64),
    Function::new("unhex", (1, 1), unhex_kind, unhex),
];

fn unhex_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(binary(bytes(signature, 0).div_ceil(2)).with_nullable(true))
}

fn unhex(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    match parse_hex(&text) {
        Some(bytes) => Ok(call.made(bytes)),
        None => wrong_value(call, 0, "string", "unhex"),
    }
}

/// Reads hexadecimal digits; of an odd number the first stands alone.
fn parse_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let (alone, pairs) = text.split_at(text.len() % 2);
    let mut out = Vec::with_capacity(text.len() / 2 + 1);
    for byte in alone {
        out.push(digit(byte)?);
    }
    for [high, low] in pairs.as_chunks().0 {
        out.push(digit(high)? << 4 | digit(low)?);
    }
    Some(out)
}

/// The characters of base 64 on a line.
const LINE: usize = 76;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Returns the length of so many bytes in base 64 with its line breaks.
fn base64_len(bytes: u64) -> u64 {
    let digits = bytes.div_ceil(3) * 4;
    digits + digits.saturating_sub(1) / LINE as u64
}

fn to_base64_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let length = base64_len(bytes(signature, 0));
    Ok(from_args(signature, of_connection(signature, length)))
}

fn to_base64(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    let length = base64_len(text.len() as u64);
    if too_long(call, "to_base64", length) {
        return Ok(Value::Null);
    }
    let out = write_base64(&text);
    let collation = call.kind().collation;
    let charset = charset_of(collation)?;
    if charset.min_len() > 1 {
        return Err(unknown(collation, "base 64"));
    }
    Ok(call.made(out))
}

/// Writes base 64 with its line breaks.
fn write_base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(base64_len(text.len() as u64) as usize);
    for (index, three) in text.chunks(3).enumerate() {
        if index > 0 && index % (LINE / 4) == 0 {
            out.push(b'\n');
        }
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            let shown = ALPHABET.get(value as usize).copied().unwrap_or(b'=');
            out.push(if digit > three.len() { b'=' } else { shown });
        }
    }
    out
}

fn from_base64_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let length = bytes(signature, 0).saturating_mul(3) / 4;
    Ok(binary(length.min(BLOB_MAX)).with_nullable(true))
}

fn from_base64(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    Ok(parse_base64(&text).map_or(Value::Null, |bytes| call.made(bytes)))
}

/// Reads base 64 with white space anywhere; nothing follows what is filled up.
fn parse_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut digits, mut filled) = (0_u32, 0, 0);
    for byte in text.iter().filter(|byte| !matches!(byte, b'\t'..=b'\r' | b' ')) {
        let value = match byte {
            b'=' if digits >= 2 => {
                filled += 1;
                0
            }
            _ if filled > 0 => return None,
            byte => ALPHABET.iter().position(|one| one == byte)? as u32,
        };
        bits = bits << 6 | value;
        digits += 1;
        if digits == 4 {
            let three = bits.to_be_bytes();
            out.extend_from_slice(three.get(1..4 - filled)?);
            if filled == 0 {
                (bits, digits) = (0, 0);
            } else {
                digits = 5;
            }
        } else if digits > 4 {
            return None;
        }
    }
    matches!(digits, 0 | 5).then_some(out)
}

fn quote_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.kind(0).is_null() {
        return Ok(of_connection(signature, 4).with_nullable(true));
    }
    let own = signature.kind(0);
    let claim = match (own.is_string(), own.collation == Collation::BINARY) {
        (true, true) => (signature.session().connection_collation, own.coercibility),
        (false, true) => OF_NUMBERS,
        (_, false) => claim_of(signature, 0)?,
    };
    let kind = sized((chars(signature, 0) * 2 + 2).max(4), claim);
    Ok(made_of(signature, 0..1, kind))
}

/// Writes a character of ASCII; the backslash of Shift JIS is one of two bytes to MySQL.
fn write_ascii(charset: Charset, byte: u8, out: &mut Vec<u8>) {
    if charset == Charset::Sjis && byte == b'\\' {
        return out.extend([0x81, 0x5f]);
    }
    charset.encode(byte.into(), out);
}

fn quote(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let charset = charset_of(call.kind().collation)?;
    let mut out = Vec::new();
    let Some(text) = own(call, 0)? else {
        "NULL".bytes().for_each(|byte| {
            charset.encode(byte.into(), &mut out);
        });
        return Ok(call.made(out));
    };
    charset.encode(u32::from(b'\''), &mut out);
    for one in charset.chars(&text) {
        let code = charset.decode(one).map(|(code, _)| code);
        let shown = match code {
            Some(0) => Some(b'0'),
            Some(26) => Some(b'Z'),
            Some(39) => Some(b'\''),
            Some(92) => Some(b'\\'),
            _ => None,
        };
        match shown {
            Some(shown) => {
                write_ascii(charset, b'\\', &mut out);
                write_ascii(charset, shown, &mut out);
            }
            None => out.extend_from_slice(one),
        }
    }
    charset.encode(u32::from(b'\''), &mut out);
    Ok(super::strings::limited(call, "quote", out))
}

fn soundex_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = claim_of(signature, 0)?;
    Ok(made_of(signature, 0..1, unlimited(chars(signature, 0).max(4), claim)))
}

/// The sounds of the letters from A on; 0 is none.
const SOUNDS: &[u8; 26] = b"01230120022455012623010202";

fn sound(code: u32) -> u8 {
    let upper = char::from_u32(code).map_or(code, |c| c.to_ascii_uppercase().into());
    let place = upper.checked_sub(u32::from(b'A'));
    place.and_then(|place| SOUNDS.get(place as usize)).copied().unwrap_or(b'0')
}

fn is_letter(code: u32) -> bool {
    char::from_u32(code).is_some_and(|c| c.is_ascii_alphabetic()) || code >= 0xc0
}

fn soundex(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let charset = charset_of(call.kind().collation)?;
    let binary = charset.name() == "binary";
    let mut out = Vec::new();
    let mut count = 0;
    let mut last = b'0';
    let mut rest: &[u8] = &text;
    while let Some((code, length)) = charset.decode(rest) {
        rest = rest.get(length..).unwrap_or_default();
        if !is_letter(code) || binary && code >= 0x80 {
            continue;
        }
        let own = sound(code);
        if count == 0 {
            let upper = char::from_u32(code).map_or(code, |c| c.to_ascii_uppercase().into());
            charset.encode(upper, &mut out);
            count = 1;
            last = own;
        } else if own != b'0' && own != last {
            charset.encode(own.into(), &mut out);
            count += 1;
            last = own;
        }
    }
    while (1..4).contains(&count) {
        charset.encode(u32::from(b'0'), &mut out);
        count += 1;
    }
    Ok(call.made(out))
}

#[cfg(test)]
mod tests;
