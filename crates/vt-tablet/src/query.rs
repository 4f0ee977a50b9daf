//! Query serving: what a statement is, whether it may run, on which connection, and how it ends.
//!
//! [`QueryEngine::execute`] is the way of every statement: let in, plan, check, run, count. A
//! statement outside a transaction runs on a pooled connection ([`pooled`]); one that belongs to a
//! session runs on that session's ([`session`]).

pub mod consolidate;
pub mod errors;
pub mod kill;
pub mod live;
pub mod log;
pub mod plan;
mod pooled;
mod rows;
pub mod rules;
pub mod sequences;
mod session;
pub mod stats;
pub mod template;
pub mod tx;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use vt_base::{Code, Error, ErrorId, Result, TabletType};
use vt_mysql::Settings;
use vt_service::stats::Stats;
use vt_service::tasks::Tasks;
use vt_tablet_api::{ExecuteReply, ExecuteRequest, StreamPart, TxState, Workload};
use vt_value::QueryResult;

use self::consolidate::Consolidator;
use self::errors::{dress, is_connection_error};
use self::kill::Killer;
use self::live::LiveQueries;
use self::log::{Entry, QueryLog};
use self::plan::{Leaves, Plan, PlanCache, PlanType};
use self::rules::Rules;
use self::sequences::Sequences;
use self::stats::{Outcome, QueryStats};
use self::template::Escaping;
use self::tx::Sessions;
use crate::config::QueryConfig;
use crate::db::{Db, DbPool};
use crate::state::{Admission, Admit, Effect, StateManager};
use crate::throttler::Throttler;

/// The pools that statements of gateways run on.
pub struct Pools {
    pub oltp: DbPool,
    pub stream: DbPool,
    pub transaction: DbPool,
    /// Transactions that count rows found rather than rows changed.
    pub found_rows: DbPool,
}

impl Pools {
    fn new(db: &Db, config: &QueryConfig) -> Pools {
        Pools {
            oltp: db.app_pool("query pool", config.pool, config, false),
            stream: db.app_pool("stream pool", config.stream_pool, config, false),
            transaction: db.app_pool("transaction pool", config.transaction_pool, config, false),
            found_rows: db.app_pool("found rows pool", config.transaction_pool, config, true),
        }
    }

    /// Refuses further callers, and waits for those that have connections.
    pub async fn close(&self, timeout: Duration) {
        tokio::join!(
            self.oltp.close(timeout),
            self.stream.close(timeout),
            self.transaction.close(timeout),
            self.found_rows.close(timeout),
        );
    }
}

/// Runs the statements of gateways.
pub struct QueryEngine {
    config: QueryConfig,
    state: Arc<StateManager>,
    pub pools: Arc<Pools>,
    pub plans: PlanCache,
    pub sessions: Sessions,
    pub sequences: Sequences,
    pub consolidator: Consolidator,
    pub rules: Rules,
    pub live: LiveQueries,
    pub log: QueryLog,
    pub stats: QueryStats,
    killer: Killer,
    throttler: Arc<Throttler>,
    /// Told when a statement has changed the schema.
    pub schema_changed: Notify,
    /// Told when the mysqld seems to be away.
    pub mysqld_suspect: Notify,
}

/// One statement on its way.
struct Run<'a> {
    method: &'static str,
    request: &'a ExecuteRequest,
    plan: Arc<Plan>,
    tablet_type: TabletType,
    deadline: Option<Instant>,
    /// Where rows go as they come; else they are collected.
    parts: Option<&'a mpsc::Sender<StreamPart>>,
    /// How long MySQL took.
    mysql: Duration,
}

impl QueryEngine {
    /// Makes the engine; connections are opened when statements come.
    pub fn new(
        config: QueryConfig,
        db: &Db,
        state: Arc<StateManager>,
        (stats, tasks): (&Stats, &Tasks),
        throttler: Arc<Throttler>,
    ) -> QueryEngine {
        let pools = Arc::new(Pools::new(db, &config));
        stats::register_pools(stats, &pools);
        let query_stats = QueryStats::new(stats);
        QueryEngine {
            state,
            pools,
            plans: PlanCache::new(config.plan_cache_bytes),
            sessions: Sessions::default(),
            sequences: Sequences::default(),
            consolidator: Consolidator::new(config.consolidator_waiters_max),
            rules: Rules::default(),
            live: LiveQueries::default(),
            log: QueryLog::new(config.redact),
            killer: Killer::new(tasks.clone(), query_stats.kills.clone()),
            stats: query_stats,
            throttler,
            schema_changed: Notify::new(),
            mysqld_suspect: Notify::new(),
            config,
        }
    }

