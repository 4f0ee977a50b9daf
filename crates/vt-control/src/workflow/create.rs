//! Making the streams of a workflow on the target's primaries: all of them, or none.

use std::collections::BTreeMap;

use vt_base::{Error, Result, TabletAlias};
use vt_proto::binlogdata::{
    BinlogSource, VReplicationWorkflowState as State, VReplicationWorkflowSubType as SubType,
    VReplicationWorkflowType as Type,
};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::WorkflowOptions;
use vt_reparent::tablets::all;

use super::options::encode_options;
use super::snapshot::{ShardEnd, Snapshot};
use crate::Control;
use crate::control::{invalid, refused};

/// A workflow that is to be made.
pub(super) struct NewWorkflow {
    pub(super) name: String,
    pub(super) keyspace: String,
    pub(super) workflow_type: Type,
    pub(super) sub_type: SubType,
    pub(super) targets: Vec<ShardEnd>,
    /// What each target shard copies from.
    pub(super) sources: BTreeMap<String, Vec<BinlogSource>>,
    pub(super) cells: Vec<String>,
    pub(super) tablet_types: Vec<i32>,
    pub(super) tablet_selection_preference: i32,
    pub(super) defer_secondary_keys: bool,
    pub(super) stop_after_copy: bool,
    pub(super) options: WorkflowOptions,
}

impl NewWorkflow {
    fn request(&self, shard: &str) -> tm::CreateVReplicationWorkflowRequest {
        tm::CreateVReplicationWorkflowRequest {
            workflow: self.name.clone(),
            binlog_source: self.sources.get(shard).cloned().unwrap_or_default(),
            cells: self.cells.clone(),
            tablet_types: self.tablet_types.clone(),
            tablet_selection_preference: self.tablet_selection_preference,
            workflow_type: self.workflow_type as i32,
            workflow_sub_type: self.sub_type as i32,
            defer_secondary_keys: self.defer_secondary_keys,
            // They begin together, when all of them are there.
            auto_start: false,
            stop_after_copy: self.stop_after_copy,
            options: encode_options(&self.options),
        }
    }
}

/// Returns how the commands of a type of workflow are called.
pub(crate) fn command_of(workflow_type: Type) -> &'static str {
    match workflow_type {
        Type::Materialize => "Materialize",
        Type::MoveTables => "MoveTables",
        Type::CreateLookupIndex => "LookupVindex",
        Type::Migrate => "Migrate",
        Type::Reshard => "Reshard",
        Type::OnlineDdl => "OnlineDDL",
    }
}

impl Control {
    /// Refuses a name that is taken, and says what clears the way.
    ///
    /// What is left of a creation that ended in the middle is removed where no stream has begun;
    /// where some have, the others are started.
    pub(super) async fn check_name_is_free(&self, keyspace: &str, name: &str) -> Result<()> {
        check_workflow_name(name)?;
        let Some(found) = Snapshot::find(self, keyspace, name, &[]).await? else { return Ok(()) };
        let begun = |one: &super::snapshot::Stream| {
            !matches!(one.state, State::Stopped | State::Init) || !one.status.pos.is_empty()
        };
        let ends: Vec<&ShardEnd> = found.target.shards.values().collect();
        let begun = found.streams.iter().filter(|one| begun(one)).count();
        if begun == 0 {
            tracing::info!(keyspace, workflow = name, "what is left of its creation is removed");
            return self.delete_streams(name, &ends).await.map(drop);
        }
        if begun < found.streams.len() && !found.frozen {
            tracing::info!(keyspace, workflow = name, "what is left of its creation is started");
            self.set_streams_state(name, &ends, State::Running).await?;
        }
        Err(taken(&found))
    }

    /// Makes the streams, stopped; on a failure those that were made are removed again.
    pub(super) async fn create_streams(&self, new: &NewWorkflow) -> Result<()> {
        let calls = new.targets.iter().map(async |end| {
            let request = new.request(&end.record.name);
            end.primary.create_v_replication_workflow(request).await.map(drop)
        });
        let failed = all(self.options.concurrency, calls).await.into_iter().find_map(Result::err);
        let failed = match failed {
            None => self.forget_journal(&new.keyspace, &new.name).await.err(),
            some => some,
        };
        let Some(err) = failed else { return Ok(()) };
        let ends: Vec<&ShardEnd> = new.targets.iter().collect();
        Err(match self.delete_streams(&new.name, &ends).await {
            Ok(_) => err.context(format!("cannot make the streams of workflow {}", new.name)),
            Err(left) => err.context(format!(
                "cannot make the streams of workflow {}; some are left ({left}): run `{} --workflow {} \
                 --target-keyspace {} cancel`",
                new.name,
                command_of(new.workflow_type),
                new.name,
                new.keyspace
            )),
        })
    }

