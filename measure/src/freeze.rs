//! A small corpus of our own, for tests that have no server: statements with MySQL's verdicts.
//!
//! From each statement two more are made, one that lacks a token and one that has a token twice;
//! most of them are none of MySQL's. A line of the file is `MARK<tab>STATEMENT`: `ok` or `error`, as
//! MySQL says, with `!` behind it where the parser disagrees.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use vt_sql::{Arena, Modes, parse};

use crate::judge::Judge;
use crate::shape::rough_tokens;

/// Longer statements are left out, and those of more than one line.
const BYTES_MAX: usize = 240;

/// Reads golden files, and writes the corpus.
pub(crate) fn run(golden: &Path, target: &Path, judge: &mut Judge) -> Result<(), String> {
    let mut lines = Vec::new();
    for sql in statements(golden)? {
        for text in [Some(sql.clone()), lacking(&sql), doubled(&sql)].into_iter().flatten() {
            let Some(verdict) = judge.verdict(&text)? else { continue };
            let is_error = verdict.is_syntax_error();
            let arena = Arena::new();
            // Other errors than these are of meaning, also MySQL's.
            let refused = parse(&arena, &text, Modes::default())
                .is_err_and(|error| matches!(error.errno(), 1064 | 1065));
            let agrees = refused == is_error;
            let mark = if is_error { "error" } else { "ok" };
            lines.push(format!("{mark}{}\t{text}\n", if agrees { "" } else { "!" }));
        }
    }
    lines.sort();
    lines.dedup();
    let disagree = lines.iter().filter(|line| line.contains("!\t")).count();
    println!("{} statements, the parser disagrees about {disagree}", lines.len());
    fs::write(target, lines.concat()).map_err(|err| format!("{}: {err}", target.display()))
}

fn statements(folder: &Path) -> Result<Vec<String>, String> {
    let fault = |err: std::io::Error| format!("{}: {err}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        let text = fs::read_to_string(entry.map_err(fault)?.path()).map_err(fault)?;
        for case in text.split("\n\n") {
            let sql: Vec<&str> =
                case.trim().lines().filter(|line| !line.starts_with("=>")).collect();
            if let [sql] = sql[..]
                && sql.len() <= BYTES_MAX
            {
                found.push(sql.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The statement without one of its tokens.
fn lacking(sql: &str) -> Option<String> {
    let tokens = rough_tokens(sql);
    let place = place(sql, 1, tokens.len())?;
    let (start, end) = *tokens.get(place)?;
    Some([&sql[..start], &sql[end..]].concat().trim().to_owned())
}

/// The statement with one of its tokens twice.
fn doubled(sql: &str) -> Option<String> {
    let tokens = rough_tokens(sql);
    let place = place(sql, 2, tokens.len())?;
    let (start, end) = *tokens.get(place)?;
    Some([&sql[..end], " ", &sql[start..end], &sql[end..]].concat())
}

/// Chooses a place, always the same for a statement.
fn place(sql: &str, seed: u64, count: usize) -> Option<usize> {
    let mut hasher = DefaultHasher::new();
    (sql, seed).hash(&mut hasher);
    usize::try_from(hasher.finish() % 1_000_003).ok()?.checked_rem(count)
}
