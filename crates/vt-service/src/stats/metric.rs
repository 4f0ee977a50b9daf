//! The kinds of metric, and the handles that record them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::RwLock;

/// How many label combinations a metric keeps; further ones are counted together as `other`.
const CELLS_MAX: usize = 5_000;

/// A number that only grows.
#[derive(Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Clone, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    pub fn set(&self, value: i64) {
        self.0.store(value, Relaxed);
    }

    pub fn add(&self, value: i64) {
        self.0.fetch_add(value, Relaxed);
    }

    pub fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

type Labels = Box<[String]>;

/// Counters told apart by labels.
#[derive(Clone)]
pub struct Counters {
    pub(super) labels: &'static [&'static str],
    pub(super) cells: Arc<RwLock<BTreeMap<Labels, Counter>>>,
}

impl Counters {
    pub(super) fn new(labels: &'static [&'static str]) -> Counters {
        Counters { labels, cells: Arc::default() }
    }

    /// Returns the counter of one combination; keep it where the combination is known beforehand.
    pub fn cell(&self, values: &[&str]) -> Counter {
        cell(&self.cells, values, Counter::default)
    }

    pub fn add(&self, values: &[&str], count: u64) {
        self.cell(values).add(count);
    }
}

/// The upper bounds of a histogram's buckets, in nanoseconds; the last bucket has none.
pub(super) const BOUNDS_NS: [u64; 10] = [
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// A histogram of durations.
#[derive(Clone, Default)]
pub struct Cell(pub(super) Arc<Buckets>);

#[derive(Default)]
pub(super) struct Buckets {
    pub(super) counts: [AtomicU64; BOUNDS_NS.len() + 1],
    pub(super) total_ns: AtomicU64,
}

impl Cell {
    pub fn record(&self, took: Duration) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let index = BOUNDS_NS.partition_point(|bound| *bound < ns);
        self.0.counts[index].fetch_add(1, Relaxed);
        self.0.total_ns.fetch_add(ns, Relaxed);
    }

    pub fn count(&self) -> u64 {
        self.0.counts.iter().map(|one| one.load(Relaxed)).sum()
    }
}

/// Histograms of durations told apart by labels.
#[derive(Clone)]
pub struct Timings {
    pub(super) labels: &'static [&'static str],
    pub(super) cells: Arc<RwLock<BTreeMap<Labels, Cell>>>,
}

impl Timings {
    pub(super) fn new(labels: &'static [&'static str]) -> Timings {
        Timings { labels, cells: Arc::default() }
    }

    /// Returns the histogram of one combination; keep it where the combination is known beforehand.
    pub fn cell(&self, values: &[&str]) -> Cell {
        cell(&self.cells, values, Cell::default)
    }

    pub fn record(&self, values: &[&str], took: Duration) {
        self.cell(values).record(took);
    }
}

fn cell<T: Clone>(
    cells: &RwLock<BTreeMap<Labels, T>>,
    values: &[&str],
    make: impl FnOnce() -> T,
) -> T {
    let key: Labels = values.iter().map(|value| (*value).to_owned()).collect();
    if let Some(found) = cells.read().get(&key) {
        return found.clone();
    }
    let mut cells = cells.write();
    let full = cells.len() >= CELLS_MAX;
    let key = if full { values.iter().map(|_| "other".to_owned()).collect() } else { key };
    cells.entry(key).or_insert_with(make).clone()
}
