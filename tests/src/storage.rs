//! Disks that stall, and file systems that turn read-only, under the mysqld of a primary.
//!
//! Each node's data lies on a file system of its own, in a file. One is frozen: who writes to it hangs,
//! as on a disk that answers no more. One is aborted: it is read-only from then on, as after an error
//! of the disk. Mounting takes a mount namespace of our own, which the system may refuse; then this
//! is left out, and said so.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use crate::Case;
use crate::check::{Outcome, contains, within};
use crate::leases::{primary, rejoined, replaced};

/// The word of the command line that runs the scenes where file systems may be mounted.
pub(crate) const APART: &str = "storage-apart";
const LIMIT: Duration = Duration::from_secs(120);
const UIDS: [u32; 3] = [100, 101, 102];
/// The size of a node's file system; the file behind it is as large as what is written.
const SIZE: &str = "1G";

pub(crate) fn cases() -> Vec<Case> {
    vec![("a primary whose disk stalls or is read-only is replaced", broken_disks)]
}

/// Runs the scenes in a mount namespace of their own, where there can be one.
fn broken_disks(_: &LocalCluster) -> Outcome {
    if let Err(err) = can_mount() {
        crate::say(&format!("storage: left out, file systems cannot be mounted here: {err}"));
        return Ok(());
    }
    let own = std::env::current_exe().map_err(|err| err.to_string())?;
    output_of(Command::new("unshare").arg("--mount").arg(own).arg(APART)).map(drop)
}

/// Tries all that the scenes need, in a namespace that ends at once.
fn can_mount() -> Outcome {
    let folder = tempfile::tempdir().map_err(|err| err.to_string())?;
    let image = image(folder.path(), "tried", "16M")?;
    let place = folder.path().join("place");
    std::fs::create_dir(&place).map_err(|err| err.to_string())?;
    let script =
        "mount -o loop \"$0\" \"$1\" && fsfreeze -f \"$1\" && fsfreeze -u \"$1\" && umount \"$1\"";
    let mut shell = Command::new("unshare");
    output_of(shell.args(["--mount", "sh", "-c", script]).arg(image).arg(place)).map(drop)
}

/// Runs the scenes, in the namespace that was made for them.
pub(crate) fn apart() -> ExitCode {
    match scenes() {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            crate::say(&err);
            ExitCode::FAILURE
        }
    }
}

fn scenes() -> Outcome {
    let args = ["--keyspace", "shop:1", "--replicas", "2"];
    let flags =
        ["--tablet-flag", "disk-write-interval=1s", "--tablet-flag", "disk-write-timeout=3s"];
    let (cluster, disks) = LocalCluster::up_prepared(&[&args[..], &flags].concat(), |cluster| {
        Disks::make(cluster.folder())
    })?;
    let seen = stalled(&cluster, &disks).and_then(|()| read_only(&cluster, &disks));
    seen.map_err(|err| format!("{err}\n{}", cluster.logs()))
}

fn stalled(cluster: &LocalCluster, disks: &Disks) -> Outcome {
    cluster.mysql("shop", "create table kept (id bigint primary key)")?;
    cluster.mysql("shop", "insert into kept values (1)")?;
    let old = primary(cluster)?;
    let frozen = disks.freeze(old)?;
    replaced(cluster, old).map_err(|err| format!("a stalled disk: {err}"))?;
    write(cluster, 2)?;
    says(cluster, &format!("vttablet-{old}"), "the disk is stalled")?;
    says(cluster, "vtorc", "PrimaryDiskStalled")?;
    drop(frozen);
    rejoined(cluster, old)?;
    has(cluster, "1\n2\n")
}

fn read_only(cluster: &LocalCluster, disks: &Disks) -> Outcome {
    let old = primary(cluster)?;
    disks.abort(old)?;
    replaced(cluster, old).map_err(|err| format!("a read-only file system: {err}"))?;
    write(cluster, 3)?;
    says(cluster, &format!("vttablet-{old}"), "the file system is read-only")?;
    disks.mend(cluster, old)?;
    rejoined(cluster, old)?;
    has(cluster, "1\n2\n3\n")
}

/// Writes once; what was under way at the change of primary may have to be told again.
fn write(cluster: &LocalCluster, id: u32) -> Outcome {
    let sql = format!("replace into kept values ({id})");
    within(LIMIT, || cluster.mysql("shop", &sql).map(drop))
}

fn has(cluster: &LocalCluster, wanted: &str) -> Outcome {
    contains("what is kept", &cluster.mysql("shop", "select id from kept order by id")?, wanted)
}

/// Waits until the log of a part has a text.
fn says(cluster: &LocalCluster, part: &str, text: &str) -> Outcome {
    let path = cluster.folder().join("tmp").join(format!("{part}.log"));
    within(LIMIT, || {
        let log = std::fs::read_to_string(&path).map_err(|err| err.to_string())?;
        if log.contains(text) { Ok(()) } else { Err(format!("{part} does not say {text:?}")) }
    })
}

/// The file systems of the nodes.
struct Disks {
    folder: PathBuf,
}

/// A file system to which nobody can write until this is dropped.
struct Frozen(PathBuf);

impl Drop for Frozen {
    fn drop(&mut self) {
        // Without it whatever writes there would hang for ever.
        let _ = output_of(Command::new("fsfreeze").arg("-u").arg(&self.0));
    }
}

impl Disks {
    fn make(folder: &Path) -> Result<Disks, String> {
        let disks = Disks { folder: folder.to_path_buf() };
        for uid in UIDS {
            let place = disks.place(uid);
            std::fs::create_dir_all(&place).map_err(|err| format!("{}: {err}", place.display()))?;
            image(folder, &format!("disk-{uid}"), SIZE)?;
            disks.mount(uid)?;
        }
        Ok(disks)
    }

    fn place(&self, uid: u32) -> PathBuf {
        self.folder.join(format!("vt_{uid:010}"))
    }

    fn mount(&self, uid: u32) -> Outcome {
        let image = self.folder.join(format!("disk-{uid}"));
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop,errors=remount-ro"]).arg(image).arg(self.place(uid));
        output_of(&mut mount).map(drop)
    }

    fn freeze(&self, uid: u32) -> Result<Frozen, String> {
        let place = self.place(uid);
        output_of(Command::new("fsfreeze").arg("-f").arg(&place))?;
        Ok(Frozen(place))
    }

    /// Does to the file system what an error of its disk does.
    fn abort(&self, uid: u32) -> Outcome {
        output_of(Command::new("mount").args(["-o", "remount,abort"]).arg(self.place(uid)))
            .map(drop)
    }

    /// Mounts it again, as people do after such an error; mysqld is started again and again meanwhile.
    fn mend(&self, cluster: &LocalCluster, uid: u32) -> Outcome {
        within(LIMIT, || {
            // One that has ended by itself needs no end.
            let _ = cluster.kill(&format!("mysqld-{uid}"));
            output_of(Command::new("umount").arg(self.place(uid))).map(drop)
        })?;
        self.mount(uid)
    }
}

impl Drop for Disks {
    fn drop(&mut self) {
        for uid in UIDS {
            let _ = output_of(Command::new("umount").arg("-l").arg(self.place(uid)));
        }
    }
}

/// Makes a file system in a file.
fn image(folder: &Path, name: &str, size: &str) -> Result<PathBuf, String> {
    let path = folder.join(name);
    output_of(Command::new("truncate").args(["-s", size]).arg(&path))?;
    output_of(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&path))?;
    Ok(path)
}
