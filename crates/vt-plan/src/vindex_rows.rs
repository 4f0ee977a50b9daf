//! A vindex read as a table.

use std::sync::Arc;

use vt_eval::Expr;
use vt_value::Type;
use vt_vschema::Vindex;

/// The rows of a vindex for some values: where each of them leads.
#[derive(Clone, Debug)]
pub struct VindexRows {
    pub keyspace: Arc<str>,
    pub vindex: Arc<Vindex>,
    /// A tuple of values; none until a condition has named them.
    pub values: Option<Expr>,
}

impl VindexRows {
    /// The columns, all of this type.
    pub const COLUMNS: [&str; 6] =
        ["id", "keyspace_id", "range_start", "range_end", "hex_keyspace_id", "shard"];
    pub const TYPE: Type = Type::VARBINARY;
}
