//! Reads of primaries that are sent to a replica too, so that the replica's caches are warm when it
//! becomes primary (`--warming-reads-percent`).
//!
//! Nobody waits for them and nobody sees what they give.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;
use tokio::time::Instant;
use vt_base::{TabletType, Target};
use vt_discovery::Discovery;
use vt_exec::ShardCall;
use vt_service::Tasks;
use vt_tablet_api::{Caller, ExecuteOptions, ExecuteRequest};

use crate::config::WarmingConfig;

/// Sends reads to replicas.
pub struct Warming {
    config: WarmingConfig,
    discovery: Arc<Discovery>,
    tasks: Tasks,
    /// One permit for each that is under way.
    slots: Arc<Semaphore>,
    /// Counts statements, of which each so many-th is sent.
    turns: AtomicU64,
}

/// What the reads of one statement have in common.
pub(crate) struct Reads<'a> {
    pub(crate) caller: &'a Arc<Caller>,
    pub(crate) options: &'a Arc<ExecuteOptions>,
    pub(crate) settings: &'a Arc<[String]>,
}

impl Warming {
    pub fn new(config: WarmingConfig, discovery: Arc<Discovery>, tasks: Tasks) -> Warming {
        let slots = Arc::new(Semaphore::new(config.concurrency.min(Semaphore::MAX_PERMITS)));
        Warming { config, discovery, tasks, slots, turns: AtomicU64::new(0) }
    }

    /// Returns whether any reads are sent.
    pub(crate) fn is_on(&self) -> bool {
        self.config.percent > 0
    }

    /// Returns whether a statement is one of those that are sent; each call counts one.
    pub(crate) fn is_turn(&self) -> bool {
        let percent = u64::from(self.config.percent.min(100));
        let turn = self.turns.fetch_add(1, Ordering::Relaxed) % 100;
        (turn + 1) * percent / 100 > turn * percent / 100
    }

    /// Sends calls, each to a replica of its shard, as far as there are replicas and room.
    pub(crate) fn send(&self, calls: &[ShardCall], reads: &Reads<'_>) {
        for call in calls.iter().filter(|call| is_plain_read(&call.sql)) {
            let target = Target::new(&call.keyspace, &call.shard, TabletType::Replica);
            let picked = self.discovery.pick(&target, &[]);
            let Some(service) = picked.and_then(|one| one.service.clone()) else { continue };
            let Ok(permit) = self.slots.clone().try_acquire_owned() else {
                tracing::debug!("no room for a warming read");
                return;
            };
            let timeout = self.config.timeout;
            let request = ExecuteRequest {
                caller: reads.caller.clone(),
                target,
                sql: call.sql.clone(),
                bind_vars: call.bind_vars.clone(),
                options: reads.options.clone(),
                settings: reads.settings.clone(),
                deadline: Some((Instant::now() + timeout).into_std()),
                ..ExecuteRequest::default()
            };
            self.tasks.spawn_until_cancelled("warming-read", async move {
                let reply = tokio::time::timeout(timeout, service.execute(request)).await;
                if let Ok(Err(error)) = reply.map(|reply| reply.result) {
                    tracing::debug!(%error, "a warming read failed");
                }
                drop(permit);
            });
        }
    }
}

/// Returns whether a statement only reads: on a replica, locks would stand in the way of what it has
/// to apply. A text that merely contains such words is not worth telling apart.
fn is_plain_read(sql: &str) -> bool {
    let start = sql.trim_start_matches(|one: char| one == '(' || one.is_ascii_whitespace());
    let begins = |word: &str| start.get(..word.len()).is_some_and(|s| s.eq_ignore_ascii_case(word));
    let lower = sql.to_ascii_lowercase();
    let locks = ["for update", "for share", "lock in share mode", "into @", "get_lock", "sleep("];
    (begins("select") || begins("with")) && !locks.iter().any(|words| lower.contains(words))
}

#[cfg(test)]
mod tests;
