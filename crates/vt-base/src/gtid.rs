//! GTID sets and replication positions.

pub mod set;

pub use set::{GtidSet, Position};
