//! Queries that wait while their shard has no primary, and the limits within which they do.
//!
//! A shard's outage begins with the first query that finds no primary, and ends when there is one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::Instant;
use vt_base::{KeyspaceShard, Target};
use vt_discovery::{Discovery, Event};
use vt_service::Stats;
use vt_service::stats::{Counters, Gauge};

use crate::config::BufferConfig;

/// An outage of which no query has heard for so long is over.
const QUIET: Duration = Duration::from_secs(5);

/// Why a query does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Nothing waits, or nothing that is for this shard.
    Disabled,
    /// Too many wait already.
    Full,
    /// The shard has had no primary for too long.
    TooLong,
    /// The last outage ended just now.
    TooRecent,
    /// It would wait, and it is only to be said so.
    DryRun,
}

impl Skip {
    fn name(self) -> &'static str {
        match self {
            Skip::Disabled => "Disabled",
            Skip::Full => "BufferFull",
            Skip::TooLong => "MaxDurationExceeded",
            Skip::TooRecent => "LastFailoverTooRecent",
            Skip::DryRun => "DryRun",
        }
    }
}

/// The outage of one shard, or its last one.
struct Outage {
    began: Instant,
    ended: Option<Instant>,
    /// When a query last met it.
    touched: Instant,
    waiting: usize,
    waiting_max: usize,
    /// It lasts longer than queries wait.
    is_given_up: bool,
    /// One permit for each query that waited and is under way, where their number is limited.
    drain: Option<Arc<Semaphore>>,
}

impl Outage {
    fn begin(now: Instant, drain_concurrency: usize) -> Outage {
        let drain = drain_concurrency.min(Semaphore::MAX_PERMITS);
        Outage {
            began: now,
            ended: None,
            touched: now,
            waiting: 0,
            waiting_max: 0,
            is_given_up: false,
            drain: (drain > 0).then(|| Arc::new(Semaphore::new(drain))),
        }
    }

    /// Returns whether a query that finds no primary now begins another outage.
    fn is_over(&self, now: Instant) -> bool {
        let is_quiet = self.waiting == 0 && now.duration_since(self.touched) >= QUIET;
        self.ended.is_some() || is_quiet
    }
}

/// What is counted, under Vitess's names.
struct Counts {
    starts: Counters,
    stops: Counters,
    duration_ms: Counters,
    buffered: Counters,
    drained: Counters,
    evicted: Counters,
    skipped: Counters,
    size: Gauge,
}

impl Counts {
    fn new(stats: &Stats) -> Counts {
        const SHARD: &[&str] = &["Keyspace", "ShardName"];
        const WHY: &[&str] = &["Keyspace", "ShardName", "Reason"];
        Counts {
            starts: stats.counters("BufferStarts", "outages that queries began to wait in", SHARD),
            stops: stats.counters("BufferStops", "outages in which queries wait no more", WHY),
            duration_ms: stats.counters(
                "BufferFailoverDurationSumMs",
                "how long those outages lasted, in milliseconds",
                SHARD,
            ),
            buffered: stats.counters("BufferRequestsBuffered", "queries that waited", SHARD),
            drained: stats.counters(
                "BufferRequestsDrained",
                "queries that waited and then went on",
                SHARD,
            ),
            evicted: stats.counters("BufferRequestsEvicted", "queries that waited in vain", WHY),
            skipped: stats.counters("BufferRequestsSkipped", "queries that did not wait", WHY),
            size: stats.gauge("BufferSize", "how many queries may wait at once"),
        }
    }
}

/// The queries that wait.
pub struct Buffer {
    config: BufferConfig,
    /// One permit for each query that may wait.
    slots: Semaphore,
    outages: Mutex<HashMap<KeyspaceShard, Outage>>,
    counts: Counts,
}

impl Buffer {
    pub fn new(config: BufferConfig, stats: &Stats) -> Buffer {
        let counts = Counts::new(stats);
        counts.size.set(i64::try_from(config.size).unwrap_or(i64::MAX));
        let slots = Semaphore::new(config.size.min(Semaphore::MAX_PERMITS));
        Buffer { config, slots, outages: Mutex::default(), counts }
    }

    /// Returns how long a query waits.
    pub fn window(&self) -> Duration {
        self.config.window
    }

