//! A server of etcd's v3 API for one machine, on an embedded database; `vitrum topo` runs it.
//!
//! Start at [`Server`]. All keys are in memory (`state.rs`) and every commit is in the database
//! file before it is answered (`disk.rs`). One thread writes (`writer.rs`): it takes the requests
//! that wait, works them out as pure functions of the state (`txn.rs`, `range.rs`), commits them
//! together, and only then shows them to readers and watchers. The gRPC services in `grpc/` are
//! thin.
//!
//! The last changes are kept in memory for watches that resume and for reads of old revisions
//! (`history.rs`); whoever asks for older ones is told `compacted`, as by etcd after a compaction,
//! and reads anew. So it is for every revision before a restart. A watcher that reads too slowly
//! falls out of that window and is cancelled in the same way, so that nothing grows.
//!
//! There is no cluster, no authentication and no knowledge of what the keys mean.

mod disk;
mod engine;
mod error;
mod grpc;
mod history;
mod lease;
mod range;
mod server;
mod state;
mod txn;
mod writer;

pub use error::ServeError;
pub use server::{Config, Server};
