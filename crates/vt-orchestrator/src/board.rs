//! What is known and what was done, for the pages, the API and the metrics.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use vt_base::gtid::GtidSet;
use vt_base::{KeyspaceShard, TabletAlias};
use vt_recovery::detect::{ShardView, errant_transactions};
use vt_recovery::{Analysis, Finding};
use vt_service::Stats;
use vt_service::stats::{Counter, Counters, Gauge, Labelled, Timings};

use crate::audit::{Audit, Event};

/// How many recoveries the history holds.
const HISTORY_MAX: usize = 1000;

/// A finding, and since when it holds.
#[derive(Clone, Debug)]
pub struct Standing {
    pub finding: Finding,
    pub since: Instant,
    pub since_wall: SystemTime,
}

/// A shard as it was last seen.
#[derive(Clone, Debug, Default)]
pub struct ShardState {
    pub view: Option<ShardView>,
    pub standing: Vec<Standing>,
    pub looked_at: Option<SystemTime>,
    /// Why it could not be looked at, if so.
    pub error: Option<String>,
}

/// How a recovery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Failed(String),
    /// It was not tried, and why.
    Skipped(String),
}

/// One recovery that was begun or left out.
#[derive(Clone, Debug)]
pub struct Recovery {
    pub id: u64,
    pub shard: KeyspaceShard,
    pub finding: Finding,
    pub name: &'static str,
    pub started: SystemTime,
    pub took_ms: u128,
    pub outcome: Outcome,
}

/// The metrics, by the names of the reference.
struct Metrics {
    attempts: Counters,
    successes: Counters,
    failures: Counters,
    skips: Counters,
    discoveries: Counter,
    discovery_failures: Counter,
    pending: Gauge,
    locks: Gauge,
    lock_timings: Timings,
}

const LABELS: &[&str] = &["RecoveryType", "Keyspace", "Shard"];

/// Everything that is known. Cheap to clone.
#[derive(Clone)]
pub struct Board {
    inner: Arc<Inner>,
}

struct Inner {
    shards: Mutex<BTreeMap<KeyspaceShard, ShardState>>,
    history: Mutex<VecDeque<Recovery>>,
    next_id: Mutex<u64>,
    /// Whether people have switched recoveries off on this process.
    disabled: AtomicBool,
    /// The topology was read at least once.
    discovered: AtomicBool,
    metrics: Metrics,
    audit: Audit,
}

impl Board {
    pub(crate) fn new(stats: &Stats, audit: Audit) -> Board {
        let counters = |name, help| stats.counters(name, help, LABELS);
        let metrics = Metrics {
            attempts: counters("RecoveriesCount", "Recoveries that were begun."),
            successes: counters("SuccessfulRecoveries", "Recoveries that ended well."),
            failures: counters("FailedRecoveries", "Recoveries that failed."),
            skips: counters("SkippedRecoveries", "Recoveries that were left out."),
            discoveries: stats.counter("DiscoveriesAttempt", "Tablets asked where they stand."),
            discovery_failures: stats
                .counter("DiscoveriesFail", "Tablets asked in vain where they stand."),
            pending: stats.gauge("PendingRecoveries", "Recoveries under way."),
            locks: stats.gauge("ShardLocksActive", "Shards locked by this process."),
            lock_timings: stats.timings(
                "ShardLockTimings",
                "How long it took to lock and unlock shards.",
                &["Action"],
            ),
        };
        let board = Board {
            inner: Arc::new(Inner {
                shards: Mutex::default(),
                history: Mutex::default(),
                next_id: Mutex::new(1),
                disabled: AtomicBool::new(false),
                discovered: AtomicBool::new(false),
                metrics,
                audit,
            }),
        };
        board.register_gauges(stats);
        board
    }

    fn register_gauges(&self, stats: &Stats) {
        let of = self.clone();
        const PROBLEM: &[&str] = &["Analysis", "TabletAlias", "Keyspace", "Shard"];
        stats.gauges_func("DetectedProblems", "Findings that hold now.", PROBLEM, move || {
            of.problems()
        });
        let of = self.clone();
        stats.gauges_func(
            "CurrentErrantGTIDCount",
            "How many errant transactions a tablet has.",
            &["TabletAlias"],
            move || of.errant_counts(),
        );
        let of = self.clone();
        stats.gauge_func("ErrantGtidTabletCount", "Tablets with errant transactions.", move || {
            count(of.standing(Analysis::ErrantGTIDDetected).len())
        });
    }

    fn problems(&self) -> Labelled {
        let shards = self.inner.shards.lock();
        let mut found = Labelled::new();
        for (shard, state) in shards.iter() {
            found.extend(state.standing.iter().map(|one| {
                let labels = [
                    one.finding.analysis.name(),
                    name_of(one.finding.tablet.as_ref()),
                    shard.keyspace.to_string(),
                    shard.shard.to_string(),
                ];
                (labels.to_vec(), 1)
            }));
        }
        found
    }

    fn errant_counts(&self) -> Labelled {
        let shards = self.inner.shards.lock();
        let views = shards.values().filter_map(|state| state.view.as_ref());
        let errant = views.flat_map(errant_transactions);
        let number = |(alias, set): (&TabletAlias, GtidSet)| {
            (vec![alias.to_string()], i64::try_from(set.count()).unwrap_or(i64::MAX))
        };
        errant.map(number).collect()
    }

    /// Returns the findings of one kind that hold now.
    pub fn standing(&self, analysis: Analysis) -> Vec<(KeyspaceShard, Standing)> {
        let shards = self.inner.shards.lock();
        let mut found = Vec::new();
        for (shard, state) in shards.iter() {
            let of_kind = state.standing.iter().filter(|one| one.finding.analysis == analysis);
            found.extend(of_kind.map(|one| (shard.clone(), one.clone())));
        }
        found
    }

