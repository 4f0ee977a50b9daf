//! SQL straight to the MySQL of one tablet.

use vt_proto::query::QueryResult;
use vt_proto::vtctldata::*;

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::output::{result_json, table};
use crate::values::parse_alias;

const JSON: Flag = Flag::new("json", Kind::Switch, "print JSON in place of a table").short('j');
const MAX_ROWS: Flag =
    Flag::new("max-rows", Kind::Int, "fail if there are more rows than this").or("10000");
const DBA_FLAGS: &[Flag] = &[
    Flag::new("disable-binlogs", Kind::Switch, "keep the statement out of the binary log"),
    JSON,
    MAX_ROWS,
    Flag::new("reload-schema", Kind::Switch, "have the tablet read its schema anew afterwards"),
];
const APP_FLAGS: &[Flag] =
    &[JSON, MAX_ROWS, Flag::new("use-pool", Kind::Switch, "use a connection of the pool")];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("ExecuteFetchAsDBA", "Runs a statement on a tablet's MySQL as its administrator", as_dba)
        .takes(
            Arguments::Exactly(2),
            "[--max-rows <max-rows>] [--json|-j] [--disable-binlogs] [--reload-schema] <tablet alias> <query>",
        )
        .details("The statement goes past the tablet's checks.")
        .flags(DBA_FLAGS),
    Command::new("ExecuteMultiFetchAsDBA", "Runs several statements on a tablet's MySQL as its administrator", multi_as_dba)
        .takes(
            Arguments::Exactly(2),
            "[--max-rows <max-rows>] [--json|-j] [--disable-binlogs] [--reload-schema] <tablet alias> <sql>",
        )
        .flags(DBA_FLAGS),
    Command::new("ExecuteFetchAsApp", "Runs a statement on a tablet's MySQL with the rights of applications", as_app)
        .takes(
            Arguments::Exactly(2),
            "[--max-rows <max-rows>] [--json|-j] [--use-pool] <tablet-alias> <query>",
        )
        .flags(APP_FLAGS),
];

fn show(cx: &Context, result: Option<&QueryResult>) -> Result<String, Failure> {
    let empty = QueryResult::default();
    let result = result.unwrap_or(&empty);
    match cx.args.is_on("json") {
        true => Ok(cx.layout.value(&result_json(result)?)),
        false => Ok(table(result)),
    }
}

fn as_dba(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = ExecuteFetchAsDbaRequest {
            tablet_alias: Some(parse_alias(cx.args.argument(0))?),
            query: cx.args.argument(1).to_owned(),
            max_rows: cx.args.int("max-rows"),
            disable_binlogs: cx.args.is_on("disable-binlogs"),
            reload_schema: cx.args.is_on("reload-schema"),
        };
        show(cx, cx.client()?.execute_fetch_as_dba(request).await?.result.as_ref())
    })
}

fn multi_as_dba(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = ExecuteMultiFetchAsDbaRequest {
            tablet_alias: Some(parse_alias(cx.args.argument(0))?),
            sql: cx.args.argument(1).to_owned(),
            max_rows: cx.args.int("max-rows"),
            disable_binlogs: cx.args.is_on("disable-binlogs"),
            reload_schema: cx.args.is_on("reload-schema"),
        };
        let results = cx.client()?.execute_multi_fetch_as_dba(request).await?.results;
        if cx.args.is_on("json") {
            let values: Result<Vec<_>, _> = results.iter().map(result_json).collect();
            return Ok(cx.layout.value(&serde_json::Value::Array(values?)));
        }
        Ok(results.iter().map(table).collect())
    })
}

fn as_app(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = ExecuteFetchAsAppRequest {
            tablet_alias: Some(parse_alias(cx.args.argument(0))?),
            query: cx.args.argument(1).to_owned(),
            max_rows: cx.args.int("max-rows"),
            use_pool: cx.args.is_on("use-pool"),
        };
        show(cx, cx.client()?.execute_fetch_as_app(request).await?.result.as_ref())
    })
}
