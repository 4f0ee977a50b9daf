//! VDiff: whether a workflow's target has the rows that its sources have.
//!
//! Start at [`Engine`]: it runs on the primary of a target shard, keeps what it knows in the
//! tables `vdiff`, `vdiff_table` and `vdiff_log`, and goes on with what is unfinished when it is
//! opened again. `table.rs` compares one table; `snapshot.rs` brings both sides to the same
//! moment: it stops the streams, opens snapshots of the sources, lets the streams run up to these,
//! opens a snapshot of the target, and lets the streams go on. `differ.rs` with `order.rs`,
//! `row.rs` and `report.rs` is the comparison itself, without I/O.
//!
//! - Both sides are read in the order of the key, so that a row is held for as long as the other
//!   side has not come to its place, and no longer.
//! - A verdict is not given on a guess: where a table's sides cannot be brought into one order,
//!   the table ends with an error that says so.
//! - What stopped the streams starts them again, whatever happened in between, also after a
//!   restart of the tablet.
//!
//! The tablet reaches it by [`Host`], which tests pretend. Knows neither the topology nor how rows
//! travel.

mod actions;
pub mod differ;
mod engine;
mod host;
mod options;
pub mod order;
mod plan;
mod reason;
pub mod report;
pub mod row;
mod run;
mod snapshot;
mod store;
mod stream_row;
mod table;

#[cfg(test)]
mod tests;

pub use engine::{Engine, Identity};
pub use host::{Host, RowStream, Side};
