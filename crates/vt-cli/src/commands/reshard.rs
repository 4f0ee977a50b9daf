//! Reshard: a keyspace is split into other shards, or they are merged.

use vt_proto::vtctldata::*;

use super::streams::{self, created, require, target};
use super::{Answer, Command, Context, Family};
use crate::flags::{Flag, Kind};

pub(super) const FAMILY: Family = Family {
    name: "Reshard",
    about: "Splits or merges the shards of a keyspace while they are in use",
    flags: streams::FAMILY_FLAGS,
};

const CREATE_FLAGS: &[Flag] = &[
    streams::ALL_CELLS,
    streams::AUTO_START,
    streams::CELLS,
    streams::CONFIG_OVERRIDES,
    streams::DEFER_KEYS,
    streams::ON_DDL,
    Flag::new("skip-schema-copy", Kind::Switch, "the target shards have their tables already"),
    Flag::new("source-shards", Kind::List, "the shards that serve now"),
    streams::STOP_AFTER_COPY,
    streams::TABLET_TYPES,
    streams::IN_ORDER,
    Flag::new("target-shards", Kind::List, "the shards that take over"),
    streams::WAIT,
    streams::WAIT_INTERVAL,
];
const SHOW_FLAGS: &[Flag] = &[streams::INCLUDE_LOGS];
const STATUS_FLAGS: &[Flag] = &[streams::WAIT, streams::WAIT_INTERVAL];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("Reshard create", "Copies rows into other shards and keeps them in step", create)
        .details("Traffic stays at the source shards until it is switched.")
        .flags(CREATE_FLAGS),
    Command::new("Reshard show", "Prints all that is known of a workflow", streams::show)
        .flags(SHOW_FLAGS),
    Command::new("Reshard status", "Prints where each stream is", streams::status)
        .flags(STATUS_FLAGS),
    Command::new("Reshard start", "Starts the streams", streams::start),
    Command::new("Reshard stop", "Stops the streams", streams::stop),
    Command::new("Reshard cancel", "Gives the split or merge up", streams::cancel),
];

fn create(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        require(cx, &["source-shards", "target-shards"])?;
        let workflow_options =
            WorkflowOptions { config: streams::config(cx)?, ..Default::default() };
        let request = ReshardCreateRequest {
            workflow: workflow.clone(),
            keyspace: keyspace.clone(),
            source_shards: cx.args.list("source-shards"),
            target_shards: cx.args.list("target-shards"),
            cells: streams::cells(cx).await?,
            tablet_types: streams::tablet_types(cx)?,
            tablet_selection_preference: streams::preference(
                cx,
                "tablet-types-in-preference-order",
            ),
            skip_schema_copy: cx.args.is_on("skip-schema-copy"),
            on_ddl: cx.args.text("on-ddl").to_owned(),
            stop_after_copy: cx.args.is_on("stop-after-copy"),
            defer_secondary_keys: cx.args.is_on("defer-secondary-keys"),
            auto_start: cx.args.is_on("auto-start"),
            workflow_options: Some(workflow_options),
        };
        let status = cx.client()?.reshard_create(request).await?;
        created(cx, (&keyspace, &workflow), status).await
    })
}
