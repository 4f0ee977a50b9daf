//! The target side of streams: tables are copied from other shards and followed.
//!
//! [`sources`] finds the tablet that a stream comes from, [`spec`] reads and writes what the
//! system's tables keep of one, [`store`] is those tables, and [`workflows`] what the cluster's
//! control does with them.

pub mod exec;
pub mod sources;
pub mod spec;
pub mod store;
pub mod workflows;

mod literal;

pub use sources::{SourceTablet, Sources, TypeWish, Wish};
pub use store::{Store, StreamRow};
