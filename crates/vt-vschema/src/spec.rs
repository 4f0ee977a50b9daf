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
    /// MySQL computes it from other columns: no statement may give it a value.
    pub generated: bool,
    /// What `ON UPDATE` sets it to, `CURRENT_TIMESTAMP(3)`; empty for nothing.
    pub on_update: String,
}

/// What schema tracking knows of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackedTable {
    pub columns: Vec<ColumnSpec>,
    /// The columns of the primary key; empty if there is none.
    pub primary_key: Vec<String>,
    /// The columns of each further unique key; keys over expressions or prefixes are `None`.
    pub unique_keys: Vec<Option<Vec<String>>>,
    pub foreign_keys: Vec<ForeignKeySpec>,
}

/// A foreign key of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignKeySpec {
    pub name: String,
    pub columns: Vec<String>,
    /// The keyspace that the definition names, if any.
    pub parent_keyspace: Option<String>,
    pub parent_table: String,
    pub parent_columns: Vec<String>,
    pub on_delete: ReferenceAction,
    pub on_update: ReferenceAction,
}

/// What becomes of the rows that refer to one which goes or changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReferenceAction {
    /// The row may not go; `NO ACTION` is the same.
    #[default]
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
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
