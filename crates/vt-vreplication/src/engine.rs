//! The engine: the streams of a primary tablet, one task each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::{Journal, VReplicationWorkflowState as State};
use vt_service::Tasks;
use vt_service::stats::Stats;

use crate::config::Config;
use crate::controller;
use crate::journal::{Journals, take_places};
use crate::sources::Sources;
use crate::status::{Awaited, Metrics, Status, StreamShown};
use crate::store::{Store, StreamRow};
use crate::stream::Stream;
use crate::throttle::Throttle;

/// How long a stream has to finish what it writes.
const STOP_MAX: Duration = Duration::from_secs(30);
/// How long opening waits before it tries again.
const OPEN_AGAIN: Duration = Duration::from_secs(1);

/// The streams of a tablet. They run while the engine is open.
pub struct Engine {
    config: Config,
    sources: Sources,
    throttle: Arc<dyn Throttle>,
    metrics: Metrics,
    tasks: Tasks,
    /// Where the streams' tables are; `None` while the engine is closed.
    store: Mutex<Option<Store>>,
    running: Mutex<BTreeMap<i32, Running>>,
    journals: Mutex<Journals>,
    /// Held by whatever opens, closes, or changes streams: one at a time.
    action: tokio::sync::Mutex<()>,
}

/// A stream's task.
struct Running {
    token: CancellationToken,
    ended: watch::Receiver<bool>,
}

