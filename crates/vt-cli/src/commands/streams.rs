//! What the families of workflow commands have in common: their flags, and the commands that mind
//! a workflow whatever made it.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use vt_base::{Code, Error};
use vt_proto::binlogdata::VReplicationWorkflowState as State;
use vt_proto::tabletmanagerdata::{TabletSelectionPreference, UpdateVReplicationWorkflowRequest};
use vt_proto::vtctldata::*;
use vt_rpc::copy_progress::{copy_progress, rows_copied};

use super::{Answer, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::values::parse_tablet_type;

pub(super) const FAMILY_FLAGS: &[Flag] = &[
    Flag::new("format", Kind::Text, "text or json").or("text"),
    Flag::new("target-keyspace", Kind::Text, "the keyspace that is written to"),
    Flag::new("workflow", Kind::Text, "the workflow's name").short('w'),
];

pub(super) const INCLUDE_LOGS: Flag =
    Flag::new("include-logs", Kind::Switch, "with what each stream has logged").or("true");
pub(super) const SHARDS: Flag =
    Flag::new("shards", Kind::List, "only the streams of these target shards");
pub(super) const CELLS: Flag =
    Flag::new("cells", Kind::List, "cells, or aliases of cells, whose tablets are copied from")
        .short('c');
pub(super) const ALL_CELLS: Flag =
    Flag::new("all-cells", Kind::Switch, "copy from tablets of every cell").short('a');
pub(super) const TABLET_TYPES: Flag = Flag::new(
    "tablet-types",
    Kind::List,
    "types of tablets that are copied from; replica,primary if left out",
);
pub(super) const IN_ORDER: Flag = Flag::new(
    "tablet-types-in-preference-order",
    Kind::Switch,
    "take the first type of which there is a tablet",
)
.or("true");
pub(super) const ON_DDL: Flag = Flag::new(
    "on-ddl",
    Kind::Text,
    "what is done with a DDL statement of the source: IGNORE, STOP, EXEC or EXEC_IGNORE",
)
.or("IGNORE");
pub(super) const DEFER_KEYS: Flag = Flag::new(
    "defer-secondary-keys",
    Kind::Switch,
    "make secondary keys after the copy, which is faster",
);
pub(super) const AUTO_START: Flag =
    Flag::new("auto-start", Kind::Switch, "start the streams as soon as they are made").or("true");
pub(super) const STOP_AFTER_COPY: Flag =
    Flag::new("stop-after-copy", Kind::Switch, "stop when the copy is complete");
pub(super) const CONFIG_OVERRIDES: Flag =
    Flag::new("config-overrides", Kind::List, "settings of the streams, as key=value");
pub(super) const WAIT: Flag = Flag::new(
    "wait",
    Kind::Switch,
    "wait until all is copied, and say how far it is; the default on a terminal",
);
pub(super) const WAIT_INTERVAL: Flag =
    Flag::new("wait-update-interval", Kind::Duration, "how often it is said how far the copy is")
        .or("5s");

/// How often a workflow that is waited for is looked at.
const POLL: Duration = Duration::from_millis(250);

/// Refuses a line that lacks flags which a command cannot do without.
pub(super) fn require(cx: &Context, flags: &[&str]) -> Result<(), Failure> {
    let missing: Vec<String> =
        flags.iter().filter(|flag| !cx.args.has(flag)).map(|flag| format!("\"{flag}\"")).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Failure::Usage(format!("required flag(s) {} not set", missing.join(", ")))),
    }
}

/// Returns the names that nearly every command of a family needs: target keyspace and workflow.
pub(super) fn target(cx: &Context) -> Result<(String, String), Failure> {
    require(cx, &["target-keyspace", "workflow"])?;
    let text = |name: &str| cx.args.text(name).to_owned();
    match text("format").as_str() {
        "text" | "json" => Ok((text("target-keyspace"), text("workflow"))),
        other => {
            Err(Failure::Usage(format!("invalid output format {other:?}: it is text or json")))
        }
    }
}

pub(super) fn is_json(cx: &Context) -> bool {
    cx.args.text("format") == "json"
}

/// Returns the cells to copy from, all of them where that is asked for.
pub(super) async fn cells(cx: &Context) -> Result<Vec<String>, Failure> {
    match cx.args.is_on("all-cells") {
        false => Ok(cx.args.list("cells")),
        true => Ok(cx.client()?.get_cell_info_names(GetCellInfoNamesRequest {}).await?.names),
    }
}

pub(super) fn tablet_types(cx: &Context) -> Result<Vec<i32>, Failure> {
    cx.args.list("tablet-types").iter().map(|one| parse_tablet_type(one)).collect()
}

pub(super) fn preference(cx: &Context, flag: &str) -> i32 {
    match cx.args.is_on(flag) {
        true => TabletSelectionPreference::Inorder as i32,
        false => TabletSelectionPreference::Any as i32,
    }
}

