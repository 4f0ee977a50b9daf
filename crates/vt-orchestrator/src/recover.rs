//! Mending what was found, under the shard's lock, after another look.

use std::time::{Duration, Instant, SystemTime};

use vt_base::{Code, Error, Result, TabletAlias, TabletType};
use vt_proto::{tabletmanagerdata as tm, topodata};
use vt_recovery::detect::{TabletView, Thread};
use vt_recovery::{Analysis, CellRule, EmergencyRequest, Finding, PlannedRequest, Remedy};
use vt_reparent::{Progress, Tablet, lock_shard, unlock};
use vt_topo::{LockGuard, TopoError};

use crate::board::{Outcome, Recovery};
use crate::observe::Seen;
use crate::shard::{Key, Watcher};

/// How long a tablet that does not answer may hold an emergency up.
const EMERGENCY_CALL: Duration = Duration::from_secs(3);

impl Watcher {
    /// Mends what is due, as far as it still is so once the shard is locked.
    pub(crate) async fn recover(&mut self, seen: &Seen, due: Vec<Key>) {
        let due = self.without_forbidden(seen, due);
        if due.is_empty() {
            return;
        }
        let asked = Instant::now();
        let lock = match lock_shard(&self.cluster, &self.shard, "vtorc recovery").await {
            Ok(lock) => lock,
            Err(err) => {
                for key in due {
                    self.skip(key, err.message().to_owned());
                }
                return;
            }
        };
        self.board.lock_took("Lock", asked.elapsed());
        self.board.locked(1);
        self.recover_locked(&lock, &due).await;
        let ended = Instant::now();
        unlock(lock).await;
        self.board.lock_took("Unlock", ended.elapsed());
        self.board.locked(-1);
    }

    /// Leaves out the replacement of a primary where people have forbidden it.
    fn without_forbidden(&mut self, seen: &Seen, due: Vec<Key>) -> Vec<Key> {
        let reason = match (self.config.allow_emergency_reparent, seen.emergency_disabled) {
            (false, _) => "emergency reparents are switched off (--allow-emergency-reparent)",
            (true, true) => {
                "emergency reparents are switched off for the shard (SetVtorcEmergencyReparent)"
            }
            (true, false) => return due,
        };
        let (forbidden, allowed): (Vec<Key>, Vec<Key>) =
            due.into_iter().partition(|(analysis, _)| analysis.remedy() == Remedy::ReplacePrimary);
        for key in forbidden {
            self.skip(key, reason.to_owned());
        }
        allowed
    }

    async fn recover_locked(&mut self, lock: &LockGuard, due: &[Key]) {
        // Another may have mended it while this one waited for the lock.
        let Some((seen, mut standing)) = self.look().await else { return };
        // Commits are not to wait before there is somebody who acknowledges them.
        standing.sort_by_key(|one| one.finding.analysis == Analysis::PrimarySemiSyncMustBeSet);
        for one in standing {
            let key = (one.finding.analysis, one.finding.tablet.clone());
            let same_loss = |(analysis, _): &Key| {
                analysis.remedy() == Remedy::ReplacePrimary
                    && one.finding.analysis.remedy() == Remedy::ReplacePrimary
            };
            if !due.contains(&key) && !due.iter().any(same_loss) {
                continue;
            }
            let mended = self.mend(lock, &seen, &one.finding).await;
            self.patience.attempted(key, mended, Instant::now());
            if one.finding.analysis.is_of_shard() {
                return;
            }
        }
    }

