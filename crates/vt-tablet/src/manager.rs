//! The manager: what the cluster's control asks of a tablet, verb by verb.
//!
//! A verb that changes the server or the role runs to its end even if the one who asked goes away;
//! such verbs take the action lock, and so one another's turn.

mod basic;
mod execute;
mod hooks;
mod permissions;
mod reparent;
mod replication;
mod restore;
mod schema;
mod sequences;
mod status;
mod table_data;
mod throttler;
pub(crate) mod vdiff;
mod vreplication;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::{Request, Response, Status};
use vt_base::{Code, Error, Result};
use vt_proto::tabletmanagerdata as proto;
use vt_rpc::server::deadline_of;
use vt_rpc::status::to_status;
use vt_rpc::tabletmanagerservice::tablet_manager_server::{TabletManager, TabletManagerServer};

use crate::core::Core;

/// The manager of a tablet, over gRPC.
pub struct Manager {
    core: Arc<Core>,
}

/// Makes the gRPC service of a tablet's manager.
pub fn server(core: Arc<Core>, message_bytes_max: usize) -> TabletManagerServer<Manager> {
    TabletManagerServer::new(Manager { core })
        .max_decoding_message_size(message_bytes_max)
        .max_encoding_message_size(message_bytes_max)
}

/// What a call says besides its request.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    deadline: Option<Instant>,
}

impl Call {
    /// Returns how long the verb may wait: what the caller waits, or `default`.
    fn patience(self, default: Duration) -> Duration {
        match self.deadline {
            Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            None => default,
        }
    }
}

impl Manager {
    /// Runs a verb to its end, whether the caller waits for it or not.
    async fn to_its_end<T: Send + 'static>(
        &self,
        name: &'static str,
        verb: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.core.tasks.spawn(name, async move {
            let result = verb.await;
            if let Err(error) = &result {
                tracing::warn!(verb = name, %error, "verb failed");
            }
            // The caller may have gone.
            drop(sender.send(result));
        });
        match receiver.await {
            Ok(result) => result,
            Err(_) => Err(Error::new(Code::Internal, format!("{name} ended without a result"))),
        }
    }
}

fn later(verb: &str) -> Status {
    Status::unimplemented(format!("{verb} is not implemented by this tablet"))
}

/// Makes the gRPC methods of the verbs: those that only look, those that run to their end, and
/// those that are not there yet.
macro_rules! verbs {
    (
        looking { $($look:ident: $look_request:ident => $look_reply:ident = $look_verb:path;)* }
        acting { $($act:ident: $act_request:ident => $act_reply:ident = $act_verb:path;)* }
        missing { $($miss:ident: $miss_request:ident => $miss_reply:ident = $miss_name:literal;)* }
    ) => {
        #[tonic::async_trait]
        impl TabletManager for Manager {
            $(async fn $look(
                &self,
                request: Request<proto::$look_request>,
            ) -> Result<Response<proto::$look_reply>, Status> {
                let call = Call { deadline: deadline_of(request.metadata()) };
                let reply = $look_verb(&self.core, request.into_inner(), call).await;
                reply.map(Response::new).map_err(|error| to_status(&error))
            })*

            $(async fn $act(
                &self,
                request: Request<proto::$act_request>,
            ) -> Result<Response<proto::$act_reply>, Status> {
                let call = Call { deadline: deadline_of(request.metadata()) };
                let core = self.core.clone();
                let verb = async move { $act_verb(&core, request.into_inner(), call).await };
                let reply = self.to_its_end(stringify!($act), verb).await;
                reply.map(Response::new).map_err(|error| to_status(&error))
            })*

            async fn restore_from_backup(
                &self,
                request: Request<proto::RestoreFromBackupRequest>,
            ) -> Result<Response<tonic::codegen::BoxStream<proto::RestoreFromBackupResponse>>, Status>
            {
                let events = restore::begin(&self.core, request.into_inner());
                Ok(Response::new(Box::pin(events)))
            }

            $(async fn $miss(
                &self,
                _: Request<proto::$miss_request>,
            ) -> Result<Response<proto::$miss_reply>, Status> {
                Err(later($miss_name))
            })*
        }
    };
}

