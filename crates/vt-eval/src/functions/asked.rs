//! An argument as a date or a time, also where it is a JSON document.

use vt_base::Error;
use vt_value::json::Json;
use vt_value::{Decimal, Temporal, TemporalKind, Type, Value};

use super::json::cast;
use crate::Func;
use crate::context::Context;
use crate::convert::{self, Need};
use crate::expr::CastTarget;
use crate::function::{Call, Chosen};

/// Returns an argument's value as a DATE; `None` for NULL and for what is none.
pub(super) fn date(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
    need: Need,
) -> Result<Option<Temporal>, Error> {
    let passed = passed_on(call, place, value)?;
    let value = passed.as_ref().unwrap_or(value);
    ask_last_day(call, place, value, need)?;
    let next = next_of_choice(call, place, value, need)?;
    let value = next.as_ref().unwrap_or(value);
    match of_json(call, place, value, TemporalKind::Date)? {
        Some(found) => {
            let whole = matches!(need, Need::Whole | Need::Countable);
            let found = found.map(|found| found.to_date());
            Ok(found.filter(|found| !(whole && found.has_zero())))
        }
        None => {
            let found = convert::date(value, need, call.context())?;
            ask_inside(call, place, (value, found), |inner, ctx| convert::date(inner, need, ctx))
        }
    }
}

/// Returns an argument's value as a DATETIME, or as a DATE if it has no time.
pub(super) fn datetime(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
    need: Need,
) -> Result<Option<Temporal>, Error> {
    let passed = passed_on(call, place, value)?;
    let value = passed.as_ref().unwrap_or(value);
    ask_last_day(call, place, value, need)?;
    let next = next_of_choice(call, place, value, need)?;
    let value = next.as_ref().unwrap_or(value);
    match of_json(call, place, value, TemporalKind::DateTime)? {
        // A date in a document is a datetime; a string in one is what it says.
        Some(found) => Ok(match value {
            Value::Json(Json::Temporal(_)) => found.map(|found| found.to_datetime()),
            _ => found,
        }),
        None => {
            let found = convert::datetime(value, need, call.context())?;
            ask_inside(call, place, (value, found), |inner, ctx| {
                convert::datetime(inner, need, ctx)
            })
        }
    }
}

/// Returns an argument's value as a TIME.
pub(super) fn time(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
) -> Result<Option<Temporal>, Error> {
    let passed = match value {
        // A time that is chosen among dates is no datetime yet.
        Value::Temporal(_) => chosen_quietly(call, place)?,
        _ => passed_on(call, place, value)?,
    };
    let value = passed.as_ref().unwrap_or(value);
    match of_json(call, place, value, TemporalKind::Time)? {
        Some(found) => Ok(found.map(|found| found.to_time())),
        None => convert::time(value, call.context()),
    }
}

/// Returns the date, time or number that an argument passes on which chooses among strings: it is
/// asked for itself, not for its text.
fn passed_on(call: &mut Call<'_, '_>, place: usize, value: &Value) -> Result<Option<Value>, Error> {
    // Of a zero that was computed the digits behind the point are lost.
    if let Value::Decimal(zero) = value
        && zero.is_zero()
        && call.args()[place].call().is_some_and(|call| makes_zero(call.func))
    {
        return Ok(Some(Value::Decimal(Decimal::ZERO)));
    }
    // MySQL forgets that a number which it casts to is NULL.
    if value.is_null() && call.args()[place].call().is_some_and(|call| is_real_cast(call.func)) {
        return Ok(Some(Value::Float(0.0)));
    }
    if !matches!(value, Value::Text(..)) {
        return Ok(None);
    }
    chosen_quietly(call, place)
}

/// Computes what an argument chose; that was done before, and has warned.
fn chosen_quietly(call: &mut Call<'_, '_>, place: usize) -> Result<Option<Value>, Error> {
    let muted = call.ctx.warnings.mute(true);
    let passed = chosen_other(call, place);
    call.ctx.warnings.mute(muted);
    passed
}

/// Computes the number, date or time that a choice among strings passes on.
fn chosen_other(call: &mut Call<'_, '_>, place: usize) -> Result<Option<Value>, Error> {
    let Chosen::Other(node) = call.chosen(place)? else { return Ok(None) };
    let other = node.kind().typ.is_temporal() || node.kind().typ.is_number();
    if !other || node.kind().typ == Type::YEAR {
        return Ok(None);
    }
    let passed = node.eval(call.row, call.ctx)?;
    Ok(Some(passed).filter(|passed| !passed.is_null()))
}

