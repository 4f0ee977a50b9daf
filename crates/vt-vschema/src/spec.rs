//! The vschema as it is stored and sent: plain data, not yet checked.

use std::collections::BTreeMap;

use vt_value::Type;

use crate::ForeignKeyMode;

/// All that a gateway knows of the vschema: every keyspace, and the rules between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SrvVSchemaSpec {
    pub keyspaces: BTreeMap<String, KeyspaceSpec>,
    pub routing_rules: Vec<RoutingRuleSpec>,
    pub shard_routing_rules: Vec<ShardRoutingRuleSpec>,
    pub keyspace_routing_rules: Vec<KeyspaceRoutingRuleSpec>,
    pub mirror_rules: Vec<MirrorRuleSpec>,
}

/// One keyspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyspaceSpec {
    pub sharded: bool,
    pub vindexes: BTreeMap<String, VindexSpec>,
    pub tables: BTreeMap<String, TableSpec>,
    /// Tables are found only by `keyspace.table`, or with the keyspace selected.
    pub require_explicit_routing: bool,
    pub foreign_key_mode: ForeignKeyMode,
    pub multi_tenant: Option<MultiTenantSpec>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MultiTenantSpec {
    pub column: String,
    pub column_type: Type,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VindexSpec {
    /// The type: `hash`, `xxhash`, `lookup_unique`, ...
    pub typ: String,
    pub params: BTreeMap<String, String>,
    /// The table whose rows maintain a lookup vindex; empty for none.
    pub owner: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableSpec {
    /// Empty, `sequence` or `reference`.
    pub typ: String,
    pub column_vindexes: Vec<ColumnVindexSpec>,
    pub auto_increment: Option<AutoIncrementSpec>,
    pub columns: Vec<ColumnSpec>,
    /// A keyspace id in hex; empty for none.
    pub pinned: String,
    pub column_list_authoritative: bool,
    /// The table that a reference table is a copy of, `keyspace.table`; empty for none.
    pub source: String,
}

/// A vindex over columns of a table; one of `column` and `columns` is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnVindexSpec {
    pub column: String,
    pub columns: Vec<String>,
    pub name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutoIncrementSpec {
    pub column: String,
    /// `keyspace.table`, or a name that is found everywhere.
    pub sequence: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnSpec {
    pub name: String,
    /// `NULL_TYPE` where it is not known.
    pub typ: Type,
    pub invisible: bool,
    pub default: String,
    pub collation_name: String,
    pub size: i32,
    pub scale: i32,
    pub nullable: Option<bool>,
    /// Of ENUM and SET.
    pub values: Vec<String>,
}

/// Queries of `from_table` go to `to_tables`; there is at most one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingRuleSpec {
    /// `t`, `ks.t`, `ks.t@replica`.
    pub from_table: String,
    pub to_tables: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardRoutingRuleSpec {
    pub from_keyspace: String,
    pub to_keyspace: String,
    pub shard: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyspaceRoutingRuleSpec {
    /// `ks` or `ks@replica`.
    pub from_keyspace: String,
    pub to_keyspace: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct MirrorRuleSpec {
    pub from_table: String,
    pub to_table: String,
    pub percent: f32,
}
