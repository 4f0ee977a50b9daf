//! The manager of a pretended tablet.

mod state;

use std::sync::Arc;
use std::time::Duration;

use tonic::{Request, Response, Status};
use vt_base::gtid::Position;
use vt_base::{TabletAlias, TabletType};
use vt_proto::tabletmanagerdata::*;
use vt_proto::{query, replicationdata};
use vt_rpc::status::to_status;
use vt_rpc::tabletmanagerservice::tablet_manager_server::TabletManager;

use super::{World, replicate};

/// How long a write waits for an acknowledgement, or a replica for its source.
const PATIENCE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(5);

pub(super) struct FakeManager {
    pub(super) alias: TabletAlias,
    pub(super) world: Arc<World>,
}

type Reply<T> = Result<Response<T>, Status>;

fn reply<T>(message: T) -> Reply<T> {
    Ok(Response::new(message))
}

#[tonic::async_trait]
impl TabletManager for FakeManager {
    async fn ping(&self, request: Request<PingRequest>) -> Reply<PingResponse> {
        self.begin("Ping")?;
        reply(PingResponse { payload: request.into_inner().payload })
    }

    async fn full_status(&self, _: Request<FullStatusRequest>) -> Reply<FullStatusResponse> {
        self.begin("FullStatus")?;
        let position = self.position();
        let replication_status = self.status();
        let read_only = self.with(|mysql| mysql.read_only);
        let status = replicationdata::FullStatus {
            server_id: self.alias.uid,
            replication_status,
            primary_status: Some(replicationdata::PrimaryStatus { position, ..Default::default() }),
            read_only,
            super_read_only: read_only,
            ..Default::default()
        };
        reply(FullStatusResponse { status: Some(status) })
    }

    async fn replication_status(
        &self,
        _: Request<ReplicationStatusRequest>,
    ) -> Reply<ReplicationStatusResponse> {
        self.begin("ReplicationStatus")?;
        match self.status() {
            Some(status) => reply(ReplicationStatusResponse { status: Some(status) }),
            None => Err(Status::failed_precondition("no replication status")),
        }
    }

    async fn primary_position(
        &self,
        _: Request<PrimaryPositionRequest>,
    ) -> Reply<PrimaryPositionResponse> {
        self.begin("PrimaryPosition")?;
        reply(PrimaryPositionResponse { position: self.position() })
    }

    async fn wait_for_position(
        &self,
        request: Request<WaitForPositionRequest>,
    ) -> Reply<WaitForPositionResponse> {
        self.begin("WaitForPosition")?;
        let wanted: Position =
            request.into_inner().position.parse().map_err(|err| to_status(&err))?;
        let reached = self.with(|mysql| {
            // The applier goes on though the receiver is stopped.
            mysql.executed = mysql.executed.union(&mysql.relayed);
            mysql.executed.contains(&wanted.gtid_set)
        });
        match reached {
            true => reply(WaitForPositionResponse {}),
            false => Err(Status::deadline_exceeded("the position was not reached")),
        }
    }

    async fn demote_primary(
        &self,
        _: Request<DemotePrimaryRequest>,
    ) -> Reply<DemotePrimaryResponse> {
        self.begin("DemotePrimary")?;
        self.with(|mysql| mysql.read_only = true);
        let position = self.position();
        let status = replicationdata::PrimaryStatus { position, ..Default::default() };
        reply(DemotePrimaryResponse { primary_status: Some(status) })
    }

    async fn undo_demote_primary(
        &self,
        _: Request<UndoDemotePrimaryRequest>,
    ) -> Reply<UndoDemotePrimaryResponse> {
        self.begin("UndoDemotePrimary")?;
        self.with(|mysql| mysql.read_only = false);
        reply(UndoDemotePrimaryResponse {})
    }

    async fn init_primary(
        &self,
        request: Request<InitPrimaryRequest>,
    ) -> Reply<InitPrimaryResponse> {
        self.begin("InitPrimary")?;
        let position = self.become_primary(request.into_inner().semi_sync).await?;
        reply(InitPrimaryResponse { position })
    }

