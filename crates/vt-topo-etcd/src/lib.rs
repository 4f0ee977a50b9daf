//! The topology's store on etcd's v3 API: a real etcd, or the embedded server.
//!
//! Start at [`open`], which turns a process's topology flags into a typed topology. [`EtcdStore`]
//! is one root of one etcd; [`EtcdFactory`] opens stores for the cells. `client.rs` owns the
//! connections: it goes on to the next endpoint when one fails, repeats what may be repeated, and
//! bounds every call. `watch.rs` resumes watches where they broke off, and reads anew where etcd
//! has compacted what was missed. `lock.rs` holds locks by leases and notices their loss.
//!
//! Keys are laid out as the reference lays them out, so that both may share an etcd.

mod client;
mod lock;
mod open;
mod store;
mod watch;

pub use client::{EtcdOptions, TlsOptions};
pub use open::{EtcdFactory, TopoFlags, open};
pub use store::EtcdStore;
