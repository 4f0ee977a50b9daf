//! Metrics: counters, gauges and timings, shown as `/debug/vars` and `/metrics`.
//!
//! A program registers each metric once and keeps the handle; recording is one or two atomic
//! additions. Labels are resolved to a cell once where the set of values is known beforehand.

mod export;
mod metric;

pub use metric::{Cell, Counter, Counters, Gauge, Timings};

use std::sync::Arc;

use parking_lot::RwLock;

/// The metrics of a process, by their expvar names (`QueryCounts`).
#[derive(Clone, Default)]
pub struct Stats {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// The program's name, in front of Prometheus names: `vtgate`.
    prefix: String,
    metrics: RwLock<Vec<Registered>>,
}

struct Registered {
    name: &'static str,
    help: &'static str,
    metric: Metric,
}

/// Numbers by the values of their labels, in the order in which the labels are named.
pub type Labelled = Vec<(Vec<String>, i64)>;

enum Metric {
    Counter(Counter),
    Gauge(Gauge),
    Counters(Counters),
    Timings(Timings),
    /// Asked when the page is.
    GaugeFunc(Box<dyn Fn() -> i64 + Send + Sync>),
    /// The same, by labels.
    GaugesFunc(&'static [&'static str], Box<dyn Fn() -> Labelled + Send + Sync>),
    Text(Box<dyn Fn() -> String + Send + Sync>),
}

impl Stats {
    /// Makes the metrics of a program, `vtgate`.
    pub fn new(program: &str) -> Stats {
        let inner = Inner { prefix: program.to_owned(), metrics: RwLock::default() };
        let stats = Stats { inner: Arc::new(inner) };
        stats.text("Version", "The release that runs.", || env!("CARGO_PKG_VERSION").to_owned());
        stats
    }

    fn register(&self, name: &'static str, help: &'static str, metric: Metric) {
        let mut metrics = self.inner.metrics.write();
        // The last registration wins, so that a part that is built anew keeps its name.
        metrics.retain(|one| one.name != name);
        metrics.push(Registered { name, help, metric });
    }

    pub fn counter(&self, name: &'static str, help: &'static str) -> Counter {
        let counter = Counter::default();
        self.register(name, help, Metric::Counter(counter.clone()));
        counter
    }

    pub fn gauge(&self, name: &'static str, help: &'static str) -> Gauge {
        let gauge = Gauge::default();
        self.register(name, help, Metric::Gauge(gauge.clone()));
        gauge
    }

    /// Registers counters told apart by labels; `labels` names them in order.
    pub fn counters(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Counters {
        let counters = Counters::new(labels);
        self.register(name, help, Metric::Counters(counters.clone()));
        counters
    }

    /// Registers histograms of durations told apart by labels.
    pub fn timings(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Timings {
        let timings = Timings::new(labels);
        self.register(name, help, Metric::Timings(timings.clone()));
        timings
    }

    /// Registers a number that is computed when asked for.
    pub fn gauge_func(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> i64 + Send + Sync + 'static,
    ) {
        self.register(name, help, Metric::GaugeFunc(Box::new(read)));
    }

    /// Registers numbers, told apart by labels, that are computed when asked for.
    pub fn gauges_func(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        read: impl Fn() -> Labelled + Send + Sync + 'static,
    ) {
        self.register(name, help, Metric::GaugesFunc(labels, Box::new(read)));
    }

    /// Registers a text that is computed when asked for; shown in `/debug/vars` only.
    pub fn text(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> String + Send + Sync + 'static,
    ) {
        self.register(name, help, Metric::Text(Box::new(read)));
    }
}

#[cfg(test)]
mod tests;
