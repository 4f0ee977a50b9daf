//! vtorc: watches the shards of a cluster, finds what is wrong, and mends it.
//!
//! Start at [`program::Vtorc`]. [`roster`] knows which shards there are and gives each a
//! [`shard::Watcher`], which asks the tablets where they stand ([`observe`]), lets `vt-recovery`
//! judge ([`vt_recovery::detect()`]), and has what is found mended under the shard's lock
//! ([`recover`]) by the engine that vtctld's commands use too. What is known is in [`board`], for
//! the pages ([`api`]), the metrics and the audit file ([`audit`]).
//!
//! Several may run. All look; the lock of a shard lets one act, and the next to hold it looks again
//! before it acts. Nothing is kept on disk: the truth is in the topology and in MySQL.

pub mod api;
mod aside;
mod audit;
pub mod board;
pub mod config;
mod observe;
pub mod program;
mod recover;
mod roster;
mod shard;

pub use config::Config;
pub use program::Vtorc;
