//! YEAR, MONTH, DAYOFWEEK, WEEK, TO_DAYS, HOUR and their like: numbers of dates and times.

use vt_base::Error;
use vt_value::temporal::calendar::{self, WeekMode};
use vt_value::{Temporal, Type, Value};

use super::asked;
use super::temporal_kinds::date_kind;
use crate::convert::{self, Need};
use crate::describe::Implied;
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("day", (1, 1), |_| number(3), |call| part(call, |(_, _, day)| day)),
    Function::new("dayofmonth", (1, 1), |_| number(3), |call| part(call, |(_, _, day)| day)),
    Function::new(
        "dayofweek",
        (1, 1),
        |_| number(2),
        |call| whole(call, |date| (calendar::weekday(date.day_number()) + 1) % 7 + 1),
    ),
    Function::new("dayofyear", (1, 1), |_| number(4), |call| whole(call, day_of_year)),
    Function::new("from_days", (1, 1), |_| Ok(date_kind()), from_days),
    Function::new("hour", (1, 1), |_| number(4), |call| clock(call, |time| time.hms().0)),
    Function::new("last_day", (1, 1), |_| Ok(date_kind()), last_day),
    Function::new("microsecond", (1, 1), |_| number(21), |call| clock(call, Temporal::micros)),
    Function::new("minute", (1, 1), |_| number(3), |call| clock(call, |time| time.hms().1)),
    Function::new("month", (1, 1), |_| number(3), |call| part(call, |(_, month, _)| month)),
    Function::new(
        "quarter",
        (1, 1),
        |_| number(2),
        |call| part(call, |(_, month, _)| month.div_ceil(3)),
    ),
    Function::new("second", (1, 1), |_| number(3), |call| clock(call, |time| time.hms().2)),
    Function::new("time_to_sec", (1, 1), |_| number(10), time_to_sec),
    Function::new("to_days", (1, 1), |_| number(8), to_days),
    Function::new("to_seconds", (1, 1), |_| number(21), to_seconds),
    Function::new("week", (1, 2), week_kind, week),
    Function::new(
        "weekday",
        (1, 1),
        |_| number(2),
        |call| whole(call, |date| calendar::weekday(date.day_number())),
    ),
    Function::new(
        "weekofyear",
        (1, 1),
        |signature| {
            signature.keep(Implied(ISO_MODE));
            number(3)
        },
        |call| whole(call, |date| calendar::week(date.ymd(), WeekMode::ISO).0),
    ),
    Function::new(
        "year",
        (1, 1),
        |_| Ok(Kind::new(Type::YEAR, 4, 0)),
        |call| {
            Ok(match date(call, Need::Parts)? {
                Some(date) => Value::UInt(date.ymd().0.into()),
                None => Value::Null,
            })
        },
    ),
    Function::new("yearweek", (1, 2), year_week_kind, year_week),
];

/// The number of the mode of WEEKOFYEAR.
const ISO_MODE: u8 = 3;

fn week_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.len() == 1 {
        signature.keep(Implied(signature.session().default_week_format));
    }
    number(3)
}

fn year_week_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.len() == 1 {
        signature.keep(Implied(0));
    }
    number(7)
}

/// A whole number of so many digits and a sign; none is computed for a bad date.
pub(super) fn number(length: u32) -> Result<Kind, Error> {
    Ok(Kind::int(length))
}

fn date(call: &mut Call<'_, '_>, need: Need) -> Result<Option<Temporal>, Error> {
    let value = call.value(0)?;
    asked::date(call, 0, &value, need)
}

fn part(call: &mut Call<'_, '_>, of_date: fn((u32, u32, u32)) -> u32) -> Result<Value, Error> {
    let date = date(call, Need::Parts)?;
    Ok(date.map_or(Value::Null, |date| Value::Int(of_date(date.ymd()).into())))
}

fn whole(call: &mut Call<'_, '_>, of_date: fn(&Temporal) -> u32) -> Result<Value, Error> {
    let date = date(call, Need::Whole)?;
    Ok(date.map_or(Value::Null, |date| Value::Int(of_date(&date).into())))
}

