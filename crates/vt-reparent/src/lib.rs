//! Carries out the reparents that `vt-recovery` decides.
//!
//! Start at [`planned`] and [`emergency`]: the shard's lock, then [`observe`] asks the tablets where
//! they stand, `vt-recovery` decides, and [`run`] takes the steps one by one and undoes a demotion
//! whose promotion failed. [`Cluster`] is the way to the topology and the tablets' managers, shared
//! by the commands of vtctld and by vtorc, so that both decide and act alike.
//!
//! The crate knows neither commands nor findings: whoever calls it says what is wanted.

pub mod cluster;
pub mod observe;
pub mod policy;
pub mod progress;
pub mod run;
pub mod tablets;

use std::time::Duration;

use vt_base::{Code, Error, KeyspaceShard, Result};
use vt_recovery::{
    Durability, EmergencyRequest, PlannedRequest, ReparentPlan, plan_emergency, plan_planned,
};
use vt_topo::{LockGuard, LockTarget};

pub use cluster::{Cluster, Options};
pub use progress::Progress;
pub use tablets::Tablet;

/// Hands a shard's primary over, or elects the first; takes the shard's lock.
///
/// `wait` limits each step that waits for replication.
pub async fn planned(
    cluster: &Cluster,
    shard: &KeyspaceShard,
    request: &PlannedRequest,
    wait: Duration,
    progress: &Progress,
) -> Result<ReparentPlan> {
    let lock = lock_shard(cluster, shard, "PlannedReparentShard").await?;
    let done = planned_under(cluster, &lock, shard, request, wait, progress).await;
    unlock(lock).await;
    done
}

/// As [`planned`], under a lock of the shard that the caller holds.
pub async fn planned_under(
    cluster: &Cluster,
    lock: &LockGuard,
    shard: &KeyspaceShard,
    request: &PlannedRequest,
    wait: Duration,
    progress: &Progress,
) -> Result<ReparentPlan> {
    let mut observed = observe::observe(cluster, shard, wait).await?;
    if observed.snapshot.durability == Durability::None && observed.has_second() {
        observed.snapshot.durability = cluster.settle_durability(&shard.keyspace).await?;
    }
    let plan = plan_planned(&observed.snapshot, request)?;
    progress.info(plan.note.clone());
    run::Runner::new(cluster, &observed, lock, wait, progress).run(&plan).await?;
    Ok(plan)
}

/// Replaces a lost primary; takes the shard's lock.
pub async fn emergency(
    cluster: &Cluster,
    shard: &KeyspaceShard,
    request: &EmergencyRequest,
    wait: Duration,
    progress: &Progress,
) -> Result<ReparentPlan> {
    let lock = lock_shard(cluster, shard, "EmergencyReparentShard").await?;
    let done = emergency_under(cluster, &lock, shard, request, wait, progress).await;
    unlock(lock).await;
    done
}

/// As [`emergency`], under a lock of the shard that the caller holds.
pub async fn emergency_under(
    cluster: &Cluster,
    lock: &LockGuard,
    shard: &KeyspaceShard,
    request: &EmergencyRequest,
    wait: Duration,
    progress: &Progress,
) -> Result<ReparentPlan> {
    let observed = observe::stop_and_observe(cluster, shard, request, wait, progress).await?;
    let plan = match plan_emergency(&observed.snapshot, request) {
        Ok(plan) => plan,
        Err(err) => {
            observe::resume(&observed, progress).await;
            return Err(err);
        }
    };
    progress.info(plan.note.clone());
    run::Runner::new(cluster, &observed, lock, wait, progress).run(&plan).await?;
    Ok(plan)
}

/// Takes a shard's lock; says who holds it where it cannot be had.
pub async fn lock_shard(
    cluster: &Cluster,
    shard: &KeyspaceShard,
    action: &str,
) -> Result<LockGuard> {
    let target = LockTarget::shard(&shard.keyspace, &shard.shard);
    match cluster.topo.lock(target.clone(), action).await {
        Ok(lock) => Ok(lock),
        Err(err) => {
            let holder = cluster.topo.lock_holder(&target).await.ok().flatten();
            let holder = holder.map_or_else(String::new, |one| {
                format!("; {} on {} holds it since {}", one.action, one.host_name, one.time)
            });
            Err(Error::from(err).context(format!("cannot lock shard {shard}{holder}")))
        }
    }
}

/// Gives a lock back. What was done under it stands even if that fails; the lease then ends it.
pub async fn unlock(lock: LockGuard) {
    if let Err(err) = lock.unlock().await {
        tracing::warn!(%err, "lock could not be released; it ends with its lease");
    }
}

/// An error that says that the state of things does not allow what was asked.
pub(crate) fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::FailedPrecondition, message)
}
