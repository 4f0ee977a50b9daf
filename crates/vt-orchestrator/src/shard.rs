//! One shard's watcher: look, judge, mend, again and again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vt_base::{KeyspaceShard, TabletAlias, TabletType};
use vt_recovery::detect::Limits;
use vt_recovery::{Analysis, Remedy, detect};
use vt_reparent::{Cluster, Tablet};
use vt_topo::TabletRecord;

use crate::Config;
use crate::board::{Board, Standing};
use crate::observe::{self, Seen, Silence};

/// How long a primary whose server lives may be silent before it is replaced.
const INCAPACITATED_AFTER: Duration = Duration::from_secs(20);
/// The longest pause between two recoveries of one thing that comes again and again.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What is mended: a kind of fault at a tablet.
pub(crate) type Key = (Analysis, Option<TabletAlias>);

/// How often a thing was mended, and when it may be again.
struct Attempts {
    count: u32,
    next: Instant,
}

/// What was mended of late: a thing that comes again and again is mended ever more seldom.
#[derive(Default)]
pub(crate) struct Patience {
    attempts: BTreeMap<Key, Attempts>,
}

impl Patience {
    fn allows(&self, key: &Key, now: Instant) -> bool {
        self.attempts.get(key).is_none_or(|known| known.next <= now)
    }

    /// Notes that a thing was mended or could not be; the pause until the next time grows.
    ///
    /// A primary that was replaced is another thing: if the same tablet is lost as primary once more,
    /// it had become one again meanwhile, and clients wait.
    pub(crate) fn attempted(&mut self, key: Key, mended: bool, now: Instant) {
        if mended && matches!(key.0.remedy(), Remedy::ReplacePrimary | Remedy::ElectNewPrimary) {
            self.attempts.retain(|known, _| known.1 != key.1 || !known.0.is_of_shard());
            return;
        }
        let known = self.attempts.entry(key).or_insert(Attempts { count: 0, next: now });
        known.count = known.count.saturating_add(1);
        let pause = Duration::from_secs(1 << known.count.min(6));
        known.next = now + pause.min(PAUSE_MAX);
    }

    /// What has not come again for long is new when it comes.
    fn forget_all_but(&mut self, standing: &[Standing], now: Instant) {
        self.attempts.retain(|known, attempts| {
            standing.iter().any(|one| key(one) == *known) || now < attempts.next + PAUSE_MAX
        });
    }
}

/// The watcher of one shard.
pub(crate) struct Watcher {
    pub(crate) config: Arc<Config>,
    pub(crate) cluster: Cluster,
    pub(crate) board: Board,
    pub(crate) shard: KeyspaceShard,
    pub(crate) silence: Silence,
    pub(crate) patience: Patience,
    /// The primary as it was last seen, for the short look.
    primary: Option<Tablet>,
    looked: Option<Instant>,
    troubled: bool,
}

impl Watcher {
    pub(crate) fn new(
        config: Arc<Config>,
        cluster: Cluster,
        board: Board,
        shard: KeyspaceShard,
    ) -> Watcher {
        Watcher {
            config,
            cluster,
            board,
            shard,
            silence: Silence::default(),
            patience: Patience::default(),
            primary: None,
            looked: None,
            troubled: false,
        }
    }

