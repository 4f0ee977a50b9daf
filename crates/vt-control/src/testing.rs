//! A cluster that only pretends: a topology in memory and tablets that serve the manager's gRPC
//! over a model of MySQL's replication. For tests of this crate and of its clients.

mod manager;
mod vdiff;
mod vreplication;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpListener;
use vt_base::gtid::set::{GtidSource, Interval};
use vt_base::gtid::{GtidSet, Position};
use vt_base::{Result, TabletAlias, TabletType};
use vt_proto::tabletmanagerdata::{ReadVReplicationWorkflowResponse, TableDefinition};
use vt_proto::{topodata, vttime};
use vt_rpc::dial::TabletDialer;
use vt_rpc::server::ServerConfig;
use vt_rpc::tabletmanagerservice::tablet_manager_server::TabletManagerServer;
use vt_service::Tasks;
use vt_topo::TopoServer;
use vt_topo::memory::MemoryTopo;

use crate::{Control, Options};

pub use vdiff::FakeVdiff;

/// 2026-03-09T09:34:35Z: when the first of the pretended terms begins.
const FIRST_TERM: i64 = 1_773_048_875;

/// The pretended cluster.
pub struct FakeCluster {
    pub topo: Arc<TopoServer>,
    pub control: Control,
    memory: MemoryTopo,
    world: Arc<World>,
    tasks: Tasks,
}

/// What the pretended tablets share.
struct World {
    topo: Arc<TopoServer>,
    servers: Mutex<BTreeMap<TabletAlias, FakeMysql>>,
    terms: Mutex<i64>,
}

/// What a pretended MySQL has.
#[derive(Clone, Debug)]
pub struct FakeMysql {
    pub executed: GtidSet,
    /// Received, and not executed yet.
    pub relayed: GtidSet,
    pub source: Option<TabletAlias>,
    pub replicating: bool,
    pub read_only: bool,
    /// As a primary, it waits for acknowledgements.
    pub waits: bool,
    /// As a replica, it acknowledges.
    pub acks: bool,
    pub tables: Vec<TableDefinition>,
    /// Tables that have rows.
    pub filled: Vec<String>,
    /// Statements that were run, in order.
    pub statements: Vec<String>,
    /// Names of calls that fail, with the error's text.
    pub failing: BTreeMap<&'static str, String>,
    /// Names of the calls that were made and that change something, in order.
    pub calls: Vec<&'static str>,
    pub journal: Vec<String>,
    /// The streams that write here.
    pub workflows: Vec<ReadVReplicationWorkflowResponse>,
    /// What `_vt.copy_state` and `_vt.vreplication_log` answer, whatever is asked of them.
    pub copy_states: Vec<Vec<&'static str>>,
    pub stream_logs: Vec<Vec<&'static str>>,
    /// The VDiffs that it keeps.
    pub vdiffs: Vec<FakeVdiff>,
    /// What `information_schema.tables` answers.
    pub table_sizes: Vec<Vec<&'static str>>,
    /// It answers nothing.
    pub down: bool,
}

impl FakeMysql {
    fn new() -> FakeMysql {
        FakeMysql {
            executed: GtidSet::default(),
            relayed: GtidSet::default(),
            source: None,
            replicating: false,
            read_only: true,
            waits: false,
            acks: false,
            tables: Vec::new(),
            filled: Vec::new(),
            statements: Vec::new(),
            failing: BTreeMap::new(),
            calls: Vec::new(),
            journal: Vec::new(),
            workflows: Vec::new(),
            vdiffs: Vec::new(),
            copy_states: Vec::new(),
            stream_logs: Vec::new(),
            table_sizes: Vec::new(),
            down: false,
        }
    }

    fn position(&self) -> String {
        Position { gtid_set: self.executed.clone() }.to_string()
    }

    fn received(&self) -> String {
        Position { gtid_set: self.executed.union(&self.relayed) }.to_string()
    }
}

impl FakeCluster {
    /// Makes a cluster with these cells and nothing in them.
    pub async fn start(cells: &[&str]) -> Result<FakeCluster> {
        let (memory, topo) = MemoryTopo::with_cells(cells).await?;
        let options = Options { tablet_timeout: Duration::from_secs(5), ..Options::default() };
        let control = Control::new(topo.clone(), TabletDialer::default(), options);
        let world =
            World { topo: topo.clone(), servers: Mutex::default(), terms: Mutex::new(FIRST_TERM) };
        Ok(FakeCluster { topo, control, memory, world: Arc::new(world), tasks: Tasks::new() })
    }

