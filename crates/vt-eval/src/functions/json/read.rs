//! What a document holds: `JSON_EXTRACT()`, `JSON_KEYS()`, `JSON_LENGTH()` and their like.

use vt_base::Error;
use vt_value::json::path::Leg;
use vt_value::json::{Json, ParseError, Path};
use vt_value::{Collation, Value};

use super::argument::{Leads, document, document_for, keep_paths, may_be_document, path};
use super::{json_kind, name_of};
use crate::convert;
use crate::function::{Call, Signature, Text};
use crate::kind::Kind;

pub(super) fn extract_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    keep_paths(signature, 1, 1);
    Ok(json_kind())
}

/// One path without wildcards gives what it leads to; else all that is found comes in an array.
pub(super) fn extract(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(document) = document(call, 0)? else { return Ok(Value::Null) };
    if call.len() == 2 {
        let Some(path) = path(call, 1, Leads::Anywhere)? else { return Ok(Value::Null) };
        return extract_one(&document, &path);
    }
    let mut found = Vec::new();
    for place in 1..call.len() {
        let Some(path) = path(call, place, Leads::Anywhere)? else { return Ok(Value::Null) };
        found.extend(document.seek_all(&path).into_iter().cloned());
    }
    some_array(found)
}

fn extract_one(document: &Json, path: &Path) -> Result<Value, Error> {
    if path.is_many() {
        return some_array(document.seek_all(path).into_iter().cloned().collect());
    }
    Ok(document.seek(path).cloned().map_or(Value::Null, Value::Json))
}

fn some_array(found: Vec<Json>) -> Result<Value, Error> {
    match found.is_empty() {
        true => Ok(Value::Null),
        false => Json::array(found).map(Value::Json),
    }
}

pub(super) fn keys(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(document) = document(call, 0)? else { return Ok(Value::Null) };
    let mut part = Some(&document);
    if call.len() > 1 {
        let Some(path) = path(call, 1, Leads::ToOne)? else { return Ok(Value::Null) };
        // Here a value that is no array is not taken for one.
        let mut legs = path.legs.iter();
        part = legs.try_fold(&document, |value, leg| match (leg, value) {
            (Leg::Cell(_), Json::Array(_)) | (Leg::Member(_), _) => {
                value.seek(&Path { legs: vec![leg.clone()] })
            }
            _ => None,
        });
    }
    let Some(Json::Object(object)) = part else { return Ok(Value::Null) };
    let names = object.members().iter().map(|(name, _)| Json::String(name.clone()));
    Json::array(names.collect()).map(Value::Json)
}

pub(super) fn number_kind(_signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(21))
}

pub(super) fn length_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    keep_paths(signature, 1, 1);
    Ok(Kind::int(21))
}

/// With a path, this is the length of what `JSON_EXTRACT()` gives; its errors say so.
pub(super) fn length(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let extracts = call.len() > 1;
    let function = if extracts { "json_extract" } else { name_of(call) };
    let Some(document) = document_for(call, 0, function)? else { return Ok(Value::Null) };
    if !extracts {
        return Ok(Value::Int(document.len() as i64));
    }
    let Some(path) = path(call, 1, Leads::Anywhere)? else { return Ok(Value::Null) };
    Ok(match extract_one(&document, &path)? {
        Value::Json(part) => Value::Int(part.len() as i64),
        _ => Value::Null,
    })
}

pub(super) fn depth(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(document(call, 0)?.map_or(Value::Null, |document| Value::Int(document.depth().into())))
}

pub(super) fn storage_size(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(document) = document(call, 0)? else { return Ok(Value::Null) };
    // How many digits a decimal takes depends on how it came to be.
    if has_decimal(&document) {
        return Err(Error::unsupported("the size of a document with a decimal"));
    }
    Ok(Value::Int(document.to_binary()?.len() as i64))
}

/// Returns whether a decimal is anywhere in a document, whose depth has a limit.
fn has_decimal(document: &Json) -> bool {
    match document {
        Json::Decimal(_) => true,
        Json::Array(array) => array.items().iter().any(has_decimal),
        Json::Object(object) => object.members().iter().any(|(_, value)| has_decimal(value)),
        _ => false,
    }
}

pub(super) fn free_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.args().iter().any(crate::node::Node::is_column) {
        return Err(signature.unsupported("of a column depends on how it is stored"));
    }
    Ok(Kind::int(21).with_nullable(signature.any_nullable()))
}

/// Nothing is free in a document that no column holds.
pub(super) fn storage_free(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(document(call, 0)?.map_or(Value::Null, |_| Value::Int(0)))
}

pub(super) fn valid(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if !may_be_document(call.arg_kind(0)) {
        return Ok(Value::Int(0));
    }
    let text = match call.value(0)? {
        Value::Null => return Ok(Value::Null),
        Value::Json(_) => return Ok(Value::Int(1)),
        Value::Text(bytes, collation) if collation != Collation::BINARY => {
            Text { bytes, collation }
        }
        _ => return Ok(Value::Int(0)),
    };
    let bytes = convert::to_charset(text, Collation::UTF8MB4_BIN, call.context())?;
    match Json::parse(&bytes) {
        Ok(_) => Ok(Value::Int(1)),
        Err(ParseError::TooDeep) => Err(vt_value::json::too_deep()),
        Err(ParseError::Syntax(..)) => Ok(Value::Int(0)),
    }
}
