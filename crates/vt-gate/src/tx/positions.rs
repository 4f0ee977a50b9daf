//! The position that a commit led to, for the session's later reads and for its client.

use std::time::Duration;

use vt_base::TabletType;
use vt_base::gtid::GtidSet;
use vt_tablet_api::{ExecuteRequest, TxState};

use crate::scatter::first_text;
use crate::session::consistency::TrackGtids;
use crate::session::{Session, ShardSession};
use crate::tablets::Tablets;

/// How long a tablet that told no position has to tell it when asked.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);

/// Takes note of what a tablet told when it committed.
pub(super) async fn note_commit(
    tablets: &Tablets,
    session: &mut Session,
    shard: &ShardSession,
    state: &TxState,
) {
    let tracked = session.consistency.tracked_by_tablets();
    if tracked == TrackGtids::Off {
        return;
    }
    let is_write = !shard.is_read_only || shard.has_changed_rows;
    let mut told = state.session_state_changes.clone();
    if told.is_empty() && is_write && tracked == TrackGtids::AllGtids {
        told = executed(tablets, session, shard).await.unwrap_or_default();
    }
    let Ok(set) = told.replace('\n', "").parse::<GtidSet>() else { return };
    if set.is_empty() {
        return;
    }
    let place = (shard.target.keyspace.clone(), shard.target.shard.clone());
    if shard.target.tablet_type != TabletType::Primary && tracked == TrackGtids::AllGtids {
        session.last_read.insert(place.clone(), shard.alias.clone());
    }
    tablets.positions.learn(&shard.alias, &set);
    session.consistency.note(place, set, is_write);
}

/// Asks the tablet what it has executed: that includes what was just committed.
async fn executed(tablets: &Tablets, session: &Session, shard: &ShardSession) -> Option<String> {
    let tablet = tablets.reach_session(shard).ok()?;
    let request = ExecuteRequest {
        caller: session.caller.clone(),
        target: shard.target.clone(),
        sql: "select @@global.gtid_executed".into(),
        ..ExecuteRequest::default()
    };
    let reply = tokio::time::timeout(ASK_TIMEOUT, tablet.service.execute(request)).await.ok()?;
    Some(first_text(&reply.result.ok()?))
}
