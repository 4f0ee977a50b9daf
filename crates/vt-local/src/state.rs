//! What the supervisor sees, written down for the other commands.

use std::path::Path;

use serde::{Deserialize, Serialize};
use vt_base::{Code, Error, Result};

/// The file that the supervisor keeps current.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The supervisor's process.
    pub(crate) pid: u32,
    pub(crate) phase: Phase,
    /// What is being done, or why it failed.
    pub(crate) message: String,
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    #[default]
    Starting,
    Ready,
    Stopping,
    Stopped,
    Failed,
}

/// One process of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// 0 while it does not run.
    pub(crate) pid: u32,
    pub(crate) health: Health,
    /// How often it was started again after it ended by itself.
    pub(crate) restarts: u32,
    /// Addresses, or what is wrong.
    pub(crate) note: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Health {
    Waiting,
    Starting,
    Up,
    Down,
}

impl State {
    /// Reads the file; a missing or half-written one is no state.
    pub(crate) fn load(path: &Path) -> Option<State> {
        serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
    }

    /// Writes the file in one step, so that readers see all of it or the one before.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let fresh = path.with_extension("json.new");
        let text = serde_json::to_string_pretty(self)
            .map_err(|err| Error::bug(format_args!("state as JSON: {err}")))?;
        std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, path)).map_err(|err| {
            Error::new(Code::Internal, format!("cannot write {}: {err}", path.display()))
        })
    }

    /// Returns whether a supervisor keeps this file now.
    pub(crate) fn is_alive(&self) -> bool {
        self.pid != 0 && Path::new(&format!("/proc/{}", self.pid)).exists()
    }
}
