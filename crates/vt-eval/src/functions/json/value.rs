//! `JSON_VALUE(document, path RETURNING type ... ON EMPTY ... ON ERROR)`.
//!
//! The arguments are the document, the path, a cast of NULL to the type (NULL alone where none is
//! named), and for ON EMPTY and ON ERROR each a word and a default.

use vt_base::{Code, Error};
use vt_value::json::{Json, Path};
use vt_value::temporal::truncate_to;
use vt_value::{Collation, Decimal, TemporalKind, Type, Value};

use super::argument::{may_be_document, not_json, utf8};
use super::cast::{Made, as_decimal, as_int, as_real, as_temporal};
use super::{LENGTH_MAX, json_kind, name_of};
use crate::Func;
use crate::collate::coercibility::COERCIBLE;
use crate::convert::{self, Int};
use crate::expr::CastTarget;
use crate::function::{Call, Signature, Text};
use crate::kind::{Kind, NOT_FIXED};
use crate::operators::collation::NATIONAL;

/// How many characters a value has where no type is named.
const DEFAULT_LENGTH: u32 = 512;
const FLOAT_LENGTH: u32 = 23;

/// What a call keeps for its rows.
struct Plan {
    path: Path,
    target: CastTarget,
    on_empty: Otherwise,
    on_error: Otherwise,
}

/// What stands in for a missing or bad value.
#[derive(Clone, Debug)]
enum Otherwise {
    Null,
    Error,
    Default(Value),
}

pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if !may_be_document(signature.kind(0)) {
        return Err(not_json(0, signature.name()));
    }
    let named = signature.args()[2].call().map(|call| call.func);
    let target = match named {
        Some(Func::Cast(target)) => target,
        _ => CastTarget::Char { length: Some(DEFAULT_LENGTH), collation: None },
    };
    let kind = kind_of(target);
    let Some(Value::Text(path, _)) = signature.constant(1) else {
        return Err(signature.unsupported("with a path that is no literal"));
    };
    let path = Path::parse(&String::from_utf8_lossy(path)).map_err(Error::from);
    let path = path.map_err(|error| error.with_code(Code::InvalidArgument))?;
    let on_empty = otherwise(signature, 3, target, &kind)?;
    let on_error = otherwise(signature, 5, target, &kind)?;
    signature.keep(Plan { path, target, on_empty, on_error });
    Ok(kind)
}

fn kind_of(target: CastTarget) -> Kind {
    let seconds = |width: u32, digits: u8| match digits {
        0 => width,
        _ => width + 1 + u32::from(digits),
    };
    match target {
        CastTarget::Signed => Kind::int(21),
        CastTarget::Unsigned => Kind::uint(21),
        CastTarget::Decimal { precision, scale } => Kind::decimal(precision.into(), scale),
        CastTarget::Float => Kind::new(Type::FLOAT32, FLOAT_LENGTH, NOT_FIXED),
        CastTarget::Double | CastTarget::Real => Kind::float(),
        CastTarget::NationalChar { length } => {
            Kind::text(length.unwrap_or(LENGTH_MAX), NATIONAL, COERCIBLE)
        }
        CastTarget::Char { length, collation } => {
            let collation = collation.unwrap_or(Collation::UTF8MB4_0900_BIN);
            Kind::text(length.unwrap_or(LENGTH_MAX), collation, COERCIBLE)
        }
        CastTarget::Binary { length } => {
            Kind::text(length.unwrap_or(u32::MAX), Collation::BINARY, COERCIBLE)
        }
        CastTarget::Date => Kind::new(Type::DATE, 10, 0),
        CastTarget::Time { decimals } => Kind::new(Type::TIME, seconds(10, decimals), decimals),
        CastTarget::DateTime { decimals } => {
            Kind::new(Type::DATETIME, seconds(19, decimals), decimals)
        }
        CastTarget::Year => Kind::new(Type::YEAR, 4, 0),
        CastTarget::Json => json_kind(),
    }
}

fn otherwise(
    signature: &Signature<'_>,
    place: usize,
    target: CastTarget,
    kind: &Kind,
) -> Result<Otherwise, Error> {
    let word = signature.constant(place).and_then(Value::text).unwrap_or_default();
    match &word[..] {
        b"ERROR" => Ok(Otherwise::Error),
        b"DEFAULT" => {
            let Some(value) = signature.constant(place + 1) else {
                return Err(signature.unsupported("with a default that is no literal"));
            };
            default(value, target, kind, signature).map(Otherwise::Default)
        }
        _ => Ok(Otherwise::Null),
    }
}