/// Reads `key=value` settings.
pub(super) fn config(cx: &Context) -> Result<std::collections::BTreeMap<String, String>, Failure> {
    let read = |pair: &String| match pair.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(Failure::Usage(format!("invalid config override {pair:?}: it is key=value"))),
    };
    cx.args.list("config-overrides").iter().map(read).collect()
}

/// Prints where the streams of a workflow are.
pub(super) fn status_text(
    cx: &Context,
    (keyspace, workflow): (&str, &str),
    status: &WorkflowStatusResponse,
) -> Result<String, Failure> {
    if is_json(cx) {
        return Ok(cx.layout.message("vtctldata.WorkflowStatusResponse", status)?);
    }
    let mut out =
        format!("The following vreplication streams exist for workflow {keyspace}.{workflow}:\n\n");
    for stream in status.shard_streams.values().flat_map(|one| &one.streams) {
        let tablet = stream.tablet.clone().unwrap_or_default();
        let _infallible = writeln!(
            out,
            "id={} on {keyspace}/{}-{}: Status: {}. {}.",
            stream.id, tablet.cell, tablet.uid, stream.status, stream.info
        );
    }
    if !status.traffic_state.is_empty() {
        let _infallible = writeln!(out, "\nTraffic State: {}", status.traffic_state);
    }
    Ok(out)
}

/// Prints a workflow that was made, after its copy where that is waited for.
pub(super) async fn created(
    cx: &Context,
    names: (&str, &str),
    status: WorkflowStatusResponse,
) -> Result<String, Failure> {
    if !waits(cx) || !cx.args.is_on("auto-start") {
        return status_text(cx, names, &status);
    }
    let status = wait_for_copy(cx, names).await?;
    status_text(cx, names, &status)
}

/// Tells whether the copy is waited for: by the flag, or because somebody looks on.
pub(super) fn waits(cx: &Context) -> bool {
    match cx.args.has("wait") {
        true => cx.args.is_on("wait"),
        false => std::io::stdout().is_terminal() && std::io::stderr().is_terminal(),
    }
}

/// Waits until a workflow has copied all, and says meanwhile how far it is.
pub(super) async fn wait_for_copy(
    cx: &Context,
    (keyspace, workflow): (&str, &str),
) -> Result<WorkflowStatusResponse, Failure> {
    let interval = cx.args.duration("wait-update-interval").max(POLL);
    let began = tokio::time::Instant::now();
    let (mut said, mut before) = (began, None);
    loop {
        let request = WorkflowStatusRequest {
            keyspace: keyspace.to_owned(),
            workflow: workflow.to_owned(),
            shards: Vec::new(),
        };
        let status = cx.client()?.workflow_status(request).await?;
        match copy_outcome(&status, cx.args.is_on("stop-after-copy")) {
            Outcome::Copying => {}
            Outcome::Copied => return Ok(status),
            Outcome::Failed(why) => {
                let text = format!("workflow {keyspace}.{workflow} has stopped: {why}");
                let err = Error::new(Code::FailedPrecondition, text);
                return Err(Failure::Rpc(err));
            }
        }
        // What others copied before is not this command's rate.
        let before = *before.get_or_insert_with(|| rows_copied(&status));
        if said.elapsed() >= interval {
            said = tokio::time::Instant::now();
            say(&copy_progress(&status, began.elapsed(), before));
        }
        tokio::time::sleep(POLL).await;
    }
}

fn say(line: &str) {
    use std::io::Write;
    let _closed = writeln!(std::io::stderr().lock(), "{line}");
}

/// What has become of a copy.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Copying,
    Copied,
    Failed(String),
}

fn copy_outcome(status: &WorkflowStatusResponse, stops: bool) -> Outcome {
    let streams = || status.shard_streams.values().flat_map(|one| &one.streams);
    let is = |state: State, text: &str| state.as_str_name() == text;
    if let Some(failed) = streams().find(|one| is(State::Error, &one.status)) {
        return Outcome::Failed(failed.info.clone());
    }
    let has_copied = |one: &workflow_status_response::ShardStreamState| {
        let stopped = is(State::Stopped, &one.status);
        let runs = is(State::Running, &one.status) || is(State::Lagging, &one.status);
        !one.position.is_empty() && (runs || (stopped && stops))
    };
    if status.table_copy_state.is_empty() && streams().all(has_copied) {
        return Outcome::Copied;
    }
    match streams().find(|one| is(State::Stopped, &one.status) && !stops) {
        Some(stopped) => Outcome::Failed(format!("stream {} was stopped", stopped.id)),
        None => Outcome::Copying,
    }
}

