//! EXTRACT: one or several units of a date or time as a number.

use vt_base::Error;
use vt_value::temporal::{Unit, calendar};
use vt_value::{Temporal, Type, Value};

use super::asked;
use super::date_arith::{is_dated, unit};
use crate::convert::{self, Need};
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    // Unit, value.
    Function::new("extract", (2, 2), kind, extract).internal(),
];

fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let unit = unit(signature, 0)?;
    signature.keep(unit);
    Ok(Kind::int(match unit {
        Unit::Quarter => 2,
        Unit::Month | Unit::Week | Unit::Day | Unit::Minute | Unit::Second => 3,
        Unit::Hour => 4,
        Unit::Year | Unit::MinuteSecond => 5,
        Unit::HourMinute => 6,
        Unit::YearMonth | Unit::Microsecond => 7,
        Unit::HourSecond => 8,
        Unit::DayHour | Unit::SecondMicrosecond => 9,
        Unit::DayMinute | Unit::MinuteMicrosecond => 11,
        Unit::DaySecond => 13,
        Unit::HourMicrosecond => 14,
        Unit::DayMicrosecond => 20,
    }))
}

fn extract(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let unit = *call.kept::<Unit>().ok_or_else(|| Error::bug("EXTRACT without a unit"))?;
    let value = call.value(1)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    if unit.is_of_days() {
        let date = asked::datetime(call, 1, &value, Need::Parts)?;
        let mode = calendar::WeekMode::of_number(call.session().default_week_format.into());
        return Ok(date.map_or(Value::Null, |date| Value::Int(of_date(&date, unit, mode))));
    }
    let clock = match &value {
        Value::Json(_) => asked::time(call, 1, &value)?,
        _ if call.arg_kind(1).typ == Type::YEAR && call.args()[1].is_column() => {
            asked::time(call, 1, &value)?
        }
        _ => convert::clock(&value, call.context())?,
    };
    if clock.is_some_and(|clock| !is_dated(&clock)) && call.args()[1].call().is_some() {
        // MySQL has asked for a datetime first, and the warnings of a call come twice.
        call.value(1)?;
    }
    Ok(clock.map_or(Value::Null, |clock| Value::Int(of_clock(&clock, unit))))
}

fn of_date(date: &Temporal, unit: Unit, mode: calendar::WeekMode) -> i64 {
    let (year, month, day) = date.ymd();
    i64::from(match unit {
        Unit::Year => year,
        Unit::YearMonth => year * 100 + month,
        Unit::Quarter => month.div_ceil(3),
        Unit::Month => month,
        Unit::Week => calendar::week((year, month, day), mode).0,
        _ => day,
    })
}

fn of_clock(clock: &Temporal, unit: Unit) -> i64 {
    let (_, _, day) = clock.ymd();
    let (hours, minutes, seconds) = clock.hms();
    let (day, hours, minutes) = (i64::from(day), i64::from(hours), i64::from(minutes));
    let (seconds, micros) = (i64::from(seconds), i64::from(clock.micros()));
    let day_hours = day * 100 + hours;
    let hour_minutes = hours * 100 + minutes;
    let number = match unit {
        Unit::DayHour => day_hours,
        Unit::DayMinute => day_hours * 100 + minutes,
        Unit::DaySecond => (day_hours * 100 + minutes) * 100 + seconds,
        Unit::DayMicrosecond => ((day_hours * 100 + minutes) * 100 + seconds) * 1_000_000 + micros,
        Unit::Hour => hours,
        Unit::HourMinute => hour_minutes,
        Unit::HourSecond => hour_minutes * 100 + seconds,
        Unit::HourMicrosecond => (hour_minutes * 100 + seconds) * 1_000_000 + micros,
        Unit::Minute => minutes,
        Unit::MinuteSecond => minutes * 100 + seconds,
        Unit::MinuteMicrosecond => (minutes * 100 + seconds) * 1_000_000 + micros,
        Unit::Second => seconds,
        Unit::SecondMicrosecond => seconds * 1_000_000 + micros,
        _ => micros,
    };
    if clock.is_negative() { -number } else { number }
}
