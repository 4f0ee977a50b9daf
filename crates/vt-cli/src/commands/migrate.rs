//! Migrate: tables come from another cluster.

use vt_proto::vtctldata::*;

use super::move_tables::{
    ALL_TABLES, EXCLUDE_TABLES, NO_RULES, SOURCE_KEYSPACE, TABLES, TIME_ZONE, check_tables,
};
use super::streams::{self, created, require, target};
use super::{Answer, Command, Context, Family};
use crate::flags::{Flag, Kind};

pub(super) const FAMILY: Family = Family {
    name: "Migrate",
    about: "Copies tables of a mounted cluster into this one",
    flags: streams::FAMILY_FLAGS,
};

const CREATE_FLAGS: &[Flag] = &[
    streams::ALL_CELLS,
    ALL_TABLES,
    streams::AUTO_START,
    streams::CELLS,
    streams::CONFIG_OVERRIDES,
    streams::DEFER_KEYS,
    EXCLUDE_TABLES,
    Flag::new("mount-name", Kind::Text, "the name under which the other cluster is mounted"),
    NO_RULES,
    streams::ON_DDL,
    SOURCE_KEYSPACE,
    TIME_ZONE,
    streams::STOP_AFTER_COPY,
    TABLES,
    streams::TABLET_TYPES,
    streams::IN_ORDER,
    streams::WAIT,
    streams::WAIT_INTERVAL,
];
const SHOW_FLAGS: &[Flag] = &[streams::INCLUDE_LOGS];
const STATUS_FLAGS: &[Flag] = &[streams::WAIT, streams::WAIT_INTERVAL];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("Migrate create", "Copies tables and keeps them in step", create)
        .flags(CREATE_FLAGS),
    Command::new("Migrate show", "Prints all that is known of a workflow", streams::show)
        .flags(SHOW_FLAGS),
    Command::new("Migrate status", "Prints where each stream is", streams::status)
        .flags(STATUS_FLAGS),
    Command::new(
        "Migrate complete",
        "Ends the migration; the tables stay",
        super::switch::complete,
    ),
    Command::new("Migrate cancel", "Gives the migration up", streams::cancel),
];

fn create(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        require(cx, &["mount-name", "source-keyspace"])?;
        check_tables(cx)?;
        let request = MigrateCreateRequest {
            workflow: workflow.clone(),
            source_keyspace: cx.args.text("source-keyspace").to_owned(),
            target_keyspace: keyspace.clone(),
            mount_name: cx.args.text("mount-name").to_owned(),
            cells: streams::cells(cx).await?,
            tablet_types: streams::tablet_types(cx)?,
            tablet_selection_preference: streams::preference(
                cx,
                "tablet-types-in-preference-order",
            ),
            all_tables: cx.args.is_on("all-tables"),
            include_tables: cx.args.list("tables"),
            exclude_tables: cx.args.list("exclude-tables"),
            source_time_zone: cx.args.text("source-time-zone").to_owned(),
            on_ddl: cx.args.text("on-ddl").to_owned(),
            stop_after_copy: cx.args.is_on("stop-after-copy"),
            defer_secondary_keys: cx.args.is_on("defer-secondary-keys"),
            auto_start: cx.args.is_on("auto-start"),
            no_routing_rules: cx.args.is_on("no-routing-rules"),
            ..Default::default()
        };
        let status = cx.client()?.migrate_create(request).await?;
        created(cx, (&keyspace, &workflow), status).await
    })
}
