//! VDiff: whether the target of a workflow has the rows of its source.

mod summary;

use std::io::{IsTerminal, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use vt_base::{Code, Error};
use vt_proto::tabletmanagerdata::TabletSelectionPreference;
use vt_proto::vtctldata::*;

use self::summary::{Listing, Summary};
use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::values::{parse_tablet_type, proto_duration};

const FLAGS: &[Flag] = &[
    Flag::new("workflow", Kind::Text, "the workflow").short('w'),
    Flag::new("target-keyspace", Kind::Text, "the keyspace that the workflow writes to"),
    Flag::new("format", Kind::Text, "text or json").or("text"),
    Flag::new("auto-retry", Kind::Switch, "create: try again after failures that may pass")
        .or("true"),
    Flag::new("auto-start", Kind::Switch, "create: begin at once; otherwise resume begins")
        .or("true"),
    Flag::new("debug-query", Kind::Switch, "create: write a query beside each sample"),
    Flag::new(
        "filtered-replication-wait-time",
        Kind::Duration,
        "create: how long streams and tablets may take to come to one position",
    )
    .or("30s"),
    Flag::new("limit", Kind::Int, "create: compare no more rows of a table")
        .or("9223372036854775807"),
    Flag::new(
        "max-diff-duration",
        Kind::Duration,
        "create: hold a snapshot no longer, then go on with a new one; 0 holds it to the end",
    ),
    Flag::new(
        "max-extra-rows-to-compare",
        Kind::Int,
        "create: how many rows that only one side seems to have are looked for elsewhere in the other",
    )
    .or("1000"),
    Flag::new("max-report-sample-rows", Kind::Int, "create: how many rows of each kind are shown")
        .or("10"),
    Flag::new("only-pks", Kind::Switch, "create: show only the keys of rows"),
    Flag::new("row-diff-column-truncate-at", Kind::Int, "create: show no more bytes of a value")
        .or("128"),
    Flag::new("source-cells", Kind::List, "create: read the source in these cells"),
    Flag::new("tables", Kind::List, "create: compare only these tables"),
    Flag::new("tablet-types", Kind::List, "create: read tablets of these types")
        .or("rdonly,replica,primary"),
    Flag::new(
        "tablet-types-in-preference-order",
        Kind::Switch,
        "create: a type counts only where there is no tablet of those before it",
    )
    .or("true"),
    Flag::new("target-cells", Kind::List, "create: read the target in these cells"),
    Flag::new("target-shards", Kind::List, "stop, resume: only on these shards of the target"),
    Flag::new("update-table-stats", Kind::Switch, "create: analyze the tables first"),
    Flag::new("verbose", Kind::Switch, "show: every table, also where nothing differs"),
    Flag::new("wait", Kind::Switch, "create: wait until it has ended; the default on a terminal"),
    Flag::new("wait-update-interval", Kind::Duration, "create: how often progress is shown")
        .or("1m0s"),
];

/// Which flags a verb takes besides those of all.
const OF_CREATE: &[&str] = &[
    "auto-retry",
    "auto-start",
    "debug-query",
    "filtered-replication-wait-time",
    "limit",
    "max-diff-duration",
    "max-extra-rows-to-compare",
    "max-report-sample-rows",
    "only-pks",
    "row-diff-column-truncate-at",
    "source-cells",
    "tables",
    "tablet-types",
    "tablet-types-in-preference-order",
    "target-cells",
    "update-table-stats",
    "wait",
    "wait-update-interval",
];
const OF_SHOW: &[&str] = &["verbose"];
const OF_STOP: &[&str] = &["target-shards"];
const OF_ALL: &[&str] = &["workflow", "target-keyspace", "format"];

pub(super) const COMMANDS: &[Command] = &[Command::new(
    "VDiff",
    "Compares the rows of a workflow's tables at its source and its target",
    vdiff,
)
.takes(
    Arguments::Between(1, 2),
    "--workflow <workflow> --target-keyspace <keyspace> create [<uuid>] | show <last|all|uuid> | stop <uuid> | resume <uuid> | delete <all|uuid>",
)
.details("Both sides are read at one moment while the workflow goes on. What is found is kept by the tablets: show tells it, stop and resume go on with it later.")
.flags(FLAGS)];

/// How often a VDiff that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

fn vdiff(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let verb = cx.args.argument(0).to_ascii_lowercase();
        let own = match verb.as_str() {
            "create" => OF_CREATE,
            "show" => OF_SHOW,
            "stop" | "resume" => OF_STOP,
            "delete" => &[],
            _ => {
                return Err(Failure::Usage(format!(
                    "unknown command {verb:?} of VDiff; it is one of create, show, stop, resume, delete"
                )));
            }
        };
        let other = FLAGS
            .iter()
            .map(|flag| flag.name)
            .find(|name| cx.args.has(name) && !own.contains(name) && !OF_ALL.contains(name));
        if let Some(flag) = other {
            return Err(Failure::Usage(format!("--{flag} is no flag of VDiff {verb}")));
        }
        for flag in ["workflow", "target-keyspace"] {
            if cx.args.text(flag).is_empty() {
                return Err(Failure::Usage(format!("required flag --{flag} not set")));
            }
        }
        if !matches!(cx.args.text("format"), "text" | "json") {
            return Err(Failure::Usage("--format is text or json".to_owned()));
        }
        match verb.as_str() {
            "create" => create(cx).await,
            "show" => show(cx).await,
            "stop" => stop(cx).await,
            "resume" => resume(cx).await,
            _ => delete(cx).await,
        }
    })
}

