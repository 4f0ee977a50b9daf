//! A statement cut at its bind variables once, so that filling it in is copying.
//!
//! `:name` takes a value, `::name` a list in parentheses. Values are written as MySQL reads them:
//! a text is quoted and escaped, a number stands bare and must look like one.

use std::ops::Range;

use vt_base::{Code, Error, Result};
use vt_value::{BindVars, BoundValue, Type, TypedBytes};

/// How a quote inside a text is written; MySQL's mode `NO_BACKSLASH_ESCAPES` decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escaping {
    Backslash,
    Doubling,
}

/// A statement with places for values.
#[derive(Debug)]
pub struct Template {
    text: Box<str>,
    places: Box<[Place]>,
}

#[derive(Debug)]
struct Place {
    /// Where the marker stands in the text.
    at: Range<usize>,
    name: Box<str>,
    list: bool,
}

impl Template {
    /// Finds the places of a statement.
    pub fn new(text: &str) -> Template {
        Template { text: text.into(), places: find_places(text).into() }
    }

    /// Returns whether the statement has no places.
    pub fn is_plain(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the text with its markers.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes the statement with values in its places.
    pub fn fill(&self, binds: &BindVars, escaping: Escaping, out: &mut Vec<u8>) -> Result<()> {
        out.reserve(self.text.len() + 24 * self.places.len());
        let mut copied = 0;
        for place in &self.places {
            out.extend_from_slice(&self.text.as_bytes()[copied..place.at.start]);
            copied = place.at.end;
            match (binds.get(&place.name), place.list) {
                (None, _) => return Err(wrong(format!("missing bind var {}", place.name))),
                (Some(BoundValue::One(value)), false) => write_value(value, escaping, out)?,
                (Some(BoundValue::Tuple(values)), true) => {
                    write_list(&place.name, values, escaping, out)?;
                }
                (Some(BoundValue::Tuple(_)), false) => {
                    let text =
                        format!("unexpected arg type (TUPLE) for non-list key {}", place.name);
                    return Err(wrong(text));
                }
                (Some(BoundValue::One(value)), true) => {
                    let text =
                        format!("unexpected list arg type ({}) for key {}", value.typ, place.name);
                    return Err(wrong(text));
                }
            }
        }
        out.extend_from_slice(&self.text.as_bytes()[copied..]);
        Ok(())
    }
}

fn wrong(text: String) -> Error {
    Error::new(Code::InvalidArgument, text)
}

fn write_list(
    name: &str,
    values: &[TypedBytes],
    escaping: Escaping,
    out: &mut Vec<u8>,
) -> Result<()> {
    if values.is_empty() {
        return Err(wrong(format!("empty list supplied for {name}")));
    }
    for (index, value) in values.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"(" } else { b", " });
        write_value(value, escaping, out)?;
    }
    out.push(b')');
    Ok(())
}

/// Writes a value as a literal.
pub fn write_value(value: &TypedBytes, escaping: Escaping, out: &mut Vec<u8>) -> Result<()> {
    let bytes: &[u8] = &value.bytes;
    match value.typ {
        Type::NULL_TYPE => out.extend_from_slice(b"null"),
        Type::BIT => write_bits(bytes, out),
        Type::BINARY | Type::VARBINARY | Type::BLOB | Type::GEOMETRY | Type::VECTOR => {
            out.extend_from_slice(b"_binary");
            write_quoted(bytes, escaping, out);
        }
        Type::HEXNUM => write_checked(bytes, out, |text| digits_after(text, &["0x"], false))?,
        Type::HEXVAL => write_checked(bytes, out, |text| digits_after(text, &["x'", "X'"], true))?,
        Type::BITNUM => write_checked(bytes, out, |text| {
            digits_after(text, &["0b"], false) || digits_after(text, &["b'", "B'"], true)
        })?,
        typ if typ.is_number() => write_checked(bytes, out, is_number)?,
        typ if typ.is_quoted() => write_quoted(bytes, escaping, out),
        typ => return Err(wrong(format!("cannot bind a value of type {typ}"))),
    }
    Ok(())
}

