//! The steps of a change of primary, each as it is told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vt_base::gtid::Position;
use vt_base::{Code, Error, Result, TabletAlias, TabletType};
use vt_mysqld::replication as mysqld;
use vt_proto::tabletmanagerdata::*;

use super::Call;
use super::replication::reset_all;
use super::status::primary_message;
use crate::core::Core;
use crate::db::{quote_name, quote_text};
use crate::follow::Start;
use crate::lease;

/// Makes the first primary of a shard.
pub(super) async fn init_primary(
    core: &Arc<Core>,
    request: InitPrimaryRequest,
    _: Call,
) -> Result<InitPrimaryResponse> {
    Ok(InitPrimaryResponse { position: promote(core, request.semi_sync).await? })
}

/// Makes a replica the primary.
pub(super) async fn promote_replica(
    core: &Arc<Core>,
    request: PromoteReplicaRequest,
    _: Call,
) -> Result<PromoteReplicaResponse> {
    Ok(PromoteReplicaResponse { position: promote(core, request.semi_sync).await? })
}

async fn promote(core: &Core, semi_sync: bool) -> Result<String> {
    let asked = Instant::now();
    let _action = core.action.lock().await;
    let term = core.next_term().await;
    core.become_primary(term, semi_sync, lease::Start::Promoted(asked)).await?;
    let mut conn = core.db.dba().await?;
    Ok(mysqld::position(&mut conn).await?.to_string())
}

/// Makes a fresh server a replica that has the transactions of a position already.
pub(super) async fn init_replica(
    core: &Arc<Core>,
    request: InitReplicaRequest,
    call: Call,
) -> Result<InitReplicaResponse> {
    let parent = core.parent(request.parent.as_ref()).await?;
    let source = core.source_of(&parent, Duration::ZERO)?;
    let position: Position = request.replication_position.parse()?;
    {
        let _action = core.action.lock().await;
        if core.tablet_type() == TabletType::Primary {
            let base = core.role.lock().base_type;
            core.become_follower(base, request.semi_sync).await?;
        }
        reset_all(core).await?;
        if !position.is_empty() {
            mysqld::set_purged(&mut *core.db.dba().await?, &position).await?;
        }
        core.follow(&source, request.semi_sync, Start::Always).await?;
    }
    if request.time_created_ns != 0 {
        let patience = call.patience(core.config.replication.wait_timeout);
        core.wait_for_journal(request.time_created_ns, patience).await?;
    }
    Ok(InitReplicaResponse {})
}

/// Notes a change of primary where replication carries it to all replicas.
pub(super) async fn populate_journal(
    core: &Arc<Core>,
    request: PopulateReparentJournalRequest,
    call: Call,
) -> Result<PopulateReparentJournalResponse> {
    core.require(true)?;
    let alias = request.primary_alias.as_ref().map(TabletAlias::from);
    let alias = alias.map(|alias| alias.to_string()).unwrap_or_default();
    let sql = format!(
        "insert into {}.reparent_journal \
         (time_created_ns, action_name, primary_alias, replication_position) \
         values ({}, {}, {}, {})",
        quote_name(&core.sidecar.load()),
        request.time_created_ns,
        quote_text(&request.action_name),
        quote_text(&alias),
        quote_text(&request.replication_position),
    );
    // It may wait for replicas that are only being told of this primary.
    let patience = call.patience(core.config.replication.wait_timeout);
    let mut conn = core.db.connect(crate::db::Role::Dba, None).await?;
    match tokio::time::timeout(patience, conn.query(&sql, 0)).await {
        Ok(written) => {
            written?;
            conn.close().await;
            Ok(PopulateReparentJournalResponse {})
        }
        Err(_) => {
            let text = "timed out writing the reparent journal: no replica has acknowledged it";
            Err(Error::new(Code::DeadlineExceeded, text))
        }
    }
}

pub(super) async fn read_journal(
    core: &Arc<Core>,
    _: ReadReparentJournalInfoRequest,
    _: Call,
) -> Result<ReadReparentJournalInfoResponse> {
    let sql = format!("select count(*) from {}.reparent_journal", quote_name(&core.sidecar.load()));
    let result = core.db.dba_query(&sql).await?;
    let length = crate::db::first_text(&result).parse().unwrap_or(0);
    Ok(ReadReparentJournalInfoResponse { length })
}

/// Closes this primary, so that another may take its place. By force it is closed even if its server
/// does not answer; the reply has no status then.
pub(super) async fn demote_primary(
    core: &Arc<Core>,
    request: DemotePrimaryRequest,
    _: Call,
) -> Result<DemotePrimaryResponse> {
    let _action = core.action.lock().await;
    core.require(true)?;
    let status = match request.force {
        true => core.close_primary_by_force().await?,
        false => Some(core.close_primary().await?),
    };
    Ok(DemotePrimaryResponse { primary_status: status.as_ref().map(primary_message) })
}

