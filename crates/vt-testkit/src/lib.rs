//! What tests share: programs to run, a cluster to ask, folders and ports of their own.
//!
//! Start at [`LocalCluster`], at [`SharedCluster`] for many shards on one server, or at
//! [`PlainMysql`] for a server without a cluster. Nothing here knows the insides of the product: a cluster is started
//! by the command that users have, and asked over its ports.

pub mod cluster;
pub mod plain;
pub mod shared;
pub mod tools;

pub use cluster::{LocalCluster, vitrum_program};
pub use plain::PlainMysql;
pub use shared::SharedCluster;
pub use tools::Tool;
