//! A cluster for tests: tablets that answer as they are told and remember what they were asked.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use vt_base::{Code, Error, Result, TabletAlias, TabletType, Target};
use vt_discovery::{Dialer, Discovery, TabletSource};
use vt_proto::topodata;
use vt_service::Tasks;
use vt_tablet_api::{
    Caller, ExecuteOptions, ExecuteReply, ExecuteRequest, HealthState, HealthStream, QueryService,
    RealtimeStats, SchemaReply, SchemaTables, StreamPart, TxState,
};
use vt_value::{Field, QueryResult, Rows, RowsBuilder, Type};
use vt_vschema::ShardMap;

use crate::buffer::Buffer;
use crate::config::{BufferConfig, Config, WarmingConfig};
use crate::serving::{Serving, ServingKeyspace};
use crate::session::Session;
use crate::tablets::Tablets;
use crate::target::SessionTarget;
use crate::warming::Warming;

pub(crate) const LONG: Duration = Duration::from_secs(600);

/// A tablet: what it was asked, in short words, and what it says next.
pub(crate) struct FakeTablet {
    pub(crate) alias: TabletAlias,
    pub(crate) target: Mutex<Target>,
    pub(crate) log: Mutex<Vec<String>>,
    pub(crate) requests: Mutex<Vec<ExecuteRequest>>,
    /// Errors for the next statements; `None` lets one pass.
    pub(crate) failures: Mutex<VecDeque<Option<Error>>>,
    pub(crate) commit_failure: Mutex<Option<Error>>,
    /// Results by statement; others give one row, the shard's name.
    pub(crate) results: Mutex<HashMap<String, QueryResult>>,
    open: Mutex<Vec<i64>>,
    next_id: Mutex<i64>,
    health: Mutex<Vec<mpsc::Sender<HealthState>>>,
    pub(crate) schema: Mutex<Vec<(String, String)>>,
    term: Mutex<i64>,
}

/// Answers a question for a variable of the session by what the request sets.
fn setting_of(request: &ExecuteRequest) -> Option<QueryResult> {
    let name = request.sql.strip_prefix("select @@session.")?;
    let start = format!("set {name} = ");
    let value = request.settings.iter().rev().find_map(|one| one.strip_prefix(&start))?;
    let text = value.trim_matches('\'').to_owned();
    let typ = if value.starts_with('\'') { Type::VARCHAR } else { Type::INT64 };
    let mut rows = RowsBuilder::default();
    rows.value(Some(text.as_bytes()));
    rows.end_row();
    let fields = vec![Field::new(&format!("@@session.{name}"), typ)].into();
    Some(QueryResult { fields, rows: rows.finish(), ..QueryResult::default() })
}

impl FakeTablet {
    fn new(alias: &str, target: Target) -> Arc<FakeTablet> {
        Arc::new(FakeTablet {
            alias: alias.parse().unwrap(),
            target: Mutex::new(target),
            log: Mutex::default(),
            requests: Mutex::default(),
            failures: Mutex::default(),
            commit_failure: Mutex::default(),
            results: Mutex::default(),
            open: Mutex::default(),
            next_id: Mutex::new(1),
            health: Mutex::default(),
            schema: Mutex::default(),
            term: Mutex::new(1),
        })
    }

    pub(crate) fn fail_next(&self, error: Error) {
        self.failures.lock().push_back(Some(error));
    }

