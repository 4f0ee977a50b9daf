//! vtgate: takes statements of MySQL clients, sends them to shards, and answers as one MySQL.
//!
//! Start at [`Vtgate`], which is built of a [`Config`] and run; then follow a statement: a front
//! ([`front`]) hands its text to [`query::run_query`], a table of contents: normalise, plan, begin,
//! execute, record. The executor asks shards through [`scatter::Scatter`], which adds the session's
//! transaction. [`session`] is what outlives a statement, [`tx`] how transactions begin and end,
//! [`statements`] what the gateway answers by itself.
//!
//! The crate knows no topology paths, and protobuf only in `front/grpc`. It holds no state that
//! must outlive the process: another gateway can take over any client that connects anew.

pub mod buffer;
pub mod config;
pub mod connections;
pub mod defaults;
pub mod front;
pub mod gate;
pub mod metrics;
pub mod pages;
pub mod peers;
pub mod positions;
pub mod query;
pub mod querylog;
pub mod scatter;
pub mod serving;
pub mod session;
pub mod statements;
pub mod sysvars;
pub mod tablets;
pub mod target;
pub mod tx;
pub mod vschema;
pub mod vstream;
pub mod vtgate;
pub mod warming;

mod dialer;

#[cfg(test)]
mod testing;

pub use config::Config;
pub use vtgate::{Deps, Vtgate};