    /// Watches until told to stop; a recovery under way is ended first.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.tick().await;
            stop.run_until_cancelled(tokio::time::sleep(self.config.recovery_poll)).await;
        }
    }

    async fn tick(&mut self) {
        let fresh = self.looked.is_some_and(|at| at.elapsed() < self.config.poll_time);
        if fresh && !self.troubled && self.primary_answers().await {
            return;
        }
        let Some((seen, standing)) = self.look().await else { return };
        self.troubled = standing.iter().any(|one| one.finding.analysis.remedy() != Remedy::Report);
        let due = self.due(&standing);
        if !due.is_empty() {
            self.recover(&seen, due).await;
        }
    }

    async fn primary_answers(&self) -> bool {
        match &self.primary {
            Some(primary) => observe::answers(primary).await,
            None => false,
        }
    }

    /// Looks at every tablet and judges; `None` where the shard cannot be looked at.
    pub(crate) async fn look(&mut self) -> Option<(Seen, Vec<Standing>)> {
        self.looked = Some(Instant::now());
        let config = self.config.clone();
        let watches = |one: &TabletRecord| config.watches_cell(&one.alias().cell);
        let looked = observe::look(&self.cluster, &self.shard, watches, &mut self.silence).await;
        let seen = match looked {
            Ok(seen) => seen,
            Err(err) => {
                self.board.lost_sight(&self.shard, err.to_string());
                return None;
            }
        };
        let primary = seen.view.tablets.iter().find(|one| one.tablet_type == TabletType::Primary);
        self.primary = primary.and_then(|one| seen.tablets.get(&one.alias)).cloned();
        let limits = Limits {
            incapacitated_after: INCAPACITATED_AFTER,
            reasonable_lag: self.config.reasonable_lag,
        };
        let findings = detect(&seen.view, &limits);
        let standing = self.board.saw(&self.shard, seen.view.clone(), findings);
        self.patience.forget_all_but(&standing, Instant::now());
        Some((seen, standing))
    }

    /// Returns what is to be mended now: the shard itself first, and its tablets only if it is well.
    fn due(&self, standing: &[Standing]) -> Vec<Key> {
        if !self.config.allow_recovery || self.board.is_disabled() {
            return Vec::new();
        }
        let of_shard = standing.iter().find(|one| one.finding.analysis.is_of_shard());
        let wanted: Vec<&Standing> = match of_shard {
            Some(one) => vec![one],
            None => standing.iter().collect(),
        };
        let ripe = wanted.into_iter().filter(|one| self.is_ripe(one));
        ripe.map(key).collect()
    }

    /// Returns whether a finding has held long enough, and was not mended just now.
    fn is_ripe(&self, standing: &Standing) -> bool {
        let analysis = standing.finding.analysis;
        let wait = match analysis {
            Analysis::PrimarySemiSyncBlocked => Duration::from_secs(10),
            Analysis::UnreachablePrimary
            | Analysis::UnreachablePrimaryWithLaggingReplicas
            | Analysis::UnreachablePrimaryWithBrokenReplicas => Duration::from_secs(3),
            // It is looked at again under the lock before anything is done.
            _ if analysis.is_of_shard() => Duration::ZERO,
            _ => self.config.recovery_poll,
        };
        let wanted = match analysis.remedy() {
            Remedy::Report => false,
            Remedy::SetErrantAside => self.config.drain_errant || self.config.restore_errant,
            _ if analysis == Analysis::PrimaryDiskStalled => self.config.disk_stalled_recovery,
            _ => true,
        };
        let free = self.patience.allows(&key(standing), Instant::now());
        wanted && free && standing.since.elapsed() >= wait
    }
}

fn key(standing: &Standing) -> Key {
    (standing.finding.analysis, standing.finding.tablet.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_and_again_is_mended_ever_more_seldom() {
        let (mut patience, start) = (Patience::default(), Instant::now());
        let key = (Analysis::ReplicationStopped, Some(TabletAlias::new("zone1", 1)));
        assert!(patience.allows(&key, start));
        let mut now = start;
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            patience.attempted(key.clone(), true, now);
            now += Duration::from_secs(seconds);
            assert!(!patience.allows(&key, now - Duration::from_millis(1)));
            assert!(patience.allows(&key, now));
        }
    }

    #[test]
    fn a_primary_that_dies_again_is_replaced_at_once_and_one_that_could_not_be_is_not() {
        let (mut patience, now) = (Patience::default(), Instant::now());
        let key = (Analysis::DeadPrimary, Some(TabletAlias::new("zone1", 1)));
        patience.attempted(key.clone(), false, now);
        assert!(!patience.allows(&key, now));
        patience.attempted(key.clone(), true, now);
        assert!(patience.allows(&key, now));
    }
}
