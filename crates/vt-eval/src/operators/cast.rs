//! Casts to another type.

use vt_base::Error;
use vt_value::{Collation, Decimal, Type, Value};

use crate::collate::coercibility::IMPLICIT;
use crate::convert::{self, Int};
use crate::expr::CastTarget;
use crate::function::{Call, Signature, Text};
use crate::functions::json;
use crate::kind::Kind;
use crate::{Func, SqlMode};

fn target(func: Func) -> Result<CastTarget, Error> {
    match func {
        Func::Cast(target) => Ok(target),
        _ => Err(Error::bug("a cast without a type")),
    }
}

pub(super) fn integer_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    kind.class()?;
    let made = match target(signature.func())? {
        CastTarget::Signed => Kind::int(21),
        _ => Kind::uint(21),
    };
    Ok(made.with_nullable(kind.nullable))
}

pub(super) fn integer(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let unsigned = target(call.func())? == CastTarget::Unsigned;
    let value = call.value(0)?;
    let kind = call.arg_kind(0);
    let number: Int = match &value {
        Value::Null => return Ok(Value::Null),
        Value::Decimal(number) => return Ok(integer_of_decimal(call, *number, unsigned)),
        Value::Text(bytes, _) if !kind.is_bits() => {
            return Ok(integer_of_text(call, bytes, unsigned));
        }
        Value::Float(number)
            if call.args[0].call().is_some() && !(-9.3e18..9.3e18).contains(number) =>
        {
            let what = if unsigned { "BIGINT UNSIGNED" } else { "BIGINT" };
            let message = format!("{what} value is out of range in '{}'", call.args[0].describe());
            return Err(Error::mysql(1690, b"22003", message));
        }
        Value::Json(json) => {
            let source = json::cast::source(&call.args[0]);
            json::cast::int(json, &source, call.context())
        }
        _ => match convert::int(&value, kind, call.context())? {
            Some(number) => number,
            None => return Ok(Value::Null),
        },
    };
    Ok(if unsigned { Value::UInt(number.bits_u64()) } else { Value::Int(number.bits_i64()) })
}

/// A negative number keeps the bits of its signed integer, even where none is wanted.
fn integer_of_decimal(call: &mut Call<'_, '_>, number: Decimal, unsigned: bool) -> Value {
    let whole = number.to_i128();
    let limit = if number.is_negative() { i128::MIN } else { i128::MAX };
    let most = if unsigned { u64::MAX.into() } else { i128::from(i64::MAX) };
    let clamped = whole.unwrap_or(limit).clamp(i64::MIN.into(), most);
    if whole != Some(clamped) {
        call.warn(1292, format!("Truncated incorrect DECIMAL value: '{number}'"));
    }
    if unsigned { Value::UInt(clamped as u64) } else { Value::Int(clamped as i64) }
}

fn integer_of_text(call: &mut Call<'_, '_>, bytes: &[u8], unsigned: bool) -> Value {
    let (number, whole) = convert::integer_of_text(bytes);
    if !whole {
        let text = String::from_utf8_lossy(bytes).into_owned();
        call.warn(1292, format!("Truncated incorrect INTEGER value: '{text}'"));
    } else if unsigned && number.value < 0 {
        call.warn(1105, "Cast to unsigned converted negative integer to it's positive complement");
    } else if !unsigned && number.unsigned {
        call.warn(
            1105,
            "Cast to signed converted positive out-of-range integer to it's negative complement",
        );
    }
    if unsigned { Value::UInt(number.bits_u64()) } else { Value::Int(number.bits_i64()) }
}

pub(super) fn decimal_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    kind.class()?;
    let CastTarget::Decimal { precision, scale } = target(signature.func())? else {
        return Err(Error::bug("a cast to another type"));
    };
    Ok(Kind::decimal(precision.into(), scale).with_nullable(kind.nullable))
}

pub(super) fn decimal(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let CastTarget::Decimal { precision, scale } = target(call.func())? else {
        return Err(Error::bug("a cast to another type"));
    };
    let Some(number) = call.decimal(0)? else { return Ok(Value::Null) };
    let rounded = number.round(scale);
    if rounded.integer_digits() <= usize::from(precision.saturating_sub(scale)) {
        return Ok(Value::Decimal(rounded));
    }
    let message = format!("Out of range value for column '{}' at row 1", call.node.describe());
    call.warn(1264, message);
    let nines = "9".repeat(precision.into());
    let (whole, fraction) = nines.split_at(usize::from(precision.saturating_sub(scale)));
    let sign = if number.is_negative() { "-" } else { "" };
    let limit = Decimal::parse(format!("{sign}{whole}.{fraction}").as_bytes());
    Ok(limit.map_or(Value::Null, |limit| Value::Decimal(limit.round(scale))))
}

pub(super) fn real_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    kind.class()?;
    let short = signature.session().sql_mode.has(SqlMode::REAL_AS_FLOAT);
    let made = match target(signature.func())? {
        CastTarget::Real if short => Kind::new(Type::FLOAT32, 12, crate::kind::NOT_FIXED),
        CastTarget::Float => Kind::new(Type::FLOAT32, 12, crate::kind::NOT_FIXED),
        _ => Kind::float(),
    };
    Ok(made.with_nullable(kind.nullable))
}

pub(super) fn real(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(number) = call.real(0)? else { return Ok(Value::Null) };
    if call.kind().typ != Type::FLOAT32 {
        return Ok(Value::Float(number));
    }
    let short = number as f32;
    match short.is_finite() {
        true => Ok(Value::Float(short.into())),
        false => Err(call.out_of_range("FLOAT")),
    }
}

pub(super) fn text_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    let (length, collation) = match target(signature.func())? {
        CastTarget::Char { length, collation } => {
            (length, collation.unwrap_or(signature.session().connection_collation))
        }
        CastTarget::Binary { length } => (length, Collation::BINARY),
        _ => return Err(Error::bug("a cast to another type")),
    };
    let ascii = kind.ascii && collation != Collation::BINARY;
    let own = if kind.is_string() { kind.byte_length() } else { kind.length };
    let own = if collation == Collation::BINARY { own } else { kind.length };
    let length = length.unwrap_or(own);
    // A string that is too long becomes NULL.
    Ok(Kind { ascii, nullable: true, ..Kind::text(length, collation, IMPLICIT) })
}

pub(super) fn text(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = call.kind().collation;
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let bytes = convert::to_charset(text, collation, call.context())?;
    let (CastTarget::Char { length: Some(length), .. }
    | CastTarget::Binary { length: Some(length) }) = target(call.func())?
    else {
        return Ok(call.made(bytes));
    };
    let length = length as usize;
    let width = match collation {
        Collation::BINARY => length.min(bytes.len()),
        _ => convert::characters(&bytes).take(length).map(<[u8]>::len).sum(),
    };
    if width < bytes.len() {
        let what = if collation == Collation::BINARY { "BINARY" } else { "CHAR" };
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        call.warn(1292, format!("Truncated incorrect {what}({length}) value: '{shown}'"));
        return Ok(call.made(bytes.slice(..width)));
    }
    if collation == Collation::BINARY && bytes.len() < length {
        let mut padded = bytes.to_vec();
        padded.resize(length, 0);
        return Ok(call.made(padded));
    }
    Ok(Value::Text(Text { bytes, collation }.bytes, collation))
}
