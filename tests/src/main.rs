//! End-to-end tests: a real cluster on real MySQL, asked by real clients.
//!
//! One cluster serves most tests, since starting one takes a while; tests keep to tables of their
//! own. `cargo run -p vt-e2e -- WORD` runs those whose name has the word.

mod cells;
mod chaos;
mod check;
mod clients;
mod collations;
mod control;
mod copies;
mod demo;
mod differ;
mod durability;
mod errors;
mod exceptions;
mod failover;
mod faults;
mod four;
mod guards;
mod import;
mod journey;
mod killed;
mod leases;
mod lifecycle;
mod links;
mod load;
mod lookups;
mod oracle;
mod promises;
mod reparents;
mod rewound;
mod storage;
mod streams;
mod switch;
mod topology;
mod tpcc;
mod tpch;
mod transactions;
mod transfers;
mod vreplication;
mod workflow_chaos;
mod workflows;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use vt_testkit::LocalCluster;

use crate::check::Outcome;

type Case = (&'static str, fn(&LocalCluster) -> Outcome);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let filter = match args.split_first() {
        Some((word, rest)) if word == "oracle" => return oracle::main(rest),
        Some((word, rest)) if word == "chaos" => return chaos::main(rest),
        Some((word, rest)) if word == "reparents" => return reparents::main(rest),
        Some((word, _)) if word == storage::APART => return storage::apart(),
        Some((word, rest)) if word == "differ" => return differ::main(rest),
        Some((word, rest)) if word == "tpcc" => return tpcc::main(rest),
        Some((word, rest)) if word == "collations" => return collations::main(rest),
        Some((word, rest)) if word == "workflows-chaos" => return workflow_chaos::main(rest),
        _ => args.first().cloned().unwrap_or_default(),
    };
    let wanted = cases(&filter);
    let started = Instant::now();
    let cluster = match LocalCluster::up(&["--demo"]) {
        Ok(cluster) => cluster,
        Err(err) => {
            say(&format!("the cluster did not start:\n{err}"));
            return ExitCode::FAILURE;
        }
    };
    say(&format!("cluster up in {:.1} s", started.elapsed().as_secs_f64()));
    let mut passed = 0;
    let mut failures = Vec::new();
    for (name, (_, run)) in wanted {
        let started = Instant::now();
        match run(&cluster) {
            Ok(()) => {
                passed += 1;
                say(&format!("test {name} ... ok ({:.1} s)", started.elapsed().as_secs_f64()));
            }
            Err(err) => {
                say(&format!("test {name} ... FAILED\n{err}"));
                failures.push((name, err));
            }
        }
    }
    if !failures.is_empty() {
        say(&cluster.logs());
    }
    drop(cluster);
    // Said again after the logs, where one who sees only the end of a long output finds it.
    for (name, err) in &failures {
        say(&format!("failed: {name}: {err}"));
    }
    say(&format!("{passed} passed, {} failed", failures.len()));
    if failures.is_empty() && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the cases whose names have a word, under these names, in the order in which they run.
fn cases(filter: &str) -> Vec<(String, Case)> {
    let groups: [(&str, Vec<Case>); 31] = [
        ("demo", demo::cases()),
        ("transactions", transactions::cases()),
        ("errors", errors::cases()),
        ("guards", guards::cases()),
        ("control", control::cases()),
        ("topology", topology::cases()),
        ("differential", differ::cases()),
        ("tpch", tpch::cases()),
        ("tpcc", tpcc::cases()),
        ("lookups", lookups::cases()),
        ("expressions", oracle::cases()),
        ("clients", clients::cases()),
        ("streams", streams::cases()),
        ("vreplication", vreplication::cases()),
        ("switch", switch::cases()),
        ("copies", copies::cases()),
        ("workflows", workflows::cases()),
        ("workflow chaos", workflow_chaos::cases()),
        ("load", load::cases()),
        ("promises", promises::cases()),
        ("lifecycle", lifecycle::cases()),
        ("failover", failover::cases()),
        ("killed", killed::cases()),
        ("rewound", rewound::cases()),
        ("durability", durability::cases()),
        ("cells", cells::cases()),
        ("leases", leases::cases()),
        ("faults", faults::cases()),
        ("import", import::cases()),
        ("storage", storage::cases()),
        ("journey", journey::cases()),
    ];
    groups
        .into_iter()
        .flat_map(|(group, cases)| {
            cases.into_iter().map(move |case| (format!("{group}::{}", case.0), case))
        })
        .filter(|(name, _)| name.contains(filter))
        .collect()
}

fn say(line: &str) {
    // A closed pipe is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{line}");
}
