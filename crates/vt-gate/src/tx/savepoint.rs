//! SAVEPOINT, ROLLBACK TO, RELEASE, on all shards of the transaction, also those that join later.

use std::sync::Arc;

use futures::future::join_all;
use vt_base::{Error, Result};
use vt_tablet_api::ExecuteRequest;

use crate::session::transaction::savepoint_sql;
use crate::session::{Session, ShardSession};
use crate::tablets::Tablets;

/// Most savepoints that live at once.
const SAVEPOINTS_MAX: usize = 1_024;

/// Sets a savepoint; one of the same name is replaced. Outside a transaction it means nothing.
pub async fn set(tablets: &Tablets, session: &mut Session, name: &str) -> Result<()> {
    session.transaction.check_usable()?;
    if !session.transaction.is_open {
        return Ok(());
    }
    if session.transaction.savepoints.len() >= SAVEPOINTS_MAX {
        let message = format!("a transaction may have {SAVEPOINTS_MAX} savepoints at most");
        return Err(Error::new(vt_base::Code::ResourceExhausted, message));
    }
    on_all(tablets, session, &savepoint_sql("savepoint", name)).await?;
    let live = &mut session.transaction.savepoints;
    live.retain(|one| !one.eq_ignore_ascii_case(name));
    live.push(name.to_owned());
    Ok(())
}

/// Undoes what came after a savepoint, and drops the savepoints after it.
pub async fn rollback_to(tablets: &Tablets, session: &mut Session, name: &str) -> Result<()> {
    session.transaction.check_usable()?;
    let place = find(session, name)?;
    on_all(tablets, session, &savepoint_sql("rollback to", name)).await?;
    session.transaction.savepoints.truncate(place + 1);
    Ok(())
}

/// Drops a savepoint and those after it.
pub async fn release(tablets: &Tablets, session: &mut Session, name: &str) -> Result<()> {
    session.transaction.check_usable()?;
    let place = find(session, name)?;
    on_all(tablets, session, &savepoint_sql("release savepoint", name)).await?;
    session.transaction.savepoints.truncate(place);
    Ok(())
}

fn find(session: &Session, name: &str) -> Result<usize> {
    let live = &session.transaction.savepoints;
    live.iter().position(|one| one.eq_ignore_ascii_case(name)).ok_or_else(|| {
        Error::mysql(1305, b"42000", format!("SAVEPOINT {name} does not exist"))
            .with_code(vt_base::Code::NotFound)
    })
}

/// Runs a statement in every open transaction. If it fails anywhere the shards differ, so that the
/// transaction can only be rolled back.
pub(crate) async fn on_all(tablets: &Tablets, session: &mut Session, sql: &str) -> Result<()> {
    let open: Vec<ShardSession> =
        session.transaction.shards.iter().filter(|one| one.transaction_id != 0).cloned().collect();
    let sql: Arc<str> = sql.into();
    let view: &Session = session;
    let results = join_all(open.iter().map(|shard| on_one(tablets, view, shard, &sql))).await;
    let failure = results.into_iter().find_map(Result::err);
    match failure {
        Some(error) => {
            session.transaction.must_roll_back = true;
            Err(error)
        }
        None => Ok(()),
    }
}

async fn on_one(
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
        ..ExecuteRequest::default()
    };
    tablet.service.execute(request).await.result.map(drop).map_err(name)
}