    /// Takes what was logged since the last time.
    pub(crate) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock())
    }

    /// Returns how many transactions and connections are open.
    pub(crate) fn open_count(&self) -> usize {
        self.open.lock().len()
    }

    fn open_one(&self) -> i64 {
        let mut next = self.next_id.lock();
        *next += 1;
        self.open.lock().push(*next);
        *next
    }

    fn close_one(&self, id: i64) {
        self.open.lock().retain(|one| *one != id);
    }

    /// Becomes another type, and says so.
    pub(crate) async fn become_type(&self, tablet_type: TabletType, term: i64) {
        self.target.lock().tablet_type = tablet_type;
        *self.term.lock() = term;
        let streams = self.health.lock().clone();
        for stream in streams {
            let _gone = stream.send(self.state()).await;
        }
    }

    fn state(&self) -> HealthState {
        let target = self.target.lock().clone();
        let term = *self.term.lock();
        let is_primary = target.tablet_type == TabletType::Primary;
        HealthState {
            primary_term_start: if is_primary { term } else { 0 },
            target,
            serving: true,
            alias: Some(self.alias.clone()),
            stats: RealtimeStats::default(),
        }
    }

    fn run(&self, request: &ExecuteRequest) -> ExecuteReply {
        let mut state = TxState::default();
        if request.target != *self.target.lock() {
            let message = format!("wrong tablet type: {}", request.target);
            return ExecuteReply::failed(Error::new(Code::FailedPrecondition, message));
        }
        let mut words = Vec::new();
        if request.reserve.is_some() {
            state.reserved_id = self.open_one();
            words.push("reserve".to_owned());
        }
        if let Some(begin) = &request.begin {
            state.transaction_id = self.open_one();
            words.push("begin".to_owned());
            words.extend(begin.post_queries.iter().cloned());
        } else if request.transaction_id != 0 {
            words.push(format!("[{}]", request.transaction_id));
        }
        words.push(request.sql.to_string());
        self.log.lock().push(words.join("; "));
        self.requests.lock().push(request.clone());
        if let Some(Some(error)) = self.failures.lock().pop_front() {
            return ExecuteReply { state, result: Err(error) };
        }
        let known = self.results.lock().get(&*request.sql).cloned().or_else(|| setting_of(request));
        ExecuteReply { state, result: Ok(known.unwrap_or_else(|| self.own_name())) }
    }

    fn own_name(&self) -> QueryResult {
        let mut rows = RowsBuilder::default();
        rows.push([Some(self.target.lock().shard.as_bytes())]);
        let fields = vec![Field::new("shard", Type::VARCHAR)];
        QueryResult { rows_affected: 1, ..QueryResult::with_rows(fields, rows.finish()) }
    }
}

#[async_trait]
impl QueryService for FakeTablet {
    async fn execute(&self, request: ExecuteRequest) -> ExecuteReply {
        self.run(&request)
    }

    async fn stream_execute(
        &self,
        request: ExecuteRequest,
        parts: mpsc::Sender<StreamPart>,
    ) -> ExecuteReply {
        let mut reply = self.run(&request);
        if let Ok(result) = &mut reply.result {
            let fields = Some(result.fields.clone());
            let rows = std::mem::take(&mut result.rows);
            let _gone = parts.send(StreamPart { fields, rows: Rows::default() }).await;
            let _gone = parts.send(StreamPart { fields: None, rows }).await;
        }
        reply
    }

    async fn begin(&self, _: &Caller, _: &Target, _: &ExecuteOptions) -> Result<TxState> {
        Ok(TxState { transaction_id: self.open_one(), ..TxState::default() })
    }

    async fn commit(&self, _: &Caller, _: &Target, id: i64) -> Result<TxState> {
        self.log.lock().push(format!("commit {id}"));
        if let Some(error) = self.commit_failure.lock().take() {
            return Err(error);
        }
        self.close_one(id);
        Ok(TxState::default())
    }

    async fn rollback(&self, _: &Caller, _: &Target, id: i64) -> Result<i64> {
        self.log.lock().push(format!("rollback {id}"));
        self.close_one(id);
        Ok(0)
    }

    async fn release(&self, _: &Caller, _: &Target, id: i64, reserved: i64) -> Result<()> {
        self.log.lock().push(format!("release {id} {reserved}"));
        self.close_one(id);
        self.close_one(reserved);
        Ok(())
    }

    async fn stream_health(&self) -> Result<HealthStream> {
        let (sender, receiver) = mpsc::channel(16);
        let _gone = sender.send(self.state()).await;
        self.health.lock().push(sender);
        Ok(receiver.into())
    }

    async fn get_schema(
        &self,
        _: &Target,
        which: SchemaTables,
        _: &[String],
    ) -> Result<SchemaReply> {
        let definitions = match which {
            SchemaTables::Tables | SchemaTables::All => self.schema.lock().clone(),
            _ => Vec::new(),
        };
        Ok(SchemaReply { definitions })
    }
}

/// The cluster: one primary a shard, aliases `z1-1`, `z1-2`, ... in the order of making.
#[derive(Default)]
pub(crate) struct FakeCluster {
    tablets: BTreeMap<TabletAlias, Arc<FakeTablet>>,
    shards: BTreeMap<String, Vec<String>>,
}

impl FakeCluster {
    /// Adds a keyspace with these shards.
    pub(crate) fn keyspace(mut self, name: &str, shards: &[&str]) -> FakeCluster {
        for shard in shards {
            self = self.tablet(name, shard, TabletType::Primary);
        }
        self.shards.insert(name.to_owned(), shards.iter().map(|one| (*one).to_owned()).collect());
        self
    }

    /// Adds a tablet.
    pub(crate) fn tablet(mut self, keyspace: &str, shard: &str, kind: TabletType) -> FakeCluster {
        let alias = format!("z1-{}", self.tablets.len() + 1);
        let tablet = FakeTablet::new(&alias, Target::new(keyspace, shard, kind));
        self.tablets.insert(tablet.alias.clone(), tablet);
        self
    }