/// Writes bytes that a check has found to be one literal and nothing else.
fn write_checked(bytes: &[u8], out: &mut Vec<u8>, check: impl Fn(&[u8]) -> bool) -> Result<()> {
    if !check(bytes) {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).into_owned();
        return Err(wrong(format!("not a number: {shown:?}")));
    }
    out.extend_from_slice(bytes);
    Ok(())
}

fn is_number(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let begins = match rest {
        [b'.', digit, ..] | [digit, ..] => digit.is_ascii_digit(),
        [] => false,
    };
    let after = |index: usize| matches!(rest[index - 1], b'e' | b'E');
    begins
        && rest.iter().enumerate().all(|(index, byte)| match byte {
            b'0'..=b'9' | b'.' => true,
            b'e' | b'E' => index > 0,
            // A second sign may only stand in the exponent.
            b'+' | b'-' => index > 0 && after(index),
            _ => false,
        })
}

fn digits_after(text: &[u8], prefixes: &[&str], quoted: bool) -> bool {
    prefixes.iter().any(|prefix| {
        let Some(rest) = text.strip_prefix(prefix.as_bytes()) else { return false };
        let rest = if quoted { rest.strip_suffix(b"'") } else { Some(rest) };
        rest.is_some_and(|rest| {
            (quoted || !rest.is_empty()) && rest.iter().all(u8::is_ascii_hexdigit)
        })
    })
}

fn write_bits(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"b'");
    for byte in bytes {
        for bit in (0..8).rev() {
            out.push(b'0' + (byte >> bit & 1));
        }
    }
    out.push(b'\'');
}

fn write_quoted(bytes: &[u8], escaping: Escaping, out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    out.push(b'\'');
    let mut plain = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let escaped: &[u8] = match (escaping, byte) {
            (Escaping::Doubling, b'\'') => b"''",
            (Escaping::Doubling, _) => continue,
            (Escaping::Backslash, b'\'') => b"\\'",
            (Escaping::Backslash, b'"') => b"\\\"",
            (Escaping::Backslash, b'\\') => b"\\\\",
            (Escaping::Backslash, 0) => b"\\0",
            (Escaping::Backslash, b'\n') => b"\\n",
            (Escaping::Backslash, b'\r') => b"\\r",
            (Escaping::Backslash, b'\t') => b"\\t",
            (Escaping::Backslash, 8) => b"\\b",
            (Escaping::Backslash, 26) => b"\\Z",
            (Escaping::Backslash, _) => continue,
        };
        out.extend_from_slice(&bytes[plain..index]);
        out.extend_from_slice(escaped);
        plain = index + 1;
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'\'');
}

/// Finds the markers that stand outside of quotes and comments.
fn find_places(text: &str) -> Vec<Place> {
    let bytes = text.as_bytes();
    let mut places = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        at = match bytes[at] {
            quote @ (b'\'' | b'"' | b'`') => after_quote(bytes, at, quote),
            b'#' => after_line(bytes, at),
            b'-' if bytes[at..].starts_with(b"--")
                && bytes.get(at + 2).is_none_or(|next| next.is_ascii_whitespace()) =>
            {
                after_line(bytes, at)
            }
            b'/' if bytes[at..].starts_with(b"/*") => after_comment(text, at),
            b':' => {
                let list = bytes.get(at + 1) == Some(&b':');
                let start = at + 1 + usize::from(list);
                let end = start + name_length(&bytes[start..]);
                if end > start {
                    let name = text[start..end].into();
                    places.push(Place { at: at..end, name, list });
                }
                end.max(at + 1)
            }
            _ => at + 1,
        };
    }
    places
}

fn name_length(bytes: &[u8]) -> usize {
    let begins = bytes.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    if !begins {
        return 0;
    }
    let of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'$');
    bytes.iter().take_while(of_name).count()
}

fn after_quote(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 2,
            // A doubled quote ends one text and begins the next, which comes to the same.
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn after_line(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| start + end + 1)
}

fn after_comment(text: &str, start: usize) -> usize {
    let inner = &text[start + 2..];
    // What stands in `/*! ... */` is part of the statement.
    if inner.starts_with('!') {
        return start + 3;
    }
    inner.find("*/").map_or(text.len(), |end| start + 2 + end + 2)
}

#[cfg(test)]
#[path = "template/tests.rs"]
mod tests;
