//! What the executor sends to shards, with the session's transaction and settings added.
//!
//! [`Scatter`] lives for one statement. A call goes to a tablet of the session's type; where a
//! transaction is open, the call opens it on a shard that has not joined yet, in the same message.

mod call;
mod fresh;
mod many;
mod statement;
mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;
use vt_base::{Error, Result, TabletType};
use vt_exec::{Autocommit, CallOptions, ShardCall, ShardQueries};
use vt_tablet_api::{Caller, ExecuteOptions, StreamPart};
use vt_value::{BindVars, QueryResult};
use vt_vschema::{ShardMap, VSchema};

use crate::session::{Level, Session, Warning};
use crate::tablets::{Tablets, effective_type};
use crate::warming::Reads;

pub(crate) use fresh::first_text;
pub use statement::Statement;

/// Most calls that are kept for `VEXPLAIN`.
const TRACED_MAX: usize = 10_000;

/// The shards as one statement of a session sees them.
pub struct Scatter<'a> {
    tablets: &'a Tablets,
    session: Mutex<&'a mut Session>,
    caller: Arc<Caller>,
    options: Arc<ExecuteOptions>,
    deadline: Option<Instant>,
    statement: Mutex<Statement>,
    /// Each shard by itself: definitions, before which MySQL commits anyway.
    is_apart: bool,
    /// Every call that was made, where somebody wants to know.
    trace: Option<Mutex<Vec<Traced>>>,
    calls: AtomicU64,
    /// How many rows there were before a limit, where the statement counts them.
    found_rows: Mutex<Option<u64>>,
    /// The rules by which single shards are served by another keyspace.
    routes: Option<Arc<VSchema>>,
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Traced {
    /// Calls of the same number were made at the same time.
    pub step: u64,
    pub keyspace: Arc<str>,
    pub shard: Arc<str>,
    pub sql: Arc<str>,
    pub bind_vars: Arc<BindVars>,
}

impl<'a> Scatter<'a> {
    /// Makes the shards of one statement, which ends at `deadline`.
    pub fn new(
        tablets: &'a Tablets,
        session: &'a mut Session,
        deadline: Option<Instant>,
    ) -> Scatter<'a> {
        Scatter {
            tablets,
            caller: session.caller.clone(),
            options: Arc::new(session.execute_options()),
            session: Mutex::new(session),
            deadline,
            statement: Mutex::default(),
            is_apart: false,
            trace: None,
            calls: AtomicU64::new(0),
            found_rows: Mutex::default(),
            routes: None,
        }
    }

    /// Sends what is for shards that another keyspace serves there.
    #[must_use]
    pub fn routed(mut self, vschema: Arc<VSchema>) -> Scatter<'a> {
        self.routes = Some(vschema).filter(|one| !one.shard_routing_rules.is_empty());
        self
    }

    fn route(&self, calls: &mut [ShardCall]) {
        let Some(vschema) = &self.routes else { return };
        for call in calls {
            let to = vschema.route_shard(&call.keyspace, &call.shard);
            if *to != *call.keyspace {
                call.keyspace = to.into();
            }
        }
    }

    /// Lets each shard commit by itself.
    #[must_use]
    pub fn apart(mut self, is_apart: bool) -> Scatter<'a> {
        self.is_apart = is_apart;
        self
    }

    /// Lets shards cut their rows by the session's `sql_select_limit`, or not.
    #[must_use]
    pub fn limited(mut self, is_limited: bool) -> Scatter<'a> {
        if !is_limited && self.options.sql_select_limit != 0 {
            Arc::make_mut(&mut self.options).sql_select_limit = 0;
        }
        self
    }

    /// Keeps every call, for [`Scatter::into_trace`].
    #[must_use]
    pub fn traced(mut self) -> Scatter<'a> {
        self.trace = Some(Mutex::default());
        self
    }

    /// Returns the calls that were kept.
    pub fn into_trace(self) -> Vec<Traced> {
        self.trace.map(Mutex::into_inner).unwrap_or_default()
    }

    /// Returns whether the session holds, or will hold, a connection to each shard that it uses.
    pub fn is_exclusive(&self) -> bool {
        let session = self.session.lock();
        session.transaction.is_open || session.transaction.is_reserving
    }

    /// Returns how many calls were made.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Returns how many rows there were before a limit, where the statement counts them.
    pub fn found_rows(&self) -> Option<u64> {
        *self.found_rows.lock()
    }

    /// Sends reads of primaries to replicas too, where those are kept warm.
    fn warm(&self, calls: &[ShardCall], how: CallOptions) {
        let warming = &self.tablets.warming;
        if !warming.is_on() || !how.read_only || how.outside_transaction {
            return;
        }
        let session = self.session.lock();
        let transaction = &session.transaction;
        let is_of_primary = effective_type(session.target.tablet_type) == TabletType::Primary
            && session.target.alias.is_none();
        if !is_of_primary || transaction.is_open || transaction.is_reserving || !warming.is_turn() {
            return;
        }
        let settings = session.settings.queries();
        warming.send(calls, &Reads { caller: &self.caller, options: &self.options, settings });
    }

    /// Returns what the statement has done to the transaction so far.
    pub fn statement(&self) -> Statement {
        self.statement.lock().clone()
    }

    fn note_calls(&self, calls: &[ShardCall]) {
        let before = self.calls.fetch_add(calls.len() as u64, Ordering::Relaxed);
        let Some(trace) = &self.trace else { return };
        let mut trace = trace.lock();
        let room = TRACED_MAX.saturating_sub(trace.len());
        trace.extend(calls.iter().take(room).map(|call| Traced {
            step: before,
            keyspace: call.keyspace.clone(),
            shard: call.shard.clone(),
            sql: call.sql.clone(),
            bind_vars: call.bind_vars.clone(),
        }));
    }
}

#[async_trait]
impl ShardQueries for Scatter<'_> {
    fn shards(&self, keyspace: &str) -> Result<Arc<ShardMap>> {
        let tablet_type = self.session.lock().target.tablet_type;
        self.tablets.serving.shards(keyspace, tablet_type)
    }

    async fn execute(
        &self,
        mut calls: Vec<ShardCall>,
        mut how: CallOptions,
    ) -> Vec<Result<QueryResult, Error>> {
        self.route(&mut calls);
        self.note_calls(&calls);
        if self.is_apart {
            how.autocommit = Autocommit::EachShard;
        }
        if let Err(error) = self.enter(&calls, how).await {
            return calls.iter().map(|_| Err(error.clone())).collect();
        }
        self.warm(&calls, how);
        match calls.as_slice() {
            [call] => vec![self.call(call, how).await],
            _ => self.execute_many(&calls, how).await,
        }
    }

    async fn stream(
        &self,
        mut calls: Vec<ShardCall>,
        how: CallOptions,
        out: Vec<mpsc::Sender<StreamPart>>,
    ) -> Vec<Result<QueryResult, Error>> {
        self.route(&mut calls);
        self.note_calls(&calls);
        if let Err(error) = self.enter(&calls, how).await {
            return calls.iter().map(|_| Err(error.clone())).collect();
        }
        self.stream_many(&calls, how, out).await
    }

    fn warn(&self, code: u16, message: String) {
        let warning = Warning { level: Level::Warning, code, message };
        self.session.lock().warnings.push(warning);
    }

    fn set_found_rows(&self, rows: u64) {
        *self.found_rows.lock() = Some(rows);
    }

    fn set_last_insert_id(&self, id: u64) {
        self.session.lock().last_insert_id = id;
    }
}

#[cfg(test)]
mod tests;
