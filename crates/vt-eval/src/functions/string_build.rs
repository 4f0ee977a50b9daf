//! CONCAT, REPEAT, INSERT, REPLACE and their like: strings that are made of others.

use vt_base::Error;
use vt_value::{Collation, Value};

use super::strings::{
    self, chars, chars_brought, chars_in, charset_of, claim_of, constant_int, find_exact, limited,
    made_of, own, sized, too_long, unknown, unlimited,
};
use crate::function::{Call, CollationUse, Function, MANY, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("concat", (1, MANY), concat_kind, concat),
    Function::new("concat_ws", (2, MANY), concat_ws_kind, concat_ws),
    Function::new("insert", (4, 4), insert_kind, insert),
    Function::new("lcase", (1, 1), case_kind, lower),
    Function::new("lower", (1, 1), case_kind, lower),
    Function::new("repeat", (2, 2), repeat_kind, repeat),
    Function::new("replace", (3, 3), replace_kind, replace),
    Function::new("reverse", (1, 1), same_kind, reverse),
    Function::new("space", (1, 1), space_kind, space),
    Function::new("ucase", (1, 1), case_kind, upper),
    Function::new("upper", (1, 1), case_kind, upper),
];

/// The most that a count is taken for.
const COUNT_MAX: usize = i32::MAX as usize;

fn concat_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = signature.aggregate_collation(0..signature.len(), CollationUse::Result)?;
    let length = (0..signature.len()).map(|place| chars_in(signature, place, claim)).sum();
    Ok(made_of(signature, 0..signature.len(), sized(length, claim)))
}

fn concat(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let mut all = Vec::new();
    for place in 0..call.len() {
        let Some(text) = own(call, place)? else { return Ok(Value::Null) };
        if too_long(call, "concat", (all.len() + text.len()) as u64) {
            return Ok(Value::Null);
        }
        all.extend_from_slice(&text);
    }
    Ok(call.made(all))
}

fn concat_ws_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = signature.aggregate_collation(0..signature.len(), CollationUse::Result)?;
    let parts: u64 = (1..signature.len()).map(|place| chars_in(signature, place, claim)).sum();
    let separators = chars_in(signature, 0, claim) * (signature.len() as u64).saturating_sub(2);
    Ok(made_of(signature, 0..signature.len(), sized(parts + separators, claim)))
}

fn concat_ws(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(separator) = own(call, 0)? else { return Ok(Value::Null) };
    let mut all = Vec::new();
    let mut first = true;
    for place in 1..call.len() {
        let Some(text) = own(call, place)? else { continue };
        if !first {
            all.extend_from_slice(&separator);
        }
        first = false;
        if too_long(call, "concat_ws", (all.len() + text.len()) as u64) {
            return Ok(Value::Null);
        }
        all.extend_from_slice(&text);
    }
    Ok(call.made(all))
}

fn same_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = claim_of(signature, 0)?;
    let kind = unlimited(chars(signature, 0), claim);
    Ok(made_of(signature, 0..1, kind))
}

fn case_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = claim_of(signature, 0)?;
    let upper = matches!(signature.name(), "upper" | "ucase");
    let kind = unlimited(chars(signature, 0).saturating_mul(grown(claim.0, upper)), claim);
    Ok(made_of(signature, 0..1, kind))
}

/// Returns how many times as long a string may get when its case changes, as MySQL has it.
fn grown(collation: Collation, upper: bool) -> u64 {
    let name = collation.name().unwrap_or_default();
    let sets = ["gb18030_", "utf8mb3_turkish", "utf8mb4_turkish"];
    let small = !upper && (name.starts_with("eucjpms_") || name.starts_with("ujis_"));
    if small || sets.iter().any(|set| name.starts_with(set)) { 2 } else { 1 }
}

fn lower(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    change_case(call, Collation::lower)
}

fn upper(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    change_case(call, Collation::upper)
}

fn change_case(
    call: &mut Call<'_, '_>,
    change: fn(Collation, &[u8], &mut Vec<u8>) -> bool,
) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let collation = call.kind().collation;
    let mut out = Vec::with_capacity(text.len());
    if !change(collation, &text, &mut out) {
        return Err(unknown(collation, "changing the case of letters"));
    }
    Ok(call.made(out))
}

