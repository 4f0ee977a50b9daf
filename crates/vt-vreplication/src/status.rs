//! What is counted and shown of streams.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;
use tokio::sync::Notify;
use vt_proto::binlogdata::VReplicationWorkflowState as State;
use vt_service::stats::{Counters, Stats, Timings};

use crate::store::now;

/// What is counted of all streams.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub(crate) errors: Counters,
    pub(crate) copied_rows: Counters,
    pub(crate) copy_loops: Counters,
    pub(crate) queries: Counters,
    pub(crate) bulk_queries: Counters,
    pub(crate) noop_queries: Counters,
    pub(crate) throttled: Counters,
    pub(crate) ddl_actions: Counters,
    pub(crate) parallel: Counters,
    pub(crate) copied_rows_all: Counters,
    pub(crate) phases: Timings,
    pub(crate) table_copies: Timings,
    pub(crate) streams: Streams,
}

/// What one stream does now.
#[derive(Debug)]
pub struct Status {
    pub workflow: String,
    pub source: String,
    shown: Mutex<Shown>,
    /// The time of the source up to which the stream has come, in seconds since 1970.
    upto: AtomicI64,
    heartbeat: AtomicI64,
    transactions: AtomicU64,
    /// So many wait for the stream to come to a position.
    waiting: AtomicUsize,
    /// Somebody has begun to wait.
    hurry: Notify,
    /// The position has been written.
    saved: Notify,
}

/// Somebody who waits for a stream to come to a position. As long as there is one the stream
/// writes down at once how far it has come, which it does once a second otherwise.
#[derive(Debug)]
pub struct Awaited(Arc<Status>);

impl Awaited {
    pub(crate) fn new(status: Arc<Status>) -> Awaited {
        status.waiting.fetch_add(1, Relaxed);
        status.hurry.notify_one();
        Awaited(status)
    }

    /// Returns once the stream has written a position after this call.
    pub fn saved(&self) -> impl Future<Output = ()> {
        self.0.saved.notified()
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}

#[derive(Clone, Debug)]
struct Shown {
    state: State,
    tablet: String,
    position: String,
    message: String,
}

impl Status {
    pub(crate) fn new(workflow: &str, source: &str, state: State) -> Status {
        let shown =
            Shown { state, tablet: String::new(), position: String::new(), message: String::new() };
        Status {
            workflow: workflow.to_owned(),
            source: source.to_owned(),
            shown: Mutex::new(shown),
            upto: AtomicI64::new(0),
            heartbeat: AtomicI64::new(0),
            transactions: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            hurry: Notify::new(),
            saved: Notify::new(),
        }
    }

    /// Returns whether somebody waits for a position.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }

    /// Returns once somebody has begun to wait for a position.
    pub(crate) async fn hurried(&self) {
        self.hurry.notified().await;
    }

    pub(crate) fn set_state(&self, state: State, message: &str) {
        let mut shown = self.shown.lock();
        shown.state = state;
        message.clone_into(&mut shown.message);
    }

    pub(crate) fn set_tablet(&self, tablet: &str) {
        tablet.clone_into(&mut self.shown.lock().tablet);
    }

    pub(crate) fn applied(&self, position: &str, timestamp: i64, transactions: u64) {
        position.clone_into(&mut self.shown.lock().position);
        if timestamp > 0 {
            self.upto.store(timestamp, Relaxed);
        }
        self.transactions.fetch_add(transactions, Relaxed);
        self.saved.notify_waiters();
    }

    /// Counts transactions that came in before some that were told of.
    pub(crate) fn add_transactions(&self, transactions: u64) {
        self.transactions.fetch_add(transactions, Relaxed);
    }

    /// The source said that there is nothing new.
    pub(crate) fn beat(&self) {
        self.upto.store(now(), Relaxed);
        self.heartbeat.store(now(), Relaxed);
    }

