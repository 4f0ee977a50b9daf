//! JSON_ARRAYAGG and JSON_OBJECTAGG.

use std::sync::Arc;

use vt_base::{Code, Error};
use vt_value::json::Json;
use vt_value::{Collation, Type, Value};

use crate::context::Context;
use crate::convert;
use crate::function::Text;
use crate::kind::Kind;

/// What a document takes up beside its text.
const OVERHEAD: usize = 32;

/// Returns a value as the document that it becomes.
pub(super) fn of_value(value: &Value, kind: &Kind, ctx: &mut Context<'_>) -> Result<Json, Error> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Int(number) => Json::Int(*number),
        Value::UInt(number) => Json::UInt(*number),
        Value::Float(number) => Json::Double(*number),
        Value::Decimal(number) => Json::decimal(*number),
        Value::Temporal(temporal) => Json::Temporal(*temporal),
        Value::Json(json) => json.clone(),
        Value::Text(bytes, Collation::BINARY) => {
            let typ = match kind.typ {
                Type::BIT => column_type::BIT,
                Type::BLOB => column_type::BLOB,
                Type::BINARY => column_type::STRING,
                _ => column_type::VARCHAR,
            };
            Json::opaque(typ, bytes.clone())
        }
        Value::Text(bytes, collation) => {
            let text = Text { bytes: bytes.clone(), collation: *collation };
            let utf8 = convert::to_charset(text, Collation::UTF8MB4_0900_AI_CI, ctx)?;
            Json::string(&String::from_utf8_lossy(&utf8))
        }
    })
}

/// The types of columns that bytes in a document name.
mod column_type {
    pub(super) const VARCHAR: u8 = 15;
    pub(super) const BIT: u8 = 16;
    pub(super) const BLOB: u8 = 252;
    pub(super) const STRING: u8 = 254;
}

/// Returns about how many bytes a document takes up.
pub(super) fn size(item: &Json) -> usize {
    let mut text = Vec::new();
    item.write(&mut text);
    text.len() + OVERHEAD
}

/// Returns a value as the name of a member.
pub(super) fn name_of(
    value: &Value,
    kind: &Kind,
    ctx: &mut Context<'_>,
) -> Result<Arc<str>, Error> {
    let Some(text) = convert::text(value.clone(), kind)? else {
        let message = "JSON documents may not contain NULL member names.";
        return Err(Error::mysql(3158, b"22032", message).with_code(Code::InvalidArgument));
    };
    if text.collation == Collation::BINARY {
        let message = "Cannot create a JSON value from a string with CHARACTER SET 'binary'.";
        return Err(Error::mysql(3144, b"22032", message).with_code(Code::InvalidArgument));
    }
    let bytes = convert::to_charset(text, Collation::UTF8MB4_0900_AI_CI, ctx)?;
    Ok(String::from_utf8_lossy(&bytes).into())
}

pub(super) fn array(items: Vec<Json>) -> Result<Value, Error> {
    if items.is_empty() { Ok(Value::Null) } else { Json::array(items).map(Value::Json) }
}

/// Of members of one name the last stays.
pub(super) fn object(members: Vec<(Arc<str>, Json)>) -> Result<Value, Error> {
    if members.is_empty() { Ok(Value::Null) } else { Json::object(members).map(Value::Json) }
}

/// Appends the items of a part.
pub(super) fn add_items(items: &mut Vec<Json>, part: &Value) -> Result<(), Error> {
    let Value::Json(Json::Array(part)) = part else {
        return Err(Error::bug("a part of an array that is none"));
    };
    items.extend(part.items().iter().cloned());
    Ok(())
}

/// Appends the members of a part.
pub(super) fn add_members(members: &mut Vec<(Arc<str>, Json)>, part: &Value) -> Result<(), Error> {
    let Value::Json(Json::Object(part)) = part else {
        return Err(Error::bug("a part of an object that is none"));
    };
    members.extend(part.members().iter().cloned());
    Ok(())
}