verbs! {
    looking {
        ping: PingRequest => PingResponse = basic::ping;
        sleep: SleepRequest => SleepResponse = basic::sleep;
        execute_hook: ExecuteHookRequest => ExecuteHookResponse = hooks::execute;
        get_schema: GetSchemaRequest => GetSchemaResponse = schema::get;
        get_permissions: GetPermissionsRequest => GetPermissionsResponse = permissions::get;
        get_global_status_vars: GetGlobalStatusVarsRequest => GetGlobalStatusVarsResponse
            = status::global_status_vars;
        run_health_check: RunHealthCheckRequest => RunHealthCheckResponse = basic::run_health_check;
        mysql_host_metrics: MysqlHostMetricsRequest => MysqlHostMetricsResponse
            = status::host_metrics;
        replication_status: ReplicationStatusRequest => ReplicationStatusResponse
            = status::replication;
        primary_status: PrimaryStatusRequest => PrimaryStatusResponse = status::primary;
        primary_position: PrimaryPositionRequest => PrimaryPositionResponse
            = status::primary_position;
        full_status: FullStatusRequest => FullStatusResponse = status::full;
        wait_for_position: WaitForPositionRequest => WaitForPositionResponse
            = replication::wait_for_position;
        get_replicas: GetReplicasRequest => GetReplicasResponse = status::replicas;
        read_reparent_journal_info: ReadReparentJournalInfoRequest
            => ReadReparentJournalInfoResponse = reparent::read_journal;
        execute_query: ExecuteQueryRequest => ExecuteQueryResponse = execute::query;
        get_max_value_for_sequences: GetMaxValueForSequencesRequest
            => GetMaxValueForSequencesResponse = sequences::max_values;
        has_v_replication_workflows: HasVReplicationWorkflowsRequest
            => HasVReplicationWorkflowsResponse = status::has_workflows;
        read_v_replication_workflow: ReadVReplicationWorkflowRequest
            => ReadVReplicationWorkflowResponse = vreplication::read;
        read_v_replication_workflows: ReadVReplicationWorkflowsRequest
            => ReadVReplicationWorkflowsResponse = vreplication::read_many;
        validate_v_replication_permissions: ValidateVReplicationPermissionsRequest
            => ValidateVReplicationPermissionsResponse = vreplication::validate_permissions;
        v_replication_wait_for_pos: VReplicationWaitForPosRequest
            => VReplicationWaitForPosResponse = vreplication::wait_for_pos;
        check_throttler: CheckThrottlerRequest => CheckThrottlerResponse = throttler::check;
        get_throttler_status: GetThrottlerStatusRequest => GetThrottlerStatusResponse
            = throttler::status;
    }
    acting {
        create_v_replication_workflow: CreateVReplicationWorkflowRequest
            => CreateVReplicationWorkflowResponse = vreplication::create;
        delete_v_replication_workflow: DeleteVReplicationWorkflowRequest
            => DeleteVReplicationWorkflowResponse = vreplication::delete;
        update_v_replication_workflow: UpdateVReplicationWorkflowRequest
            => UpdateVReplicationWorkflowResponse = vreplication::update;
        update_v_replication_workflows: UpdateVReplicationWorkflowsRequest
            => UpdateVReplicationWorkflowsResponse = vreplication::update_many;
        v_replication_exec: VReplicationExecRequest => VReplicationExecResponse
            = vreplication::execute;
        update_sequence_tables: UpdateSequenceTablesRequest => UpdateSequenceTablesResponse
            = sequences::update;
        delete_table_data: DeleteTableDataRequest => DeleteTableDataResponse = table_data::delete;
        set_read_only: SetReadOnlyRequest => SetReadOnlyResponse = replication::set_read_only;
        set_read_write: SetReadWriteRequest => SetReadWriteResponse = replication::set_read_write;
        change_tags: ChangeTagsRequest => ChangeTagsResponse = basic::change_tags;
        change_type: ChangeTypeRequest => ChangeTypeResponse = reparent::change_type;
        refresh_state: RefreshStateRequest => RefreshStateResponse = basic::refresh_state;
        reload_schema: ReloadSchemaRequest => ReloadSchemaResponse = schema::reload;
        preflight_schema: PreflightSchemaRequest => PreflightSchemaResponse = schema::preflight;
        apply_schema: ApplySchemaRequest => ApplySchemaResponse = schema::apply;
        reset_sequences: ResetSequencesRequest => ResetSequencesResponse = basic::reset_sequences;
        lock_tables: LockTablesRequest => LockTablesResponse = execute::lock_tables;
        unlock_tables: UnlockTablesRequest => UnlockTablesResponse = execute::unlock_tables;
        execute_fetch_as_dba: ExecuteFetchAsDbaRequest => ExecuteFetchAsDbaResponse = execute::dba;
        execute_multi_fetch_as_dba: ExecuteMultiFetchAsDbaRequest
            => ExecuteMultiFetchAsDbaResponse = execute::multi_dba;
        execute_fetch_as_all_privs: ExecuteFetchAsAllPrivsRequest
            => ExecuteFetchAsAllPrivsResponse = execute::all_privs;
        execute_fetch_as_app: ExecuteFetchAsAppRequest => ExecuteFetchAsAppResponse = execute::app;
        stop_replication: StopReplicationRequest => StopReplicationResponse = replication::stop;
        stop_replication_minimum: StopReplicationMinimumRequest
            => StopReplicationMinimumResponse = replication::stop_minimum;
        start_replication: StartReplicationRequest => StartReplicationResponse
            = replication::start;
        restart_replication: RestartReplicationRequest => RestartReplicationResponse
            = replication::restart;
        start_replication_until_after: StartReplicationUntilAfterRequest
            => StartReplicationUntilAfterResponse = replication::start_until_after;
        reset_replication: ResetReplicationRequest => ResetReplicationResponse
            = replication::reset;
        reset_replication_parameters: ResetReplicationParametersRequest
            => ResetReplicationParametersResponse = replication::reset_parameters;
        stop_replication_and_get_status: StopReplicationAndGetStatusRequest
            => StopReplicationAndGetStatusResponse = replication::stop_and_get_status;
        init_primary: InitPrimaryRequest => InitPrimaryResponse = reparent::init_primary;
        init_replica: InitReplicaRequest => InitReplicaResponse = reparent::init_replica;
        populate_reparent_journal: PopulateReparentJournalRequest
            => PopulateReparentJournalResponse = reparent::populate_journal;
        demote_primary: DemotePrimaryRequest => DemotePrimaryResponse = reparent::demote_primary;
        undo_demote_primary: UndoDemotePrimaryRequest => UndoDemotePrimaryResponse
            = reparent::undo_demote_primary;
        promote_replica: PromoteReplicaRequest => PromoteReplicaResponse
            = reparent::promote_replica;
        replica_was_promoted: ReplicaWasPromotedRequest => ReplicaWasPromotedResponse
            = reparent::replica_was_promoted;
        replica_was_restarted: ReplicaWasRestartedRequest => ReplicaWasRestartedResponse
            = reparent::replica_was_restarted;
        set_replication_source: SetReplicationSourceRequest => SetReplicationSourceResponse
            = reparent::set_replication_source;
        v_diff: VDiffRequest => VDiffResponse = vdiff::act;
    }
    missing {
        get_unresolved_transactions: GetUnresolvedTransactionsRequest
            => GetUnresolvedTransactionsResponse = "GetUnresolvedTransactions";
        read_transaction: ReadTransactionRequest => ReadTransactionResponse = "ReadTransaction";
        get_transaction_info: GetTransactionInfoRequest => GetTransactionInfoResponse
            = "GetTransactionInfo";
        conclude_transaction: ConcludeTransactionRequest => ConcludeTransactionResponse
            = "ConcludeTransaction";
    }
}
