//! The text form of messages, on one line: `keyspace:"commerce" shard:"0" filter:{...}`.
//!
//! It is the form in which streams, the keys that copies have come to and journals are kept in
//! tables. Fields stand in the order of their numbers.

use std::fmt::Write as _;

use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, Value};
use vt_base::{Code, Error};

use crate::json::POOL;

/// Messages that lie deeper than this in one another are not read.
const DEPTH_MAX: usize = 64;

/// Returns a message as text; `name` is its full name, `binlogdata.BinlogSource`.
///
/// # Errors
/// There is no message type of that name.
pub fn to_text<M: Message>(name: &str, message: &M) -> Result<String, Error> {
    let descriptor = POOL
        .get_message_by_name(name)
        .ok_or_else(|| Error::bug(format_args!("no message type {name}")))?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
        .map_err(|err| Error::bug(format_args!("cannot read back a {name}: {err}")))?;
    let mut out = String::new();
    write_message(&dynamic, &mut out);
    Ok(out)
}

/// Reads a message from text.
///
/// # Errors
/// The text is none of that message.
pub fn from_text<M: Message + Default>(name: &str, text: &str) -> Result<M, Error> {
    let wrong = |why: &dyn std::fmt::Display| {
        Error::new(Code::InvalidArgument, format!("cannot read a {name}: {why}"))
    };
    if depth(text) > DEPTH_MAX {
        return Err(wrong(&"it is nested too deeply"));
    }
    let descriptor = POOL
        .get_message_by_name(name)
        .ok_or_else(|| Error::bug(format_args!("no message type {name}")))?;
    let dynamic = DynamicMessage::parse_text_format(descriptor, text).map_err(|err| wrong(&err))?;
    M::decode(dynamic.encode_to_vec().as_slice())
        .map_err(|err| Error::bug(format_args!("cannot read back a {name}: {err}")))
}

