//! Switching the writes from the source to the target.

use crate::snapshot::{Place, ShardState, Snapshot, StreamState};
use crate::step::Step;

/// What whoever switches may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// Streams lead back from the target once it takes the writes.
    pub has_reverse: bool,
    pub initializes_sequences: bool,
}

/// Returns whether a switch has been written down, after which it can only go on.
pub fn is_past_return(snapshot: &Snapshot) -> bool {
    snapshot.source.iter().any(|shard| shard.is_journaled)
}

/// Returns the steps that are left until writes go to the target, in their order.
///
/// What only the one who did it knows (whether transactions have ended, whether streams have caught
/// up) is done anew until the journal says that it was.
pub fn plan_writes(snapshot: &Snapshot, options: WriteOptions) -> Vec<Step> {
    let mut steps = Vec::new();
    let is_switched = snapshot.writes == Place::Target && snapshot.target.iter().all(takes_writes);
    if !is_switched {
        if !is_past_return(snapshot) {
            steps.push(Step::StopWrites);
            if snapshot.has_others {
                steps.push(Step::StopOthers);
            }
            steps.extend([Step::Drain, Step::CatchUp]);
            if options.initializes_sequences {
                steps.push(Step::InitializeSequences);
            }
            steps.push(Step::CreateReverse);
            if snapshot.has_others {
                steps.push(Step::MoveOthers);
            }
        }
        if !snapshot.source.iter().all(|shard| shard.is_journaled) {
            steps.push(Step::Journal);
        }
        if !snapshot.target.iter().all(takes_writes) {
            steps.push(Step::AllowWrites);
        }
        if snapshot.writes != Place::Target {
            steps.push(Step::RouteWrites);
        }
    }
    let reverse: Vec<_> = snapshot.source.iter().flat_map(|shard| &shard.streams).collect();
    // Until writes are switched none has been made for this switch.
    if options.has_reverse {
        if !is_switched || reverse.iter().any(|stream| stream.state == StreamState::Stopped) {
            steps.push(Step::StartReverse);
        }
    } else if !is_switched || !reverse.is_empty() {
        steps.push(Step::RemoveReverse);
    }
    if snapshot.has_others {
        steps.push(Step::StartOthers);
    }
    if !snapshot.streams().all(|(_, stream)| stream.is_frozen) {
        steps.push(Step::Freeze);
    }
    steps
}

/// Returns the steps that lead back from a switch that cannot go on, until all is as it was.
///
/// Returns `None` once the switch is written down: it has to be finished then.
pub fn plan_undo(snapshot: &Snapshot) -> Option<Vec<Step>> {
    if is_past_return(snapshot) || snapshot.writes != Place::Source {
        return None;
    }
    let mut steps = Vec::new();
    if !snapshot.source.iter().all(takes_writes) {
        steps.push(Step::AllowSourceWrites);
    }
    if snapshot.has_others {
        steps.push(Step::RestartOthers);
    }
    if snapshot.streams().any(|(_, stream)| stream.state == StreamState::Stopped) {
        steps.push(Step::RestartStreams);
    }
    // Frozen ones were there before: they are the mark of the switch that this one would take back.
    if snapshot.source.iter().flat_map(|shard| &shard.streams).any(|stream| !stream.is_frozen) {
        steps.push(Step::RemoveReverse);
    }
    Some(steps)
}

fn takes_writes(shard: &ShardState) -> bool {
    shard.takes_writes
}
