//! MoveTables: tables move into another keyspace.

use vt_proto::vtctldata::*;

use super::streams::{self, created, require, target};
use super::{Answer, Command, Context, Family};
use crate::Failure;
use crate::flags::{Flag, Kind};

pub(super) const FAMILY: Family = Family {
    name: "MoveTables",
    about: "Moves tables into another keyspace while they are in use",
    flags: streams::FAMILY_FLAGS,
};

pub(super) const SOURCE_KEYSPACE: Flag =
    Flag::new("source-keyspace", Kind::Text, "the keyspace that is copied from");
pub(super) const TABLES: Flag = Flag::new("tables", Kind::List, "the tables");
pub(super) const ALL_TABLES: Flag =
    Flag::new("all-tables", Kind::Switch, "all tables of the source");
pub(super) const EXCLUDE_TABLES: Flag =
    Flag::new("exclude-tables", Kind::List, "tables that stay, with --all-tables");
pub(super) const NO_RULES: Flag = Flag::new(
    "no-routing-rules",
    Kind::Switch,
    "make no routing rules: both keyspaces' tables can be reached at once",
);
pub(super) const TIME_ZONE: Flag = Flag::new(
    "source-time-zone",
    Kind::Text,
    "the zone of the source's datetime values, which become UTC",
);

const CREATE_FLAGS: &[Flag] = &[
    streams::ALL_CELLS,
    ALL_TABLES,
    Flag::new("atomic-copy", Kind::Switch, "copy all tables as of one moment, foreign keys too"),
    streams::AUTO_START,
    streams::CELLS,
    streams::CONFIG_OVERRIDES,
    streams::DEFER_KEYS,
    EXCLUDE_TABLES,
    Flag::new("global-keyspace", Kind::Text, "the unsharded keyspace in which sequences are made"),
    NO_RULES,
    streams::ON_DDL,
    Flag::new(
        "sharded-auto-increment-handling",
        Kind::Text,
        "what becomes of AUTO_INCREMENT in a sharded target: LEAVE, REMOVE, or REPLACE by sequences",
    )
    .or("REMOVE"),
    Flag::new("shards", Kind::List, "copy into these target shards only"),
    SOURCE_KEYSPACE,
    Flag::new("source-shards", Kind::List, "move these shards only, of a keyspace sharded alike"),
    TIME_ZONE,
    streams::STOP_AFTER_COPY,
    TABLES,
    streams::TABLET_TYPES,
    streams::IN_ORDER,
    Flag::new("tenant-id", Kind::Text, "move the rows of this tenant only"),
    streams::WAIT,
    streams::WAIT_INTERVAL,
];
const SHOW_FLAGS: &[Flag] = &[streams::INCLUDE_LOGS, streams::SHARDS];
const STATUS_FLAGS: &[Flag] = &[streams::SHARDS, streams::WAIT, streams::WAIT_INTERVAL];
const CANCEL_FLAGS: &[Flag] = &[
    Flag::new("delete-batch-size", Kind::Int, "rows of a tenant that are deleted at once")
        .or("1000"),
    Flag::new("keep-data", Kind::Switch, "leave what was copied in the target"),
    Flag::new("keep-routing-rules", Kind::Switch, "leave the routing rules"),
    streams::SHARDS,
];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("MoveTables create", "Copies tables and keeps them in step", create)
        .details("Traffic stays at the source until it is switched.")
        .flags(CREATE_FLAGS),
    Command::new("MoveTables show", "Prints all that is known of a workflow", streams::show)
        .flags(SHOW_FLAGS),
    Command::new("MoveTables status", "Prints where each stream is", streams::status)
        .flags(STATUS_FLAGS),
    Command::new("MoveTables start", "Starts the streams", streams::start),
    Command::new("MoveTables stop", "Stops the streams", streams::stop),
    Command::new("MoveTables cancel", "Gives the move up", streams::cancel).flags(CANCEL_FLAGS),
];

/// Reads what becomes of columns that MySQL numbers.
fn auto_increment(text: &str) -> Result<i32, Failure> {
    ShardedAutoIncrementHandling::from_str_name(&text.to_ascii_uppercase())
        .map(|one| one as i32)
        .ok_or_else(|| {
            Failure::Usage(format!(
                "invalid --sharded-auto-increment-handling {text:?}: it is LEAVE, REMOVE or REPLACE"
            ))
        })
}

/// Refuses a line that does not say which tables.
pub(super) fn check_tables(cx: &Context) -> Result<(), Failure> {
    match (cx.args.is_on("all-tables"), cx.args.has("tables")) {
        (true, true) | (false, false) => Err(Failure::Usage(
            "name the tables with --tables, or take all with --all-tables".to_owned(),
        )),
        (false, true) if cx.args.has("exclude-tables") => {
            Err(Failure::Usage("--exclude-tables goes with --all-tables".to_owned()))
        }
        _ => Ok(()),
    }
}

fn create(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        require(cx, &["source-keyspace"])?;
        check_tables(cx)?;
        let handling = cx.args.text("sharded-auto-increment-handling");
        let workflow_options = WorkflowOptions {
            tenant_id: cx.args.text("tenant-id").to_owned(),
            sharded_auto_increment_handling: auto_increment(handling)?,
            shards: cx.args.list("shards"),
            config: streams::config(cx)?,
            global_keyspace: cx.args.text("global-keyspace").to_owned(),
            ..Default::default()
        };
        let request = MoveTablesCreateRequest {
            workflow: workflow.clone(),
            source_keyspace: cx.args.text("source-keyspace").to_owned(),
            target_keyspace: keyspace.clone(),
            cells: streams::cells(cx).await?,
            tablet_types: streams::tablet_types(cx)?,
            tablet_selection_preference: streams::preference(
                cx,
                "tablet-types-in-preference-order",
            ),
            source_shards: cx.args.list("source-shards"),
            all_tables: cx.args.is_on("all-tables"),
            include_tables: cx.args.list("tables"),
            exclude_tables: cx.args.list("exclude-tables"),
            source_time_zone: cx.args.text("source-time-zone").to_owned(),
            on_ddl: cx.args.text("on-ddl").to_owned(),
            stop_after_copy: cx.args.is_on("stop-after-copy"),
            defer_secondary_keys: cx.args.is_on("defer-secondary-keys"),
            auto_start: cx.args.is_on("auto-start"),
            no_routing_rules: cx.args.is_on("no-routing-rules"),
            atomic_copy: cx.args.is_on("atomic-copy"),
            workflow_options: Some(workflow_options),
            ..Default::default()
        };
        let status = cx.client()?.move_tables_create(request).await?;
        created(cx, (&keyspace, &workflow), status).await
    })
}
