//! BEGIN, COMMIT, ROLLBACK and savepoints.

use vt_base::Result;
use vt_sql::ast;
use vt_value::QueryResult;

use crate::gate::Gate;
use crate::session::{Completion, Session};
use crate::tx::{self, BeginOptions};

/// What stands behind COMMIT or ROLLBACK; what is not said is the session's `completion_type`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ending {
    /// Another transaction begins at once, of the same kind.
    chain: Option<bool>,
    /// The connection ends.
    release: Option<bool>,
}

impl From<&ast::Completion> for Ending {
    fn from(end: &ast::Completion) -> Ending {
        Ending { chain: end.chain, release: end.release }
    }
}

impl Ending {
    fn is_chained(self, session: &Session) -> bool {
        let is_released = self.release.unwrap_or_default();
        self.chain.unwrap_or(session.completion == Completion::Chain && !is_released)
    }

    fn is_released(self, session: &Session) -> bool {
        let is_chained = self.chain.unwrap_or_default();
        self.release.unwrap_or(session.completion == Completion::Release && !is_chained)
    }
}

/// Reads what BEGIN or START TRANSACTION says.
pub fn begin_options(begin: &ast::Begin) -> BeginOptions {
    let is_read_only = begin.access.map(|access| access == ast::AccessMode::ReadOnly);
    BeginOptions { is_read_only, is_snapshot: begin.consistent_snapshot, isolation: None }
}

pub async fn begin(
    gate: &Gate,
    session: &mut Session,
    options: BeginOptions,
) -> Result<QueryResult> {
    tx::begin(&gate.tablets, session, options).await?;
    Ok(QueryResult::default())
}

pub async fn commit(gate: &Gate, session: &mut Session, end: Ending) -> Result<QueryResult> {
    let began = tokio::time::Instant::now();
    let next = chained(session, end);
    let shards = session.transaction.open_count();
    tx::commit(&gate.tablets, session).await?;
    if shards > 0 {
        let kind = if shards == 1 { "Single" } else { "Cross" };
        gate.metrics.transactions.add(&[kind, session.transaction_mode.as_str()], 1);
        gate.metrics.commit_modes.record(&[kind], began.elapsed());
    }
    finish(gate, session, end, next).await
}

pub async fn rollback(gate: &Gate, session: &mut Session, end: Ending) -> Result<QueryResult> {
    let next = chained(session, end);
    tx::rollback(&gate.tablets, session).await;
    finish(gate, session, end, next).await
}

/// Returns how the next transaction begins, if one is to.
fn chained(session: &Session, end: Ending) -> Option<BeginOptions> {
    let now = &session.transaction;
    end.is_chained(session).then(|| BeginOptions {
        is_read_only: now.is_open.then_some(now.is_read_only),
        is_snapshot: false,
        isolation: now.isolation,
    })
}

async fn finish(
    gate: &Gate,
    session: &mut Session,
    end: Ending,
    next: Option<BeginOptions>,
) -> Result<QueryResult> {
    if let Some(options) = next {
        tx::begin(&gate.tablets, session, options).await?;
    }
    if end.is_released(session)
        && let Some(connection) = gate.connections.get(session.connection_id)
    {
        connection.close_after_reply();
    }
    Ok(QueryResult::default())
}

pub async fn savepoint(gate: &Gate, session: &mut Session, name: &str) -> Result<QueryResult> {
    if !session.autocommit && !session.transaction.is_open {
        session.transaction.open();
    }
    tx::savepoint::set(&gate.tablets, session, name).await?;
    Ok(QueryResult::default())
}

pub async fn rollback_to(gate: &Gate, session: &mut Session, name: &str) -> Result<QueryResult> {
    tx::savepoint::rollback_to(&gate.tablets, session, name).await?;
    Ok(QueryResult::default())
}

pub async fn release(gate: &Gate, session: &mut Session, name: &str) -> Result<QueryResult> {
    tx::savepoint::release(&gate.tablets, session, name).await?;
    Ok(QueryResult::default())
}