    /// Notes what was seen of a shard; returns the findings with their ages.
    pub fn saw(
        &self,
        shard: &KeyspaceShard,
        view: ShardView,
        findings: Vec<Finding>,
    ) -> Vec<Standing> {
        let asked = view.tablets.len() as u64;
        let silent = view.tablets.iter().filter(|one| one.server().is_none()).count() as u64;
        self.inner.metrics.discoveries.add(asked);
        self.inner.metrics.discovery_failures.add(silent);
        let mut shards = self.inner.shards.lock();
        let state = shards.entry(shard.clone()).or_default();
        let former = std::mem::take(&mut state.standing);
        let (now, wall) = (Instant::now(), SystemTime::now());
        state.standing = findings
            .into_iter()
            .map(|finding| {
                let same = |one: &&Standing| {
                    one.finding.analysis == finding.analysis && one.finding.tablet == finding.tablet
                };
                match former.iter().find(same) {
                    Some(known) => Standing { finding, ..known.clone() },
                    None => {
                        tracing::warn!(%shard, analysis = %finding.analysis, detail = finding.detail, "found");
                        self.tell(shard, "detected", &finding, &finding.detail);
                        Standing { finding, since: now, since_wall: wall }
                    }
                }
            })
            .collect();
        for gone in &former {
            let is_gone = |one: &Standing| {
                one.finding.analysis != gone.finding.analysis
                    || one.finding.tablet != gone.finding.tablet
            };
            if state.standing.iter().all(is_gone) {
                self.tell(shard, "ended", &gone.finding, "");
            }
        }
        state.view = Some(view);
        state.looked_at = Some(wall);
        state.error = None;
        state.standing.clone()
    }

    /// Writes down what happened to a finding.
    fn tell(&self, shard: &KeyspaceShard, kind: &str, finding: &Finding, detail: &str) {
        let message = match detail {
            "" => finding.analysis.name(),
            detail => format!("{}: {detail}", finding.analysis),
        };
        let alias = name_of(finding.tablet.as_ref());
        self.inner.audit.tell(&Event { kind, alias, shard, message });
    }

    /// Notes that a shard could not be looked at.
    pub fn lost_sight(&self, shard: &KeyspaceShard, reason: String) {
        let mut shards = self.inner.shards.lock();
        let state = shards.entry(shard.clone()).or_default();
        if state.error.as_ref() != Some(&reason) {
            tracing::warn!(%shard, reason, "cannot look at the shard");
        }
        state.error = Some(reason);
    }

    /// Forgets a shard that is gone.
    pub fn forget(&self, shard: &KeyspaceShard) {
        self.inner.shards.lock().remove(shard);
    }

    /// Returns all shards as they were last seen.
    pub fn shards(&self) -> BTreeMap<KeyspaceShard, ShardState> {
        self.inner.shards.lock().clone()
    }

    /// Returns the recoveries, the latest first.
    pub fn history(&self) -> Vec<Recovery> {
        self.inner.history.lock().iter().rev().cloned().collect()
    }

    /// Notes the beginning of a recovery.
    pub(crate) fn begin(&self, shard: &KeyspaceShard, name: &str) {
        self.inner.metrics.attempts.add(&[name, &shard.keyspace, &shard.shard], 1);
        self.inner.metrics.pending.add(1);
    }

    /// Notes the end of a recovery that was begun.
    pub(crate) fn end(&self, recovery: Recovery) {
        self.inner.metrics.pending.add(-1);
        self.record(recovery);
    }

    /// Notes a recovery that ended or was left out.
    pub(crate) fn record(&self, mut recovery: Recovery) {
        let labels = [recovery.name, &recovery.shard.keyspace, &recovery.shard.shard];
        let metrics = &self.inner.metrics;
        let outcome = match &recovery.outcome {
            Outcome::Done => format!("{} done in {} ms", recovery.name, recovery.took_ms),
            Outcome::Failed(err) => format!("{} failed: {err}", recovery.name),
            Outcome::Skipped(why) => format!("{} left out: {why}", recovery.name),
        };
        self.tell(&recovery.shard, "recovery", &recovery.finding, &outcome);
        match &recovery.outcome {
            Outcome::Done => metrics.successes.add(&labels, 1),
            Outcome::Failed(_) => metrics.failures.add(&labels, 1),
            Outcome::Skipped(_) => metrics.skips.add(&labels, 1),
        }
        {
            let mut next = self.inner.next_id.lock();
            recovery.id = *next;
            *next += 1;
        }
        let mut history = self.inner.history.lock();
        if history.len() >= HISTORY_MAX {
            history.pop_front();
        }
        history.push_back(recovery);
    }

    /// Notes how long it took to lock or unlock a shard.
    pub(crate) fn lock_took(&self, action: &str, took: Duration) {
        self.inner.metrics.lock_timings.record(&[action], took);
    }

    pub(crate) fn locked(&self, change: i64) {
        self.inner.metrics.locks.add(change);
    }

    pub fn is_disabled(&self) -> bool {
        self.inner.disabled.load(Ordering::Relaxed)
    }

    pub fn set_disabled(&self, disabled: bool) {
        self.inner.disabled.store(disabled, Ordering::Relaxed);
    }

    pub fn has_discovered(&self) -> bool {
        self.inner.discovered.load(Ordering::Relaxed)
    }

    pub(crate) fn set_discovered(&self) {
        self.inner.discovered.store(true, Ordering::Relaxed);
    }
}

/// Names a tablet, or nothing.
pub(crate) fn name_of(tablet: Option<&TabletAlias>) -> String {
    tablet.map(ToString::to_string).unwrap_or_default()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
