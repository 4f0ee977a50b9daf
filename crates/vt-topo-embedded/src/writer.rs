//! The one thread that writes: works out what waits, commits it together, then shows it.

use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot, watch};
use tonic::Status;
use vt_etcd_api::etcdserverpb::{
    DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, TxnRequest, TxnResponse,
};

use crate::disk::Disk;
use crate::error::ServeError;
use crate::lease::LeaseClocks;
use crate::range::{compacted, future_revision};
use crate::state::{Stage, State, View};
use crate::txn::{eval_delete, eval_put, eval_txn};

/// How many requests may wait for the writer.
pub(crate) const QUEUE_MAX: usize = 1_024;

/// How many requests share one commit.
const BATCH_MAX: usize = 256;

/// A request to write.
pub(crate) enum Command {
    Put(PutRequest),
    Delete(DeleteRangeRequest),
    Txn(TxnRequest),
    Grant {
        id: i64,
        seconds: i64,
    },
    Revoke {
        id: i64,
    },
    /// Revokes the lease if its time is still over.
    Expire {
        id: i64,
    },
    Compact {
        revision: i64,
    },
    /// Ends the writer, which closes the file.
    Stop,
}

/// What a request to write is answered with.
#[derive(Debug)]
pub(crate) enum Written {
    Put(PutResponse),
    Delete(DeleteRangeResponse),
    Txn(TxnResponse),
    Done { revision: i64 },
}

/// A request and where its answer goes.
pub(crate) struct Job {
    pub(crate) command: Command,
    pub(crate) reply: oneshot::Sender<Result<Written, Status>>,
}

/// What the writer shares with readers.
pub(crate) struct Shared {
    pub(crate) state: RwLock<State>,
    pub(crate) clocks: LeaseClocks,
    /// The committed revision, for watches to wait on.
    pub(crate) revision: watch::Sender<i64>,
    /// Why nothing can be written at present.
    pub(crate) fault: RwLock<Option<String>>,
}

pub(crate) struct Writer {
    pub(crate) disk: Disk,
    pub(crate) shared: Arc<Shared>,
    pub(crate) jobs: mpsc::Receiver<Job>,
}

type Answer = (oneshot::Sender<Result<Written, Status>>, Result<Written, Status>);