    async fn promote_replica(
        &self,
        request: Request<PromoteReplicaRequest>,
    ) -> Reply<PromoteReplicaResponse> {
        self.begin("PromoteReplica")?;
        let position = self.become_primary(request.into_inner().semi_sync).await?;
        reply(PromoteReplicaResponse { position })
    }

    async fn set_replication_source(
        &self,
        request: Request<SetReplicationSourceRequest>,
    ) -> Reply<SetReplicationSourceResponse> {
        self.begin("SetReplicationSource")?;
        let request = request.into_inner();
        let was_primary = self.with(|mysql| {
            let was_primary = mysql.source.is_none();
            mysql.source = request.parent.as_ref().map(TabletAlias::from);
            mysql.acks = request.semi_sync;
            mysql.waits = false;
            mysql.read_only = true;
            mysql.replicating |= was_primary || request.force_start_replication;
            was_primary
        });
        replicate(&mut self.world.servers.lock());
        let record = self.world.topo.get_tablet(&self.alias).await;
        if was_primary && record.is_ok_and(|one| one.is_primary()) {
            let changed = self.world.set_type(&self.alias, TabletType::Replica).await;
            changed.map_err(|err| to_status(&err))?;
        }
        reply(SetReplicationSourceResponse {})
    }

    async fn populate_reparent_journal(
        &self,
        request: Request<PopulateReparentJournalRequest>,
    ) -> Reply<PopulateReparentJournalResponse> {
        self.begin("PopulateReparentJournal")?;
        self.acknowledged().await?;
        self.world.commit(&self.alias);
        let action = request.into_inner().action_name;
        self.with(|mysql| mysql.journal.push(action));
        reply(PopulateReparentJournalResponse {})
    }

    async fn stop_replication_and_get_status(
        &self,
        _: Request<StopReplicationAndGetStatusRequest>,
    ) -> Reply<StopReplicationAndGetStatusResponse> {
        self.begin("StopReplicationAndGetStatus")?;
        let Some(after) = self.status() else {
            return Err(Status::failed_precondition("no replication status"));
        };
        self.with(|mysql| mysql.replicating = false);
        let status = replicationdata::StopReplicationStatus { before: None, after: Some(after) };
        reply(StopReplicationAndGetStatusResponse { status: Some(status) })
    }

    async fn start_replication(
        &self,
        request: Request<StartReplicationRequest>,
    ) -> Reply<StartReplicationResponse> {
        self.begin("StartReplication")?;
        let acks = request.into_inner().semi_sync;
        self.with(|mysql| {
            mysql.replicating = true;
            mysql.acks = acks;
        });
        reply(StartReplicationResponse {})
    }

    async fn stop_replication(
        &self,
        _: Request<StopReplicationRequest>,
    ) -> Reply<StopReplicationResponse> {
        self.begin("StopReplication")?;
        self.with(|mysql| mysql.replicating = false);
        reply(StopReplicationResponse {})
    }

    async fn change_type(&self, request: Request<ChangeTypeRequest>) -> Reply<ChangeTypeResponse> {
        self.begin("ChangeType")?;
        let tablet_type = TabletType::from_i32(request.into_inner().tablet_type);
        let changed = self.world.set_type(&self.alias, tablet_type).await;
        changed.map_err(|err| to_status(&err))?;
        reply(ChangeTypeResponse {})
    }

    async fn change_tags(&self, request: Request<ChangeTagsRequest>) -> Reply<ChangeTagsResponse> {
        self.begin("ChangeTags")?;
        let request = request.into_inner();
        let changed = self.world.topo.update_tablet_fields(&self.alias, |tablet| {
            if request.replace {
                tablet.tags.clear();
            }
            tablet.tags.extend(request.tags.clone());
            tablet.tags.retain(|_, value| !value.is_empty());
            Ok(())
        });
        let record = changed.await.map_err(|err| to_status(&err.into()))?;
        reply(ChangeTagsResponse { tags: record.message.tags })
    }

    async fn set_read_write(&self, _: Request<SetReadWriteRequest>) -> Reply<SetReadWriteResponse> {
        self.begin("SetReadWrite")?;
        self.with(|mysql| mysql.read_only = false);
        reply(SetReadWriteResponse {})
    }

