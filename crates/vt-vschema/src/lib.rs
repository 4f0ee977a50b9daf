//! Keyspaces, tables, vindexes and their functions, routing rules.
//!
//! Start at [`Destination`]: what a vindex maps a value to. The crate is pure and knows no protobuf.

pub mod destination;
pub mod shard_map;

pub use destination::Destination;
pub use shard_map::{ServingShard, ShardMap};
pub mod vindex;

pub use vindex::Vindex;
