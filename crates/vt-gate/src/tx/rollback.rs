//! ROLLBACK: on all shards at once; it always ends the transaction.

use std::time::Duration;

use futures::future::join_all;
use vt_base::{Code, Error, Result};

use crate::session::{Session, ShardSession};
use crate::tablets::Tablets;
use crate::tx::release_spare;

/// How long a tablet may take; one that does not answer rolls back by itself in the end.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// Rolls back the session's transaction; without one nothing is done.
///
/// A tablet that fails to is none of the client's business: what it holds is lost with it, or ended
/// by its own time limit.
pub async fn rollback(tablets: &Tablets, session: &mut Session) {
    let shards: Vec<ShardSession> =
        session.transaction.shards.iter().filter(|one| one.transaction_id != 0).cloned().collect();
    let view: &Session = session;
    let ends = join_all(shards.iter().map(|shard| rollback_shard(tablets, view, shard))).await;
    for (shard, end) in shards.iter().zip(ends) {
        let reserved_id = end.unwrap_or_else(|error| {
            tracing::debug!(target_shard = %shard.target, %error, "rollback failed");
            0
        });
        if let Some(open) = session.transaction.find_mut(&shard.target, shard.order) {
            open.transaction_id = 0;
            open.reserved_id = reserved_id;
        }
    }
    session.transaction.close();
    release_spare(tablets, session).await;
}

/// Rolls back what shards hold of the session's transaction, which stays open and is empty then.
pub async fn rollback_on_shards(tablets: &Tablets, session: &mut Session) {
    let before = session.transaction.clone();
    rollback(tablets, session).await;
    let transaction = &mut session.transaction;
    transaction.is_open = before.is_open;
    transaction.is_implicit = before.is_implicit;
    transaction.is_read_only = before.is_read_only;
    transaction.is_snapshot = before.is_snapshot;
    transaction.isolation = before.isolation;
    transaction.savepoints = before.savepoints;
}

async fn rollback_shard(tablets: &Tablets, session: &Session, shard: &ShardSession) -> Result<i64> {
    let tablet = tablets.reach_session(shard)?;
    let call = tablet.service.rollback(&session.caller, &shard.target, shard.transaction_id);
    match tokio::time::timeout(ROLLBACK_TIMEOUT, call).await {
        Ok(done) => done,
        Err(_) => Err(Error::new(Code::DeadlineExceeded, "rollback took too long")),
    }
}
