//! Replication started, stopped and waited for.

use std::sync::Arc;
use std::time::Duration;

use vt_base::gtid::Position;
use vt_base::{Error, Result};
use vt_mysqld::replication::{self as mysqld, Access, IoState, SemiSync};
use vt_proto::replicationdata::{StopReplicationMode, StopReplicationStatus};
use vt_proto::tabletmanagerdata::*;

use super::Call;
use super::status::{no_replication, replica_status, status_message};
use crate::core::Core;

fn parse(position: &str) -> Result<Position> {
    position.parse()
}

/// Reads a duration of the wire, in nanoseconds; zero stands for the caller's patience.
fn patience(core: &Core, call: Call, nanos: i64) -> Duration {
    match u64::try_from(nanos) {
        Ok(nanos) if nanos > 0 => Duration::from_nanos(nanos),
        _ => call.patience(core.config.replication.wait_timeout),
    }
}

pub(super) async fn wait_for_position(
    core: &Arc<Core>,
    request: WaitForPositionRequest,
    call: Call,
) -> Result<WaitForPositionResponse> {
    let position = parse(&request.position)?;
    // So that the answer arrives while the caller still waits for it.
    let timeout = patience(core, call, 0).mul_f64(0.95);
    core.wait_for_position(&position, timeout).await?;
    Ok(WaitForPositionResponse {})
}

pub(super) async fn set_read_only(
    core: &Arc<Core>,
    _: SetReadOnlyRequest,
    _: Call,
) -> Result<SetReadOnlyResponse> {
    let _action = core.action.lock().await;
    mysqld::set_access(&mut *core.db.dba().await?, Access::SuperReadOnly).await?;
    Ok(SetReadOnlyResponse {})
}

pub(super) async fn set_read_write(
    core: &Arc<Core>,
    _: SetReadWriteRequest,
    _: Call,
) -> Result<SetReadWriteResponse> {
    let _action = core.action.lock().await;
    mysqld::set_access(&mut *core.db.dba().await?, Access::ReadWrite).await?;
    Ok(SetReadWriteResponse {})
}

pub(super) async fn stop(
    core: &Arc<Core>,
    _: StopReplicationRequest,
    _: Call,
) -> Result<StopReplicationResponse> {
    let _action = core.action.lock().await;
    core.stop_following(&mut *core.db.dba().await?).await?;
    Ok(StopReplicationResponse {})
}

/// Stops once the server has the transactions of a position.
pub(super) async fn stop_minimum(
    core: &Arc<Core>,
    request: StopReplicationMinimumRequest,
    call: Call,
) -> Result<StopReplicationMinimumResponse> {
    let position = parse(&request.position)?;
    core.wait_for_position(&position, patience(core, call, request.wait_timeout)).await?;
    let _action = core.action.lock().await;
    let mut conn = core.db.dba().await?;
    core.stop_following(&mut conn).await?;
    let position = mysqld::position(&mut conn).await?.to_string();
    Ok(StopReplicationMinimumResponse { position })
}

/// Sets semi-sync as the request says, and notes it.
async fn set_semi_sync(core: &Core, conn: &mut vt_mysql::Conn, on: bool) -> Result<()> {
    core.require(false)?;
    SemiSync::set(conn, false, on).await?;
    core.role.lock().semi_sync = on;
    Ok(())
}

pub(super) async fn start(
    core: &Arc<Core>,
    request: StartReplicationRequest,
    _: Call,
) -> Result<StartReplicationResponse> {
    let _action = core.action.lock().await;
    let mut conn = core.db.dba().await?;
    set_semi_sync(core, &mut conn, request.semi_sync).await?;
    mysqld::start_replica(&mut conn).await?;
    Ok(StartReplicationResponse {})
}

pub(super) async fn restart(
    core: &Arc<Core>,
    request: RestartReplicationRequest,
    _: Call,
) -> Result<RestartReplicationResponse> {
    let _action = core.action.lock().await;
    let mut conn = core.db.dba().await?;
    mysqld::stop_replica(&mut conn).await?;
    set_semi_sync(core, &mut conn, request.semi_sync).await?;
    mysqld::start_replica(&mut conn).await?;
    Ok(RestartReplicationResponse {})
}

/// Replicates until the server has the transactions of a position, and stops there.
pub(super) async fn start_until_after(
    core: &Arc<Core>,
    request: StartReplicationUntilAfterRequest,
    call: Call,
) -> Result<StartReplicationUntilAfterResponse> {
    let position = parse(&request.position)?;
    {
        let _action = core.action.lock().await;
        mysqld::start_replica_until_after(&mut *core.db.dba().await?, &position).await?;
    }
    core.wait_for_position(&position, patience(core, call, request.wait_timeout)).await?;
    Ok(StartReplicationUntilAfterResponse {})
}

/// Forgets replication and the server's own history.
pub(super) async fn reset(
    core: &Arc<Core>,
    _: ResetReplicationRequest,
    _: Call,
) -> Result<ResetReplicationResponse> {
    let _action = core.action.lock().await;
    reset_all(core).await?;
    Ok(ResetReplicationResponse {})
}

pub(super) async fn reset_all(core: &Core) -> Result<()> {
    let mut conn = core.db.dba().await?;
    if mysqld::replica_status(&mut conn).await?.is_some() {
        mysqld::reset_replica_all(&mut conn).await?;
    }
    SemiSync::set(&mut conn, false, false).await?;
    // The statement itself must not begin a new history.
    mysqld::reset_binary_logs(&mut conn).await?;
    core.lag.lock().reset();
    Ok(())
}

/// Forgets whom the server followed.
pub(super) async fn reset_parameters(
    core: &Arc<Core>,
    _: ResetReplicationParametersRequest,
    _: Call,
) -> Result<ResetReplicationParametersResponse> {
    let _action = core.action.lock().await;
    mysqld::reset_replica_all(&mut *core.db.dba().await?).await?;
    core.lag.lock().reset();
    Ok(ResetReplicationParametersResponse {})
}

/// Stops replication, or the receiving of it, and tells how it stood before and after.
pub(super) async fn stop_and_get_status(
    core: &Arc<Core>,
    request: StopReplicationAndGetStatusRequest,
    _: Call,
) -> Result<StopReplicationAndGetStatusResponse> {
    let _action = core.action.lock().await;
    let mode = request.stop_replication_mode();
    let mut conn = core.db.dba().await?;
    let before = mysqld::replica_status(&mut conn).await?.ok_or_else(no_replication)?;
    let semi_sync = SemiSync::state(&mut conn).await?;
    let stopped = match mode {
        StopReplicationMode::Iothreadonly => before.io == IoState::Stopped,
        StopReplicationMode::Ioandsqlthread => {
            before.io == IoState::Stopped && before.sql == IoState::Stopped
        }
    };
    if !stopped {
        match mode {
            StopReplicationMode::Iothreadonly => mysqld::stop_io_thread(&mut conn).await,
            StopReplicationMode::Ioandsqlthread => core.stop_following(&mut conn).await,
        }
        .map_err(|err: Error| err.context("before status"))?;
    }
    drop(conn);
    let status = StopReplicationStatus {
        before: Some(status_message(&before, semi_sync)),
        after: Some(replica_status(core).await?),
    };
    Ok(StopReplicationAndGetStatusResponse { status: Some(status) })
}
