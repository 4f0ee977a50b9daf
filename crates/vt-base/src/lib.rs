//! The words that every other crate speaks: tablet aliases and types, targets, shard names,
//! keyspace ids and key ranges, replication positions, and the one error type.
//!
//! Start at [`Error`] and [`Target`]. The crate is pure: no I/O, no clock, no task, and it knows
//! neither SQL nor protobuf. It is nearly frozen; what is added here is compiled by everyone.

pub mod code;
pub mod error;
pub mod error_id;
pub mod gtid;
pub mod ids;
pub mod key_range;

pub use code::Code;
pub use error::{Error, Origin, Result, Retry};
pub use error_id::ErrorId;
pub use ids::{KeyspaceShard, TabletAlias, TabletType, Target};
pub use key_range::{KeyRange, KeyspaceId};
