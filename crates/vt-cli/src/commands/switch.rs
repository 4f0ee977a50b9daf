//! Where the traffic of a workflow goes, and the end of a workflow: switchtraffic, reversetraffic,
//! mirrortraffic, complete.

use std::fmt::Write;

use vt_proto::vtctldata::*;

use super::streams::{is_json, tablet_types, target};
use super::{Answer, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::values::proto_duration;

const CELLS: Flag =
    Flag::new("cells", Kind::List, "only in these cells; all if left out").short('c');
const DRY_RUN: Flag = Flag::new("dry-run", Kind::Switch, "say what would be done, and do nothing");
const REVERSE: Flag = Flag::new(
    "enable-reverse-replication",
    Kind::Switch,
    "keep the other side in step, so that there is a way back",
)
.or("true");
const FORCE: Flag =
    Flag::new("force", Kind::Switch, "go on where a part that is not critical cannot be done");
const LAG: Flag = Flag::new(
    "max-replication-lag-allowed",
    Kind::Duration,
    "how far behind the streams may be when writes are stopped",
)
.or("30s");
const SHARDS: Flag = Flag::new("shards", Kind::List, "only these shards of a move by shard");
const TYPES: Flag = Flag::new(
    "tablet-types",
    Kind::List,
    "whose traffic: primary, replica, rdonly; all if left out",
);
const TIMEOUT: Flag =
    Flag::new("timeout", Kind::Duration, "how long writes may stand still before all is undone")
        .or("30s");
const KEEP_DATA: Flag = Flag::new("keep-data", Kind::Switch, "leave the tables at the source");
const KEEP_RULES: Flag = Flag::new("keep-routing-rules", Kind::Switch, "leave the routing rules");

const SWITCH_FLAGS: &[Flag] = &[
    CELLS,
    DRY_RUN,
    REVERSE,
    FORCE,
    Flag::new(
        "initialize-target-sequences",
        Kind::Switch,
        "set the sequences of the target's tables above what the tables have",
    ),
    LAG,
    SHARDS,
    TYPES,
    TIMEOUT,
];
const REVERSE_FLAGS: &[Flag] = &[CELLS, DRY_RUN, REVERSE, FORCE, LAG, SHARDS, TYPES, TIMEOUT];
const RESHARD_FLAGS: &[Flag] = &[CELLS, DRY_RUN, REVERSE, FORCE, LAG, TYPES, TIMEOUT];
const MIRROR_FLAGS: &[Flag] =
    &[Flag::new("percent", Kind::Text, "how many of a hundred reads; 0 ends it").or("1"), TYPES];
const COMPLETE_FLAGS: &[Flag] = &[
    DRY_RUN,
    KEEP_DATA,
    KEEP_RULES,
    Flag::new("rename-tables", Kind::Switch, "rename the source's tables to _TABLE_old"),
    SHARDS,
];

const FORWARD: i32 = 0;
const BACKWARD: i32 = 1;

pub(super) const COMMANDS: &[Command] = &[
    Command::new("MoveTables switchtraffic", "Sends traffic to the target", forward)
        .details("A command that was broken off is finished by the same command.")
        .flags(SWITCH_FLAGS),
    Command::new("MoveTables reversetraffic", "Sends traffic back to the source", backward)
        .flags(REVERSE_FLAGS),
    Command::new("MoveTables mirrortraffic", "Sends a part of the reads to the target too", mirror)
        .flags(MIRROR_FLAGS),
    Command::new("MoveTables complete", "Ends the move: the source's tables go", complete)
        .flags(COMPLETE_FLAGS),
    Command::new("Reshard switchtraffic", "Sends traffic to the target shards", forward)
        .details("A command that was broken off is finished by the same command.")
        .flags(RESHARD_FLAGS),
    Command::new("Reshard reversetraffic", "Sends traffic back to the source shards", backward)
        .flags(RESHARD_FLAGS),
    Command::new("Reshard complete", "Ends the split or merge", complete)
        .details("The source shards stay; DeleteShards removes them.")
        .flags(&[DRY_RUN]),
];

fn forward(cx: &Context) -> Answer<'_> {
    Box::pin(switch(cx, FORWARD))
}

