//! Streams into this tablet: made, read, changed and deleted for the workflows of the control.

use std::sync::Arc;
use std::time::Duration;

use vt_base::gtid::Position;
use vt_base::{Code, Error, Result};
use vt_proto::binlogdata::VReplicationWorkflowState as State;
use vt_proto::query::QueryResult as ProtoResult;
use vt_proto::tabletmanagerdata::*;
use vt_rpc::convert::{Included, result_to_proto};
use vt_vreplication::workflows::{self, Changed};
use vt_vreplication::{Store, exec};

use super::Call;
use crate::core::Core;
use crate::db::Role;

/// How often a position that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a position is waited for if the caller does not say.
const WAIT_MAX: Duration = Duration::from_secs(30);

fn store(core: &Core) -> Store {
    core.stream_store(Role::Dba)
}

fn result(changed: &Changed) -> ProtoResult {
    ProtoResult {
        rows_affected: changed.rows,
        insert_id: u64::try_from(changed.first_id).unwrap_or_default(),
        ..ProtoResult::default()
    }
}

pub(super) async fn create(
    core: &Arc<Core>,
    request: CreateVReplicationWorkflowRequest,
    _: Call,
) -> Result<CreateVReplicationWorkflowResponse> {
    core.require(true)?;
    let store = store(core);
    let creating = async {
        let changed = workflows::create(&store, &mut store.connect().await?, &request).await?;
        let ids = changed.ids.clone();
        Ok((changed, ids))
    };
    let changed = core.vreplication.change(&[], creating).await?;
    Ok(CreateVReplicationWorkflowResponse { result: Some(result(&changed)) })
}

pub(super) async fn delete(
    core: &Arc<Core>,
    request: DeleteVReplicationWorkflowRequest,
    _: Call,
) -> Result<DeleteVReplicationWorkflowResponse> {
    core.require(true)?;
    let store = store(core);
    let mut conn = store.connect().await?;
    let ids = workflows::ids_of(&store, &mut conn, &request.workflow).await?;
    let deleting = async {
        workflows::delete(&store, &mut conn, &ids).await.map(|changed| (changed, Vec::new()))
    };
    let changed = core.vreplication.change(&ids, deleting).await?;
    Ok(DeleteVReplicationWorkflowResponse { result: Some(result(&changed)) })
}

pub(super) async fn read(
    core: &Arc<Core>,
    request: ReadVReplicationWorkflowRequest,
    _: Call,
) -> Result<ReadVReplicationWorkflowResponse> {
    let store = store(core);
    workflows::read(&store, &mut store.connect().await?, &request.workflow).await
}

pub(super) async fn read_many(
    core: &Arc<Core>,
    request: ReadVReplicationWorkflowsRequest,
    _: Call,
) -> Result<ReadVReplicationWorkflowsResponse> {
    let store = store(core);
    let workflows = workflows::read_many(&store, &mut store.connect().await?, &request).await?;
    Ok(ReadVReplicationWorkflowsResponse { workflows })
}

pub(super) async fn update(
    core: &Arc<Core>,
    request: UpdateVReplicationWorkflowRequest,
    _: Call,
) -> Result<UpdateVReplicationWorkflowResponse> {
    core.require(true)?;
    let store = store(core);
    let mut conn = store.connect().await?;
    let ids = workflows::ids_of(&store, &mut conn, &request.workflow).await?;
    let updating = async {
        workflows::update(&store, &mut conn, &request).await.map(|changed| (changed, Vec::new()))
    };
    let changed = core.vreplication.change(&ids, updating).await?;
    Ok(UpdateVReplicationWorkflowResponse { result: Some(result(&changed)) })
}

pub(super) async fn update_many(
    core: &Arc<Core>,
    request: UpdateVReplicationWorkflowsRequest,
    _: Call,
) -> Result<UpdateVReplicationWorkflowsResponse> {
    core.require(true)?;
    let store = store(core);
    let mut conn = store.connect().await?;
    let condition = workflows::condition_of(&request)?;
    let streams = store.streams(&mut conn, &condition).await?;
    let ids: Vec<i32> = streams.iter().map(|one| one.id).collect();
    let updating = async {
        let changed = workflows::update_many(&store, &mut conn, &request).await?;
        Ok((changed, Vec::new()))
    };
    let changed = core.vreplication.change(&ids, updating).await?;
    Ok(UpdateVReplicationWorkflowsResponse { result: Some(result(&changed)) })
}

