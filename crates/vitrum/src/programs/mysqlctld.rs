//! `mysqlctld`: looks after one mysqld as a daemon, and answers `mysqlctl.MysqlCtl` on a socket.

use std::process::ExitCode;

use std::time::Duration;

use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use vt_base::{Code, Error, Result};
use vt_mysqld::{CnfOptions, Mysqld};
use vt_proto::mysqlctl as pb;
use vt_rpc::mysqlctl::mysql_ctl_server::{MysqlCtl, MysqlCtlServer};
use vt_rpc::status::to_status;
use vt_service::Tasks;

use super::mysqlctl::{cnf_options, init_sql, mysqld};
use super::run::{block_on, finish, read_flags, start_log, tell_unread};
use crate::flags::Flags;

const TABLE: &str = include_str!("../flags/mysqlctld.tsv");

pub(super) fn main(args: &[String]) -> ExitCode {
    match read_flags("mysqlctld", TABLE, args) {
        Ok(Some(flags)) => {
            start_log(&flags);
            finish(block_on(run(flags)))
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(err) => finish(Err(err)),
    }
}

async fn run(flags: Flags) -> Result<()> {
    let mysqld = mysqld(&flags).await?;
    let options = cnf_options(&flags);
    let init_sql = init_sql(&flags)?;
    if mysqld.instance.exists() {
        mysqld.start(&[]).await?;
    } else {
        mysqld.init(&options, init_sql.as_deref()).await?;
    }
    let shutdown_wait = flags.duration("shutdown-wait-time");
    let socket = flags.optional("socket-file");
    let port: u16 = flags.number("grpc-port");
    let address = flags.optional("grpc-bind-address").unwrap_or_else(|| "127.0.0.1".to_owned());
    tell_unread(&flags);

    let tasks = Tasks::new();
    let stop = CancellationToken::new();
    let signals = stop.clone();
    tasks.spawn_until_cancelled("signals", async move {
        vt_service::tasks::termination().await;
        signals.cancel();
    });
    let mut server = mysqld.clone();
    server.timeouts.shutdown = shutdown_wait.max(Duration::from_secs(1));
    let service = MysqlCtlServer::new(Service { mysqld: server.clone(), options });
    let router = tonic::transport::Server::builder().add_service(service);
    match (socket, port) {
        (Some(path), _) => {
            // A socket that a killed daemon left behind would refuse everyone.
            let _ = std::fs::remove_file(&path);
            let listener = UnixListener::bind(&path).map_err(|err| {
                Error::new(Code::Unavailable, format!("cannot listen on {path}: {err}"))
            })?;
            let incoming = tokio_stream::wrappers::UnixListenerStream::new(listener);
            let served = router.serve_with_incoming_shutdown(incoming, stop.cancelled()).await;
            let _ = std::fs::remove_file(&path);
            served.map_err(|err| Error::new(Code::Internal, format!("gRPC: {err}")))?;
        }
        (None, 0) => stop.cancelled().await,
        (None, port) => {
            let listener = vt_service::http::bind("gRPC", &format!("{address}:{port}")).await?;
            let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
            let served = router.serve_with_incoming_shutdown(incoming, stop.cancelled()).await;
            served.map_err(|err| Error::new(Code::Internal, format!("gRPC: {err}")))?;
        }
    }
    tasks.shutdown(Duration::from_secs(1)).await;
    server.shutdown().await
}

struct Service {
    mysqld: Mysqld,
    options: CnfOptions,
}

/// Verbs of backup and upgrade answer that they are not carried out here.
#[tonic::async_trait]
impl MysqlCtl for Service {
    async fn start(
        &self,
        request: Request<pb::StartRequest>,
    ) -> Result<Response<pb::StartResponse>, Status> {
        let args = request.into_inner().mysqld_args;
        self.mysqld.start(&args).await.map_err(|err| to_status(&err))?;
        Ok(Response::new(pb::StartResponse {}))
    }

    async fn shutdown(
        &self,
        _request: Request<pb::ShutdownRequest>,
    ) -> Result<Response<pb::ShutdownResponse>, Status> {
        self.mysqld.shutdown().await.map_err(|err| to_status(&err))?;
        Ok(Response::new(pb::ShutdownResponse {}))
    }

    async fn reinit_config(
        &self,
        _request: Request<pb::ReinitConfigRequest>,
    ) -> Result<Response<pb::ReinitConfigResponse>, Status> {
        self.mysqld.reinit_config(&self.options).map_err(|err| to_status(&err))?;
        Ok(Response::new(pb::ReinitConfigResponse {}))
    }

    async fn refresh_config(
        &self,
        _request: Request<pb::RefreshConfigRequest>,
    ) -> Result<Response<pb::RefreshConfigResponse>, Status> {
        self.mysqld.reinit_config(&self.options).map_err(|err| to_status(&err))?;
        Ok(Response::new(pb::RefreshConfigResponse {}))
    }

    async fn version_string(
        &self,
        _request: Request<pb::VersionStringRequest>,
    ) -> Result<Response<pb::VersionStringResponse>, Status> {
        let version = self.mysqld.server.version;
        let version = format!("Ver {}.{}.{}", version.major, version.minor, version.patch);
        Ok(Response::new(pb::VersionStringResponse { version }))
    }
}
