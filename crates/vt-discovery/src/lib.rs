//! Which tablets there are, how they are, and which of them to ask.
//!
//! Start at [`Discovery`]. It reads the tablets of some cells out of the topology ([`TabletSource`]),
//! keeps a health stream to each ([`Dialer`]), and answers [`Discovery::pick`] without waiting, from
//! what it knows: while the topology is away, it goes on with the tablets that it has. [`rules`] says
//! who counts as healthy and near, [`balance`] how those share reads; both are pure.
//!
//! The crate knows no SQL and no gRPC, and of the topology only tablet records and cell aliases.

pub mod balance;
pub mod config;
pub mod discovery;
pub mod rules;
pub mod source;
pub mod table;
pub mod tablet;
pub mod topology;

mod ended;
mod roster;
mod stream;

pub use balance::{Balance, Mode};
pub use config::{Config, ShardFilter};
pub use discovery::Discovery;
pub use source::{Dialer, TabletSource};
pub use table::Event;
pub use tablet::{TabletHealth, TabletInfo};
pub use topology::TopologySource;
