//! Rewrites golden files: the tests that read them write them when `UPDATE=1` is set.

use std::process::Command;

use crate::sh;

/// Rewrites the golden files of one crate, or of all.
pub(crate) fn update(name: Option<&str>) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["test", "--quiet"]).env("UPDATE", "1").current_dir(sh::root());
    match name {
        Some(name) => command.args(["-p", name]),
        None => command.arg("--workspace"),
    };
    sh::run(&mut command)?;
    sh::run(Command::new("git").args(["diff", "--stat"]).current_dir(sh::root()))
}
