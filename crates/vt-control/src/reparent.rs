//! Carries out the reparents that `vt-recovery` decides.
//!
//! [`observe`] asks the tablets where they stand, [`run`] takes the steps one by one under the
//! shard's lock, and undoes a demotion whose promotion failed.

pub(crate) mod observe;
pub(crate) mod run;

use std::time::Duration;

use vt_base::{KeyspaceShard, Result};
use vt_recovery::{EmergencyRequest, PlannedRequest, ReparentPlan, plan_emergency, plan_planned};
use vt_topo::{LockGuard, LockTarget};

use crate::Control;
use crate::progress::Progress;

/// Hands a shard's primary over, or elects the first.
pub(crate) async fn planned(
    control: &Control,
    shard: &KeyspaceShard,
    request: &PlannedRequest,
    wait: Duration,
    progress: &Progress,
) -> Result<ReparentPlan> {
    let lock = lock_shard(control, shard, "PlannedReparentShard").await?;
    let done = async {
        let observed = observe::observe(control, shard, wait).await?;
        let plan = plan_planned(&observed.snapshot, request)?;
        progress.info(plan.note.clone());
        let runner = run::Runner::new(control, &observed, &lock, wait, progress);
        runner.run(&plan).await?;
        Ok(plan)
    };
    let done = done.await;
    unlock(lock).await;
    done
}

/// Replaces a lost primary.
pub(crate) async fn emergency(
    control: &Control,
    shard: &KeyspaceShard,
    request: &EmergencyRequest,
    wait: Duration,
    progress: &Progress,
) -> Result<ReparentPlan> {
    let lock = lock_shard(control, shard, "EmergencyReparentShard").await?;
    let done = async {
        let observed = observe::stop_and_observe(control, shard, request, wait, progress).await?;
        let plan = match plan_emergency(&observed.snapshot, request) {
            Ok(plan) => plan,
            Err(err) => {
                observe::resume(&observed, progress).await;
                return Err(err);
            }
        };
        progress.info(plan.note.clone());
        let runner = run::Runner::new(control, &observed, &lock, wait, progress);
        runner.run(&plan).await?;
        Ok(plan)
    };
    let done = done.await;
    unlock(lock).await;
    done
}

/// Takes a shard's lock; says who holds it where it cannot be had.
pub(crate) async fn lock_shard(
    control: &Control,
    shard: &KeyspaceShard,
    action: &str,
) -> Result<LockGuard> {
    let target = LockTarget::shard(&shard.keyspace, &shard.shard);
    match control.topo.lock(target.clone(), action).await {
        Ok(lock) => Ok(lock),
        Err(err) => {
            let holder = control.topo.lock_holder(&target).await.ok().flatten();
            let holder = holder.map_or_else(String::new, |one| {
                format!("; {} on {} holds it since {}", one.action, one.host_name, one.time)
            });
            Err(vt_base::Error::from(err).context(format!("cannot lock shard {shard}{holder}")))
        }
    }
}

/// Gives a lock back. What was done under it stands even if that fails; the lease then ends it.
pub(crate) async fn unlock(lock: LockGuard) {
    if let Err(err) = lock.unlock().await {
        tracing::warn!(%err, "lock could not be released; it ends with its lease");
    }
}

#[cfg(test)]
mod tests;
