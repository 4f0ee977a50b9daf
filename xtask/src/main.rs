//! Chores of the repository, as commands: `cargo xtask VERB`.
//!
//! The Makefile names the verbs that everyone expects; what they do is here.

mod deps;
mod sh;

use std::process::ExitCode;

const HELP: &str = "\
usage: cargo xtask VERB

  deps [--tests]  bring what is missing: a mysqld; with --tests also etcd, sysbench and a mysql client
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.first().map(String::as_str) {
        Some("deps") => deps::run(args.iter().any(|arg| arg == "--tests")),
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