    /// Starts discovery, and waits until it knows every tablet.
    pub(crate) async fn start(self) -> Running {
        let cluster = Arc::new(self);
        let tasks = Tasks::new();
        let config = vt_discovery::Config {
            cell: "z1".into(),
            cells_to_watch: vec!["z1".into()],
            ..vt_discovery::Config::default()
        };
        let discovery = Discovery::start(config, cluster.clone(), cluster.clone(), &tasks);
        let targets: Vec<Target> =
            cluster.tablets.values().map(|one| one.target.lock().clone()).collect();
        discovery.wait_for_all(&targets, LONG).await.unwrap();
        let serving = Arc::new(Serving::default());
        let keyspaces = cluster.shards.iter().map(|(name, shards)| {
            let names: Vec<&str> = shards.iter().map(String::as_str).collect();
            let map = Arc::new(ShardMap::from_names(name, &names).unwrap());
            (Arc::from(name.as_str()), ServingKeyspace::same_for_all(map))
        });
        serving.set(keyspaces.collect());
        let stats = vt_service::Stats::new("vtgate");
        let buffer = Arc::new(Buffer::new(BufferConfig::default(), &stats));
        let warming = Warming::new(WarmingConfig::default(), discovery.clone(), tasks.child());
        let tablets = Arc::new(Tablets::new(discovery, serving, 2, buffer, warming));
        Running { cluster, tablets, tasks }
    }
}

/// A started cluster.
pub(crate) struct Running {
    cluster: Arc<FakeCluster>,
    pub(crate) tablets: Arc<Tablets>,
    pub(crate) tasks: Tasks,
}

impl Running {
    /// Lets reads of primaries warm replicas.
    pub(crate) fn warm(&mut self, config: WarmingConfig) {
        let tablets = &self.tablets;
        let warming = Warming::new(config, tablets.discovery.clone(), self.tasks.child());
        self.tablets = Arc::new(Tablets::new(
            tablets.discovery.clone(),
            tablets.serving.clone(),
            2,
            tablets.buffer.clone(),
            warming,
        ));
    }

    pub(crate) fn tablet(&self, uid: u32) -> &Arc<FakeTablet> {
        &self.cluster.tablets[&TabletAlias::new("z1", uid)]
    }

    pub(crate) fn session(&self, target: &str) -> Session {
        let target = SessionTarget::parse(target, TabletType::Primary).unwrap();
        Session::new(&Config::default(), Caller::default(), target)
    }
}

#[async_trait]
impl TabletSource for FakeCluster {
    async fn tablets(&self, _: &str) -> Result<Vec<topodata::Tablet>> {
        let record = |one: &Arc<FakeTablet>| {
            let target = one.target.lock().clone();
            topodata::Tablet {
                alias: Some((&one.alias).into()),
                hostname: "h".into(),
                keyspace: target.keyspace.to_string(),
                shard: target.shard.to_string(),
                r#type: target.tablet_type as i32,
                ..topodata::Tablet::default()
            }
        };
        Ok(self.tablets.values().map(record).collect())
    }

    async fn cell_aliases(&self) -> Result<BTreeMap<String, Vec<String>>> {
        Ok(BTreeMap::new())
    }

    async fn changed(&self, _: &str) {
        std::future::pending().await
    }
}

#[async_trait]
impl Dialer for FakeCluster {
    async fn dial(&self, tablet: &topodata::Tablet) -> Result<Arc<dyn QueryService>> {
        let alias: TabletAlias = tablet.alias.as_ref().unwrap().into();
        Ok(self.tablets[&alias].clone())
    }
}

/// Makes a gateway over a started cluster, with a topology in memory.
pub(crate) async fn gate_of(running: &Running) -> Arc<crate::gate::Gate> {
    let config = Config::default();
    let (_, topo) = vt_topo::memory::MemoryTopo::with_cells(&["z1"]).await.unwrap();
    let stats = vt_service::Stats::new("vtgate");
    let (querylog, _) = crate::querylog::QueryLog::new(config.querylog.clone());
    Arc::new(crate::gate::Gate {
        tablets: running.tablets.clone(),
        topo: Arc::new(vt_topo::ResilientServer::new(topo, config.srv_topo)),
        vschemas: Arc::default(),
        defaults: Arc::default(),
        plans: crate::query::plan_cache::PlanCache::new(config.query_cache_bytes),
        metrics: crate::metrics::Metrics::new(&stats),
        querylog,
        connections: crate::connections::Connections::default(),
        peers: Arc::default(),
        mirrorable: Default::default(),
        turns: Default::default(),
        started: tokio::time::Instant::now(),
        config,
    })
}
