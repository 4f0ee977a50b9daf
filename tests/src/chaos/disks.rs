//! Disks that can be filled: each node's data lies on a small file system in memory.
//!
//! Mounting them takes a mount namespace of our own, which the system may refuse; then no disk is
//! filled. The namespace takes the mounts with it when the run ends, however it ends.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use vt_testkit::tools::output_of;

/// Says to the program that it runs in a namespace of its own.
const MARK: &str = "VITRUM_CHAOS_MOUNTS";
/// How much a node's data may take.
const SIZE: &str = "size=1500m";
/// What takes the space that is left.
const FILLER: &str = "filler";

/// Runs the program once more, in a mount namespace of its own; `None` where it is in one already, or
/// there can be none.
pub(super) fn begin_again(args: &[String]) -> Option<ExitCode> {
    if std::env::var_os(MARK).is_some() {
        return None;
    }
    output_of(Command::new("unshare").args(["--mount", "true"])).ok()?;
    let own = std::env::current_exe().ok()?;
    let mut again = Command::new("unshare");
    again.arg("--mount").arg(own).arg("chaos").args(args).env(MARK, "1");
    match again.status() {
        Ok(status) if status.success() => Some(ExitCode::SUCCESS),
        Ok(_) => Some(ExitCode::FAILURE),
        Err(_) => None,
    }
}

/// The disks of the nodes.
pub(super) struct Disks {
    folder: PathBuf,
}

impl Disks {
    /// Mounts the disks under the folder of a cluster that is not there yet; `None` where this
    /// program has no namespace of its own to do so.
    pub(super) fn make(folder: &Path, uids: &[u32]) -> Result<Option<Disks>, String> {
        if std::env::var_os(MARK).is_none() {
            return Ok(None);
        }
        let disks = Disks { folder: folder.to_path_buf() };
        for uid in uids {
            let place = disks.place(*uid);
            std::fs::create_dir_all(&place).map_err(|err| format!("{}: {err}", place.display()))?;
            output_of(Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "none"]).arg(&place))?;
        }
        Ok(Some(disks))
    }

    fn place(&self, uid: u32) -> PathBuf {
        self.folder.join(format!("vt_{uid:010}"))
    }

    /// Takes all the space that is left.
    pub(super) fn fill(&self, uid: u32) -> Result<(), String> {
        let path = self.place(uid).join(FILLER);
        let failed = |err: std::io::Error| format!("{}: {err}", path.display());
        let mut file = std::fs::File::create(&path).map_err(failed)?;
        let block = vec![0; 1 << 20];
        for size in [block.len(), 4096, 1] {
            while std::io::Write::write_all(&mut file, &block[..size]).is_ok() {}
        }
        Ok(())
    }

    /// Gives the space back.
    pub(super) fn free(&self, uid: u32) -> Result<(), String> {
        let path = self.place(uid).join(FILLER);
        std::fs::remove_file(&path).map_err(|err| format!("{}: {err}", path.display()))
    }
}

impl Drop for Disks {
    fn drop(&mut self) {
        // Those that stay go with the namespace.
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for place in entries.map(|entry| entry.path()) {
            if place.to_string_lossy().contains("/vt_0") {
                drop(output_of(Command::new("umount").arg("-l").arg(&place)));
            }
        }
    }
}
