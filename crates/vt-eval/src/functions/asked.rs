//! An argument as a date or a time, also where it is a JSON document.

use vt_base::Error;
use vt_value::{Temporal, TemporalKind, Value};

use super::json::cast;
use crate::convert::{self, Need};
use crate::function::Call;

/// Returns an argument's value as a DATE; `None` for NULL and for what is none.
pub(super) fn date(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
    need: Need,
) -> Result<Option<Temporal>, Error> {
    match of_json(call, place, value, TemporalKind::Date)? {
        Some(found) => Ok(found.map(|found| found.to_date())),
        None => convert::date(value, need, call.context()),
    }
}

/// Returns an argument's value as a DATETIME, or as a DATE if it has no time.
pub(super) fn datetime(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
    need: Need,
) -> Result<Option<Temporal>, Error> {
    match of_json(call, place, value, TemporalKind::DateTime)? {
        Some(found) => Ok(found),
        None => convert::datetime(value, need, call.context()),
    }
}

/// Returns an argument's value as a TIME.
pub(super) fn time(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
) -> Result<Option<Temporal>, Error> {
    match of_json(call, place, value, TemporalKind::Time)? {
        Some(found) => Ok(found.map(|found| found.to_time())),
        None => convert::time(value, call.context()),
    }
}

/// Returns what a document is as a date or time; the outer `None` is for what is no document.
fn of_json(
    call: &mut Call<'_, '_>,
    place: usize,
    value: &Value,
    wanted: TemporalKind,
) -> Result<Option<Option<Temporal>>, Error> {
    let Value::Json(json) = value else { return Ok(None) };
    let source = cast::source(&call.args()[place]);
    cast::temporal(json, wanted, &source, call.context()).map(Some)
}
