//! What the services share: reads from memory, writes through the writer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use vt_etcd_api::etcdserverpb::ResponseHeader;

use crate::disk::{Disk, Ids};
use crate::error::ServeError;
use crate::lease::LeaseClocks;
use crate::state::State;
use crate::writer::{Command, Job, QUEUE_MAX, Shared, Writer, Written};

/// How often leases are looked through for those whose time is over.
const EXPIRY_PERIOD: Duration = Duration::from_millis(500);

/// A handle to the store; cheap to clone.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ids: Ids,
    jobs: mpsc::Sender<Job>,
}

impl Engine {
    /// Loads the data; the returned writer must be run on a thread of its own.
    pub(crate) fn open(path: &Path) -> Result<(Engine, Writer), ServeError> {
        let (disk, state, ids) = Disk::open(path)?;
        Ok(Engine::on(disk, state, ids))
    }

    /// Starts on a disk that has been read.
    pub(crate) fn on(disk: Disk, state: State, ids: Ids) -> (Engine, Writer) {
        let clocks = LeaseClocks::default();
        for (id, seconds) in state.leases() {
            clocks.start(*id, *seconds);
        }
        let revision = watch::Sender::new(state.revision());
        let shared = Arc::new(Shared {
            state: RwLock::new(state),
            clocks,
            revision,
            fault: RwLock::new(None),
        });
        let (jobs, receiver) = mpsc::channel(QUEUE_MAX);
        let writer = Writer { disk, shared: shared.clone(), jobs: receiver };
        (Engine { shared, ids, jobs }, writer)
    }

    /// Hands a request to the writer and waits until it is on disk.
    pub(crate) async fn write(&self, command: Command) -> Result<Written, Status> {
        let (reply, answer) = oneshot::channel();
        let gone = || Status::unavailable("etcdserver: server stopped");
        self.jobs.send(Job { command, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Ends the writer. What still waits is refused.
    pub(crate) async fn stop_writer(&self) {
        let (reply, _) = oneshot::channel();
        // A writer that is gone already is as good.
        let _ = self.jobs.send(Job { command: Command::Stop, reply }).await;
    }

    /// Reads from what is committed.
    pub(crate) fn read<T>(&self, run: impl FnOnce(&State) -> T) -> T {
        run(&self.shared.state.read())
    }

    pub(crate) fn revision(&self) -> i64 {
        self.read(|state| state.revision())
    }

    /// Returns the header of an answer.
    pub(crate) fn header(&self, revision: i64) -> Option<ResponseHeader> {
        Some(ResponseHeader {
            cluster_id: self.ids.cluster,
            member_id: self.ids.member,
            revision,
            raft_term: 1,
        })
    }

    /// Adds the ids to a header that has the revision only.
    pub(crate) fn complete(&self, header: &mut Option<ResponseHeader>) {
        let revision = header.as_ref().map_or_else(|| self.revision(), |header| header.revision);
        *header = self.header(revision);
    }

    /// Ends leases whose time is over, until the shutdown.
    pub(crate) async fn expire_leases(self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(EXPIRY_PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            for id in self.shared.clocks.over() {
                match self.write(Command::Expire { id }).await {
                    Ok(_) => tracing::debug!(lease = id, "a lease has ended"),
                    Err(err) => {
                        tracing::warn!(lease = id, error = %err, "cannot end a lease yet");
                    }
                }
            }
        }
    }
}