impl Writer {
    /// Writes until it is told to stop, or nobody can send a request any more.
    pub(crate) fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut stopping = false;
        while !stopping {
            let Some(first) = self.jobs.blocking_recv() else { return };
            let mut next = Some(first);
            while let Some(job) = next {
                if matches!(job.command, Command::Stop) {
                    stopping = true;
                    break;
                }
                batch.push(job);
                next = if batch.len() < BATCH_MAX { self.jobs.try_recv().ok() } else { None };
            }
            self.write(batch.drain(..));
        }
    }

    fn write(&mut self, batch: impl Iterator<Item = Job>) {
        if let Err(err) = self.ensure_open() {
            let status = unwritable(&err);
            batch.for_each(|job| drop(job.reply.send(Err(status.clone()))));
            return;
        }
        let mut answers: Vec<Answer> = Vec::new();
        let mut clocks: Vec<(i64, Option<i64>)> = Vec::new();
        let mut forget = 0;
        // Nobody else writes, so that the state stays as it is until it is applied below.
        let changes = {
            let state = self.shared.state.read();
            let mut stage = Stage::new(&state);
            for job in batch {
                let answer = match job.command {
                    Command::Compact { revision } => {
                        let allowed = check_compaction(&state, forget, revision);
                        forget = if allowed.is_ok() { revision } else { forget };
                        allowed.map(|()| Written::Done { revision: state.revision() })
                    }
                    command => run(&mut stage, command, &self.shared.clocks, &mut clocks),
                };
                answers.push((job.reply, answer));
            }
            stage.into_changes()
        };
        if !changes.is_empty()
            && let Err(err) = self.disk.commit(&changes)
        {
            tracing::error!(error = %err, "the topology cannot be written");
            let status = unwritable(&err);
            *self.shared.fault.write() = Some(err.to_string());
            for (reply, _) in answers {
                // Whoever has gone does not need the answer.
                let _ = reply.send(Err(status.clone()));
            }
            return;
        }
        self.show(changes, forget, &clocks);
        for (reply, answer) in answers {
            let _ = reply.send(answer);
        }
    }

    /// Lets readers and watchers see what is committed.
    fn show(&self, changes: crate::state::Changes, forget: i64, clocks: &[(i64, Option<i64>)]) {
        let revision = changes.revision;
        {
            let mut state = self.shared.state.write();
            state.apply(changes);
            if forget > 0 {
                state.history.forget(forget);
            }
        }
        for (id, seconds) in clocks {
            match seconds {
                Some(seconds) => self.shared.clocks.start(*id, *seconds),
                None => self.shared.clocks.stop(*id),
            }
        }
        self.shared.revision.send_if_modified(|known| {
            let newer = *known != revision;
            *known = revision;
            newer
        });
    }

    /// After a failed commit the file decides what was written, so that memory follows it.
    fn ensure_open(&mut self) -> Result<(), ServeError> {
        if self.disk.is_open() {
            return Ok(());
        }
        let loaded = self.disk.reopen()?;
        let mut state = self.shared.state.write();
        if loaded.revision() != state.revision() || loaded.leases() != state.leases() {
            for id in state.leases().keys().filter(|id| !loaded.leases().contains_key(id)) {
                self.shared.clocks.stop(*id);
            }
            for (id, seconds) in loaded.leases() {
                if !state.leases().contains_key(id) {
                    self.shared.clocks.start(*id, *seconds);
                }
            }
            *state = loaded;
        }
        let revision = state.revision();
        drop(state);
        *self.shared.fault.write() = None;
        self.shared.revision.send_replace(revision);
        tracing::info!(revision, "the topology can be written again");
        Ok(())
    }
}

fn unwritable(err: &ServeError) -> Status {
    match err {
        ServeError::DiskFull(_) => {
            Status::resource_exhausted("etcdserver: mvcc: database space exceeded")
        }
        err => Status::unavailable(format!("the topology cannot be written: {err}")),
    }
}

fn check_compaction(state: &State, forget: i64, revision: i64) -> Result<(), Status> {
    if revision > state.revision() {
        return Err(future_revision());
    }
    if revision <= state.history.floor().max(forget) {
        return Err(compacted());
    }
    Ok(())
}

fn run(
    stage: &mut Stage<'_>,
    command: Command,
    clocks: &LeaseClocks,
    changed: &mut Vec<(i64, Option<i64>)>,
) -> Result<Written, Status> {
    stage.request(|stage| match command {
        Command::Put(put) => eval_put(stage, &put).map(Written::Put),
        Command::Delete(delete) => Ok(Written::Delete(eval_delete(stage, &delete))),
        Command::Txn(txn) => eval_txn(stage, &txn).map(Written::Txn),
        Command::Grant { id, .. } if stage.lease(id).is_some() => {
            Err(Status::failed_precondition("etcdserver: lease already exists"))
        }
        Command::Grant { id, seconds } => {
            stage.grant(id, seconds);
            changed.push((id, Some(seconds)));
            Ok(Written::Done { revision: stage.revision() })
        }
        Command::Expire { id } if !clocks.is_over(id) => {
            Ok(Written::Done { revision: stage.revision() })
        }
        Command::Revoke { id } | Command::Expire { id } => {
            if stage.lease(id).is_none() {
                return Err(Status::not_found("etcdserver: requested lease not found"));
            }
            stage.revoke(id);
            changed.push((id, None));
            Ok(Written::Done { revision: stage.revision() })
        }
        Command::Compact { .. } | Command::Stop => Err(Status::internal("this is no change")),
    })
}

#[cfg(test)]
mod tests;
