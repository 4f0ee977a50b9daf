//! What speaks against a switch, or against an end, of a workflow.

use vt_base::{Code, Error, Result};

use crate::snapshot::{Kind, Place, Snapshot, StreamState};
use crate::writes::is_past_return;

fn refused(message: String) -> Error {
    Error::new(Code::FailedPrecondition, message)
}

fn full_name(snapshot: &Snapshot) -> String {
    format!("{}.{}", snapshot.target_keyspace, snapshot.workflow)
}

/// Checks that all rows are at the target and that no stream has stopped on an error.
///
/// # Errors
/// Names the stream that is in the way, and what clears it.
pub fn check_streams(snapshot: &Snapshot) -> Result<()> {
    let name = full_name(snapshot);
    if snapshot.kind == Kind::Copy {
        let text = format!("workflow {name} copies rows and switches no traffic");
        return Err(Error::new(Code::InvalidArgument, text));
    }
    if snapshot.streams().next().is_none() {
        return Err(Error::new(Code::NotFound, format!("workflow {name} has no streams")));
    }
    for (shard, stream) in snapshot.streams() {
        let cannot = |why: &str| {
            let place = format!("stream {} into shard {shard}", stream.id);
            Err(refused(format!(
                "cannot switch traffic for workflow {name} at this time: {why} ({place})"
            )))
        };
        match stream.state {
            StreamState::Init | StreamState::Copying => return cannot("copy is still in progress"),
            StreamState::Error => {
                let why = format!("one or more streams are in an error state: {}", stream.message);
                return cannot(&why);
            }
            StreamState::Running | StreamState::Lagging | StreamState::Stopped => {}
        }
    }
    Ok(())
}

/// Checks that no stream is further behind than is allowed.
pub fn check_lag(snapshot: &Snapshot, allowed_seconds: u64) -> Result<()> {
    let lags = snapshot.streams().filter(|(_, stream)| stream.state != StreamState::Stopped);
    let worst = lags.filter_map(|(_, stream)| stream.lag_seconds).max().unwrap_or(0);
    if worst <= allowed_seconds {
        return Ok(());
    }
    Err(refused(format!(
        "cannot switch traffic for workflow {} at this time: replication lag {worst}s is higher \
         than allowed lag {allowed_seconds}s",
        full_name(snapshot)
    )))
}

/// Checks that nobody is sent to the source any more.
pub fn check_complete(snapshot: &Snapshot) -> Result<()> {
    let name = full_name(snapshot);
    // The tables leave the source's VSchema, and with it those of its other shards.
    let left: Vec<&str> =
        snapshot.by_shard.iter().filter(|(_, done)| !done).map(|(name, _)| &**name).collect();
    if snapshot.kind == Kind::TablesByShard && !left.is_empty() {
        return Err(refused(format!(
            "cannot complete workflow {name} because the tables are still served from keyspace {} for \
             shards {}: move these too, and switch their traffic first",
            snapshot.source_keyspace,
            left.join(", ")
        )));
    }
    let is_switched = snapshot.writes == Place::Target
        && snapshot.reads.iter().all(|reads| reads.place == Place::Target);
    // An end that was broken off has taken the rules out already; who goes back makes the workflow
    // anew, so that a frozen one has never been left.
    let is_ending = is_past_return(snapshot) && !snapshot.has_rules;
    let is_done =
        snapshot.is_frozen() && (is_switched || (is_ending && snapshot.kind != Kind::Shards));
    if snapshot.kind == Kind::Copy || is_done {
        return Ok(());
    }
    Err(refused(format!(
        "cannot complete workflow {name} because you have not yet switched all read and write \
         traffic ({}): run switchtraffic first",
        snapshot.traffic_state()
    )))
}

/// Checks that nobody is sent to the target, nor is about to be.
pub fn check_cancel(snapshot: &Snapshot) -> Result<()> {
    let name = full_name(snapshot);
    if snapshot.kind == Kind::Copy {
        return Ok(());
    }
    if is_past_return(snapshot) && snapshot.writes != Place::Target {
        return Err(refused(format!(
            "cannot cancel workflow {name}: a switch of its writes was broken off after it was \
             written down: run switchtraffic again to finish it"
        )));
    }
    let is_at_source = snapshot.writes == Place::Source
        && snapshot.reads.iter().all(|reads| reads.place == Place::Source);
    match is_at_source {
        true => Ok(()),
        false => Err(refused(format!(
            "cannot cancel workflow {name} because you have already switched some or all read and \
             write traffic ({}): run reversetraffic first",
            snapshot.traffic_state()
        ))),
    }
}
