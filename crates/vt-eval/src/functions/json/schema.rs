//! `JSON_SCHEMA_VALID()` and `JSON_SCHEMA_VALIDATION_REPORT()`.

use std::cell::RefCell;
use std::collections::HashMap;

use vt_base::{Code, Error};
use vt_value::Value;
use vt_value::json::Json;
use vt_value::json::schema::{self, Failure};

use super::argument::document;
use super::{json_kind, name_of};
use crate::function::{Call, Signature};
use crate::kind::Kind;
use crate::regex::{Flags, Regex, RegexError};

pub(super) fn valid_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.kind(0).is_null() {
        return Ok(Kind::null());
    }
    Ok(Kind::truth().with_nullable(signature.any_nullable()))
}

pub(super) fn report_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let null = signature.kind(0).is_null();
    Ok(if null { Kind::null() } else { json_kind() })
}

pub(super) fn valid(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(validate(call)?.map_or(Value::Null, |failure| Value::from(failure.is_none())))
}

pub(super) fn report(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(match validate(call)? {
        None => Value::Null,
        Some(Some(failure)) => Value::Json(failure.report()?),
        Some(None) => Value::Json(Json::object(vec![("valid".into(), Json::Bool(true))])?),
    })
}

/// Checks a document; `None` if it or the schema is NULL.
fn validate(call: &mut Call<'_, '_>) -> Result<Option<Option<Failure>>, Error> {
    let Some(schema) = document(call, 0)? else { return Ok(None) };
    let Json::Object(schema) = schema else {
        let function = name_of(call);
        let message = format!(
            "Invalid JSON type in argument 1 to function {function}; an object is required."
        );
        return Err(Error::mysql(3853, b"22032", message).with_code(Code::InvalidArgument));
    };
    let Some(document) = document(call, 1)? else { return Ok(None) };
    let patterns = Patterns::default();
    schema::validate(&schema, &document, &|pattern, text| patterns.matches(pattern, text)).map(Some)
}

/// The patterns of a schema, each compiled once.
#[derive(Default)]
struct Patterns {
    compiled: RefCell<HashMap<String, Regex>>,
}

impl Patterns {
    /// Returns whether a pattern is found in a text.
    ///
    /// The patterns are those of ECMAScript; what they share with the expressions of SQL is
    /// computed, and the rest refused.
    fn matches(&self, pattern: &str, text: &str) -> Result<Option<bool>, Error> {
        if pattern.is_empty() {
            return Ok(Some(true));
        }
        if !is_plain(pattern) {
            return Err(Error::unsupported(format_args!(
                "the pattern '{pattern}' of a JSON schema"
            )));
        }
        let mut compiled = self.compiled.borrow_mut();
        if !compiled.contains_key(pattern) {
            let chars: Vec<char> = pattern.chars().collect();
            let regex = Regex::new(&chars, Flags::default()).map_err(|error| failed(&error))?;
            compiled.insert(pattern.to_owned(), regex);
        }
        let Some(regex) = compiled.get(pattern) else { return Ok(None) };
        let chars: Vec<char> = text.chars().collect();
        let found = regex.search(&chars).next_match().map_err(|error| failed(&error))?;
        Ok(Some(found.is_some()))
    }
}

fn failed(error: &RegexError) -> Error {
    Error::unsupported(format_args!("a pattern of a JSON schema: {error}"))
}

/// Returns whether a pattern means the same in both languages: of ASCII, without groups of the
/// form `(?`, sets within sets, quantifiers of quantifiers, and rare escapes.
fn is_plain(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    if !bytes.is_ascii() {
        return false;
    }
    let mut in_set = false;
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let next = bytes.get(place + 1);
        match byte {
            b'\\' => {
                let known = b"dDwWsSntr.*+?()[]{}|^$/\\-";
                if !next.is_some_and(|next| known.contains(next)) {
                    return false;
                }
                place += 1;
            }
            b'[' | b'&' if in_set => return false,
            b'-' if in_set && next == Some(&b'-') => return false,
            b'[' => {
                in_set = true;
                // A bracket that closes at once is a matter of taste.
                let first = if next == Some(&b'^') { bytes.get(place + 2) } else { next };
                if first == Some(&b']') {
                    return false;
                }
            }
            b']' if in_set => in_set = false,
            b']' | b'}' if !in_set && *byte == b']' => return false,
            b'(' if !in_set && next == Some(&b'?') => return false,
            b'*' | b'+' | b'?' | b'}' if !in_set && next == Some(&b'+') => return false,
            // A line may end at more characters in one language than in the other.
            b'#' => return false,
            _ => {}
        }
        place += 1;
    }
    !in_set
}

#[cfg(test)]
mod tests {
    use super::{Patterns, is_plain};

    #[test]
    fn plain_patterns_are_found() {
        let patterns = Patterns::default();
        for (pattern, text, found) in [
            ("^a", "abc", true),
            ("^[a-z]+$", "abc", true),
            ("^[a-z]+$", "aBc", false),
            ("^\\d{3}-\\d{2}$", "123-45", true),
            ("(a|b)c", "xbc", true),
            ("", "x", true),
        ] {
            assert_eq!(patterns.matches(pattern, text).unwrap(), Some(found), "{pattern}");
        }
    }

    #[test]
    fn what_the_languages_do_not_share_is_refused() {
        for pattern in ["(?=a)", "\\1", "\\u0041", "[[:alpha:]]", "é", "a++", "[]a]", "[a", "(?:a)"]
        {
            assert!(!is_plain(pattern), "{pattern}");
        }
        assert!(Patterns::default().matches("(", "x").is_err());
    }
}