    /// Mends one thing; returns whether that went well.
    async fn mend(&self, lock: &LockGuard, seen: &Seen, finding: &Finding) -> bool {
        let name = finding.analysis.recovery_name();
        let (shard, board) = (&self.shard, &self.board);
        tracing::info!(%shard, recovery = name, detail = finding.detail, "recovery begins");
        board.begin(shard, name);
        let (started, begun) = (SystemTime::now(), Instant::now());
        let outcome = match self.apply(lock, seen, finding).await {
            Ok(()) => {
                tracing::info!(%shard, recovery = name, took = ?begun.elapsed(), "recovery ended well");
                Outcome::Done
            }
            Err(err) => {
                tracing::error!(%shard, recovery = name, %err, "recovery failed");
                Outcome::Failed(err.to_string())
            }
        };
        let mended = matches!(outcome, Outcome::Done);
        board.end(Recovery {
            id: 0,
            shard: shard.clone(),
            finding: finding.clone(),
            name,
            started,
            took_ms: begun.elapsed().as_millis(),
            outcome,
        });
        mended
    }

    fn skip(&mut self, key: Key, reason: String) {
        let (analysis, tablet) = key.clone();
        tracing::warn!(shard = %self.shard, %analysis, reason, "recovery left out");
        self.board.record(Recovery {
            id: 0,
            shard: self.shard.clone(),
            finding: Finding { analysis, tablet, detail: String::new() },
            name: analysis.recovery_name(),
            started: SystemTime::now(),
            took_ms: 0,
            outcome: Outcome::Skipped(reason),
        });
        self.patience.attempted(key, false, Instant::now());
    }

    async fn apply(&self, lock: &LockGuard, seen: &Seen, finding: &Finding) -> Result<()> {
        match finding.analysis.remedy() {
            Remedy::Report => Ok(()),
            Remedy::ElectNewPrimary => self.elect(lock).await,
            Remedy::ReplacePrimary => self.replace(lock, seen).await,
            Remedy::RestartReplicas => self.restart_replicas(seen, finding).await,
            Remedy::FixPrimary => {
                let semi_sync = seen.view.durability.primary_waits();
                let request = tm::UndoDemotePrimaryRequest { semi_sync };
                about(seen, finding)?.1.undo_demote_primary(request).await.map(drop)
            }
            Remedy::DetachPrimary => {
                let request = tm::ResetReplicationParametersRequest {};
                about(seen, finding)?.1.reset_replication_parameters(request).await.map(drop)
            }
            Remedy::FixReplica => self.fix_replica(seen, finding).await,
            Remedy::SetErrantAside => self.set_aside(seen, finding).await,
            Remedy::ReconcileStalePrimary => self.reconcile(seen, finding).await,
        }
    }

    async fn elect(&self, lock: &LockGuard) -> Result<()> {
        let request = PlannedRequest {
            new_primary: None,
            avoid_primary: None,
            expected_primary: None,
            tolerable_lag: self.config.tolerable_lag,
            cells: CellRule::AnyCell,
        };
        let progress = Progress::default();
        let (cluster, wait) = (&self.cluster, self.config.wait_replicas);
        let done =
            vt_reparent::planned_under(cluster, lock, &self.shard, &request, wait, &progress);
        done.await.map(drop)
    }

    async fn replace(&self, lock: &LockGuard, seen: &Seen) -> Result<()> {
        let request = EmergencyRequest {
            new_primary: None,
            expected_primary: seen.view.recorded_primary.clone(),
            ignore: Vec::new(),
            cells: match self.config.prevent_cross_cell_failover {
                true => CellRule::SameCell,
                false => CellRule::AnyCell,
            },
        };
        let mut cluster = self.cluster.clone();
        cluster.options.tablet_timeout = EMERGENCY_CALL.min(self.config.tablet_timeout);
        let progress = Progress::default();
        let wait = self.config.wait_replicas;
        let done =
            vt_reparent::emergency_under(&cluster, lock, &self.shard, &request, wait, &progress);
        done.await.map(drop)
    }

