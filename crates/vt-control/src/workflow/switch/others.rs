//! Streams of other workflows that lead into shards which are split or merged: they go on into the
//! new shards.
//!
//! Their rows come to the new shards as all others do. The streams are stopped when writes are, and
//! stand ready at the new shards, each where it stood, before the switch is written down; then they
//! run, and the old ones go. Where shards are merged each old stream has one of its own, for the
//! keys of its shard: no two of them have to come to one position first.

mod rules;

use std::collections::{BTreeMap, BTreeSet};

use vt_base::{KeyRange, Result};
use vt_proto::binlogdata::{
    BinlogSource, Filter, Rule, VReplicationWorkflowState as State,
    VReplicationWorkflowType as Type,
};
use vt_proto::tabletmanagerdata as tm;
use vt_workflow::Kind;

use self::rules::{Divided, divide};
use super::observe::Observed;
use crate::Control;
use crate::control::refused;
use crate::workflow::Snapshot;
use crate::workflow::create::{command_of, unchanged};
use crate::workflow::rules::sql_string;
use crate::workflow::snapshot::{FROZEN, ShardEnd};

type Workflow = tm::ReadVReplicationWorkflowResponse;

/// What streams say that were stopped for a switch, and that are started by it.
fn mark(seen: &Snapshot) -> String {
    format!("stopped for the switch of {}", seen.name)
}

impl Control {
    /// Returns whether streams of others have to be led to the new shards, or wait there.
    pub(super) async fn has_others(&self, found: &Snapshot, kind: Kind) -> Result<bool> {
        if kind != Kind::Shards {
            return Ok(false);
        }
        let mark = mark(found);
        let waits = |one: &Workflow| one.streams.iter().any(|stream| stream.message == mark);
        let here = self.others(found, &found.source.shards).await?;
        let there = self.others(found, &found.target.shards).await?;
        Ok(here.values().flatten().any(may_move) || there.values().flatten().any(waits))
    }

    /// Reads the workflows that lead into shards, but for that of the switch and its way back.
    async fn others(
        &self,
        found: &Snapshot,
        shards: &BTreeMap<String, ShardEnd>,
    ) -> Result<BTreeMap<String, Vec<Workflow>>> {
        let own = [found.name.clone(), vt_workflow::snapshot::reverse_name(&found.name)];
        let names: Vec<String> = shards.keys().cloned().collect();
        let request = tm::ReadVReplicationWorkflowsRequest {
            exclude_workflows: own.to_vec(),
            ..Default::default()
        };
        let read = self.read_workflows(&found.target.keyspace, &names, &request).await?;
        let by_shard = read.into_iter().map(|shard| {
            let mut workflows = shard.workflows;
            // Tablets of other versions may know of no names to leave out.
            workflows.retain(|one| !own.contains(&one.workflow) && !is_done(one));
            (shard.end.record.name.clone(), workflows)
        });
        Ok(by_shard.collect())
    }

    /// Refuses to take shards away into which streams lead that cannot be led elsewhere.
    pub(super) async fn check_others(&self, seen: &Observed) -> Result<()> {
        let found = &seen.found;
        for (shard, workflows) in self.others(found, &found.source.shards).await? {
            for workflow in &workflows {
                let why = match () {
                    () if !may_move(workflow) => "",
                    () if workflow.streams.iter().any(is_unfinished) => {
                        " or wait until it has copied and runs"
                    }
                    () if divided(found, &shard, workflow).is_err() => "",
                    () => continue,
                };
                return Err(refused(in_the_way(&found.source.keyspace, &shard, workflow, why)));
            }
        }
        Ok(())
    }

    /// Stops the streams of others into the old shards.
    pub(super) async fn stop_others(&self, seen: &Observed) -> Result<()> {
        let found = &seen.found;
        for (shard, workflows) in self.others(found, &found.source.shards).await? {
            let Some(end) = found.source.shards.get(&shard) else { continue };
            for workflow in workflows.iter().filter(|one| may_move(one)) {
                // Who stopped one before will start it.
                if workflow.streams.iter().all(|one| one.state() == State::Stopped) {
                    continue;
                }
                let request = tm::UpdateVReplicationWorkflowRequest {
                    state: Some(State::Stopped as i32),
                    message: Some(mark(found)),
                    ..unchanged(&workflow.workflow)
                };
                self.update_streams(&[end], &request).await?;
            }
        }
        Ok(())
    }