    /// Runs a statement and returns its whole result.
    pub async fn execute(&self, request: ExecuteRequest) -> ExecuteReply {
        self.run("Execute", &request, None).await
    }

    /// Runs a statement and sends its rows in pieces.
    pub async fn stream_execute(
        &self,
        request: ExecuteRequest,
        parts: mpsc::Sender<StreamPart>,
    ) -> ExecuteReply {
        self.run("StreamExecute", &request, Some(&parts)).await
    }

    async fn run(
        &self,
        method: &'static str,
        request: &ExecuteRequest,
        parts: Option<&mpsc::Sender<StreamPart>>,
    ) -> ExecuteReply {
        let started = Instant::now();
        let mut state = TxState::default();
        let ongoing = request.transaction_id != 0 || request.reserved_id != 0;
        let admit = if ongoing { Admit::Ongoing } else { Admit::New };
        let admission = match self.state.admit(&request.target, admit) {
            Ok(admission) => admission,
            Err(error) => return ExecuteReply::failed(dress(error, request, &self.config)),
        };
        let plan = if request.options.skip_query_plan_cache {
            Arc::new(Plan::new(&request.sql))
        } else {
            self.plans.get(&request.sql)
        };
        let mut run = Run {
            method,
            request,
            deadline: self.deadline(request, started, parts.is_some()),
            plan,
            tablet_type: admission.tablet_type,
            parts,
            mysql: Duration::ZERO,
        };
        let result = match self.check(&run) {
            Ok(()) => self.run_as_admitted(&mut run, &mut state, &admission, admit).await,
            Err(error) => Err(error),
        };
        let result = result.map_err(|error| self.failed(error, request));
        self.record(&run, started.elapsed(), &state, &result);
        if state.transaction_id != 0 || state.reserved_id != 0 {
            state.tablet_alias = Some(self.state.alias().clone());
        }
        ExecuteReply { state, result }
    }

    /// Runs a statement, and tells its result only if the tablet was what it was admitted as.
    async fn run_as_admitted(
        &self,
        run: &mut Run<'_>,
        state: &mut TxState,
        admission: &Admission,
        admit: Admit,
    ) -> Result<QueryResult> {
        if admit == Admit::New {
            self.state.may_begin(admission).await?;
        }
        let result = self.dispatch(run, state).await?;
        let effect = if run.plan.kind.is_write() { Effect::Writes } else { Effect::Reads };
        self.state.may_tell(admission, effect).await?;
        Ok(result)
    }

    async fn dispatch(&self, run: &mut Run<'_>, state: &mut TxState) -> Result<QueryResult> {
        let request = run.request;
        let of_session = request.transaction_id != 0
            || request.reserved_id != 0
            || request.begin.is_some()
            || request.reserve.is_some();
        let result = if run.plan.kind == PlanType::Nextval {
            self.next_values(run).await
        } else if let Some(shown) = self.show_throttler(run) {
            shown
        } else if of_session {
            Box::pin(self.run_in_session(run, state)).await
        } else {
            self.run_pooled(run).await
        };
        if run.plan.kind.is_write() || run.plan.leaves != Leaves::Nothing {
            self.consolidator.wrote();
        }
        if run.plan.kind == PlanType::DDL && result.is_ok() {
            self.schema_changed.notify_one();
        }
        result
    }

    /// Answers what the throttler is asked in SQL.
    fn show_throttler(&self, run: &Run<'_>) -> Option<Result<QueryResult>> {
        let target = &self.state.get().target;
        match run.plan.kind {
            PlanType::ShowThrottlerStatus => Some(self.throttler.show_status(target)),
            PlanType::ShowThrottledApps => Some(self.throttler.show_apps(target)),
            _ => None,
        }
    }

    /// Refuses what may not run here.
    fn check(&self, run: &Run<'_>) -> Result<()> {
        let plan = &run.plan;
        if let Leaves::Transaction(verb) = plan.leaves {
            let text = format!("unsupported query: {verb} has a call of its own");
            return Err(Error::new(Code::InvalidArgument, text));
        }
        if plan.kind.is_write() && run.tablet_type != TabletType::Primary {
            let verb = plan.kind.name().to_ascii_uppercase();
            let name = run.tablet_type.as_str().to_ascii_uppercase();
            let text = format!("VT09012: {verb} statement with {name} tablet not allowed");
            let error = Error::new(Code::FailedPrecondition, text);
            return Err(error.with_id(ErrorId::VT09012));
        }
        self.rules.check(plan)
    }

