//! DATE, TIME, and casts to DATE, TIME, DATETIME and YEAR.

use vt_base::Error;
use vt_value::temporal::{round_to, truncate_to};
use vt_value::{Collation, Temporal, TemporalKind, Type, Value};

use super::asked;
use super::json;
use super::temporal_kinds::{date_kind, datetime_kind, time_digits, time_kind};
use crate::Func;
use crate::convert::{self, Int, Need};
use crate::expr::CastTarget;
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;
use crate::sql_mode::SqlMode;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("date", (1, 1), |_| Ok(date_kind()), date),
    Function::new("time", (1, 1), |signature| Ok(time_kind(time_digits(signature, 0))), time),
];

fn date(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    let date = asked::date(call, 0, &value, Need::Stored)?;
    Ok(date.map_or(Value::Null, Value::Temporal))
}

fn time(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    let time = asked::time(call, 0, &value)?;
    let digits = call.kind().decimals;
    Ok(time.map_or(Value::Null, |time| Value::Temporal(time.with_digits(digits))))
}

/// The kind of a cast to a date or time.
pub(crate) fn cast_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(match signature.func() {
        Func::Cast(CastTarget::Date) => date_kind(),
        Func::Cast(CastTarget::Time { decimals }) => time_kind(decimals),
        Func::Cast(CastTarget::DateTime { decimals }) => datetime_kind(decimals),
        Func::Cast(CastTarget::Year) => Kind::new(Type::YEAR, 4, 0),
        _ => return Err(Error::bug("a cast to no date and no time")),
    })
}

/// Casts to a date or time.
pub(crate) fn cast(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = value(call)?;
    let kind = call.kind();
    let found = match call.func() {
        Func::Cast(CastTarget::Date) => asked::date(call, 0, &value, Need::Stored)?,
        Func::Cast(CastTarget::Time { .. }) => asked::time(call, 0, &value)?,
        Func::Cast(CastTarget::DateTime { .. }) => {
            let found = asked::datetime(call, 0, &value, Need::Stored)?;
            found.map(|value| value.to_datetime())
        }
        _ => return cast_year(call, &value),
    };
    let Some(found) = found else { return Ok(Value::Null) };
    Ok(match cut(found, kind.decimals, call) {
        Some(value) => Value::Temporal(value),
        None => {
            convert::overflow(call.context(), "datetime");
            Value::Null
        }
    })
}

/// Computes what is cast; a document becomes the date or time that it holds, for a year a number.
fn value(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    let Value::Json(document) = &value else { return Ok(value) };
    let wanted = match call.func() {
        Func::Cast(CastTarget::Date) => TemporalKind::Date,
        Func::Cast(CastTarget::Time { .. }) => TemporalKind::Time,
        Func::Cast(CastTarget::DateTime { .. }) => TemporalKind::DateTime,
        _ => return Ok(call.int(0)?.map_or(Value::Null, Int::to_value)),
    };
    let source = json::cast::source(&call.args()[0]);
    let found = json::cast::temporal(document, wanted, &source, call.context())?;
    Ok(found.map_or(Value::Null, Value::Temporal))
}

/// Brings a fraction to so many digits; `None` where it would lead beyond the last day.
fn cut(value: Temporal, digits: u8, call: &Call<'_, '_>) -> Option<Temporal> {
    if call.session().sql_mode.has(SqlMode::TIME_TRUNCATE_FRACTIONAL) {
        return Some(truncate_to(value, digits));
    }
    round_to(value, digits)
}

/// Casts to a year: of numbers as they are, or with two digits, and of dates.
fn cast_year(call: &mut Call<'_, '_>, value: &Value) -> Result<Value, Error> {
    let year = match value {
        Value::Null => return Ok(Value::Null),
        Value::Temporal(value) if value.kind == vt_value::TemporalKind::Time => {
            i64::from(convert::now(call.session()).ymd().0)
        }
        Value::Temporal(value) => i64::from(value.ymd().0),
        Value::Text(bytes, _) if call.arg_kind(0).is_bits() => {
            i64::try_from(convert::bits_of(bytes, call.context())).unwrap_or(-1)
        }
        Value::Text(..) if call.arg_kind(0).members.is_some() => match call.int(0)? {
            Some(year) => year.clamped_i64(),
            None => return Ok(Value::Null),
        },
        Value::Text(bytes, collation) => match year_of_text(call, bytes, *collation) {
            Some(year) => year,
            None => return Ok(Value::Null),
        },
        Value::Int(year) => *year,
        Value::UInt(year) => *year as i64,
        // What has a sign takes the bits of what has none.
        _ => match call.int(0)? {
            Some(year) => year.bits_i64(),
            None => return Ok(Value::Null),
        },
    };
    let whole = match year {
        1..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    };
    if whole == 0 || (1901..=2155).contains(&whole) {
        return Ok(Value::UInt(whole as u64));
    }
    let mut text = Vec::new();
    match value {
        Value::UInt(number) => Value::Int(*number as i64).write(&mut text),
        Value::Text(bytes, _) if call.arg_kind(0).is_bits() => {
            Value::Int(convert::bits(bytes) as i64).write(&mut text);
        }
        Value::Int(number) => Value::Int(*number).write(&mut text),
        _ => Value::Int(year).write(&mut text),
    }
    convert::warn_temporal(call.context(), "Truncated incorrect", "YEAR", &text);
    Ok(Value::Null)
}

/// A number of more digits is none of 64 bits.
const DIGITS_MAX: usize = 20;

/// Reads the year that a string starts with; a text of zeroes is the year 2000.
fn year_of_text(call: &mut Call<'_, '_>, text: &[u8], collation: Collation) -> Option<i64> {
    let plain = convert::plain(text, collation);
    let told = convert::shown(text, collation);
    let text: &[u8] = &plain;
    let (number, whole) = convert::integer_of_text(text);
    let digits = text.trim_ascii_start().first().is_some_and(u8::is_ascii_digit);
    let beyond = number.value > u64::MAX.into() || number.value < i64::MIN.into();
    let all = text.trim_ascii().iter().all(u8::is_ascii_digit);
    if number.value == 0 && !digits || beyond || all && text.trim_ascii().len() > DIGITS_MAX {
        call.warn(1525, format!("Incorrect YEAR value: '{told}'"));
        return None;
    }
    if !whole {
        convert::warn_temporal(call.context(), "Truncated incorrect", "YEAR", text);
    }
    Some(if number.value == 0 { 2000 } else { number.bits_i64() })
}