/// Warns of a date that a cast made and the function does not take: MySQL asks what was cast for a
/// date such as the function needs.
pub(super) fn ask_inside(
    call: &mut Call<'_, '_>,
    place: usize,
    (value, found): (&Value, Option<Temporal>),
    read: impl FnOnce(&Value, &mut Context<'_>) -> Result<Option<Temporal>, Error>,
) -> Result<Option<Temporal>, Error> {
    if found.is_some() || !matches!(value, Value::Temporal(_)) {
        return Ok(found);
    }
    let arg = &call.args()[place];
    let Some(cast) = arg.call().filter(|call| is_date_cast(call.func)) else { return Ok(None) };
    let [inner] = cast.args.as_slice() else { return Ok(None) };
    let source = inner.eval(call.row, call.ctx)?;
    if matches!(source, Value::Text(..) | Value::Int(_) | Value::UInt(_) | Value::Decimal(_)) {
        read(&source, call.context())?;
    }
    Ok(None)
}

/// Warns of the argument of a LAST_DAY that is NULL as the function does which asks for it: where a
/// whole date is needed, MySQL asks that argument for one, and LAST_DAY does not come to warn.
fn ask_last_day(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
    need: Need,
) -> Result<(), Error> {
    if need == Need::Parts {
        return Ok(());
    }
    let read = |value: &Value, ctx: &mut Context<'_>| convert::datetime(value, need, ctx);
    let asked = call.args()[place].call().filter(|call| call.function.name == "last_day");
    let Some([inner]) = asked.map(|call| call.args.as_slice()).filter(|_| value.is_null()) else {
        return Ok(());
    };
    let muted = call.ctx.warnings.mute(true);
    let source = inner.eval(call.row, call.ctx);
    call.ctx.warnings.mute(muted);
    let source = source?;
    let number = matches!(source, Value::Int(_) | Value::UInt(_) | Value::Decimal(_));
    if !number && !matches!(source, Value::Float(_) | Value::Temporal(_)) {
        return Ok(());
    }
    let lenient = convert::date(&source, Need::Parts, &mut Context::new(call.session()))?;
    if lenient.is_none() || read(&source, &mut Context::new(call.session()))?.is_some() {
        return Ok(());
    }
    call.ctx.warnings.take_back();
    read(&source, call.ctx)?;
    Ok(())
}

/// Returns what COALESCE and IFNULL give in place of a date that the function does not take: MySQL
/// asks each of their arguments for a date such as it needs.
fn next_of_choice(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
    need: Need,
) -> Result<Option<Value>, Error> {
    let rules = need.rules(call.session());
    let refused = |value: &Value| match value {
        Value::Temporal(one) => one.kind != TemporalKind::Time && rules.check_value(one).is_some(),
        other => other.is_null(),
    };
    let arg = &call.args()[place];
    let choice = arg.call().filter(|call| matches!(call.function.name, "coalesce" | "ifnull"));
    let Some(choice) = choice.filter(|_| !value.is_null() && refused(value)) else {
        return Ok(None);
    };
    if need == Need::Parts || !arg.kind().typ.is_temporal() {
        return Ok(None);
    }
    let muted = call.ctx.warnings.mute(true);
    let mut next = Ok(Value::Null);
    for one in &choice.args {
        next = one.eval(call.row, call.ctx);
        if next.as_ref().map_or(true, |value| !refused(value)) {
            break;
        }
        next = Ok(Value::Null);
    }
    call.ctx.warnings.mute(muted);
    next.map(Some)
}

fn is_real_cast(func: Func) -> bool {
    matches!(func, Func::Cast(CastTarget::Float | CastTarget::Double | CastTarget::Real))
}

/// Returns whether a call computes decimals, whose zero has no digits behind the point.
fn makes_zero(func: Func) -> bool {
    match func {
        Func::Named(id) => id.function().name == "unix_timestamp",
        _ => matches!(func, Func::Mul | Func::Div),
    }
}

fn is_date_cast(func: Func) -> bool {
    match func {
        Func::Cast(CastTarget::Date | CastTarget::DateTime { .. }) => true,
        Func::Named(id) => matches!(id.function().name, "date" | "last_day" | "timestamp"),
        _ => false,
    }
}

/// Returns the first moment of the year in a YEAR column; a year that was computed is a number.
fn year_of_column(call: &Call<'_, '_>, place: usize, value: &Value) -> Option<Temporal> {
    let node = &call.args()[place];
    if node.kind().typ != Type::YEAR || !node.is_column() {
        return None;
    }
    let year = match value {
        Value::Int(year) => u32::try_from(*year).ok()?,
        Value::UInt(year) => u32::try_from(*year).ok()?,
        _ => return None,
    };
    (0..=9999).contains(&year).then(|| Temporal::datetime(year, 1, 1, 0, 0))
}

/// Returns what a document, or a year, is as a date or time; the outer `None` is for anything else.
fn of_json(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
    wanted: TemporalKind,
) -> Result<Option<Option<Temporal>>, Error> {
    if let Some(year) = year_of_column(call, place, value) {
        return Ok(Some(Some(year)));
    }
    let Value::Json(json) = value else { return Ok(None) };
    let source = cast::source(&call.args()[place]);
    cast::temporal(json, wanted, &source, call.context()).map(Some)
}