/// Opens this primary again, where no other took its place.
pub(super) async fn undo_demote_primary(
    core: &Arc<Core>,
    request: UndoDemotePrimaryRequest,
    _: Call,
) -> Result<UndoDemotePrimaryResponse> {
    let _action = core.action.lock().await;
    core.require(true)?;
    core.reopen_primary(request.semi_sync).await?;
    Ok(UndoDemotePrimaryResponse {})
}

/// Takes note that another system has made this server primary.
pub(super) async fn replica_was_promoted(
    core: &Arc<Core>,
    _: ReplicaWasPromotedRequest,
    _: Call,
) -> Result<ReplicaWasPromotedResponse> {
    let _action = core.action.lock().await;
    let term = core.next_term().await;
    core.assume_primary(term).await?;
    Ok(ReplicaWasPromotedResponse {})
}

/// Takes note that another system has made this server follow another.
pub(super) async fn replica_was_restarted(
    core: &Arc<Core>,
    request: ReplicaWasRestartedRequest,
    _: Call,
) -> Result<ReplicaWasRestartedResponse> {
    let _action = core.action.lock().await;
    let own = request.parent.as_ref().map(TabletAlias::from) == Some(core.config.alias.clone());
    if core.tablet_type() == TabletType::Primary && !own {
        core.assume_follower().await;
    }
    Ok(ReplicaWasRestartedResponse {})
}

pub(super) async fn change_type(
    core: &Arc<Core>,
    request: ChangeTypeRequest,
    _: Call,
) -> Result<ChangeTypeResponse> {
    let asked = Instant::now();
    let _action = core.action.lock().await;
    let wanted = TabletType::from_i32(request.tablet_type);
    match (core.tablet_type(), wanted) {
        (_, TabletType::Unknown) => {
            return Err(Error::new(Code::InvalidArgument, "unknown tablet type"));
        }
        (TabletType::Primary, TabletType::Primary) => {}
        (TabletType::Primary, _) => {
            let text = format!(
                "tablet {} is primary; use PlannedReparentShard to make another primary first",
                core.config.alias
            );
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        (_, TabletType::Primary) => {
            let start = lease::Start::Promoted(asked);
            let term = core.next_term().await;
            core.become_primary(term, request.semi_sync, start).await?;
        }
        _ => {
            let before = core.role.lock().semi_sync;
            core.become_follower(wanted, request.semi_sync).await?;
            core.role.lock().base_type = wanted;
            if before != request.semi_sync && !core.config.db.unmanaged {
                restart_io_thread(core).await?;
            }
            let shard = core.topo.get_shard(&core.config.keyspace, &core.config.shard).await?;
            core.take_controls(&shard).await;
        }
    }
    Ok(ChangeTypeResponse {})
}

/// The receiving thread takes notice of semi-sync only when it starts.
async fn restart_io_thread(core: &Core) -> Result<()> {
    let mut conn = core.db.dba().await?;
    let status = mysqld::replica_status(&mut conn).await?;
    if status.is_some_and(|status| status.is_started()) {
        mysqld::stop_io_thread(&mut conn).await?;
        mysqld::start_replica(&mut conn).await?;
    }
    Ok(())
}

/// Makes the server follow another tablet's.
pub(super) async fn set_replication_source(
    core: &Arc<Core>,
    request: SetReplicationSourceRequest,
    call: Call,
) -> Result<SetReplicationSourceResponse> {
    let parent = core.parent(request.parent.as_ref()).await?;
    if parent.alias.as_ref().map(TabletAlias::from) == Some(core.config.alias.clone()) {
        let text = format!("tablet {} cannot follow itself", core.config.alias);
        return Err(Error::new(Code::InvalidArgument, text));
    }
    let patience = call.patience(core.config.replication.wait_timeout);
    let heartbeat = Duration::try_from_secs_f64(request.heartbeat_interval).unwrap_or_default();
    let replicates = {
        let _action = core.action.lock().await;
        let was_primary = core.tablet_type() == TabletType::Primary;
        if was_primary {
            let base = core.role.lock().base_type;
            core.become_follower(base, request.semi_sync).await?;
        }
        // It is primary no more in any case, and follows as soon as it is known whom.
        let source = core.source_of(&parent, heartbeat).inspect_err(|_| {
            core.role.lock().owes_follow = true;
        })?;
        let start = if request.force_start_replication || was_primary {
            Start::Always
        } else {
            Start::AsBefore
        };
        core.follow(&source, request.semi_sync, start).await?;
        let mut conn = core.db.dba().await?;
        mysqld::replica_status(&mut conn).await?.is_some_and(|status| status.is_started())
    };
    if !request.wait_position.is_empty() {
        core.wait_for_position(&request.wait_position.parse()?, patience).await?;
    }
    if replicates && request.time_created_ns != 0 {
        core.wait_for_journal(request.time_created_ns, patience).await?;
    }
    Ok(SetReplicationSourceResponse {})
}
