//! What one statement does to the transaction: opens one for itself, or marks where it began.

use std::collections::HashSet;

use vt_base::{Error, Result, Retry};
use vt_exec::{Autocommit, CallOptions, CommitOrder, ShardCall};

use super::Scatter;
use crate::session::Session;
use crate::tablets::Tablets;
use crate::tx;

/// The savepoint before a statement that changes several shards of an open transaction.
const SAVEPOINT: &str = "_vt_statement";

/// The statement's part in the transaction.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// The transaction was opened for this statement alone.
    pub has_opened: bool,
    /// The shards are marked, so that a failure can be undone on all of them.
    pub has_savepoint: bool,
    /// Rows may have been changed within the transaction.
    pub has_written: bool,
    /// Something has been changed for good.
    pub has_committed: bool,
}

impl Statement {
    /// Ends the statement: commits or rolls back what was opened for it, and undoes on the other
    /// shards what one of them failed to do.
    pub async fn end<T>(
        self,
        tablets: &Tablets,
        session: &mut Session,
        result: Result<T>,
    ) -> Result<T> {
        let has_committed = self.has_committed;
        let result = self.end_transaction(tablets, session, result).await;
        result.map_err(|error| match error.retry() {
            // What has been done here cannot be done again elsewhere.
            Retry::Elsewhere if has_committed => error.with_retry(Retry::Never),
            _ => error,
        })
    }

    async fn end_transaction<T>(
        self,
        tablets: &Tablets,
        session: &mut Session,
        result: Result<T>,
    ) -> Result<T> {
        match result {
            Ok(value) if self.has_opened => {
                tx::commit(tablets, session).await?;
                Ok(value)
            }
            Ok(value) => Ok(value),
            Err(error) if self.has_opened => {
                tx::rollback(tablets, session).await;
                Err(error)
            }
            Err(error) if self.has_savepoint && !session.transaction.must_roll_back => {
                let undo = format!("rollback to `{SAVEPOINT}`");
                if let Err(second) = tx::savepoint::on_all(tablets, session, &undo).await {
                    tracing::debug!(error = %second, "a failed statement could not be undone");
                    let text = "transaction must be rolled back: a part of the statement stays";
                    return Err(error.context(text));
                }
                Err(error)
            }
            Err(error) => Err(error),
        }
    }
}

impl Scatter<'_> {
    /// Prepares the transaction for calls: opens one where they must commit together, and marks the
    /// shards where they must fail together.
    pub(super) async fn enter(&self, calls: &[ShardCall], how: CallOptions) -> Result<()> {
        if how.outside_transaction {
            return Ok(());
        }
        let is_one = calls.len() == 1 && how.autocommit != Autocommit::Never;
        let marked = {
            let mut session = self.session.lock();
            session.transaction.check_usable()?;
            if how.read_only {
                return Ok(());
            }
            if !session.transaction.is_open {
                if is_one || how.autocommit == Autocommit::EachShard {
                    return Ok(());
                }
                session.transaction.open();
                session.transaction.is_implicit = true;
                self.statement.lock().has_opened = true;
            }
            check_span(&session, calls)?;
            let mut statement = self.statement.lock();
            statement.has_written = true;
            if is_one || statement.has_opened || statement.has_savepoint {
                return Ok(());
            }
            statement.has_savepoint = true;
            let open = session.transaction.shards.iter().filter(|one| one.transaction_id != 0);
            open.cloned().collect::<Vec<_>>()
        };
        self.mark(&marked).await
    }

    /// Returns the statements that a shard runs right after it joins the transaction.
    pub(super) fn post_begin(&self, session: &Session) -> Vec<String> {
        let mut queries = session.transaction.savepoint_queries();
        if self.statement.lock().has_savepoint {
            queries.push(format!("savepoint `{SAVEPOINT}`"));
        }
        queries
    }

    async fn mark(&self, open: &[crate::session::ShardSession]) -> Result<()> {
        for order in [CommitOrder::Pre, CommitOrder::Normal, CommitOrder::Post] {
            let calls: Vec<ShardCall> = open
                .iter()
                .filter(|shard| shard.order == order)
                .map(|shard| ShardCall {
                    keyspace: shard.target.keyspace.clone(),
                    shard: shard.target.shard.clone(),
                    sql: format!("savepoint `{SAVEPOINT}`").into(),
                    bind_vars: std::sync::Arc::default(),
                })
                .collect();
            // A mark changes nothing, so that a shard which was only read stays so.
            let how = CallOptions { read_only: true, order, ..CallOptions::default() };
            let results = self.execute_many(&calls, how).await;
            results.into_iter().find_map(Result::err).map_or(Ok(()), Err)?;
        }
        Ok(())
    }
}

/// Fails if the calls would make a transaction of one shard span several.
fn check_span(session: &Session, calls: &[ShardCall]) -> Result<()> {
    use crate::session::TransactionMode;
    if session.transaction_mode != TransactionMode::Single {
        return Ok(());
    }
    let places: HashSet<_> = calls.iter().map(|call| (&call.keyspace, &call.shard)).collect();
    if places.len() > 1 {
        let names: Vec<String> = calls.iter().map(|one| one.shard.to_string()).collect();
        let message = format!("multi-db transaction attempted: shards {}", names.join(", "));
        return Err(Error::new(vt_base::Code::Aborted, message));
    }
    let target = calls.first().map(|call| {
        let tablet_type = crate::tablets::effective_type(session.target.tablet_type);
        vt_base::Target::new(&call.keyspace, &call.shard, tablet_type)
    });
    target.map_or(Ok(()), |one| session.transaction.check_span(&one, session.transaction_mode))
}
