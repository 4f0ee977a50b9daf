//! A setting that is made while shards hold the session's transaction or connection.

use std::sync::Arc;

use futures::future::join_all;
use vt_base::{Error, Result};
use vt_tablet_api::ExecuteRequest;

use crate::session::{Session, ShardSession};
use crate::tablets::Tablets;

/// Runs a SET wherever the session has something open.
pub async fn apply(tablets: &Tablets, session: &mut Session, sql: &str) -> Result<()> {
    let sql: Arc<str> = sql.into();
    let view: &Session = session;
    let open = view.transaction.shards.iter().filter(|one| one.is_open());
    let results = join_all(open.map(|shard| apply_to(tablets, view, shard, &sql))).await;
    results.into_iter().collect()
}

async fn apply_to(
    tablets: &Tablets,
    session: &Session,
    shard: &ShardSession,
    sql: &Arc<str>,
) -> Result<()> {
    let name = |error: Error| error.context(format!("target: {}", shard.target));
    let tablet = tablets.reach_session(shard).map_err(name)?;
    let request = ExecuteRequest {
        caller: session.caller.clone(),
        target: shard.target.clone(),
        sql: sql.clone(),
        transaction_id: shard.transaction_id,
        reserved_id: shard.reserved_id,
        options: Arc::new(session.execute_options()),
        settings: session.settings.queries().clone(),
        ..ExecuteRequest::default()
    };
    tablet.service.execute(request).await.result.map(drop).map_err(name)
}
