//! The operating system's view of a server: its process, its logs.

use std::path::Path;

use rustix::process::{Pid, Signal};

use crate::Instance;

/// Returns the process of an instance if it runs.
///
/// A file that a killed server left behind names a process that is gone, or that is another
/// program's by now: the command line tells.
pub(crate) fn running_pid(instance: &Instance) -> Option<Pid> {
    let text = std::fs::read_to_string(instance.pid_file()).ok()?;
    let number: i32 = text.trim().parse().ok()?;
    let command = std::fs::read(format!("/proc/{number}/cmdline")).ok()?;
    let needle = format!("--defaults-file={}", instance.cnf().display());
    let ours = command.split(|byte| *byte == 0).any(|part| part == needle.as_bytes());
    if ours { Pid::from_raw(number) } else { None }
}

/// Removes what a server that was killed left lying: its pid file, its socket and their locks.
pub(crate) fn remove_stale_files(instance: &Instance) {
    let socket = instance.socket();
    let lock = socket.with_extension("sock.lock");
    for path in [instance.pid_file(), socket, lock] {
        if let Err(err) = std::fs::remove_file(&path)
            && err.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %err, "cannot remove a stale file");
        }
    }
}

/// Asks the process to end, or makes it.
pub(crate) fn signal(pid: Pid, signal: Signal) {
    // Failure means that the process is gone, which the caller waits for anyway.
    if let Err(err) = rustix::process::kill_process(pid, signal) {
        tracing::debug!(%err, "signal not delivered");
    }
}

/// Returns the last lines of a log that tell of an error, or its last lines if none does.
pub(crate) fn log_tail(path: &Path) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let from = text.len().saturating_sub(64 * 1024);
    let text = String::from_utf8_lossy(&text[from..]);
    let lines: Vec<&str> = text.lines().collect();
    let errors: Vec<&str> = lines.iter().filter(|line| line.contains("[ERROR]")).copied().collect();
    let chosen = if errors.is_empty() { &lines } else { &errors };
    chosen[chosen.len().saturating_sub(4)..].join("\n")
}
