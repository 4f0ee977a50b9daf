//! A tablet from its configuration to its end.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use vt_base::Result;
use vt_rpc::framed::{FramedServer, serve_framed};
use vt_rpc::query_server::GrpcQueryServer;
use vt_rpc::row_streams::RowStreams;
use vt_rpc::server::{ServerConfig, serve};
use vt_service::http::bind;
use vt_service::stats::Stats;
use vt_service::tasks::Tasks;
use vt_tablet_api::QueryService;
use vt_topo::TopoServer;
use vt_topo::records::shard::to_proto_time;

use crate::config::Config;
use crate::core::Core;
use crate::manager;
use crate::pages;
use crate::service::TabletService;
use crate::start::Ports;
use crate::state::Serving;

/// How long the parts have to end when all of them are told to.
const TASKS_GRACE: Duration = Duration::from_secs(5);

/// A tablet whose listeners are open and that does not run yet.
pub struct Tablet {
    core: Arc<Core>,
    http: TcpListener,
    grpc: TcpListener,
    framed: Option<TcpListener>,
    ports: Ports,
}

impl Tablet {
    /// Makes a tablet and opens its listeners.
    pub async fn build(config: Config, topo: Arc<TopoServer>, stats: Stats) -> Result<Tablet> {
        let address = |port: u16| format!("{}:{port}", config.bind_address);
        let http = bind("web pages", &address(config.http_port)).await?;
        let grpc = bind("gRPC", &address(config.grpc_port)).await?;
        let framed = match config.framed_port {
            Some(port) => Some(bind("the framed transport", &address(port)).await?),
            None => None,
        };
        let port = |listener: &TcpListener| {
            listener.local_addr().map(|address| address.port()).unwrap_or_default()
        };
        let ports =
            Ports { http: port(&http), grpc: port(&grpc), framed: framed.as_ref().map(port) };
        let core = Arc::new(Core::new(config, topo, stats, Tasks::new()));
        Ok(Tablet { core, http, grpc, framed, ports })
    }

    /// Returns where the tablet listens.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Returns the query service, for callers in the same process.
    pub fn query_service(&self) -> Arc<dyn QueryService> {
        Arc::new(TabletService(self.core.clone()))
    }

    /// Runs until the token is cancelled, and then goes in order.
    ///
    /// Fails if the tablet cannot take its place in the topology.
    pub async fn run(self, shutdown: CancellationToken) -> Result<()> {
        let Tablet { core, http, grpc, framed, ports } = self;
        let tasks = core.tasks.clone();
        serve_all(&core, http, grpc, framed);
        let registered = tokio::select! {
            biased;
            () = shutdown.cancelled() => Ok(false),
            registered = core.register(ports) => registered.map(|()| true),
        };
        if let Ok(true) = registered {
            tasks.spawn_until_cancelled("watch mysqld", core.clone().watch_mysqld());
            tasks.spawn_until_cancelled("tell health", core.clone().tell_health());
            tasks.spawn_until_cancelled("watch schema", core.clone().watch_schema());
            tasks.spawn_until_cancelled("publish record", core.clone().publish_record());
            tasks.spawn_until_cancelled("streams", core.clone().run_streams());
            tasks.spawn_until_cancelled("watch shard", core.clone().watch_shard());
            tasks.spawn_until_cancelled("mind vdiffs", crate::manager::vdiff::mind(core.clone()));
            tasks.spawn_until_cancelled(
                "throttler settings",
                core.clone().watch_throttler_settings(),
            );
            tasks.spawn_until_cancelled("throttler", core.clone().measure_for_throttler());
            tasks.spawn_until_cancelled(
                "throttler of the shard",
                core.clone().gather_for_throttler(),
            );
            tasks.spawn_until_cancelled("lease", core.clone().keep_lease());
            tasks.spawn_until_cancelled("watch disk", core.clone().watch_disk());
            tasks.spawn_until_cancelled("watch clock", core.clone().watch_clock());
            tasks.spawn_until_cancelled("heartbeats", core.clone().write_heartbeats());
            let reaper = core.clone();
            tasks.spawn_until_cancelled("reap sessions", async move {
                reaper.queries.reap_sessions().await;
            });
            shutdown.cancelled().await;
            go(&core).await;
            core.vreplication.close().await;
        }
        if !tasks.shutdown(TASKS_GRACE).await {
            tracing::warn!("some tasks did not end in time");
        }
        core.queries.pools.close(Duration::from_secs(1)).await;
        core.db.close().await;
        registered.map(|_| ())
    }
}

fn serve_all(core: &Arc<Core>, http: TcpListener, grpc: TcpListener, framed: Option<TcpListener>) {
    let tasks = &core.tasks;
    let token = tasks.token().clone();
    let service: Arc<dyn QueryService> = Arc::new(TabletService(core.clone()));
    let streams: Arc<dyn RowStreams> = Arc::new(TabletService(core.clone()));
    let message_bytes_max = core.config.message_bytes_max;
    let queries = GrpcQueryServer::with_streams(service.clone(), Some(streams), message_bytes_max);
    let routes = Routes::new(queries).add_service(manager::server(core.clone(), message_bytes_max));
    let grpc_token = token.clone();
    tasks.spawn("gRPC", async move {
        let served = serve(grpc, routes, ServerConfig::default(), grpc_token).await;
        if let Err(err) = served {
            tracing::error!(%err, "gRPC ended");
        }
    });
    let pages = pages::pages(core);
    let http_token = token.clone();
    tasks.spawn("web pages", async move { pages.serve(http, http_token).await });
    if let Some(framed) = framed {
        let lanes = core.config.lanes.clone();
        let config = FramedServer { lanes, ..FramedServer::default() };
        tasks.spawn("framed", async move { serve_framed(framed, service, config, token).await });
    }
}

/// Leaves the cluster: says so, lets sessions end, tells the topology.
async fn go(core: &Arc<Core>) {
    tracing::info!(alias = %core.config.alias, "tablet goes");
    core.state.enter_lameduck();
    core.health.tell();
    tokio::time::sleep(core.config.lameduck_period).await;
    let ended = async {
        core.role.lock().stopped = Some((Serving::Draining, "tablet is shutting down"));
        core.evaluate();
        core.queries.end_sessions(core.config.queries.shutdown_grace_period).await;
        core.state.wait_idle(Duration::from_secs(1)).await;
        core.role.lock().stopped = Some((Serving::NotServing, "tablet is shutting down"));
        core.evaluate();
        core.queries.live.terminate_all(Duration::ZERO).await;
        core.change_record(|record| {
            record.tablet_shutdown_time = Some(to_proto_time(SystemTime::now()));
        })
        .await;
    };
    if tokio::time::timeout(core.config.onterm_timeout, ended).await.is_err() {
        tracing::warn!("the tablet could not go in order in the time it had");
    }
}
