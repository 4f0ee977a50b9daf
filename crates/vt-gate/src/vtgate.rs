//! The program: built of a configuration, then run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use vt_base::{Code, Error, Result, TabletAlias, TabletType, Target};
use vt_discovery::{Discovery, TopologySource};
use vt_mysql::server::{Listener, ServerConfig};
use vt_rpc::dial::{DialConfig, TabletDialer};
use vt_rpc::vtgateservice::vitess_server::VitessServer;
use vt_service::http::HealthCheck;
use vt_service::{Stats, Tasks};
use vt_tablet_api::QueryService;
use vt_topo::{ResilientServer, TopoServer};

use crate::buffer::Buffer;
use crate::config::Config;
use crate::connections::Connections;
use crate::defaults;
use crate::dialer::RpcDialer;
use crate::front::grpc::VitessService;
use crate::front::mysql::Front;
use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::pages;
use crate::peers::Peers;
use crate::query::plan_cache::PlanCache;
use crate::querylog::{FileWriter, QueryLog};
use crate::serving::{Follower, Serving};
use crate::session::TransactionMode;
use crate::tablets::Tablets;
use crate::vschema::tracker::Tracker;
use crate::vschema::{VSchemas, follow};
use crate::warming::Warming;

/// How long tasks may take to end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// How long clients wait for the gateway to have its number in the topology.
const NUMBER_PATIENCE: Duration = Duration::from_secs(3);

/// What a gateway stands on.
pub struct Deps {
    pub topo: Arc<TopoServer>,
    /// How tablets are reached.
    pub dial: DialConfig,
    /// The tablets of this process, which are called without a connection.
    pub local: Vec<(TabletAlias, Arc<dyn QueryService>)>,
    /// The MySQL front: users, TLS, limits.
    pub server: ServerConfig,
}

/// The gateway, listening and ready to run.
pub struct Vtgate {
    gate: Arc<Gate>,
    server: ServerConfig,
    stats: Stats,
    tasks: Tasks,
    dialer: TabletDialer,
    log_file: Option<FileWriter>,
    web: Option<TcpListener>,
    grpc: Option<TcpListener>,
    mysql: Vec<Listener>,
}

impl Vtgate {
    /// Opens the listeners and starts to follow the topology; port 0 takes a free one.
    pub async fn build(config: Config, deps: Deps) -> Result<Vtgate> {
        if config.session.transaction_mode == TransactionMode::TwoPc {
            let what = "--transaction-mode TWOPC: take MULTI or SINGLE";
            return Err(Error::unsupported(what));
        }
        let stats = Stats::new("vtgate");
        let tasks = Tasks::new();
        let web = listen("web pages", &config.listen.address, config.listen.web_port).await?;
        let grpc = listen("gRPC", &config.listen.address, config.listen.grpc_port).await?;
        let mysql = listen_mysql(&config).await?;
        let dialer = TabletDialer::new(deps.dial);
        let discovery = Discovery::start(
            config.discovery.clone(),
            Arc::new(TopologySource::new(deps.topo.clone())),
            Arc::new(RpcDialer::new(dialer.clone(), deps.local)),
            &tasks,
        );
        let serving = Arc::new(Serving::default());
        let buffer = Arc::new(Buffer::new(config.buffer.clone(), &stats));
        let warming = Warming::new(config.warming.clone(), discovery.clone(), tasks.child());
        let tablets =
            Arc::new(Tablets::new(discovery, serving, config.retry_count, buffer, warming));
        let (querylog, log_file) = QueryLog::new(config.querylog.clone());
        let gate = Arc::new(Gate {
            topo: Arc::new(ResilientServer::new(deps.topo, config.srv_topo)),
            tablets,
            vschemas: Arc::new(VSchemas::default()),
            defaults: Arc::default(),
            plans: PlanCache::new(config.query_cache_bytes),
            metrics: Metrics::new(&stats),
            querylog,
            connections: Connections::default(),
            peers: Arc::new(Peers::new(dialer.clone())),
            mirrorable: Default::default(),
            turns: Default::default(),
            started: Instant::now(),
            config,
        });
        register(&stats, &gate, &deps.server);
        let server = deps.server;
        Ok(Vtgate { gate, server, stats, tasks, dialer, log_file, web, grpc, mysql })
    }

    /// Returns where the web pages are served.
    pub fn web_address(&self) -> Option<SocketAddr> {
        self.web.as_ref().and_then(|one| one.local_addr().ok())
    }

    /// Returns where gRPC is served.
    pub fn grpc_address(&self) -> Option<SocketAddr> {
        self.grpc.as_ref().and_then(|one| one.local_addr().ok())
    }

    /// Returns the port of the MySQL front.
    pub fn mysql_port(&self) -> Option<u16> {
        self.mysql.iter().find_map(Listener::port)
    }

