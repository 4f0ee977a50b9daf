//! Where the tablets of a shard stand: what the decision is made on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use vt_base::gtid::Position;
use vt_base::{Code, KeyspaceShard, Result, TabletAlias, TabletType};
use vt_proto::replicationdata::{self, StopReplicationMode};
use vt_proto::{tabletmanagerdata as tm, vttime};
use vt_recovery::{EmergencyRequest, PRIMARY_LEASE, Reach, ShardSnapshot, TabletState};
use vt_topo::TabletRecord;

use crate::Cluster;
use crate::progress::Progress;
use crate::refused;
use crate::tablets::{Tablet, all};

/// A shard as it was found, with ways to its tablets.
pub struct Observed {
    pub snapshot: ShardSnapshot,
    pub tablets: BTreeMap<TabletAlias, Tablet>,
    /// When the lease of a primary that was not reached has ended: nobody is promoted before.
    pub lease_ends: Option<Instant>,
}

impl Observed {
    /// Returns whether a second tablet answered that may acknowledge the writes of the first.
    pub(crate) fn has_second(&self) -> bool {
        let counts = |one: &&TabletState| {
            one.is_up() && matches!(one.tablet_type, TabletType::Primary | TabletType::Replica)
        };
        self.snapshot.tablets.iter().filter(counts).count() >= 2
    }
}

/// How long a tablet that did not answer may take to hear that nothing is done.
const RESUME_SILENT: Duration = Duration::from_secs(2);

/// A tablet that was asked.
struct Asked {
    state: TabletState,
    tablet: Tablet,
    /// It serves as primary no more, though its server may not know it.
    closed: bool,
}

/// What a tablet that was stopped said.
enum Stopped {
    At(Reach),
    /// It has closed itself, and its server does not answer.
    Closed,
}

/// How a tablet is asked where it stands.
#[derive(Clone, Copy)]
enum Asking {
    /// Changes nothing.
    Look,
    /// Stops what it receives first.
    Stop,
}

/// Sets going again what [`stop_and_observe`] stopped, after it was decided to do nothing.
pub async fn resume(observed: &Observed, progress: &Progress) {
    let durability = observed.snapshot.durability;
    let primary = observed.snapshot.recorded_primary.as_ref();
    for state in &observed.snapshot.tablets {
        if !state.is_up() && state.tablet_type != TabletType::Primary {
            continue;
        }
        let Some(tablet) = observed.tablets.get(&state.alias) else { continue };
        // One that does not answer may have heard, and closed itself.
        let tablet = if state.is_up() { tablet.clone() } else { tablet.within(RESUME_SILENT) };
        let resumed = match state.tablet_type {
            TabletType::Primary => {
                let semi_sync = durability.primary_waits();
                let request = tm::UndoDemotePrimaryRequest { semi_sync };
                tablet.undo_demote_primary(request).await.map(drop)
            }
            kind => {
                let semi_sync =
                    primary.is_some_and(|one| durability.may_ack(one, &state.alias, kind));
                let request = tm::StartReplicationRequest { semi_sync };
                tablet.start_replication(request).await.map(drop)
            }
        };
        if let Err(err) = resumed {
            progress.warn(format!("tablet {} could not be set going again: {err}", state.alias));
        }
    }
}

/// Asks every tablet where it stands; changes nothing.
///
/// Replicas are asked before primaries: a replica that then has more than its primary is errant.
pub async fn observe(cluster: &Cluster, shard: &KeyspaceShard, wait: Duration) -> Result<Observed> {
    let records = cluster.shard_tablets(shard).await?;
    let (primaries, replicas): (Vec<_>, Vec<_>) =
        records.into_iter().partition(TabletRecord::is_primary);
    let limit = cluster.options.tablet_timeout.min(wait);
    let mut states = ask_all(cluster, replicas, Asking::Look, limit).await?;
    states.extend(ask_all(cluster, primaries, Asking::Look, limit).await?);
    assemble(cluster, shard, states).await
}