    /// Starts a tablet and registers it, as a tablet does for itself.
    pub async fn add_tablet(
        &self,
        alias: &str,
        keyspace: &str,
        shard: &str,
        tablet_type: TabletType,
    ) -> Result<()> {
        let alias: TabletAlias = alias.parse()?;
        let record = self.topo.get_or_create_shard(keyspace, shard).await?;
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|err| vt_base::Error::new(vt_base::Code::Unavailable, err.to_string()))?;
        let port = listener.local_addr().map_or(0, |address| address.port());
        let uid = i32::try_from(alias.uid).unwrap_or_default();
        let tablet = topodata::Tablet {
            alias: Some((&alias).into()),
            hostname: "127.0.0.1".to_owned(),
            port_map: [("vt".to_owned(), 15_000 + uid), ("grpc".to_owned(), i32::from(port))]
                .into(),
            keyspace: keyspace.to_owned(),
            shard: shard.to_owned(),
            key_range: record.message.key_range,
            r#type: tablet_type as i32,
            mysql_hostname: "127.0.0.1".to_owned(),
            mysql_port: 17_000 + uid,
            ..Default::default()
        };
        self.topo.init_tablet(&tablet).await?;
        self.world.servers.lock().insert(alias.clone(), FakeMysql::new());
        let manager = manager::FakeManager { alias, world: self.world.clone() };
        let routes = tonic::service::Routes::new(TabletManagerServer::new(manager));
        let token = self.tasks.token().clone();
        self.tasks.spawn("fake-tablet", async move {
            let _ended =
                vt_rpc::server::serve(listener, routes, ServerConfig::default(), token).await;
        });
        Ok(())
    }

    /// Returns the store that the topology lies in.
    pub fn memory(&self) -> MemoryTopo {
        self.memory.clone()
    }

    /// Looks at a tablet's MySQL, or changes it.
    pub fn mysql<T>(&self, alias: &str, look: impl FnOnce(&mut FakeMysql) -> T) -> T {
        let alias: TabletAlias = alias.parse().expect("a test names its tablets rightly");
        let mut servers = self.world.servers.lock();
        look(servers.get_mut(&alias).expect("a test asks for tablets that it has added"))
    }

    /// Adds transactions `1` to `last` of a server that a letter stands for.
    pub fn give(&self, alias: &str, server: char, last: i64) {
        let uuid = format!("{}-0000-0000-0000-000000000000", server.to_string().repeat(8));
        let source = GtidSource { uuid, tag: String::new() };
        self.mysql(alias, |mysql| mysql.executed.add(source, Interval { first: 1, last }));
    }

    /// Returns the aliases that say they are primary and take writes.
    pub fn writable(&self) -> BTreeSet<String> {
        let servers = self.world.servers.lock();
        let open = servers.iter().filter(|(_, mysql)| !mysql.read_only && !mysql.down);
        open.map(|(alias, _)| alias.to_string()).collect()
    }

    /// Ends the tablets.
    pub async fn stop(self) {
        self.tasks.shutdown(Duration::from_secs(5)).await;
    }
}

impl World {
    /// Returns the beginning of a new term, later than all before.
    fn next_term(&self) -> vttime::Time {
        let mut terms = self.terms.lock();
        let seconds = *terms;
        *terms += 1;
        vttime::Time { seconds, nanoseconds: 0 }
    }

    /// Adds a transaction of a tablet's own, and hands it on to those that replicate from it.
    fn commit(&self, alias: &TabletAlias) {
        let mut servers = self.servers.lock();
        let Some(mysql) = servers.get_mut(alias) else { return };
        let uuid = format!("{:08x}-ffff-0000-0000-000000000000", alias.uid);
        let source = GtidSource { uuid, tag: String::new() };
        let next = mysql
            .executed
            .sources()
            .find(|(one, _)| **one == source)
            .and_then(|(_, intervals)| intervals.last().map(|one| one.last + 1))
            .unwrap_or(1);
        mysql.executed.add(source, Interval { first: next, last: next });
        replicate(&mut servers);
    }

    /// Changes a tablet's type in the topology.
    async fn set_type(&self, alias: &TabletAlias, tablet_type: TabletType) -> Result<()> {
        let term = (tablet_type == TabletType::Primary).then(|| self.next_term());
        self.topo
            .update_tablet_fields(alias, |tablet| {
                tablet.r#type = tablet_type as i32;
                tablet.primary_term_start_time = term;
                Ok(())
            })
            .await?;
        Ok(())
    }
}

/// Hands on what each server has to those that replicate from it.
fn replicate(servers: &mut BTreeMap<TabletAlias, FakeMysql>) {
    let sources: BTreeMap<TabletAlias, FakeMysql> = servers.clone();
    for mysql in servers.values_mut().filter(|one| one.replicating && !one.down) {
        let Some(from) = mysql.source.as_ref().and_then(|alias| sources.get(alias)) else {
            continue;
        };
        mysql.executed = mysql.executed.union(&mysql.relayed).union(&from.executed);
        mysql.relayed = GtidSet::default();
        mysql.tables.clone_from(&from.tables);
    }
}
