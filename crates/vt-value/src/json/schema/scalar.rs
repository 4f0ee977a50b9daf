//! What a schema asks of a value by itself: its type, the size of numbers and strings.

use std::cmp::Ordering;

use vt_base::Error;

use super::super::{Json, Object};
use super::{Matches, count, is_true};

/// Returns whether a value has a type that the schema allows.
pub(super) fn has_type(schema: &Object, value: &Json) -> bool {
    match schema.get("type") {
        None => true,
        Some(Json::String(name)) => is_of(name, value),
        Some(Json::Array(names)) => names
            .items()
            .iter()
            .any(|name| matches!(name, Json::String(name) if is_of(name, value))),
        Some(_) => false,
    }
}

fn is_of(name: &str, value: &Json) -> bool {
    match value {
        Json::Null => name == "null",
        Json::Bool(_) => name == "boolean",
        Json::Int(_) | Json::UInt(_) => name == "integer" || name == "number",
        Json::Double(_) | Json::Decimal(_) => name == "number",
        // Dates, times and bytes are the strings that they print as.
        Json::String(_) | Json::Temporal(_) | Json::Opaque(..) => name == "string",
        Json::Array(_) => name == "array",
        Json::Object(_) => name == "object",
    }
}

/// Returns the keyword that a number or a string fails.
pub(super) fn failed(
    schema: &Object,
    value: &Json,
    matches: Matches<'_>,
) -> Result<Option<&'static str>, Error> {
    match value {
        Json::Int(_) | Json::UInt(_) | Json::Double(_) | Json::Decimal(_) => {
            Ok(failed_number(schema, value))
        }
        Json::String(_) | Json::Temporal(_) | Json::Opaque(..) => {
            let mut text = Vec::new();
            value.write_unquoted(&mut text);
            failed_string(schema, &String::from_utf8_lossy(&text), matches)
        }
        _ => Ok(None),
    }
}

fn failed_number(schema: &Object, value: &Json) -> Option<&'static str> {
    let limit = |keyword| schema.get(keyword).filter(|limit| limit.as_f64().is_some());
    if let Some(least) = limit("minimum") {
        let order = value.cmp(least);
        if order == Ordering::Less || order.is_eq() && is_true(schema, "exclusiveMinimum") {
            return Some("minimum");
        }
    }
    if let Some(most) = limit("maximum") {
        let order = value.cmp(most);
        if order == Ordering::Greater || order.is_eq() && is_true(schema, "exclusiveMaximum") {
            return Some("maximum");
        }
    }
    let unit = limit("multipleOf")?;
    let rest = match (whole(value), whole(unit)) {
        (Some(value), Some(unit)) if unit != 0 => value % unit != 0,
        _ => {
            let (value, unit) = (value.as_f64()?.abs(), unit.as_f64()?.abs());
            unit > 0.0 && value - (value / unit).floor() * unit > 0.0
        }
    };
    rest.then_some("multipleOf")
}

/// Returns the size of an integer.
fn whole(value: &Json) -> Option<u64> {
    match value {
        Json::Int(number) => Some(number.unsigned_abs()),
        Json::UInt(number) => Some(*number),
        _ => None,
    }
}

fn failed_string(
    schema: &Object,
    text: &str,
    matches: Matches<'_>,
) -> Result<Option<&'static str>, Error> {
    let length = text.chars().count() as u64;
    if count(schema, "minLength").is_some_and(|least| length < least) {
        return Ok(Some("minLength"));
    }
    if count(schema, "maxLength").is_some_and(|most| length > most) {
        return Ok(Some("maxLength"));
    }
    if let Some(Json::String(pattern)) = schema.get("pattern")
        && matches(pattern, text)? == Some(false)
    {
        return Ok(Some("pattern"));
    }
    Ok(None)
}
