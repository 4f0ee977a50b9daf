//! Dates and times with intervals: DATE_ADD, ADDDATE, TIMESTAMPADD, TIMESTAMPDIFF, DATEDIFF.
//!
//! The unit is a constant argument, which the translation of `INTERVAL x unit` puts last.

use vt_base::Error;
use vt_value::temporal::{DAY, Interval, SECOND, Unit, add_interval, interval_of_text};
use vt_value::{Temporal, TemporalKind, Type, Value};

use super::asked;
use super::temporal_kinds::{date_kind, datetime_digits, datetime_kind, text_kind, time_kind};
use crate::convert::{self, Need};
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    // Date, count, unit.
    Function::new("date_add", (3, 3), add_kind, add).internal(),
    Function::new("date_sub", (3, 3), add_kind, subtract).internal(),
    Function::new("datediff", (2, 2), |_| Ok(Kind::int(9)), datediff),
    // Unit, two datetimes.
    Function::new("timestampdiff", (3, 3), diff_kind, diff).internal(),
];

/// Returns the unit that a constant argument names.
pub(super) fn unit(signature: &Signature<'_>, place: usize) -> Result<Unit, Error> {
    let name = match signature.constant(place) {
        Some(Value::Text(name, _)) => std::str::from_utf8(name).ok(),
        _ => None,
    };
    name.and_then(Unit::from_name).ok_or_else(|| Error::bug("an interval without a unit"))
}

/// More days than lie between any two dates.
const DAYS_MAX: i128 = 3_652_424;

fn add_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let unit = unit(signature, 2)?;
    signature.keep(unit);
    let count = signature.kind(1);
    // A fraction comes from the date, or from the unit, or from the count of seconds.
    let own = match unit {
        unit if unit.has_microseconds() => 6,
        Unit::Second if count.members.is_some() => 6,
        Unit::Second => count.decimals.min(6),
        _ => 0,
    };
    let kind = signature.kind(0);
    Ok(match kind.typ {
        Type::DATE if unit.is_of_days() => date_kind(),
        Type::DATE => datetime_kind(own),
        Type::TIME if unit.has_days() => datetime_kind(kind.decimals.max(own)),
        Type::TIME => time_kind(kind.decimals.max(own)),
        Type::DATETIME | Type::TIMESTAMP => datetime_kind(datetime_digits(signature, 0).max(own)),
        _ => text_kind(signature),
    })
}

fn add(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    shift(call, |interval| interval)
}

fn subtract(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    shift(call, Interval::negated)
}

fn shift(call: &mut Call<'_, '_>, turn: fn(Interval) -> Interval) -> Result<Value, Error> {
    let unit = *call.kept::<Unit>().ok_or_else(|| Error::bug("an interval without a unit"))?;
    let value = call.value(0)?;
    let typ = call.kind().typ;
    let is_time = typ == Type::TIME;
    let value = match is_time {
        true => asked::time(call, 0, &value)?,
        false if typ == Type::DATE => asked::date(call, 0, &value, Need::Whole)?,
        false => asked::datetime(call, 0, &value, Need::Whole)?,
    };
    let Some(value) = value else { return Ok(Value::Null) };
    let what = if is_time { "TIME" } else { "DATETIME" };
    let interval = match interval(call, 1, unit)? {
        Given::Null => return Ok(Value::Null),
        Given::Unfit if matches!(typ, Type::DATE | Type::TIME) => return Ok(Value::Null),
        Given::Unfit => return out_of_range(call, what),
        Given::Interval(interval) => turn(interval),
    };
    if typ == Type::DATE && unit == Unit::Week && interval.micros.abs() > DAYS_MAX * i128::from(DAY)
    {
        return Ok(Value::Null);
    }
    let Some(sum) = add_interval(value, interval, unit) else {
        match typ {
            Type::TIME => return out_of_range(call, what),
            Type::DATE => return out_of_range(call, "DATE"),
            _ => {}
        }
        convert::overflow(call.context(), "datetime");
        return Ok(Value::Null);
    };
    Ok(Value::Temporal(shaped(sum, call.kind())))
}

/// Brings a sum to the form of its kind: a string shows a fraction of six digits or none.
pub(super) fn shaped(sum: Temporal, kind: &Kind) -> Temporal {
    match kind.typ {
        Type::DATE => sum.to_date(),
        Type::DATETIME => sum.to_datetime().with_digits(kind.decimals),
        Type::TIME => sum.with_digits(kind.decimals),
        _ => sum.with_digits(if sum.micros() == 0 { 0 } else { 6 }),
    }
}