fn is_json(cx: &Context) -> bool {
    cx.args.text("format") == "json"
}

fn names(cx: &Context) -> (String, String) {
    (cx.args.text("workflow").to_owned(), cx.args.text("target-keyspace").to_owned())
}

/// Returns the argument behind the verb, which is a UUID or one of some words.
fn argument(cx: &Context, words: &[&str]) -> Result<String, Failure> {
    let given = cx.args.argument(1).to_ascii_lowercase();
    if words.contains(&given.as_str()) || is_uuid(&given) {
        return Ok(given);
    }
    Err(Failure::Usage(match words {
        [] => format!("invalid UUID provided: {given:?}"),
        words => format!(
            "invalid argument provided ({given}), valid arguments are '{}', or a valid UUID",
            words.join("', '")
        ),
    }))
}

fn is_uuid(text: &str) -> bool {
    let places = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match places.contains(&place) {
            true => byte == b'-',
            false => byte.is_ascii_hexdigit(),
        })
}

async fn create(cx: &Context) -> Result<String, Failure> {
    let uuid = match cx.args.argument(1) {
        "" => String::new(),
        _ => argument(cx, &[])?,
    };
    if cx.args.int("limit") < 1 {
        return Err(Failure::Usage("--limit must be a positive value".to_owned()));
    }
    if cx.args.int("max-extra-rows-to-compare") < 0 {
        let text = "--max-extra-rows-to-compare must not be a negative value";
        return Err(Failure::Usage(text.to_owned()));
    }
    let mut types = cx.args.list("tablet-types");
    if types.is_empty() {
        types = cx.args.text("tablet-types").split(',').map(str::to_owned).collect();
    }
    let tablet_types =
        types.iter().map(|one| parse_tablet_type(one)).collect::<Result<Vec<_>, _>>()?;
    let preference = match cx.args.is_on("tablet-types-in-preference-order") {
        true => TabletSelectionPreference::Inorder,
        false => TabletSelectionPreference::Any,
    };
    let (workflow, target_keyspace) = names(cx);
    let wait = match cx.args.has("wait") {
        true => cx.args.is_on("wait"),
        false => std::io::stdout().is_terminal() && cx.args.is_on("auto-start"),
    };
    let request = VDiffCreateRequest {
        workflow,
        target_keyspace,
        uuid,
        source_cells: cx.args.list("source-cells"),
        target_cells: cx.args.list("target-cells"),
        tablet_types,
        tablet_selection_preference: preference.into(),
        tables: cx.args.list("tables"),
        limit: cx.args.int("limit"),
        filtered_replication_wait_time: proto_duration(
            cx.args.duration("filtered-replication-wait-time"),
        ),
        debug_query: cx.args.is_on("debug-query"),
        only_p_ks: cx.args.is_on("only-pks"),
        update_table_stats: cx.args.is_on("update-table-stats"),
        max_extra_rows_to_compare: cx.args.int("max-extra-rows-to-compare"),
        wait,
        wait_update_interval: proto_duration(cx.args.duration("wait-update-interval")),
        auto_retry: cx.args.is_on("auto-retry"),
        verbose: false,
        max_report_sample_rows: cx.args.int("max-report-sample-rows"),
        max_diff_duration: proto_duration(cx.args.duration("max-diff-duration")),
        row_diff_column_truncate_at: cx.args.int("row-diff-column-truncate-at"),
        auto_start: Some(cx.args.is_on("auto-start")),
    };
    let uuid = cx.client()?.v_diff_create(request).await?.uuid;
    if wait {
        return wait_for(cx, &uuid).await;
    }
    Ok(match is_json(cx) {
        true => cx.layout.value(&json!({ "UUID": uuid })),
        false => {
            format!("VDiff {uuid} scheduled on target shards, use show to view progress\n")
        }
    })
}

