//! Workflows: streams between shards that were made together, and are minded together.
//!
//! [`snapshot`] reads how one stands; every command begins with it.

pub mod options;
pub mod snapshot;

pub use snapshot::Snapshot;
