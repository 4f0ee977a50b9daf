//! The commands as the gRPC service `vtctlservice.Vtctld`.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};
use vt_base::{Code, Error, Result};
use vt_proto::vtctldata::*;
use vt_rpc::status::to_status;
use vt_rpc::vtctlservice::vtctld_server;
use vt_service::stats::Timings;
use vt_service::{Stats, Tasks};

use crate::Control;
use crate::commands::with_missing;

/// Serves [`Control`] to others.
#[derive(Clone)]
pub struct VtctldService {
    pub(crate) control: Control,
    /// Commands run as tasks of their own: a client that goes away ends none in the middle.
    pub(crate) tasks: Tasks,
    timings: Timings,
    places: Arc<Semaphore>,
}

/// How many commands run at once; more are refused.
const COMMANDS_MAX: usize = 512;

impl VtctldService {
    pub fn new(control: Control, tasks: Tasks, stats: &Stats) -> VtctldService {
        let help = "How long commands took, by command and outcome.";
        let timings = stats.timings("VtctldCommands", help, &["Command", "Outcome"]);
        let places = Arc::new(Semaphore::new(COMMANDS_MAX));
        VtctldService { control, tasks, timings, places }
    }

    /// Runs a command to its end, whatever becomes of the caller.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        name: &'static str,
        command: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            let text = format!(
                "{COMMANDS_MAX} commands are running already; try again when some have ended"
            );
            return Err(Error::new(Code::ResourceExhausted, text));
        };
        let (send, receive) = tokio::sync::oneshot::channel();
        let timings = self.timings.clone();
        self.tasks.spawn(name, async move {
            let began = tokio::time::Instant::now();
            let result = command.await;
            let outcome = if result.is_ok() { "ok" } else { "error" };
            timings.record(&[name, outcome], began.elapsed());
            if let Err(err) = &result {
                tracing::warn!(command = name, %err, "command failed");
            }
            drop(place);
            // Nobody listens any more when the caller has gone.
            let _gone = send.send(result);
        });
        receive.await.unwrap_or_else(|_| {
            Err(Error::new(Code::Internal, format!("the command {name} ended without a result")))
        })
    }
}

/// Says that a command of the service is not there yet.
fn not_there(name: &str) -> Status {
    Status::unimplemented(format!("{name} is not there yet in this release"))
}

/// Joins the two tables: the commands that are there, and those that are not there yet.
macro_rules! join {
    ($($commands:tt)*) => {
        with_missing!(serve, $($commands)*);
    };
}

/// Makes a method of the service of each command of the tables.
macro_rules! serve {
    (
        $($method:ident($request:ident) -> $reply:ident;)*
        @missing $($missing:ident($missing_request:ident) -> $missing_reply:ident;)*
    ) => {
        #[tonic::async_trait]
        impl vtctld_server::Vtctld for VtctldService {
            $(
                async fn $method(
                    &self,
                    request: Request<$request>,
                ) -> Result<Response<$reply>, Status> {
                    let control = self.control.clone();
                    let request = request.into_inner();
                    let command = async move { Box::pin(control.$method(request)).await };
                    match self.run(stringify!($method), command).await {
                        Ok(reply) => Ok(Response::new(reply)),
                        Err(err) => Err(to_status(&err)),
                    }
                }
            )*
            $(
                async fn $missing(
                    &self,
                    _request: Request<$missing_request>,
                ) -> Result<Response<$missing_reply>, Status> {
                    Err(not_there(stringify!($missing)))
                }
            )*

            async fn backup(&self, _: Request<BackupRequest>) -> Streamed<BackupResponse> {
                Err(not_there("backup"))
            }

            async fn backup_shard(&self, _: Request<BackupShardRequest>) -> Streamed<BackupResponse> {
                Err(not_there("backup_shard"))
            }

            async fn restore_from_backup(
                &self,
                request: Request<RestoreFromBackupRequest>,
            ) -> Streamed<RestoreFromBackupResponse> {
                let begun = self.control.begin_restore(request.into_inner()).await;
                let restore = begun.map_err(|err| to_status(&err))?;
                // Ends with the first error, as such streams do.
                let events = futures::stream::unfold(Some(restore), async |restore| {
                    let mut restore = restore?;
                    match restore.next().await {
                        Ok(Some(event)) => Some((Ok(event), Some(restore))),
                        Ok(None) => None,
                        Err(err) => Some((Err(to_status(&err)), None)),
                    }
                });
                Ok(Response::new(Box::pin(events)))
            }
        }
    };
}

/// What a command with many replies returns.
type Streamed<T> = Result<Response<tonic::codegen::BoxStream<T>>, Status>;

crate::with_commands!(join);

#[cfg(test)]
mod tests {
    use vt_rpc::vtctlservice::vtctld_server::Vtctld;

    use super::*;
    use crate::testing::FakeCluster;

    #[tokio::test]
    async fn what_is_not_there_says_so_and_what_is_there_answers() {
        let cluster = FakeCluster::start(&["zone1"]).await.unwrap();
        let tasks = Tasks::new();
        let service = VtctldService::new(cluster.control.clone(), tasks, &Stats::new("vtctld"));
        let refused = service.backup(Request::new(BackupRequest::default())).await.err().unwrap();
        assert_eq!(refused.code(), tonic::Code::Unimplemented);
        assert_eq!(refused.message(), "backup is not there yet in this release");
        let request = Request::new(GetBackupsRequest::default());
        let refused = service.get_backups(request).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::Unimplemented);
        let names = service.get_cell_info_names(Request::new(GetCellInfoNamesRequest {})).await;
        assert_eq!(names.unwrap().into_inner().names, ["zone1"]);
        cluster.stop().await;
    }

    #[tokio::test]
    async fn a_command_outlives_its_caller() {
        let cluster = FakeCluster::start(&["zone1"]).await.unwrap();
        let service =
            VtctldService::new(cluster.control.clone(), Tasks::new(), &Stats::new("vtctld"));
        let (start, began) = tokio::sync::oneshot::channel();
        let (release, wait) = tokio::sync::oneshot::channel::<()>();
        let (done, ended) = tokio::sync::oneshot::channel();
        let caller = tokio::spawn(async move {
            let command = async move {
                start.send(()).unwrap();
                wait.await.unwrap();
                done.send(()).unwrap();
                Ok(())
            };
            service.run("test", command).await
        });
        began.await.unwrap();
        caller.abort();
        let _aborted = caller.await;
        release.send(()).unwrap();
        ended.await.unwrap();
        cluster.stop().await;
    }
}