    async fn set_read_only(&self, _: Request<SetReadOnlyRequest>) -> Reply<SetReadOnlyResponse> {
        self.begin("SetReadOnly")?;
        self.with(|mysql| mysql.read_only = true);
        reply(SetReadOnlyResponse {})
    }

    async fn refresh_state(&self, _: Request<RefreshStateRequest>) -> Reply<RefreshStateResponse> {
        self.begin("RefreshState")?;
        reply(RefreshStateResponse {})
    }

    async fn run_health_check(
        &self,
        _: Request<RunHealthCheckRequest>,
    ) -> Reply<RunHealthCheckResponse> {
        self.begin("RunHealthCheck")?;
        reply(RunHealthCheckResponse {})
    }

    async fn reload_schema(&self, _: Request<ReloadSchemaRequest>) -> Reply<ReloadSchemaResponse> {
        self.begin("ReloadSchema")?;
        reply(ReloadSchemaResponse {})
    }

    async fn get_schema(&self, _: Request<GetSchemaRequest>) -> Reply<GetSchemaResponse> {
        self.begin("GetSchema")?;
        let table_definitions = self.with(|mysql| mysql.tables.clone());
        let schema = SchemaDefinition {
            database_schema: "CREATE DATABASE `{{.DatabaseName}}`".to_owned(),
            table_definitions,
        };
        reply(GetSchemaResponse { schema_definition: Some(schema) })
    }

    /// Answers `select` with one row; keeps the name and text of each table that is made.
    async fn execute_fetch_as_dba(
        &self,
        request: Request<ExecuteFetchAsDbaRequest>,
    ) -> Reply<ExecuteFetchAsDbaResponse> {
        self.begin("ExecuteFetchAsDba")?;
        let sql = String::from_utf8_lossy(&request.into_inner().query).into_owned();
        if sql.starts_with("select") && sql.contains("resharding_journal") {
            let result = self.with(|mysql| mysql.journaled(&sql));
            return reply(ExecuteFetchAsDbaResponse { result: Some(result) });
        }
        if let Some(rows) = self.with(|mysql| mysql.answer(&sql)) {
            return reply(ExecuteFetchAsDbaResponse { result: Some(rows) });
        }
        if sql.starts_with("select") {
            let field = |name: &str| query::Field { name: name.to_owned(), ..Default::default() };
            let result = query::QueryResult {
                fields: vec![field("customer_id"), field("email")],
                rows: vec![query::Row { lengths: vec![1, -1], values: b"4".to_vec().into() }],
                ..Default::default()
            };
            return reply(ExecuteFetchAsDbaResponse { result: Some(result) });
        }
        self.with(|mysql| {
            mysql.define(&sql);
            mysql.statements.push(sql);
        });
        self.world.commit(&self.alias);
        let result = query::QueryResult { rows_affected: 1, ..Default::default() };
        reply(ExecuteFetchAsDbaResponse { result: Some(result) })
    }

    async fn execute_hook(
        &self,
        request: Request<ExecuteHookRequest>,
    ) -> Reply<ExecuteHookResponse> {
        self.begin("ExecuteHook")?;
        let request = request.into_inner();
        let stdout = format!("{} {}", request.name, request.parameters.join(" "));
        reply(ExecuteHookResponse { stdout, ..Default::default() })
    }

    async fn create_v_replication_workflow(
        &self,
        request: Request<CreateVReplicationWorkflowRequest>,
    ) -> Reply<CreateVReplicationWorkflowResponse> {
        self.begin("CreateVReplicationWorkflow")?;
        let record = self.world.topo.get_tablet(&self.alias).await;
        let keyspace = record.map_err(|err| to_status(&err.into()))?.message.keyspace;
        reply(self.with(|mysql| mysql.create_workflow(request.into_inner(), &keyspace)))
    }

    async fn delete_v_replication_workflow(
        &self,
        request: Request<DeleteVReplicationWorkflowRequest>,
    ) -> Reply<DeleteVReplicationWorkflowResponse> {
        self.begin("DeleteVReplicationWorkflow")?;
        reply(self.with(|mysql| mysql.delete_workflow(&request.into_inner())))
    }

