//! `vitrum down`: stops the cluster in order; `--wipe` removes its data.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use vt_base::{Code, Error, Result};

use crate::layout::Files;
use crate::spec::Spec;
use crate::state::State;
use crate::supervisor::is_running;

/// Stops a cluster on this machine.
#[derive(Clone, Debug, clap::Args)]
pub struct DownArgs {
    /// The data folder.
    #[arg(long, env = "VTDATAROOT", default_value = "vtdataroot")]
    pub data: PathBuf,
    /// Remove the data too.
    #[arg(long)]
    pub wipe: bool,
}

const STOP_LIMIT: Duration = Duration::from_secs(300);

/// Runs `vitrum down`; returns what was done.
pub async fn down(args: DownArgs) -> Result<String> {
    let files = Files::new(&args.data)?;
    let spec = Spec::load(&files.spec());
    if let Ok(None) = spec {
        return Ok(format!("{} holds no cluster\n", files.root.display()));
    }
    let mut said = String::new();
    if is_running(&files) {
        let state = State::load(&files.state());
        let pid =
            state.filter(State::is_alive).and_then(|state| Pid::from_raw(state.pid.cast_signed()));
        let pid = pid.ok_or_else(|| {
            let state = files.state();
            let message = format!("a supervisor runs, but {} does not name it", state.display());
            Error::new(Code::Internal, message)
        })?;
        rustix::process::kill_process(pid, Signal::TERM).map_err(|err| {
            Error::new(Code::Internal, format!("cannot stop the supervisor: {err}"))
        })?;
        let started = Instant::now();
        while is_running(&files) {
            if started.elapsed() > STOP_LIMIT {
                let message = "the cluster has not stopped; `vitrum status` shows what still runs";
                return Err(Error::new(Code::DeadlineExceeded, message));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        said.push_str("The cluster is stopped.\n");
    } else {
        said.push_str("The cluster was not running.\n");
    }
    if args.wipe {
        wipe(&files)?;
        said.push_str(&format!("{} is removed.\n", files.root.display()));
    }
    Ok(said)
}

/// Removes what a cluster puts into its folder, and the folder if nothing else is there.
fn wipe(files: &Files) -> Result<()> {
    let failed = |path: &std::path::Path, err: &std::io::Error| {
        Error::new(Code::Internal, format!("cannot remove {}: {err}", path.display()))
    };
    let entries = std::fs::read_dir(&files.root).map_err(|err| failed(&files.root, &err))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = name.starts_with("vt_")
            || matches!(&*name, "tmp" | "topo" | "backups" | "cluster.json" | "cluster.json.new")
            || name.starts_with("topo.");
        if !ours {
            continue;
        }
        let path = entry.path();
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(|err| failed(&path, &err))?;
    }
    // Something of the user's own keeps the folder.
    let _ = std::fs::remove_dir(&files.root);
    Ok(())
}
