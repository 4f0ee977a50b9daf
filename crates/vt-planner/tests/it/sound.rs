//! Plans of every statement that the grammar's examples know: none hits a bug of ours, and what
//! goes to shards is SQL.

use std::path::Path;

use vt_plan::{ChangeAction, InsertSource, Node, TableChange};
use vt_planner::{PlanContext, plan};
use vt_sql::{Arena, Modes, normalize};
use vt_vschema::VSchema;

use crate::vschema_text;

#[test]
fn every_example_of_the_grammar_is_planned_or_refused() {
    let tables = "abcdefghijklmnopqrstuvwxyz".chars().map(String::from);
    let tables: Vec<String> = tables
        .chain(["t1", "t2", "t3", "t4", "users", "user", "orders"].map(String::from))
        .collect();
    let mut loose = String::from("keyspace ks sharded\nvindex hash hash\n");
    let mut known = loose.clone();
    let mut mixed = loose.clone();
    for (index, table) in tables.iter().enumerate() {
        loose += &format!("table {table} vindex=id:hash\n");
        let columns =
            "columns=id:INT64,a:VARCHAR,b:INT64,c:TEXT,d:DATE,x:INT64,y:VARCHAR authoritative";
        known += &format!("table {table} vindex=id:hash {columns}\n");
        if index % 2 == 0 {
            mixed += &format!("table {table} vindex=a:hash {columns}\n");
        }
    }
    mixed += "keyspace main\n";
    for table in tables.iter().skip(1).step_by(2) {
        mixed += &format!("table {table} columns=id:INT64,a:VARCHAR\n");
    }
    let mut planned = 0;
    for text in [loose, known, mixed] {
        let vschema = vschema_text::parse(&text);
        for statement in examples() {
            planned += usize::from(check(&vschema, &statement, false));
            planned += usize::from(check(&vschema, &statement, true));
        }
    }
    assert!(planned > 500, "only {planned} plans were made");
}

/// Plans a statement, raw or in normal form; returns whether there was a plan.
fn check(vschema: &VSchema, sql: &str, normal: bool) -> bool {
    let arena = Arena::new();
    let Ok(mut statement) = vt_sql::parse(&arena, sql, Modes::default()) else { return false };
    if normal {
        statement = normalize::normalize(&arena, &statement).statement;
    }
    let mut ctx = PlanContext::new(vschema);
    // The first table of the examples is everywhere in one of the keyspaces.
    ctx.keyspace = vschema.keyspaces.keys().next().map(|name| &**name);
    if vschema.keyspaces.len() > 1 {
        ctx.keyspace = None;
    }
    match plan(&statement, &ctx) {
        Ok(plan) => {
            each_sql(&plan.root, &mut |text| {
                let arena = Arena::new();
                if let Err(error) = vt_sql::parse(&arena, text, Modes::default()) {
                    panic!("{error}\nin   {text}\nfrom {sql}");
                }
            });
            // Explaining must work for whatever was made.
            assert!(!vt_plan::explain::to_text(&plan).is_empty());
            assert!(vt_plan::explain::to_json(&plan).is_object());
            true
        }
        Err(error) => {
            // Statements of the session come to no planner.
            let session = error.message().contains("a statement of the session");
            assert!(session || !error.message().contains("[BUG]"), "{error}\nfrom {sql}");
            false
        }
    }
}

/// Calls `f` with every text that goes to shards.
fn each_sql(node: &Node, f: &mut dyn FnMut(&str)) {
    match node {
        Node::Route(route) => {
            f(&route.sql);
            if !route.field_sql.is_empty() {
                f(&route.field_sql);
            }
        }
        Node::Insert(insert) => match &insert.source {
            InsertSource::Values => {
                let rows: Vec<&str> = insert.rows.iter().map(|row| &**row).collect();
                f(&format!("{}{}{}", insert.prefix, rows.join(", "), insert.suffix));
            }
            InsertSource::Select(_) => f(&format!("{}(1){}", insert.prefix, insert.suffix)),
        },
        Node::Update(write) | Node::Delete(write) => f(&write.route.sql),
        Node::Change(change) => {
            for table in &change.tables {
                match &table.action {
                    ChangeAction::ByKey { prefix, suffix, .. } => f(&by_key(prefix, suffix, table)),
                    ChangeAction::Move(one) => {
                        f(&by_key(&one.stay.0, &one.stay.1, table));
                        f(&by_key(&one.delete.0, &one.delete.1, table));
                        f(&format!("{}(1)", one.insert));
                    }
                }
            }
        }
        _ => {}
    }
    node.inputs().into_iter().for_each(|input| each_sql(input, f));
}

/// Returns a statement with a list of one key.
fn by_key(prefix: &str, suffix: &str, table: &TableChange) -> String {
    match table.key.len() {
        1 => format!("{prefix}1{suffix}"),
        width => format!("{prefix}({}){suffix}", vec!["1"; width].join(", ")),
    }
}

/// Returns the statements of the grammar's own files.
fn examples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vt-sql/golden");
    let mut all = Vec::new();
    for file in ["select.txt", "dml.txt", "ddl.txt", "session.txt"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        for entry in text.split("\n\n") {
            let sql: Vec<&str> = entry.lines().take_while(|line| !line.starts_with("=>")).collect();
            all.push(sql.join("\n"));
        }
    }
    all
}
