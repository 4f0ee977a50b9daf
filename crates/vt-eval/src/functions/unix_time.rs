//! UNIX_TIMESTAMP, FROM_UNIXTIME, CONVERT_TZ.

use vt_base::Error;
use vt_value::temporal::zone::TIMESTAMP_MAX;
use vt_value::temporal::{SECOND, TimeZone};
use vt_value::{Decimal, Temporal, Value};

use super::asked;
use super::date_format::{format, format_kind};
use super::temporal_kinds::{datetime_digits, datetime_kind, second_digits};
use crate::SqlMode;
use crate::convert::{self, Need};
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("convert_tz", (3, 3), convert_kind, convert_tz),
    Function::new("from_unixtime", (1, 2), from_kind, from_unixtime),
    Function::new("unix_timestamp", (0, 1), unix_kind, unix_timestamp),
];

fn unix_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let digits = if signature.is_empty() { 0 } else { datetime_digits(signature, 0) };
    let kind = match digits {
        0 => Kind::int(21),
        _ => Kind::decimal(11 + u32::from(digits), digits),
    };
    Ok(kind.with_nullable(signature.any_nullable()))
}

fn unix_timestamp(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if call.is_empty() {
        return Ok(Value::Int(call.session().now_micros.div_euclid(SECOND)));
    }
    let value = call.value(0)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    let moment = asked::datetime(call, 0, &value, Need::Parts)?;
    let moment = moment.filter(|moment| !moment.has_zero()).map(|moment| {
        let (start, micros) = call.session().time_zone.moment_of(&moment);
        (start.seconds, i64::from(micros))
    });
    let in_range = moment.filter(|(seconds, _)| (0..=TIMESTAMP_MAX).contains(seconds));
    let (seconds, micros) = in_range.unwrap_or((0, 0));
    let digits = call.kind().decimals;
    if digits == 0 {
        return Ok(Value::Int(seconds));
    }
    // Six digits are behind the point, or none.
    if micros == 0 {
        return Ok(Value::Decimal(seconds.into()));
    }
    let text = format!("{seconds}.{micros:06}");
    let number = Decimal::parse(text.as_bytes()).ok_or_else(|| Error::bug("a time's digits"))?;
    Ok(Value::Decimal(number))
}

fn from_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    match signature.len() {
        1 => Ok(datetime_kind(second_digits(signature, 0))),
        _ => format_kind(signature, 1),
    }
}

fn from_unixtime(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(seconds) = call.decimal(0)? else { return Ok(Value::Null) };
    if !call.arg_kind(0).typ.is_integral() {
        convert::too_long(&Value::Decimal(seconds), call.context());
    }
    let truncates = call.session().sql_mode.has(SqlMode::TIME_TRUNCATE_FRACTIONAL);
    let micros = seconds.truncate(9).mul(&SECOND.into()).and_then(|micros| {
        let whole = if truncates { micros.truncate(0) } else { micros.round(0) };
        whole.to_i64()
    });
    let in_range = micros.filter(|micros| (0..(TIMESTAMP_MAX + 1) * SECOND).contains(micros));
    let digits = if call.len() == 1 { call.kind().decimals } else { 6 };
    let moment = match in_range {
        // What is but so little below zero is zero.
        Some(micros) if !seconds.truncate(9).is_negative() => {
            call.session().time_zone.local(micros, digits)
        }
        _ => None,
    };
    match call.len() {
        1 => Ok(moment.map_or(Value::Null, Value::Temporal)),
        _ => format(call, moment, 1, false),
    }
}

/// The zones of CONVERT_TZ that are constant; the inner `None` is a zone that there is not.
struct Zones([Option<Option<TimeZone>>; 2]);

fn convert_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    super::time_arith::fail_now(signature, 0)?;
    let mut zones = Zones([None, None]);
    for (place, zone) in zones.0.iter_mut().enumerate() {
        if let Some(Value::Text(name, _)) = signature.constant(place + 1) {
            *zone = Some(find(name)?);
            let warnings = signature.args()[place + 1].folded_warnings();
            signature.notes.borrow_mut().extend(warnings.iter().cloned());
        }
    }
    signature.keep(zones);
    Ok(datetime_kind(datetime_digits(signature, 0)))
}

fn find(name: &[u8]) -> Result<Option<TimeZone>, Error> {
    if name.eq_ignore_ascii_case(b"SYSTEM") {
        return Err(Error::unsupported("the time zone SYSTEM, which is that of a shard"));
    }
    Ok(std::str::from_utf8(name).ok().and_then(TimeZone::of_name))
}

fn zone(call: &mut Call<'_, '_>, place: usize) -> Result<Option<TimeZone>, Error> {
    let kept = call.kept::<Zones>().and_then(|zones| zones.0[place - 1].as_ref());
    if let Some(zone) = kept {
        return Ok(zone.clone());
    }
    // A constant is asked for but once.
    let node = &call.args()[place];
    let name = match node.is_constant() {
        true => call.context().once(node, |ctx| node.text(&[], ctx))?,
        false => call.text(place)?,
    };
    let Some(name) = name else { return Ok(None) };
    find(&convert::readable(&name)?)
}

fn convert_tz(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (from, to) = (zone(call, 1)?, zone(call, 2)?);
    let (Some(from), Some(to)) = (from, to) else { return Ok(Value::Null) };
    let value = call.value(0)?;
    let moment = asked::datetime(call, 0, &value, Need::Whole)?;
    let Some(moment) = moment else { return Ok(Value::Null) };
    let digits = call.kind().decimals;
    Ok(Value::Temporal(moved(moment, &from, &to, digits)))
}

/// Moves a local time to another zone, if it is in the range of a TIMESTAMP.
fn moved(local: Temporal, from: &TimeZone, to: &TimeZone, digits: u8) -> Temporal {
    let unmoved = local.to_datetime().with_digits(digits);
    let (moment, micros) = from.moment_of(&local);
    if moment.seconds <= 0 || moment.seconds > TIMESTAMP_MAX {
        return unmoved;
    }
    to.local(moment.seconds * SECOND + i64::from(micros), digits).unwrap_or(unmoved)
}
