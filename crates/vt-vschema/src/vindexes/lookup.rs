//! Lookup vindexes: a table says where a value lies. Here they are described, with the form that
//! values and keyspace ids have in it; the executor reads and maintains the table.

use std::sync::Arc;

use vt_base::{Error, KeyspaceId};
use vt_value::{Type, TypedBytes};

use super::collation_key::collation_key;
use super::{Body, Built, Params, binary_md5, hash, params};

/// What a lookup vindex reads and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The backing table, `keyspace.table` or a name that is found everywhere.
    pub table: String,
    /// Its columns that hold the values.
    pub from: Vec<String>,
    /// Its column that holds the keyspace id.
    pub to: String,
    pub encoding: LookupEncoding,
    /// Kept right by the order of sessions rather than by two-phase commit.
    pub consistent: bool,
    /// Changes commit by themselves, before the statement that makes them.
    pub autocommit: bool,
    pub multi_shard_autocommit: bool,
    /// Written, but not read: reads go to every shard.
    pub write_only: bool,
    /// Rows with NULL have no entry.
    pub ignore_nulls: bool,
    /// Values of one query are looked up together.
    pub batch_lookup: bool,
    /// Entries are taken for right without asking.
    pub no_verify: bool,
    pub read_lock: ReadLock,
}

/// How values and keyspace ids are written in the backing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupEncoding {
    /// Values as they are, keyspace ids as bytes.
    Plain,
    /// Values as they are, keyspace ids as the number that `hash` maps to them.
    Hash,
    /// Values by the hash of their collation key, keyspace ids as with [`LookupEncoding::Hash`].
    UnicodeLooseMd5Hash,
}

impl Lookup {
    /// Returns a value as the backing table holds it.
    pub fn from_value(&self, value: &TypedBytes) -> TypedBytes {
        if self.encoding != LookupEncoding::UnicodeLooseMd5Hash || value.is_null() {
            return value.clone();
        }
        let digest = binary_md5::md5(&collation_key(&value.bytes));
        let number = digest.iter().take(8).fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
        TypedBytes::uint64(number)
    }

    /// Returns a keyspace id as the backing table holds it.
    ///
    /// # Errors
    /// The table holds numbers, and the id is none that `hash` makes.
    pub fn to_value(&self, keyspace_id: &[u8]) -> Result<TypedBytes, Error> {
        match self.encoding {
            LookupEncoding::Plain => Ok(TypedBytes::new(Type::VARBINARY, keyspace_id.to_vec())),
            LookupEncoding::Hash | LookupEncoding::UnicodeLooseMd5Hash => {
                hash::decrypt(keyspace_id).map(TypedBytes::uint64).ok_or_else(|| {
                    let id = crate::destination::hex(keyspace_id);
                    params::invalid(format!("lookup.Create.vunhash: invalid keyspace id: {id}"))
                })
            }
        }
    }

    /// Returns the keyspace id that the backing table holds in some form; `None` if it is no id.
    pub fn keyspace_id(&self, held: &[u8]) -> Option<KeyspaceId> {
        match self.encoding {
            LookupEncoding::Plain => Some(held.to_vec()),
            LookupEncoding::Hash | LookupEncoding::UnicodeLooseMd5Hash => {
                let number: u64 = std::str::from_utf8(held).ok()?.parse().ok()?;
                Some(hash::encrypt(number).to_vec())
            }
        }
    }
}

/// The lock that a look-up takes inside a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadLock {
    Exclusive,
    Shared,
    None,
}

const PARAMS: &[&str] = &[
    "autocommit",
    "batch_lookup",
    "from",
    "ignore_nulls",
    "multi_shard_autocommit",
    "no_verify",
    "read_lock",
    "table",
    "to",
    "write_only",
];

/// Makes a lookup vindex; `None` if the type is no lookup.
pub(super) fn build(typ: &str, given: &Params) -> Result<Option<Built>, Error> {
    use LookupEncoding::{Hash, Plain, UnicodeLooseMd5Hash};
    let (encoding, consistent, unique) = match typ {
        "lookup" => (Plain, false, false),
        "lookup_unique" => (Plain, false, true),
        "lookup_hash" => (Hash, false, false),
        "lookup_hash_unique" => (Hash, false, true),
        "lookup_unicodeloosemd5_hash" => (UnicodeLooseMd5Hash, false, false),
        "lookup_unicodeloosemd5_hash_unique" => (UnicodeLooseMd5Hash, false, true),
        "consistent_lookup" => (Plain, true, false),
        "consistent_lookup_unique" => (Plain, true, true),
        _ => return Ok(None),
    };
    let read_lock = match given.get("read_lock").map(String::as_str) {
        None | Some("exclusive") => ReadLock::Exclusive,
        Some("shared") => ReadLock::Shared,
        Some("none") => ReadLock::None,
        Some(other) => return Err(params::invalid(format!("invalid read_lock value: {other}"))),
    };
    let flag = |name| params::boolean(given, name);
    let multi_shard_autocommit = flag("multi_shard_autocommit")?;
    let autocommit = flag("autocommit")? || multi_shard_autocommit;
    if autocommit && consistent {
        return Err(params::invalid("autocommit is not supported by consistent lookup vindexes"));
    }
    let text = |name: &str| given.get(name).cloned().unwrap_or_default();
    let lookup = Lookup {
        table: text("table"),
        from: text("from").split(',').map(|column| column.trim().to_owned()).collect(),
        to: text("to"),
        encoding,
        consistent,
        autocommit,
        multi_shard_autocommit,
        write_only: flag("write_only")?,
        ignore_nulls: flag("ignore_nulls")?,
        batch_lookup: flag("batch_lookup")?,
        no_verify: flag("no_verify")?,
        read_lock,
    };
    let cost = if unique { 10 } else { 20 };
    let body = Body::Lookup(Arc::new(lookup));
    Ok(Some(Built { body, cost, unique, known_params: PARAMS }))
}
