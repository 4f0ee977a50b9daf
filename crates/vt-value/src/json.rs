//! JSON documents with the scalars that MySQL's JSON has: exact and approximate numbers, dates and
//! times, and bytes besides what the text form knows.
//!
//! Documents are shared, so that a copy costs a counter. Arrays and objects nest at most
//! [`DEPTH_MAX`] deep, by construction: every walk over a document may therefore recurse.

pub mod binary;
mod compare;
mod contain;
mod edit;
mod merge;
mod parse;
pub mod path;
mod print;
pub mod schema;
mod seek;

use std::sync::Arc;

use bytes::Bytes;
use vt_base::Error;

use crate::{Decimal, Temporal, TemporalKind};

pub use edit::Edit;
pub use parse::ParseError;
pub use path::Path;
pub use print::quote;

/// How deep arrays and objects may nest; a scalar may stand one level deeper.
pub const DEPTH_MAX: u8 = 100;

/// The types of columns that bytes in a document may come from, as the protocol numbers them.
pub mod opaque {
    pub const VARCHAR: u8 = 15;
    pub const BIT: u8 = 16;
    pub const TINY_BLOB: u8 = 249;
    pub const MEDIUM_BLOB: u8 = 250;
    pub const LONG_BLOB: u8 = 251;
    pub const BLOB: u8 = 252;
    pub const VAR_STRING: u8 = 253;
    pub const STRING: u8 = 254;
    pub const GEOMETRY: u8 = 255;
}

/// A JSON value.
#[derive(Clone, Debug)]
pub enum Json {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Decimal(Arc<Decimal>),
    String(Arc<str>),
    Temporal(Temporal),
    /// Bytes, and the type of the column that they would be of (see [`opaque`]).
    Opaque(u8, Arc<Bytes>),
    Array(Array),
    Object(Object),
}

/// The elements of an array.
#[derive(Clone, Debug)]
pub struct Array(Arc<Nested<Json>>);

/// The members of an object, ordered by the length of their names, then by the bytes.
#[derive(Clone, Debug)]
pub struct Object(Arc<Nested<(Arc<str>, Json)>>);

#[derive(Clone, Debug)]
struct Nested<T> {
    items: Vec<T>,
    /// How many levels of arrays and objects there are, this one included.
    levels: u8,
}

/// `3157`: arrays and objects nest too deep.
pub fn too_deep() -> Error {
    Error::mysql(3157, b"22032", "The JSON document exceeds the maximum depth.")
}

impl Json {
    /// Makes an array.
    ///
    /// # Errors
    /// An element is as deep as a document may be.
    pub fn array(items: Vec<Json>) -> Result<Json, Error> {
        Array::new(items).map(Json::Array)
    }

    /// Makes an object; of members with the same name the last one counts.
    ///
    /// # Errors
    /// A member is as deep as a document may be.
    pub fn object(members: Vec<(Arc<str>, Json)>) -> Result<Json, Error> {
        Object::new(members).map(Json::Object)
    }

    pub fn string(text: &str) -> Json {
        Json::String(text.into())
    }

    pub fn decimal(number: Decimal) -> Json {
        Json::Decimal(Arc::new(number))
    }

    pub fn opaque(column_type: u8, bytes: Bytes) -> Json {
        Json::Opaque(column_type, Arc::new(bytes))
    }