fn reverse(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let charset = charset_of(call.kind().collation)?;
    let mut out = vec![0; text.len()];
    let mut end = out.len();
    for one in charset.chars(&text) {
        let start = end - one.len();
        out[start..end].copy_from_slice(one);
        end = start;
    }
    Ok(call.made(out))
}

fn repeat_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = claim_of(signature, 0)?;
    let kind = match constant_int(signature, 1)? {
        Some(Some(count)) => sized(chars(signature, 0).saturating_mul(count.bits_u64()), claim),
        _ => unlimited(strings::BLOB_MAX, claim),
    };
    Ok(made_of(signature, 0..1, kind))
}

fn repeat(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let Some(count) = call.int(1)? else { return Ok(Value::Null) };
    let count = count.clamped_usize().min(COUNT_MAX);
    if too_long(call, "repeat", text.len() as u64 * count as u64) {
        return Ok(Value::Null);
    }
    Ok(call.made(text.repeat(count)))
}

fn space_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = (signature.session().connection_collation, 4);
    let kind = match constant_int(signature, 0)? {
        Some(Some(count)) => sized(count.clamped_usize() as u64, claim),
        Some(None) => sized(0, claim),
        None => unlimited(strings::BLOB_MAX, claim),
    };
    Ok(made_of(signature, 0..0, kind))
}

fn space(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(count) = call.int(0)? else { return Ok(Value::Null) };
    let mut one = Vec::new();
    charset_of(call.kind().collation)?.encode(u32::from(b' '), &mut one);
    let count = count.clamped_usize().min(COUNT_MAX);
    if too_long(call, "space", one.len() as u64 * count as u64) {
        return Ok(Value::Null);
    }
    Ok(call.made(one.repeat(count)))
}

fn insert_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = claim_of(signature, 0)?;
    signature.simplify(3, claim.0)?;
    let new = match claim.0 == Collation::BINARY {
        true => chars_in(signature, 3, claim),
        false => chars_brought(signature, 3, claim),
    };
    let kind = sized(chars_in(signature, 0, claim) + new, claim);
    Ok(made_of(signature, 0..4, kind))
}

fn insert(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let Some(new) = own(call, 3)? else { return Ok(Value::Null) };
    let Some(start) = call.int(1)? else { return Ok(Value::Null) };
    let Some(length) = call.int(2)? else { return Ok(Value::Null) };
    let charset = charset_of(call.kind().collation)?;
    let (start, length) = (start.clamped_i64(), length.clamped_i64());
    let count = charset.count(&text);
    let start = match usize::try_from(start) {
        Ok(start) if (1..=count).contains(&start) => start - 1,
        _ => return Ok(call.made(text)),
    };
    let rest = count - start;
    let length = usize::try_from(length).unwrap_or(rest).min(rest);
    let from = charset.offset(&text, start);
    let to = charset.offset(&text, start + length);
    let (before, after) = (text.slice(..from), text.slice(to..));
    let all = [before.as_ref(), new.as_ref(), after.as_ref()].concat();
    Ok(limited(call, "insert", all))
}

fn replace_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let claim = claim_of(signature, 0)?;
    signature.simplify(1, claim.0)?;
    signature.simplify(2, claim.0)?;
    let to = match claim.0 == Collation::BINARY {
        true => chars_in(signature, 2, claim),
        false => chars_brought(signature, 2, claim),
    };
    // As if every character were replaced.
    let grown = chars(signature, 0) * to.saturating_sub(1).max(1);
    Ok(made_of(signature, 0..3, sized(grown, claim)))
}

fn replace(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = own(call, 0)? else { return Ok(Value::Null) };
    let Some(from) = own(call, 1)? else { return Ok(Value::Null) };
    let Some(to) = own(call, 2)? else { return Ok(Value::Null) };
    if from.is_empty() {
        return Ok(call.made(text));
    }
    let charset = charset_of(call.kind().collation)?;
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    while let Some(place) = find_exact(charset, &text, &from, done) {
        out.extend_from_slice(&text[done..place]);
        out.extend_from_slice(&to);
        done = place + from.len();
        if too_long(call, "replace", (out.len() + text.len() - done) as u64) {
            return Ok(Value::Null);
        }
    }
    out.extend_from_slice(&text[done..]);
    Ok(call.made(out))
}