/// Brings a default to the type that is wanted, which it must fit.
fn default(
    value: &Value,
    target: CastTarget,
    kind: &Kind,
    signature: &Signature<'_>,
) -> Result<Value, Error> {
    let refused = || signature.unsupported("with a default of another type");
    let json = match value {
        Value::Null => return Ok(Value::Null),
        Value::Text(text, _) if target == CastTarget::Json => {
            let read = Json::parse(text).map_err(|error| error.in_argument(1, "json_value"));
            return read.map(Value::Json).map_err(|error| error.with_code(Code::InvalidArgument));
        }
        Value::Text(text, _) => Json::string(std::str::from_utf8(text).map_err(|_| refused())?),
        Value::Int(number) => Json::Int(*number),
        Value::UInt(number) => Json::UInt(*number),
        Value::Decimal(number) => Json::decimal(*number),
        Value::Float(number) => Json::Double(*number),
        Value::Temporal(temporal) => Json::Temporal(*temporal),
        _ => return Err(refused()),
    };
    match (made(&json, target, kind)?, target) {
        // Nothing may be lost of a default.
        (Some(made @ Value::Decimal(number)), _) if as_decimal(&json) == Made::Exactly(number) => {
            Ok(made)
        }
        (None | Some(Value::Decimal(_)), CastTarget::Decimal { .. }) => {
            Err(out_of_range("DECIMAL DEFAULT"))
        }
        (Some(made), _) => Ok(made),
        (None, CastTarget::Char { .. } | CastTarget::NationalChar { .. }) => {
            Err(out_of_range("CHAR DEFAULT"))
        }
        (None, CastTarget::Signed | CastTarget::Unsigned) if matches!(json, Json::String(_)) => {
            let sign = if target == CastTarget::Signed { "SIGNED" } else { "UNSIGNED" };
            let shown = value.text().unwrap_or_default();
            let shown = String::from_utf8_lossy(&shown).into_owned();
            let message = format!("Truncated incorrect INTEGER {sign} value: '{shown}'");
            Err(Error::mysql(1292, b"22007", message).with_code(Code::InvalidArgument))
        }
        (None, _) => Err(refused()),
    }
}

fn out_of_range(what: &str) -> Error {
    let message = format!("{what} value is out of range in 'json_value'");
    Error::mysql(1690, b"22003", message).with_code(Code::InvalidArgument)
}

pub(super) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let plan = call.kept::<Plan>();
    let plan = plan.ok_or_else(|| Error::bug("a JSON_VALUE that was not compiled"))?;
    let function = name_of(call);
    let document = match call.value(0)? {
        Value::Null => return Ok(Value::Null),
        Value::Json(document) => document,
        Value::Text(bytes, collation) => {
            let text = utf8(Text { bytes, collation }, call.context())?;
            match Json::parse(text.as_bytes()) {
                Ok(document) => document,
                Err(error) => {
                    let error = error.in_argument(1, function).with_code(Code::InvalidArgument);
                    if !matches!(plan.on_error, Otherwise::Error) {
                        call.warn(error.errno(), error.message());
                    }
                    return instead(&plan.on_error, error);
                }
            }
        }
        _ => return Err(not_json(0, function)),
    };
    let found = document.seek_all(&plan.path);
    let value = match found.as_slice() {
        [] => {
            let message = format!("No value was found by '{function}' on the specified path.");
            let error = Error::mysql(3966, b"22035", message).with_code(Code::InvalidArgument);
            return instead(&plan.on_empty, error);
        }
        [value] => *value,
        _ => {
            let message =
                format!("More than one value was found by '{function}' on the specified path.");
            let error = Error::mysql(3967, b"22034", message).with_code(Code::InvalidArgument);
            return instead(&plan.on_error, error);
        }
    };
    if matches!(value, Json::Null) {
        return Ok(Value::Null);
    }
    match made(value, plan.target, call.kind())? {
        Some(value) => Ok(value),
        None => instead(&plan.on_error, out_of_range(shown(plan.target))),
    }
}