    fn failed(&self, error: Error, request: &ExecuteRequest) -> Error {
        if is_connection_error(&error) {
            self.mysqld_suspect.notify_one();
        }
        dress(error, request, &self.config)
    }

    fn record(&self, run: &Run<'_>, took: Duration, state: &TxState, result: &Result<QueryResult>) {
        let request = run.request;
        let (affected, returned, error) = match result {
            Ok(result) => (result.rows_affected, result.rows.len() as u64, None),
            Err(error) => (0, 0, Some(error)),
        };
        let outcome = match error {
            None => Outcome::Done { affected, returned },
            Some(error) => Outcome::Failed(error),
        };
        self.stats.record(&run.plan, took, run.mysql, outcome);
        if self.config.rows_warn != 0 && returned > self.config.rows_warn as u64 {
            self.stats.warnings.add(&["ResultsExceeded"], 1);
        }
        if self.log.is_wanted() {
            let transaction_id = state.transaction_id.max(request.transaction_id);
            let entry = Entry {
                method: run.method,
                plan: run.plan.kind,
                took,
                mysql: run.mysql,
                rows_affected: affected,
                rows_returned: returned,
                transaction_id,
                error: error.map(Error::message),
            };
            self.log.record(request, &entry);
        }
    }

    /// Returns when a statement is to be stopped: what the caller waits, or what the tablet grants.
    fn deadline(&self, request: &ExecuteRequest, now: Instant, stream: bool) -> Option<Instant> {
        let options = &request.options;
        let granted = if options.timeout_ms > 0 {
            Some(Duration::from_millis(options.timeout_ms.unsigned_abs()))
        } else if stream || matches!(options.workload, Workload::Olap | Workload::Dba) {
            None
        } else {
            Some(self.config.query_timeout).filter(|timeout| !timeout.is_zero())
        };
        let own = granted.and_then(|granted| now.checked_add(granted));
        own.into_iter().chain(request.deadline).min()
    }

    /// Returns how many rows a result may have.
    fn rows_max(&self, run: &Run<'_>) -> usize {
        match run.request.options.workload {
            Workload::Olap | Workload::Dba => usize::MAX,
            Workload::Unspecified | Workload::Oltp => self.config.rows_max,
        }
    }

    /// Writes a statement with its values, and the limit that caps its rows.
    fn statement(&self, run: &Run<'_>, escaping: Escaping) -> Result<Vec<u8>> {
        let mut sql = Vec::new();
        run.plan.template.fill(&run.request.bind_vars, escaping, &mut sql)?;
        if !run.plan.limited || run.parts.is_some() {
            return Ok(sql);
        }
        let selected = usize::try_from(run.request.options.sql_select_limit).unwrap_or(0);
        let rows_max = self.rows_max(run);
        let limit = if selected != 0 && selected <= rows_max {
            selected
        } else if rows_max == usize::MAX {
            return Ok(sql);
        } else {
            // One more, so that too many can be told from enough.
            rows_max + 1
        };
        // The statement may end with a comment to the end of its line.
        sql.extend_from_slice(b"\nlimit ");
        sql.extend_from_slice(limit.to_string().as_bytes());
        Ok(sql)
    }

    fn settings(request: &ExecuteRequest) -> Option<Settings> {
        (!request.settings.is_empty()).then(|| Settings(request.settings.clone()))
    }

    /// Ends sessions that have been idle beyond their time; runs until cancelled.
    pub async fn reap_sessions(&self) {
        let mut ticks = tokio::time::interval(self.config.kill_check_interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for (taken, why) in self.sessions.expired(Instant::now()) {
                tracing::warn!(id = taken.id, caller = %taken.caller.username, why, "session ended");
                let kind =
                    if taken.transaction.is_some() { "Transactions" } else { "ReservedConnection" };
                self.killer.count(kind);
                self.end_session(taken, &why).await;
            }
        }
    }

    /// Gives sessions a time to end by themselves, then ends them.
    pub async fn end_sessions(&self, grace: Duration) {
        let grace = if grace.is_zero() { Duration::from_secs(u64::from(u32::MAX)) } else { grace };
        if self.sessions.wait_empty(grace).await {
            return;
        }
        // Those taken by a call end when that does, or when it is killed.
        self.live.terminate_all(Duration::ZERO).await;
        for _ in 0..3 {
            for (taken, why) in self.sessions.all_idle("tablet shut down its query service") {
                self.end_session(taken, &why).await;
            }
            if self.sessions.wait_empty(Duration::from_millis(200)).await {
                return;
            }
        }
        tracing::warn!(left = self.sessions.len(), "sessions are still in use");
    }
}
