//! Calls of a tablet's manager: each with a limit, each error with the tablet's name.

use std::future::Future;
use std::time::Duration;

use futures::StreamExt;
use tonic::transport::Channel;
use vt_base::{Code, Error, Result, TabletAlias};
use vt_proto::tabletmanagerdata::*;
use vt_rpc::dial::grpc_address;
use vt_rpc::tabletmanagerservice::tablet_manager_client::TabletManagerClient;
use vt_topo::TabletRecord;

/// Runs calls at once, `limit` of them at a time; the results come as they end.
pub fn all<F: Future, I: IntoIterator<Item = F>>(
    limit: usize,
    calls: I,
) -> impl Future<Output = Vec<F::Output>> + use<F, I> {
    // Collected first, so that the stream holds futures and no borrowing closure.
    let calls: Vec<F> = calls.into_iter().collect();
    async move { futures::stream::iter(calls).buffer_unordered(limit.max(1)).collect().await }
}

/// A tablet, and a way to its manager.
#[derive(Clone)]
pub struct Tablet {
    pub record: TabletRecord,
    client: TabletManagerClient<Channel>,
    timeout: Duration,
}

impl Tablet {
    pub fn new(
        record: TabletRecord,
        client: TabletManagerClient<Channel>,
        timeout: Duration,
    ) -> Tablet {
        Tablet { record, client, timeout }
    }

    pub fn alias(&self) -> TabletAlias {
        self.record.alias()
    }

    /// Returns the same way with another limit for each call.
    pub fn within(&self, timeout: Duration) -> Tablet {
        Tablet { timeout, ..self.clone() }
    }

    /// Says which call failed, on which tablet, and why as far as it can be told.
    fn failed(&self, verb: &str, status: &tonic::Status) -> Error {
        let alias = self.alias();
        let reason = deepest_reason(status);
        if reason.is_some()
            && matches!(status.code(), tonic::Code::Cancelled | tonic::Code::DeadlineExceeded)
        {
            // Our own end gave the call up.
            return self.too_late(verb);
        }
        let error = vt_rpc::status::from_status(status);
        if let Some(reason) = reason {
            let address = grpc_address(&self.record.message).unwrap_or_default();
            return Error::new(
                Code::Unavailable,
                format!("cannot reach tablet {alias} at {address}: {reason}"),
            );
        }
        error.context(format!("TabletManager.{verb} on {alias} error"))
    }

    fn too_late(&self, verb: &str) -> Error {
        Error::new(
            Code::DeadlineExceeded,
            format!(
                "TabletManager.{verb} on {} error: no answer within {:?}",
                self.alias(),
                self.timeout
            ),
        )
    }
}

/// Returns the innermost cause of a call that never reached the tablet, "Connection refused" say.
fn deepest_reason(status: &tonic::Status) -> Option<String> {
    let mut cause: &dyn std::error::Error = std::error::Error::source(status)?;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Some(cause.to_string())
}

/// What a tablet tells of a restore, as it comes. The tablet brings it to its end also when nobody
/// listens any more.
pub struct RestoreEvents {
    tablet: Tablet,
    stream: tonic::Streaming<RestoreFromBackupResponse>,
}

impl RestoreEvents {
    /// Waits for the next event; `None` when the restore has ended well.
    pub async fn next(&mut self) -> Result<Option<RestoreFromBackupResponse>> {
        self.stream.message().await.map_err(|status| self.tablet.failed(RESTORE, &status))
    }
}

const RESTORE: &str = "RestoreFromBackup";

impl Tablet {
    /// Has the tablet's data replaced; it may take as long as it takes.
    pub async fn restore_from_backup(
        &self,
        request: RestoreFromBackupRequest,
    ) -> Result<RestoreEvents> {
        let mut client = self.client.clone();
        match tokio::time::timeout(self.timeout, client.restore_from_backup(request)).await {
            Ok(Ok(reply)) => Ok(RestoreEvents { tablet: self.clone(), stream: reply.into_inner() }),
            Ok(Err(status)) => Err(self.failed(RESTORE, &status)),
            Err(_elapsed) => Err(self.too_late(RESTORE)),
        }
    }
}

/// Makes a method of each call: the limit goes along, so that the tablet stops in time too.
macro_rules! verbs {
    ($($method:ident($request:ident) -> $reply:ident, $verb:literal;)*) => {
        impl Tablet {
            $(
                pub async fn $method(&self, request: $request) -> Result<$reply> {
                    let mut client = self.client.clone();
                    let mut request = tonic::Request::new(request);
                    request.set_timeout(self.timeout);
                    match tokio::time::timeout(self.timeout, client.$method(request)).await {
                        Ok(Ok(reply)) => Ok(reply.into_inner()),
                        Ok(Err(status)) => Err(self.failed($verb, &status)),
                        Err(_elapsed) => Err(self.too_late($verb)),
                    }
                }
            )*
        }
    };
}

