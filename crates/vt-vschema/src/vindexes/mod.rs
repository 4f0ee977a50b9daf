//! The types of vindexes, a file each, and the registry that finds them by name.

mod binary;
mod binary_md5;
mod cfc;
pub(crate) mod collation_key;
mod hash;
pub(crate) mod lookup;
mod multicol;
mod null;
mod numeric;
mod numeric_static_map;
mod params;
mod region_experimental;
mod region_json;
mod reverse_bits;
mod unicode_loose;
mod value;
mod xxhash;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use vt_base::{Code, Error};
use vt_value::TypedBytes;

use crate::Destination;

type Params = BTreeMap<String, String>;

/// A functional vindex: where values lie follows from the values alone.
pub(crate) trait Function: Debug + Send + Sync {
    /// Maps the values of one row; the caller has asked [`Function::takes`].
    fn map(&self, row: &[TypedBytes]) -> Destination;

    /// Returns whether a row of so many values can be mapped.
    fn takes(&self, values: usize) -> bool {
        values == 1
    }

    fn is_multi_column(&self) -> bool {
        false
    }

    fn takes_prefix(&self) -> bool {
        false
    }

    fn is_reversible(&self) -> bool {
        false
    }

    fn reverse(&self, _keyspace_id: &[u8]) -> Option<TypedBytes> {
        None
    }

    /// Returns whether the value's number counts, not its bytes.
    fn reads_numbers(&self) -> bool {
        false
    }

    /// Returns where all whole numbers lie from one to another; `None` where order is lost.
    fn map_between(&self, _low: u64, _high: u64) -> Option<Destination> {
        None
    }

    /// Returns the range of all values that begin with some bytes.
    fn map_value_prefix(&self, _prefix: &[u8]) -> Option<Destination> {
        None
    }
}

/// What stands behind a vindex.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Function(Arc<dyn Function>),
    Lookup(Arc<lookup::Lookup>),
}

/// What a type makes of a vindex's parameters.
pub(crate) struct Built {
    pub(crate) body: Body,
    pub(crate) cost: u32,
    pub(crate) unique: bool,
    pub(crate) known_params: &'static [&'static str],
}

impl Built {
    fn function(function: impl Function + 'static, cost: u32) -> Built {
        let body = Body::Function(Arc::new(function));
        Built { body, cost, unique: true, known_params: &[] }
    }

    fn with_params(self, known_params: &'static [&'static str]) -> Built {
        Built { known_params, ..self }
    }
}

/// Makes a vindex of a type; `name` is the vindex's, for errors.
pub(crate) fn build(typ: &str, name: &str, params: &Params) -> Result<Built, Error> {
    match typ {
        "binary" => Ok(Built::function(binary::Binary, 0)),
        "binary_md5" => Ok(Built::function(binary_md5::BinaryMd5, 1)),
        "cfc" => cfc::build(params),
        "hash" => Ok(Built::function(hash::Hash, 1)),
        "multicol" => multicol::build(name, params),
        "null" => Ok(Built::function(null::Null, 100)),
        "numeric" => Ok(Built::function(numeric::Numeric, 0)),
        "numeric_static_map" => numeric_static_map::build(name, params),
        "region_experimental" => region_experimental::build(name, params),
        "region_json" => region_json::build(name, params),
        "reverse_bits" => Ok(Built::function(reverse_bits::ReverseBits, 1)),
        "unicode_loose_md5" => Ok(Built::function(unicode_loose::Md5Of, 1)),
        "unicode_loose_xxhash" => Ok(Built::function(unicode_loose::XxhashOf, 1)),
        "xxhash" => Ok(Built::function(xxhash::Xxhash, 1)),
        _ => match lookup::build(typ, params)? {
            Some(built) => Ok(built),
            None => Err(Error::new(Code::NotFound, format!("vindexType \"{typ}\" not found"))),
        },
    }
}

/// The parameters whose values name files, with the types that have them.
///
/// Nothing here reads a file: who builds the vschema first puts the file's text in the place of
/// its name.
pub const FILE_PARAMS: &[(&str, &str)] =
    &[("numeric_static_map", "json_path"), ("region_json", "region_map")];

#[cfg(test)]
mod tests;
