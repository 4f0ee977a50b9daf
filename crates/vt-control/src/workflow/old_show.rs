//! `Workflow KEYSPACE listall` and `Workflow KEYSPACE.NAME show` of the old vtctl.

use serde_json::{Map, Value, json};
use vt_base::{Error, Result, TabletAlias};
use vt_proto::json::{Unset, to_json};
use vt_proto::vtctldata::workflow::Stream;
use vt_proto::vtctldata::*;
use vt_proto::vttime;

use super::snapshot::FROZEN;
use crate::Control;
use crate::control::invalid;

impl Control {
    /// Runs the old command; `args` stand behind `Workflow`.
    pub(crate) async fn old_workflow(&self, args: &[String]) -> Result<String> {
        let usage =
            || invalid("usage: Workflow <keyspace> listall | Workflow <keyspace>.<workflow> show");
        let [place, action] = args else { return Err(usage()) };
        let (keyspace, workflow) = match place.split_once('.') {
            Some((keyspace, workflow)) => (keyspace.to_owned(), workflow.to_owned()),
            None => (place.clone(), String::new()),
        };
        match (action.to_lowercase().as_str(), workflow.is_empty()) {
            ("listall", true) => self.old_list(keyspace).await,
            ("show", false) => self.old_show(keyspace, workflow).await,
            _ => Err(usage()),
        }
    }

    async fn old_list(&self, keyspace: String) -> Result<String> {
        let request = GetWorkflowsRequest {
            keyspace: keyspace.clone(),
            name_only: true,
            ..Default::default()
        };
        let found = self.get_workflows(request).await?.workflows;
        let names: Vec<String> = found.into_iter().map(|one| one.name).collect();
        Ok(match names.is_empty() {
            true => format!("No workflows found in keyspace {keyspace}\n"),
            false => format!(
                "Following workflow(s) found in keyspace {keyspace}: {}\n",
                names.join(", ")
            ),
        })
    }

    async fn old_show(&self, keyspace: String, workflow: String) -> Result<String> {
        let request = GetWorkflowsRequest {
            keyspace: keyspace.clone(),
            workflow: workflow.clone(),
            ..Default::default()
        };
        let found = self.get_workflows(request).await?.workflows.into_iter().next();
        let found = found.ok_or_else(|| super::update::no_workflow(&keyspace, &workflow))?;
        Ok(format!("{:#}\n", old_form(&found)?))
    }
}

/// Returns a workflow in the form of old.
fn old_form(workflow: &Workflow) -> Result<Value> {
    let location = |place: &Option<workflow::ReplicationLocation>| {
        let place = place.clone().unwrap_or_default();
        json!({ "Keyspace": place.keyspace, "Shards": place.shards })
    };
    let mut frozen = false;
    let mut shards = Map::new();
    for (name, shard) in &workflow.shard_streams {
        frozen |= shard.streams.iter().any(|one| one.message == FROZEN);
        let statuses: Result<Vec<Value>> = shard.streams.iter().map(old_stream).collect();
        let controls: Result<Vec<Value>> = shard
            .tablet_controls
            .iter()
            .map(|one| to_json("topodata.Shard.TabletControl", one, Unset::Skipped))
            .collect();
        let controls = Some(controls?).filter(|one| !one.is_empty());
        shards.insert(
            name.clone(),
            json!({
                "PrimaryReplicationStatuses": statuses?,
                "TabletControls": controls,
                "PrimaryIsServing": shard.is_primary_serving,
            }),
        );
    }
    Ok(json!({
        "Workflow": workflow.name,
        "SourceLocation": location(&workflow.source),
        "TargetLocation": location(&workflow.target),
        "MaxVReplicationLag": workflow.max_v_replication_lag,
        "MaxVReplicationTransactionLag": workflow.max_v_replication_transaction_lag,
        "Frozen": frozen,
        "ShardStatuses": shards,
    }))
}

fn old_stream(stream: &Stream) -> Result<Value, Error> {
    let alias = stream.tablet.as_ref().map(|one| TabletAlias::from(one).to_string());
    let bls = stream.binlog_source.clone().unwrap_or_default();
    let seconds = |time: &Option<vttime::Time>| time.map_or(0, |time| time.seconds);
    let copies: Vec<Value> = stream
        .copy_states
        .iter()
        .map(|one| json!({ "Table": one.table, "LastPK": one.last_pk }))
        .collect();
    Ok(json!({
        "Shard": stream.shard,
        "Tablet": alias.unwrap_or_default(),
        "ID": stream.id,
        "Bls": to_json("binlogdata.BinlogSource", &bls, Unset::Skipped)?,
        "Pos": stream.position,
        "StopPos": stream.stop_position,
        "State": stream.state,
        "DBName": stream.db_name,
        "TransactionTimestamp": seconds(&stream.transaction_timestamp),
        "TimeUpdated": seconds(&stream.time_updated),
        "TimeHeartbeat": seconds(&stream.time_updated),
        "Message": stream.message,
        "Tags": stream.tags.join(","),
        "CopyState": Some(copies).filter(|one| !one.is_empty()),
    }))
}
