//! Requests to the query service and their replies.

use std::sync::Arc;
use std::time::Instant;

use vt_base::{Result, TabletAlias, Target};
use vt_value::{BindVars, QueryResult};

/// On whose behalf a call is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The user who is logged in at the gateway; table rights are this user's.
    pub username: Arc<str>,
    pub groups: Arc<[String]>,
    /// Who the application says that it acts for.
    pub principal: Arc<str>,
    pub component: Arc<str>,
    pub subcomponent: Arc<str>,
}

/// How a query is meant to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Workload {
    #[default]
    Unspecified,
    Oltp,
    Olap,
    Dba,
}

/// The isolation that a transaction asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// What the connection has.
    #[default]
    Default,
    RepeatableRead,
    ReadCommitted,
    ReadUncommitted,
    Serializable,
    ConsistentSnapshotReadOnly,
    /// No BEGIN: each statement by itself, on a connection of its own.
    Autocommit,
}

/// What a call says besides its statement; the fields of `query.ExecuteOptions` that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecuteOptions {
    /// Count rows that an UPDATE found rather than those it changed.
    pub client_found_rows: bool,
    pub workload: Workload,
    /// `sql_select_limit`; 0 means none.
    pub sql_select_limit: i64,
    pub isolation: Isolation,
    pub read_only: bool,
    pub consistent_snapshot: bool,
    pub skip_query_plan_cache: bool,
    pub has_created_temp_tables: bool,
    /// `None` leaves the tablet's own choice.
    pub consolidator: Option<bool>,
    pub workload_name: Arc<str>,
    pub priority: Arc<str>,
    /// Milliseconds that the statement may take; 0 means the tablet's own limit.
    pub timeout_ms: i64,
    pub transaction_timeout_ms: Option<i64>,
    /// Report `LAST_INSERT_ID()` changes in the result.
    pub fetch_last_insert_id: bool,
}

/// A transaction to open before the statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    /// Statements to run on the connection right after BEGIN (savepoints).
    pub post_queries: Vec<String>,
}

/// A connection to keep for the session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reserve {
    /// SET statements that make the connection the session's.
    pub pre_queries: Vec<String>,
}

/// One statement for one tablet.
#[derive(Clone, Debug, Default)]
pub struct ExecuteRequest {
    pub caller: Arc<Caller>,
    pub target: Target,
    /// The statement, with `:name` and `::list` where bind variables go.
    pub sql: Arc<str>,
    pub bind_vars: Arc<BindVars>,
    /// 0 outside a transaction.
    pub transaction_id: i64,
    /// 0 unless the session has a connection of its own.
    pub reserved_id: i64,
    pub options: Arc<ExecuteOptions>,
    pub begin: Option<Begin>,
    pub reserve: Option<Reserve>,
    /// Settings to run under without keeping the connection (`BeginExecute.pre_queries` with no
    /// reservation); the tablet takes them from its pool of connections by settings.
    pub settings: Arc<[String]>,
    /// When the caller stops waiting; the tablet kills the statement then.
    pub deadline: Option<Instant>,
}

/// What a call left open on the tablet. Kept even when the statement failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxState {
    pub transaction_id: i64,
    pub reserved_id: i64,
    /// The tablet that holds them; later calls must go to it.
    pub tablet_alias: Option<TabletAlias>,
    /// Session state after BEGIN: the GTID set of a consistent snapshot.
    pub session_state_changes: String,
}

/// The answer to an [`ExecuteRequest`].
#[derive(Debug)]
pub struct ExecuteReply {
    pub state: TxState,
    pub result: Result<QueryResult>,
}

impl ExecuteReply {
    /// Makes the reply of a call that failed before it opened anything.
    pub fn failed(error: vt_base::Error) -> ExecuteReply {
        ExecuteReply { state: TxState::default(), result: Err(error) }
    }
}

/// Which definitions `get_schema` returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaTables {
    Views,
    Tables,
    All,
    Udfs,
}

/// A piece of the schema: names with their CREATE statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaReply {
    pub definitions: Vec<(String, String)>,
}
