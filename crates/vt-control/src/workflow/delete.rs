//! WorkflowDelete: gives a workflow up; its streams go, and what they copied.

use vt_base::Result;
use vt_proto::binlogdata::{
    VReplicationWorkflowSubType as SubType, VReplicationWorkflowType as Type,
};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::workflow_delete_response::TabletInfo;
use vt_proto::vtctldata::*;
use vt_reparent::tablets::all;
use vt_workflow::rules::Move;

use super::move_tables::tenant_condition;
use super::rules::sql_name;
use super::snapshot::{ShardEnd, Snapshot};
use super::tables::{read_tables, run_ddl};
use super::update::{no_workflow, proto};
use crate::Control;
use crate::control::refused;

impl Control {
    pub async fn workflow_delete(
        &self,
        request: WorkflowDeleteRequest,
    ) -> Result<WorkflowDeleteResponse> {
        let (keyspace, name) = (&request.keyspace, &request.workflow);
        self.check_keyspace("target", keyspace).await?;
        let Some(found) = Snapshot::find(self, keyspace, name, &request.shards).await? else {
            return Err(no_workflow(keyspace, name));
        };
        if found.frozen {
            return Err(refused(format!(
                "cannot cancel workflow {keyspace}.{name} because its traffic was switched: go back with \
                 reversetraffic, or end it with complete"
            )));
        }
        if !request.ignore_source_keyspace {
            self.free_source(&found).await?;
        }
        match found.workflow_type {
            Type::MoveTables | Type::Migrate => self.give_up_tables(&found, &request).await?,
            Type::Reshard => self.give_up_shards(&found, &request).await?,
            Type::Materialize | Type::CreateLookupIndex | Type::OnlineDdl => {}
        }
        let ends: Vec<&ShardEnd> = found.target.shards.values().collect();
        let deleted = self.delete_streams(name, &ends).await?;
        self.forget_differences(&found).await;
        Ok(WorkflowDeleteResponse {
            summary: format!(
                "Successfully cancelled the {name} workflow in the {keyspace} keyspace"
            ),
            details: deleted
                .into_iter()
                .map(|(alias, deleted)| TabletInfo { tablet: Some(proto(&alias)), deleted })
                .collect(),
        })
    }

    /// Takes back what a move made, unless somebody is sent to it.
    async fn give_up_tables(
        &self,
        found: &Snapshot,
        request: &WorkflowDeleteRequest,
    ) -> Result<()> {
        let of = Move {
            tables: &found.tables,
            source: &found.source.keyspace,
            target: &found.target.keyspace,
        };
        self.check_routes_lead_to_source(of).await?;
        if !request.keep_data && found.options.tenant_id.is_empty() {
            let tables = &found.tables;
            self.drop_tables(found, |name| tables.iter().any(|table| table == name)).await?;
        } else if !request.keep_data {
            self.delete_tenant(found, request.delete_batch_size).await?;
        }
        // The tables of other shards are still on their way by the same rules.
        if self.has_other_parts(found).await? {
            return Ok(());
        }
        let target = &found.target.keyspace;
        let is_sharded = self.vschema_or_empty(&self.cluster, target).await?.sharded;
        if !request.keep_data && !is_sharded {
            // The move said that they are there; a name that two keyspaces have is ambiguous. How
            // a sharded keyspace's tables are sharded its owner has said, and may need again.
            self.forget_tables(target, &found.tables).await?;
        }
        if !request.keep_routing_rules {
            let seen = self.observe_found(found.clone()).await?;
            self.remove_rules(&seen).await?;
        }
        Ok(())
    }