fn backward(cx: &Context) -> Answer<'_> {
    Box::pin(switch(cx, BACKWARD))
}

async fn switch(cx: &Context, direction: i32) -> Result<String, Failure> {
    let (keyspace, workflow) = target(cx)?;
    let request = WorkflowSwitchTrafficRequest {
        keyspace,
        workflow,
        cells: cx.args.list("cells"),
        tablet_types: tablet_types(cx)?,
        max_replication_lag_allowed: proto_duration(cx.args.duration(LAG.name)),
        enable_reverse_replication: cx.args.is_on(REVERSE.name),
        direction,
        timeout: proto_duration(cx.args.duration(TIMEOUT.name)),
        dry_run: cx.args.is_on(DRY_RUN.name),
        initialize_target_sequences: cx.args.is_on("initialize-target-sequences"),
        shards: cx.args.list("shards"),
        force: cx.args.is_on(FORCE.name),
    };
    let reply = cx.client()?.workflow_switch_traffic(request).await?;
    if is_json(cx) {
        return Ok(cx.layout.message("vtctldata.WorkflowSwitchTrafficResponse", &reply)?);
    }
    if cx.args.is_on(DRY_RUN.name) {
        return Ok(told(&reply.summary, &reply.dry_run_results));
    }
    Ok(states(&reply.summary, &reply.start_state, &reply.current_state))
}

fn mirror(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        let text = cx.args.text("percent");
        let percent = text.parse().map_err(|_| {
            Failure::Usage(format!("invalid percentage {text:?}: it is a number from 0 to 100"))
        })?;
        let tablet_types = tablet_types(cx)?;
        let request = WorkflowMirrorTrafficRequest { keyspace, workflow, tablet_types, percent };
        let reply = cx.client()?.workflow_mirror_traffic(request).await?;
        match is_json(cx) {
            true => Ok(cx.layout.message("vtctldata.WorkflowMirrorTrafficResponse", &reply)?),
            false => Ok(states(&reply.summary, &reply.start_state, &reply.current_state)),
        }
    })
}

pub(super) fn complete(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (target_keyspace, workflow) = target(cx)?;
        let request = MoveTablesCompleteRequest {
            workflow,
            target_keyspace,
            keep_data: cx.args.is_on(KEEP_DATA.name),
            keep_routing_rules: cx.args.is_on(KEEP_RULES.name),
            rename_tables: cx.args.is_on("rename-tables"),
            dry_run: cx.args.is_on(DRY_RUN.name),
            shards: cx.args.list("shards"),
            ignore_source_keyspace: false,
        };
        let reply = cx.client()?.move_tables_complete(request).await?;
        if is_json(cx) {
            return Ok(cx.layout.message("vtctldata.MoveTablesCompleteResponse", &reply)?);
        }
        match cx.args.is_on(DRY_RUN.name) {
            true => Ok(told(&reply.summary, &reply.dry_run_results)),
            false => Ok(format!("{}\n", reply.summary)),
        }
    })
}

fn states(summary: &str, start: &str, current: &str) -> String {
    format!("{summary}\n\nStart State: {start}\nCurrent State: {current}\n")
}

/// Prints what a dry run tells.
fn told(summary: &str, lines: &[String]) -> String {
    let mut out = format!("{summary}:\n\n");
    for line in lines {
        let _infallible = writeln!(out, "{line}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_told_as_they_have_always_been() {
        let text =
            states("SwitchTraffic was successful for workflow b.w", "Reads Not", "All Reads");
        assert_eq!(
            text,
            "SwitchTraffic was successful for workflow b.w\n\nStart State: Reads Not\n\
             Current State: All Reads\n"
        );
        let lines = ["Lock keyspace a".to_owned(), "Unlock keyspace a".to_owned()];
        assert_eq!(told("Dry run", &lines), "Dry run:\n\nLock keyspace a\nUnlock keyspace a\n");
    }
}
