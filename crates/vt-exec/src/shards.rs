//! The seam below the executor: what it asks of the shards.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use vt_base::Error;
use vt_value::{BindVars, QueryResult, StreamPart};
use vt_vschema::ShardMap;

/// The shards as one session sees them: its tablet type, its transaction, its settings.
///
/// Dropping a future cancels the calls that are still under way.
#[async_trait]
pub trait ShardQueries: Send + Sync {
    /// Returns the shards of a keyspace that serve the session's tablet type.
    fn shards(&self, keyspace: &str) -> Result<Arc<ShardMap>, Error>;

    /// Runs the calls at the same time; one result a call, in their order.
    ///
    /// Unless `how.keep_going`, the first failure ends the calls under way, and theirs are errors
    /// too: [`first_error`] tells the cause from the cancelled.
    async fn execute(
        &self,
        calls: Vec<ShardCall>,
        how: CallOptions,
    ) -> Vec<Result<QueryResult, Error>>;

    /// Runs the calls at the same time; each sends its rows to the sender at its place in `out`.
    ///
    /// The first part of a call has its fields. The results, one a call, have no rows. A sender is
    /// dropped when its call is done; a call whose receiver is gone ends early and well.
    async fn stream(
        &self,
        calls: Vec<ShardCall>,
        how: CallOptions,
        out: Vec<mpsc::Sender<StreamPart>>,
    ) -> Vec<Result<QueryResult, Error>>;

    /// Keeps a warning for SHOW WARNINGS.
    fn warn(&self, code: u16, message: String);

    /// Tells the session what `LAST_INSERT_ID()` gives from now on.
    fn set_last_insert_id(&self, id: u64);

    /// Tells the session what `FOUND_ROWS()` gives, where it is not the number of rows returned.
    fn set_found_rows(&self, rows: u64);
}

/// One statement for one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardCall {
    pub keyspace: Arc<str>,
    pub shard: Arc<str>,
    pub sql: Arc<str>,
    pub bind_vars: Arc<BindVars>,
}

/// What the calls of one step have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// The statement changes nothing.
    pub read_only: bool,
    pub autocommit: Autocommit,
    /// Milliseconds that a call may take; 0 leaves the session's own limit.
    pub timeout_ms: u64,
    /// Run beside the session's transaction, on the primary: ids of a sequence.
    pub outside_transaction: bool,
    /// A failing call leaves the others running.
    pub keep_going: bool,
    /// Which of the session's transactions on a shard the calls belong to.
    pub order: CommitOrder,
}

/// When a transaction on a shard commits. Entries of consistent lookup vindexes have transactions
/// of their own, so that whatever fails, no row is without its entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CommitOrder {
    /// Before the others: entries of rows to come.
    Pre,
    #[default]
    Normal,
    /// After the others: entries of rows that go.
    Post,
}

/// Whether calls that change rows may commit by themselves where the session has no transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Autocommit {
    /// More calls of the same statement may follow: all commit together.
    #[default]
    Never,
    /// These are all calls of the statement: a single one commits by itself, several together.
    IfSingle,
    /// The statement says that each shard may commit by itself (`MULTI_SHARD_AUTOCOMMIT`).
    EachShard,
}

/// Returns the error that best tells why calls failed: one that is not a cancellation, if any.
pub fn first_error<T>(results: &[Result<T, Error>]) -> Option<&Error> {
    let errors = || results.iter().filter_map(|result| result.as_ref().err());
    errors().find(|error| error.code() != vt_base::Code::Canceled).or_else(|| errors().next())
}