/// Stops replication on every tablet that answers, and demotes one that is primary, so that no
/// write of the old primary can be acknowledged any more.
pub async fn stop_and_observe(
    cluster: &Cluster,
    shard: &KeyspaceShard,
    request: &EmergencyRequest,
    wait: Duration,
    progress: &Progress,
) -> Result<Observed> {
    let found = cluster.topo.find_tablets_by_shard(&shard.keyspace, &shard.shard).await?;
    for (cell, err) in &found.failed {
        progress.warn(format!("the tablets of cell {cell} are not known: {err}"));
    }
    progress.info(format!("stop replication on every tablet of {shard}, and its primary"));
    let mut records = found.records;
    records.retain(|one| !request.ignore.contains(&one.alias()));
    let limit = cluster.options.tablet_timeout.min(wait);
    let states = ask_all(cluster, records, Asking::Stop, limit).await?;
    let stopped = Instant::now();
    let closed: BTreeSet<TabletAlias> = states
        .iter()
        .filter(|one| one.closed || one.state.is_up())
        .map(|one| one.state.alias.clone())
        .collect();
    for Asked { state, .. } in &states {
        if let Reach::Down { reason } = &state.reach {
            progress.warn(format!("tablet {} is not reached: {reason}", state.alias));
        }
    }
    let mut observed = assemble(cluster, shard, states).await?;
    observed.lease_ends =
        has_lease(&observed.snapshot, request, &closed).then(|| stopped + PRIMARY_LEASE);
    if let Some(end) = observed.lease_ends {
        let left = end.saturating_duration_since(Instant::now());
        progress
            .info(format!("the lease of the old primary, which is not reached, ends in {left:?}"));
    }
    Ok(observed)
}

/// Returns whether a primary may still serve that was not told to stop: it is ignored, has no record,
/// or does not answer. Those who grant its lease were stopped before.
fn has_lease(
    snapshot: &ShardSnapshot,
    request: &EmergencyRequest,
    closed: &BTreeSet<TabletAlias>,
) -> bool {
    let by_record = snapshot.tablets.iter().filter(|one| one.tablet_type == TabletType::Primary);
    let mut primaries =
        by_record.map(|one| &one.alias).chain(&snapshot.recorded_primary).chain(&request.ignore);
    snapshot.durability.primary_waits() && primaries.any(|alias| !closed.contains(alias))
}

async fn assemble(
    cluster: &Cluster,
    shard: &KeyspaceShard,
    states: Vec<Asked>,
) -> Result<Observed> {
    if states.is_empty() {
        return Err(refused(format!("no tablets in shard {shard}; start some with vttablet")));
    }
    let record = cluster.topo.get_shard(&shard.keyspace, &shard.shard).await?;
    let durability = cluster.durability(&shard.keyspace).await?;
    let lease_ends = None;
    let mut snapshot = ShardSnapshot {
        shard: shard.clone(),
        durability,
        recorded_primary: record.primary_alias(),
        tablets: Vec::with_capacity(states.len()),
    };
    let mut tablets = BTreeMap::new();
    for Asked { state, tablet, .. } in states {
        tablets.insert(state.alias.clone(), tablet);
        snapshot.tablets.push(state);
    }
    snapshot.tablets.sort_by(|a, b| a.alias.cmp(&b.alias));
    Ok(Observed { snapshot, tablets, lease_ends })
}

