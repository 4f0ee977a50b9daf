//! The VSchema of a keyspace.

use std::fmt::Write;

use vt_proto::json::from_json;
use vt_proto::vtctldata::*;

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::values::{read_file, usage};

const APPLY_FLAGS: &[Flag] = &[
    Flag::new("cells", Kind::List, "cells whose gateways learn of it; all if left out"),
    Flag::new("dry-run", Kind::Switch, "print the VSchema that would be, and save nothing"),
    Flag::new("skip-rebuild", Kind::Switch, "save it, and leave the gateways as they are"),
    Flag::new("sql", Kind::Text, "an ALTER VSCHEMA statement"),
    Flag::new("sql-file", Kind::Text, "file with such a statement"),
    Flag::new("strict", Kind::Switch, "refuse a vindex with unknown parameters"),
    Flag::new("vschema", Kind::Text, "the VSchema as JSON"),
    Flag::new("vschema-file", Kind::Text, "file with the VSchema as JSON"),
];
const CELLS_FLAG: &[Flag] =
    &[Flag::new("cells", Kind::List, "cells to write it in; all if left out").short('c')];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("GetVSchema", "Prints the VSchema of a keyspace", get)
        .takes(Arguments::Exactly(1), "<keyspace>"),
    Command::new("ApplyVSchema", "Replaces the VSchema of a keyspace, or changes it by a statement", apply)
        .takes(
            Arguments::Exactly(1),
            "{--vschema=<vschema> || --vschema-file=<vschema file> || --sql=<sql> || --sql-file=<sql file>} \
             [--cells=c1,c2,...] [--skip-rebuild] [--dry-run] [--strict] <keyspace>",
        )
        .flags(APPLY_FLAGS),
    Command::new("RebuildVSchemaGraph", "Writes the VSchema of all keyspaces anew for the gateways", rebuild)
        .takes(Arguments::Exactly(0), "[--cells=c1,c2,...]")
        .flags(CELLS_FLAG),
];

fn get(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = GetVSchemaRequest { keyspace: cx.args.argument(0).to_owned() };
        let reply = cx.client()?.get_v_schema(request).await?;
        cx.layout.found("vschema.Keyspace", reply.v_schema.as_ref())
    })
}

fn apply(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let given: Vec<&str> = ["vschema", "vschema-file", "sql", "sql-file"]
            .into_iter()
            .filter(|flag| cx.args.has(flag))
            .collect();
        let [source] = given.as_slice() else {
            return Err(Failure::Usage(
                "must pass exactly one of --vschema, --vschema-file, --sql or --sql-file"
                    .to_owned(),
            ));
        };
        let text = match source.ends_with("-file") {
            true => read_file(cx.args.text(source))?,
            false => cx.args.text(source).to_owned(),
        };
        let (v_schema, sql) = match source.starts_with("sql") {
            true => (None, text),
            false => (
                Some(from_json("vschema.Keyspace", &text).map_err(|err| usage(&err))?),
                String::new(),
            ),
        };
        let dry_run = cx.args.is_on("dry-run");
        let request = ApplyVSchemaRequest {
            keyspace: cx.args.argument(0).to_owned(),
            skip_rebuild: cx.args.is_on("skip-rebuild"),
            dry_run,
            cells: cx.args.list("cells"),
            v_schema,
            sql,
            strict: cx.args.is_on("strict"),
        };
        let reply = cx.client()?.apply_v_schema(request).await?;
        let json = cx.layout.found("vschema.Keyspace", reply.v_schema.as_ref())?;
        let mut out = format!(
            "New VSchema object:\n{json}If this is not what you expected, check the input data (as JSON parsing will skip unexpected fields).\n"
        );
        if !reply.unknown_vindex_params.is_empty() {
            out.push_str("Unknown vindex params found:\n");
            for (vindex, unknown) in &reply.unknown_vindex_params {
                let _infallible = writeln!(out, "  {vindex}: {}", unknown.params.join(", "));
            }
        }
        if dry_run {
            out.push_str("Dry run: Skipping update of VSchema\n");
        }
        Ok(out)
    })
}

fn rebuild(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let cells = cx.args.list("cells");
        cx.client()?.rebuild_v_schema_graph(RebuildVSchemaGraphRequest { cells }).await?;
        Ok("RebuildVSchemaGraph: ok\n".to_owned())
    })
}
