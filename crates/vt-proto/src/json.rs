//! The JSON form of messages: snake_case names, 64-bit integers as strings (protobuf's JSON mapping).

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, SerializeOptions};
use vt_base::{Code, Error};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
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
pub fn to_json<M: Message>(
    name: &str,
    message: &M,
    unset: Unset,
) -> Result<serde_json::Value, Error> {
    let descriptor = POOL
        .get_message_by_name(name)
        .ok_or_else(|| Error::bug(format_args!("no message type {name}")))?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
        .map_err(|err| Error::bug(format_args!("cannot read back a {name}: {err}")))?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .skip_default_fields(unset == Unset::Skipped)
        .stringify_64_bit_integers(true);
    dynamic
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|err| Error::bug(format_args!("cannot write a {name} as JSON: {err}")))
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
pub fn bytes_to_json(name: &str, bytes: &[u8]) -> Option<serde_json::Value> {
    let descriptor = POOL.get_message_by_name(name)?;
    let dynamic = DynamicMessage::decode(descriptor, bytes).ok()?;
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    dynamic.serialize_with_options(serde_json::value::Serializer, &options).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topodata::{Tablet, TabletAlias};

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
        assert_eq!(json["primary_term_start_time"], serde_json::Value::Null);
        let back: Tablet = from_json("topodata.Tablet", &json.to_string()).unwrap();
        assert_eq!(back, tablet);
        assert!(from_json::<Tablet>("topodata.Tablet", r#"{"nonsense": 1}"#).is_err());
    }
}
