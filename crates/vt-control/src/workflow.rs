//! Workflows: streams between shards that were made together, and are minded together.
//!
//! [`snapshot`] reads how one stands; every command begins with it. A command that makes one reads
//! both ends and refuses what cannot be ([`conflicts`], [`columns`]), then makes tables, rules and
//! streams in an order in which its death leaves nothing that its next run cannot take up.

mod add_tables;
mod columns;
mod conflicts;
pub(crate) mod create;
mod ddl;
mod delete;
mod ends;
mod listing;
mod lookup_vindex;
mod materialize;
mod migrate;
mod mount;
mod move_tables;
mod old_show;
pub mod options;
mod reshard;
mod routing;
mod rules;
pub mod snapshot;
mod status;
mod switch;
mod tables;
mod update;
mod vschemas;

pub use snapshot::Snapshot;
