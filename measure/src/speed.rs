//! Time, allocations and, under callgrind, instructions of the SQL front, next to another parser.
//!
//! `speed` prints the table; `speed --callgrind` adds the instructions, which do not depend on
//! what else the machine does.

mod counting;
mod oltp;

use std::process::{Command, ExitCode};
use std::time::Instant;

use counting::Counting;
use oltp::{Statement, Work};
use vt_sql::{Arena, Modes, parse};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How much faster than sqlparser parsing shall be, on each statement.
const FACTOR_MIN: f64 = 8.0;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => table(false),
        ["--callgrind"] => table(true),
        ["run", work, statement, times] => run(work, statement, times),
        _ => {
            eprintln!("usage: speed [--callgrind] | speed run WORK STATEMENT TIMES");
            ExitCode::FAILURE
        }
    }
}

fn run(work: &str, statement: &str, times: &str) -> ExitCode {
    let work = Work::ALL.into_iter().find(|one| one.name() == work);
    let statement = oltp::statements().into_iter().find(|one| one.name == statement);
    let (Some(work), Some(statement), Ok(times)) = (work, statement, times.parse()) else {
        eprintln!("speed: no such work or statement");
        return ExitCode::FAILURE;
    };
    work.run(&statement.sql, times);
    ExitCode::SUCCESS
}

fn table(callgrind: bool) -> ExitCode {
    println!("time, allocations{} of one run", if callgrind { ", instructions" } else { "" });
    let mut all_held = true;
    for statement in oltp::statements() {
        let tree = tree_bytes(&statement.sql);
        println!("\n{} ({} bytes; tree {tree} bytes)", statement.name, statement.sql.len());
        let mut figures = Vec::new();
        for work in Work::ALL {
            let nanos = nanos(&statement, work);
            let allocations = allocations(&statement, work);
            let instructions = callgrind.then(|| instructions(&statement, work)).flatten();
            let shown = instructions.map(|count| format!("{count:>10} instructions"));
            println!(
                "  {:20} {nanos:>9.1} ns {allocations:>6.1} allocations{}",
                work.name(),
                shown.unwrap_or_default(),
            );
            figures.push((nanos, instructions));
        }
        let ([_, parse, .., other], _) = figures.split_at(Work::ALL.len()) else { continue };
        let factor = other.0 / parse.0;
        let by_count = other.1.zip(parse.1).map(|(other, own)| other as f64 / own as f64);
        let by_count = by_count.map(|factor| format!(", {factor:.1} by instructions"));
        println!("  faster than sqlparser: {factor:.1} times{}", by_count.unwrap_or_default());
        all_held &= factor >= FACTOR_MIN;
    }
    let join = ten_way_join();
    println!("\njoin of ten ({} bytes; tree {} bytes)", join.len(), tree_bytes(&join));
    if all_held {
        return ExitCode::SUCCESS;
    }
    println!("\nnot {FACTOR_MIN} times faster everywhere");
    ExitCode::FAILURE
}

/// What a tree takes of its arena.
fn tree_bytes(sql: &str) -> usize {
    let mut arena = Arena::new();
    let taken = parse(&arena, sql, Modes::default()).is_ok();
    if taken { arena.used() } else { 0 }
}

fn ten_way_join() -> String {
    let joins: String = (1..10)
        .map(|number| {
            let before = number - 1;
            format!(" JOIN table{number} AS t{number} ON t{number}.id = t{before}.next_id")
        })
        .collect();
    format!("SELECT t0.a, t9.b FROM table0 AS t0{joins} WHERE t0.id = 5043")
}

/// The best of several batches: what the work takes where nothing disturbs it.
fn nanos(statement: &Statement, work: Work) -> f64 {
    const BATCHES: u64 = 25;
    const BATCH: u64 = 2_000;
    work.run(&statement.sql, BATCH);
    (0..BATCHES)
        .map(|_| {
            let started = Instant::now();
            work.run(&statement.sql, BATCH);
            started.elapsed().as_nanos() as f64 / BATCH as f64
        })
        .fold(f64::MAX, f64::min)
}

/// Between a short and a long run, so that what is made once does not count.
fn allocations(statement: &Statement, work: Work) -> f64 {
    let count = |times| {
        let before = counting::allocations();
        work.run(&statement.sql, times);
        counting::allocations() - before
    };
    (count(1_100) - count(100)) as f64 / 1_000.0
}

fn instructions(statement: &Statement, work: Work) -> Option<u64> {
    let count = |times: u64| -> Option<u64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().ok()?)
            .args(["run", work.name(), statement.name, &times.to_string()])
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().find(|line| line.contains("Collected"))?;
        line.split_whitespace().last()?.parse().ok()
    };
    Some((count(300)? - count(100)?) / 200)
}