pub(super) async fn execute(
    core: &Arc<Core>,
    request: VReplicationExecRequest,
    _: Call,
) -> Result<VReplicationExecResponse> {
    let effect = exec::effect(&request.query)?;
    let store = store(core);
    let mut conn = store.connect().await?;
    if effect != exec::Effect::Reads {
        core.require(true)?;
    }
    let ids = exec::concerned(&store, &mut conn, &effect).await?;
    let running = exec::run(&store, &mut conn, &request.query, &effect, &ids);
    let result = match effect {
        exec::Effect::Reads => running.await?.0,
        _ => core.vreplication.change(&ids, running).await?,
    };
    Ok(VReplicationExecResponse { result: Some(result_to_proto(&result, Included::All)) })
}

/// Waits until a stream has come to a position; one that does not run any more fails at once.
pub(super) async fn wait_for_pos(
    core: &Arc<Core>,
    request: VReplicationWaitForPosRequest,
    call: Call,
) -> Result<VReplicationWaitForPosResponse> {
    let wanted: Position = request.position.parse()?;
    let store = store(core);
    let mut conn = store.connect().await?;
    let waiting = async {
        loop {
            // A stream that is stopped and started is another one to the engine.
            let awaited = core.vreplication.await_stream(request.id);
            let saved = awaited.as_ref().map(|one| one.saved());
            let row = store.stream(&mut conn, request.id).await?;
            let reached = !row.pos.is_empty() && row.pos.parse::<Position>()?.at_least(&wanted);
            if reached {
                return Ok(VReplicationWaitForPosResponse {});
            }
            if matches!(row.state, State::Stopped | State::Error) {
                let state = row.state.as_str_name();
                return Err(Error::new(
                    Code::FailedPrecondition,
                    format!(
                        "stream {} is in state {state} at position {}, before {}: {}",
                        row.id, row.pos, request.position, row.message
                    ),
                ));
            }
            match saved {
                Some(saved) => drop(tokio::time::timeout(LOOK_EVERY, saved).await),
                None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    };
    match tokio::time::timeout(call.patience(WAIT_MAX), waiting).await {
        Ok(ended) => ended,
        Err(_) => Err(Error::new(
            Code::DeadlineExceeded,
            format!("stream {} has not come to position {} in time", request.id, request.position),
        )),
    }
}

/// Tells whether the account that applies streams may do so.
pub(super) async fn validate_permissions(
    core: &Arc<Core>,
    _: ValidateVReplicationPermissionsRequest,
    _: Call,
) -> Result<ValidateVReplicationPermissionsResponse> {
    let user = core.db.config().filtered.user.clone();
    let table = format!("{}.vreplication", crate::db::quote_name(&core.sidecar.load()));
    let trying = async {
        let mut conn = core.db.connect(Role::Filtered, None).await?;
        // Rights are looked at whether rows are found or not.
        for sql in [
            format!("select 1 from {table} where 1 = 0"),
            format!("insert into {table} select * from {table} where 1 = 0"),
            format!("update {table} set message = '' where 1 = 0"),
            format!("delete from {table} where 1 = 0"),
        ] {
            conn.query(sql, 1).await?;
        }
        Ok::<(), Error>(())
    };
    let refused = match trying.await {
        Ok(()) => None,
        // Denied: the account, the database, the table, a column, a right.
        Err(error) if matches!(error.errno(), 1044 | 1045 | 1142 | 1143 | 1227 | 1698) => {
            Some(error.message().to_owned())
        }
        Err(error) => return Err(error),
    };
    let ok = refused.is_none();
    Ok(ValidateVReplicationPermissionsResponse { user, ok, error: refused.unwrap_or_default() })
}