fn instead(otherwise: &Otherwise, error: Error) -> Result<Value, Error> {
    match otherwise {
        Otherwise::Null => Ok(Value::Null),
        Otherwise::Default(value) => Ok(value.clone()),
        Otherwise::Error => Err(error),
    }
}

/// Returns what the message calls a type.
fn shown(target: CastTarget) -> &'static str {
    match target {
        CastTarget::Signed => "SIGNED",
        CastTarget::Unsigned => "UNSIGNED",
        CastTarget::Decimal { .. } => "DECIMAL",
        CastTarget::Char { .. } | CastTarget::NationalChar { .. } | CastTarget::Binary { .. } => {
            "STRING"
        }
        CastTarget::Date => "DATE",
        CastTarget::Time { .. } => "TIME",
        CastTarget::DateTime { .. } => "DATETIME",
        CastTarget::Year => "YEAR",
        CastTarget::Float => "FLOAT",
        CastTarget::Double | CastTarget::Real => "DOUBLE",
        CastTarget::Json => "JSON",
    }
}

/// Brings a value of a document to a type; `None` if it does not fit.
pub(super) fn made(value: &Json, target: CastTarget, kind: &Kind) -> Result<Option<Value>, Error> {
    Ok(match target {
        CastTarget::Json => Some(Value::Json(value.clone())),
        CastTarget::Signed => exactly(as_int(value))
            .and_then(|number| i64::try_from(number.value).ok())
            .map(Value::Int),
        CastTarget::Unsigned => exactly(as_int(value))
            .and_then(|number| u64::try_from(number.value).ok())
            .map(Value::UInt),
        CastTarget::Year => exactly(as_int(value)).and_then(year),
        CastTarget::Decimal { precision, scale } => {
            exactly(as_decimal(value)).and_then(|number| sized(number, precision, scale))
        }
        CastTarget::Double | CastTarget::Real => exactly(as_real(value)).map(Value::Float),
        CastTarget::Float => match exactly(as_real(value)).map(|number| number as f32) {
            Some(number) if !number.is_finite() => {
                return Err(Error::unsupported("a JSON value that is too great for FLOAT"));
            }
            number => number.map(|number| Value::Float(number.into())),
        },
        CastTarget::Char { length, .. }
        | CastTarget::NationalChar { length }
        | CastTarget::Binary { length } => text(value, length, kind.collation)?,
        CastTarget::Date => {
            let date = as_temporal(value, TemporalKind::Date)?;
            date.map(|date| Value::Temporal(date.to_date()))
        }
        CastTarget::DateTime { decimals } => {
            let datetime = as_temporal(value, TemporalKind::DateTime)?;
            datetime.map(|one| Value::Temporal(truncate_to(one.to_datetime(), decimals)))
        }
        CastTarget::Time { decimals } => {
            let time = as_temporal(value, TemporalKind::Time)?;
            time.map(|time| Value::Temporal(truncate_to(time.to_time(), decimals)))
        }
    })
}

fn exactly<T>(made: Made<T>) -> Option<T> {
    match made {
        Made::Exactly(value) => Some(value),
        Made::Invalid(_) | Made::OutOfRange(_) => None,
    }
}

fn year(number: Int) -> Option<Value> {
    let fits = number.value == 0 || (1901..=2155).contains(&number.value);
    fits.then(|| Value::UInt(number.bits_u64()))
}

fn sized(number: Decimal, precision: u8, scale: u8) -> Option<Value> {
    let rounded = number.round(scale);
    let digits = usize::from(precision.saturating_sub(scale));
    (rounded.integer_digits() <= digits).then_some(Value::Decimal(rounded))
}

fn text(value: &Json, length: Option<u32>, collation: Collation) -> Result<Option<Value>, Error> {
    let mut text = Vec::new();
    value.write_unquoted(&mut text);
    let characters = match collation {
        Collation::BINARY => text.len(),
        _ => String::from_utf8_lossy(&text).chars().count(),
    };
    if length.is_some_and(|length| characters > length as usize) {
        return Ok(None);
    }
    let text = Text { bytes: text.into(), collation: Collation::UTF8MB4_0900_BIN };
    let bytes = convert::converted(&text, collation)?;
    Ok(bytes.map(|bytes| Value::Text(bytes, collation)))
}
