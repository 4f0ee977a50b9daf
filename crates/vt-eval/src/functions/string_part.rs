//! LEFT, SUBSTRING, TRIM, LPAD and their like: parts of strings, and strings made to a length.

use bytes::Bytes;
use vt_base::Error;
use vt_collation::Charset;
use vt_value::Value;

use super::strings::{
    self, Claim, chars, charset_of, claim_of, constant_int, find_exact, made_of, own, sized,
    too_long, unlimited,
};
use crate::convert::Int;
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("left", (2, 2), left_kind, left),
    Function::new("lpad", (3, 3), pad_kind, lpad),
    Function::new("ltrim", (1, 1), trim_kind, ltrim),
    Function::new("mid", (3, 3), substr_kind, substr),
    Function::new("right", (2, 2), left_kind, right),
    Function::new("rpad", (3, 3), pad_kind, rpad),
    Function::new("rtrim", (1, 1), trim_kind, rtrim),
    Function::new("substr", (2, 3), substr_kind, substr),
    Function::new("substring", (2, 3), substr_kind, substr),
    Function::new("substring_index", (3, 3), index_kind, substring_index),
    // TRIM([side] [part FROM] text) as the side, the text, and perhaps the part.
    Function::new("trim", (2, 3), trim_sided_kind, trim_sided).internal(),
];

/// Positions and lengths beyond are none.
const PLACE_MAX: i128 = i32::MAX as i128;

fn left_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = claim_of(signature, 0)?;
    let length = chars(signature, 0);
    let kind = match constant_int(signature, 1)? {
        Some(Some(count)) => unlimited(length.min(count.clamped_usize() as u64), claim),
        _ => unlimited(length, claim),
    };
    Ok(made_of(signature, 0..1, kind))
}

fn left(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let Some(count) = call.int(1)? else { return Ok(Value::Null) };
    let charset = charset_of(call.kind().collation)?;
    let end = charset.offset(&text, count.clamped_usize());
    Ok(call.made(text.slice(..end)))
}

fn right(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let Some(count) = call.int(1)? else { return Ok(Value::Null) };
    let charset = charset_of(call.kind().collation)?;
    let skipped = charset.count(&text).saturating_sub(count.clamped_usize());
    let start = charset.offset(&text, skipped);
    Ok(call.made(text.slice(start..)))
}

fn substr_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = claim_of(signature, 0)?;
    let mut length = chars(signature, 0);
    let start = constant_int(signature, 1)?;
    if let Some(Some(start)) = start {
        length = match i128::from(start.bits_i64()) {
            _ if start.value > PLACE_MAX || start.value < -PLACE_MAX => length,
            0 => 0,
            start if start < 0 => {
                let back = start.unsigned_abs().min(u64::MAX.into()) as u64;
                if back > length { 0 } else { back }
            }
            start => length.saturating_sub(u64::try_from(start - 1).unwrap_or(u64::MAX)),
        };
    }
    if signature.len() == 3
        && start != Some(None)
        && let Some(Some(count)) = constant_int(signature, 2)?
    {
        length = length.min(count.clamped_usize() as u64);
    }
    Ok(made_of(signature, 0..1, unlimited(length, claim)))
}

fn substr(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let Some(start) = call.int(1)? else { return Ok(Value::Null) };
    let length = if call.len() == 3 { call.int(2)? } else { Some(Int::signed(i64::MAX)) };
    let Some(length) = length else { return Ok(Value::Null) };
    let charset = charset_of(call.kind().collation)?;
    if length.value <= 0 || start.value > PLACE_MAX || start.value < -PLACE_MAX - 1 {
        return Ok(call.made(Bytes::new()));
    }
    let length = length.value.min(PLACE_MAX) as usize;
    let skipped = match start.value {
        0 => return Ok(call.made(Bytes::new())),
        start if start > 0 => (start - 1) as usize,
        start => {
            let back = start.unsigned_abs() as usize;
            match charset.count(&text).checked_sub(back) {
                Some(skipped) => skipped,
                None => return Ok(call.made(Bytes::new())),
            }
        }
    };
    let part = charset.substr(&text, skipped, length);
    let part = text.slice_ref(part);
    Ok(call.made(part))
}

fn pad_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = claim_of(signature, 0)?;
    signature.simplify(2, claim.0)?;
    let kind = match constant_int(signature, 1)? {
        Some(Some(count)) => sized(count.bits_u64(), claim),
        _ => unlimited(strings::BLOB_MAX, claim),
    };
    Ok(made_of(signature, 0..3, kind))
}

fn lpad(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    pad(call, "lpad", |text, filling| [filling, text].concat())
}

fn rpad(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    pad(call, "rpad", |text, filling| [text, filling].concat())
}

