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
use std::collections::HashSet;

use vt_base::Error;

use super::{DEPTH_MAX, Json, Object, too_deep};
use pointer::At;

/// How many values are checked against parts of a schema; references to parts that refer on can
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
/// MySQL's 1235 for a schema that refers to another document, 3157 for one that refers to itself;
/// one that would be checked without end is refused.
pub fn validate(
    schema: &Object,
    document: &Json,
    matches: Matches<'_>,
) -> Result<Option<Failure>, Error> {
    let root = Json::Object(schema.clone());
    let mut references = References { root: &root, following: Vec::new(), done: HashSet::new() };
    references.follow(&root)?;
    let checker = Checker { root: &root, matches, checks: Cell::new(0) };
    let spot = Spot { schema: &root, schema_at: &At::Root, value_at: &At::Root, nesting: 0 };
    checker.check(spot, document)
}

/// The references of a schema, followed before anything is checked.
struct References<'r> {
    root: &'r Json,
    /// Those that are being followed, to the one that stands inside of them all.
    following: Vec<String>,
    /// Those that have been followed to their ends.
    done: HashSet<String>,
}

impl References<'_> {
    /// Follows every reference in a part of the schema, wherever it stands.
    ///
    /// To another document there is none; a circle of them is, to MySQL, a schema too deep.
    fn follow(&mut self, schema: &Json) -> Result<(), Error> {
        let object = match schema {
            Json::Object(object) => object,
            Json::Array(array) => return array.items().iter().try_for_each(|one| self.follow(one)),
            _ => return Ok(()),
        };
        if let Some(Json::String(target)) = object.get("$ref") {
            if !target.is_empty() && !target.starts_with('#') {
                let message =
                    "This version of MySQL doesn't yet support 'references in JSON Schema'";
                return Err(Error::mysql(1235, b"42000", message));
            }
            if self.following.iter().any(|one| **one == **target) {
                return Err(too_deep());
            }
            if self.following.len() >= usize::from(DEPTH_MAX) {
                return Err(Error::unsupported("a JSON schema with so long a chain of references"));
            }
            if !self.done.contains(&**target)
                && let Some((found, _)) = resolve(self.root, target)
            {
                self.following.push(target.to_string());
                self.follow(found)?;
                self.following.pop();
                self.done.insert(target.to_string());
            }
        }
        object.members().iter().try_for_each(|(_, value)| self.follow(value))
    }
}

/// Returns the part that a reference leads to, and the names on the way.
fn resolve<'j>(root: &'j Json, target: &str) -> Option<(&'j Json, Vec<String>)> {
    let names = pointer::parse(target)?;
    let found = names.iter().try_fold(root, |found, name| match found {
        Json::Object(object) => object.get(name),
        Json::Array(array) => name.parse().ok().and_then(|at: usize| array.items().get(at)),
        _ => None,
    })?;
    Some((found, names))
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
        let Some((found, names)) = resolve(self.root, target) else { return Ok(None) };
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