    async fn read_v_replication_workflows(
        &self,
        request: Request<ReadVReplicationWorkflowsRequest>,
    ) -> Reply<ReadVReplicationWorkflowsResponse> {
        self.begin("ReadVReplicationWorkflows")?;
        reply(self.with(|mysql| mysql.read_workflows(&request.into_inner())))
    }

    async fn read_v_replication_workflow(
        &self,
        request: Request<ReadVReplicationWorkflowRequest>,
    ) -> Reply<ReadVReplicationWorkflowResponse> {
        self.begin("ReadVReplicationWorkflow")?;
        let request = ReadVReplicationWorkflowsRequest {
            include_workflows: vec![request.into_inner().workflow],
            ..Default::default()
        };
        let mut found = self.with(|mysql| mysql.read_workflows(&request)).workflows;
        reply(found.pop().unwrap_or_default())
    }

    /// A stream that runs is wherever it is wanted; one that does not is nowhere.
    async fn v_replication_wait_for_pos(
        &self,
        request: Request<VReplicationWaitForPosRequest>,
    ) -> Reply<VReplicationWaitForPosResponse> {
        self.begin("VReplicationWaitForPos")?;
        match self.with(|mysql| mysql.stream_runs(request.into_inner().id)) {
            true => reply(VReplicationWaitForPosResponse {}),
            false => Err(Status::failed_precondition("the stream does not run")),
        }
    }

    async fn execute_multi_fetch_as_dba(
        &self,
        request: Request<ExecuteMultiFetchAsDbaRequest>,
    ) -> Reply<ExecuteMultiFetchAsDbaResponse> {
        self.begin("ExecuteMultiFetchAsDba")?;
        let sql = String::from_utf8_lossy(&request.into_inner().sql).into_owned();
        self.with(|mysql| mysql.statements.push(sql));
        reply(ExecuteMultiFetchAsDbaResponse::default())
    }

    async fn reset_sequences(
        &self,
        _: Request<ResetSequencesRequest>,
    ) -> Reply<ResetSequencesResponse> {
        self.begin("ResetSequences")?;
        reply(ResetSequencesResponse {})
    }

    async fn update_v_replication_workflow(
        &self,
        request: Request<UpdateVReplicationWorkflowRequest>,
    ) -> Reply<UpdateVReplicationWorkflowResponse> {
        self.begin("UpdateVReplicationWorkflow")?;
        reply(self.with(|mysql| mysql.update_workflow(&request.into_inner())))
    }

    async fn v_replication_exec(
        &self,
        request: Request<VReplicationExecRequest>,
    ) -> Reply<VReplicationExecResponse> {
        self.begin("VReplicationExec")?;
        reply(self.with(|mysql| mysql.vreplication_exec(&request.into_inner().query)))
    }

    async fn v_diff(&self, request: Request<VDiffRequest>) -> Reply<VDiffResponse> {
        self.begin("VDiff")?;
        let record = self.world.topo.get_tablet(&self.alias).await;
        let shard = record.map_err(|err| to_status(&err.into()))?.message.shard;
        let answer = self.with(|mysql| mysql.vdiff(&shard, request.into_inner()));
        answer.map(Response::new).map_err(Status::not_found)
    }

    async fn validate_v_replication_permissions(
        &self,
        _: Request<ValidateVReplicationPermissionsRequest>,
    ) -> Reply<ValidateVReplicationPermissionsResponse> {
        self.begin("ValidateVReplicationPermissions")?;
        reply(ValidateVReplicationPermissionsResponse {
            user: "vt_filtered".to_owned(),
            ok: true,
            error: String::new(),
        })
    }

    async fn get_permissions(
        &self,
        _: Request<GetPermissionsRequest>,
    ) -> Reply<GetPermissionsResponse> {
        self.begin("GetPermissions")?;
        let user = UserPermission { host: "%".into(), user: "vt_app".into(), ..Default::default() };
        let permissions = Permissions { user_permissions: vec![user], ..Default::default() };
        reply(GetPermissionsResponse { permissions: Some(permissions) })
    }
}
