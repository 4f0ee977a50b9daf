//! Chores of the repository, as commands: `cargo xtask VERB`.
//!
//! The Makefile names the verbs that everyone expects; what they do is here.

mod ci;
mod client;
mod collations;
mod corpus;
mod deps;
mod golden;
mod refusals;
mod sh;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
usage: cargo xtask VERB

  deps [--tests]  bring what is missing: a mysqld; with --tests also etcd, sysbench and a mysql client
  mysql ARGS      run a mysql client, the unpacked one where the system has none
  tidy            prove the order of the house: floors, absences, sizes
  collations ARGS write the tables of collations anew; ARGS tell a mysql client the server to ask;
                  with --judge compare what they give with a real MySQL; --judge --help tells more
  golden [CRATE]  rewrite the golden files by what the code gives now
  corpus [ARGS]   measure the grammar on the test suites of MySQL and MariaDB (docs/measuring.md)
  speed [eval|growth]
                  measure the parser's time, allocations and instructions; those of
                  expressions; those of hostile texts that are doubled
  bench ARGS      measure plain MySQL, MySQL Router and Vitrum in turns; --help tells more
  e2e             run the end-to-end tests on real MySQL
  differ ARGS     compare statements on one, two and four shards with a real MySQL (docs/judging.md)
  oracle ARGS     compare expressions with a real MySQL; --help tells the rest
  ci              everything that a change must pass
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.first().map(String::as_str) {
        Some("deps") => deps::run(args.iter().any(|arg| arg == "--tests")),
        Some("mysql") => client::run(&args[1..]),
        Some("collations") => match args.get(1).map(String::as_str) {
            Some("--judge") => deps::run(true).and_then(|()| ci::collations(&args[2..])),
            _ => collations::run(&args[1..]),
        },
        Some("tidy") => tidy::run(),
        Some("golden") => golden::update(args.get(1).map(String::as_str)),
        Some("corpus") => corpus::run(&args[1..]),
        Some("speed") => corpus::speed(&args[1..]),
        Some("bench") => deps::bench().and_then(|()| ci::bench(&args[1..])),
        Some("e2e") => deps::run(true).and_then(|()| ci::end_to_end()),
        Some("differ") => deps::run(true).and_then(|()| ci::differ(&args[1..])),
        Some("oracle") => deps::run(true).and_then(|()| ci::oracle(&args[1..])),
        Some("ci") => ci::run(),
        Some("help" | "--help" | "-h") | None => {
            sh::say(HELP.trim_end());
            Ok(())
        }
        Some(verb) => Err(format!("unknown verb {verb:?}\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            sh::say(&format!("xtask: {message}"));
            ExitCode::FAILURE
        }
    }
}
