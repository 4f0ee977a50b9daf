//! The end of a session: its transaction is rolled back, its connections are given up.

use std::time::Duration;

use futures::future::join_all;

use crate::session::{Session, ShardSession};
use crate::tablets::Tablets;

/// How long a tablet may take.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(10);

/// Gives up all that the session holds on tablets.
pub async fn release(tablets: &Tablets, session: &mut Session) {
    let mut shards = std::mem::take(&mut session.transaction.shards);
    shards.extend(session.transaction.lock.take());
    let view: &Session = session;
    join_all(shards.iter().map(|shard| release_shard(tablets, view, shard))).await;
    session.transaction.close();
    session.transaction.is_reserving = false;
    session.transaction.has_temporary_tables = false;
    session.transaction.has_locked_tables = false;
}

/// Gives up connections that outlived their transaction in a session that needs none of its own.
pub async fn release_spare(tablets: &Tablets, session: &mut Session) {
    if session.transaction.is_reserving {
        return;
    }
    let is_spare = |one: &ShardSession| one.transaction_id == 0 && one.reserved_id != 0;
    let spare: Vec<ShardSession> =
        session.transaction.shards.iter().filter(|one| is_spare(one)).cloned().collect();
    let view: &Session = session;
    join_all(spare.iter().map(|shard| release_shard(tablets, view, shard))).await;
    session.transaction.shards.retain(|one| !is_spare(one));
}

async fn release_shard(tablets: &Tablets, session: &Session, shard: &ShardSession) {
    let Ok(tablet) = tablets.reach_session(shard) else { return };
    let (caller, target) = (&session.caller, &shard.target);
    let end = async {
        if shard.reserved_id != 0 {
            let (transaction, reserved) = (shard.transaction_id, shard.reserved_id);
            tablet.service.release(caller, target, transaction, reserved).await
        } else {
            tablet.service.rollback(caller, target, shard.transaction_id).await.map(drop)
        }
    };
    match tokio::time::timeout(RELEASE_TIMEOUT, end).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%target, %error, "release failed"),
        Err(_) => tracing::debug!(%target, "release took too long"),
    }
}
