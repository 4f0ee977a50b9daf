//! The part of the comparison that every change must pass: all case files, and some expressions by
//! chance.
//!
//! `tests/diff/functions/known.txt` has what still differs: the expressions of case files, one a
//! line, and how many of those by chance. The list may only shrink; `UPDATE=1` writes it anew.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::answer::Aspect;
use super::generate::{self, Plan};
use super::host::Host;
use super::report::Report;
use super::{files, folder, ours};
use crate::Case;
use crate::check::Outcome;

/// How many expressions by chance are compared, and where chance begins.
const BY_CHANCE: u64 = 4000;
const SEED: u64 = 1;
/// The line of the list that tells how many of those by chance differ.
const COUNT: &str = "-- by chance: ";

pub(crate) fn cases() -> Vec<Case> {
    vec![("mysql and the engine agree on expressions", |_| agree())]
}

/// Compares on a server of its own, without a cluster.
pub(super) fn agree() -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(compare())
}

async fn compare() -> Outcome {
    // A server without a cluster, with all time zones.
    let host = Host::start()?;
    let mut oracle = host.connect().await?;
    ours::hush();
    let mut by_hand = Report::default();
    for suite in files::read(&folder(), "")? {
        oracle.compare(&suite, &mut by_hand).await?;
    }
    let limit = Duration::from_secs(300);
    let plan = Plan { count: BY_CHANCE, seed: SEED, limit, shrinks: 20, of_form: 4, jobs: 2 };
    let by_chance = generate::run(&host, plan, "").await?;
    let differing: BTreeSet<String> =
        by_hand.differences.iter().map(|one| one.expression.clone()).collect();
    judge(&differing, &by_hand, &by_chance)
}

fn path() -> PathBuf {
    folder().join("known.txt")
}

/// Compares with what is known to differ.
fn judge(differing: &BTreeSet<String>, by_hand: &Report, by_chance: &Report) -> Outcome {
    let count = by_chance.differing;
    if std::env::var_os("UPDATE").is_some() {
        let lines: String = differing.iter().map(|line| format!("{line}\n")).collect();
        let text = format!("{COUNT}{count}\n{lines}");
        return std::fs::write(path(), text).map_err(|err| format!("{}: {err}", path().display()));
    }
    let known =
        std::fs::read_to_string(path()).map_err(|err| format!("{}: {err}", path().display()))?;
    let limit = known.lines().find_map(|line| line.strip_prefix(COUNT));
    let limit = limit.and_then(|digits| digits.trim().parse::<u64>().ok()).unwrap_or(0);
    let listed: BTreeSet<&str> = known.lines().collect();
    let fresh: Vec<String> = by_hand
        .differences
        .iter()
        .filter(|one| !listed.contains(one.expression.as_str()))
        .map(super::report::Difference::text)
        .collect();
    if !fresh.is_empty() {
        return Err(format!("{} expressions differ from MySQL:\n{}", fresh.len(), fresh.join("")));
    }
    let panics = by_chance.differences.iter().any(|one| one.aspects.contains(&Aspect::Panic));
    // The time zones of the machine, by which the server computes, differ a little between machines.
    if panics || count > limit + limit / 10 {
        let told = format!("{count} of {BY_CHANCE} by chance differ from MySQL, {limit} are known");
        return Err(format!("{told}:\n{}", by_chance.text()));
    }
    if by_hand.compared == 0 || by_chance.compared == 0 {
        return Err("nothing was compared".to_owned());
    }
    Ok(())
}
