//! One plain mysqld with empty data, for asking what MySQL answers.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::tools::{Tool, output_of};

/// How long a server may take to come up.
const START_MAX: Duration = Duration::from_secs(60);

/// A running mysqld that listens on a socket alone; dropping it stops it and removes its data.
pub struct PlainMysql {
    folder: TempDir,
    child: Child,
    options: Vec<String>,
}

impl PlainMysql {
    /// Makes and starts a server, with the time zones that this machine knows.
    pub fn start() -> Result<PlainMysql, String> {
        PlainMysql::start_with(&[])
    }

    /// Makes and starts a server with more options of `mysqld`.
    pub fn start_with(options: &[&str]) -> Result<PlainMysql, String> {
        let folder = tempfile::Builder::new()
            .prefix("vt")
            .tempdir_in("/tmp")
            .map_err(|err| format!("cannot make a folder: {err}"))?;
        let tool = Tool::find("mysql", "mysqld")?;
        let data = format!("--datadir={}", folder.path().join("data").display());
        output_of(mysqld(&tool).args(["--initialize-insecure", &data]))?;
        let options: Vec<String> = options.iter().map(|one| (*one).to_owned()).collect();
        let child = spawned(folder.path(), &options)?;
        let mut server = PlainMysql { folder, child, options };
        server.wait()?;
        server.load_time_zones()?;
        Ok(server)
    }

    /// Starts the server again if it has ended, on the data that it has.
    pub fn revive(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => return Ok(()),
            Ok(Some(_)) => {}
            Err(err) => return Err(format!("cannot tell whether mysqld runs: {err}")),
        }
        self.child = spawned(self.folder.path(), &self.options)?;
        self.wait()
    }

    /// Returns the path of the socket; root has no password.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("mysql.sock")
    }

    fn wait(&mut self) -> Result<(), String> {
        let started = Instant::now();
        loop {
            match self.client()?.args(["-e", "select 1"]).output() {
                Ok(output) if output.status.success() => return Ok(()),
                _ if started.elapsed() > START_MAX => {
                    return Err("mysqld does not answer".to_owned());
                }
                _ => {}
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("mysqld ended with {status}"));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Makes the command of a `mysql` client for this server.
    fn client(&self) -> Result<Command, String> {
        let mut command = Tool::find("mysql", "mysql")?.command();
        command.args(["--no-defaults", "--user=root", "--batch"]);
        command.arg(format!("--socket={}", self.socket().display()));
        Ok(command)
    }

    fn load_time_zones(&self) -> Result<(), String> {
        let zones = "/usr/share/zoneinfo";
        if !std::path::Path::new(zones).is_dir() {
            return Ok(());
        }
        // It complains of files that are no zones, and goes on.
        let sql = Tool::find("mysql", "mysql_tzinfo_to_sql")?.command().arg(zones).output();
        let sql = sql.map_err(|err| format!("cannot read the time zones: {err}"))?;
        let mut client = self
            .client()?
            .arg("mysql")
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|err| format!("cannot run mysql: {err}"))?;
        if let Some(mut input) = client.stdin.take() {
            input.write_all(&sql.stdout).map_err(|err| format!("the time zones: {err}"))?;
        }
        let status = client.wait().map_err(|err| err.to_string())?;
        if status.success() { Ok(()) } else { Err("the time zones cannot be loaded".to_owned()) }
    }
}

impl Drop for PlainMysql {
    fn drop(&mut self) {
        // Its data goes with it; there is nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server on the data of a folder.
fn spawned(folder: &Path, options: &[String]) -> Result<Child, String> {
    let tool = Tool::find("mysql", "mysqld")?;
    mysqld(&tool)
        .arg(format!("--datadir={}", folder.join("data").display()))
        .arg(format!("--socket={}", folder.join("mysql.sock").display()))
        .args(["--skip-networking", "--mysqlx=OFF", "--skip-log-bin"])
        .args(["--innodb-buffer-pool-size=64M", "--performance-schema=OFF"])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|err| format!("cannot start mysqld: {err}"))
}

fn mysqld(tool: &Tool) -> Command {
    let mut command = tool.command();
    let usr = tool.folder("usr");
    command.args(["--no-defaults", "--user=root", "--secure-file-priv="]);
    for (option, place) in [
        ("basedir", ""),
        ("lc-messages-dir", "share/mysql"),
        ("plugin-dir", "lib/mysql/plugin"),
        ("character-sets-dir", "share/mysql/charsets"),
    ] {
        let path = usr.join(place);
        if path.is_dir() {
            command.arg(format!("--{option}={}", path.display()));
        }
    }
    command
}