/// Asks several tablets at once.
async fn ask_all(
    cluster: &Cluster,
    records: Vec<TabletRecord>,
    asking: Asking,
    limit: Duration,
) -> Result<Vec<Asked>> {
    let calls = all(
        cluster.options.concurrency,
        records.into_iter().map(async |record| {
            let tablet = cluster.connect(record)?;
            let limited = tablet.within(limit);
            let answer = match asking {
                Asking::Look => look(&limited).await.map(Stopped::At),
                Asking::Stop => stop(&limited).await,
            };
            let closed = matches!(answer, Ok(Stopped::Closed));
            let down = |reason: String| Reach::Down { reason };
            let reach = match answer {
                Ok(Stopped::At(reach)) => reach,
                Ok(Stopped::Closed) => down("it is closed; its MySQL does not answer".to_owned()),
                Err(err) => down(err.to_string()),
            };
            let state = TabletState {
                alias: tablet.alias(),
                tablet_type: tablet.record.tablet_type(),
                term_ns: tablet.record.message.primary_term_start_time.as_ref().map(nanos),
                reach,
            };
            Ok::<_, vt_base::Error>(Asked { state, tablet, closed })
        }),
    );
    let mut states = Vec::new();
    for state in calls.await {
        states.push(state?);
    }
    Ok(states)
}

fn nanos(time: &vttime::Time) -> i128 {
    i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds)
}

/// Reads where a tablet stands out of its full status.
async fn look(tablet: &Tablet) -> Result<Reach> {
    let full = tablet.full_status(tm::FullStatusRequest {}).await?.status.unwrap_or_default();
    let in_backup = tablet.record.tablet_type() == TabletType::Backup;
    let own = full.primary_status.as_ref().map(|one| one.position.as_str()).unwrap_or_default();
    let mut executed: Position = own.parse()?;
    let Some(replication) = &full.replication_status else {
        return Ok(Reach::Up { received: executed.clone(), executed, lag: None, in_backup });
    };
    let replicated: Position = replication.position.parse()?;
    executed.gtid_set = executed.gtid_set.union(&replicated.gtid_set);
    Ok(Reach::Up {
        received: with_relay_log(&executed, replication)?,
        executed,
        lag: (!replication.replication_lag_unknown)
            .then(|| Duration::from_secs(u64::from(replication.replication_lag_seconds))),
        in_backup: in_backup || replication.backup_running,
    })
}

/// Adds what lies in the relay log to what is executed.
fn with_relay_log(executed: &Position, status: &replicationdata::Status) -> Result<Position> {
    let relayed: Position = status.relay_log_position.parse()?;
    Ok(Position { gtid_set: executed.gtid_set.union(&relayed.gtid_set) })
}

/// Stops what a tablet receives. A primary is closed; one that its record only takes for a primary
/// is stopped like the others.
async fn stop(tablet: &Tablet) -> Result<Stopped> {
    if !tablet.record.is_primary() {
        return stop_receiving(tablet).await.map(Stopped::At);
    }
    match tablet.demote_primary(tm::DemotePrimaryRequest { force: true }).await {
        Ok(tm::DemotePrimaryResponse { primary_status: Some(status) }) => {
            let position: Position = status.position.parse()?;
            Ok(Stopped::At(Reach::Up {
                executed: position.clone(),
                received: position,
                lag: None,
                in_backup: false,
            }))
        }
        Ok(_) => Ok(Stopped::Closed),
        Err(err) if matches!(err.code(), Code::Unavailable | Code::DeadlineExceeded) => Err(err),
        Err(err) => {
            tracing::info!(tablet = %tablet.alias(), %err, "tablet is no primary; it is stopped");
            stop_receiving(tablet).await.map(Stopped::At)
        }
    }
}

async fn stop_receiving(tablet: &Tablet) -> Result<Reach> {
    let stop_replication_mode = StopReplicationMode::Iothreadonly as i32;
    let request = tm::StopReplicationAndGetStatusRequest { stop_replication_mode };
    match tablet.stop_replication_and_get_status(request).await {
        Ok(reply) => {
            let status = reply.status.and_then(|one| one.after).unwrap_or_default();
            let executed: Position = status.position.parse()?;
            Ok(Reach::Up {
                received: with_relay_log(&executed, &status)?,
                executed,
                lag: None,
                in_backup: status.backup_running,
            })
        }
        Err(err) if matches!(err.code(), Code::Unavailable | Code::DeadlineExceeded) => Err(err),
        // A replica that was never told of a source receives nothing that could be stopped.
        Err(_) => look(tablet).await,
    }
}
