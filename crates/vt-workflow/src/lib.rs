//! How the traffic of a workflow is switched, back and forth, and how a workflow ends.
//!
//! Everything here is a plain function of a [`Snapshot`]: what the topology and the primaries said
//! a moment ago. A goal ([`plan_writes`], [`plan_reads`], [`plan_complete`], [`plan_cancel`]) gives
//! the ordered list of [`Step`]s that are left to do. What was done before is seen in the snapshot
//! and left out, so that a command whose process died is finished by the same command; until the
//! journal is written, [`plan_undo`] leads back instead.
//!
//! A workflow that goes back is the workflow the other way round: its reverse streams have source
//! and target exchanged, and nothing here knows which of the two came first.
//!
//! The crate knows no network, clock, topology or protobuf: whoever carries the steps out does.

mod check;
mod finish;
mod reads;
pub mod rules;
pub mod snapshot;
mod state;
pub mod step;
mod writes;

pub use check::{check_cancel, check_complete, check_lag, check_streams};
pub use finish::{Ending, plan_cancel, plan_complete};
pub use reads::plan_reads;
pub use rules::Rules;
pub use snapshot::{Kind, Place, ReadKind, Reads, ShardState, Snapshot, Stream, StreamState};
pub use step::Step;
pub use writes::{WriteOptions, is_past_return, plan_undo, plan_writes};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