impl Engine {
    /// Makes an engine that is closed.
    pub fn new(
        config: Config,
        sources: Sources,
        throttle: Arc<dyn Throttle>,
        stats: &Stats,
        tasks: &Tasks,
    ) -> Engine {
        Engine {
            config,
            sources,
            throttle,
            metrics: Metrics::new(stats),
            tasks: tasks.child(),
            store: Mutex::new(None),
            running: Mutex::default(),
            journals: Mutex::default(),
            action: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the finder of source tablets.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Returns whether streams run.
    pub fn is_open(&self) -> bool {
        self.store.lock().is_some()
    }

    /// Returns what is shown of the streams.
    pub fn shown(&self) -> Vec<StreamShown> {
        self.metrics.shown()
    }

    /// Returns how many streams run, and the greatest lag of them in seconds.
    pub fn load(&self) -> (usize, i64) {
        let streams = self.metrics.streams.lock();
        let lag = streams.values().map(|one| one.lag_seconds()).max().unwrap_or(0);
        (streams.len(), lag)
    }

    /// Makes a stream hurry, for as long as the returned is kept; `None` where there is no such
    /// stream, or it does not run here.
    pub fn await_stream(&self, id: i32) -> Option<Awaited> {
        let status = self.metrics.streams.lock().get(&id).cloned();
        status.map(Awaited::new)
    }

    /// Starts the streams that the tables tell of; tries until they can be read. It may be dropped
    /// at any time, and is then as if it had not begun, or had ended.
    pub async fn open(self: &Arc<Engine>, store: Store) {
        let _action = self.action.lock().await;
        if self.is_open() {
            return;
        }
        loop {
            match self.start_all(&store).await {
                Ok(count) => {
                    tracing::info!(count, "streams are open");
                    return;
                }
                // A server that nobody has prepared yet has none of the tables.
                Err(error) => tracing::debug!(%error, "cannot read the streams yet"),
            }
            tokio::time::sleep(OPEN_AGAIN).await;
        }
    }

    async fn start_all(self: &Arc<Engine>, store: &Store) -> Result<usize> {
        let rows = store.streams(&mut store.connect().await?, "1 = 1").await?;
        *self.store.lock() = Some(store.clone());
        let count = rows.len();
        rows.iter().for_each(|row| self.start(store, row));
        Ok(count)
    }

    /// Stops all streams, and waits for them.
    pub async fn close(&self) {
        let _action = self.action.lock().await;
        if self.store.lock().take().is_none() {
            return;
        }
        let ids: Vec<i32> = self.running.lock().keys().copied().collect();
        if let Err(error) = self.stop(&ids).await {
            tracing::warn!(%error, "streams did not end in time");
        }
        self.metrics.streams.lock().clear();
        tracing::info!("streams are closed");
    }

    /// Stops streams, changes what their tables say, and starts those that are to run, and those
    /// that the change made. Without an engine that is open only the tables are changed.
    ///
    /// # Errors
    /// A stream does not end in time, or the change fails; the streams go on then.
    pub async fn change<T>(
        self: &Arc<Engine>,
        ids: &[i32],
        change: impl Future<Output = Result<(T, Vec<i32>)>>,
    ) -> Result<T> {
        let _action = self.action.lock().await;
        let store = self.store.lock().clone();
        let Some(store) = store else { return change.await.map(|(changed, _)| changed) };
        let stopped = self.stop(ids).await;
        let changed = match stopped {
            Ok(()) => change.await,
            Err(error) => Err(error),
        };
        let made = changed.as_ref().map(|(_, made)| made.clone()).unwrap_or_default();
        let mut all: Vec<i32> = ids.iter().chain(&made).copied().collect();
        all.sort_unstable();
        all.dedup();
        let restarted = self.restart(&store, &all).await;
        let (changed, _) = changed?;
        restarted?;
        Ok(changed)
    }

    async fn restart(self: &Arc<Engine>, store: &Store, ids: &[i32]) -> Result<()> {
        let mut conn = store.connect().await?;
        for id in ids {
            self.metrics.streams.lock().remove(id);
            match store.stream(&mut conn, *id).await {
                Ok(row) => self.start(store, &row),
                Err(error) if error.code() == Code::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn start(self: &Arc<Engine>, store: &Store, row: &StreamRow) {
        let place = match row.source() {
            Ok(source) => format!("{}.{}", source.keyspace, source.shard),
            Err(_) => String::new(),
        };
        let status = Arc::new(Status::new(&row.workflow, &place, row.state));
        self.metrics.streams.lock().insert(row.id, status.clone());
        if matches!(row.state, State::Stopped | State::Error) || self.tasks.is_cancelled() {
            return;
        }
        let token = self.tasks.token().child_token();
        let (ended, watched) = watch::channel(false);
        let stream = Stream {
            id: row.id,
            workflow: row.workflow.clone(),
            workflow_type: i64::from(row.workflow_type as i32),
            store: store.clone(),
            sources: self.sources.clone(),
            config: self.config.with_options(&row.options),
            throttle: self.throttle.clone(),
            metrics: self.metrics.clone(),
            status,
            token: token.clone(),
        };
        self.running.lock().insert(row.id, Running { token, ended: watched });
        let engine = self.clone();
        self.tasks.spawn("stream", async move {
            // Told when this is dropped, however the stream ends.
            let ended = Ended(ended);
            let journal = controller::run(&stream).await;
            drop(ended);
            if let Some(journal) = journal {
                engine.came_to(&stream, journal).await;
            }
        });
    }

    /// A stream has come to the journal of a reshard; it goes on as streams from the new shards
    /// when all have that the journal concerns.
    async fn came_to(self: &Arc<Engine>, stream: &Stream, journal: Journal) {
        while !stream.token.is_cancelled() {
            match self.try_places(stream, &journal).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(id = stream.id, journal = journal.id, %error, "journal waits");
                }
            }
            tokio::time::sleep(stream.config.retry_delay).await;
        }
    }

    async fn try_places(self: &Arc<Engine>, stream: &Stream, journal: &Journal) -> Result<()> {
        let store = &stream.store;
        let mut conn = store.connect().await?;
        let streams = store.streams(&mut conn, "1 = 1").await?;
        let Some(own) = streams.iter().find(|one| one.id == stream.id) else { return Ok(()) };
        let Some(ids) = self.journals.lock().register(journal, own, &streams) else {
            return Ok(());
        };
        tracing::info!(journal = journal.id, ?ids, "streams come from the new shards");
        let taking = async {
            let made = take_places(store, &mut conn, journal, &ids).await?;
            Ok(((), made))
        };
        self.change(&ids, taking).await
    }

    async fn stop(&self, ids: &[i32]) -> Result<()> {
        let stopping: Vec<(i32, watch::Receiver<bool>)> = {
            let running = self.running.lock();
            let told = ids.iter().filter_map(|id| {
                let one = running.get(id)?;
                one.token.cancel();
                Some((*id, one.ended.clone()))
            });
            told.collect()
        };
        for (id, mut ended) in stopping {
            // A sender that is gone is a stream that has ended.
            let waiting = ended.wait_for(|ended| *ended);
            if tokio::time::timeout(STOP_MAX, waiting).await.is_err() {
                let message = format!("stream {id} does not end: mysqld does not answer it");
                return Err(Error::new(Code::DeadlineExceeded, message));
            }
            self.running.lock().remove(&id);
        }
        Ok(())
    }
}

/// Tells that a stream has ended.
struct Ended(watch::Sender<bool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}
