//! The whole gate: what CI runs, and what a change must pass.

use std::process::Command;
use std::time::Instant;

use crate::{deps, sh, tidy};

/// Runs every step in order; the first that fails ends it.
pub(crate) fn run() -> Result<(), String> {
    let started = Instant::now();
    step("tidy", tidy::run)?;
    step("format", || {
        cargo(&["fmt", "--all", "--check"])?;
        cargo(&["fmt", "--check", "--manifest-path", "measure/Cargo.toml"])
    })?;
    step("dependencies", || deps::run(true))?;
    step("lints", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])
    })?;
    step("what measures the SQL front", || {
        cargo(&["test", "--quiet", "--manifest-path", "measure/Cargo.toml"])
    })?;
    step("tests of the crates", || cargo(&["test", "--workspace", "--quiet"]))?;
    step("end to end", end_to_end)?;
    step("collations", || collations(&["--strings".to_owned(), "60".to_owned()]))?;
    sh::say(&format!("ci: all passed in {} s", started.elapsed().as_secs()));
    Ok(())
}

/// Runs the tests that need a cluster: real MySQL, real clients.
pub(crate) fn end_to_end() -> Result<(), String> {
    cargo(&["build", "--quiet", "-p", "vitrum"])?;
    cargo(&["run", "--quiet", "-p", "vt-e2e"])
}

/// Compares collations with MySQL.
pub(crate) fn collations(args: &[String]) -> Result<(), String> {
    let mut line = vec!["run", "--quiet", "-p", "vt-e2e", "--", "collations"];
    line.extend(args.iter().map(String::as_str));
    cargo(&line)
}

/// Compares statements on shards with MySQL.
pub(crate) fn differ(args: &[String]) -> Result<(), String> {
    cargo(&["build", "--quiet", "-p", "vitrum"])?;
    let mut line = vec!["run", "--quiet", "-p", "vt-e2e", "--", "differ"];
    line.extend(args.iter().map(String::as_str));
    cargo(&line)
}

/// Compares expressions with MySQL, a long run of them in a build that is worth it.
pub(crate) fn oracle(args: &[String]) -> Result<(), String> {
    let profile = if args.iter().any(|arg| arg == "--generate") { "fast" } else { "dev" };
    let mut line = vec!["run", "--quiet", "--profile", profile, "-p", "vt-e2e", "--", "oracle"];
    line.extend(args.iter().map(String::as_str));
    cargo(&line)
}

/// Measures whole clusters, in the build that users have.
pub(crate) fn bench(args: &[String]) -> Result<(), String> {
    let profile = std::env::var("PROFILE").unwrap_or_else(|_| "release".to_owned());
    cargo(&["build", "--profile", &profile, "-p", "vitrum", "-p", "vt-bench"])?;
    let mut line = vec!["run", "--quiet", "--profile", &profile, "-p", "vt-bench", "--"];
    line.extend(args.iter().map(String::as_str));
    cargo(&line)
}

fn step(name: &str, run: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    sh::say(&format!("== {name}"));
    let started = Instant::now();
    run().map_err(|err| format!("{name}: {err}"))?;
    sh::say(&format!("== {name}: done in {} s", started.elapsed().as_secs()));
    Ok(())
}

fn cargo(args: &[&str]) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(args).current_dir(sh::root());
    // Tests find etcd on PATH: the system's first, else the one that was unpacked.
    let etcd = sh::root().join(".deps/etcd/usr/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Ok(path) = std::env::join_paths(std::env::split_paths(&path).chain([etcd])) {
        command.env("PATH", path);
    }
    sh::run(&mut command)
}