fn clock(call: &mut Call<'_, '_>, of_time: fn(&Temporal) -> u32) -> Result<Value, Error> {
    let value = call.value(0)?;
    let time = asked::time(call, 0, &value)?;
    Ok(time.map_or(Value::Null, |time| Value::Int(of_time(&time).into())))
}

fn day_of_year(date: &Temporal) -> u32 {
    let (year, ..) = date.ymd();
    (date.day_number() - calendar::day_number(year, 1, 1) + 1) as u32
}

fn time_to_sec(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    let time = asked::time(call, 0, &value)?;
    let seconds = |time: Temporal| Value::Int(time.time_micros() / vt_value::temporal::SECOND);
    Ok(time.map_or(Value::Null, seconds))
}

fn to_days(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let date = date(call, Need::Countable)?;
    Ok(date.map_or(Value::Null, |date| Value::Int(date.day_number())))
}

fn to_seconds(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let value = call.value(0)?;
    let moment = asked::datetime(call, 0, &value, Need::Whole)?;
    Ok(moment.map_or(Value::Null, |moment| {
        let seconds = moment.clock() / vt_value::temporal::SECOND;
        Value::Int(moment.day_number() * 86_400 + seconds)
    }))
}

fn from_days(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(days) = call.int(0)? else { return Ok(Value::Null) };
    let days = days.clamped_i64();
    let Some((year, month, day)) = calendar::date_of_day_number(days) else {
        let message = format!("DATE value is out of range in '{}'", call.node.describe());
        return call.null_with_warning(6527, message);
    };
    Ok(Value::Temporal(Temporal::date(year, month, day)))
}

fn last_day(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(date) = date(call, Need::Parts)? else { return Ok(Value::Null) };
    let (year, month, _) = date.ymd();
    if month == 0 {
        let mut text = Vec::new();
        date.write(&mut text);
        convert::warn_temporal(call.context(), "Truncated incorrect", "date", &text);
        return Ok(Value::Null);
    }
    let day = calendar::days_in_month(year, month);
    Ok(Value::Temporal(Temporal::date(year, month, day)))
}

/// Returns the mode that the second argument tells; `None` if it is NULL.
fn mode(call: &mut Call<'_, '_>, default: i64) -> Result<Option<Mode>, Error> {
    let mode = match call.len() {
        1 => Some(default),
        _ => match call.int(1)? {
            Some(mode) => match u32::try_from(mode.value) {
                Ok(mode) => Some(mode.into()),
                Err(_) => return Ok(Some(Mode::Beyond)),
            },
            None => None,
        },
    };
    Ok(mode.map(|mode| Mode::Known(WeekMode::of_number(mode))))
}

/// The mode of WEEK that an argument tells.
enum Mode {
    Known(WeekMode),
    /// A number that is negative or too great: the mode 0, of which YEARWEEK makes no other.
    Beyond,
}

fn week(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(date) = date(call, Need::Whole)? else { return Ok(Value::Null) };
    let default = call.session().default_week_format.into();
    // MySQL answers 0 to a mode of NULL.
    let Some(mode) = mode(call, default)? else { return Ok(Value::Int(0)) };
    let mode = match mode {
        Mode::Known(mode) => mode,
        Mode::Beyond => WeekMode::of_number(0),
    };
    let (week, _) = calendar::week(date.ymd(), mode);
    Ok(Value::Int(week.into()))
}

fn year_week(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(date) = date(call, Need::Whole)? else { return Ok(Value::Null) };
    let Some(mode) = mode(call, 0)? else { return Ok(Value::Int(0)) };
    let mode = match mode {
        Mode::Known(mode) => WeekMode { by_week_year: true, ..mode },
        Mode::Beyond => WeekMode::of_number(0),
    };
    let (week, year) = calendar::week(date.ymd(), mode);
    Ok(Value::Int(i64::from(year as i32) * 100 + i64::from(week)))
}
