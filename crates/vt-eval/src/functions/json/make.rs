//! `JSON_ARRAY()` and `JSON_OBJECT()`.

use std::sync::Arc;

use vt_base::{Code, Error};
use vt_value::json::Json;
use vt_value::{Type, Value};

use super::argument::{not_text, utf8};
use super::element::{element, wrong_argument};
use super::{json_kind, name_of};
use crate::function::{Call, Signature};
use crate::kind::Kind;

pub(super) fn array_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    match signature.kinds().any(|kind| kind.typ == Type::VECTOR) {
        true => Err(wrong_argument(signature.name())),
        false => Ok(json_kind()),
    }
}

pub(super) fn object_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if !signature.len().is_multiple_of(2) {
        return Err(wrong_count(signature.name()));
    }
    array_kind(signature)
}

/// `1582`: arguments that come in pairs, and one too many.
pub(super) fn wrong_count(function: &str) -> Error {
    let message = format!("Incorrect parameter count in the call to native function '{function}'");
    Error::mysql(1582, b"42000", message).with_code(Code::InvalidArgument)
}

pub(super) fn array(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let mut items = Vec::with_capacity(call.len());
    for place in 0..call.len() {
        items.push(argument(call, place)?);
    }
    Json::array(items).map(Value::Json)
}

/// Computes an argument as an element of a document.
pub(super) fn argument(call: &mut Call<'_, '_>, place: usize) -> Result<Json, Error> {
    let value = call.value(place)?;
    let (node, function) = (&call.args()[place], name_of(call));
    element(value, node, function, call.context())
}

pub(super) fn object(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let mut members: Vec<(Arc<str>, Json)> = Vec::with_capacity(call.len() / 2);
    for place in (0..call.len()).step_by(2) {
        let Some(name) = call.text(place)? else {
            let message = "JSON documents may not contain NULL member names.";
            return Err(Error::mysql(3158, b"22032", message).with_code(Code::InvalidArgument));
        };
        // The text of a literal double is of bytes, to MySQL.
        if call.arg_kind(place).typ.is_float() && call.args()[place].is_literal() {
            return Err(not_text());
        }
        let name = utf8(name, call.context())?;
        members.push((name.into(), argument(call, place + 1)?));
    }
    Json::object(members).map(Value::Json)
}
