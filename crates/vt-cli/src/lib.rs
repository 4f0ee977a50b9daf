//! `vtctldclient`: the commands of the cluster, on a command line.
//!
//! Start at [`run`]. [`flags`] reads the line as the reference's own client does (one dash or two,
//! `_` or `-`, flags before and after arguments), by the tables in [`commands`], a group a file.
//! A command turns its line into a request, sends it by [`client::Client`] to a vtctld or to the
//! commands in this process (`--server internal`), and returns the text to print. [`docs`] writes
//! the reference page out of the same tables.
//!
//! The crate holds no logic of the cluster: whatever it can do, any other client of the RPC can.

pub mod client;
pub mod commands;
pub mod docs;
mod failure;
pub mod flags;
mod global;
mod help;
mod output;
mod start;
mod suggest;
mod values;

pub use failure::Failure;
pub use start::{answer, run};

#[cfg(test)]
mod tests;
