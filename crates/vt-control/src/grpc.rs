//! The commands as the gRPC service `vtctlservice.Vtctld`.

use std::future::Future;

use tonic::{Request, Response, Status};
use vt_base::{Code, Error, Result};
use vt_proto::vtctldata::*;
use vt_rpc::status::to_status;
use vt_rpc::vtctlservice::vtctld_server;
use vt_service::Tasks;

use crate::Control;

/// Serves [`Control`] to others.
#[derive(Clone)]
pub struct VtctldService {
    pub(crate) control: Control,
    /// Commands run as tasks of their own: a client that goes away ends none in the middle.
    pub(crate) tasks: Tasks,
}

impl VtctldService {
    pub fn new(control: Control, tasks: Tasks) -> VtctldService {
        VtctldService { control, tasks }
    }

    /// Runs a command to its end, whatever becomes of the caller.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        name: &'static str,
        command: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (send, receive) = tokio::sync::oneshot::channel();
        self.tasks.spawn(name, async move {
            let result = command.await;
            if let Err(err) = &result {
                tracing::warn!(command = name, %err, "command failed");
            }
            // Nobody listens any more when the caller has gone.
            let _gone = send.send(result);
        });
        receive.await.unwrap_or_else(|_| {
            Err(Error::new(Code::Internal, format!("the command {name} ended without a result")))
        })
    }
}

/// Makes a method of the service of each command of the table.
macro_rules! serve {
    ($($method:ident($request:ident) -> $reply:ident;)*) => {
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
        }
    };
}

crate::with_commands!(serve);
