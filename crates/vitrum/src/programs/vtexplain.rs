//! `vtexplain`: what a cluster would do with statements, told without one.
//!
//! Statements are planned with the given VSchema and tables, and run on shards that answer every
//! query with one row that was made up; what is told is the queries that come to them.

mod world;

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use vt_base::{Code, Error, Result};
use vt_sql::{Modes, split_statements};

use super::run::{fail, finish, read_flags, say};
use crate::flags::Flags;
use world::{Explained, World};

const TABLE: &str = include_str!("../flags/vtexplain.tsv");

/// The line between statements.
const RULE: &str = "----------------------------------------------------------------------";

pub(super) fn main(args: &[String]) -> ExitCode {
    match read_flags("vtexplain", TABLE, args) {
        Ok(Some(flags)) => finish(run(&flags)),
        Ok(None) => ExitCode::SUCCESS,
        Err(err) => fail(err.message()),
    }
}

fn run(flags: &Flags) -> Result<()> {
    let sql = text_of(flags, "sql")?
        .ok_or_else(|| wrong("say what to explain, with --sql or --sql-file"))?;
    let schema = text_of(flags, "schema")?
        .ok_or_else(|| wrong("say what tables there are, with --schema or --schema-file"))?;
    let vschema = text_of(flags, "vschema")?
        .ok_or_else(|| wrong("say how they are sharded, with --vschema or --vschema-file"))?;
    let shards = text_of(flags, "ks-shard-map")?;
    let is_json = match flags.string("output-mode").as_str() {
        "text" => false,
        "json" => true,
        other => return Err(wrong(&format!("--output-mode {other:?}: text or json"))),
    };
    match flags.string("execution-mode").as_str() {
        "multi" => {}
        "twopc" | "legacy-autocommit" => {
            return Err(Error::unsupported("--execution-mode other than multi"));
        }
        other => return Err(wrong(&format!("--execution-mode {other:?}: multi"))),
    }
    let dbname = flags.string("dbname");
    let world = World::new(&schema, &vschema, flags.number("shards"), shards.as_deref(), &dbname)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|err| Error::new(Code::Internal, format!("cannot start the runtime: {err}")))?;
    let mut all = Vec::new();
    for statement in split_statements(&sql, Modes::default()) {
        let statement = statement.trim();
        if !statement.is_empty() {
            all.push(runtime.block_on(world.explain(statement))?);
        }
    }
    say(&if is_json { as_json(&all) } else { as_text(&all) });
    Ok(())
}

/// Returns what a flag says, or the file that the flag of the same name with `-file` names.
fn text_of(flags: &Flags, name: &str) -> Result<Option<String>> {
    let said = flags.optional(name).filter(|text| !text.is_empty());
    let file = flags.optional(&format!("{name}-file")).filter(|path| !path.is_empty());
    match (said, file) {
        (Some(_), Some(_)) => {
            Err(wrong(&format!("--{name} and --{name}-file cannot both be given")))
        }
        (Some(text), None) => Ok(Some(text)),
        (None, Some(path)) => std::fs::read_to_string(&path)
            .map(Some)
            .map_err(|err| Error::new(Code::NotFound, format!("cannot read {path}: {err}"))),
        (None, None) => Ok(None),
    }
}

fn wrong(message: &str) -> Error {
    Error::new(Code::InvalidArgument, message)
}

fn as_text(all: &[Explained]) -> String {
    let mut out = String::new();
    for explained in all {
        let _ = write!(out, "{RULE}\n{}\n\n", explained.sql);
        for query in &explained.queries {
            let place = format!("{}/{}", query.keyspace, query.shard);
            let _ = writeln!(out, "{} {place}: {}", query.time, query.sql);
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{RULE}");
    out
}

fn as_json(all: &[Explained]) -> String {
    let one = |explained: &Explained| {
        let mut actions = Map::new();
        for query in &explained.queries {
            let place = format!("{}/{}", query.keyspace, query.shard);
            let of_tablet = actions
                .entry(place)
                .or_insert_with(|| json!({ "TabletQueries": [], "MysqlQueries": [] }));
            let mysql = json!({ "Time": query.time, "SQL": query.sql });
            push(of_tablet, "MysqlQueries", mysql);
            if let Some((sql, binds)) = &query.asked {
                let asked = json!({ "Time": query.time, "SQL": sql, "BindVars": binds });
                push(of_tablet, "TabletQueries", asked);
            }
        }
        json!({ "SQL": explained.sql, "Plans": [explained.plan], "TabletActions": actions })
    };
    let all: Vec<Value> = all.iter().map(one).collect();
    format!("{:#}\n", Value::Array(all))
}

fn push(of_tablet: &mut Value, list: &str, value: Value) {
    if let Some(list) = of_tablet[list].as_array_mut() {
        list.push(value);
    }
}

#[cfg(test)]
mod tests;
