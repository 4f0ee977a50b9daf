//! What stands in the way of a workflow that is to be made, and the command that clears it.

use std::collections::BTreeMap;

use vt_base::Result;
use vt_proto::binlogdata::{BinlogSource, VReplicationWorkflowType as Type};
use vt_proto::tabletmanagerdata as tm;

use super::create::command_of;
use super::snapshot::{FROZEN, ShardEnd, Snapshot};
use super::tables::Tables;
use crate::Control;
use crate::control::refused;

impl Control {
    /// Refuses a move whose way back would have the name of a workflow that is there.
    pub(super) async fn check_reverse_is_free(&self, source: &str, name: &str) -> Result<()> {
        let reverse = vt_workflow::snapshot::reverse_name(name);
        if Snapshot::find(self, source, &reverse, &[]).await?.is_none() {
            return Ok(());
        }
        Err(refused(format!(
            "workflow {reverse} is left in keyspace {source}, and would be the way back of {name}; remove \
             it with `Workflow --keyspace {source} delete --workflow {reverse} --keep-data \
             --keep-routing-rules`, or choose another name"
        )))
    }

    /// Refuses tables that another workflow writes on the same shards.
    pub(super) async fn check_tables_are_free(
        &self,
        keyspace: &str,
        targets: &[ShardEnd],
        tables: &Tables,
    ) -> Result<()> {
        let shards: Vec<String> = targets.iter().map(|one| one.record.name.clone()).collect();
        let all = tm::ReadVReplicationWorkflowsRequest::default();
        for shard in self.read_workflows(keyspace, &shards, &all).await? {
            for workflow in &shard.workflows {
                let Some(table) = written(workflow).find(|table| tables.contains_key(*table))
                else {
                    continue;
                };
                let name = &workflow.workflow;
                let frozen = workflow.streams.iter().any(|one| one.message == FROZEN);
                let end = if frozen { "complete" } else { "cancel" };
                let command = command_of(workflow.workflow_type());
                return Err(refused(format!(
                    "table {table} of keyspace {keyspace} is written by workflow {name} already; end it with \
                     `{command} --workflow {name} --target-keyspace {keyspace} {end}`"
                )));
            }
        }
        Ok(())
    }
}

/// Refuses streams of which several would write the same tables: each is as of a moment of its own,
/// and one that is cut off begins anew with tables that are empty.
pub(super) fn check_atomic(
    keyspace: &str,
    by_target: &BTreeMap<String, Vec<BinlogSource>>,
) -> Result<()> {
    let Some((shard, streams)) = by_target.iter().find(|(_, streams)| streams.len() > 1) else {
        return Ok(());
    };
    let sources: Vec<&str> = streams.iter().map(|one| one.shard.as_str()).collect();
    Err(refused(format!(
        "shard {keyspace}/{shard} would be filled from shards {}, and an atomic copy is that of one \
         moment of one shard; leave --atomic-copy out",
        sources.join(", ")
    )))
}

/// Returns the tables that a workflow's rules name.
fn written(workflow: &tm::ReadVReplicationWorkflowResponse) -> impl Iterator<Item = &str> {
    let is_other = workflow.workflow_type() != Type::OnlineDdl;
    workflow
        .streams
        .iter()
        .filter(move |_| is_other)
        .filter_map(|stream| stream.bls.as_ref()?.filter.as_ref())
        .flat_map(|filter| &filter.rules)
        .map(|rule| rule.r#match.as_str())
}
