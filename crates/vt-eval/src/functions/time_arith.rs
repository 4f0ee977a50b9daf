//! ADDTIME, SUBTIME, TIMEDIFF and TIMESTAMP of two.

use vt_base::Error;
use vt_value::temporal::{DAY, Interval, TIME_MAX, Unit, add_interval};
use vt_value::{Temporal, Type, Value};

use super::asked;
use super::date_arith::{is_dated, out_of_range, shaped};
use super::temporal_kinds::{datetime_digits, datetime_kind, text_kind, time_digits, time_kind};
use crate::collate::constant;
use crate::convert::{self, Need};
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("addtime", (2, 2), add_kind, |call| add(call, 1)),
    Function::new("subtime", (2, 2), add_kind, |call| add(call, -1)),
    Function::new("timediff", (2, 2), diff_kind, diff),
    Function::new("timestamp", (1, 2), timestamp_kind, timestamp),
];

fn add_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let typ = signature.kind(0).typ;
    if !typ.is_temporal() {
        return Ok(text_kind(signature));
    }
    let digits = datetime_digits(signature, 0).max(time_digits(signature, 1));
    Ok(if typ == Type::TIME { time_kind(digits) } else { datetime_kind(digits) })
}

fn add(call: &mut Call<'_, '_>, sign: i64) -> Result<Value, Error> {
    let first = call.value(0)?;
    if first.is_null() {
        return asked_again(call);
    }
    let first = either(call, 0, &first, Need::Whole)?;
    let Some(first) = first else { return Ok(Value::Null) };
    let second = call.value(1)?;
    let Some(second) = asked::time(call, 1, &second)? else { return Ok(Value::Null) };
    let micros = second.time_micros() * sign;
    if !is_dated(&first) {
        let sum = first.time_micros() + micros;
        if sum.abs() > TIME_MAX {
            let null = out_of_range(call, "TIME")?;
            let limit = Temporal::time(sum.clamp(-TIME_MAX, TIME_MAX), 0);
            return Ok(if call.kind().typ == Type::TIME { null } else { Value::Temporal(limit) });
        }
        return Ok(Value::Temporal(shaped(Temporal::time(sum, 6), call.kind())));
    }
    let sum =
        add_interval(first.to_datetime(), Interval::of_micros(micros.into()), Unit::Microsecond);
    match sum {
        Some(sum) => Ok(Value::Temporal(shaped(sum, call.kind()))),
        None if sign * second.time_micros() < 0 => Ok(Value::Null),
        None => out_of_range(call, "DATETIME"),
    }
}

/// Returns NULL. MySQL asks a number that was NULL as a datetime once more as a time, and its
/// warnings come twice.
pub(super) fn asked_again(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    ask_again(call, 0)?;
    Ok(Value::Null)
}

/// Computes a number once more, as MySQL does where it found no datetime in it.
pub(super) fn ask_again(call: &mut Call<'_, '_>, place: usize) -> Result<(), Error> {
    let typ = call.arg_kind(place).typ;
    let number = typ.is_integral() && typ != Type::YEAR;
    if number && call.args()[place].call().is_some() {
        call.value(place)?;
    }
    Ok(())
}

/// Returns an argument as a date, a datetime or a time.
pub(super) fn either(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
    need: Need,
) -> Result<Option<Temporal>, Error> {
    let found = convert::either(value, need, call.context())?;
    let found = asked::ask_inside(call, place, (value, found), |inner, ctx| {
        convert::datetime(inner, need, ctx)
    })?;
    if found.is_some_and(|found| !is_dated(&found)) {
        ask_again(call, place)?;
    }
    Ok(found)
}

fn diff_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    fail_now(signature, 0)?;
    fail_now(signature, 1)?;
    Ok(time_kind(time_digits(signature, 0).max(time_digits(signature, 1))))
}

fn diff(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let first = call.value(0)?;
    if first.is_null() {
        return asked_again(call);
    }
    let first = either(call, 0, &first, Need::Any)?;
    let Some(first) = first else { return Ok(Value::Null) };
    let second = call.value(1)?;
    if second.is_null() {
        ask_again(call, 1)?;
        return Ok(Value::Null);
    }
    let second = either(call, 1, &second, Need::Any)?;
    let Some(second) = second else { return Ok(Value::Null) };
    if is_dated(&first) != is_dated(&second) {
        return Ok(Value::Null);
    }
    let days = |value: &Temporal| if is_dated(value) { value.day_number() } else { 0 };
    let micros = |value: &Temporal| days(value) * DAY + value.time_micros();
    let diff = micros(&first) - micros(&second);
    let digits = call.kind().decimals;
    if diff.abs() > TIME_MAX {
        let mut text = Vec::new();
        write_long(diff, digits, &mut text);
        convert::warn_temporal(call.context(), "Truncated incorrect", "time", &text);
    }
    Ok(Value::Temporal(Temporal::time(diff.clamp(-TIME_MAX, TIME_MAX), digits)))
}

/// Writes a time that may be longer than a TIME.
fn write_long(micros: i64, digits: u8, out: &mut Vec<u8>) {
    let fraction = format!("{:06}", micros.abs() % vt_value::temporal::SECOND);
    let seconds = micros.abs() / vt_value::temporal::SECOND;
    let sign = if micros < 0 { "-" } else { "" };
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let text = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}");
    out.extend_from_slice(text.as_bytes());
    if digits > 0 {
        out.push(b'.');
        out.extend_from_slice(&fraction.as_bytes()[..usize::from(digits.min(6))]);
    }
}

/// Fails if an argument is a constant string or document that is an error: MySQL looks at its
/// digits before any row.
pub(super) fn fail_now(signature: &Signature<'_>, place: usize) -> Result<(), Error> {
    let arg = &signature.args()[place];
    match arg.kind().is_string() || arg.kind().typ == Type::JSON {
        true => constant::fail_now(arg, signature.session()),
        false => Ok(()),
    }
}

fn timestamp_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let mut digits = datetime_digits(signature, 0);
    if signature.len() == 2 {
        fail_now(signature, 1)?;
        digits = digits.max(time_digits(signature, 1));
    }
    Ok(datetime_kind(digits))
}

fn timestamp(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    let digits = call.kind().decimals;
    if call.len() == 1 {
        let value = asked::datetime(call, 0, &value, Need::Stored)?;
        let value = value.map(|value| value.to_datetime().with_digits(digits));
        return Ok(value.map_or(Value::Null, Value::Temporal));
    }
    let Some(value) = asked::datetime(call, 0, &value, Need::Whole)? else {
        return Ok(Value::Null);
    };
    let time = call.value(1)?;
    let Some(time) = asked::time(call, 1, &time)? else { return Ok(Value::Null) };
    let interval = Interval::of_micros(time.time_micros().into());
    match add_interval(value.to_datetime(), interval, Unit::Microsecond) {
        Some(sum) => Ok(Value::Temporal(sum.with_digits(digits))),
        None => out_of_range(call, "DATETIME"),
    }
}
