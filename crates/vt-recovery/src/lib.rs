//! Who should be a shard's primary, and the steps that make it so.
//!
//! Everything here is a plain function of its inputs: a [`ShardSnapshot`] (what the topology and
//! the tablets said) and a request go in, a [`ReparentPlan`] (a list of [`Step`]s) comes out.
//! Start at [`plan_planned`] for a hand-over or a first election, at [`plan_emergency`] for the
//! loss of a primary, at [`plan_restore`] for a tablet whose data are to be another's; [`Durability`]
//! holds the policies that all obey.
//!
//! [`detect`](detect::detect) tells what is wrong with a shard, of what its tablets said; each
//! [`Analysis`] names its [`Remedy`].
//!
//! The crate knows no network, clock, topology or protobuf: whoever carries the steps out does.
//! It plans and never waits; a step that waits names what for, the limit is its runner's.

pub mod analysis;
mod choice;
pub mod detect;
pub mod durability;
mod emergency;
mod planned;
mod restore;
pub mod snapshot;
pub mod step;

pub use analysis::{Analysis, Remedy};
pub use detect::{Finding, ShardView, TabletView, detect};
pub use durability::{Durability, PRIMARY_LEASE, Promotion};
pub use emergency::{EmergencyRequest, plan_emergency};
pub use planned::{PlannedRequest, plan_planned};
pub use restore::{DonorRule, RestorePlan, RestoreView, plan_restore};
pub use snapshot::{CellRule, Reach, ShardSnapshot, TabletState};
pub use step::{Follower, ReparentKind, ReparentPlan, Step};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
