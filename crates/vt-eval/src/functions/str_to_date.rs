//! STR_TO_DATE.

use vt_base::Error;
use vt_value::temporal::{DAY, FormatMismatch, TIME_MAX, str_to_date as read};
use vt_value::{Temporal, Type, Value};

use super::temporal_kinds::{date_kind, datetime_kind, time_kind};
use crate::convert::{self, Need};
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] =
    &[Function::new("str_to_date", (2, 2), kind, str_to_date)];

/// The kind follows from the letters of the pattern, if that is constant. The day of the month
/// does not make a date of it.
fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let Some(Value::Text(pattern, _)) = signature.constant(1) else { return Ok(datetime_kind(6)) };
    let (mut date, mut time, mut fraction) = (false, false, false);
    let mut bytes = pattern.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'%' {
            continue;
        }
        match bytes.next() {
            Some(b'f') => fraction = true,
            Some(b'H' | b'I' | b'S' | b'T' | b'h' | b'i' | b'k' | b'l' | b'p' | b'r' | b's') => {
                time = true;
            }
            Some(letter) if b"MVUXYWabcjmvuxyw".contains(letter) => date = true,
            _ => {}
        }
    }
    let digits = if fraction { 6 } else { 0 };
    Ok(match (date, time || fraction) {
        (true, true) => datetime_kind(digits),
        (false, true) => time_kind(digits),
        _ => date_kind(),
    })
}

/// How many bytes of a string a warning shows.
const TOLD_MAX: usize = 127;

fn str_to_date(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (text, pattern) = (call.text(0)?, call.text(1)?);
    let (Some(text), Some(pattern)) = (text, pattern) else { return Ok(Value::Null) };
    let told = text.bytes.clone();
    let (text, pattern) = (convert::readable(&text)?, convert::readable(&pattern)?);
    let rules = Need::Stored.rules(call.session());
    let kind = call.kind();
    let found = read(&text, &pattern);
    // What %r and %T do not find is a time to MySQL.
    let what = if found == Err(FormatMismatch::Time) { "time" } else { "datetime" };
    let found = found.ok();
    let value = found.and_then(|found| {
        let value = found.to_datetime().with_digits(kind.decimals);
        let (year, month, day) = value.ymd();
        let not_zero = year | month | day != 0;
        // A time alone has no date that could be zero.
        let judged = not_zero || kind.typ != Type::TIME;
        let zero = year == 0 || month == 0 || day == 0;
        let wrong = zero && rules.no_zero_date || rules.check(year, month, day, not_zero).is_some();
        let refused = judged && wrong;
        (!refused).then_some(value)
    });
    let Some(value) = value else {
        let shown = told.split(|byte| *byte == 0).next().unwrap_or_default();
        let shown = convert::as_it_is(&shown[..shown.len().min(TOLD_MAX)]);
        let message = format!("Incorrect {what} value: '{shown}' for function str_to_date");
        return call.null_with_warning(1411, message);
    };
    let value = match kind.typ {
        Type::DATE => value.to_date(),
        Type::TIME => {
            let micros = i64::from(value.ymd().2) * DAY + value.clock();
            Temporal::time(micros.min(TIME_MAX), kind.decimals)
        }
        _ => value,
    };
    if found.is_some_and(|found| found.truncated) {
        let what = match kind.typ {
            Type::DATE => "date",
            Type::TIME => "time",
            _ => "datetime",
        };
        convert::warn_temporal(call.context(), "Truncated incorrect", what, &text);
    }
    Ok(Value::Temporal(value))
}
