//! COMMIT: shard by shard, in the order of first use.

use futures::future::join_all;
use vt_base::{Error, Result};
use vt_tablet_api::TxState;

use crate::session::{Level, Session, ShardSession, Warning};
use crate::tablets::Tablets;
use crate::tx::{positions, release_spare, rollback};

/// The code of the warning that tells of a commit which came to some shards only.
const NON_ATOMIC_COMMIT: u16 = 301;
/// How many shards that warning names.
const NAMED_SHARDS_MAX: usize = 16;

/// Commits the session's transaction; without one nothing is done.
///
/// Shards that have changed rows commit one after the other; if one fails, those after it are rolled
/// back, and error and warning name those that have committed.
pub async fn commit(tablets: &Tablets, session: &mut Session) -> Result<()> {
    session.transaction.check_usable()?;
    if !session.transaction.is_open {
        return Ok(());
    }
    let shards: Vec<ShardSession> =
        session.transaction.shards.iter().filter(|one| one.transaction_id != 0).cloned().collect();
    // Nothing can go wrong for data where a shard was only read, so it need not wait its turn.
    let (readers, mut writers): (Vec<_>, Vec<_>) =
        shards.into_iter().partition(|one| one.is_read_only && !one.has_changed_rows);
    // Entries of rows to come first, those of rows that have gone last.
    writers.sort_by_key(|one| one.order);
    for (done, shard) in writers.iter().enumerate() {
        if let Err(error) = commit_shard(tablets, session, shard).await {
            let error = told(session, &writers[..done], error);
            rollback(tablets, session).await;
            return Err(error);
        }
    }
    let view: &Session = session;
    let ends = join_all(readers.iter().map(|shard| end_reader(tablets, view, shard))).await;
    for (shard, end) in readers.iter().zip(ends) {
        let state = end.unwrap_or_default();
        settle(session, shard, state.reserved_id);
        positions::note_commit(tablets, session, shard, &state).await;
    }
    session.transaction.close();
    release_spare(tablets, session).await;
    Ok(())
}

async fn commit_shard(
    tablets: &Tablets,
    session: &mut Session,
    shard: &ShardSession,
) -> Result<()> {
    let name = |error: Error| error.context(format!("target: {}", shard.target));
    let tablet = tablets.reach_session(shard).map_err(name)?;
    let caller = session.caller.clone();
    let state =
        tablet.service.commit(&caller, &shard.target, shard.transaction_id).await.map_err(name)?;
    settle(session, shard, state.reserved_id);
    positions::note_commit(tablets, session, shard, &state).await;
    Ok(())
}

/// Ends a transaction that changed nothing; its failure loses nothing.
async fn end_reader(tablets: &Tablets, session: &Session, shard: &ShardSession) -> Result<TxState> {
    let tablet = tablets.reach_session(shard)?;
    tablet.service.commit(&session.caller, &shard.target, shard.transaction_id).await
}

/// Notes that a shard's transaction has ended and which connection stays.
fn settle(session: &mut Session, shard: &ShardSession, reserved_id: i64) {
    if let Some(open) = session.transaction.find_mut(&shard.target, shard.order) {
        open.transaction_id = 0;
        open.reserved_id = reserved_id;
    }
}

/// Makes the error of a commit that failed after `done` had committed, and keeps a warning of it.
fn told(session: &mut Session, done: &[ShardSession], error: Error) -> Error {
    if done.is_empty() {
        return error;
    }
    let mut names: Vec<&str> =
        done.iter().take(NAMED_SHARDS_MAX).map(|one| &*one.target.shard).collect();
    if done.len() > NAMED_SHARDS_MAX {
        names.push("...");
    }
    let text = format!(
        "multi-db commit failed after committing to {} shards: {}",
        done.len(),
        names.join(", ")
    );
    let warning = Warning { level: Level::Warning, code: NON_ATOMIC_COMMIT, message: text.clone() };
    session.warnings.push(warning);
    error.context(text)
}
