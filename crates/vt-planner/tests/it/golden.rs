//! Runs the files of `plans/`: a `vschema` block, then pairs of a `sql` and a `plan` block.
//!
//! A first line `-- use TARGET` in a `sql` block selects the session's keyspace, shard
//! (`ks:-80`), key range (`ks[40-80]`) or tablet type (`ks@replica`), and with ` no_scatter` behind
//! it a gateway that refuses to ask all shards; several statements stand
//! on lines of their own, each with its plan; a `json` block has the plans as JSON. `UPDATE=1` writes the plans that come out.

use std::fmt::Write;
use std::path::Path;

use vt_base::TabletType;
use vt_plan::Plan;
use vt_planner::{PlanContext, plan};
use vt_sql::{Arena, Modes, normalize};
use vt_vschema::{Destination, VSchema};

use crate::vschema_text;

#[test]
fn plans_are_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "plans to compare");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let made = rerun(&text);
        if made == text {
            continue;
        }
        if update {
            std::fs::write(&file, &made).unwrap();
            continue;
        }
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for (line, (want, got)) in text.lines().zip(made.lines()).enumerate() {
            if want != got {
                let _ = writeln!(wrong, "{name}:{}\n  want {want}\n  got  {got}", line + 1);
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "run with UPDATE=1 if these are right:\n{wrong}");
}

/// Returns a file with its plans as they come out now.
fn rerun(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut vschema = None;
    let mut blocks = text.split("```");
    out.push_str(blocks.next().unwrap_or_default());
    let mut pending: Option<(String, String)> = None;
    while let (Some(block), after) = (blocks.next(), blocks.next().unwrap_or_default()) {
        let (kind, body) = block.split_once('\n').unwrap_or((block, ""));
        match kind {
            "vschema" => vschema = Some(vschema_text::parse(body)),
            "sql" => {
                let vschema = vschema.as_ref().expect("a vschema comes first");
                pending = Some((plans(vschema, body, text_of), plans(vschema, body, json_of)));
            }
            _ => {}
        }
        let made = || pending.clone().expect("a statement comes before its plan");
        let body = match kind {
            "plan" => made().0,
            "json" => made().1,
            _ => body.to_owned(),
        };
        let _ = write!(out, "```{kind}\n{body}```{after}");
    }
    out
}

/// Plans the statements of a block, one a line.
fn plans(vschema: &VSchema, block: &str, show: fn(&Plan) -> String) -> String {
    let mut ctx = PlanContext::new(vschema);
    let mut lines = block.lines().peekable();
    let mut target = None;
    if let Some(using) = lines.peek().and_then(|line| line.strip_prefix("-- use ")) {
        target = aim(using, &mut ctx);
        lines.next();
    }
    ctx.target = target.as_ref();
    lines.map(|sql| one_plan(sql, &ctx, show)).collect::<Vec<_>>().join("\n")
}

fn text_of(plan: &Plan) -> String {
    vt_plan::explain::to_text(plan)
}

fn json_of(plan: &Plan) -> String {
    let json = vt_plan::explain::to_json(plan);
    serde_json::to_string_pretty(&json).expect("a plan is JSON") + "\n"
}

fn one_plan(sql: &str, ctx: &PlanContext<'_>, show: fn(&Plan) -> String) -> String {
    let arena = Arena::new();
    // A statement in its normal form, as the gateway plans it, begins with a star.
    let (normal, sql) = match sql.strip_prefix("* ") {
        Some(sql) => (true, sql),
        None => (false, sql),
    };
    let statement = match vt_sql::parse(&arena, sql, Modes::default()) {
        Ok(statement) if normal => normalize::normalize(&arena, &statement).statement,
        Ok(statement) => statement,
        Err(error) => return format!("does not parse: {error}\n"),
    };
    match plan(&statement, ctx) {
        Ok(plan) => show(&plan),
        Err(error) => format!("{error}\n"),
    }
}

/// Reads a target like those of USE.
fn aim<'a>(text: &'a str, ctx: &mut PlanContext<'a>) -> Option<Destination> {
    let (text, no_scatter) = match text.strip_suffix(" no_scatter") {
        Some(text) => (text, true),
        None => (text, false),
    };
    ctx.no_scatter = no_scatter;
    let (text, tablet_type) = text.split_once('@').unwrap_or((text, "primary"));
    ctx.tablet_type = tablet_type.parse::<TabletType>().expect("a tablet type behind @");
    if let Some((keyspace, range)) = text.split_once('[') {
        ctx.keyspace = Some(keyspace);
        let range = range.trim_end_matches(']').parse().expect("a key range in brackets");
        return Some(Destination::KeyRange(range));
    }
    match text.split_once(':') {
        Some((keyspace, shard)) => {
            ctx.keyspace = Some(keyspace);
            Some(Destination::Shard(shard.into()))
        }
        None => {
            ctx.keyspace = Some(text);
            None
        }
    }
}
