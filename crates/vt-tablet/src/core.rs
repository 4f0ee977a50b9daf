//! The parts of a tablet together, as its loops, its manager and its pages share them.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::Notify;
use vt_base::{Code, Error, Result, TabletAlias, TabletType, Target};
use vt_mysqld::replication::Source;
use vt_proto::topodata;
use vt_rpc::dial::TabletDialer;
use vt_service::stats::Stats;
use vt_service::tasks::Tasks;
use vt_topo::TopoServer;
use vt_topo::records::shard::to_proto_time;
use vt_vreplication::{Engine, Sources};

use crate::clock::Jump;
use crate::config::Config;
use crate::db::Db;
use crate::health::{Health, LagReporter};
use crate::query::QueryEngine;
use crate::role::Role;
use crate::schema::Schema;
use crate::state::StateManager;
use crate::throttler::Throttler;

/// How long a write to the topology may take before it is left to the background.
const TOPO_TIMEOUT: Duration = Duration::from_secs(5);

/// The parts of a tablet.
pub struct Core {
    pub config: Config,
    pub topo: Arc<TopoServer>,
    pub db: Db,
    pub state: Arc<StateManager>,
    pub queries: QueryEngine,
    pub health: Health,
    pub schema: Schema,
    /// The streams from other shards into this one.
    pub vreplication: Arc<Engine>,
    pub throttler: Arc<Throttler>,
    /// The way to the managers of other tablets.
    pub dialer: TabletDialer,
    pub stats: Stats,
    pub tasks: Tasks,
    pub role: Mutex<Role>,
    pub lag: Mutex<LagReporter>,
    /// Held by whatever changes the role or replication: one at a time.
    pub action: tokio::sync::Mutex<()>,
    /// Held while what the topology says of serving is taken.
    pub controls: tokio::sync::Mutex<()>,
    /// The tablet's record as it should be in the topology.
    pub record: ArcSwap<topodata::Tablet>,
    /// The name of the system's own database.
    pub sidecar: ArcSwap<String>,
    /// Told when the record must be written again.
    pub publish: Notify,
    /// Told when shard and tablet must be brought to agree.
    pub sync: Notify,
    /// The connection that keeps all tables locked, while they are.
    pub table_lock: tokio::sync::Mutex<Option<vt_mysql::Conn>>,
    pub started: SystemTime,
    /// The last jump of the machine's clock.
    pub clock: Mutex<Option<Jump>>,
    /// Made when it is first asked for: it holds a handle to all this.
    vdiffs: OnceLock<Arc<vt_vdiff::Engine>>,
}

impl Core {
    /// Puts the parts together; nothing runs yet.
    pub fn new(config: Config, topo: Arc<TopoServer>, stats: Stats, tasks: Tasks) -> Core {
        let target = Target {
            cell: config.alias.cell.clone(),
            ..Target::new(&config.keyspace, &config.shard, config.init_type)
        };
        let state = Arc::new(StateManager::new(config.alias.clone(), target));
        let db = Db::new(config.db.clone(), config.db_name());
        let throttler = Arc::new(Throttler::new(config.heartbeats.clone()));
        let queries = QueryEngine::new(
            config.queries.clone(),
            &db,
            state.clone(),
            (&stats, &tasks),
            throttler.clone(),
        );
        let health = Health::new(config.health.clone(), state.clone(), tasks.clone());
        let dialer = TabletDialer::default();
        let sources = Sources::new(topo.clone(), dialer.clone(), &config.alias.cell);
        let settings = config.vreplication.clone();
        let engine = Engine::new(settings, sources, throttler.clone(), &stats, &tasks);
        let vreplication = Arc::new(engine);
        // It is new, and nobody has told it before.
        let _ = health.streams.set(vreplication.clone());
        Core {
            vreplication,
            role: Mutex::new(Role::new(config.init_type)),
            record: ArcSwap::from_pointee(topodata::Tablet::default()),
            sidecar: ArcSwap::from_pointee("_vt".to_owned()),
            lag: Mutex::default(),
            action: tokio::sync::Mutex::default(),
            controls: tokio::sync::Mutex::default(),
            schema: Schema::default(),
            throttler,
            dialer,
            publish: Notify::new(),
            sync: Notify::new(),
            table_lock: tokio::sync::Mutex::default(),
            started: SystemTime::now(),
            clock: Mutex::default(),
            vdiffs: OnceLock::new(),
            config,
            topo,
            db,
            state,
            queries,
            health,
            stats,
            tasks,
        }
    }

    /// Returns what runs the tablet's VDiffs.
    pub(crate) fn vdiffs(self: &Arc<Core>) -> &Arc<vt_vdiff::Engine> {
        self.vdiffs.get_or_init(|| crate::manager::vdiff::engine(self))
    }

    pub fn tablet_type(&self) -> TabletType {
        self.role.lock().tablet_type
    }

    /// Changes the record, and has it written to the topology; at once if that answers.
    pub async fn change_record(&self, change: impl Fn(&mut topodata::Tablet)) {
        self.record.rcu(|record| {
            let mut record = topodata::Tablet::clone(record);
            change(&mut record);
            record
        });
        let written = tokio::time::timeout(TOPO_TIMEOUT, self.write_record()).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(err)) => {
                tracing::warn!(%err, "cannot write the tablet's record; will try again");
                self.publish.notify_one();
            }
            Err(_) => {
                tracing::warn!("the topology does not answer; the record is written later");
                self.publish.notify_one();
            }
        }
    }

    /// Writes the record as it should be.
    pub async fn write_record(&self) -> Result<()> {
        let wanted = self.record.load_full();
        let alias = self.config.alias.clone();
        self.topo
            .update_tablet_fields(&alias, |stored| {
                *stored = topodata::Tablet::clone(&wanted);
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Puts the role into the record.
    pub async fn record_role(&self) {
        let role = self.role.lock().clone();
        self.change_record(|record| {
            record.r#type = role.tablet_type as i32;
            record.primary_term_start_time = role.term_start.map(to_proto_time);
        })
        .await;
    }

    /// Returns how to follow another tablet's server; an error while its record does not say where
    /// that listens, which its tablet writes there once it has seen it.
    pub fn source_of(&self, tablet: &topodata::Tablet, heartbeat: Duration) -> Result<Source> {
        let host = if tablet.mysql_hostname.is_empty() {
            tablet.hostname.clone()
        } else {
            tablet.mysql_hostname.clone()
        };
        let port = u16::try_from(tablet.mysql_port).unwrap_or(0);
        if host.is_empty() || port == 0 {
            let alias = tablet.alias.as_ref().map(TabletAlias::from);
            let alias = alias.map(|alias| alias.to_string()).unwrap_or_default();
            let text = format!("tablet {alias} has not told where its mysqld listens");
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        Ok(Source {
            host,
            port,
            user: self.config.db.repl.user.clone(),
            password: self.config.db.repl.password.clone(),
            connect_retry: self.config.replication.connect_retry,
            heartbeat,
        })
    }

    /// Reads the schema anew, and tells what has changed.
    pub async fn reload_schema(&self) -> Result<()> {
        let changes = self.schema.reload(&self.db).await?;
        if self.config.queries.schema_change_signal && !changes.is_empty() {
            tracing::info!(tables = ?changes.tables, views = ?changes.views, "schema changed");
            self.health.add_changes(changes);
            self.health.tell();
        }
        Ok(())
    }
}
