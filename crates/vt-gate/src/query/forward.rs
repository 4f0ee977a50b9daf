//! Statements that go to one shard as they are.

use std::sync::Arc;

use vt_base::{Error, ErrorId, Result};
use vt_exec::{CallOptions, ShardCall, ShardQueries};
use vt_value::QueryResult;
use vt_vschema::ShardMap;

use super::deadline;
use crate::gate::Gate;
use crate::scatter::Scatter;
use crate::session::Session;

/// Sends a statement that reads to one shard of a keyspace: the session's, if it is aimed at one.
pub async fn forward(
    gate: &Gate,
    session: &mut Session,
    keyspace: &str,
    sql: &str,
) -> Result<QueryResult> {
    let how = CallOptions { read_only: true, ..CallOptions::default() };
    forward_as(gate, session, keyspace, sql, how).await
}

/// Sends a statement to any shard of the session's keyspace, or of any, beside the transaction.
pub async fn run_on_any_shard(
    gate: &Gate,
    session: &mut Session,
    sql: &str,
) -> Result<QueryResult> {
    let keyspace = any_keyspace(gate, session)?;
    let how = CallOptions { read_only: true, outside_transaction: true, ..CallOptions::default() };
    forward_as(gate, session, &keyspace, sql, how).await
}

/// Sends a statement that reads to one shard, beside the transaction.
pub async fn forward_to_shard(
    gate: &Gate,
    session: &mut Session,
    keyspace: &str,
    shard: &Arc<str>,
    sql: &str,
) -> Result<QueryResult> {
    let how = CallOptions { read_only: true, outside_transaction: true, ..CallOptions::default() };
    let deadline = deadline(gate, session);
    let scatter = Scatter::new(&gate.tablets, session, deadline);
    let mut results = scatter.execute(vec![call(keyspace, shard, sql)], how).await;
    results.pop().unwrap_or_else(|| Err(Error::bug("a call gave no result")))
}

/// Sends a statement that reads to every shard of a keyspace.
pub async fn forward_to_all(
    gate: &Gate,
    session: &mut Session,
    keyspace: &str,
    sql: &str,
) -> Result<Vec<(Arc<str>, QueryResult)>> {
    let shards = gate.tablets.serving.shards(keyspace, session.target.tablet_type)?;
    let names: Vec<Arc<str>> = shards.shards().iter().map(|one| one.name.clone()).collect();
    let calls = names.iter().map(|shard| call(keyspace, shard, sql)).collect();
    let deadline = deadline(gate, session);
    let scatter = Scatter::new(&gate.tablets, session, deadline);
    let how = CallOptions { read_only: true, ..CallOptions::default() };
    let results = scatter.execute(calls, how).await;
    names.into_iter().zip(results).map(|(name, result)| Ok((name, result?))).collect()
}

/// Returns the session's keyspace, else the first that serves.
pub fn any_keyspace(gate: &Gate, session: &Session) -> Result<Arc<str>> {
    if session.target.keyspace().is_some() {
        return Ok(session.target.keyspace.clone());
    }
    let serving = &gate.tablets.serving;
    let serves = |name: &Arc<str>| serving.shards(name, session.target.tablet_type).is_ok();
    serving.names().into_iter().find(serves).ok_or_else(|| Error::vt(ErrorId::VT09005, ""))
}

async fn forward_as(
    gate: &Gate,
    session: &mut Session,
    keyspace: &str,
    sql: &str,
    how: CallOptions,
) -> Result<QueryResult> {
    let shards = gate.tablets.serving.shards(keyspace, session.target.tablet_type)?;
    let shard = one_shard(gate, session, keyspace, &shards)?;
    let calls = vec![call(keyspace, &shard, sql)];
    let deadline = deadline(gate, session);
    let scatter = Scatter::new(&gate.tablets, session, deadline);
    let mut results = scatter.execute(calls, how).await;
    results.pop().unwrap_or_else(|| Err(Error::bug("a call gave no result")))
}

fn one_shard(
    gate: &Gate,
    session: &Session,
    keyspace: &str,
    shards: &ShardMap,
) -> Result<Arc<str>> {
    let all = shards.shards();
    let is_aimed = session.target.keyspace() == Some(keyspace);
    let place = match (&session.target.destination, is_aimed) {
        (Some(destination), true) => shards.resolve(destination)?.first().copied(),
        // Where a transaction is open, another shard need not join it.
        _ => session
            .transaction
            .shards
            .iter()
            .filter(|one| &*one.target.keyspace == keyspace)
            .find_map(|one| all.iter().position(|shard| shard.name == one.target.shard)),
    };
    let place = place.unwrap_or_else(|| gate.next_shard() % all.len().max(1));
    let missing = || Error::vt(ErrorId::VT14004, keyspace);
    all.get(place).map(|shard| shard.name.clone()).ok_or_else(missing)
}

fn call(keyspace: &str, shard: &Arc<str>, sql: &str) -> ShardCall {
    let bind_vars = Arc::default();
    ShardCall { keyspace: keyspace.into(), shard: shard.clone(), sql: sql.into(), bind_vars }
}
