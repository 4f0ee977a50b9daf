//! The server program: where it is, and how it is run.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use vt_base::Result;

use crate::error::failed;

/// A release of MySQL, `9.7.4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    /// Reads the version out of what `mysqld --version` prints.
    pub fn parse(text: &str) -> Option<Version> {
        let word = text.split_whitespace().skip_while(|word| *word != "Ver").nth(1)?;
        let number = |part: &str| -> Option<u32> {
            part.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        let mut parts = word.split('.');
        Some(Version {
            major: number(parts.next()?)?,
            minor: number(parts.next()?)?,
            patch: number(parts.next().unwrap_or("0")).unwrap_or(0),
        })
    }
}

/// A mysqld program.
#[derive(Clone, Debug)]
pub struct Server {
    program: PathBuf,
    /// The root of an unpacked package, whose own loader and libraries run the program.
    bundle: Option<PathBuf>,
    pub version: Version,
}

const LOADER: &str = "usr/lib64/ld-linux-x86-64.so.2";
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

impl Server {
    /// Finds the server: under `mysql_root` (`VT_MYSQL_ROOT`) where it is given, on `path` (`PATH`),
    /// or unpacked in a folder `.deps/mysql` here or above `start`.
    ///
    /// Fails where there is none, or where it is not MySQL 8.0 or later.
    pub async fn find(
        mysql_root: Option<&Path>,
        path: Option<&std::ffi::OsStr>,
        start: &Path,
    ) -> Result<Server> {
        let program = candidates(mysql_root, path, start)
            .into_iter()
            .find(|file| file.is_file())
            .ok_or_else(|| {
            failed(
                "no mysqld found: run `make deps`, or put MySQL 8.0, 8.4 or 9 on PATH, \
                     or set VT_MYSQL_ROOT to where it is installed",
            )
        })?;
        let bundle = bundle_of(&program);
        let unknown = Version { major: 0, minor: 0, patch: 0 };
        let mut server = Server { program, bundle, version: unknown };
        server.version = server.ask_version().await?;
        Ok(server)
    }

    /// Finds the server by the process's environment.
    pub async fn find_in_environment() -> Result<Server> {
        let root = std::env::var_os("VT_MYSQL_ROOT").filter(|root| !root.is_empty());
        let start = std::env::current_dir().unwrap_or_default();
        let root = root.map(PathBuf::from);
        Server::find(root.as_deref(), std::env::var_os("PATH").as_deref(), &start).await
    }

    async fn ask_version(&self) -> Result<Version> {
        let mut command = self.bare_command();
        command.args(["--no-defaults", "--version"]).stdin(Stdio::null());
        let output = command
            .output()
            .await
            .map_err(|err| failed(format!("cannot run {}: {err}", self.program.display())))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if text.contains("MariaDB") {
            let program = self.program.display();
            return Err(failed(format!("{program} is MariaDB; MySQL 8.0, 8.4 or 9 is needed")));
        }
        match Version::parse(&text) {
            Some(version) if version.major >= 8 => Ok(version),
            Some(version) => Err(failed(format!(
                "{} is MySQL {}.{}; 8.0, 8.4 or 9 is needed",
                self.program.display(),
                version.major,
                version.minor
            ))),
            None => Err(failed(format!(
                "cannot tell the version of {}: it printed {:?} and {:?}",
                self.program.display(),
                text.trim(),
                String::from_utf8_lossy(&output.stderr).trim()
            ))),
        }
    }

    fn bare_command(&self) -> Command {
        match &self.bundle {
            None => Command::new(&self.program),
            Some(root) => {
                let mut command = Command::new(root.join(LOADER));
                command.arg("--library-path").arg(root.join(LIBRARIES)).arg(&self.program);
                command
            }
        }
    }

    /// Makes the command that runs the server under a configuration file.
    pub(crate) fn command(&self, defaults_file: &Path) -> Command {
        let mut command = self.bare_command();
        command.arg(format!("--defaults-file={}", defaults_file.display()));
        if let Some(root) = &self.bundle {
            let usr = root.join("usr");
            for (option, part) in [
                ("basedir", ""),
                ("lc-messages-dir", "share/mysql"),
                ("plugin-dir", "lib/mysql/plugin"),
                ("character-sets-dir", "share/mysql/charsets"),
            ] {
                let path = if part.is_empty() { usr.clone() } else { usr.join(part) };
                command.arg(format!("--{option}={}", path.display()));
            }
        }
        // The server refuses to run as root unless it is told to.
        if rustix::process::geteuid().is_root() {
            command.arg("--user=root");
        }
        command
    }

    pub fn program(&self) -> &Path {
        &self.program
    }
}

fn candidates(
    mysql_root: Option<&Path>,
    path: Option<&std::ffi::OsStr>,
    start: &Path,
) -> Vec<PathBuf> {
    let within = |root: &Path| {
        ["bin", "sbin", "libexec", "usr/sbin", "usr/bin"].map(|part| root.join(part).join("mysqld"))
    };
    if let Some(root) = mysql_root {
        return within(root).to_vec();
    }
    let folders = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    let system = ["/usr/sbin", "/usr/local/sbin", "/usr/local/mysql/bin"].map(PathBuf::from);
    let on_path = Vec::into_iter(folders).chain(system).map(|folder| folder.join("mysqld"));
    let unpacked = start.ancestors().map(|dir| dir.join(".deps/mysql/usr/sbin/mysqld"));
    on_path.chain(unpacked).collect()
}

/// Returns the root of the unpacked package that a program lies in, if it brings its own loader.
fn bundle_of(program: &Path) -> Option<PathBuf> {
    let root = program.parent()?.parent()?.parent()?;
    (root != Path::new("/") && root.join(LOADER).is_file()).then(|| root.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_servers_print_them() {
        for (text, wanted) in [
            ("/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", (9, 7, 4)),
            ("mysqld  Ver 8.0.44-0ubuntu0.24.04.1 for Linux on x86_64 ((Ubuntu))", (8, 0, 44)),
            ("/x/mysqld  Ver 8.4.6 for Linux on x86_64 (MySQL Community Server - GPL)", (8, 4, 6)),
        ] {
            let version = Version::parse(text).unwrap();
            assert_eq!((version.major, version.minor, version.patch), wanted);
        }
        assert_eq!(Version::parse("nothing of the kind"), None);
    }

    #[tokio::test]
    async fn a_missing_server_says_what_to_do() {
        let empty = tempfile::tempdir().unwrap();
        let err = Server::find(Some(empty.path()), None, empty.path()).await.unwrap_err();
        assert!(err.message().contains("make deps"), "{err}");
    }
}
