//! The VDiffs of a tablet: each runs as a task for as long as the tablet is its shard's primary.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_service::stats::{Counter, Stats};
use vt_service::tasks::Tasks;

use crate::host::Host;
use crate::run::Run;
use crate::store::{Record, Store};
use crate::stream_row::Streams;

/// Which tablet the engine runs on.
#[derive(Clone, Debug)]
pub struct Identity {
    pub keyspace: String,
    pub shard: String,
    /// The database of the keyspace.
    pub database: String,
}

/// So many VDiffs compare at once; others wait.
const RUNS_MAX: usize = 2;
/// How long a VDiff that is told to stop may take to do so.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Runs VDiffs, and answers what is asked of them.
pub struct Engine {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    tasks: Tasks,
    turn: Arc<tokio::sync::Mutex<()>>,
    places: Arc<Semaphore>,
    /// `None` while the tablet is not primary.
    runs: Mutex<Option<Running>>,
    rows_compared: Counter,
    restarts: Counter,
    errors: Counter,
}

struct Running {
    token: CancellationToken,
    of: HashMap<i64, One>,
}

struct One {
    stop: CancellationToken,
    ended: CancellationToken,
}

impl Engine {
    /// Makes an engine that runs nothing yet.
    pub fn new(host: Arc<dyn Host>, identity: Identity, tasks: Tasks, stats: &Stats) -> Engine {
        Engine {
            store: Store::new(host.clone()),
            host,
            identity,
            tasks,
            turn: Arc::default(),
            places: Arc::new(Semaphore::new(RUNS_MAX)),
            runs: Mutex::default(),
            rows_compared: stats.counter("VDiffRowsCompared", "Rows that were compared."),
            restarts: stats.counter(
                "VDiffRestartedTableDiffsCount",
                "How often new snapshots replaced old ones in the middle of a table.",
            ),
            errors: stats.counter("VDiffErrors", "How often a VDiff failed."),
        }
    }

    /// Goes on with what is unfinished: the tablet is primary now.
    ///
    /// # Errors
    /// The tables cannot be read; the engine is open all the same.
    pub async fn open(self: &Arc<Engine>) -> Result<()> {
        {
            let mut runs = self.runs.lock();
            if runs.is_some() {
                return Ok(());
            }
            let token = self.tasks.token().child_token();
            *runs = Some(Running { token, of: HashMap::new() });
        }
        for record in self.store.unfinished().await? {
            self.start(record);
        }
        Ok(())
    }

    /// Ends all runs: the tablet is no primary any more. What they found is kept.
    pub fn close(&self) {
        if let Some(runs) = self.runs.lock().take() {
            runs.token.cancel();
        }
    }

    /// Returns how many VDiffs run or wait for their turn.
    pub fn running(&self) -> usize {
        self.runs.lock().as_ref().map_or(0, |runs| runs.of.len())
    }

    /// Fails unless the tablet is primary.
    pub(crate) fn check_open(&self) -> Result<()> {
        match self.runs.lock().is_some() {
            true => Ok(()),
            false => Err(Error::new(
                Code::FailedPrecondition,
                "vdiffs run on the primary of a shard, and this tablet is none",
            )),
        }
    }

    /// Runs a VDiff as a task, unless it runs already.
    pub(crate) fn start(self: &Arc<Engine>, record: Record) {
        let mut runs = self.runs.lock();
        let Some(running) = runs.as_mut() else { return };
        if running.of.contains_key(&record.id) {
            return;
        }
        let one = One { stop: running.token.child_token(), ended: CancellationToken::new() };
        let (stop, ended, id) = (one.stop.clone(), one.ended.clone(), record.id);
        running.of.insert(id, one);
        drop(runs);
        let streams = Streams::new(self.host.clone(), &self.identity.database, &record.workflow);
        let run = Run {
            host: self.host.clone(),
            store: self.store.clone(),
            streams,
            record,
            place: (self.identity.keyspace.clone(), self.identity.shard.clone()),
            turn: self.turn.clone(),
            rows_compared: self.rows_compared.clone(),
            restarts: self.restarts.clone(),
            errors: self.errors.clone(),
        };
        let engine = self.clone();
        self.tasks.spawn("vdiff", async move {
            // Also after a panic the run must be known to have ended.
            let _ended = ended.drop_guard();
            let place = stop.run_until_cancelled(engine.places.acquire()).await;
            if let Some(Ok(_place)) = place {
                run.run(&stop).await;
            }
            let mut runs = engine.runs.lock();
            if let Some(running) = runs.as_mut() {
                running.of.remove(&id);
            }
        });
    }

    /// Ends a run, and waits until it has ended.
    ///
    /// # Errors
    /// It does not end in time.
    pub(crate) async fn end(&self, id: i64) -> Result<()> {
        let ended = {
            let runs = self.runs.lock();
            let Some(one) = runs.as_ref().and_then(|runs| runs.of.get(&id)) else { return Ok(()) };
            one.stop.cancel();
            one.ended.clone()
        };
        tokio::time::timeout(STOP_PATIENCE, ended.cancelled()).await.map_err(|_elapsed| {
            Error::new(Code::DeadlineExceeded, "the vdiff did not stop in time; try again")
        })
    }
}
