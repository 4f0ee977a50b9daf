//! The JSON form of messages: snake_case names, 64-bit integers as strings (protobuf's JSON mapping).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor,
    ReflectMessage, SerializeOptions,
};
use serde_json::Value;
use vt_base::{Code, Error};

pub(crate) static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
    DescriptorPool::decode(&bytes[..]).expect("the build wrote the descriptors")
});

/// Whether fields that hold their default value are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unset {
    Written,
    Skipped,
}

/// Returns a message as JSON; `name` is its full name, `topodata.Tablet`.
pub fn to_json<M: Message>(name: &str, message: &M, unset: Unset) -> Result<Value, Error> {
    let descriptor = POOL
        .get_message_by_name(name)
        .ok_or_else(|| Error::bug(format_args!("no message type {name}")))?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
        .map_err(|err| Error::bug(format_args!("cannot read back a {name}: {err}")))?;
    write(&dynamic, unset)
        .map_err(|err| Error::bug(format_args!("cannot write a {name} as JSON: {err}")))
}

fn write(message: &DynamicMessage, unset: Unset) -> Result<Value, serde_json::Error> {
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .skip_default_fields(unset == Unset::Skipped)
        .stringify_64_bit_integers(true);
    let written = message.serialize_with_options(serde_json::value::Serializer, &options)?;
    Ok(in_order(&message.descriptor(), written, unset))
}

/// Puts fields in the order of their declaration and the keys of maps in order of text, and adds
/// `null` for messages that are not there where unset fields are written.
///
/// A message that is nested too deeply for this was refused when it was decoded.
fn in_order(descriptor: &MessageDescriptor, value: Value, unset: Unset) -> Value {
    let Value::Object(mut fields) = value else { return value };
    let mut out = serde_json::Map::with_capacity(fields.len());
    for field in descriptor.fields() {
        match fields.remove(field.name()) {
            Some(value) => {
                out.insert(field.name().to_owned(), field_in_order(&field, value, unset));
            }
            None if unset == Unset::Written
                && matches!(field.kind(), Kind::Message(_))
                && field.containing_oneof().is_none() =>
            {
                out.insert(field.name().to_owned(), Value::Null);
            }
            None => {}
        }
    }
    out.extend(fields);
    Value::Object(out)
}

fn field_in_order(field: &FieldDescriptor, value: Value, unset: Unset) -> Value {
    let Kind::Message(inner) = field.kind() else { return value };
    match value {
        Value::Object(entries) if field.is_map() => {
            let of_value = inner.map_entry_value_field();
            let sorted: BTreeMap<String, Value> = entries.into_iter().collect();
            let entries = sorted.into_iter();
            Value::Object(
                entries.map(|(key, one)| (key, field_in_order(&of_value, one, unset))).collect(),
            )
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|one| in_order(&inner, one, unset)).collect())
        }
        other => in_order(&inner, other, unset),
    }
}

/// Reads a message from JSON, names in snake_case or camelCase; unknown fields are an error.
pub fn from_json<M: Message + Default>(name: &str, text: &str) -> Result<M, Error> {
    let descriptor = POOL
        .get_message_by_name(name)
        .ok_or_else(|| Error::bug(format_args!("no message type {name}")))?;
    let wrong = |err: &dyn std::fmt::Display| {
        Error::new(Code::InvalidArgument, format!("cannot read a {name} from JSON: {err}"))
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let dynamic = DynamicMessage::deserialize_with_options(descriptor, &mut reader, &options)
        .map_err(|err| wrong(&err))?;
    reader.end().map_err(|err| wrong(&err))?;
    M::decode(dynamic.encode_to_vec().as_slice()).map_err(|err| wrong(&err))
}

/// Reads bytes of a message whose type is known by name only, as JSON; for the topology browser.
pub fn bytes_to_json(name: &str, bytes: &[u8]) -> Option<Value> {
    let descriptor = POOL.get_message_by_name(name)?;
    let dynamic = DynamicMessage::decode(descriptor, bytes).ok()?;
    write(&dynamic, Unset::Written).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topodata::{Tablet, TabletAlias};

    #[test]
    fn fields_and_keys_stand_in_order() {
        let tablet = Tablet {
            port_map: [("vt".to_owned(), 1), ("grpc".to_owned(), 2), ("a".to_owned(), 3)].into(),
            keyspace: "ks".into(),
            ..Tablet::default()
        };
        let json = to_json("topodata.Tablet", &tablet, Unset::Skipped).unwrap();
        assert_eq!(json.to_string(), r#"{"port_map":{"a":3,"grpc":2,"vt":1},"keyspace":"ks"}"#);
        let status = crate::vtctldata::GetTabletResponse { tablet: Some(tablet) };
        let json = to_json("vtctldata.GetTabletResponse", &status, Unset::Written).unwrap();
        let fields: Vec<&String> = json["tablet"].as_object().unwrap().keys().collect();
        assert_eq!(fields[..4], ["alias", "hostname", "port_map", "keyspace"]);
        assert_eq!(json["tablet"].get("alias"), Some(&Value::Null));
    }

    #[test]
    fn an_optional_value_that_is_not_there_is_left_out() {
        let column = crate::vschema::Column::default();
        let json = to_json("vschema.Column", &column, Unset::Written).unwrap();
        assert_eq!(json.get("nullable"), None);
        assert_eq!(json["values"], serde_json::json!([]));
    }

    #[test]
    fn tablet_keeps_proto_names_and_unset_fields() {
        let tablet = Tablet {
            alias: Some(TabletAlias { cell: "zone1".into(), uid: 100 }),
            r#type: 1,
            ..Tablet::default()
        };
        let json = to_json("topodata.Tablet", &tablet, Unset::Written).unwrap();
        assert_eq!(json["alias"]["uid"], 100);
        assert_eq!(json["mysql_port"], 0);
        assert_eq!(json.get("primary_term_start_time"), Some(&Value::Null));
        let back: Tablet = from_json("topodata.Tablet", &json.to_string()).unwrap();
        assert_eq!(back, tablet);
        assert!(from_json::<Tablet>("topodata.Tablet", r#"{"nonsense": 1}"#).is_err());
    }
}
