//! DATE_FORMAT, TIME_FORMAT, GET_FORMAT, DAYNAME, MONTHNAME.

use bytes::Bytes;
use vt_base::Error;
use vt_value::temporal::{Locale, calendar, format_datetime, format_time};
use vt_value::{Collation, Temporal, Value};

use super::asked;
use crate::collate::coercibility::COERCIBLE;
use crate::convert::{self, Need};
use crate::function::{Call, Function, Signature, Text};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("date_format", (2, 2), |signature| format_kind(signature, 1), date_format),
    Function::new(
        "dayname",
        (1, 1),
        |signature| name_kind(signature, Locale::longest_day),
        day_name,
    ),
    // DATE, TIME or DATETIME as a text, and the standard.
    Function::new("get_format", (2, 2), |signature| Ok(made(signature, 17)), get_format).internal(),
    Function::new(
        "monthname",
        (1, 1),
        |signature| name_kind(signature, Locale::longest_month),
        month_name,
    ),
    Function::new("time_format", (2, 2), |signature| format_kind(signature, 1), time_format),
];

fn made(signature: &Signature<'_>, length: u32) -> Kind {
    Kind::text(length, signature.session().connection_collation, COERCIBLE)
}

fn name_kind(signature: &Signature<'_>, longest: fn(Locale) -> usize) -> Result<Kind, Error> {
    Ok(made(signature, longest(signature.session().lc_time_names) as u32))
}

/// The kind of what a pattern gives: its widest text, if the pattern is a literal.
pub(super) fn format_kind(signature: &Signature<'_>, place: usize) -> Result<Kind, Error> {
    let node = &signature.args()[place];
    let length = match node.constant() {
        Some(Value::Null) if node.is_literal() => 0,
        Some(Value::Text(pattern, _)) if node.is_literal() => widest(pattern),
        _ if node.kind().typ.is_float() => 220,
        _ => node.kind().length.saturating_mul(10),
    };
    Ok(made(signature, length))
}

fn widest(pattern: &[u8]) -> u32 {
    let mut bytes = pattern.iter();
    let mut width = 0u32;
    while let Some(byte) = bytes.next() {
        let letter = if *byte == b'%' { bytes.next() } else { None };
        width = width.saturating_add(match letter {
            Some(b'M' | b'W') => 64,
            Some(b'a' | b'b') => 32,
            Some(b'r') => 11,
            Some(b'T') => 8,
            Some(b'H' | b'k') => 7,
            Some(b'f') => 6,
            Some(b'D' | b'Y' | b'x' | b'X') => 4,
            Some(b'j') => 3,
            Some(b'u' | b'U' | b'v' | b'V' | b'y' | b'm' | b'd' | b'h' | b'i' | b'I' | b'l') => 2,
            Some(b'p' | b'S' | b's' | b'c' | b'e') => 2,
            _ => 1,
        });
    }
    width
}

/// Returns UTF-8 text as a string of the result's collation.
fn text(call: &mut Call<'_, '_>, bytes: impl Into<Bytes>) -> Result<Value, Error> {
    let text = Text { bytes: bytes.into(), collation: Collation::UTF8MB4_0900_AI_CI };
    let collation = call.kind().collation;
    let bytes = convert::to_charset(text, collation, call.context())?;
    Ok(Value::Text(bytes, collation))
}

/// Writes a date by the pattern in an argument.
pub(super) fn format(
    call: &mut Call<'_, '_>,
    value: Option<Temporal>,
    place: usize,
    is_time: bool,
) -> Result<Value, Error> {
    let Some(value) = value else { return Ok(Value::Null) };
    let Some(pattern) = call.text(place)? else { return Ok(Value::Null) };
    // The letters of the pattern pass through as the bytes that they are.
    let pattern = match pattern.collation.charset().is_none_or(|charset| charset.keeps_ascii()) {
        true => pattern.bytes,
        false => convert::readable(&pattern)?,
    };
    if pattern.is_empty() {
        return Ok(Value::Null);
    }
    let locale = call.session().lc_time_names;
    let mut out = Vec::with_capacity(pattern.len() * 2);
    let write = if is_time { format_time } else { format_datetime };
    match write(&value, &pattern, locale, &mut out) {
        // What is not ASCII in a pattern passes through as the bytes that it has.
        Ok(()) if !pattern.is_ascii() => Ok(call.made(out)),
        Ok(()) => text(call, out),
        Err(_) => Ok(Value::Null),
    }
}

fn date_format(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    let value = asked::datetime(call, 0, &value, Need::Parts)?;
    format(call, value, 1, false)
}

fn time_format(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    if value.is_null() {
        return super::time_arith::asked_again(call);
    }
    let value = super::time_arith::either(call, 0, &value, Need::Any)?;
    format(call, value, 1, true)
}

fn day_name(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    let date = asked::date(call, 0, &value, Need::Whole)?;
    let Some(date) = date else { return Ok(Value::Null) };
    let name = call.session().lc_time_names.day(calendar::weekday(date.day_number()));
    text(call, name)
}

fn month_name(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    let date = asked::date(call, 0, &value, Need::Parts)?;
    let Some((_, month @ 1.., _)) = date.map(|date| date.ymd()) else { return Ok(Value::Null) };
    let name = call.session().lc_time_names.month(month);
    text(call, name)
}

/// The patterns of DATE, TIME and DATETIME by standard.
const PATTERNS: [(&str, [&str; 3]); 5] = [
    ("usa", ["%m.%d.%Y", "%h:%i:%s %p", "%Y-%m-%d %H.%i.%s"]),
    ("jis", ["%Y-%m-%d", "%H:%i:%s", "%Y-%m-%d %H:%i:%s"]),
    ("iso", ["%Y-%m-%d", "%H:%i:%s", "%Y-%m-%d %H:%i:%s"]),
    ("eur", ["%d.%m.%Y", "%H.%i.%s", "%Y-%m-%d %H.%i.%s"]),
    ("internal", ["%Y%m%d", "%H%i%s", "%Y%m%d%H%i%s"]),
];

fn get_format(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (Some(typ), Some(standard)) = (call.text(0)?, call.text(1)?) else {
        return Ok(Value::Null);
    };
    let column = match typ.bytes.to_ascii_uppercase().as_slice() {
        b"DATE" => 0,
        b"TIME" => 1,
        _ => 2,
    };
    let standard = convert::readable(&standard)?;
    let found = PATTERNS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(&standard));
    match found {
        Some((_, patterns)) => text(call, patterns[column]),
        None => Ok(Value::Null),
    }
}