    /// Lets the replicas connect anew: if the primary's server is gone, they then know it.
    async fn restart_replicas(&self, seen: &Seen, finding: &Finding) -> Result<()> {
        let (primary, _) = about(seen, finding)?;
        let mut failures = Vec::new();
        for view in &seen.view.tablets {
            let receives = view.server().and_then(|server| server.replicating.as_ref());
            if receives.is_none_or(|one| one.io != Thread::Running) {
                continue;
            }
            let Some(tablet) = seen.tablets.get(&view.alias) else { continue };
            let semi_sync = acknowledges(seen, &primary.alias, view);
            let request = tm::RestartReplicationRequest { semi_sync };
            failures.extend(tablet.restart_replication(request).await.err());
        }
        failures.into_iter().next().map_or(Ok(()), Err)
    }

    async fn fix_replica(&self, seen: &Seen, finding: &Finding) -> Result<()> {
        let (view, tablet) = about(seen, finding)?;
        if finding.analysis == Analysis::ReplicaIsWritable {
            tablet.set_read_only(tm::SetReadOnlyRequest {}).await?;
        }
        self.point(seen, view, tablet).await
    }

    async fn point(&self, seen: &Seen, view: &TabletView, tablet: &Tablet) -> Result<()> {
        let primary = latest_primary(seen)?;
        let request = tm::SetReplicationSourceRequest {
            parent: Some((&primary).into()),
            force_start_replication: true,
            semi_sync: acknowledges(seen, &primary, view),
            heartbeat_interval: heartbeat_for(view),
            ..Default::default()
        };
        tablet.within(self.config.wait_replicas).set_replication_source(request).await.map(drop)
    }

    /// Tells a tablet of an ended term, or its record where it does not answer.
    async fn reconcile(&self, seen: &Seen, finding: &Finding) -> Result<()> {
        let (view, tablet) = about(seen, finding)?;
        if view.server().is_some() {
            return self.point(seen, view, tablet).await;
        }
        let term = tablet.record.message.primary_term_start_time;
        let changed = self
            .cluster
            .topo
            .update_tablet_fields(&view.alias, |record| {
                if record.primary_term_start_time != term {
                    // It has written its record itself meanwhile.
                    return Err(TopoError::NoUpdateNeeded(view.alias.to_string()));
                }
                record.r#type = topodata::TabletType::Replica as i32;
                record.primary_term_start_time = None;
                Ok(())
            })
            .await;
        changed.map(drop).map_err(Error::from)
    }
}

/// Returns the tablet that a finding is about.
pub(crate) fn about<'s>(seen: &'s Seen, finding: &Finding) -> Result<(&'s TabletView, &'s Tablet)> {
    let lost = || Error::bug(format_args!("{} names a tablet that is not seen", finding.analysis));
    let alias = finding.tablet.as_ref().ok_or_else(lost)?;
    let view = seen.view.tablets.iter().find(|one| one.alias == *alias).ok_or_else(lost)?;
    Ok((view, seen.tablets.get(alias).ok_or_else(lost)?))
}

/// Returns the primary of the latest term.
fn latest_primary(seen: &Seen) -> Result<TabletAlias> {
    let claims = seen.view.tablets.iter().filter(|one| one.tablet_type == TabletType::Primary);
    let latest = claims.max_by_key(|one| one.term_ns).map(|one| one.alias.clone());
    latest.or_else(|| seen.view.recorded_primary.clone()).ok_or_else(|| {
        Error::new(Code::FailedPrecondition, format!("nobody is primary of {}", seen.view.shard))
    })
}

/// Returns the heartbeat that a replica needs, in seconds; 0 where it has the right one.
fn heartbeat_for(view: &TabletView) -> f64 {
    let watch = view.server().and_then(|server| server.replicating.as_ref()?.watch);
    watch.filter(|watch| !watch.is_right()).map_or(0.0, |watch| watch.wanted().as_secs_f64())
}

pub(crate) fn acknowledges(seen: &Seen, primary: &TabletAlias, view: &TabletView) -> bool {
    let own = match view.tablet_type {
        // A primary of an ended term becomes a replica.
        TabletType::Primary => TabletType::Replica,
        other => other,
    };
    seen.view.durability.may_ack(primary, &view.alias, own)
}
