//! The topology: who is who in the cluster, as records in a store that every process reads.
//!
//! Start at [`TopoServer`], which has a typed function for each record, lock and election; the
//! functions lie in [`records`], a file a noun. Below it is the seam [`Store`], a tree of small
//! files with versions, locks and watches. [`memory`] keeps one in memory; the store on etcd is a
//! crate of its own, and both pass [`conformance`]. A gateway reads through [`ResilientServer`],
//! which goes on with the last state it saw while the store is away.
//!
//! Paths and payloads are a public format (values are bare protobuf messages), so that clusters
//! of the reference implementation and ours can share a store; [`paths`] lists them.
//!
//! The crate knows no particular store, no flags, no SQL and no gRPC. It starts tasks only where
//! a type says so, and each ends with the value that owns it.

pub mod conformance;
pub mod error;
pub mod known;
pub mod memory;
pub mod paths;
pub mod records;
pub mod resilient;
pub mod server;
pub mod store;
pub mod tree;

pub use error::{Result, TopoError};
pub use records::election::{Candidate, Leadership};
pub use records::keyspace::KeyspaceRecord;
pub use records::lock::{LockGuard, LockIdentity, LockTarget};
pub use records::shard::ShardRecord;
pub use records::tablet::TabletRecord;
pub use resilient::{CacheOptions, CacheState, ResilientServer};
pub use server::{TopoOptions, TopoServer};
pub use store::{
    DirEntry, EntryKind, Expect, KeyValue, LockDir, LockRequest, LockWait, Store, StoreFactory,
    StoreLock, Value, Version, Watch, WatchEvent,
};
