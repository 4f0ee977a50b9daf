//! A vindex: a function from column values to places of the key space.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use vt_base::{Code, Error};
use vt_value::TypedBytes;

use crate::spec::VindexSpec;
use crate::vindexes::{Body, Built};
use crate::{Backing, Destination};

pub use crate::vindexes::lookup::{Lookup, LookupEncoding, ReadLock};

/// A vindex of a keyspace.
#[derive(Clone, Debug)]
pub struct Vindex {
    pub name: Arc<str>,
    /// The type: `hash`, `lookup_unique`, ...
    pub typ: Arc<str>,
    pub params: BTreeMap<String, String>,
    /// Parameters that the type does not know; they are listed, not refused.
    pub unknown_params: Vec<String>,
    /// The table whose rows maintain a lookup vindex.
    pub owner: Option<Arc<str>>,
    /// What a look-up costs; planning takes the cheapest vindex that applies.
    pub cost: u32,
    /// A value maps to one keyspace id at most.
    pub unique: bool,
    body: Body,
    /// Known once the whole vschema is.
    backing: OnceLock<Result<Arc<Backing>, Error>>,
}

impl Vindex {
    /// Makes the vindex that a vschema describes.
    ///
    /// # Errors
    /// An unknown type; parameters that are missing or wrong.
    pub fn new(name: &str, spec: &VindexSpec) -> Result<Vindex, Error> {
        let Built { body, cost, unique, known_params } =
            crate::vindexes::build(&spec.typ, name, &spec.params)?;
        let unknown = |key: &&String| !known_params.contains(&key.as_str());
        Ok(Vindex {
            name: name.into(),
            typ: spec.typ.as_str().into(),
            params: spec.params.clone(),
            unknown_params: spec.params.keys().filter(unknown).cloned().collect(),
            owner: (!spec.owner.is_empty()).then(|| spec.owner.as_str().into()),
            cost,
            unique,
            body,
            backing: OnceLock::new(),
        })
    }

    /// Maps rows of column values, each to where it lies; a value that lies nowhere gives
    /// [`Destination::None`].
    ///
    /// # Errors
    /// A lookup vindex, whose answer is in a table; a row with a wrong number of columns.
    pub fn map(&self, rows: &[&[TypedBytes]]) -> Result<Vec<Destination>, Error> {
        rows.iter().map(|row| self.map_row(row)).collect()
    }

    /// Maps one row of column values, or of the first of them where the vindex takes a prefix.
    ///
    /// # Errors
    /// As [`Vindex::map`].
    pub fn map_row(&self, row: &[TypedBytes]) -> Result<Destination, Error> {
        match &self.body {
            Body::Function(function) => {
                if !function.takes(row.len()) {
                    return Err(Error::bug(format!(
                        "vindex {} of type {} got {} column values",
                        self.name,
                        self.typ,
                        row.len()
                    )));
                }
                Ok(function.map(row))
            }
            Body::Lookup(_) => {
                Err(Error::unsupported(format!("lookup vindex {} of type {}", self.name, self.typ)))
            }
        }
    }

    /// Returns whether a row of values lies at a keyspace id.
    ///
    /// # Errors
    /// As [`Vindex::map`].
    pub fn verify(&self, row: &[TypedBytes], keyspace_id: &[u8]) -> Result<bool, Error> {
        Ok(match self.map_row(row)? {
            Destination::KeyspaceId(id) => id == keyspace_id,
            Destination::KeyRange(range) => range.contains(keyspace_id),
            _ => false,
        })
    }

    /// Returns the value that maps to a keyspace id, of a vindex that can be reversed.
    ///
    /// # Errors
    /// A keyspace id that the vindex cannot have made, or a vindex that cannot be reversed.
    pub fn reverse(&self, keyspace_id: &[u8]) -> Result<TypedBytes, Error> {
        let value = match &self.body {
            Body::Function(function) if function.is_reversible() => function.reverse(keyspace_id),
            _ => {
                let message = format!("vindex {} of type {} cannot reverse", self.name, self.typ);
                return Err(Error::new(Code::InvalidArgument, message));
            }
        };
        value.ok_or_else(|| {
            let id = crate::destination::hex(keyspace_id);
            let message = format!("{}.ReverseMap: invalid keyspace id: {id}", self.typ);
            Error::new(Code::InvalidArgument, message)
        })
    }

    /// Returns whether the vindex can give a value back for a keyspace id.
    pub fn is_reversible(&self) -> bool {
        matches!(&self.body, Body::Function(function) if function.is_reversible())
    }

    /// Returns whether the vindex takes the values of several columns together.
    pub fn is_multi_column(&self) -> bool {
        matches!(&self.body, Body::Function(function) if function.is_multi_column())
    }

    /// Returns whether the first of several columns map to a key range.
    pub fn takes_prefix(&self) -> bool {
        matches!(&self.body, Body::Function(function) if function.takes_prefix())
    }

    /// Returns whether the vindex maps numbers, however they are spelt.
    pub fn reads_numbers(&self) -> bool {
        matches!(&self.body, Body::Function(function) if function.reads_numbers())
    }

    /// Returns whether values that stand side by side lie side by side (`BETWEEN` names shards).
    pub fn keeps_order(&self) -> bool {
        match &self.body {
            Body::Function(function) => function.map_between(0, 0).is_some(),
            Body::Lookup(_) => false,
        }
    }

    /// Returns where the whole numbers from `low` to `high` lie, both included.
    ///
    /// All shards where the vindex cannot tell: bounds that are no whole numbers, or below 0.
    pub fn map_between(&self, low: &TypedBytes, high: &TypedBytes) -> Destination {
        if low.is_null() || high.is_null() {
            return Destination::None;
        }
        let number = |value: &TypedBytes| {
            value.typ.is_integral().then(|| std::str::from_utf8(&value.bytes).ok()?.parse().ok())?
        };
        match (&self.body, number(low), number(high)) {
            (_, Some(low), Some(high)) if low > high => Destination::None,
            (Body::Function(function), Some(low), Some(high)) => {
                function.map_between(low, high).unwrap_or(Destination::AllShards)
            }
            _ => Destination::AllShards,
        }
    }

    /// Returns the key range of all values that begin with some bytes (`LIKE 'abc%'`); `None` if
    /// the vindex cannot tell.
    pub fn map_value_prefix(&self, prefix: &[u8]) -> Option<Destination> {
        match &self.body {
            Body::Function(function) => function.map_value_prefix(prefix),
            Body::Lookup(_) => None,
        }
    }

    /// Returns what a lookup vindex reads; `None` for a function.
    pub fn lookup(&self) -> Option<&Lookup> {
        match &self.body {
            Body::Lookup(lookup) => Some(lookup),
            Body::Function(_) => None,
        }
    }

    /// Returns the table behind a lookup vindex.
    ///
    /// # Errors
    /// A function; a table that is not there, or cannot serve.
    pub fn backing(&self) -> Result<&Arc<Backing>, Error> {
        match self.backing.get() {
            Some(Ok(backing)) => Ok(backing),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::bug(format_args!("vindex {} has no table", self.name))),
        }
    }

    /// Tells a lookup vindex which table is behind it; only the first call counts.
    pub(crate) fn set_backing(&self, backing: Result<Backing, Error>) {
        let _ = self.backing.set(backing.map(Arc::new));
    }
}
