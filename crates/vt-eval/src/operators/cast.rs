//! Casts to another type.

use vt_base::Error;
use vt_value::{Collation, Decimal, Type, Value};

use crate::collate::{self, coercibility::IMPLICIT};
use crate::convert::{self, Int};
use crate::expr::CastTarget;
use crate::function::{Call, Signature};
use crate::functions::json;
use crate::kind::Kind;
use crate::operators::collation::{self, NATIONAL};
use crate::{Func, SqlMode};

/// Warns of what MySQL will not take for ever.
fn note_deprecated(signature: &Signature<'_>) {
    if signature.func() == Func::Binary {
        let message = "'BINARY expr' is deprecated and will be removed in a future release. \
                       Please use CAST instead";
        signature.note(1287, message);
    }
    if let Func::Cast(CastTarget::NationalChar { .. }) = signature.func() {
        signature.note(3720, collation::NATIONAL_WARNING);
    }
    if let Func::Cast(CastTarget::Char { collation: Some(collation), .. }) = signature.func()
        && let Some(warning) = collation::deprecated(collation)
    {
        signature.note(1287, warning);
    }
}

fn target(func: Func) -> Result<CastTarget, Error> {
    match func {
        Func::Binary => Ok(CastTarget::Binary { length: None }),
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
        Value::Decimal(number) => {
            let number = if !unsigned && call.args[0].cuts_fraction() {
                number.truncate(0)
            } else {
                *number
            };
            return Ok(integer_of_decimal(call, number, unsigned));
        }
        Value::Text(bytes, collation) if !kind.is_bits() && kind.members.is_none() => {
            return Ok(integer_of_text(call, bytes, *collation, unsigned));
        }
        Value::Float(number)
            if call.args[0].call().is_some() && !(-9.3e18..9.3e18).contains(number) =>
        {
            let what = if unsigned && *number > 0.0 { "BIGINT UNSIGNED" } else { "BIGINT" };
            let message = format!("{what} value is out of range in '{}'", call.args[0].describe());
            return Err(Error::mysql(1690, b"22003", message));
        }
        Value::Json(json) => {
            let source = json::cast::source(&call.args[0]);
            json::cast::int(json, &source, call.context())
        }
        Value::Temporal(sum) if call.args[0].is_sum_of_time() => {
            Int::signed(convert::whole_of_sum(sum, call.context()))
        }
        _ => {
            call.context().reads_column = call.args[0].is_column() && kind.typ.is_temporal();
            let number = convert::int(&value, kind, call.context());
            call.context().reads_column = false;
            match number? {
                Some(number) => number,
                None => return Ok(Value::Null),
            }
        }
    };
    Ok(if unsigned { Value::UInt(number.bits_u64()) } else { Value::Int(number.bits_i64()) })
}

/// A negative number keeps the bits of its signed integer, even where none is wanted.
fn integer_of_decimal(call: &mut Call<'_, '_>, number: Decimal, unsigned: bool) -> Value {
    let whole = number.to_i128();
    let limit = if number.is_negative() { i128::MIN } else { i128::MAX };
    let arg = &call.args()[0];
    // A column without a sign keeps the bits of its greatest number.
    let signless = arg.is_column() && arg.kind().unsigned;
    let most = if unsigned || signless { u64::MAX.into() } else { i128::from(i64::MAX) };
    let clamped = whole.unwrap_or(limit).clamp(i64::MIN.into(), most);
    if whole != Some(clamped) {
        call.warn(1292, format!("Truncated incorrect DECIMAL value: '{number}'"));
    }
    if unsigned { Value::UInt(clamped as u64) } else { Value::Int(clamped as i64) }
}

fn integer_of_text(
    call: &mut Call<'_, '_>,
    bytes: &[u8],
    collation: Collation,
    unsigned: bool,
) -> Value {
    let (number, whole) = convert::integer_of_text(&convert::plain(bytes, collation));
    if !whole {
        let kind = call.arg_kind(0);
        convert::truncated(call.context(), "INTEGER", bytes, kind);
    }
    let within = whole || (i128::from(i64::MIN)..u64::MAX.into()).contains(&number.value);
    let within = within && (whole || number.value != i64::MIN.into());
    if unsigned && number.value < 0 && within {
        call.warn(1105, "Cast to unsigned converted negative integer to its positive complement");
    } else if !unsigned && number.unsigned && within {
        let message =
            "Cast to signed converted positive out-of-range integer to its negative complement";
        call.warn(1105, message);
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
        CastTarget::Real if short => Kind::new(Type::FLOAT32, 23, crate::kind::NOT_FIXED),
        CastTarget::Float => Kind::new(Type::FLOAT32, 23, crate::kind::NOT_FIXED),
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
        false => Err(call.out_of_range("DOUBLE")),
    }
}

pub(super) fn text_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    note_deprecated(signature);
    let kind = signature.kind(0);
    let (length, collation) = match target(signature.func())? {
        CastTarget::Char { length, collation } => {
            (length, collation.unwrap_or(signature.session().connection_collation))
        }
        CastTarget::NationalChar { length } => (length, NATIONAL),
        CastTarget::Binary { length } => (length, Collation::BINARY),
        _ => return Err(Error::bug("a cast to another type")),
    };
    let ascii = kind.ascii && collation != Collation::BINARY;
    let own = match collation {
        Collation::BINARY if kind.typ == Type::JSON => u32::MAX,
        Collation::BINARY if collate::has_bytes(kind) => kind.byte_length(),
        Collation::BINARY => kind.length,
        _ => kind.text_length(),
    };
    let length = length.unwrap_or(own);
    // A string that is too long becomes NULL where the mode is strict.
    let nullable = kind.nullable || signature.session().sql_mode.is_strict();
    Ok(Kind { ascii, nullable, ..Kind::text(length, collation, IMPLICIT) })
}

pub(super) fn text(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = call.kind().collation;
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let Some(text) = collation::of_bytes(text, collation, call) else { return Ok(Value::Null) };
    let bytes = convert::to_charset(text, collation, call.context())?;
    let (CastTarget::Char { length: Some(length), .. }
    | CastTarget::NationalChar { length: Some(length) }
    | CastTarget::Binary { length: Some(length) }) = target(call.func())?
    else {
        return Ok(call.made(bytes));
    };
    let length = length as usize;
    let width = match collation.charset() {
        Some(charset) => charset.offset(&bytes, length),
        None => length.min(bytes.len()),
    };
    if width < bytes.len() {
        let what = if collation == Collation::BINARY { "BINARY" } else { "CHAR" };
        let shown = convert::shown(&bytes, collation);
        call.warn(1292, format!("Truncated incorrect {what}({width}) value: '{shown}'"));
        return Ok(call.made(bytes.slice(..width)));
    }
    if collation == Collation::BINARY && bytes.len() < length {
        let mut padded = bytes.to_vec();
        padded.resize(length, 0);
        return Ok(call.made(padded));
    }
    Ok(call.made(bytes))
}
