//! The report of a run, as a page.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::Options;
use super::check::Kept;
use super::clients::Seen;
use super::faults::Broken;

pub(super) fn text(
    options: &Options,
    broken: &Broken,
    seen: &[Seen],
    kept: &Kept,
    faults: &[String],
) -> String {
    let mut page = String::new();
    let total: usize = broken.faults.values().map(Vec::len).sum();
    let sum = |count: fn(&Seen) -> u64| seen.iter().map(count).sum::<u64>();
    // Writing to a string does not fail.
    let _ = writeln!(
        page,
        "chaos: {} s, seed {}, {} clients, {total} faults\n",
        options.seconds, options.seed, options.clients
    );
    let _ = writeln!(page, "| fault | times | until all clients wrote again, median | longest |");
    let _ = writeln!(page, "|---|--:|--:|--:|");
    for (fault, took) in &broken.faults {
        let (median, longest) = spread(took.clone());
        let _ = writeln!(page, "| {fault:?} | {} | {median:.1?} | {longest:.1?} |", took.len());
    }
    let entries: usize = kept.entries.values().map(std::collections::BTreeSet::len).sum();
    let _ = writeln!(
        page,
        "\n{} entries acknowledged, {} unknown, {entries} kept; {} counts; {} transfers; {} reads of own writes from replicas",
        sum(|one| one.appended.len() as u64),
        sum(|one| one.unknown.len() as u64),
        sum(|one| one.counted),
        sum(|one| one.transfers),
        sum(|one| one.replica_reads),
    );
    let pauses: Vec<Duration> = seen.iter().flat_map(|one| one.pauses.clone()).collect();
    let count = pauses.len();
    let (median, longest) = spread(pauses);
    let _ = writeln!(
        page,
        "{count} pauses of a client over 200 ms: median {median:.1?}, longest {longest:.1?}\n"
    );
    let mut errors: BTreeMap<&str, u64> = BTreeMap::new();
    for (text, times) in seen.iter().flat_map(|one| &one.errors) {
        *errors.entry(text).or_default() += times;
    }
    let _ = writeln!(page, "| error that clients saw | times |\n|---|--:|");
    for (text, times) in errors {
        let _ = writeln!(page, "| {} | {times} |", text.replace('|', "/"));
    }
    match faults {
        [] => page.push_str(
            "\nNothing acknowledged was lost, nothing was doubled, every session saw its writes.\n",
        ),
        faults => {
            let _ = writeln!(page, "\nBROKEN PROMISES:\n{}", faults.join("\n"));
        }
    }
    page
}

fn spread(mut all: Vec<Duration>) -> (Duration, Duration) {
    all.sort();
    let median = all.get(all.len() / 2).copied().unwrap_or_default();
    (median, all.last().copied().unwrap_or_default())
}
