//! An argument as a date or a time, also where it is a JSON document.

use vt_base::Error;
use vt_value::{Temporal, TemporalKind, Type, Value};

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
