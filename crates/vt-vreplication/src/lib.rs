//! The target side of streams: tables are copied from other shards and followed.
//!
//! Start at [`Engine`], which a primary tablet opens: it runs a task for each row of
//! `_vt.vreplication` (`controller.rs`), which copies tables (`copier.rs`) and then follows them
//! (`player.rs`). `plan.rs` and `bound.rs` turn rules and rows into statements, and are pure.
//! [`sources`] finds the tablet that a stream comes from, [`spec`] reads and writes what the
//! system's tables keep of one, [`store`] is those tables, and [`workflows`] and [`exec`] are what
//! the cluster's control does with them.
//!
//! - What a stream has done is in the tables, in the transaction that did it: a process or a server
//!   that is killed at any moment leaves nothing out and nothing twice.
//! - Positions and last keys change only where they still are what the stream knows. What another
//!   had under way, and what came in later, makes the stream read the tables anew.
//! - A stream that is told to stop finishes what it writes; what is half is given up.
//!
//! Knows nothing of shards' routing, of the switch of traffic, and of other tablets' roles.

pub mod config;
pub mod engine;
pub mod exec;
pub mod sources;
pub mod spec;
pub mod status;
pub mod store;
pub mod throttle;
pub mod workflows;

mod atomic;
mod bound;
mod controller;
mod copier;
mod definition;
mod extent;
mod fits;
mod handover;
mod journal;
mod keys;
mod limit;
mod literal;
mod load;
mod parts;
mod pipe;
mod plan;
mod player;
mod reader;
mod stream;
mod target;
mod touch;
mod trouble;
mod work;
mod writer;
mod zones;

pub use config::Config;
pub use engine::Engine;
pub use sources::{SourceTablet, Sources, TypeWish, Wish};
pub use store::{Store, StreamRow};
pub use throttle::{Throttle, Unthrottled};
