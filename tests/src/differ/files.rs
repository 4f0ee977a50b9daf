//! Statements by hand: `tests/diff/*.sql`, each file on the tables of `setup.sql`.
//!
//! Queries run in the text protocol and prepared. Everything else runs once, as it stands, and the
//! tables are compared after it.

use std::collections::BTreeSet;
use std::path::Path;

use super::answer::Statement;
use super::judge::{Judge, Manner, Verdict};
use super::tokens;
use super::world::{World, statements};

/// The files that are no suites.
const OTHERS: [&str; 1] = ["setup.sql"];

/// Runs the files of a folder whose name has the word, on the tables that `setup` has; returns the
/// statements that were refused.
pub(super) async fn run(
    judge: &mut Judge,
    setup: &Path,
    folder: &Path,
    word: &str,
) -> Result<BTreeSet<String>, String> {
    let failed = |err: std::io::Error| format!("{}: {err}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".sql") && !OTHERS.contains(&name.as_str()) && name.contains(word) {
            names.push(name);
        }
    }
    names.sort();
    let mut refused = BTreeSet::new();
    judge.bench.build(World::read(setup)?).await?;
    let pristine = judge.rows().await?;
    for name in names {
        let text = std::fs::read_to_string(folder.join(&name)).map_err(failed)?;
        run_file(judge, &name, &statements(&text), &mut refused).await?;
        judge.bench.tell_all("rollback").await;
        judge.bench.refill(None, &pristine).await?;
        for place in 0..judge.bench.gates.len() {
            judge.bench.refill(Some(place), &pristine).await?;
        }
    }
    Ok(refused)
}

async fn run_file(
    judge: &mut Judge,
    name: &str,
    list: &[String],
    refused: &mut BTreeSet<String>,
) -> Result<(), String> {
    let mut open = false;
    for sql in list {
        let kind = Kind::of(sql);
        let statement = Statement::text(sql);
        let manner = match kind {
            // In a transaction, rows and locks are those of the session.
            Kind::Query if !open => Manner::Query,
            Kind::Query | Kind::Session => Manner::Plain,
            Kind::Write => Manner::Done,
        };
        let verdict = judge.run(name, &statement, manner).await?;
        if verdict == Verdict::Refused {
            refused.insert(sql.clone());
        } else if kind == Kind::Query && !sql.to_ascii_lowercase().contains("found_rows") {
            judge.run(name, &Statement::prepared(sql, Vec::new()), manner).await?;
        }
        if verdict != Verdict::Agreed && kind == Kind::Write && !open {
            // What only some sides did must not be seen in the statements that follow.
            judge.align().await?;
        }
        open = match tokens::split(sql).first().map(|word| word.to_ascii_lowercase()).as_deref() {
            Some("begin" | "start") => true,
            Some("commit" | "rollback") => false,
            _ => open,
        };
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Query,
    Write,
    Session,
}

impl Kind {
    fn of(sql: &str) -> Kind {
        let list = tokens::split(sql);
        let first = list.iter().find(|token| *token != "(");
        match first.map(|word| word.to_ascii_lowercase()).as_deref() {
            Some("select" | "values" | "table") => Kind::Query,
            Some("with") => {
                let writes =
                    |token: &String| tokens::is(token, "update") || tokens::is(token, "delete");
                if list.iter().any(writes) { Kind::Write } else { Kind::Query }
            }
            Some("insert" | "update" | "delete" | "replace" | "truncate" | "commit") => Kind::Write,
            _ => Kind::Session,
        }
    }
}

/// Prints all answers to statements on the tables of the files.
pub(super) async fn show(judge: &mut Judge, folder: &Path, sql: &str) -> Result<(), String> {
    judge.bench.build(World::read(folder)?).await?;
    for sql in statements(&sql.replace("; ", ";\n")) {
        let (mysql, answers) = judge.bench.ask_all(&Statement::text(&sql)).await;
        crate::say(&format!("{sql}\n  mysql  {mysql}"));
        for (gate, answer) in judge.bench.gates.iter().zip(&answers) {
            crate::say(&format!("  {}  {answer}", gate.keyspace));
        }
    }
    Ok(())
}
