//! The vschema: keyspaces, their tables and vindexes, and the rules that route tables.
//!
//! Start at [`VSchema::build`], which turns a plain [`spec::SrvVSchemaSpec`] into something that
//! names can be looked up in, and at [`Vindex::map`], which turns values into places of a keyspace.
//! [`shard_map::ShardMap`] turns such places into shards; [`change`] applies `ALTER VSCHEMA`.
//!
//! - All is pure: no files, no clock, no network. What a vindex reads from a file is handed in.
//! - It knows neither SQL text nor protobuf.
//! - Functional vindexes are whole here; of lookup vindexes [`backing::Backing`] says which table is
//!   behind them, and the executor reads and maintains it.

pub mod backing;
pub mod build;
pub mod change;
pub mod column;
pub mod destination;
pub mod mapping;
pub mod mirror;
pub mod resolve;
pub mod shard_map;
pub mod spec;
pub mod table;
pub mod view;
pub mod vindex;
pub mod vindexes;
pub mod vschema;

pub use backing::{Backing, BackingColumn, BackingPrimary, Owner};
pub use column::Column;
pub use destination::Destination;
pub use mapping::Mapping;
pub use resolve::Found;
pub use shard_map::{ServingShard, ShardMap};
pub use table::{AutoIncrement, ColumnVindex, Table, TableKind};
pub use view::View;
pub use vindex::{Lookup, Vindex};
pub use vschema::{ForeignKeyMode, Keyspace, KeyspaceSchema, VSchema};
