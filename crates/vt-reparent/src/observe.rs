//! Where the tablets of a shard stand: what the decision is made on.

use std::collections::BTreeMap;
use std::time::Duration;

use vt_base::gtid::Position;
use vt_base::{Code, KeyspaceShard, Result, TabletAlias, TabletType};
use vt_proto::replicationdata::{self, StopReplicationMode};
use vt_proto::{tabletmanagerdata as tm, vttime};
use vt_recovery::{EmergencyRequest, Reach, ShardSnapshot, TabletState};
use vt_topo::TabletRecord;

use crate::Cluster;
use crate::progress::Progress;
use crate::refused;
use crate::tablets::{Tablet, all};

/// A shard as it was found, with ways to its tablets.
pub struct Observed {
    pub snapshot: ShardSnapshot,
    pub tablets: BTreeMap<TabletAlias, Tablet>,
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
    for state in observed.snapshot.tablets.iter().filter(|one| one.is_up()) {
        let Some(tablet) = observed.tablets.get(&state.alias) else { continue };
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
    let mut records = found.records;
    records.retain(|one| !request.ignore.contains(&one.alias()));
    let limit = cluster.options.tablet_timeout.min(wait);
    let states = ask_all(cluster, records, Asking::Stop, limit).await?;
    for (state, _) in &states {
        if let Reach::Down { reason } = &state.reach {
            progress.warn(format!("tablet {} is not reached: {reason}", state.alias));
        }
    }
    assemble(cluster, shard, states).await
}

async fn assemble(
    cluster: &Cluster,
    shard: &KeyspaceShard,
    states: Vec<(TabletState, Tablet)>,
) -> Result<Observed> {
    if states.is_empty() {
        return Err(refused(format!("no tablets in shard {shard}; start some with vttablet")));
    }
    let record = cluster.topo.get_shard(&shard.keyspace, &shard.shard).await?;
    let durability = cluster.durability(&shard.keyspace).await?;
    let mut snapshot = ShardSnapshot {
        shard: shard.clone(),
        durability,
        recorded_primary: record.primary_alias(),
        tablets: Vec::with_capacity(states.len()),
    };
    let mut tablets = BTreeMap::new();
    for (state, tablet) in states {
        tablets.insert(state.alias.clone(), tablet);
        snapshot.tablets.push(state);
    }
    snapshot.tablets.sort_by(|a, b| a.alias.cmp(&b.alias));
    Ok(Observed { snapshot, tablets })
}

/// Asks several tablets at once.
async fn ask_all(
    cluster: &Cluster,
    records: Vec<TabletRecord>,
    asking: Asking,
    limit: Duration,
) -> Result<Vec<(TabletState, Tablet)>> {
    let calls = all(
        cluster.options.concurrency,
        records.into_iter().map(async |record| {
            let tablet = cluster.connect(record)?;
            let limited = tablet.within(limit);
            let answer = match asking {
                Asking::Look => look(&limited).await,
                Asking::Stop => stop(&limited).await,
            };
            let state = TabletState {
                alias: tablet.alias(),
                tablet_type: tablet.record.tablet_type(),
                term_ns: tablet.record.message.primary_term_start_time.as_ref().map(nanos),
                reach: answer.unwrap_or_else(|err| Reach::Down { reason: err.to_string() }),
            };
            Ok::<_, vt_base::Error>((state, tablet))
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

/// Stops what a tablet receives; one that receives nothing is a primary, and is demoted.
async fn stop(tablet: &Tablet) -> Result<Reach> {
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
        Err(_) if !tablet.record.is_primary() => look(tablet).await,
        Err(err) => {
            tracing::info!(tablet = %tablet.alias(), %err, "tablet is no replica; it is demoted");
            let demoted = tablet.demote_primary(tm::DemotePrimaryRequest { force: true }).await?;
            let position: Position = demoted.primary_status.unwrap_or_default().position.parse()?;
            Ok(Reach::Up {
                executed: position.clone(),
                received: position,
                lag: None,
                in_backup: false,
            })
        }
    }
}
