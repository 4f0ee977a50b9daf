//! NOW, CURDATE, CURTIME, their UTC kin and other names.

use vt_base::{Code, Error};
use vt_value::temporal::{TimeZone, truncate_to};
use vt_value::{Temporal, Type, Value};

use super::temporal_kinds::{date_kind, datetime_kind, time_kind};
use crate::convert;
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("curdate", (0, 0), date, today).statement(),
    Function::new("current_date", (0, 0), date, today).statement(),
    Function::new("current_time", (0, 1), time, now).statement(),
    Function::new("current_timestamp", (0, 1), datetime, now).statement(),
    Function::new("curtime", (0, 1), time, now).statement(),
    Function::new("localtime", (0, 1), datetime, now).statement(),
    Function::new("localtimestamp", (0, 1), datetime, now).statement(),
    Function::new("now", (0, 1), datetime, now).statement(),
    Function::new("sysdate", (0, 1), sysdate_kind, sysdate).row(),
    Function::new("utc_date", (0, 0), date, utc_today).statement(),
    Function::new("utc_time", (0, 1), time, utc_now).statement(),
    Function::new("utc_timestamp", (0, 1), datetime, utc_now).statement(),
];

fn date(_signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(date_kind().with_nullable(false))
}

fn sysdate_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.session().clock.is_none() {
        return Err(signature.unsupported("looks at the clock for each row"));
    }
    datetime(signature)
}

fn sysdate(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(clock) = &call.session().clock else {
        return Err(Error::bug("SYSDATE() without a clock"));
    };
    let moment = call.session().time_zone.local((clock.0)(), 6);
    let moment = moment.unwrap_or(Temporal::datetime(1970, 1, 1, 0, 6));
    Ok(shown(moment, call.kind()))
}

/// Returns the digits that the argument asks for.
fn digits(signature: &Signature<'_>) -> Result<u8, Error> {
    let digits = match signature.constant(0) {
        None if signature.is_empty() => return Ok(0),
        Some(Value::Int(digits)) => u8::try_from(*digits).ok(),
        Some(Value::UInt(digits)) => u8::try_from(*digits).ok(),
        _ => None,
    };
    digits.filter(|digits| *digits <= 6).ok_or_else(|| {
        let name = signature.name();
        let shown = signature.constant(0).and_then(Value::text).unwrap_or_default();
        let shown = String::from_utf8_lossy(&shown).into_owned();
        let message = format!("Too-big precision {shown} specified for '{name}'. Maximum is 6.");
        Error::mysql(1426, b"42000", message).with_code(Code::InvalidArgument)
    })
}

fn datetime(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(datetime_kind(digits(signature)?).with_nullable(false))
}

fn time(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = time_kind(digits(signature)?).with_nullable(false);
    // No sign, and no third digit of the hour.
    Ok(Kind { length: kind.length - 2, ..kind })
}

fn today(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(Value::Temporal(convert::now(call.session()).to_date()))
}

fn now(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(shown(convert::now(call.session()), call.kind()))
}

fn utc(call: &Call<'_, '_>) -> Temporal {
    let now = TimeZone::UTC.local(call.session().now_micros, 6);
    now.unwrap_or(Temporal::datetime(1970, 1, 1, 0, 6))
}

fn utc_today(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(Value::Temporal(utc(call).to_date()))
}

fn utc_now(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(shown(utc(call), call.kind()))
}

/// Cuts a moment to what the kind shows of it.
fn shown(moment: Temporal, kind: &Kind) -> Value {
    let moment = if kind.typ == Type::TIME { moment.to_time() } else { moment };
    Value::Temporal(truncate_to(moment, kind.decimals))
}
