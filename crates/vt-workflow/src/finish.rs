//! The two ends of a workflow: it is completed, or given up.

use crate::snapshot::{Kind, Snapshot};
use crate::step::Step;

/// What stays when a workflow ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Tables stay where nobody is sent to any more.
    pub keeps_data: bool,
    pub keeps_rules: bool,
    /// Tables of the source are renamed instead of dropped.
    pub renames: bool,
    /// The source's cluster cannot be reached, or is not to be touched.
    pub ignores_source: bool,
}

/// Returns the steps that end a workflow whose traffic has been switched.
///
/// The workflow's own streams go last: while they are there, the command can be given again.
pub fn plan_complete(snapshot: &Snapshot, ending: Ending) -> Vec<Step> {
    let mut steps = Vec::new();
    let moves_tables = moves_tables(snapshot.kind);
    if !ending.ignores_source {
        // Nothing leads back to tables that go.
        steps.push(Step::RemoveReverse);
        if moves_tables && !ending.keeps_data {
            steps.push(Step::RemoveSourceTables { rename: ending.renames });
        }
    }
    if moves_tables && !ending.keeps_rules {
        steps.push(Step::RemoveRules);
    }
    if !ending.ignores_source {
        steps.push(Step::LiftDenials);
    }
    steps.push(Step::RemoveStreams);
    steps
}

/// Returns the steps that end a workflow whose traffic has not been switched.
pub fn plan_cancel(snapshot: &Snapshot, ending: Ending) -> Vec<Step> {
    let mut steps = vec![Step::StopStreams];
    let moves_tables = moves_tables(snapshot.kind);
    if snapshot.kind != Kind::Copy && !ending.ignores_source {
        // A switch may have been broken off.
        steps.extend([Step::RemoveReverse, Step::AllowSourceWrites]);
        if snapshot.has_others {
            steps.push(Step::RestartOthers);
        }
    }
    if snapshot.kind != Kind::Copy && !ending.keeps_data {
        steps.push(Step::RemoveTargetTables);
    }
    if moves_tables && !ending.keeps_rules {
        steps.push(Step::RemoveRules);
    }
    if moves_tables && !ending.ignores_source {
        steps.push(Step::LiftDenials);
    }
    steps.push(Step::RemoveStreams);
    steps
}

fn moves_tables(kind: Kind) -> bool {
    matches!(kind, Kind::Tables | Kind::TablesByShard | Kind::Tenant)
}
