//! The processes of the cluster: started, watched, started again, stopped in order.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_mysqld::Mysqld;

use crate::state::Health;
use crate::supervisor::Board;

/// A crashed process is started again at once the first time, later after a pause up to this.
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(10);
/// A process that ran for so long is not held to have failed at the start.
const STEADY_AFTER: Duration = Duration::from_secs(30);
const PROBE_EVERY: Duration = Duration::from_millis(250);
/// How long a program may take to end by itself when it is asked to.
const STOP_GRACE: Duration = Duration::from_secs(30);

/// One of our own programs.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The part's name: `vtgate`, `vttablet-100`.
    pub(crate) name: String,
    /// The first word and its flags.
    pub(crate) args: Vec<String>,
    /// The port whose `/healthz` says that it serves.
    pub(crate) web_port: Option<u16>,
    /// The port that is open once it runs, where it has no pages.
    pub(crate) port: u16,
    pub(crate) note: String,
}

/// Where programs find what they need.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) vitrum: PathBuf,
    pub(crate) data_root: PathBuf,
    pub(crate) logs: PathBuf,
}

/// Keeps a program running until the token is cancelled, then stops it.
pub(crate) async fn keep_program(
    program: Program,
    around: Arc<Surroundings>,
    board: Board,
    token: CancellationToken,
) {
    let mut pause = Duration::ZERO;
    let mut restarts = 0;
    while !token.is_cancelled() {
        board.update(&program.name, |part| {
            part.health = Health::Starting;
            part.restarts = restarts;
            part.note.clone_from(&program.note);
        });
        let started = tokio::time::Instant::now();
        match spawn(&program, &around) {
            Ok(child) => run_child(&program, child, &board, &token).await,
            Err(err) => board.note(&program.name, Health::Down, err.message()),
        }
        if token.is_cancelled() {
            break;
        }
        restarts += 1;
        pause = next_pause(pause, started.elapsed());
        tracing::warn!(part = program.name, restarts, "ended by itself; starting it again");
        token.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    board.update(&program.name, |part| {
        part.pid = 0;
        part.health = Health::Down;
    });
}

fn next_pause(pause: Duration, ran: Duration) -> Duration {
    if ran >= STEADY_AFTER {
        return Duration::ZERO;
    }
    (pause * 2).clamp(Duration::from_millis(500), RESTART_PAUSE_MAX)
}

fn spawn(program: &Program, around: &Surroundings) -> Result<Child> {
    let log = around.logs.join(format!("{}.log", program.name));
    let open = || std::fs::OpenOptions::new().create(true).append(true).open(&log);
    let failed = |err: &std::io::Error, path: &Path| {
        Error::new(Code::Internal, format!("{}: {err}", path.display()))
    };
    let out = open().map_err(|err| failed(&err, &log))?;
    let err = open().map_err(|err| failed(&err, &log))?;
    Command::new(&around.vitrum)
        .args(&program.args)
        .env("VTDATAROOT", &around.data_root)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .kill_on_drop(true)
        .spawn()
        .map_err(|err| failed(&err, &around.vitrum))
}

/// Probes a child until it ends, or stops it when the token is cancelled.
async fn run_child(program: &Program, mut child: Child, board: &Board, token: &CancellationToken) {
    board.update(&program.name, |part| part.pid = child.id().unwrap_or_default());
    loop {
        tokio::select! {
            biased;
            () = token.cancelled() => {
                stop(&mut child).await;
                return;
            }
            status = child.wait() => {
                let status = status.map_or_else(|err| err.to_string(), |status| status.to_string());
                board.note(&program.name, Health::Down, &format!("ended: {status}"));
                return;
            }
            () = tokio::time::sleep(PROBE_EVERY) => {
                let health = probe(program).await;
                board.update(&program.name, |part| part.health = health);
            }
        }
    }
}

async fn probe(program: &Program) -> Health {
    let up = match program.web_port {
        Some(port) => is_healthy(port).await,
        None => TcpStream::connect(("127.0.0.1", program.port)).await.is_ok(),
    };
    if up { Health::Up } else { Health::Starting }
}

/// Asks `/healthz`; anything but 200 within a second is no.
pub(crate) async fn is_healthy(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.ok()?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.ok()?;
        Some(&head == b"HTTP/1.1 200")
    };
    tokio::time::timeout(Duration::from_secs(1), ask).await.ok().flatten().unwrap_or(false)
}

/// Asks a child to end, and makes it after a while.
async fn stop(child: &mut Child) {
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        // Failure means that it is gone already.
        let _ = rustix::process::kill_process(pid, Signal::TERM);
    }
    if tokio::time::timeout(STOP_GRACE, child.wait()).await.is_err() {
        // The kernel ends it; there is nothing more to do where that fails.
        let _ = child.kill().await;
    }
}

/// Keeps a mysqld running until the token is cancelled, then shuts it down.
pub(crate) async fn keep_mysqld(
    name: String,
    mysqld: Mysqld,
    board: Board,
    token: CancellationToken,
) {
    let mut pause = Duration::ZERO;
    let mut restarts = 0;
    while !token.is_cancelled() {
        board.update(&name, |part| {
            part.health = Health::Starting;
            part.restarts = restarts;
            part.note = format!("socket {}", mysqld.instance.socket().display());
        });
        let started = tokio::time::Instant::now();
        match mysqld.start_supervised(&[]).await {
            Ok(mut child) => {
                board.update(&name, |part| {
                    part.pid = child.id().unwrap_or_default();
                    part.health = Health::Up;
                });
                tokio::select! {
                    biased;
                    () = token.cancelled() => {}
                    _ = child.wait() => board.note(&name, Health::Down, "ended by itself"),
                }
            }
            Err(err) => board.note(&name, Health::Down, err.message()),
        }
        if token.is_cancelled() {
            break;
        }
        restarts += 1;
        pause = next_pause(pause, started.elapsed());
        token.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    if let Err(err) = mysqld.shutdown().await {
        tracing::warn!(part = name, %err, "mysqld did not stop");
    }
    board.update(&name, |part| {
        part.pid = 0;
        part.health = Health::Down;
    });
}

/// Ends programs that a supervisor before us left behind: those that run our own file.
pub(crate) fn end_leftovers(pids: impl Iterator<Item = u32>, vitrum: &Path) {
    for pid in pids.filter(|pid| *pid != 0) {
        let exe = std::fs::read_link(format!("/proc/{pid}/exe"));
        let ours = exe.is_ok_and(|exe| exe.file_name() == vitrum.file_name());
        if let (true, Some(pid)) = (ours, Pid::from_raw(pid.cast_signed())) {
            // Failure means that it is gone already.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_are_forgotten_after_a_steady_run() {
        let mut pause = Duration::ZERO;
        let mut seen = Vec::new();
        for _ in 0..7 {
            pause = next_pause(pause, Duration::from_secs(1));
            seen.push(pause.as_millis());
        }
        assert_eq!(seen, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        assert_eq!(next_pause(pause, Duration::from_secs(60)), Duration::ZERO);
    }
}