    /// Serves until the token is cancelled, then lets open transactions end for a while.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<()> {
        self.follow();
        self.serve_web();
        let ready = self.wait_for_tablets();
        let is_ready = shutdown.run_until_cancelled(ready).await.is_some();
        let served = if is_ready { self.serve(&shutdown).await } else { Ok(()) };
        if !self.tasks.shutdown(SHUTDOWN_GRACE).await {
            tracing::warn!("tasks were still running and were left");
        }
        served
    }

    /// Starts the tasks that keep the gateway's view of the cluster.
    fn follow(&mut self) {
        let gate = &self.gate;
        let cell = gate.config.discovery.cell.clone();
        let serving = Follower {
            topo: gate.topo.clone(),
            cell: cell.clone(),
            serving: gate.tablets.serving.clone(),
            tasks: self.tasks.clone(),
        };
        self.tasks.spawn_until_cancelled("serving", serving.run());
        let buffer = gate.tablets.buffer.clone().follow(gate.tablets.discovery.clone());
        self.tasks.spawn_until_cancelled("buffer", buffer);
        let defaults = defaults::follow(gate.tablets.clone(), gate.defaults.clone());
        self.tasks.spawn_until_cancelled("server-defaults", defaults);
        let vschema = follow::run(gate.topo.clone(), cell, gate.vschemas.clone());
        self.tasks.spawn_until_cancelled("vschema", vschema);
        if gate.config.is_schema_tracked {
            let tracker = Tracker {
                tablets: gate.tablets.clone(),
                vschemas: gate.vschemas.clone(),
                tracks_views: gate.config.is_view_tracked,
            };
            self.tasks.spawn_until_cancelled("schema-tracker", tracker.run());
        }
        if let Some(writer) = self.log_file.take() {
            let stop = self.tasks.token().clone();
            self.tasks.spawn("querylog", writer.run(stop));
        }
    }

    fn serve_web(&mut self) {
        let Some(listener) = self.web.take() else { return };
        let pages = pages::pages(&self.gate, &self.stats, health(&self.gate));
        let stop = self.tasks.token().clone();
        self.tasks.spawn("web", pages.serve(listener, stop));
    }

    /// Waits until every shard that serves has tablets of the types to wait for, so that the first
    /// client finds them. A cluster in which some are missing is served all the same, afterwards.
    async fn wait_for_tablets(&self) {
        let gate = &self.gate;
        let limit = gate.config.initial_tablet_timeout;
        let until = Instant::now() + limit;
        // The serving graph comes a moment after the start.
        while gate.tablets.serving.names().is_empty() && Instant::now() < until {
            if gate
                .topo
                .get_srv_keyspace_names(&gate.config.discovery.cell)
                .await
                .is_ok_and(|all| all.is_empty())
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut targets = Vec::new();
        for keyspace in gate.tablets.serving.names() {
            for tablet_type in &gate.config.tablet_types_to_wait {
                let shards = gate.tablets.serving.shards(&keyspace, *tablet_type);
                let Ok(shards) = shards else { continue };
                for shard in shards.shards() {
                    targets.push(Target::new(&keyspace, &shard.name, *tablet_type));
                }
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        if let Err(error) = gate.tablets.discovery.wait_for_all(&targets, left).await {
            tracing::warn!(%error, "serving although tablets are missing");
        }
    }

    /// Lets other gateways find this one; clients have ids that name it from then on.
    async fn register(&self) {
        let gate = &self.gate;
        let address = match self.grpc_address() {
            Some(own) if own.ip().is_unspecified() => {
                let identity = vt_topo::records::lock::LockIdentity::of_process();
                with_port(&identity.host_name, own.port())
            }
            Some(own) => own.to_string(),
            None => String::new(),
        };
        let (topo, ids) = (gate.topo_server().clone(), self.server.ids.clone());
        let holding = gate.peers.clone().register(topo, address, ids);
        self.tasks.spawn_until_cancelled("gateway-number", holding);
        gate.peers.wait_number(NUMBER_PATIENCE).await;
    }

    async fn serve(&mut self, shutdown: &CancellationToken) -> Result<()> {
        self.register().await;
        if let Some(listener) = self.grpc.take() {
            let service =
                VitessService::new(self.gate.clone(), self.tasks.clone(), self.dialer.clone());
            let max = self.gate.config.grpc_message_bytes_max;
            let service = VitessServer::new(service)
                .max_decoding_message_size(max)
                .max_encoding_message_size(max);
            let stop = shutdown.clone();
            let config = vt_rpc::server::ServerConfig::default();
            self.tasks.spawn("grpc", async move {
                let routes = Routes::new(service);
                if let Err(error) = vt_rpc::server::serve(listener, routes, config, stop).await {
                    tracing::error!(%error, "gRPC ended");
                }
            });
        }
        let config = &self.gate.config;
        tracing::info!(
            cell = %config.discovery.cell,
            mysql_port = self.mysql_port(),
            web_port = config.listen.web_port,
            grpc_port = config.listen.grpc_port,
            "vtgate serves"
        );
        if self.mysql.is_empty() {
            shutdown.cancelled().await;
            return Ok(());
        }
        let mut server = self.server.clone();
        server.version.clone_from(&config.mysql.version);
        server.drain_timeout = config.drain_timeout;
        let listeners = std::mem::take(&mut self.mysql);
        let front = Arc::new(Front(self.gate.clone()));
        vt_mysql::server::serve(listeners, Arc::new(server), front, shutdown.clone()).await
    }
}

async fn listen(what: &str, address: &str, port: Option<u16>) -> Result<Option<TcpListener>> {
    match port {
        Some(port) => vt_service::http::bind(what, &with_port(address, port)).await.map(Some),
        None => Ok(None),
    }
}

/// Joins an address with a port; one of IPv6 stands in brackets.
fn with_port(address: &str, port: u16) -> String {
    match address.contains(':') && !address.starts_with('[') {
        true => format!("[{address}]:{port}"),
        false => format!("{address}:{port}"),
    }
}

async fn listen_mysql(config: &Config) -> Result<Vec<Listener>> {
    let failed = |what: &str, error: std::io::Error| {
        Error::new(Code::Unavailable, format!("cannot listen on {what} for MySQL: {error}"))
    };
    let mut listeners = Vec::new();
    if let Some(port) = config.listen.mysql_port {
        let text = with_port(&config.listen.mysql_address, port);
        let mut found = tokio::net::lookup_host(&text).await.map_err(|err| failed(&text, err))?;
        let address = found
            .next()
            .ok_or_else(|| Error::new(Code::InvalidArgument, format!("no address for {text}")))?;
        listeners.push(Listener::tcp(address).await.map_err(|err| failed(&text, err))?);
    }
    if let Some(path) = &config.listen.mysql_socket {
        let opened = Listener::unix(path).await;
        listeners.push(opened.map_err(|err| failed(&path.display().to_string(), err))?);
    }
    Ok(listeners)
}

/// Fit to serve while every shard that serves has a primary, or there is no shard yet.
fn health(gate: &Arc<Gate>) -> HealthCheck {
    let gate = gate.clone();
    Arc::new(move || {
        for keyspace in gate.tablets.serving.names() {
            let Ok(shards) = gate.tablets.serving.shards(&keyspace, TabletType::Primary) else {
                continue;
            };
            for shard in shards.shards() {
                let target = Target::new(&keyspace, &shard.name, TabletType::Primary);
                if gate.tablets.discovery.pick(&target, &[]).is_none() {
                    return Err(format!("no healthy tablet available for {target}"));
                }
            }
        }
        Ok(())
    })
}

/// Registers what is counted elsewhere.
fn register(stats: &Stats, gate: &Arc<Gate>, server: &ServerConfig) {
    let mysql = server.metrics.clone();
    type Count = fn(&vt_mysql::server::Snapshot) -> u64;
    let counts: [(&'static str, &'static str, Count); 4] = [
        ("MysqlServerConnCount", "clients now", |now| now.connections),
        ("MysqlServerConnAccepted", "clients accepted", |now| now.accepted),
        ("MysqlServerConnRefused", "clients refused", |now| now.refused),
        ("MysqlServerConnSlow", "clients whose login was slow", |now| now.slow),
    ];
    for (name, help, read) in counts {
        let metrics = mysql.clone();
        stats.gauge_func(name, help, move || as_gauge(read(&metrics.snapshot())));
    }
    type Gauge = fn(&Gate) -> u64;
    let gauges: [(&'static str, &'static str, Gauge); 5] = [
        ("QueryPlanCacheLength", "plans kept", |gate| gate.plans.len() as u64),
        ("QueryPlanCacheSize", "bytes of plans kept", |gate| gate.plans.bytes()),
        ("QueryPlanCacheHits", "statements whose plan was kept", |gate| gate.plans.hits()),
        ("QueryPlanCacheMisses", "statements that were planned", |gate| gate.plans.misses()),
        ("HealthcheckConnections", "tablets that are followed", |gate| {
            gate.tablets.discovery.snapshot().iter().filter(|one| one.is_known).count() as u64
        }),
    ];
    for (name, help, read) in gauges {
        // The page goes with the gate, so that it does not keep the gate.
        let gate = Arc::downgrade(gate);
        stats
            .gauge_func(name, help, move || gate.upgrade().map_or(0, |gate| as_gauge(read(&gate))));
    }
}

fn as_gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
