//! One mysqld on this machine: where it lies, how it is configured, started and stopped.
//!
//! Start at [`Mysqld`]. An instance has a folder, `vt_0000000100`, with everything that is its own;
//! [`Server`] is the program, the system's or one that was unpacked with its libraries. This crate
//! decides nothing about replication topologies: it carries out what a tablet or a tool asks for,
//! with the commands of [`replication`].

pub mod clone;
mod config;
mod control;
mod error;
mod init_sql;
mod process;
pub mod replication;
mod server;

pub use config::{CnfOptions, Instance};
pub use control::{Mysqld, Timeouts, read_init_sql};
pub use init_sql::default_init_sql;
pub use server::{Server, Version};
