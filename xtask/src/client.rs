//! A mysql client for machines that have none: the one that came with the unpacked server.

use std::process::Command;

use crate::sh;

/// Runs the client with the arguments given.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    sh::run(command()?.args(args))
}

/// Returns the client: the system's own where there is one, else the unpacked one.
pub(crate) fn command() -> Result<Command, String> {
    if let Some(client) = sh::which("mysql") {
        return Ok(Command::new(client));
    }
    let root = sh::root().join(".deps/mysql");
    let client = root.join("usr/bin/mysql");
    if !client.is_file() {
        return Err("no mysql client: install one, or run `cargo xtask deps --tests`".to_owned());
    }
    let mut command = Command::new(root.join("usr/lib64/ld-linux-x86-64.so.2"));
    command.arg("--library-path").arg(root.join("usr/lib/x86_64-linux-gnu")).arg(client);
    command.arg("--no-defaults");
    Ok(command)
}