    /// Returns by how many seconds the stream is behind its source; the time since the epoch is
    /// not told of one that has seen nothing yet.
    pub fn lag_seconds(&self) -> i64 {
        match self.upto.load(Relaxed) {
            0 => 0,
            upto => (now() - upto).max(0),
        }
    }
}

/// What the pages show of a stream.
#[derive(Clone, Debug)]
pub struct StreamShown {
    pub id: i32,
    pub workflow: String,
    pub source: String,
    pub tablet: String,
    pub state: &'static str,
    pub position: String,
    pub lag_seconds: i64,
    pub transactions: u64,
    pub message: String,
}

type Streams = Arc<Mutex<BTreeMap<i32, Arc<Status>>>>;

/// Registers what the streams themselves tell.
fn register_streams(stats: &Stats, streams: &Streams) {
    let shown = streams.clone();
    stats.gauge_func("VReplicationStreamCount", "number of streams", move || {
        i64::try_from(shown.lock().len()).unwrap_or(i64::MAX)
    });
    let shown = streams.clone();
    stats.gauge_func("VReplicationLagSecondsMax", "greatest lag of a stream", move || {
        shown.lock().values().map(|one| one.lag_seconds()).max().unwrap_or(0)
    });
    let shown = streams.clone();
    stats.gauge_func("VReplicationLagSecondsTotal", "lag of all streams", move || {
        shown.lock().values().map(|one| one.lag_seconds()).sum()
    });
    let shown = streams.clone();
    stats.text("VReplicationStreamState", "state of each stream", move || {
        lines(&shown, |one| one.shown.lock().state.as_str_name().to_owned())
    });
    let shown = streams.clone();
    stats.text("VReplicationLagSeconds", "lag of each stream", move || {
        lines(&shown, |one| one.lag_seconds().to_string())
    });
    let shown = streams.clone();
    stats.text("VReplicationHeartbeat", "when each stream's source was last idle", move || {
        lines(&shown, |one| one.heartbeat.load(Relaxed).to_string())
    });
}

impl Metrics {
    pub(crate) fn new(stats: &Stats) -> Metrics {
        let streams = Streams::default();
        register_streams(stats, &streams);
        let by_workflow = &["workflow", "type"];
        let by_table = &["workflow", "table"];
        Metrics {
            errors: stats.counters("VReplicationErrors", "failures of streams", by_workflow),
            copied_rows: stats.counters(
                "VReplicationTableCopyRowCounts",
                "rows copied by table",
                by_table,
            ),
            copy_loops: stats.counters(
                "VReplicationCopyLoopCount",
                "snapshots read",
                &["workflow"],
            ),
            queries: stats.counters("VReplicationQueryCount", "transactions applied", by_workflow),
            bulk_queries: stats.counters(
                "VReplicationBulkQueryCount",
                "statements with several rows",
                by_workflow,
            ),
            noop_queries: stats.counters(
                "VReplicationNoopQueryCount",
                "changes that change nothing here",
                by_workflow,
            ),
            throttled: stats.counters(
                "VReplicationThrottledCounts",
                "how often streams had to wait",
                by_workflow,
            ),
            ddl_actions: stats.counters(
                "VReplicationDDLActions",
                "definitions that streams met",
                by_workflow,
            ),
            copied_rows_all: stats.counters(
                "VReplicationCopyRowCount",
                "rows copied",
                &["workflow"],
            ),
            phases: stats.timings(
                "VReplicationPhaseTimings",
                "how long streams copied, and caught up between copies",
                &["workflow", "phase"],
            ),
            table_copies: stats.timings(
                "VReplicationTableCopyTimings",
                "how long snapshots of tables were read",
                by_table,
            ),
            parallel: stats.counters(
                "VReplicationParallelApplyCounts",
                "transactions applied beside others, kept waiting by them, or run again",
                by_workflow,
            ),
            streams,
        }
    }

    /// Returns what is shown of each stream.
    pub(crate) fn shown(&self) -> Vec<StreamShown> {
        let streams = self.streams.lock();
        streams
            .iter()
            .map(|(id, one)| {
                let shown = one.shown.lock().clone();
                StreamShown {
                    id: *id,
                    workflow: one.workflow.clone(),
                    source: one.source.clone(),
                    tablet: shown.tablet,
                    state: shown.state.as_str_name(),
                    position: shown.position,
                    lag_seconds: one.lag_seconds(),
                    transactions: one.transactions.load(Relaxed),
                    message: shown.message,
                }
            })
            .collect()
    }
}

fn lines(streams: &Mutex<BTreeMap<i32, Arc<Status>>>, value: impl Fn(&Status) -> String) -> String {
    let streams = streams.lock();
    let line = |(id, one): (&i32, &Arc<Status>)| {
        format!("{}.{}.{id}={}", one.source, one.workflow, value(one))
    };
    streams.iter().map(line).collect::<Vec<_>>().join(" ")
}
