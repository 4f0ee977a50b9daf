//! Documents as text, and what is told of them in words.

use vt_base::{Code, Error};
use vt_value::json::{self, Json};
use vt_value::{Collation, Type, Value};

use super::argument::{document, utf8};
use super::{LENGTH_MAX, name_of, text_kind};
use crate::function::{Call, Signature};
use crate::kind::Kind;

const PRETTY_LENGTH: u32 = 16_777_216;
const TYPE_LENGTH: u32 = 17;

pub(super) fn pretty_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let nullable = signature.session().sql_mode.is_strict() || signature.any_nullable();
    Ok(text_kind(PRETTY_LENGTH).with_nullable(nullable))
}

pub(super) fn pretty(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(document) = document(call, 0)? else { return Ok(Value::Null) };
    let mut text = Vec::new();
    document.write_pretty(&mut text);
    Ok(call.made(text))
}

pub(super) fn type_kind(_signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(text_kind(TYPE_LENGTH))
}

pub(super) fn type_name(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(match document(call, 0)? {
        Some(document) => call.made(document.type_name().as_bytes()),
        None => Value::Null,
    })
}

/// `3064`: what is quoted is a string.
fn wrong_type(function: &str) -> Error {
    let message = format!("Incorrect type for argument 1 in function {function}.");
    Error::mysql(3064, b"HY000", message).with_code(Code::InvalidArgument)
}

/// Computes the argument, which is a string or NULL.
fn string(call: &mut Call<'_, '_>) -> Result<Option<String>, Error> {
    let kind = call.arg_kind(0);
    let Some(text) = call.text(0)? else { return Ok(None) };
    if !kind.is_string() && !matches!(kind.typ, Type::ENUM | Type::SET) {
        return Err(wrong_type(name_of(call)));
    }
    utf8(text, call.context()).map(Some)
}

pub(super) fn quote_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    // Each character may become an escape of six.
    Ok(text_kind(kind.length.saturating_mul(6).saturating_add(2).min(LENGTH_MAX)))
}

pub(super) fn quote(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = string(call)? else { return Ok(Value::Null) };
    let mut out = Vec::with_capacity(text.len() + 2);
    json::quote(&text, &mut out);
    Ok(call.made(out))
}

pub(super) fn unquote_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    Ok(text_kind(if kind.typ == Type::JSON { LENGTH_MAX } else { kind.text_length() }))
}

/// A string that looks like JSON's is read as one; every other stays as it is.
pub(super) fn unquote(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let kind = call.arg_kind(0);
    if kind.typ == Type::JSON {
        let Value::Json(document) = call.value(0)? else { return Ok(Value::Null) };
        if let Json::String(text) = &document {
            return Ok(call.made(bytes::Bytes::copy_from_slice(text.as_bytes())));
        }
        let mut text = Vec::new();
        document.write_unquoted(&mut text);
        return Ok(call.made(text));
    }
    let Some(text) = string(call)? else { return Ok(Value::Null) };
    if text.len() < 2 || !text.starts_with('"') || !text.ends_with('"') {
        return Ok(Value::Text(text.into(), Collation::UTF8MB4_BIN));
    }
    match Json::parse(text.as_bytes()) {
        Ok(Json::String(text)) => Ok(call.made(bytes::Bytes::copy_from_slice(text.as_bytes()))),
        Ok(_) => Err(Error::bug("JSON in quotes that is no string")),
        Err(error) => {
            let error = error.in_argument(1, name_of(call));
            Err(error.with_code(Code::InvalidArgument))
        }
    }
}
