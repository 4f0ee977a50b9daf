//! Materialize: what selects make of a keyspace's tables is kept in another.

use serde_json::Value;
use vt_proto::json::from_json;
use vt_proto::vtctldata::*;

use super::move_tables::SOURCE_KEYSPACE;
use super::streams::{self, require, target};
use super::{Answer, Command, Context, Family};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::values::usage;

pub(super) const FAMILY: Family = Family {
    name: "Materialize",
    about: "Keeps what selects make of a keyspace's tables in another",
    flags: streams::FAMILY_FLAGS,
};

const CREATE_FLAGS: &[Flag] = &[
    streams::CELLS,
    Flag::new("reference-tables", Kind::List, "reference tables that are copied into every shard")
        .short('r'),
    SOURCE_KEYSPACE,
    streams::STOP_AFTER_COPY,
    TABLE_SETTINGS,
    streams::TABLET_TYPES,
    streams::IN_ORDER,
    streams::WAIT,
    streams::WAIT_INTERVAL,
];
const TABLE_SETTINGS: Flag = Flag::new(
    "table-settings",
    Kind::Text,
    "JSON: [{\"target_table\": ..., \"source_expression\": \"select ...\", \"create_ddl\": \"copy\" or a CREATE TABLE}]",
);
const UPDATE_FLAGS: &[Flag] = &[
    Flag::new("add-reference-tables", Kind::List, "reference tables that are copied too"),
    TABLE_SETTINGS,
    streams::WAIT,
    streams::WAIT_INTERVAL,
];
const SHOW_FLAGS: &[Flag] = &[streams::INCLUDE_LOGS];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("Materialize create", "Fills tables by selects, and keeps them in step", create)
        .details("A select is over one table, with columns, expressions, count(*), sum(column) and GROUP BY.")
        .flags(CREATE_FLAGS),
    Command::new("Materialize show", "Prints all that is known of a workflow", streams::show)
        .flags(SHOW_FLAGS),
    Command::new("Materialize start", "Starts the streams", streams::start),
    Command::new("Materialize stop", "Stops the streams", streams::stop),
    Command::new("Materialize update", "Adds tables to a workflow that runs", update)
        .details("Tables that the workflow has already are left as they are.")
        .flags(UPDATE_FLAGS),
    Command::new("Materialize cancel", "Ends the workflow; its tables stay", streams::cancel),
];

/// Reads the settings of tables, each by the names of the message's fields.
fn table_settings(text: &str) -> Result<Vec<TableMaterializeSettings>, Failure> {
    let wrong = |why: String| Failure::Usage(format!("invalid --table-settings: {why}"));
    let value: Value = match text {
        "" => return Ok(Vec::new()),
        text => serde_json::from_str(text).map_err(|err| wrong(err.to_string()))?,
    };
    let Value::Array(items) = value else {
        return Err(wrong("they are a list of objects".to_owned()));
    };
    let read = |item: &Value| {
        from_json("vtctldata.TableMaterializeSettings", &item.to_string())
            .map_err(|err| usage(&err))
    };
    items.iter().map(read).collect()
}

fn create(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        require(cx, &["source-keyspace"])?;
        let settings = MaterializeSettings {
            workflow: workflow.clone(),
            source_keyspace: cx.args.text("source-keyspace").to_owned(),
            target_keyspace: keyspace.clone(),
            stop_after_copy: cx.args.is_on("stop-after-copy"),
            table_settings: table_settings(cx.args.text("table-settings"))?,
            cell: cx.args.list("cells").join(","),
            tablet_types: cx.args.list("tablet-types").join(","),
            tablet_selection_preference: streams::preference(
                cx,
                "tablet-types-in-preference-order",
            ),
            materialization_intent: match cx.args.has("reference-tables") {
                true => MaterializationIntent::Reference as i32,
                false => MaterializationIntent::Custom as i32,
            },
            reference_tables: cx.args.list("reference-tables"),
            ..Default::default()
        };
        let request = MaterializeCreateRequest { settings: Some(settings) };
        cx.client()?.materialize_create(request).await?;
        if streams::waits(cx) {
            streams::wait_for_copy(cx, (&keyspace, &workflow)).await?;
        }
        Ok(format!(
            "Materialization workflow {workflow} successfully created in the {keyspace} keyspace. Use show to view the status.\n"
        ))
    })
}

fn update(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (keyspace, workflow) = target(cx)?;
        let reference = cx.args.list("add-reference-tables");
        let mut settings = table_settings(cx.args.text("table-settings"))?;
        let materialization_intent = match reference.is_empty() {
            true => MaterializationIntent::Custom as i32,
            false => MaterializationIntent::Reference as i32,
        };
        settings.extend(reference.into_iter().map(|table| TableMaterializeSettings {
            source_expression: format!("select * from `{}`", table.replace('`', "``")),
            target_table: table,
            create_ddl: "copy".to_owned(),
        }));
        if settings.is_empty() {
            let message = "name tables with --add-reference-tables or --table-settings";
            return Err(Failure::Usage(message.to_owned()));
        }
        let request = WorkflowAddTablesRequest {
            workflow: workflow.clone(),
            keyspace: keyspace.clone(),
            table_settings: settings,
            materialization_intent,
        };
        cx.client()?.workflow_add_tables(request).await?;
        if streams::waits(cx) {
            streams::wait_for_copy(cx, (&keyspace, &workflow)).await?;
        }
        Ok(format!(
            "Successfully added the tables to the {workflow} materialize workflow in the {keyspace} keyspace.\n"
        ))
    })
}
