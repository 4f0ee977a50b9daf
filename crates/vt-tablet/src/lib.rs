//! vttablet: the agent beside one mysqld.
//!
//! It serves the data of its mysqld to gateways, guards it, and carries out what the cluster's
//! control asks. Start at [`Tablet::build`] and [`Tablet::run`]; the way of a statement begins at
//! [`query::QueryEngine::execute`], the verbs of the manager are in [`manager`], a group a file.
//!
//! - [`state`] says whether the tablet serves and as what; [`role`] changes that, one change at a
//!   time, so that no two tablets of a shard take writes that count.
//! - [`watch`] has the loops: the server, the shard's record, the schema, the health that is told.
//! - State lives in MySQL and the topology: after a crash [`start`] finds everything there.
//!
//! The tablet knows nothing of vindexes, of routing or of other tablets' health, and decides no
//! fail-over: it does what it is told, and gives way to a primary of a later term.

pub mod clock;
pub mod config;
pub mod core;
pub mod db;
pub mod disk;
pub mod follow;
pub mod health;
pub mod host;
pub mod lease;
pub mod manager;
pub mod pages;
pub mod query;
mod reconnect;
mod restore;
pub mod role;
pub mod schema;
pub mod service;
pub mod sidecar;
pub mod start;
pub mod state;
pub mod streams;
pub mod tablet;
mod term;
pub mod throttler;
pub mod vreplication;
pub mod watch;

pub use config::Config;
pub use service::TabletService;
pub use start::Ports;
pub use tablet::Tablet;
