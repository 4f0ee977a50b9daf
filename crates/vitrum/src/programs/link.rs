//! `vitrum link DIR`: links under which the programs are called by their own names.

use std::path::Path;
use std::process::ExitCode;

use vt_base::{Code, Error, Result};

use super::NAMES;
use super::run::{fail, finish, say};

pub(super) fn main(args: &[String]) -> ExitCode {
    let [folder] = args else { return fail("usage: vitrum link DIR") };
    finish(link(Path::new(folder)))
}

fn link(folder: &Path) -> Result<()> {
    let failed = |path: &Path, err: &std::io::Error| {
        Error::new(Code::FailedPrecondition, format!("cannot link {}: {err}", path.display()))
    };
    let program = std::env::current_exe().map_err(|err| failed(folder, &err))?;
    std::fs::create_dir_all(folder).map_err(|err| failed(folder, &err))?;
    for name in NAMES {
        let path = folder.join(name);
        if path.symlink_metadata().is_ok_and(|data| !data.file_type().is_symlink()) {
            let message = format!("{} is there already and is no link", path.display());
            return Err(Error::new(Code::AlreadyExists, message));
        }
        match std::fs::remove_file(&path) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&path, &err));
            }
            _ => {}
        }
        std::os::unix::fs::symlink(&program, &path).map_err(|err| failed(&path, &err))?;
    }
    say(&format!("{} now has: {}\n", folder.display(), NAMES.join(" ")));
    Ok(())
}
