//! JSON Schema, draft 4, as `JSON_SCHEMA_VALID()` has it.
//!
//! What is reported is the first requirement that fails when a document is read from its start to
//! its end: what a value begins with is judged before what is inside of it, and what it holds
//! together after that.

mod combine;
mod nested;
mod pointer;
mod scalar;

use std::cell::Cell;

use vt_base::Error;

use super::{Json, Object};
use pointer::At;

/// How many values are checked against parts of a schema; those that refer to themselves could
/// ask for any number.
const CHECKS_MAX: u32 = 1_000_000;
/// How deep parts of a schema and values inside of one another are followed.
const NESTING_MAX: u16 = 300;

/// Decides whether a pattern is found in a text; `None` if the pattern is none.
pub type Matches<'m> = &'m dyn Fn(&str, &str) -> Result<Option<bool>, Error>;

/// What a document failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub keyword: &'static str,
    /// Where in the schema, as the fragment of a URI.
    pub schema: String,
    /// Where in the document.
    pub document: String,
}

impl Failure {
    /// Returns the sentence that tells what failed.
    pub fn reason(&self) -> String {
        format!(
            "The JSON document location '{}' failed requirement '{}' at JSON Schema location '{}'",
            self.document, self.keyword, self.schema
        )
    }

    /// Returns what `JSON_SCHEMA_VALIDATION_REPORT()` gives.
    ///
    /// # Errors
    /// None: the report has one level.
    pub fn report(&self) -> Result<Json, Error> {
        Json::object(vec![
            ("valid".into(), Json::Bool(false)),
            ("reason".into(), Json::string(&self.reason())),
            ("schema-location".into(), Json::string(&self.schema)),
            ("document-location".into(), Json::string(&self.document)),
            ("schema-failed-keyword".into(), Json::string(self.keyword)),
        ])
    }
}

/// Checks a document against a schema, which is an object; returns what failed first.
///
/// # Errors
/// MySQL's 1235 for a schema that refers to another one; a schema that refers to itself without
/// end is refused.
pub fn validate(
    schema: &Object,
    document: &Json,
    matches: Matches<'_>,
) -> Result<Option<Failure>, Error> {
    let root = Json::Object(schema.clone());
    refuse_remote(&root)?;
    let checker = Checker { root: &root, matches, checks: Cell::new(0) };
    let spot = Spot { schema: &root, schema_at: &At::Root, value_at: &At::Root, nesting: 0 };
    checker.check(spot, document)
}

/// Any object that refers to another document is an error, wherever it stands.
fn refuse_remote(schema: &Json) -> Result<(), Error> {
    match schema {
        Json::Object(object) => {
            if let Some(Json::String(target)) = object.get("$ref")
                && !target.is_empty()
                && !target.starts_with('#')
            {
                let message =
                    "This version of MySQL doesn't yet support 'references in JSON Schema'";
                return Err(Error::mysql(1235, b"42000", message));
            }
            object.members().iter().try_for_each(|(_, value)| refuse_remote(value))
        }
        Json::Array(array) => array.items().iter().try_for_each(refuse_remote),
        _ => Ok(()),
    }
}

struct Checker<'c> {
    root: &'c Json,
    matches: Matches<'c>,
    checks: Cell<u32>,
}

/// A part of the schema, and where it and the value stand.
#[derive(Clone, Copy)]
struct Spot<'s> {
    schema: &'s Json,
    schema_at: &'s At<'s>,
    value_at: &'s At<'s>,
    nesting: u16,
}

/// What checking a value gives: what failed first, if anything did.
type Checked = Result<Option<Failure>, Error>;

impl Spot<'_> {
    fn fail(&self, keyword: &'static str) -> Checked {
        self.fail_at(keyword, self.value_at)
    }

    fn fail_at(&self, keyword: &'static str, value_at: &At<'_>) -> Checked {
        let (schema, document) = (self.schema_at.fragment(), value_at.fragment());
        Ok(Some(Failure { keyword, schema, document }))
    }
}

impl Checker<'_> {
    /// Checks a value against a part of the schema.
    fn check(&self, spot: Spot<'_>, value: &Json) -> Checked {
        self.checks.set(self.checks.get() + 1);
        if self.checks.get() > CHECKS_MAX || spot.nesting > NESTING_MAX {
            return Err(Error::unsupported("a JSON schema that refers to itself so often"));
        }
        // What is no object asks for nothing.
        let Json::Object(schema) = spot.schema else { return Ok(None) };
        if let Some(Json::String(target)) = schema.get("$ref") {
            return self.check_reference(target, spot, value);
        }
        if !scalar::has_type(schema, value) {
            return spot.fail("type");
        }
        let failed = match value {
            Json::Object(object) => self.object(schema, spot, object)?,
            Json::Array(array) => self.array(schema, spot, array.items())?,
            _ => match scalar::failed(schema, value, self.matches)? {
                Some(keyword) => return spot.fail(keyword),
                None => None,
            },
        };
        match failed {
            Some(failure) => Ok(Some(failure)),
            None => self.combined(schema, spot, value),
        }
    }

    /// Follows `#/definitions/x`; what leads nowhere asks for nothing.
    fn check_reference(&self, target: &str, spot: Spot<'_>, value: &Json) -> Checked {
        let Some(names) = pointer::parse(target) else { return Ok(None) };
        let mut found = self.root;
        for name in &names {
            let next = match found {
                Json::Object(object) => object.get(name),
                Json::Array(array) => name.parse().ok().and_then(|at: usize| array.items().get(at)),
                _ => None,
            };
            let Some(next) = next else { return Ok(None) };
            found = next;
        }
        let at = At::Names(&names);
        self.check(Spot { schema: found, schema_at: &at, nesting: spot.nesting + 1, ..spot }, value)
    }

    /// Checks a value against a part of a part of the schema.
    fn check_part(&self, spot: Spot<'_>, part: &Json, at: &At<'_>, value: &Json) -> Checked {
        self.check(Spot { schema: part, schema_at: at, nesting: spot.nesting + 1, ..spot }, value)
    }
}

/// Returns a keyword's number, if it is one without sign.
fn count(schema: &Object, keyword: &str) -> Option<u64> {
    match schema.get(keyword)? {
        Json::Int(number) => u64::try_from(*number).ok(),
        Json::UInt(number) => Some(*number),
        _ => None,
    }
}

fn is_true(schema: &Object, keyword: &str) -> bool {
    matches!(schema.get(keyword), Some(Json::Bool(true)))
}

#[cfg(test)]
mod tests;
