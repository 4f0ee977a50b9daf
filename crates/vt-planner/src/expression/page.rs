//! The page of functions: `functions/catalogue.txt` names all of MySQL's, and what is computed here
//! is found by trying. `UPDATE=1` writes docs/functions.md anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vt_base::ErrorId;
use vt_eval::aggregate::AggregateFunc;
use vt_eval::session::Clock;
use vt_eval::{FunctionId, Session};

use super::{ExpressionColumn, PreparedExpression};

const HEAD: &str = "\
# Functions and operators

Every built-in function and operator of MySQL 8.4 and 9.x, and whether the gateway computes it.
*Here* means: computed by the gateway, where a query spans shards, with MySQL's value, type and warnings.
*Shard* means: the gateway sends the expression to a shard; where that cannot be, the query is refused.

This page is generated (`UPDATE=1 cargo test -p vt-planner page`) from the engine itself.
";

/// A line of the catalogue.
struct Line<'t> {
    name: &'t str,
    example: &'t str,
    note: Option<&'t str>,
}

/// What a chapter's functions need.
#[derive(Clone, Copy, PartialEq)]
enum Needs {
    Nothing,
    Rows,
    Server,
}

struct Chapter<'t> {
    title: &'t str,
    needs: Needs,
    lines: Vec<Line<'t>>,
}

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn chapters(text: &str) -> Vec<Chapter<'_>> {
    let mut chapters: Vec<Chapter<'_>> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            let (needs, title) = match title.split_once(": ") {
                Some(("rows", title)) => (Needs::Rows, title),
                Some(("server", title)) => (Needs::Server, title),
                _ => (Needs::Nothing, title),
            };
            chapters.push(Chapter { title, needs, lines: Vec::new() });
        } else if !line.is_empty() && !line.starts_with("# ") && line != "#" {
            let mut parts = line.splitn(3, " | ");
            let (Some(name), Some(example)) = (parts.next(), parts.next()) else {
                panic!("no line of the catalogue: {line}");
            };
            let chapter = chapters.last_mut().expect("a title comes first");
            chapter.lines.push(Line { name, example, note: parts.next() });
        }
    }
    chapters
}

/// Returns whether the gateway computes the example.
fn is_computed(line: &Line<'_>, needs: Needs) -> bool {
    let clock = Some(Clock(Arc::new(|| 0)));
    let session = Session { clock, ..Session::default() };
    let columns = [("a", "INT"), ("s", "VARCHAR(20)"), ("d", "DATETIME(3)"), ("j", "JSON")].map(
        |(name, definition)| {
            ExpressionColumn::of_definition(name, definition, &session).expect("a type")
        },
    );
    let name = line.example.split(['(', ' ']).next().unwrap_or_default();
    if needs == Needs::Rows {
        let over = line.example.contains(" OVER (");
        // The planner makes GROUPING() of what a rollup tells of its rows.
        return over || name == "grouping" || AggregateFunc::from_name(name).is_some();
    }
    match PreparedExpression::new(line.example, &columns, &session) {
        Ok(_) => true,
        Err(err) if err.id() == Some(ErrorId::VT12001) => false,
        Err(err) => panic!("the example of {} is wrong: {err:?}: {}", line.name, line.example),
    }
}

/// Writes the page; returns how many functions that need no table there are, and are computed.
fn page(text: &str) -> (String, usize, usize) {
    let (mut all, mut computed) = (0, 0);
    let mut body = String::new();
    for chapter in chapters(text) {
        let about = match chapter.needs {
            Needs::Nothing => "",
            Needs::Rows => " (they need rows)",
            Needs::Server => " (they need the server)",
        };
        let _ = write!(
            body,
            "\n## {}{about}\n\n| function | where | why |\n|---|---|---|\n",
            chapter.title
        );
        for line in &chapter.lines {
            let here = is_computed(line, chapter.needs);
            if chapter.needs == Needs::Nothing {
                all += 1;
                computed += usize::from(here);
            }
            let note = if here { "" } else { line.note.unwrap_or("not computed yet") };
            let place = if here { "here" } else { "shard" };
            let name = line.name.replace("<PIPE>", "|").replace('|', "\\|");
            let _ = writeln!(body, "| `{name}` | {place} | {note} |");
        }
    }
    let percent = computed * 1000 / all.max(1);
    let summary = format!(
        "\nOf {all} functions and operators that need no table and no server of their own, {computed} \
         are computed here: {}.{} %.\n\
         Spatial functions are computed without a reference system (SRID 0), and as far as they only \
         tell, make or take apart, in those of the plane and in those of degrees from Greenwich; what \
         else a row may hold (other systems, collections and invalid shapes to compare) is refused.\n\
         Aggregates and window functions are computed by the gateway over the rows or the parts that \
         shards give.\n",
        percent / 10,
        percent % 10
    );
    (format!("{HEAD}{summary}{body}"), all, computed)
}

#[test]
fn the_page_tells_what_is_computed() {
    let text = std::fs::read_to_string(file("functions/catalogue.txt")).unwrap();
    let (page, ..) = page(&text);
    let path = file("../../docs/functions.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    let seen = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(seen == page, "docs/functions.md is stale: UPDATE=1 cargo test -p vt-planner page");
}

#[test]
fn the_page_has_all_that_is_registered() {
    let text = std::fs::read_to_string(file("functions/catalogue.txt")).unwrap();
    let mut listed = BTreeSet::new();
    for chapter in chapters(&text) {
        for line in chapter.lines {
            for name in line.name.split([',', ' ']) {
                listed.insert(name.trim().trim_end_matches("()").to_ascii_lowercase());
            }
        }
    }
    let missing: Vec<&str> = FunctionId::all()
        .map(|function| function.name)
        .filter(|name| !listed.contains(*name))
        .collect();
    assert!(missing.is_empty(), "the catalogue does not have {missing:?}");
}