    /// Removes the streams of a workflow from primaries; returns on which there were some.
    pub(crate) async fn delete_streams(
        &self,
        name: &str,
        ends: &[&ShardEnd],
    ) -> Result<Vec<(TabletAlias, bool)>> {
        let request = tm::DeleteVReplicationWorkflowRequest { workflow: name.to_owned() };
        let calls = ends.iter().map(async |end| {
            let reply = end.primary.delete_v_replication_workflow(request.clone()).await?;
            let rows = reply.result.map_or(0, |result| result.rows_affected);
            Ok::<_, Error>((end.primary.alias(), rows > 0))
        });
        let mut deleted = Vec::new();
        for one in all(self.options.concurrency, calls).await {
            deleted.push(one?);
        }
        deleted.sort();
        Ok(deleted)
    }

    /// Changes the state of all streams of a workflow; returns on which primaries there were some.
    pub(crate) async fn set_streams_state(
        &self,
        name: &str,
        ends: &[&ShardEnd],
        state: State,
    ) -> Result<Vec<(TabletAlias, bool)>> {
        let request =
            tm::UpdateVReplicationWorkflowRequest { state: Some(state as i32), ..unchanged(name) };
        self.update_streams(ends, &request).await
    }

    /// Changes the streams of a workflow on primaries.
    pub(crate) async fn update_streams(
        &self,
        ends: &[&ShardEnd],
        request: &tm::UpdateVReplicationWorkflowRequest,
    ) -> Result<Vec<(TabletAlias, bool)>> {
        let calls = ends.iter().map(async |end| {
            let reply = end.primary.update_v_replication_workflow(request.clone()).await?;
            let rows = reply.result.map_or(0, |result| result.rows_affected);
            Ok::<_, Error>((end.primary.alias(), rows > 0))
        });
        let mut changed = Vec::new();
        for one in all(self.options.concurrency, calls).await {
            changed.push(one?);
        }
        changed.sort();
        Ok(changed)
    }
}

/// Returns the request that changes nothing of a workflow: what stands for "as it is" in the lists.
pub(crate) fn unchanged(name: &str) -> tm::UpdateVReplicationWorkflowRequest {
    tm::UpdateVReplicationWorkflowRequest {
        workflow: name.to_owned(),
        cells: vec!["NULL".to_owned()],
        tablet_types: vec![-1],
        ..Default::default()
    }
}

/// The longest name that the tables' column `workflow` takes with `_reverse` behind it.
const NAME_BYTES_MAX: usize = 64;

/// Refuses names that cannot be one word of a command or of a table.
fn check_workflow_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(invalid("the workflow must be named, with --workflow"));
    }
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$');
    if name.len() > NAME_BYTES_MAX || !name.chars().all(fits) {
        return Err(invalid(format!(
            "a workflow is named by at most {NAME_BYTES_MAX} letters, digits and _ - . $, not {name:?}"
        )));
    }
    Ok(())
}

/// Says which workflow is in the way, and what clears it.
fn taken(found: &Snapshot) -> Error {
    let (name, keyspace) = (&found.name, &found.target.keyspace);
    let tablet = found.streams.first().map(|one| one.tablet.to_string()).unwrap_or_default();
    let command = format!(
        "{} --workflow {name} --target-keyspace {keyspace}",
        command_of(found.workflow_type)
    );
    let way = match (found.frozen, found.workflow_type) {
        (true, _) => format!("its traffic was switched: end it with `{command} complete`"),
        (false, Type::MoveTables | Type::Reshard | Type::Migrate) => {
            format!(
                "look at it with `{command} show`, end it with `{command} complete` or `{command} cancel`"
            )
        }
        (false, _) => format!("look at it with `{command} show`, end it with `{command} cancel`"),
    };
    refused(format!(
        "workflow {name} already exists in keyspace {keyspace} on tablet {tablet}; {way}"
    ))
}