/// Warning 6527 and NULL.
pub(super) fn out_of_range(call: &mut Call<'_, '_>, what: &str) -> Result<Value, Error> {
    let message = format!("{what} value is out of range in '{}'", call.node.describe());
    call.null_with_warning(6527, message)
}

/// What stands behind INTERVAL.
pub(super) enum Given {
    Null,
    /// It has more parts than the unit, or more than a number holds.
    Unfit,
    Interval(Interval),
}

/// Computes the interval that an argument is.
pub(super) fn interval(call: &mut Call<'_, '_>, place: usize, unit: Unit) -> Result<Given, Error> {
    if !unit.is_simple() {
        let Some(text) = call.text(place)? else { return Ok(Given::Null) };
        let text = convert::readable(&text)?;
        return Ok(interval_of_text(unit, &text).map_or(Given::Unfit, Given::Interval));
    }
    if unit == Unit::Second && call.arg_kind(place).decimals > 0 {
        let Some(seconds) = call.decimal(place)? else { return Ok(Given::Null) };
        let micros = seconds.mul(&SECOND.into()).and_then(|micros| micros.truncate(0).to_i128());
        let limit = i128::from(i64::MAX) * i128::from(SECOND);
        let micros = micros.filter(|micros| micros.abs() <= limit);
        let Some(micros) = micros else {
            convert::too_long(&Value::Decimal(seconds), call.context());
            return Ok(Given::Unfit);
        };
        return Ok(Given::Interval(Interval::of_micros(micros)));
    }
    let Some(count) = call.int(place)? else { return Ok(Given::Null) };
    // MySQL takes the bits for a signed number, and the least of them has no opposite.
    let count = count.bits_i64();
    // Weeks and quarters are counted as days and months, of 32 bits.
    let each = match unit {
        Unit::Week => 7,
        Unit::Quarter => 3,
        _ => 0,
    };
    if count == i64::MIN || i128::from(count).abs() * each > u32::MAX.into() {
        return Ok(Given::Unfit);
    }
    Ok(Given::Interval(Interval::of_count(unit, count.into())))
}

fn datediff(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let mut days = [0; 2];
    let mut known = true;
    for (place, day) in days.iter_mut().enumerate() {
        let value = call.value(place)?;
        match asked::date(call, place, &value, Need::Countable)? {
            Some(date) => *day = date.day_number(),
            None => known = false,
        }
    }
    Ok(if known { Value::Int(days[0] - days[1]) } else { Value::Null })
}

fn diff_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let unit = unit(signature, 0)?;
    if !unit.is_simple() {
        return Err(signature.unsupported("by a unit of several parts"));
    }
    signature.keep(unit);
    Ok(Kind::int(21))
}

fn diff(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let unit = *call.kept::<Unit>().ok_or_else(|| Error::bug("an interval without a unit"))?;
    let mut moments = [Temporal::ZERO_DATE; 2];
    for (place, moment) in moments.iter_mut().enumerate() {
        let value = call.value(place + 1)?;
        let Some(value) = asked::datetime(call, place + 1, &value, Need::Whole)? else {
            return Ok(Value::Null);
        };
        *moment = value;
    }
    let [from, to] = moments;
    let micros = |moment: Temporal| i128::from(moment.day_number() * DAY + moment.clock());
    let between = micros(to) - micros(from);
    let count = match unit {
        Unit::Year | Unit::Quarter | Unit::Month => {
            let months = if between < 0 { -months(to, from) } else { months(from, to) };
            months / Interval::of_count(unit, 1).months as i64
        }
        _ => (between / Interval::of_count(unit, 1).micros) as i64,
    };
    Ok(Value::Int(count))
}

/// Counts the whole months from one moment to a later one.
fn months(from: Temporal, to: Temporal) -> i64 {
    let ((y1, m1, d1), (y2, m2, d2)) = (from.ymd(), to.ymd());
    let months = i64::from(y2) * 12 + i64::from(m2) - i64::from(y1) * 12 - i64::from(m1);
    months - i64::from((d2, to.clock()) < (d1, from.clock()))
}

/// Returns whether a value is a DATE or a DATETIME.
pub(super) fn is_dated(value: &Temporal) -> bool {
    value.kind != TemporalKind::Time
}
