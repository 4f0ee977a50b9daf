//! Benchmarks of whole clusters: plain MySQL, MySQL Router before it, and Vitrum in its two forms,
//! on the same data of one machine, measured in turns so that its drift cancels.
//!
//! `make bench` runs everything, `make bench-quick` the cases that the targets are about.
//! docs/performance.md tells what the figures mean. `vt-bench copy` measures how fast a table is
//! copied from one keyspace to another, beside the tools that MySQL's users have.

mod cases;
mod copy;
mod flame;
mod history;
mod idle;
mod load;
mod options;
mod plot;
mod report;
mod scale;
mod setup;
mod sysbench;
mod usage;

use std::io::Write;
use std::process::ExitCode;

use crate::cases::{Case, Kind, Run};
use crate::options::Options;
use crate::report::Report;
use crate::setup::{Setup, Target};

type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.split_first() {
        Some((word, rest)) if word == "scale" => scale::main(rest),
        Some((word, _)) if word == scale::echo::WORD => scale::echo::serve(),
        Some((word, rest)) if word == "flame" => flame::main(rest),
        Some((word, rest)) if word == "copy" => copy::run(rest),
        _ => Options::read(args.into_iter()).and_then(|options| match options {
            Some(options) => run(&options),
            None => {
                say(options::HELP.trim_end());
                Ok(())
            }
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&format!("bench: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line at once.
fn say(line: &str) {
    // A closed pipe is no reason to lose what has been measured.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn run(options: &Options) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|err| err.to_string())?;
    let setup = Setup::start(options, &runtime)?;
    let targets = setup.targets()?;
    let mut report = Report::new(options, &targets);
    for case in cases::all(options) {
        let measured = in_turns(options, &setup, &targets, &case, &runtime);
        if measured.is_empty() {
            continue;
        }
        report.add(&case, &measured);
        say(&report.lines_of(&case));
    }
    if options.wants("idle") {
        say("idle connections");
        for target in targets.iter().filter(|target| target.is_ours) {
            match idle::measure(target, options.idle_connections, &runtime) {
                Ok(idle) => report.idle(target, &idle),
                Err(message) => say(&format!("  {}: {message}", target.name)),
            }
        }
    }
    say(&report.targets_table());
    report.write(&options.out)?;
    plot::write(&report, &options.out)?;
    history::compare_and_add(&report, &options.history)
}

/// Measures a case on each target, one after the other, as many rounds as wanted; a target that
/// fails is told of and left out.
fn in_turns(
    options: &Options,
    setup: &Setup,
    targets: &[Target],
    case: &Case,
    runtime: &tokio::runtime::Runtime,
) -> Vec<(usize, Vec<Run>)> {
    let mut all: Vec<(usize, Vec<Run>)> = Vec::new();
    let mut failed = Vec::new();
    for round in 0..options.rounds {
        for place in 0..targets.len() {
            // Each round begins with another target, so that none is always the one after which.
            let index = (place + round) % targets.len();
            let target = &targets[index];
            if failed.contains(&index) || !case.is_for(target) {
                continue;
            }
            let ran = match &case.kind {
                Kind::Sysbench(script) => sysbench::run(options, setup, target, case, script),
                Kind::Own(statement) => load::run(options, target, case, statement, runtime),
            };
            match ran {
                Ok(run) => match all.iter_mut().find(|(known, _)| *known == index) {
                    Some((_, runs)) => runs.push(run),
                    None => all.push((index, vec![run])),
                },
                Err(message) => {
                    failed.push(index);
                    say(&format!("  {} on {}: {message}", case.name(), target.name));
                }
            }
        }
    }
    all.retain(|(index, _)| !failed.contains(index));
    all.sort_by_key(|(index, _)| *index);
    all
}
