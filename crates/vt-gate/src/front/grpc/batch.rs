//! Several statements in one call.

use vt_base::{Error, Result};
use vt_proto::query;
use vt_rpc::convert::{Included, result_to_proto};
use vt_sql::split_statements;
use vt_value::QueryResult;

use super::{run_one, split};
use crate::gate::Gate;
use crate::query::{Collected, Query, run_query};
use crate::session::Session;

/// Most statements of one call.
const STATEMENTS_MAX: usize = 10_000;

/// Runs statements one after the other, also after one that fails.
pub(super) async fn run(
    gate: &Gate,
    session: &mut Session,
    queries: Vec<query::BoundQuery>,
) -> Vec<query::ResultWithError> {
    let mut results = Vec::with_capacity(queries.len());
    for query in queries {
        let (error, result) = split(run_one(gate, session, Some(query), false).await);
        results.push(query::ResultWithError { error, result });
    }
    results
}

/// Runs the statements of a text until one fails.
pub(super) async fn run_text(
    gate: &Gate,
    session: &mut Session,
    sql: &str,
) -> (Vec<query::QueryResult>, Option<Error>) {
    let mut results = Vec::new();
    for piece in pieces(session, sql) {
        match run_piece(gate, session, &piece).await {
            Ok(result) => results.push(result_to_proto(&result, Included::All)),
            Err(error) => return (results, Some(error)),
        }
    }
    (results, None)
}

/// Splits a text into its statements.
pub(super) fn pieces(session: &Session, sql: &str) -> Vec<String> {
    split_statements(sql, session.modes).take(STATEMENTS_MAX).map(str::to_owned).collect()
}

async fn run_piece(gate: &Gate, session: &mut Session, sql: &str) -> Result<QueryResult> {
    Box::pin(run_query(gate, session, Query::new(sql), &mut Collected)).await
}
