//! The text form as MySQL prints it, on one line or on many.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Json;
use crate::{Temporal, float};

/// What an indented line starts with, for each level.
const INDENT: &str = "  ";

impl Json {
    /// Appends the text on one line.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Json::Array(array) => {
                out.push(b'[');
                for (place, item) in array.items().iter().enumerate() {
                    if place > 0 {
                        out.extend_from_slice(b", ");
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Json::Object(object) => {
                out.push(b'{');
                for (place, (name, value)) in object.members().iter().enumerate() {
                    if place > 0 {
                        out.extend_from_slice(b", ");
                    }
                    quote(name, out);
                    out.extend_from_slice(b": ");
                    value.write(out);
                }
                out.push(b'}');
            }
            _ => self.write_scalar(out, Quoted::Yes),
        }
    }

    /// Appends the text that `JSON_PRETTY()` gives: a line for each element and member.
    pub fn write_pretty(&self, out: &mut Vec<u8>) {
        self.write_indented(0, out);
    }

    fn write_indented(&self, level: usize, out: &mut Vec<u8>) {
        let (open, close) = match self {
            Json::Array(_) => (b'[', b']'),
            Json::Object(_) => (b'{', b'}'),
            _ => return self.write_scalar(out, Quoted::Yes),
        };
        out.push(open);
        let mut first = true;
        let mut line = |out: &mut Vec<u8>| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            new_line(level + 1, out);
        };
        match self {
            Json::Array(array) => {
                for item in array.items() {
                    line(out);
                    item.write_indented(level + 1, out);
                }
            }
            Json::Object(object) => {
                for (name, value) in object.members() {
                    line(out);
                    quote(name, out);
                    out.extend_from_slice(b": ");
                    value.write_indented(level + 1, out);
                }
            }
            _ => {}
        }
        if !self.is_empty() {
            new_line(level, out);
        }
        out.push(close);
    }

    /// Appends what `JSON_UNQUOTE()` gives: a string as it is, all else as it prints, scalars of
    /// MySQL's own without quotes.
    pub fn write_unquoted(&self, out: &mut Vec<u8>) {
        match self {
            Json::Array(_) | Json::Object(_) => self.write(out),
            _ => self.write_scalar(out, Quoted::No),
        }
    }

    fn write_scalar(&self, out: &mut Vec<u8>, quoted: Quoted) {
        let mut in_quotes = |text: &[u8]| {
            if matches!(quoted, Quoted::Yes) {
                out.push(b'"');
            }
            out.extend_from_slice(text);
            if matches!(quoted, Quoted::Yes) {
                out.push(b'"');
            }
        };
        match self {
            Json::Null => out.extend_from_slice(b"null"),
            Json::Bool(true) => out.extend_from_slice(b"true"),
            Json::Bool(false) => out.extend_from_slice(b"false"),
            Json::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Json::UInt(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Json::Double(number) => write_double(*number, out),
            Json::Decimal(number) => number.write(out),
            Json::String(text) if matches!(quoted, Quoted::Yes) => quote(text, out),
            Json::String(text) => out.extend_from_slice(text.as_bytes()),
            Json::Temporal(temporal) => in_quotes(&temporal_text(temporal)),
            Json::Opaque(column_type, bytes) => {
                let end = if matches!(quoted, Quoted::Yes) { "\\n" } else { "\n" };
                let lines = in_lines(&STANDARD.encode(bytes.as_ref()), end);
                in_quotes(format!("base64:type{column_type}:{lines}").as_bytes());
            }
            Json::Array(_) | Json::Object(_) => {}
        }
    }
}

enum Quoted {
    Yes,
    No,
}

/// How many letters of base64 stand in a line.
const LINE: usize = 76;

/// Breaks letters of base64 into lines.
fn in_lines(letters: &str, end: &str) -> String {
    let lines: Vec<String> = letters
        .as_bytes()
        .chunks(LINE)
        .map(|line| line.iter().map(|byte| char::from(*byte)).collect())
        .collect();
    lines.join(end)
}

fn new_line(level: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.extend_from_slice(INDENT.repeat(level).as_bytes());
}

/// A double is told from an integer by its point, or by its exponent.
fn write_double(number: f64, out: &mut Vec<u8>) {
    let start = out.len();
    float::write_f64(number, out);
    if out[start..].iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') {
        out.extend_from_slice(b".0");
    }
}

/// Dates and times print all six digits of a second's fraction.
fn temporal_text(temporal: &Temporal) -> Vec<u8> {
    let mut text = Vec::with_capacity(26);
    temporal.with_digits(6).write(&mut text);
    text
}

/// Appends a text in quotes, with what needs it escaped.
pub fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(place) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        out.extend_from_slice(&rest[..place]);
        match rest[place] {
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x8 => out.extend_from_slice(b"\\b"),
            0xc => out.extend_from_slice(b"\\f"),
            byte => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
        rest = &rest[place + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
