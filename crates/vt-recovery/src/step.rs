//! The steps of a reparent, as data.

use std::fmt;

use vt_base::TabletAlias;

use crate::ShardSnapshot;

/// Why a primary is put in place; its name goes into the reparent journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReparentKind {
    /// The shard never had a primary.
    FirstElection,
    /// The primary hands over to another tablet.
    HandOver,
    /// The tablet is primary already; the others are pointed at it again.
    Repair,
    /// Nobody is primary any more, and the elect has everything.
    Orphaned,
    /// The primary is lost.
    Emergency,
}

impl ReparentKind {
    /// Returns the action's name in `_vt.reparent_journal`.
    pub fn journal_name(self) -> &'static str {
        match self {
            ReparentKind::FirstElection => "InitShardPrimary",
            ReparentKind::HandOver | ReparentKind::Repair | ReparentKind::Orphaned => {
                "PlannedReparentShard"
            }
            ReparentKind::Emergency => "EmergencyReparentShard",
        }
    }
}

/// A tablet that is to replicate from the new primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follower {
    pub alias: TabletAlias,
    /// Whether it acknowledges what it receives.
    pub semi_sync: bool,
}

/// One step; they run in the plan's order, and one that fails ends the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Points the tablet at a source and starts replication, before any primary changes.
    Follow { tablet: TabletAlias, source: TabletAlias, semi_sync: bool },
    /// Waits until the tablet has what the source has at this moment.
    CatchUp { tablet: TabletAlias, source: TabletAlias },
    /// Waits until the tablet has executed everything of its relay log.
    ApplyRelayLog { tablet: TabletAlias, position: String },
    /// Makes the primary read-only and notes its last position. Undone by `UndoDemotePrimary`.
    Demote { tablet: TabletAlias },
    /// Waits until the tablet has the position that the demoted primary ended at.
    ReachDemoted { tablet: TabletAlias },
    /// Makes a tablet without data the first primary.
    Init { tablet: TabletAlias, semi_sync: bool },
    /// Makes a replica primary.
    Promote { tablet: TabletAlias, semi_sync: bool },
    /// Makes a tablet that is primary already writable again.
    MakeWritable { tablet: TabletAlias },
    /// Writes the new primary and its term into the shard's record.
    Record { tablet: TabletAlias },
    /// Writes the journal on the new primary while the others are pointed at it.
    Repoint { primary: TabletAlias, followers: Vec<Follower> },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ack = |semi_sync: &bool| if *semi_sync { " (semi-sync)" } else { "" };
        match self {
            Step::Follow { tablet, source, semi_sync } => {
                write!(f, "point {tablet} at {source}{}", ack(semi_sync))
            }
            Step::CatchUp { tablet, source } => {
                write!(f, "wait until {tablet} has what {source} has")
            }
            Step::ApplyRelayLog { tablet, .. } => {
                write!(f, "wait until {tablet} has applied its relay log")
            }
            Step::Demote { tablet } => write!(f, "demote {tablet}"),
            Step::ReachDemoted { tablet } => {
                write!(f, "wait until {tablet} has the last write of the demoted primary")
            }
            Step::Init { tablet, semi_sync } => {
                write!(f, "initialize {tablet} as primary{}", ack(semi_sync))
            }
            Step::Promote { tablet, semi_sync } => {
                write!(f, "promote {tablet}{}", ack(semi_sync))
            }
            Step::MakeWritable { tablet } => write!(f, "make {tablet} writable"),
            Step::Record { tablet } => write!(f, "record {tablet} as primary of the shard"),
            Step::Repoint { primary, followers } => {
                write!(f, "journal on {primary}; point at it:")?;
                for follower in followers {
                    write!(f, " {}{}", follower.alias, ack(&follower.semi_sync))?;
                }
                if followers.is_empty() {
                    f.write_str(" none")?;
                }
                Ok(())
            }
        }
    }
}

/// What is to be done to a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReparentPlan {
    pub kind: ReparentKind,
    pub old_primary: Option<TabletAlias>,
    pub new_primary: TabletAlias,
    /// Empty where everything is as it should be already; `note` says so.
    pub steps: Vec<Step>,
    pub note: String,
}

/// Prints the plan, a step a line.
impl fmt::Display for ReparentPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}: {}", self.kind, self.note)?;
        for (index, step) in self.steps.iter().enumerate() {
            writeln!(f, "{}. {step}", index + 1)?;
        }
        Ok(())
    }
}

/// Returns the last step of every plan: all tablets of the shard but the primary follow it.
///
/// Those that cannot be reached are in it too; the attempt fails for them alone and is reported.
/// A tablet in restore is left out, since it sets its own source when it is done.
pub(crate) fn repoint(snapshot: &ShardSnapshot, primary: &TabletAlias) -> Step {
    let followers = snapshot
        .tablets
        .iter()
        .filter(|one| one.alias != *primary)
        .filter(|one| !matches!(one.tablet_type, vt_base::TabletType::Restore))
        .map(|one| Follower {
            alias: one.alias.clone(),
            semi_sync: snapshot.durability.may_ack(primary, &one.alias, one.tablet_type),
        })
        .collect();
    Step::Repoint { primary: primary.clone(), followers }
}