/// Returns at least how deeply messages lie in one another; braces in strings count too, which no
/// message of ours has many of that are open.
fn depth(text: &str) -> usize {
    let (mut now, mut deepest) = (0usize, 0);
    let mut quote = None;
    let mut escaped = false;
    for byte in text.bytes() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{' | b'<' | b'[') => {
                now += 1;
                deepest = deepest.max(now);
            }
            (None, b'}' | b'>' | b']') => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn write_message(message: &DynamicMessage, out: &mut String) {
    let mut fields: Vec<(FieldDescriptor, &Value)> = message.fields().collect();
    fields.sort_by_key(|(field, _)| field.number());
    for (field, value) in fields {
        match value {
            Value::List(values) => {
                values.iter().for_each(|value| write_field(&field, value, out));
            }
            Value::Map(entries) => {
                let mut entries: Vec<(&MapKey, &Value)> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| format!("{key:?}"));
                for (key, value) in entries {
                    write_entry(&field, key, value, out);
                }
            }
            value => write_field(&field, value, out),
        }
    }
}

fn write_name(field: &FieldDescriptor, out: &mut String) {
    if !out.is_empty() && !out.ends_with('{') {
        out.push(' ');
    }
    out.push_str(field.name());
    out.push(':');
}

fn write_field(field: &FieldDescriptor, value: &Value, out: &mut String) {
    write_name(field, out);
    write_value(&field.kind(), value, out);
}

fn write_entry(field: &FieldDescriptor, key: &MapKey, value: &Value, out: &mut String) {
    write_name(field, out);
    let Kind::Message(entry) = field.kind() else { return };
    out.push_str("{key:");
    write_value(&entry.map_entry_key_field().kind(), &key.clone().into(), out);
    out.push_str(" value:");
    write_value(&entry.map_entry_value_field().kind(), value, out);
    out.push('}');
}

fn write_value(kind: &Kind, value: &Value, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = match value {
        Value::Bool(value) => write!(out, "{value}"),
        Value::I32(value) => write!(out, "{value}"),
        Value::I64(value) => write!(out, "{value}"),
        Value::U32(value) => write!(out, "{value}"),
        Value::U64(value) => write!(out, "{value}"),
        Value::F32(value) => write!(out, "{value}"),
        Value::F64(value) => write!(out, "{value}"),
        Value::String(text) => {
            write_quoted(text.chars(), out);
            Ok(())
        }
        Value::Bytes(bytes) => {
            write_bytes(bytes, out);
            Ok(())
        }
        Value::EnumNumber(number) => {
            let name = match kind {
                Kind::Enum(described) => described.get_value(*number),
                _ => None,
            };
            match name {
                Some(name) => write!(out, "{}", name.name()),
                None => write!(out, "{number}"),
            }
        }
        Value::Message(message) => {
            out.push('{');
            write_message(message, out);
            out.push('}');
            Ok(())
        }
        // Both stand in fields only, and are taken apart there.
        Value::List(_) | Value::Map(_) => Ok(()),
    };
}

fn write_quoted(text: impl Iterator<Item = char>, out: &mut String) {
    out.push('"');
    for c in text {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 || c == '\x7f' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Bytes that are text stand as such.
fn write_bytes(bytes: &[u8], out: &mut String) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return write_quoted(text.chars(), out);
    }
    out.push('"');
    for byte in bytes {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x20..=0x7e => out.push(char::from(*byte)),
            byte => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{binlogdata, query};

    const SOURCE: &str = "binlogdata.BinlogSource";

    #[test]
    fn a_source_is_written_as_tables_keep_it() {
        let rule = binlogdata::Rule {
            r#match: "customer".into(),
            filter: "select * from customer where name = \"o'x\"".into(),
            ..Default::default()
        };
        let source = binlogdata::BinlogSource {
            keyspace: "commerce".into(),
            shard: "0".into(),
            filter: Some(binlogdata::Filter { rules: vec![rule], ..Default::default() }),
            on_ddl: binlogdata::OnDdlAction::Exec.into(),
            stop_after_copy: true,
            ..Default::default()
        };
        let text = to_text(SOURCE, &source).unwrap();
        assert_eq!(
            text,
            "keyspace:\"commerce\" shard:\"0\" filter:{rules:{match:\"customer\" \
             filter:\"select * from customer where name = \\\"o'x\\\"\"}} on_ddl:EXEC \
             stop_after_copy:true"
        );
        assert_eq!(from_text::<binlogdata::BinlogSource>(SOURCE, &text).unwrap(), source);
    }

    #[test]
    fn bytes_that_are_no_text_come_back() {
        let row = query::Row { lengths: vec![3, -1], values: vec![0xff, b'"', 0].into() };
        let result = query::QueryResult { rows: vec![row], ..Default::default() };
        let text = to_text("query.QueryResult", &result).unwrap();
        assert_eq!(text, "rows:{lengths:3 lengths:-1 values:\"\\xff\\\"\\x00\"}");
        assert_eq!(from_text::<query::QueryResult>("query.QueryResult", &text).unwrap(), result);
    }

    #[test]
    fn maps_and_enums_come_back() {
        let mut rule = binlogdata::Rule { r#match: "/.*".into(), ..Default::default() };
        rule.convert_enum_to_text.insert("b".into(), "'x','y'".into());
        rule.convert_int_to_enum.insert("a".into(), true);
        let filter = binlogdata::Filter { rules: vec![rule], ..Default::default() };
        let text = to_text("binlogdata.Filter", &filter).unwrap();
        assert_eq!(from_text::<binlogdata::Filter>("binlogdata.Filter", &text).unwrap(), filter);
    }

    #[test]
    fn what_is_no_text_of_the_message_is_refused() {
        for wrong in ["keyspace:", "nonsense:1", "filter:{", "shard:3"] {
            let read = from_text::<binlogdata::BinlogSource>(SOURCE, wrong);
            assert_eq!(read.unwrap_err().code(), Code::InvalidArgument, "{wrong}");
        }
        let deep = "filter:{".repeat(100_000);
        assert!(from_text::<binlogdata::BinlogSource>(SOURCE, &deep).is_err());
    }
}
