//! LookupVindex: a lookup vindex is made over a table that has rows already.

use vt_proto::vschema;
use vt_proto::vtctldata::*;

use super::streams::{self, require};
use super::{Answer, Command, Context, Family};
use crate::Failure;
use crate::flags::{Flag, Kind};

pub(super) const FAMILY: Family = Family {
    name: "LookupVindex",
    about: "Makes lookup vindexes over tables that have rows",
    flags: &[
        Flag::new("name", Kind::Text, "the vindex, and the workflow that fills its table"),
        Flag::new("table-keyspace", Kind::Text, "the keyspace in which the lookup's table lies"),
    ],
};

const KEYSPACE: Flag = Flag::new("keyspace", Kind::Text, "the keyspace that the vindex is for");
const CREATE_FLAGS: &[Flag] = &[
    streams::CELLS,
    Flag::new(
        "continue-after-copy-with-owner",
        Kind::Switch,
        "keep the streams running once the table is filled, also if the vindex has an owner",
    )
    .or("true"),
    Flag::new("ignore-nulls", Kind::Switch, "leave out rows whose columns are NULL"),
    KEYSPACE,
    Flag::new("table-name", Kind::Text, "the lookup's table; the vindex's name if left out"),
    Flag::new("table-owner", Kind::Text, "the table that the vindex is of, which maintains it"),
    Flag::new("table-owner-columns", Kind::List, "the columns that are looked up"),
    Flag::new(
        "table-vindex-type",
        Kind::Text,
        "by which vindex the lookup's table is sharded, in a sharded keyspace",
    ),
    streams::TABLET_TYPES,
    streams::IN_ORDER,
    Flag::new("type", Kind::Text, "the type of the vindex, consistent_lookup_unique say"),
    streams::WAIT,
    streams::WAIT_INTERVAL,
];
const KEYSPACE_FLAGS: &[Flag] = &[KEYSPACE];
const EXTERNALIZE_FLAGS: &[Flag] = &[
    Flag::new("delete", Kind::Switch, "delete the workflow too, in place of stopping it"),
    KEYSPACE,
];
const SHOW_FLAGS: &[Flag] = &[streams::INCLUDE_LOGS];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("LookupVindex create", "Adds a vindex, and fills its table", create)
        .details("Until it is externalized, the vindex is written and not yet used for reads.")
        .flags(CREATE_FLAGS),
    Command::new("LookupVindex show", "Prints all that is known of the workflow", show)
        .flags(SHOW_FLAGS),
    Command::new("LookupVindex externalize", "Has the vindex used for reads", externalize)
        .flags(EXTERNALIZE_FLAGS),
    Command::new("LookupVindex internalize", "Takes the vindex back from reads", internalize)
        .flags(KEYSPACE_FLAGS),
    Command::new("LookupVindex complete", "Ends the workflow of a vindex in use", complete)
        .flags(KEYSPACE_FLAGS),
    Command::new("LookupVindex cancel", "Ends the workflow; the vindex stays", cancel),
];

/// Returns the vindex's name and the keyspace of its table.
fn names(cx: &Context) -> Result<(String, String), Failure> {
    require(cx, &["name", "table-keyspace"])?;
    Ok((cx.args.text("name").to_owned(), cx.args.text("table-keyspace").to_owned()))
}

