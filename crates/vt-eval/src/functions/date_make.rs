//! MAKEDATE, MAKETIME, SEC_TO_TIME, PERIOD_ADD, PERIOD_DIFF.

use vt_base::{Code, Error};
use vt_value::temporal::{SECOND, TIME_MAX, add_nanoseconds, calendar};
use vt_value::{Decimal, Temporal, Value};

use super::temporal_kinds::{date_kind, second_digits, time_kind};
use crate::SqlMode;
use crate::convert;
use crate::function::{Call, Function};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("makedate", (2, 2), |_| Ok(date_kind()), make_date),
    Function::new(
        "maketime",
        (3, 3),
        |signature| Ok(time_kind(second_digits(signature, 2))),
        make_time,
    ),
    Function::new("period_add", (2, 2), period_kind, period_add),
    Function::new("period_diff", (2, 2), period_kind, period_diff),
    Function::new(
        "sec_to_time",
        (1, 1),
        |signature| Ok(time_kind(second_digits(signature, 0))),
        sec_to_time,
    ),
];

/// Gives two digits of a year their century.
fn with_century(year: u64) -> u64 {
    match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    }
}

fn make_date(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(day) = call.int(1)? else { return Ok(Value::Null) };
    let Some(year) = call.int(0)? else { return Ok(Value::Null) };
    let (year, day) = (year.clamped_i64(), day.clamped_i64());
    let Ok(year @ 0..=9999) = u32::try_from(year) else { return Ok(Value::Null) };
    if day <= 0 || day > 4_000_000 {
        return Ok(Value::Null);
    }
    let year = with_century(year.into()) as u32;
    let date = calendar::date_of_day_number(calendar::day_number(year, 1, 1) + day - 1);
    Ok(date.map_or(Value::Null, |(year, month, day)| {
        Value::Temporal(Temporal::date(year, month, day))
    }))
}

/// Returns the microseconds of some seconds, and what is behind them in nanoseconds.
fn micros(seconds: &Decimal) -> Option<(i64, u32)> {
    let nanos = seconds.truncate(9).mul(&1_000_000_000i64.into())?.truncate(0).to_i64()?;
    Some((nanos / 1000, (nanos % 1000).unsigned_abs() as u32))
}

/// Seconds that MySQL cannot tell from too many.
const SECONDS_MAX: u64 = 1_000_000_000_000_000_000;

fn make_time(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(hours) = call.int(0)? else { return Ok(Value::Null) };
    let Some(minutes) = call.int(1)? else { return Ok(Value::Null) };
    let Some(seconds) = call.decimal(2)? else { return Ok(Value::Null) };
    let whole = seconds.truncate(0).to_i64().filter(|whole| whole.unsigned_abs() < SECONDS_MAX);
    if whole.is_none() {
        let shown = seconds.to_string();
        convert::warn_temporal(call.context(), "Truncated incorrect", "DECIMAL", shown.as_bytes());
    }
    let negative = hours.value < 0;
    let parts = micros(&seconds).filter(|(micros, _)| (0..60 * SECOND).contains(micros));
    let (Some((micros, rest)), 0..60) = (parts, minutes.value) else { return Ok(Value::Null) };
    if seconds.is_negative() {
        return Ok(Value::Null);
    }
    let digits = call.kind().decimals;
    let limit = Temporal::time(if negative { -TIME_MAX } else { TIME_MAX }, digits);
    let size = hours.value.unsigned_abs();
    let in_range = i64::try_from(size).ok().filter(|hours| *hours <= 838).map(|hours| {
        let micros = (hours * 60 + minutes.value as i64) * 60 * SECOND + micros;
        let value = Temporal::time(if negative { -micros } else { micros }, digits);
        add_nanoseconds(value, rest).unwrap_or(value)
    });
    match in_range.filter(|value| value.time_micros().abs() <= TIME_MAX) {
        Some(value) => Ok(Value::Temporal(value)),
        None => {
            let whole = seconds.truncate(0).to_i64().unwrap_or(0);
            let mut text = format!("{size:02}:{:02}:{whole:02}", minutes.value);
            let shown = seconds.to_string();
            if let Some((_, fraction)) = shown.split_once('.') {
                text.push('.');
                text.push_str(fraction);
            }
            convert::warn_temporal(call.context(), "Truncated incorrect", "time", text.as_bytes());
            Ok(Value::Temporal(limit))
        }
    }
}

fn sec_to_time(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(seconds) = call.decimal(0)? else { return Ok(Value::Null) };
    let digits = call.kind().decimals;
    let value = micros(&seconds).and_then(|(micros, rest)| {
        let value = Temporal::time(micros, digits);
        let truncates = call.session().sql_mode.has(SqlMode::TIME_TRUNCATE_FRACTIONAL);
        let rest = if truncates { 0 } else { rest };
        let value = add_nanoseconds(value, rest).unwrap_or(value);
        (value.time_micros().abs() <= TIME_MAX).then_some(value)
    });
    if let Some(value) = value {
        return Ok(Value::Temporal(value));
    }
    let mut text = seconds.to_string();
    if call.arg_kind(0).typ.is_temporal() {
        // Of dates and times, the whole fraction or none is shown.
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let fraction = fraction.trim_end_matches('0');
        text =
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction:0<6}") };
    }
    convert::warn_temporal(call.context(), "Truncated incorrect", "time", text.as_bytes());
    let limit = if seconds.is_negative() { -TIME_MAX } else { TIME_MAX };
    Ok(Value::Temporal(Temporal::time(limit, digits)))
}

fn period_kind(signature: &mut crate::function::Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(21).with_nullable(signature.any_nullable()))
}

/// Returns the months of a period, `202412` or `2412`.
fn months_of_period(call: &Call<'_, '_>, period: i64) -> Result<u64, Error> {
    let wrong = || {
        let name = call.func().function().name;
        let message = format!("Incorrect arguments to {name}");
        Error::mysql(1210, b"HY000", message).with_code(Code::InvalidArgument)
    };
    let period = u64::try_from(period).map_err(|_| wrong())?;
    let (year, month) = (period / 100, period % 100);
    if !(1..=12).contains(&month) {
        return Err(wrong());
    }
    Ok(with_century(year) * 12 + month - 1)
}

fn period_of_months(months: u64) -> i64 {
    if months == 0 {
        return 0;
    }
    (with_century(months / 12).wrapping_mul(100)).wrapping_add(months % 12 + 1) as i64
}

fn period_add(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(period) = call.int(0)? else { return Ok(Value::Null) };
    let Some(months) = call.int(1)? else { return Ok(Value::Null) };
    let start = months_of_period(call, period.bits_i64())?;
    let sum = start.wrapping_add(months.bits_u64());
    Ok(Value::Int(period_of_months(sum)))
}

fn period_diff(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(first) = call.int(0)? else { return Ok(Value::Null) };
    let Some(second) = call.int(1)? else { return Ok(Value::Null) };
    let first = months_of_period(call, first.bits_i64())?;
    let second = months_of_period(call, second.bits_i64())?;
    Ok(Value::Int(first.wrapping_sub(second) as i64))
}