    /// Returns what `JSON_TYPE()` names the value.
    pub fn type_name(&self) -> &'static str {
        match self {
            Json::Null => "NULL",
            Json::Bool(_) => "BOOLEAN",
            Json::Int(_) => "INTEGER",
            Json::UInt(_) => "UNSIGNED INTEGER",
            Json::Double(_) => "DOUBLE",
            Json::Decimal(_) => "DECIMAL",
            Json::String(_) => "STRING",
            Json::Temporal(temporal) => match temporal.kind {
                TemporalKind::Date => "DATE",
                TemporalKind::DateTime => "DATETIME",
                TemporalKind::Time => "TIME",
            },
            Json::Opaque(opaque::BIT, _) => "BIT",
            Json::Opaque(opaque::VARCHAR | opaque::TINY_BLOB..=opaque::STRING, _) => "BLOB",
            Json::Opaque(opaque::GEOMETRY, _) => "GEOMETRY",
            Json::Opaque(..) => "OPAQUE",
            Json::Array(_) => "ARRAY",
            Json::Object(_) => "OBJECT",
        }
    }

    pub fn is_scalar(&self) -> bool {
        !matches!(self, Json::Array(_) | Json::Object(_))
    }

    /// Returns how many elements or members there are; a scalar is one.
    pub fn len(&self) -> usize {
        match self {
            Json::Array(array) => array.items().len(),
            Json::Object(object) => object.members().len(),
            _ => 1,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many levels of arrays and objects there are.
    fn levels(&self) -> u8 {
        match self {
            Json::Array(array) => array.0.levels,
            Json::Object(object) => object.0.levels,
            _ => 0,
        }
    }

    /// Returns the depth as `JSON_DEPTH()` counts it: a scalar and an empty array have 1.
    pub fn depth(&self) -> u8 {
        match self {
            Json::Array(array) => 1 + deepest(array.items().iter()),
            Json::Object(object) => 1 + deepest(object.members().iter().map(|(_, value)| value)),
            _ => 1,
        }
    }
}

fn deepest<'j>(values: impl Iterator<Item = &'j Json>) -> u8 {
    values.map(Json::depth).max().unwrap_or(0)
}

/// Returns the levels of a value around these.
fn levels_around<'j>(values: impl Iterator<Item = &'j Json>) -> Result<u8, Error> {
    match values.map(Json::levels).max().unwrap_or(0) {
        levels if levels >= DEPTH_MAX => Err(too_deep()),
        levels => Ok(levels + 1),
    }
}

impl Array {
    fn new(items: Vec<Json>) -> Result<Array, Error> {
        let levels = levels_around(items.iter())?;
        Ok(Array(Arc::new(Nested { items, levels })))
    }

    pub fn items(&self) -> &[Json] {
        &self.0.items
    }

    /// Takes the elements out, copied if others share them.
    fn into_items(self) -> Vec<Json> {
        match Arc::try_unwrap(self.0) {
            Ok(nested) => nested.items,
            Err(shared) => shared.items.clone(),
        }
    }
}

impl Object {
    fn new(mut members: Vec<(Arc<str>, Json)>) -> Result<Object, Error> {
        let sorted = members.windows(2).all(|two| key_order(&two[0].0, &two[1].0).is_lt());
        if !sorted {
            // Last wins: the sort is stable, so the later of two equal names is the second.
            members.sort_by(|a, b| key_order(&a.0, &b.0));
            members.dedup_by(|later, earlier| {
                let same = later.0 == earlier.0;
                if same {
                    std::mem::swap(later, earlier);
                }
                same
            });
        }
        let levels = levels_around(members.iter().map(|(_, value)| value))?;
        Ok(Object(Arc::new(Nested { items: members, levels })))
    }

    pub fn members(&self) -> &[(Arc<str>, Json)] {
        &self.0.items
    }

    pub fn get(&self, name: &str) -> Option<&Json> {
        let place = self.place(name).ok()?;
        Some(&self.0.items[place].1)
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.items.binary_search_by(|(key, _)| key_order(key, name))
    }

    /// Takes the members out, copied if others share them.
    fn into_members(self) -> Vec<(Arc<str>, Json)> {
        match Arc::try_unwrap(self.0) {
            Ok(nested) => nested.items,
            Err(shared) => shared.items.clone(),
        }
    }
}

/// The order of an object's names.
fn key_order(a: &str, b: &str) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes()))
}

#[cfg(test)]
mod tests;
