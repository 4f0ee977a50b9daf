//! The disk of mysqld's data: whether it takes writes, and in time.
//!
//! A mysqld whose disk is full, read-only or stuck lives on and answers much, but acknowledges
//! nothing: as a primary it is as good as dead. So the tablet writes a little file beside the data
//! every so often, and tells by name what came of it.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::core::Core;
use crate::db::first_text;

/// The file that is written, and removed again.
const PROBE: &str = "vttablet_disk_probe";
/// As much as file systems give out at once.
const PROBE_BYTES: usize = 4096;

/// How the disk is watched.
#[derive(Clone, Debug)]
pub struct DiskConfig {
    /// `--disk-write-dir`; the folder of mysqld's data if it is not said.
    pub folder: Option<PathBuf>,
    /// `--disk-write-interval`
    pub interval: Duration,
    /// `--disk-write-timeout`: a write that takes longer is stalled.
    pub timeout: Duration,
}

impl Default for DiskConfig {
    fn default() -> DiskConfig {
        DiskConfig {
            folder: None,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
        }
    }
}

/// Returns the name of an error that says that the disk takes no writes. Others, as of a folder
/// that is another user's, say nothing of it.
fn fault(err: &std::io::Error) -> Option<&'static str> {
    match err.kind() {
        ErrorKind::StorageFull => Some("the disk is full"),
        ErrorKind::QuotaExceeded => Some("the disk's quota is used up"),
        ErrorKind::ReadOnlyFilesystem => Some("the file system is read-only"),
        _ if err.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => {
            Some("the disk fails")
        }
        _ => None,
    }
}

/// Writes the file through to the disk.
fn write(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(PROBE);
    let written = std::fs::File::create(&path).and_then(|mut file| {
        file.write_all(&[0; PROBE_BYTES])?;
        file.sync_all()
    });
    // What could not be written need not be there; what was must not stay.
    drop(std::fs::remove_file(&path));
    written
}

impl Core {
    /// Writes to the disk again and again, and notes whether it takes that; runs until cancelled.
    pub async fn watch_disk(self: Arc<Core>) {
        let config = self.config.disk.clone();
        let mut ticks = interval(config.interval.max(Duration::from_millis(100)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut folder = config.folder.clone();
        loop {
            ticks.tick().await;
            if folder.is_none() {
                folder = self.data_folder().await;
            }
            let Some(place) = folder.clone() else { continue };
            let mut writing = tokio::task::spawn_blocking(move || write(&place));
            let written = match tokio::time::timeout(config.timeout, &mut writing).await {
                Ok(written) => written,
                Err(_) => {
                    self.set_disk(Err("the disk is stalled"));
                    // No second thread is sent after one that is stuck.
                    writing.await
                }
            };
            match written {
                Ok(Ok(())) => self.set_disk(Ok(())),
                Ok(Err(err)) => match fault(&err) {
                    Some(name) => self.set_disk(Err(name)),
                    None => tracing::debug!(%err, "cannot write beside mysqld's data"),
                },
                Err(err) => tracing::warn!(%err, "writing to the disk was broken off"),
            }
        }
    }

    /// Returns where mysqld has its data, if that is on this machine.
    async fn data_folder(&self) -> Option<PathBuf> {
        let told = self.db.dba_query("select @@global.datadir").await.ok()?;
        let folder = PathBuf::from(first_text(&told));
        folder.is_dir().then_some(folder)
    }

    fn set_disk(&self, disk: Result<(), &'static str>) {
        let before = std::mem::replace(&mut self.role.lock().disk, disk);
        if before == disk {
            return;
        }
        match disk {
            Ok(()) => tracing::info!("the disk takes writes again"),
            Err(name) => tracing::error!(disk = name, "mysqld's disk takes no writes"),
        }
        self.evaluate();
        self.health.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_takes_writes_is_well_and_nothing_stays_on_it() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn faults_have_names_and_other_errors_are_none() {
        let of = |errno: rustix::io::Errno| {
            fault(&std::io::Error::from_raw_os_error(errno.raw_os_error()))
        };
        assert_eq!(of(rustix::io::Errno::NOSPC), Some("the disk is full"));
        assert_eq!(of(rustix::io::Errno::ROFS), Some("the file system is read-only"));
        assert_eq!(of(rustix::io::Errno::IO), Some("the disk fails"));
        assert_eq!(of(rustix::io::Errno::ACCESS), None);
        assert_eq!(of(rustix::io::Errno::NOENT), None);
    }
}