    /// Makes streams into the new shards for those that were stopped, from where these stand; they
    /// do not run. What an earlier attempt made goes first.
    pub(super) async fn move_others(&self, seen: &Observed) -> Result<()> {
        let found = &seen.found;
        let here = self.others(found, &found.source.shards).await?;
        let names: BTreeSet<&String> =
            here.values().flatten().filter(|one| may_move(one)).map(|one| &one.workflow).collect();
        let targets: Vec<&ShardEnd> = found.target.shards.values().collect();
        for name in names {
            self.delete_streams(name, &targets).await?;
            let mut made: BTreeMap<String, Vec<Made>> = BTreeMap::new();
            let mut model = None;
            for (shard, workflows) in &here {
                for workflow in workflows.iter().filter(|one| one.workflow == *name) {
                    model = Some(workflow);
                    for (target, streams) in divided(found, shard, workflow)? {
                        made.entry(target).or_default().extend(streams);
                    }
                }
            }
            let Some(model) = model else { continue };
            for (shard, streams) in made {
                if let Some(end) = found.target.shards.get(&shard) {
                    self.make_others(end, model, &streams).await?;
                }
            }
        }
        Ok(())
    }

    async fn make_others(&self, end: &ShardEnd, model: &Workflow, streams: &[Made]) -> Result<()> {
        let request = tm::CreateVReplicationWorkflowRequest {
            workflow: model.workflow.clone(),
            binlog_source: streams.iter().map(|one| one.source.clone()).collect(),
            cells: model
                .cells
                .split(',')
                .filter(|one| !one.is_empty())
                .map(str::to_owned)
                .collect(),
            tablet_types: model.tablet_types.clone(),
            tablet_selection_preference: model.tablet_selection_preference,
            workflow_type: model.workflow_type,
            workflow_sub_type: model.workflow_sub_type,
            defer_secondary_keys: model.defer_secondary_keys,
            auto_start: false,
            stop_after_copy: false,
            options: model.options.clone(),
        };
        end.primary.create_v_replication_workflow(request).await?;
        let request = tm::ReadVReplicationWorkflowRequest { workflow: model.workflow.clone() };
        let mut there = end.primary.read_v_replication_workflow(request).await?.streams;
        there.sort_by_key(|one| one.id);
        if there.len() != streams.len() {
            return Err(vt_base::Error::bug("streams were made, and others are there"));
        }
        for (stream, made) in there.iter().zip(streams) {
            let query = format!(
                "update _vt.vreplication set pos = {}, message = {} where id = {}",
                sql_string(&made.position),
                sql_string(&made.message),
                stream.id
            );
            end.primary.v_replication_exec(tm::VReplicationExecRequest { query }).await?;
        }
        Ok(())
    }

    /// Lets the streams into the new shards run, and removes those into the old ones.
    pub(super) async fn start_others(&self, seen: &Observed) -> Result<()> {
        let found = &seen.found;
        self.start_marked(found, &found.target.shards).await?;
        for (shard, workflows) in self.others(found, &found.source.shards).await? {
            let Some(end) = found.source.shards.get(&shard) else { continue };
            for workflow in workflows.iter().filter(|one| may_move(one)) {
                self.delete_streams(&workflow.workflow, &[end]).await?;
            }
        }
        Ok(())
    }

    /// Leaves streams where they were before a switch that is taken back.
    pub(super) async fn restart_others(&self, seen: &Observed) -> Result<()> {
        let found = &seen.found;
        let here = self.others(found, &found.source.shards).await?;
        let targets: Vec<&ShardEnd> = found.target.shards.values().collect();
        for workflow in here.values().flatten().filter(|one| may_move(one)) {
            self.delete_streams(&workflow.workflow, &targets).await?;
        }
        self.start_marked(found, &found.source.shards).await
    }

    async fn start_marked(
        &self,
        found: &Snapshot,
        shards: &BTreeMap<String, ShardEnd>,
    ) -> Result<()> {
        let mark = mark(found);
        for (shard, workflows) in self.others(found, shards).await? {
            let Some(end) = shards.get(&shard) else { continue };
            for workflow in workflows {
                if workflow.streams.iter().any(|one| one.message == mark) {
                    self.start_streams(&workflow.workflow, &[end]).await?;
                }
            }
        }
        Ok(())
    }
}