    /// Tells whether the same tables are moved by another workflow, for other shards.
    async fn has_other_parts(&self, found: &Snapshot) -> Result<bool> {
        if found.sub_type != SubType::Partial {
            return Ok(false);
        }
        let request = tm::ReadVReplicationWorkflowsRequest {
            exclude_workflows: vec![found.name.clone()],
            ..Default::default()
        };
        let shards = self.read_workflows(&found.target.keyspace, &[], &request).await?;
        let moves_some = |one: &tm::ReadVReplicationWorkflowResponse| {
            let sources = one.streams.iter().filter_map(|stream| stream.bls.as_ref());
            let mut from_here = sources.filter(|one| one.keyspace == found.source.keyspace);
            one.workflow_sub_type() == SubType::Partial
                && from_here.any(|source| {
                    let rules = source.filter.iter().flat_map(|filter| &filter.rules);
                    rules.into_iter().any(|rule| found.tables.contains(&rule.r#match))
                })
        };
        Ok(shards.iter().flat_map(|shard| &shard.workflows).any(moves_some))
    }

    /// Deletes the rows of the tenant that was to move, batch by batch, after the streams that
    /// write them have stopped.
    async fn delete_tenant(&self, found: &Snapshot, batch_size: i64) -> Result<()> {
        let ends: Vec<&ShardEnd> = found.target.shards.values().collect();
        let stopped = vt_proto::binlogdata::VReplicationWorkflowState::Stopped;
        self.set_streams_state(&found.name, &ends, stopped).await?;
        let keyspace = &found.target.keyspace;
        let vschema = self.vschema_or_empty(&self.cluster, keyspace).await?;
        let Some(condition) = tenant_condition(keyspace, &vschema, &found.options.tenant_id)?
        else {
            return Ok(());
        };
        let filters = found.tables.iter().map(|table| (table.clone(), condition.clone()));
        let request = tm::DeleteTableDataRequest { table_filters: filters.collect(), batch_size };
        let calls = ends.iter().map(async |end| {
            let primary = end.primary.within(self.options.action_timeout);
            primary.delete_table_data(request.clone()).await.map(drop)
        });
        all(self.options.concurrency, calls).await.into_iter().collect()
    }

    /// Takes the tables of shards away that were to be filled, unless they serve.
    async fn give_up_shards(
        &self,
        found: &Snapshot,
        request: &WorkflowDeleteRequest,
    ) -> Result<()> {
        for end in found.target.shards.values() {
            if end.record.is_primary_serving() {
                return Err(refused(format!(
                    "shard {}/{} serves; nothing of it is deleted",
                    end.record.keyspace, end.record.name
                )));
            }
        }
        match request.keep_data {
            true => Ok(()),
            false => self.drop_tables(found, |_| true).await,
        }
    }

    /// Drops tables on the target's primaries, after the streams that write to them have stopped.
    async fn drop_tables(&self, found: &Snapshot, is_ours: impl Fn(&str) -> bool) -> Result<()> {
        let ends: Vec<&ShardEnd> = found.target.shards.values().collect();
        let stopped = vt_proto::binlogdata::VReplicationWorkflowState::Stopped;
        self.set_streams_state(&found.name, &ends, stopped).await?;
        let calls = ends.iter().map(async |end| {
            let primary = end.primary.within(self.options.action_timeout);
            for table in read_tables(&primary).await?.into_keys().filter(|name| is_ours(name)) {
                run_ddl(&primary, &format!("drop table if exists {}", sql_name(&table))).await?;
            }
            primary.reload_schema(tm::ReloadSchemaRequest::default()).await.map(drop)
        });
        all(self.options.concurrency, calls).await.into_iter().collect()
    }

    /// Deletes what VDiff kept of a workflow; a failure leaves rows that do no harm.
    async fn forget_differences(&self, found: &Snapshot) {
        for end in found.target.shards.values() {
            let request = tm::VDiffRequest {
                keyspace: found.target.keyspace.clone(),
                workflow: found.name.clone(),
                action: "delete".to_owned(),
                action_arg: "all".to_owned(),
                ..Default::default()
            };
            if let Err(err) = end.primary.v_diff(request).await {
                tracing::info!(%err, workflow = found.name, "its differences are not deleted");
            }
        }
    }
}