fn pad(
    call: &mut Call<'_, '_>,
    name: &str,
    join: fn(&[u8], &[u8]) -> Vec<u8>,
) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let Some(part) = own(call, 2)? else { return Ok(Value::Null) };
    let Some(count) = call.int(1)? else { return Ok(Value::Null) };
    if count.value < 0 {
        return Ok(Value::Null);
    }
    let charset = charset_of(call.kind().collation)?;
    let count = count.value.min(PLACE_MAX) as usize;
    let present = charset.count(&text);
    if count <= present {
        let end = charset.offset(&text, count);
        return Ok(call.made(text.slice(..end)));
    }
    if too_long(call, name, count as u64 * charset.max_len() as u64) {
        return Ok(Value::Null);
    }
    let each = charset.count(&part);
    if each == 0 {
        return Ok(call.made(text));
    }
    let missing = count - present;
    let mut filling = part.repeat(missing / each);
    filling.extend_from_slice(charset.substr(&part, 0, missing % each));
    Ok(call.made(join(&text, &filling)))
}

fn trim_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    trimmed_kind(signature, 0)
}

fn trim_sided_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    trimmed_kind(signature, 1)
}

fn trimmed_kind(signature: &mut Signature<'_>, text: usize) -> Result<Kind, Error> {
    let claim: Claim = claim_of(signature, text)?;
    let kind = unlimited(chars(signature, text), claim);
    Ok(made_of(signature, text..text + 1, kind))
}

/// Which ends are trimmed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Leading,
    Trailing,
    Both,
}

fn ltrim(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    trim(call, Ends::Leading, 0)
}

fn rtrim(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    trim(call, Ends::Trailing, 0)
}

fn trim_sided(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    // Where no end is named, both are meant.
    let ends = match call.bytes(0)?.as_deref() {
        Some(b"LEADING") => Ends::Leading,
        Some(b"TRAILING") => Ends::Trailing,
        _ => Ends::Both,
    };
    trim(call, ends, 1)
}

/// Trims the text at a place; what is trimmed off is the argument after it, or the space.
fn trim(call: &mut Call<'_, '_>, ends: Ends, place: usize) -> Result<Value, Error> {
    let Some(text) = own(call, place)? else { return Ok(Value::Null) };
    let charset = charset_of(call.kind().collation)?;
    let part = if call.len() > place + 1 {
        match own(call, place + 1)? {
            Some(part) => part,
            None => return Ok(Value::Null),
        }
    } else {
        let mut space = Vec::new();
        charset.encode(u32::from(b' '), &mut space);
        space.into()
    };
    if part.is_empty() {
        return Ok(call.made(text));
    }
    let mut kept: &[u8] = &text;
    if ends != Ends::Trailing {
        while let Some(rest) = kept.strip_prefix(part.as_ref()) {
            kept = rest;
        }
    }
    if ends != Ends::Leading {
        kept = without_end(charset, kept, &part);
    }
    let kept = text.slice_ref(kept);
    Ok(call.made(kept))
}

/// Cuts a part off the end as often as it stands there as whole characters.
fn without_end<'t>(charset: Charset, text: &'t [u8], part: &[u8]) -> &'t [u8] {
    let mut kept = text;
    while let Some(rest) = kept.strip_suffix(part) {
        let whole = charset.max_len() == 1 || begins_character(charset, kept, rest.len());
        if !whole {
            break;
        }
        kept = rest;
    }
    kept
}

/// Returns whether a character begins at a byte.
fn begins_character(charset: Charset, text: &[u8], byte: usize) -> bool {
    if charset.name().starts_with("utf8") {
        return text.get(byte).is_none_or(|byte| byte & 0xc0 != 0x80);
    }
    let mut place = 0;
    while place < byte {
        place += charset.char_len(text.get(place..).unwrap_or_default()).max(1);
    }
    place == byte
}

fn index_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = claim_of(signature, 0)?;
    let kind = unlimited(chars(signature, 0), claim);
    Ok(made_of(signature, 0..1, kind))
}

fn substring_index(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let Some(count) = call.int(2)? else { return Ok(Value::Null) };
    let Some(part) = own(call, 1)? else { return Ok(Value::Null) };
    let count = count.clamped_i64();
    if text.is_empty() || part.is_empty() || count == 0 {
        return Ok(call.made(Bytes::new()));
    }
    let charset = charset_of(call.kind().collation)?;
    let places = match count < 0 && charset.max_len() == 1 {
        true => places_from_end(&text, &part),
        false => places_from_start(charset, &text, &part),
    };
    let number = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let kept = match count > 0 {
        true => places.get(number - 1).map(|place| text.slice(..*place)),
        false => {
            let place = places.len().checked_sub(number).and_then(|place| places.get(place));
            place.map(|place| text.slice(place + part.len()..))
        }
    };
    Ok(call.made(kept.unwrap_or(text)))
}

fn places_from_start(charset: Charset, text: &[u8], part: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(place) = find_exact(charset, text, part, from) {
        places.push(place);
        from = place + part.len();
    }
    places
}

/// The same for bytes, found from the end; overlapping ones are others then.
fn places_from_end(text: &[u8], part: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut end = text.len();
    while end >= part.len() {
        let start = end - part.len();
        if text.get(start..end) == Some(part) {
            places.push(start);
            end = start;
        } else {
            end -= 1;
        }
    }
    places.reverse();
    places
}
