//! The server: its data, its listener, and everything that runs until the shutdown.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vt_etcd_api::etcdserverpb::cluster_server::ClusterServer;
use vt_etcd_api::etcdserverpb::kv_server::KvServer;
use vt_etcd_api::etcdserverpb::lease_server::LeaseServer;
use vt_etcd_api::etcdserverpb::maintenance_server::MaintenanceServer;
use vt_etcd_api::etcdserverpb::watch_server::WatchServer;

use crate::engine::Engine;
use crate::error::ServeError;
use crate::grpc::REQUEST_BYTES_MAX;
use crate::grpc::cluster::{ClusterService, MaintenanceService};
use crate::grpc::kv::KvService;
use crate::grpc::lease::LeaseService;
use crate::grpc::watch::WatchService;
use crate::writer::Writer;

/// How long a shutdown waits for requests in hand.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// How many requests and watches one connection may have open.
const STREAMS_MAX: u32 = 65_536;

/// Where the server listens and keeps its data.
#[derive(Clone, Debug)]
pub struct Config {
    /// With port 0 a free port is taken.
    pub listen: SocketAddr,
    /// The data file; its folder is made where it is missing.
    pub data_path: PathBuf,
}

/// A server that has its data and its port, and is ready to run.
pub struct Server {
    engine: Engine,
    writer: Writer,
    listener: TcpListener,
    local_addr: SocketAddr,
    data_path: PathBuf,
}

impl Server {
    /// Opens the data file and the port.
    pub async fn bind(config: Config) -> Result<Server, ServeError> {
        let address = config.listen;
        let listener = TcpListener::bind(address).await.map_err(|err| match err.kind() {
            ErrorKind::AddrInUse => ServeError::PortTaken(address),
            _ => ServeError::Listen { address, source: err },
        })?;
        let local_addr =
            listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
        let path = config.data_path.clone();
        let opened = tokio::task::spawn_blocking(move || Engine::open(&path)).await;
        let (engine, writer) = opened.map_err(|err| ServeError::Failed(err.to_string()))??;
        let data_path = config.data_path;
        Ok(Server { engine, writer, listener, local_addr, data_path })
    }

    /// Returns the address that clients use.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until the shutdown, then lets requests in hand end and closes the file.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), ServeError> {
        let Server { engine, writer, listener, local_addr, data_path } = self;
        let stop = shutdown.child_token();
        let tasks = TaskTracker::new();
        let writing = tokio::task::spawn_blocking(move || writer.run());
        tasks.spawn(engine.clone().expire_leases(stop.clone()));
        tracing::info!(address = %local_addr, data = %data_path.display(), "topology serves");

        let served = serve(&engine, listener, data_path, &tasks, &stop).await;
        stop.cancel();
        tasks.close();
        if tokio::time::timeout(DRAIN_MAX, tasks.wait()).await.is_err() {
            tracing::warn!("topology stops while a client still has a request open");
        }
        engine.stop_writer().await;
        writing.await.map_err(|err| ServeError::Failed(err.to_string()))?;
        served
    }
}

/// Serves the connections until the shutdown.
async fn serve(
    engine: &Engine,
    listener: TcpListener,
    data_path: PathBuf,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<(), ServeError> {
    let failed = |err: &dyn std::fmt::Display| ServeError::Failed(err.to_string());
    let client_url = format!("http://{}", listener.local_addr().map_err(|err| failed(&err))?);
    let kv = KvServer::new(KvService(engine.clone())).max_decoding_message_size(REQUEST_BYTES_MAX);
    let watch =
        WatchService { engine: engine.clone(), streams: tasks.clone(), shutdown: stop.clone() };
    let lease = LeaseService { engine: engine.clone(), shutdown: stop.clone() };
    let cluster = ClusterService { engine: engine.clone(), client_url };
    let maintenance = MaintenanceService { engine: engine.clone(), data_path };
    let serving = tonic::transport::Server::builder()
        .tcp_nodelay(true)
        .max_concurrent_streams(Some(STREAMS_MAX))
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .add_service(kv)
        .add_service(WatchServer::new(watch))
        .add_service(LeaseServer::new(lease))
        .add_service(ClusterServer::new(cluster))
        .add_service(MaintenanceServer::new(maintenance))
        .serve_with_incoming_shutdown(
            TcpListenerStream::new(listener),
            stop.clone().cancelled_owned(),
        );
    let mut serving = std::pin::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => served,
        () = stop.cancelled() => {
            // Clients that keep their connections open do not hold the shutdown up for ever.
            tokio::time::timeout(DRAIN_MAX, &mut serving).await.unwrap_or(Ok(()))
        }
    };
    served.map_err(|err| failed(&err))
}