/// `show`: the workflow with everything that is known of it.
pub(super) fn show(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        let request = GetWorkflowsRequest {
            keyspace,
            workflow,
            include_logs: cx.args.is_on("include-logs"),
            shards: cx.args.list("shards"),
            ..Default::default()
        };
        let reply = cx.client()?.get_workflows(request).await?;
        Ok(cx.layout.message("vtctldata.GetWorkflowsResponse", &reply)?)
    })
}

/// `status`: where each stream is, and where the traffic goes.
pub(super) fn status(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        let status = match cx.args.is_on("wait") {
            true => wait_for_copy(cx, (&keyspace, &workflow)).await?,
            false => {
                let request = WorkflowStatusRequest {
                    keyspace: keyspace.clone(),
                    workflow: workflow.clone(),
                    shards: cx.args.list("shards"),
                };
                cx.client()?.workflow_status(request).await?
            }
        };
        status_text(cx, (&keyspace, &workflow), &status)
    })
}

pub(super) fn start(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        set_state(cx, keyspace, workflow, State::Running).await
    })
}

pub(super) fn stop(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        set_state(cx, keyspace, workflow, State::Stopped).await
    })
}

/// Starts or stops all streams of a workflow.
pub(super) async fn set_state(
    cx: &Context,
    keyspace: String,
    workflow: String,
    state: State,
) -> Result<String, Failure> {
    let change = UpdateVReplicationWorkflowRequest {
        state: Some(state as i32),
        shards: cx.args.list("shards"),
        ..unchanged(workflow)
    };
    let request = WorkflowUpdateRequest { keyspace, tablet_request: Some(change) };
    let reply = cx.client()?.workflow_update(request).await?;
    Ok(cx.layout.message("vtctldata.WorkflowUpdateResponse", &reply)?)
}

/// Returns the request that changes nothing: what stands for "as it is" in the lists.
pub(super) fn unchanged(workflow: String) -> UpdateVReplicationWorkflowRequest {
    UpdateVReplicationWorkflowRequest {
        workflow,
        cells: vec!["NULL".to_owned()],
        tablet_types: vec![-1],
        ..Default::default()
    }
}

/// `cancel`: the workflow goes, and what it copied.
pub(super) fn cancel(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        let request = WorkflowDeleteRequest {
            keyspace,
            workflow,
            keep_data: cx.args.is_on("keep-data"),
            keep_routing_rules: cx.args.is_on("keep-routing-rules"),
            shards: cx.args.list("shards"),
            delete_batch_size: cx.args.int("delete-batch-size"),
            ignore_source_keyspace: cx.args.is_on("ignore-source-keyspace"),
        };
        let reply = cx.client()?.workflow_delete(request).await?;
        match is_json(cx) {
            true => Ok(cx.layout.message("vtctldata.WorkflowDeleteResponse", &reply)?),
            false => Ok(format!("{}\n", reply.summary)),
        }
    })
}

#[cfg(test)]
mod tests {
    use vt_proto::vtctldata::workflow_status_response::{
        ShardStreamState, ShardStreams, TableCopyState,
    };

    use super::*;

    fn of(streams: &[(&str, &str)], copying: bool) -> WorkflowStatusResponse {
        let streams = streams.iter().map(|(status, position)| ShardStreamState {
            id: 1,
            status: (*status).to_owned(),
            position: (*position).to_owned(),
            info: "why".to_owned(),
            ..Default::default()
        });
        let streams = ShardStreams { streams: streams.collect() };
        let table = TableCopyState {
            rows_copied: 250,
            rows_total: 1000,
            bytes_copied: 10,
            bytes_total: 40,
            ..Default::default()
        };
        let table_copy_state =
            if copying { [("t".to_owned(), table)].into() } else { Default::default() };
        WorkflowStatusResponse {
            table_copy_state,
            shard_streams: [("ks/0".to_owned(), streams)].into(),
            ..Default::default()
        }
    }

    #[test]
    fn a_copy_is_waited_for_until_all_streams_are_through() {
        let outcome =
            |streams: &[(&str, &str)], copying| copy_outcome(&of(streams, copying), false);
        assert_eq!(outcome(&[("Running", "p"), ("Running", "p")], false), Outcome::Copied);
        assert_eq!(outcome(&[("Running", "p"), ("Copying", "p")], false), Outcome::Copying);
        assert_eq!(outcome(&[("Running", "p")], true), Outcome::Copying);
        assert_eq!(outcome(&[("Init", "")], false), Outcome::Copying);
        assert_eq!(outcome(&[("Running", "")], false), Outcome::Copying);
        let failed = outcome(&[("Running", "p"), ("Error", "p")], true);
        assert_eq!(failed, Outcome::Failed("why".to_owned()));
        assert!(matches!(outcome(&[("Stopped", "p")], false), Outcome::Failed(_)));
        assert_eq!(copy_outcome(&of(&[("Stopped", "p")], false), true), Outcome::Copied);
    }
}
