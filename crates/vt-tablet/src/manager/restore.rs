//! RestoreFromBackup: it runs to its end whether somebody listens or not.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use vt_proto::tabletmanagerdata::{RestoreFromBackupRequest, RestoreFromBackupResponse};
use vt_rpc::status::to_status;

use crate::core::Core;
use crate::restore::Told;

/// How many events wait for a listener that does not keep up.
const EVENTS_MAX: usize = 64;

/// What is told of a restore.
pub(super) type Events = ReceiverStream<Result<RestoreFromBackupResponse, Status>>;

pub(super) fn begin(core: &Arc<Core>, request: RestoreFromBackupRequest) -> Events {
    let (listener, events) = mpsc::channel(EVENTS_MAX);
    let core = core.clone();
    let tasks = core.tasks.clone();
    tasks.spawn("restore", async move {
        let told = Told::to(listener.clone());
        if let Err(error) = core.restore(&request, &told).await {
            tracing::warn!(%error, "restore failed");
            // The caller may have gone.
            drop(listener.send(Err(to_status(&error))).await);
        }
    });
    ReceiverStream::new(events)
}
