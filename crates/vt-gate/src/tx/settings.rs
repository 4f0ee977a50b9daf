//! A setting that is made while shards hold the session's transaction or connection.

use std::sync::Arc;

use futures::future::join_all;
use vt_base::{Error, Result};
use vt_tablet_api::{ExecuteRequest, Reserve};

use crate::session::{Session, ShardSession};
use crate::tablets::Tablets;

/// Runs a SET wherever the session has something open. A transaction's connection becomes the
/// session's own for that, until the transaction ends.
pub async fn apply(tablets: &Tablets, session: &mut Session, sql: &str) -> Result<()> {
    let sql: Arc<str> = sql.into();
    let view: &Session = session;
    let open: Vec<ShardSession> =
        view.transaction.shards.iter().filter(|shard| shard.is_open()).cloned().collect();
    let results = join_all(open.iter().map(|shard| apply_to(tablets, view, shard, &sql))).await;
    let mut failure = None;
    for (shard, result) in open.iter().zip(results) {
        match result {
            Ok(0) => {}
            Ok(reserved_id) => {
                if let Some(held) = session.transaction.find_mut(&shard.target, shard.order) {
                    held.reserved_id = reserved_id;
                }
            }
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(()), Err)
}

/// Runs a SET on one shard; returns the number that its connection is reserved under.
async fn apply_to(
    tablets: &Tablets,
    session: &Session,
    shard: &ShardSession,
    sql: &Arc<str>,
) -> Result<i64> {
    let name = |error: Error| error.context(format!("target: {}", shard.target));
    let tablet = tablets.reach_session(shard).map_err(name)?;
    let request = ExecuteRequest {
        caller: session.caller.clone(),
        target: shard.target.clone(),
        sql: sql.clone(),
        transaction_id: shard.transaction_id,
        reserved_id: shard.reserved_id,
        reserve: (shard.reserved_id == 0).then(Reserve::default),
        options: Arc::new(session.execute_options()),
        ..ExecuteRequest::default()
    };
    let reply = tablet.service.execute(request).await;
    reply.result.map_err(name)?;
    Ok(reply.state.reserved_id)
}