    /// Returns the permit of one more query that waits, for whatever, if there may be one.
    pub fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.try_acquire().ok()
    }

    /// Lets a query wait for the primary of its shard.
    pub fn enter(&self, target: &Target) -> Result<Waiting<'_>, Skip> {
        let shard =
            KeyspaceShard { keyspace: target.keyspace.clone(), shard: target.shard.clone() };
        let entered = self.try_enter(&shard);
        match &entered {
            Ok(_) => self.counts.buffered.add(&[&shard.keyspace, &shard.shard], 1),
            Err(why) => {
                self.counts.skipped.add(&[&shard.keyspace, &shard.shard, why.name()], 1);
            }
        }
        entered.map(|permit| Waiting { buffer: self, shard, permit, is_over: false })
    }

    fn try_enter(&self, shard: &KeyspaceShard) -> Result<SemaphorePermit<'_>, Skip> {
        if !self.config.takes(shard) {
            return Err(Skip::Disabled);
        }
        let permit = self.slot().ok_or(Skip::Full)?;
        let now = Instant::now();
        let mut outages = self.outages.lock();
        let known = outages.get(shard);
        if known.is_none_or(|one| one.is_over(now)) {
            let ended = known.and_then(|one| one.ended);
            if ended.is_some_and(|at| now.duration_since(at) < self.config.outage_pause) {
                return Err(Skip::TooRecent);
            }
            self.counts.starts.add(&[&shard.keyspace, &shard.shard], 1);
            tracing::info!(%shard, "queries wait for a primary");
            outages.insert(shard.clone(), Outage::begin(now, self.config.drain_concurrency));
        }
        let Some(outage) = outages.get_mut(shard) else { return Err(Skip::Disabled) };
        outage.touched = now;
        if now.duration_since(outage.began) >= self.config.outage_max {
            if !outage.is_given_up {
                outage.is_given_up = true;
                self.stopped(shard, Skip::TooLong.name());
                tracing::warn!(%shard, "no primary for too long: queries fail at once");
            }
            return Err(Skip::TooLong);
        }
        if self.config.is_dry_run {
            return Err(Skip::DryRun);
        }
        outage.waiting += 1;
        outage.waiting_max = outage.waiting_max.max(outage.waiting);
        Ok(permit)
    }

    fn stopped(&self, shard: &KeyspaceShard, why: &str) {
        self.counts.stops.add(&[&shard.keyspace, &shard.shard, why], 1);
    }

    /// Notes that a shard has a primary.
    pub fn ended(&self, shard: &KeyspaceShard) {
        let mut outages = self.outages.lock();
        let Some(outage) = outages.get_mut(shard).filter(|one| one.ended.is_none()) else { return };
        let now = Instant::now();
        outage.ended = Some(now);
        let took = now.duration_since(outage.began);
        if !outage.is_given_up {
            self.stopped(shard, "NewPrimarySeen");
        }
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.counts.duration_ms.add(&[&shard.keyspace, &shard.shard], ms);
        tracing::info!(%shard, ?took, queries = outage.waiting_max, "the shard has a primary");
    }

    /// Ends outages when primaries come; for as long as it is polled.
    pub async fn follow(self: Arc<Self>, discovery: Arc<Discovery>) {
        let mut events = discovery.events();
        loop {
            match events.recv().await {
                Ok(Event::PrimaryChanged { shard, .. }) => self.ended(&shard),
                Ok(_) => {}
                // Which shards have one is asked where it was not heard.
                Err(RecvError::Lagged(_)) => self.end_all_served(&discovery),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn end_all_served(&self, discovery: &Discovery) {
        let open: Vec<KeyspaceShard> = self.outages.lock().keys().cloned().collect();
        for shard in open {
            let target = Target::new(&shard.keyspace, &shard.shard, vt_base::TabletType::Primary);
            if discovery.pick(&target, &[]).is_some() {
                self.ended(&shard);
            }
        }
    }
}

impl BufferConfig {
    /// Returns whether queries of a shard wait at all.
    fn takes(&self, shard: &KeyspaceShard) -> bool {
        let is_named = |one: &String| {
            **one == *shard.keyspace
                || one.split_once('/') == Some((&*shard.keyspace, &*shard.shard))
        };
        self.is_enabled && (self.shards.is_empty() || self.shards.iter().any(is_named))
    }
}

/// A query that waits; it gives its place up when dropped.
pub struct Waiting<'b> {
    buffer: &'b Buffer,
    shard: KeyspaceShard,
    #[expect(dead_code, reason = "held, and given back when dropped")]
    permit: SemaphorePermit<'b>,
    is_over: bool,
}

impl Waiting<'_> {
    /// Notes that the query goes on: to a primary that has come, or to the one that refused it and
    /// may have thought better of it. Waits for its turn, until a moment at most, where only so many
    /// go on at once; what is returned is held while it is under way.
    pub async fn drained(mut self, has_come: bool, until: Instant) -> Option<OwnedSemaphorePermit> {
        self.is_over = true;
        if has_come {
            self.buffer.ended(&self.shard);
        }
        self.buffer.counts.drained.add(&[&self.shard.keyspace, &self.shard.shard], 1);
        let drain = self.buffer.outages.lock().get(&self.shard).and_then(|one| one.drain.clone());
        // Its place among those that wait is kept meanwhile.
        match tokio::time::timeout_at(until, drain?.acquire_owned()).await {
            Ok(Ok(permit)) => Some(permit),
            Ok(Err(_)) | Err(_) => None,
        }
    }

    /// Notes that none has come in time.
    pub fn evicted(mut self) {
        self.is_over = true;
        let labels = [&*self.shard.keyspace, &*self.shard.shard, "WindowExceeded"];
        self.buffer.counts.evicted.add(&labels, 1);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(outage) = self.buffer.outages.lock().get_mut(&self.shard) {
            outage.waiting = outage.waiting.saturating_sub(1);
            outage.touched = Instant::now();
        }
        if !self.is_over {
            let labels = [&*self.shard.keyspace, &*self.shard.shard, "ContextDone"];
            self.buffer.counts.evicted.add(&labels, 1);
        }
    }
}

#[cfg(test)]
mod tests;