async fn fetch(cx: &Context, arg: &str) -> Result<VDiffShowResponse, Failure> {
    let (workflow, target_keyspace) = names(cx);
    let request = VDiffShowRequest { workflow, target_keyspace, arg: arg.to_owned() };
    Ok(cx.client()?.v_diff_show(request).await?)
}

async fn summary(cx: &Context, uuid: &str, verbose: bool) -> Result<Summary, Failure> {
    let (workflow, keyspace) = names(cx);
    let reply = fetch(cx, uuid).await?;
    Ok(Summary::read(&workflow, &keyspace, uuid, &reply, verbose)?)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn printed(cx: &Context, summary: &Summary) -> String {
    match is_json(cx) {
        true => cx.layout.value(&summary.to_json(now())),
        false => summary.to_text(now()),
    }
}

/// Waits until a VDiff has ended, showing how far it is.
async fn wait_for(cx: &Context, uuid: &str) -> Result<String, Failure> {
    let every = cx.args.duration("wait-update-interval").max(LOOK_EVERY);
    let live = std::io::stderr().is_terminal();
    let mut shown = tokio::time::Instant::now();
    loop {
        let summary = summary(cx, uuid, false).await?;
        if live {
            say(&format!("\r{}", summary.line(now())));
        }
        if summary.has_ended() {
            if live {
                say("\n");
            }
            let text = printed(cx, &summary);
            return match summary.is_complete() {
                true => Ok(text),
                false => {
                    let message = format!("the vdiff has ended in state {}", summary.state());
                    let err = Error::new(Code::FailedPrecondition, message);
                    Err(Failure::Found { printed: text, err })
                }
            };
        }
        if !live && shown.elapsed() >= every {
            shown = tokio::time::Instant::now();
            let _closed = std::io::stdout().write_all(printed(cx, &summary).as_bytes());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Writes progress; a reader that has gone away is no error of ours.
fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

async fn show(cx: &Context) -> Result<String, Failure> {
    let (workflow, keyspace) = names(cx);
    let verbose = cx.args.is_on("verbose");
    let arg = argument(cx, &["all", "last"])?;
    let reply = fetch(cx, &arg).await?;
    if arg == "all" {
        let listing = Listing::read(&reply);
        return Ok(match (is_json(cx), listing.is_empty()) {
            (true, _) => cx.layout.value(&listing.to_json()),
            (false, true) => format!("No vdiffs found for {keyspace}.{workflow}\n"),
            (false, false) => listing.to_text(),
        });
    }
    let uuid = match arg.as_str() {
        "last" => {
            let found = reply.tablet_responses.values().map(|one| one.vdiff_uuid.clone());
            found.into_iter().find(|uuid| !uuid.is_empty()).unwrap_or_default()
        }
        uuid => uuid.to_owned(),
    };
    if uuid.is_empty() {
        return Ok(match is_json(cx) {
            true => "{}\n".to_owned(),
            false => format!("No previous vdiff found for {keyspace}.{workflow}\n"),
        });
    }
    let summary = Summary::read(&workflow, &keyspace, &uuid, &reply, verbose)?;
    Ok(printed(cx, &summary))
}

/// Says that a verb was carried out, or will be.
fn done(cx: &Context, action: &str, status: &str) -> String {
    match is_json(cx) {
        true => cx.layout.value(&json!({ "Action": action, "Status": status })),
        false => format!("VDiff {action} {status}\n"),
    }
}

async fn stop(cx: &Context) -> Result<String, Failure> {
    let (workflow, target_keyspace) = names(cx);
    let uuid = argument(cx, &[])?;
    let target_shards = cx.args.list("target-shards");
    let request = VDiffStopRequest { workflow, target_keyspace, uuid, target_shards };
    cx.client()?.v_diff_stop(request).await?;
    Ok(done(cx, "stop", "completed"))
}

async fn resume(cx: &Context) -> Result<String, Failure> {
    let (workflow, target_keyspace) = names(cx);
    let uuid = argument(cx, &[])?;
    let target_shards = cx.args.list("target-shards");
    let request = VDiffResumeRequest { workflow, target_keyspace, uuid, target_shards };
    cx.client()?.v_diff_resume(request).await?;
    Ok(done(cx, "resume", "scheduled"))
}

async fn delete(cx: &Context) -> Result<String, Failure> {
    let (workflow, target_keyspace) = names(cx);
    let arg = argument(cx, &["all"])?;
    cx.client()?.v_diff_delete(VDiffDeleteRequest { workflow, target_keyspace, arg }).await?;
    Ok(done(cx, "delete", "completed"))
}
