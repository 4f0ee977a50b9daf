//! vtctld: the commands of the cluster, each a function from a request message to its reply.
//!
//! Start at [`Control`]: a plain struct whose methods are the commands, one noun or verb a file in
//! [`commands`]. A client with `--server internal` calls them in its own process; [`grpc`] offers
//! the same to others, from the table in [`commands::with_commands`]. `vt-reparent` carries
//! out what `vt-recovery` decides. [`server`] is the program around it.
//!
//! A command returns when its work is done. Every wait has a limit, and an error names the tablet
//! and what can be done. The crate keeps no state of its own: it is all in the topology and in MySQL.
//! It knows no flags, no particular topology store, and no plan or query of users.

pub mod commands;
pub mod control;
pub mod grpc;
pub mod legacy;
pub mod listing;
pub mod server;
pub mod workflow;

pub use control::Control;
pub use server::{Config, Vtctld};
pub use vt_reparent::Options;

#[cfg(test)]
mod reparent_tests;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