fn create(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (name, table_keyspace) = names(cx)?;
        require(cx, &["keyspace", "table-owner", "table-owner-columns", "type"])?;
        let text = |flag: &str| cx.args.text(flag).to_owned();
        let table = if cx.args.has("table-name") { text("table-name") } else { name.clone() };
        let columns = cx.args.list("table-owner-columns");
        let ignores_nulls = cx.args.is_on("ignore-nulls").to_string();
        let params = [
            ("table", format!("{table_keyspace}.{table}")),
            ("from", columns.join(",")),
            ("to", "keyspace_id".to_owned()),
            ("ignore_nulls", ignores_nulls),
        ];
        let vindex = vschema::Vindex {
            r#type: text("type"),
            params: params.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            owner: text("table-owner"),
        };
        let owner = vschema::ColumnVindex {
            name: name.clone(),
            columns: columns.clone(),
            ..Default::default()
        };
        let mut keyspace = vschema::Keyspace {
            vindexes: [(name.clone(), vindex)].into(),
            tables: [(
                text("table-owner"),
                vschema::Table { column_vindexes: vec![owner], ..Default::default() },
            )]
            .into(),
            ..Default::default()
        };
        if cx.args.has("table-vindex-type") {
            let placed = vschema::ColumnVindex {
                name: text("table-vindex-type"),
                column: columns.first().cloned().unwrap_or_default(),
                ..Default::default()
            };
            let placed = vschema::Table { column_vindexes: vec![placed], ..Default::default() };
            keyspace.tables.insert(table.clone(), placed);
        }
        let request = LookupVindexCreateRequest {
            keyspace: text("keyspace"),
            workflow: name.clone(),
            cells: cx.args.list("cells"),
            vindex: Some(keyspace),
            continue_after_copy_with_owner: cx.args.is_on("continue-after-copy-with-owner"),
            tablet_types: streams::tablet_types(cx)?,
            tablet_selection_preference: streams::preference(
                cx,
                "tablet-types-in-preference-order",
            ),
        };
        cx.client()?.lookup_vindex_create(request).await?;
        if streams::waits(cx) {
            streams::wait_for_copy(cx, (&table_keyspace, &name)).await?;
        }
        Ok(format!(
            "LookupVindex {name} created in the {} keyspace and the {name} VReplication workflow scheduled on the {table_keyspace} shards, use show to view progress\n",
            text("keyspace")
        ))
    })
}

fn show(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (workflow, keyspace) = names(cx)?;
        let include_logs = cx.args.is_on("include-logs");
        let request =
            GetWorkflowsRequest { keyspace, workflow, include_logs, ..Default::default() };
        let reply = cx.client()?.get_workflows(request).await?;
        Ok(cx.layout.message("vtctldata.GetWorkflowsResponse", &reply)?)
    })
}

/// Returns the keyspace that the vindex is for; that of its table if it is not named.
fn keyspace(cx: &Context) -> String {
    let flag = if cx.args.has("keyspace") { "keyspace" } else { "table-keyspace" };
    cx.args.text(flag).to_owned()
}

fn externalize(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (name, table_keyspace) = names(cx)?;
        let request = LookupVindexExternalizeRequest {
            keyspace: keyspace(cx),
            name: name.clone(),
            table_keyspace,
            delete_workflow: cx.args.is_on("delete"),
        };
        let reply = cx.client()?.lookup_vindex_externalize(request).await?;
        let tail = match (reply.workflow_deleted, reply.workflow_stopped) {
            (true, _) => format!(" and the {name} VReplication workflow has been deleted"),
            (false, true) => format!(" and the {name} VReplication workflow has been stopped"),
            (false, false) => String::new(),
        };
        Ok(format!("LookupVindex {name} has been externalized{tail}\n"))
    })
}

fn internalize(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (name, table_keyspace) = names(cx)?;
        let request = LookupVindexInternalizeRequest {
            keyspace: keyspace(cx),
            name: name.clone(),
            table_keyspace,
        };
        cx.client()?.lookup_vindex_internalize(request).await?;
        Ok(format!(
            "LookupVindex {name} has been internalized and the {name} VReplication workflow has been started\n"
        ))
    })
}

fn complete(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (name, table_keyspace) = names(cx)?;
        let request = LookupVindexCompleteRequest {
            keyspace: keyspace(cx),
            name: name.clone(),
            table_keyspace,
        };
        cx.client()?.lookup_vindex_complete(request).await?;
        Ok(format!(
            "LookupVindex {name} has been completed and the {name} VReplication workflow has been deleted\n"
        ))
    })
}

fn cancel(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let (name, keyspace) = names(cx)?;
        let request = WorkflowDeleteRequest {
            keyspace,
            workflow: name.clone(),
            keep_data: true,
            keep_routing_rules: true,
            ..Default::default()
        };
        cx.client()?.workflow_delete(request).await?;
        Ok(format!(
            "LookupVindex {name} left in place and the {name} VReplication workflow has been deleted\n"
        ))
    })
}
