//! GetWorkflows, and `Workflow`: the workflows of a keyspace, whatever made them.

use serde_json::Value;
use vt_proto::binlogdata::{OnDdlAction, VReplicationWorkflowState as State};
use vt_proto::tabletmanagerdata::UpdateVReplicationWorkflowRequest;
use vt_proto::vtctldata::*;

use super::streams::{self, require, set_state, unchanged};
use super::{Answer, Arguments, Command, Context, Family};
use crate::Failure;
use crate::flags::{Flag, Kind};

pub(super) const FAMILY: Family = Family {
    name: "Workflow",
    about: "Minds the workflows that write to a keyspace",
    flags: &[Flag::new("keyspace", Kind::Text, "the keyspace that is written to").short('k')],
};

const NAME: Flag = Flag::new("workflow", Kind::Text, "the workflow's name").short('w');
const GET_FLAGS: &[Flag] = &[
    streams::INCLUDE_LOGS,
    Flag::new("show-all", Kind::Switch, "also those that are stopped or frozen").short('a'),
];
const LIST_FLAGS: &[Flag] = &[streams::SHARDS];
const SHOW_FLAGS: &[Flag] = &[streams::INCLUDE_LOGS, streams::SHARDS, NAME];
const STATE_FLAGS: &[Flag] = &[streams::SHARDS, NAME];
const UPDATE_FLAGS: &[Flag] = &[
    streams::CELLS,
    streams::CONFIG_OVERRIDES,
    Flag::new("on-ddl", Kind::Text, "IGNORE, STOP, EXEC or EXEC_IGNORE"),
    streams::SHARDS,
    Flag::new("tablet-types", Kind::List, "types of tablets that are copied from").short('t'),
    Flag::new(
        "tablet-types-in-order",
        Kind::Switch,
        "take the first type of which there is a tablet",
    )
    .or("true"),
    NAME,
];
const DELETE_FLAGS: &[Flag] = &[
    Flag::new("delete-batch-size", Kind::Int, "rows of a tenant that are deleted at once")
        .or("1000"),
    Flag::new("keep-data", Kind::Switch, "leave what was copied in the target"),
    Flag::new("keep-routing-rules", Kind::Switch, "leave the routing rules"),
    streams::SHARDS,
    NAME,
];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("Workflow list", "Lists the names of the workflows", list).flags(LIST_FLAGS),
    Command::new("Workflow show", "Prints all that is known of one workflow or of all", show)
        .flags(SHOW_FLAGS),
    Command::new("Workflow start", "Starts the streams of a workflow", start).flags(STATE_FLAGS),
    Command::new("Workflow stop", "Stops the streams of a workflow", stop).flags(STATE_FLAGS),
    Command::new("Workflow update", "Changes what a workflow copies from, and how", update)
        .flags(UPDATE_FLAGS),
    Command::new("Workflow delete", "Gives a workflow up", delete).flags(DELETE_FLAGS),
    Command::new("GetWorkflows", "Prints all that is known of a keyspace's workflows", get)
        .takes(Arguments::Exactly(1), "<keyspace>")
        .flags(GET_FLAGS),
];

/// Returns the keyspace and the workflow that a line must name.
fn target(cx: &Context) -> Result<(String, String), Failure> {
    require(cx, &["keyspace", "workflow"])?;
    Ok((cx.args.text("keyspace").to_owned(), cx.args.text("workflow").to_owned()))
}

fn get(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = GetWorkflowsRequest {
            keyspace: cx.args.argument(0).to_owned(),
            active_only: !cx.args.is_on("show-all"),
            include_logs: cx.args.is_on("include-logs"),
            ..Default::default()
        };
        let reply = cx.client()?.get_workflows(request).await?;
        Ok(cx.layout.message("vtctldata.GetWorkflowsResponse", &reply)?)
    })
}

fn list(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        require(cx, &["keyspace"])?;
        let request = GetWorkflowsRequest {
            keyspace: cx.args.text("keyspace").to_owned(),
            name_only: true,
            shards: cx.args.list("shards"),
            ..Default::default()
        };
        let found = cx.client()?.get_workflows(request).await?.workflows;
        Ok(cx.layout.value(&Value::from_iter(found.into_iter().map(|one| one.name))))
    })
}

fn show(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        require(cx, &["keyspace"])?;
        let request = GetWorkflowsRequest {
            keyspace: cx.args.text("keyspace").to_owned(),
            workflow: cx.args.text("workflow").to_owned(),
            include_logs: cx.args.is_on("include-logs"),
            shards: cx.args.list("shards"),
            ..Default::default()
        };
        let reply = cx.client()?.get_workflows(request).await?;
        Ok(cx.layout.message("vtctldata.GetWorkflowsResponse", &reply)?)
    })
}

fn start(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        set_state(cx, keyspace, workflow, State::Running).await
    })
}

fn stop(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        set_state(cx, keyspace, workflow, State::Stopped).await
    })
}

fn update(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        let given =
            ["cells", "tablet-types", "on-ddl", "config-overrides", "tablet-types-in-order"];
        if !given.iter().any(|flag| cx.args.has(flag)) {
            return Err(Failure::Usage(format!(
                "nothing is to be changed: give one of --{}",
                given.join(", --")
            )));
        }
        let mut change = UpdateVReplicationWorkflowRequest {
            shards: cx.args.list("shards"),
            config_overrides: streams::config(cx)?,
            ..unchanged(workflow)
        };
        if cx.args.has("cells") {
            change.cells = cx.args.list("cells");
        }
        if cx.args.has("tablet-types") {
            change.tablet_types = streams::tablet_types(cx)?;
        }
        if cx.args.has("tablet-types") || cx.args.has("tablet-types-in-order") {
            let preference = streams::preference(cx, "tablet-types-in-order");
            change.tablet_selection_preference = Some(preference);
        }
        if cx.args.has("on-ddl") {
            let text = cx.args.text("on-ddl");
            let action =
                OnDdlAction::from_str_name(&text.to_ascii_uppercase()).ok_or_else(|| {
                    Failure::Usage(format!(
                        "invalid --on-ddl {text:?}: it is IGNORE, STOP, EXEC or EXEC_IGNORE"
                    ))
                })?;
            change.on_ddl = Some(action as i32);
        }
        let request = WorkflowUpdateRequest { keyspace, tablet_request: Some(change) };
        let reply = cx.client()?.workflow_update(request).await?;
        Ok(cx.layout.message("vtctldata.WorkflowUpdateResponse", &reply)?)
    })
}

fn delete(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        let request = WorkflowDeleteRequest {
            keyspace,
            workflow,
            keep_data: cx.args.is_on("keep-data"),
            keep_routing_rules: cx.args.is_on("keep-routing-rules"),
            shards: cx.args.list("shards"),
            delete_batch_size: cx.args.int("delete-batch-size"),
            ..Default::default()
        };
        let reply = cx.client()?.workflow_delete(request).await?;
        Ok(cx.layout.message("vtctldata.WorkflowDeleteResponse", &reply)?)
    })
}
