//! Documents changed at paths, and put together.

use bytes::Bytes;
use vt_base::{Code, Error};
use vt_value::Value;
use vt_value::json::path::Leg;
use vt_value::json::{Edit, Json, Path};

use super::argument::{Leads, document, document_for, keep_paths, path};
use super::json_kind;
use super::make::{argument, wrong_count};
use crate::function::{Call, Signature};
use crate::kind::Kind;

/// A document, then paths and values in turn.
pub(super) fn pairs_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.len().is_multiple_of(2) {
        return Err(wrong_count(signature.name()));
    }
    keep_paths(signature, 1, 2);
    super::make::array_kind(signature)
}

pub(super) fn set(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    edit(call, Edit::Set)
}

pub(super) fn insert(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    edit(call, Edit::Insert)
}

pub(super) fn replace(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    edit(call, Edit::Replace)
}

pub(super) fn array_append(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    edit(call, Edit::ArrayAppend)
}

pub(super) fn array_insert(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    edit(call, Edit::ArrayInsert)
}

fn edit(call: &mut Call<'_, '_>, edit: Edit) -> Result<Value, Error> {
    let Some(mut document) = document(call, 0)? else { return Ok(Value::Null) };
    for place in (1..call.len()).step_by(2) {
        let Some(path) = path(call, place, Leads::ToOne)? else { return Ok(Value::Null) };
        if edit == Edit::ArrayInsert && !matches!(path.legs.last(), Some(Leg::Cell(_))) {
            let message = "A path expression is not a path to a cell in an array.";
            return Err(Error::mysql(3165, b"42000", message).with_code(Code::InvalidArgument));
        }
        // A value that is put in anew is not computed, and does not warn, where it has no place.
        let lazy = !matches!(edit, Edit::Set | Edit::Replace);
        if lazy && call.args()[place + 1].call().is_some() && !has_place(&document, edit, &path)? {
            continue;
        }
        let value = argument(call, place + 1)?;
        document = document.edit(edit, &path, value)?;
    }
    Ok(Value::Json(document))
}

/// Returns whether a value is looked at: to insert one, what holds it must be there.
fn has_place(document: &Json, edit: Edit, path: &Path) -> Result<bool, Error> {
    let changes = |edit, path: &Path| {
        let edited = document.clone().edit(edit, path, unlike_any())?;
        Ok::<bool, Error>(edited != *document)
    };
    match path.legs.split_last() {
        Some((_, above)) if edit == Edit::Insert => {
            let above = Path { legs: above.to_vec() };
            Ok(changes(Edit::Replace, &above)? && !changes(Edit::Replace, path)?)
        }
        _ => changes(edit, path),
    }
}

/// A value that no document has: MySQL keeps no type of column with this number.
fn unlike_any() -> Json {
    Json::opaque(0, Bytes::from_static(b"unlike any other"))
}

pub(super) fn remove_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    keep_paths(signature, 1, 1);
    Ok(json_kind())
}

pub(super) fn remove(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(mut document) = document(call, 0)? else { return Ok(Value::Null) };
    for place in 1..call.len() {
        let Some(path) = path(call, place, Leads::ToOne)? else { return Ok(Value::Null) };
        if path.legs.is_empty() {
            let message = "The path expression '$' is not allowed in this context.";
            return Err(Error::mysql(3153, b"42000", message).with_code(Code::InvalidArgument));
        }
        document = document.remove(&path)?;
    }
    Ok(Value::Json(document))
}

pub(super) fn merge_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.name() == "json_merge" {
        let message = "'JSON_MERGE' is deprecated and will be removed in a future release. \
                       Please use JSON_MERGE_PRESERVE/JSON_MERGE_PATCH instead";
        signature.note(1287, message);
    }
    Ok(json_kind())
}

pub(super) fn merge_preserve(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    const NAME: &str = "json_merge_preserve";
    let Some(mut merged) = document_for(call, 0, NAME)? else { return Ok(Value::Null) };
    for place in 1..call.len() {
        let Some(other) = document_for(call, place, NAME)? else { return Ok(Value::Null) };
        merged = merged.merge_preserve(other)?;
    }
    Ok(Value::Json(merged))
}

/// A NULL makes the result NULL, until something comes that does not patch but replaces.
pub(super) fn merge_patch(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let mut merged = document(call, 0)?;
    for place in 1..call.len() {
        merged = match (merged, document(call, place)?) {
            (_, None) | (None, Some(Json::Object(_))) => None,
            (Some(merged), Some(patch)) => Some(merged.merge_patch(patch)?),
            (None, replacement) => replacement,
        };
    }
    Ok(merged.map_or(Value::Null, Value::Json))
}
