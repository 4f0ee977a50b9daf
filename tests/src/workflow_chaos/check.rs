//! Compares what is there with what was acknowledged.

use std::collections::BTreeSet;

use vt_testkit::LocalCluster;

use super::clients::Written;
use super::rounds::WAIT;
use crate::check::{Outcome, equal, within};

/// More than this of what is wrong helps nobody.
const SHOWN: usize = 20;

/// Proves that all rows are there once, where they are looked for, and that no workflow is left.
pub(super) fn all(cluster: &LocalCluster, rows: u64, written: &Written, keyspace: &str) -> Outcome {
    // A cluster that heals from the last fault answers in a moment.
    within(WAIT, || cluster.mysql("", "select count(*) from entry").map(drop))?;
    let mut wrong = Vec::new();
    let seen = numbers(cluster, "select id from entry where client >= 0")?;
    let there: BTreeSet<u64> = seen.iter().copied().collect();
    if there.len() != seen.len() {
        wrong.push(format!("{} entries are there twice", seen.len() - there.len()));
    }
    let mut tell = |what: &str, ids: Vec<u64>| {
        if !ids.is_empty() {
            let first: Vec<_> = ids.iter().take(SHOWN).collect();
            wrong.push(format!("{} entries {what}: {first:?}", ids.len()));
        }
    };
    tell("are lost", written.kept.difference(&there).copied().collect());
    tell("came back", written.gone.intersection(&there).copied().collect());
    let known = |id: &&u64| written.kept.contains(*id) || written.unknown.contains(*id);
    tell("were never written", there.iter().filter(|id| !known(id)).copied().collect());
    tell("are on a wrong shard", misplaced(cluster, &there)?);
    for pair in pairs(cluster, "select id, n from counter")? {
        let (sure, perhaps) = written.counters.get(&pair.0).copied().unwrap_or_default();
        if !(sure..=sure + perhaps).contains(&pair.1) {
            let (id, n) = pair;
            wrong.push(format!("counter {id} is {n}, not {sure} to {}", sure + perhaps));
        }
    }
    let filler =
        cluster.mysql("", "select count(*), count(distinct id) from entry where client < 0")?;
    if filler.trim() != format!("{rows}\t{rows}") {
        wrong.push(format!("of {rows} rows that nobody touched there are {}", filler.trim()));
    }
    if !wrong.is_empty() {
        return Err(format!("BROKEN PROMISES:\n{}", wrong.join("\n")));
    }
    for one in ["home", "away"] {
        let left = cluster.client(&["Workflow", "--keyspace", one, "list"])?;
        equal(&format!("workflows of {one}"), left.trim(), "[]")?;
    }
    let other = if keyspace == "home" { "away" } else { "home" };
    let left = cluster.mysql(other, "show tables")?;
    equal("tables where nobody is sent to", left.trim(), "")
}

/// Returns the entries that are not found by their id.
fn misplaced(cluster: &LocalCluster, there: &BTreeSet<u64>) -> Result<Vec<u64>, String> {
    let ids: Vec<u64> = there.iter().copied().collect();
    let mut found = BTreeSet::new();
    for part in ids.chunks(1000) {
        let part: Vec<String> = part.iter().map(u64::to_string).collect();
        let sql = format!("select id from entry where id in ({})", part.join(","));
        found.extend(numbers(cluster, &sql)?);
    }
    Ok(there.difference(&found).copied().collect())
}

fn numbers(cluster: &LocalCluster, sql: &str) -> Result<Vec<u64>, String> {
    // The gateway gives so many rows at most unless it is asked for more.
    let out = cluster.mysql("", &format!("set workload = 'olap'; {sql}"))?;
    let read = |line: &str| line.parse().map_err(|_| format!("{sql}: {line:?} is no number"));
    out.lines().map(read).collect()
}

fn pairs(cluster: &LocalCluster, sql: &str) -> Result<Vec<(u64, u64)>, String> {
    let out = cluster.mysql("", sql)?;
    let read = |line: &str| {
        let pair =
            line.split_once('\t').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        pair.ok_or_else(|| format!("{sql}: {line:?} is no pair"))
    };
    out.lines().map(read).collect()
}
