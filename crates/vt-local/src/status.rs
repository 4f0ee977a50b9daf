//! `vitrum status`: what runs, and where.

use std::fmt::Write;
use std::path::PathBuf;

use vt_base::{Code, Error, Result};

use crate::layout::Files;
use crate::spec::Spec;
use crate::state::{Health, Phase, State};
use crate::supervisor::is_running;

/// Shows the parts of a cluster on this machine.
#[derive(Clone, Debug, clap::Args)]
pub struct StatusArgs {
    /// The data folder.
    #[arg(long, env = "VTDATAROOT", default_value = "vtdataroot")]
    pub data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs `vitrum status`; fails where no cluster runs.
pub fn status(args: &StatusArgs) -> Result<String> {
    let files = Files::new(&args.data)?;
    if Spec::load(&files.spec())?.is_none() {
        return Err(Error::new(
            Code::NotFound,
            format!("{} holds no cluster: `vitrum up` makes one", files.root.display()),
        ));
    }
    let mut state = State::load(&files.state()).unwrap_or_default();
    if !is_running(&files) {
        if state.phase != Phase::Failed {
            state.phase = Phase::Stopped;
        }
        for part in &mut state.parts {
            part.health = Health::Down;
            part.pid = 0;
        }
    }
    if args.json {
        let text = serde_json::to_string_pretty(&state)
            .map_err(|err| Error::bug(format_args!("state as JSON: {err}")))?;
        return Ok(text + "\n");
    }
    Ok(table(&state))
}

fn table(state: &State) -> String {
    let phase = match state.phase {
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Stopping => "stopping",
        Phase::Stopped => "stopped: `vitrum up` starts it again",
        Phase::Failed => "failed",
    };
    let message =
        if state.message.is_empty() { String::new() } else { format!(": {}", state.message) };
    let mut text = format!("cluster {phase}{message}\n");
    let width = state.parts.iter().map(|part| part.name.len()).max().unwrap_or(0);
    for part in &state.parts {
        let health = match part.health {
            Health::Waiting => "waiting",
            Health::Starting => "starting",
            Health::Up => "up",
            Health::Down => "down",
        };
        let pid = if part.pid == 0 { "-".to_owned() } else { part.pid.to_string() };
        let again = match part.restarts {
            0 => String::new(),
            1 => ", started again once".to_owned(),
            count => format!(", started again {count} times"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:width$}  {health:8}  {pid:>7}  {}{again}", part.name, part.note);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Part;

    #[test]
    fn the_table_has_a_line_a_part() {
        let part = |name: &str, health, pid, restarts| Part {
            name: name.to_owned(),
            pid,
            health,
            restarts,
            note: "note".to_owned(),
        };
        let parts = vec![part("topo", Health::Up, 7, 0), part("vttablet-100", Health::Down, 0, 2)];
        let state = State { pid: 1, phase: Phase::Ready, message: String::new(), parts };
        assert_eq!(
            table(&state),
            "cluster ready\n\
             topo          up              7  note\n\
             vttablet-100  down            -  note, started again 2 times\n"
        );
    }
}