/// A stream into a new shard.
struct Made {
    source: BinlogSource,
    position: String,
    message: String,
}

/// Returns whether a workflow's streams may be led to other shards: copies that nobody's traffic is
/// switched to.
fn may_move(workflow: &Workflow) -> bool {
    matches!(workflow.workflow_type(), Type::Materialize | Type::CreateLookupIndex)
}

/// Returns whether a workflow is but a mark of what it did.
fn is_done(workflow: &Workflow) -> bool {
    workflow.streams.is_empty() || workflow.streams.iter().all(|one| one.message == FROZEN)
}

/// A stream that copies has more to go on from than a position.
fn is_unfinished(stream: &tm::read_v_replication_workflow_response::Stream) -> bool {
    !matches!(stream.state(), State::Running | State::Lagging | State::Stopped)
        || stream.pos.is_empty()
}

/// Returns the streams into the new shards that go on for those of a workflow into one shard.
fn divided(
    found: &Snapshot,
    shard: &str,
    workflow: &Workflow,
) -> Result<BTreeMap<String, Vec<Made>>> {
    let mut made: BTreeMap<String, Vec<Made>> = BTreeMap::new();
    for stream in &workflow.streams {
        let Some(source) = &stream.bls else { continue };
        for target in found.target.shards.keys() {
            let rules = rules_into(found, (shard, target), source)
                .ok_or_else(|| refused(in_the_way(&found.source.keyspace, shard, workflow, "")))?;
            if rules.is_empty() {
                continue;
            }
            let filter = Filter { rules, ..source.filter.clone().unwrap_or_default() };
            made.entry(target.clone()).or_default().push(Made {
                source: BinlogSource { filter: Some(filter), ..source.clone() },
                position: stream.pos.clone(),
                message: stream.message.clone(),
            });
        }
    }
    Ok(made)
}

/// Returns the rules of a stream for the rows that are in one of the new shards; none where it
/// cannot be said which these are.
fn rules_into(
    found: &Snapshot,
    (from, to): (&str, &str),
    source: &BinlogSource,
) -> Option<Vec<Rule>> {
    let own = KeyRange::from_shard_name(from).ok()?;
    let range = KeyRange::from_shard_name(to).ok()?;
    if !own.intersects(&range) {
        return Some(Vec::new());
    }
    let mut rules = Vec::new();
    for rule in source.filter.iter().flat_map(|filter| &filter.rules) {
        match divide(rule, &range)? {
            Divided::Rule(rule) => rules.push(*rule),
            Divided::Nothing => {}
            // Tables that each shard has whole come with the shard from which the reshard has them.
            Divided::Whole if is_first(found, (from, to), &rule.r#match)? => {
                rules.push(rule.clone());
            }
            Divided::Whole => {}
        }
    }
    Some(rules)
}

/// Returns whether a new shard has a whole table from this shard; none where the table's rows are
/// divided.
fn is_first(found: &Snapshot, (from, to): (&str, &str), table: &str) -> Option<bool> {
    let range = KeyRange::from_shard_name(to).ok()?;
    if range.is_full() && found.source.shards.len() == 1 {
        return Some(true);
    }
    let stream = found.streams.iter().find(|one| one.shard == to && one.source.shard == from)?;
    let rules = stream.source.filter.iter().flat_map(|filter| &filter.rules);
    let of_table = rules.into_iter().find(|rule| rule.r#match == table)?;
    Some(of_table.filter != rules::EXCLUDE)
}

/// Says which workflow is in the way, and what clears it.
fn in_the_way(keyspace: &str, shard: &str, workflow: &Workflow, why: &str) -> String {
    let name = &workflow.workflow;
    let command = command_of(workflow.workflow_type());
    let end = match workflow.workflow_type() {
        Type::MoveTables | Type::Migrate => "complete` or `... cancel",
        _ => "cancel",
    };
    format!(
        "workflow {keyspace}.{name} leads into shard {shard}, which is to be replaced, and cannot be \
         led to the new shards: end it with `{command} --workflow {name} --target-keyspace {keyspace} \
         {end}`{why}, and make it anew for the new shards"
    )
}
