//! A mysqld in a folder of its own, a tablet beside it, and a client of both.

use std::sync::Arc;
use std::time::Duration;

use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use vt_base::{Result, TabletAlias, TabletType, Target};
use vt_mysql::{Address, Conn};
use vt_mysqld::{CnfOptions, Instance, Mysqld, Server};
use vt_rpc::dial::TabletDialer;
use vt_rpc::tabletmanagerservice::tablet_manager_client::TabletManagerClient;
use vt_service::stats::Stats;
use vt_tablet::{Config, Ports, Tablet};
use vt_tablet_api::{ExecuteReply, ExecuteRequest, HealthState, QueryService};
use vt_topo::TopoServer;
use vt_topo::memory::MemoryTopo;
use vt_value::QueryResult;

/// A mysqld that ends with this.
pub(crate) struct Db {
    pub(crate) mysqld: Mysqld,
    child: Option<Child>,
    _folder: tempfile::TempDir,
}

impl Db {
    /// Makes and starts a fresh server.
    pub(crate) async fn start(uid: u32) -> Db {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let instance = Instance::new(folder.path(), uid, port);
        let server = Server::find_in_environment().await.unwrap();
        let mysqld = Mysqld::new(instance, server);
        mysqld.init(&CnfOptions::default(), None).await.unwrap();
        mysqld.shutdown().await.unwrap();
        let mut db = Db { mysqld, child: None, _folder: folder };
        db.run().await;
        db
    }

    /// Starts the server again.
    pub(crate) async fn run(&mut self) {
        self.child = Some(self.mysqld.start_supervised(&[]).await.unwrap());
    }

    /// Ends the server as a crash would.
    pub(crate) async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.unwrap();
        }
    }

    /// Runs a statement beside the tablet.
    pub(crate) async fn query(&self, sql: &str) -> Result<QueryResult> {
        let mut conn = Conn::connect(self.mysqld.params("vt_dba")).await?;
        let result = conn.query(sql, 10_000).await;
        conn.close().await;
        result
    }

    pub(crate) fn socket(&self) -> Address {
        Address::unix(self.mysqld.instance.socket())
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Its folder goes too: nothing is worth an orderly end.
            let _ = child.start_kill();
        }
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A topology in memory with one cell.
pub(crate) async fn topology() -> (MemoryTopo, Arc<TopoServer>) {
    MemoryTopo::with_cells(&["zone1"]).await.unwrap()
}

/// A tablet that runs.
pub(crate) struct Running {
    pub(crate) service: Arc<dyn QueryService>,
    pub(crate) manager: TabletManagerClient<Channel>,
    pub(crate) ports: Ports,
    pub(crate) alias: TabletAlias,
    shutdown: CancellationToken,
    task: Option<JoinHandle<Result<()>>>,
}

pub(crate) fn config(db: &Db, uid: u32) -> Config {
    let mut config = Config::new(TabletAlias::new("zone1", uid), "ks", "0", db.socket());
    config.db.mysql_port = db.mysqld.instance.mysql_port;
    config.queries.shutdown_grace_period = Duration::from_millis(300);
    config.health.poll_interval = Duration::from_millis(100);
    config.framed_port = None;
    // So long that replicas find a source that is back only because their tablets look after them.
    config.replication.connect_retry = Duration::from_secs(600);
    config
}

impl Running {
    /// Starts a tablet.
    pub(crate) async fn start(config: Config, topo: Arc<TopoServer>) -> Running {
        let alias = config.alias.clone();
        let tablet = Tablet::build(config, topo, Stats::new("vttablet")).await.unwrap();
        let ports = tablet.ports();
        let mut record = vt_proto::topodata::Tablet {
            hostname: "127.0.0.1".into(),
            port_map: [("grpc".to_owned(), i32::from(ports.grpc))].into(),
            ..vt_proto::topodata::Tablet::default()
        };
        if let Some(port) = ports.framed {
            record.port_map.insert(vt_rpc::dial::FRAMED_PORT.to_owned(), i32::from(port));
        }
        let dialer = TabletDialer::default();
        let service = dialer.query_service(&record).unwrap();
        let manager = dialer.tablet_manager(&record).unwrap();
        let shutdown = CancellationToken::new();
        let task = Some(tokio::spawn(tablet.run(shutdown.clone())));
        Running { service, manager, ports, alias, shutdown, task }
    }

    /// Ends the tablet in order.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.shutdown.cancel();
        match self.task.take() {
            Some(task) => task.await.unwrap(),
            None => Ok(()),
        }
    }

    /// Waits until the tablet ends by itself.
    pub(crate) async fn wait_end(&mut self) -> Result<()> {
        self.task.take().expect("it runs").await.unwrap()
    }

    /// Waits for health that a test likes; panics after a while with the last that came.
    pub(crate) async fn wait_health(
        &self,
        what: &str,
        like: impl Fn(&HealthState) -> bool,
    ) -> HealthState {
        let mut last = None;
        let waiting = async {
            loop {
                if let Ok(mut stream) = self.service.stream_health().await {
                    while let Some(health) = stream.recv().await {
                        if like(&health) {
                            return health;
                        }
                        last = Some(health);
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(60), waiting).await {
            Ok(health) => health,
            Err(_) => panic!("{what} did not come; last health: {last:?}"),
        }
    }

    pub(crate) async fn wait_serving(&self, tablet_type: TabletType) -> HealthState {
        self.wait_health("serving", |health| {
            health.serving && health.target.tablet_type == tablet_type
        })
        .await
    }

    pub(crate) async fn execute(&self, sql: &str) -> Result<QueryResult> {
        self.reply(request(sql)).await.result
    }

    pub(crate) async fn reply(&self, request: ExecuteRequest) -> ExecuteReply {
        self.service.execute(request).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) fn primary() -> Target {
    Target::new("ks", "0", TabletType::Primary)
}

pub(crate) fn request(sql: &str) -> ExecuteRequest {
    ExecuteRequest { target: primary(), sql: sql.into(), ..ExecuteRequest::default() }
}

/// Returns rows as texts, NULL as such.
pub(crate) fn texts(result: &QueryResult) -> Vec<Vec<String>> {
    let text = |value: Option<&[u8]>| match value {
        Some(value) => String::from_utf8_lossy(value).into_owned(),
        None => "NULL".to_owned(),
    };
    result.rows.iter().map(|row| row.columns().map(text).collect()).collect()
}

/// Makes a primary of a fresh tablet, as an election does.
pub(crate) async fn elect(tablet: &mut Running, semi_sync: bool) {
    let request = vt_proto::tabletmanagerdata::InitPrimaryRequest { semi_sync };
    // Its server may still be on its way.
    tablet
        .wait_health("an answer of mysqld", |health| !health.stats.health_error.contains("mysqld"))
        .await;
    tablet.manager.init_primary(request).await.unwrap();
    tablet.wait_serving(TabletType::Primary).await;
}