verbs! {
    change_tags(ChangeTagsRequest) -> ChangeTagsResponse, "ChangeTags";
    change_type(ChangeTypeRequest) -> ChangeTypeResponse, "ChangeType";
    create_v_replication_workflow(CreateVReplicationWorkflowRequest) -> CreateVReplicationWorkflowResponse, "CreateVReplicationWorkflow";
    delete_table_data(DeleteTableDataRequest) -> DeleteTableDataResponse, "DeleteTableData";
    delete_v_replication_workflow(DeleteVReplicationWorkflowRequest) -> DeleteVReplicationWorkflowResponse, "DeleteVReplicationWorkflow";
    check_throttler(CheckThrottlerRequest) -> CheckThrottlerResponse, "CheckThrottler";
    demote_primary(DemotePrimaryRequest) -> DemotePrimaryResponse, "DemotePrimary";
    execute_fetch_as_app(ExecuteFetchAsAppRequest) -> ExecuteFetchAsAppResponse, "ExecuteFetchAsApp";
    execute_fetch_as_dba(ExecuteFetchAsDbaRequest) -> ExecuteFetchAsDbaResponse, "ExecuteFetchAsDba";
    execute_hook(ExecuteHookRequest) -> ExecuteHookResponse, "ExecuteHook";
    execute_multi_fetch_as_dba(ExecuteMultiFetchAsDbaRequest) -> ExecuteMultiFetchAsDbaResponse, "ExecuteMultiFetchAsDba";
    full_status(FullStatusRequest) -> FullStatusResponse, "FullStatus";
    get_max_value_for_sequences(GetMaxValueForSequencesRequest) -> GetMaxValueForSequencesResponse, "GetMaxValueForSequences";
    get_permissions(GetPermissionsRequest) -> GetPermissionsResponse, "GetPermissions";
    get_schema(GetSchemaRequest) -> GetSchemaResponse, "GetSchema";
    has_v_replication_workflows(HasVReplicationWorkflowsRequest) -> HasVReplicationWorkflowsResponse, "HasVReplicationWorkflows";
    get_throttler_status(GetThrottlerStatusRequest) -> GetThrottlerStatusResponse, "GetThrottlerStatus";
    init_primary(InitPrimaryRequest) -> InitPrimaryResponse, "InitPrimary";
    ping(PingRequest) -> PingResponse, "Ping";
    populate_reparent_journal(PopulateReparentJournalRequest) -> PopulateReparentJournalResponse, "PopulateReparentJournal";
    preflight_schema(PreflightSchemaRequest) -> PreflightSchemaResponse, "PreflightSchema";
    primary_position(PrimaryPositionRequest) -> PrimaryPositionResponse, "PrimaryPosition";
    promote_replica(PromoteReplicaRequest) -> PromoteReplicaResponse, "PromoteReplica";
    read_v_replication_workflow(ReadVReplicationWorkflowRequest) -> ReadVReplicationWorkflowResponse, "ReadVReplicationWorkflow";
    read_v_replication_workflows(ReadVReplicationWorkflowsRequest) -> ReadVReplicationWorkflowsResponse, "ReadVReplicationWorkflows";
    refresh_state(RefreshStateRequest) -> RefreshStateResponse, "RefreshState";
    reload_schema(ReloadSchemaRequest) -> ReloadSchemaResponse, "ReloadSchema";
    replication_status(ReplicationStatusRequest) -> ReplicationStatusResponse, "ReplicationStatus";
    reset_replication_parameters(ResetReplicationParametersRequest) -> ResetReplicationParametersResponse, "ResetReplicationParameters";
    reset_sequences(ResetSequencesRequest) -> ResetSequencesResponse, "ResetSequences";
    restart_replication(RestartReplicationRequest) -> RestartReplicationResponse, "RestartReplication";
    run_health_check(RunHealthCheckRequest) -> RunHealthCheckResponse, "RunHealthCheck";
    set_read_only(SetReadOnlyRequest) -> SetReadOnlyResponse, "SetReadOnly";
    set_read_write(SetReadWriteRequest) -> SetReadWriteResponse, "SetReadWrite";
    set_replication_source(SetReplicationSourceRequest) -> SetReplicationSourceResponse, "SetReplicationSource";
    sleep(SleepRequest) -> SleepResponse, "Sleep";
    start_replication(StartReplicationRequest) -> StartReplicationResponse, "StartReplication";
    stop_replication(StopReplicationRequest) -> StopReplicationResponse, "StopReplication";
    stop_replication_and_get_status(StopReplicationAndGetStatusRequest) -> StopReplicationAndGetStatusResponse, "StopReplicationAndGetStatus";
    undo_demote_primary(UndoDemotePrimaryRequest) -> UndoDemotePrimaryResponse, "UndoDemotePrimary";
    update_sequence_tables(UpdateSequenceTablesRequest) -> UpdateSequenceTablesResponse, "UpdateSequenceTables";
    update_v_replication_workflow(UpdateVReplicationWorkflowRequest) -> UpdateVReplicationWorkflowResponse, "UpdateVReplicationWorkflow";
    update_v_replication_workflows(UpdateVReplicationWorkflowsRequest) -> UpdateVReplicationWorkflowsResponse, "UpdateVReplicationWorkflows";
    v_diff(VDiffRequest) -> VDiffResponse, "VDiff";
    v_replication_exec(VReplicationExecRequest) -> VReplicationExecResponse, "VReplicationExec";
    v_replication_wait_for_pos(VReplicationWaitForPosRequest) -> VReplicationWaitForPosResponse, "VReplicationWaitForPos";
    validate_v_replication_permissions(ValidateVReplicationPermissionsRequest) -> ValidateVReplicationPermissionsResponse, "ValidateVReplicationPermissions";
    wait_for_position(WaitForPositionRequest) -> WaitForPositionResponse, "WaitForPosition";
}
