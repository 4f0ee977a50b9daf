//! Making, starting, stopping and removing an instance.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::{Child, Command};
use tokio::time::Instant;
use vt_base::gtid::Position;
use vt_base::{Code, Error, Result};
use vt_mysql::client::{Address, Conn, ConnectParams};

use crate::error::{failed, on_path};
use crate::process::{log_tail, remove_stale_files, running_pid, signal};
use crate::{CnfOptions, Instance, Server, default_init_sql};

/// How long the steps may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the start of the process until it answers.
    pub start: Duration,
    /// From the wish to stop until the process is gone.
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts { start: Duration::from_secs(300), shutdown: Duration::from_secs(300) }
    }
}

/// One instance with the program that runs it.
#[derive(Clone, Debug)]
pub struct Mysqld {
    pub instance: Instance,
    pub server: Server,
    pub timeouts: Timeouts,
}

const POLL: Duration = Duration::from_millis(50);

impl Mysqld {
    pub fn new(instance: Instance, server: Server) -> Mysqld {
        Mysqld { instance, server, timeouts: Timeouts::default() }
    }

    /// Returns how to connect as one of the system's accounts.
    pub fn params(&self, user: &str) -> ConnectParams {
        ConnectParams::new(Address::unix(self.instance.socket()), user)
    }

    /// Makes a new instance, starts it and makes it ours; the server is left running.
    ///
    /// `init_sql` is the text of `--init-db-sql-file`. Fails where the folder is in use; cleans up
    /// after itself where the server cannot be made.
    pub async fn init(&self, options: &CnfOptions, init_sql: Option<&str>) -> Result<()> {
        let data = self.instance.data_dir();
        if data.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Error::new(
                Code::AlreadyExists,
                format!(
                    "{} holds data already: start it with `mysqlctl start`, or remove it with \
                     `mysqlctl teardown`",
                    data.display()
                ),
            ));
        }
        self.instance.make_folders()?;
        self.instance.write_cnf(options)?;
        let made = self.initialize(init_sql.unwrap_or(default_init_sql())).await;
        if made.is_err() {
            // Half a server would be taken for a whole one at the next start.
            if self.is_running() {
                let _ = self.shutdown().await;
            }
            let _ = std::fs::remove_dir_all(&data);
        }
        made
    }

    /// Makes a new instance as a copy of one that was initialised and shut down; it is not started.
    ///
    /// The copy gets a server UUID and a configuration file of its own.
    pub async fn init_from(&self, seed: &Instance, options: &CnfOptions) -> Result<()> {
        self.instance.make_folders()?;
        self.instance.write_cnf(options)?;
        let (from, to) = (seed.dir.clone(), self.instance.dir.clone());
        let copy = move || copy_server(&from, &to).and_then(|()| make_durable(&to));
        let copied = tokio::task::spawn_blocking(copy).await;
        copied.map_err(|err| failed(format!("copying a server: {err}")))?
    }

    async fn initialize(&self, init_sql: &str) -> Result<()> {
        let mut command = self.server.command(&self.instance.cnf());
        command.arg("--initialize-insecure");
        let status = self.spawn(command)?.wait().await;
        if !status.is_ok_and(|status| status.success()) {
            return Err(self.failure("initialising mysqld failed"));
        }
        self.start(&[]).await?;
        let mut conn = Conn::connect(self.params("root")).await?;
        let results = conn.query_multi(init_sql, 0).await;
        results.map_err(|err| err.context("init SQL"))?;
        conn.close().await;
        let folder = self.instance.dir.clone();
        let synced = tokio::task::spawn_blocking(move || make_durable(&folder)).await;
        synced.map_err(|err| failed(format!("writing a server to disk: {err}")))?
    }

    /// Starts the server, detached from us, and waits until it answers.
    ///
    /// `args` are added to its command line. A server that runs already is left as it is.
    pub async fn start(&self, args: &[String]) -> Result<()> {
        if self.is_running() {
            return self.wait_ready(None).await;
        }
        if !self.instance.cnf().is_file() {
            let dir = self.instance.dir.display();
            return Err(failed(format!("{dir} has no instance: make one with `mysqlctl init`")));
        }
        remove_stale_files(&self.instance);
        let mut command = self.server.command(&self.instance.cnf());
        command.args(args);
        let child = self.spawn(command)?;
        self.wait_ready(Some(child)).await
    }

    /// Starts the server as a child that ends with us; for a daemon that looks after it.
    pub async fn start_supervised(&self, args: &[String]) -> Result<Child> {
        if self.is_running() {
            let dir = self.instance.dir.display();
            return Err(failed(format!("a mysqld runs on {dir} already")));
        }
        remove_stale_files(&self.instance);
        let mut command = self.server.command(&self.instance.cnf());
        command.args(args);
        let mut child = self.spawn(command)?;
        self.wait_answer(Some(&mut child)).await?;
        Ok(child)
    }

    fn spawn(&self, mut command: Command) -> Result<Child> {
        let log = self.instance.error_log();
        let open = || std::fs::OpenOptions::new().create(true).append(true).open(&log);
        let out = open().map_err(|err| on_path("open", &log, &err))?;
        let err = open().map_err(|err| on_path("open", &log, &err))?;
        command.stdin(Stdio::null()).stdout(out).stderr(err).current_dir(&self.instance.dir);
        // A group of its own, so that an interrupt at the terminal stops us and not the server.
        command.process_group(0);
        command
            .spawn()
            .map_err(|err| failed(format!("cannot run {}: {err}", self.server.program().display())))
    }

    async fn wait_ready(&self, mut child: Option<Child>) -> Result<()> {
        self.wait_answer(child.as_mut()).await
    }

    async fn wait_answer(&self, mut child: Option<&mut Child>) -> Result<()> {
        let deadline = Instant::now() + self.timeouts.start;
        let params = Arc::new(self.params("root"));
        loop {
            match Conn::connect(params.clone()).await {
                Ok(conn) => {
                    conn.close().await;
                    return Ok(());
                }
                // A server that refuses the account answers, which is what is asked here.
                Err(err) if matches!(err.errno(), 1045 | 1130 | 1698) => return Ok(()),
                Err(_) => {}
            }
            if let Some(child) = child.as_deref_mut()
                && let Ok(Some(status)) = child.try_wait()
            {
                return Err(self.failure(&format!("mysqld ended with {status}")));
            }
            if Instant::now() >= deadline {
                return Err(self.failure("mysqld does not answer"));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Makes an error of what the server's log says.
    fn failure(&self, what: &str) -> Error {
        let log = self.instance.error_log();
        let tail = log_tail(&log);
        let hint = match () {
            () if tail.contains("Address already in use") => {
                format!("\nport {} is taken: choose another", self.instance.mysql_port)
            }
            () if tail.contains("No space left") => "\nthe disk is full".to_owned(),
            () if tail.contains("Unable to lock") => {
                "\nanother mysqld has the data: stop it first".to_owned()
            }
            () => String::new(),
        };
        failed(format!("{what}; {} says:\n{tail}{hint}", log.display()))
    }

    pub fn is_running(&self) -> bool {
        running_pid(&self.instance).is_some()
    }

    /// Stops the server and waits until its process is gone; no server is no error.
    pub async fn shutdown(&self) -> Result<()> {
        let Some(pid) = running_pid(&self.instance) else {
            remove_stale_files(&self.instance);
            return Ok(());
        };
        // SIGTERM is an orderly shutdown, and needs no account.
        signal(pid, Signal::TERM);
        let deadline = Instant::now() + self.timeouts.shutdown;
        while running_pid(&self.instance).is_some() {
            if Instant::now() >= deadline {
                return Err(Error::new(
                    Code::DeadlineExceeded,
                    format!(
                        "mysqld (process {}) has not stopped after {:?}; see {}",
                        pid.as_raw_nonzero(),
                        self.timeouts.shutdown,
                        self.instance.error_log().display()
                    ),
                ));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Stops the server and removes its folder; `force` removes it even if stopping fails.
    pub async fn teardown(&self, force: bool) -> Result<()> {
        if let Err(err) = self.shutdown().await {
            if !force {
                return Err(err);
            }
            if let Some(pid) = running_pid(&self.instance) {
                signal(pid, Signal::KILL);
            }
        }
        let dir = &self.instance.dir;
        match std::fs::remove_dir_all(dir) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
                Err(on_path("remove", dir, &err))
            }
            _ => Ok(()),
        }
    }

    /// Makes the folders and writes the configuration file, without making a server.
    pub fn init_config(&self, options: &CnfOptions) -> Result<()> {
        self.instance.make_folders()?;
        self.instance.write_cnf(options)
    }

    /// Writes the configuration file anew; it takes effect at the next start.
    pub fn reinit_config(&self, options: &CnfOptions) -> Result<()> {
        self.instance.write_cnf(options)
    }

    /// Returns the transactions that the server has.
    pub async fn position(&self) -> Result<Position> {
        let mut conn = Conn::connect(self.params("vt_dba")).await?;
        let result = conn.query("select @@global.gtid_executed", 1).await?;
        conn.close().await;
        let text = result.rows.iter().next().and_then(|row| row.column(0)).unwrap_or_default();
        let set = String::from_utf8_lossy(text).replace('\n', "");
        Ok(Position { gtid_set: set.parse()? })
    }
}

/// Copies the data of a server that is shut down, without its identity and its logs.
fn copy_server(from: &Path, to: &Path) -> Result<()> {
    for part in ["data", "innodb/data", "innodb/logs"] {
        copy_folder(&from.join(part), &to.join(part))?;
    }
    let identity = to.join("data").join("auto.cnf");
    match std::fs::remove_file(&identity) {
        Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
            Err(on_path("remove", &identity, &err))
        }
        _ => Ok(()),
    }
}

/// Writes all of a folder's file system to its disk. A server that is being made writes most by
/// itself, but not its keys, and of a copy nothing is written yet: after a loss of power it would
/// not start.
fn make_durable(folder: &Path) -> Result<()> {
    let opened = std::fs::File::open(folder).map_err(|err| on_path("open", folder, &err))?;
    rustix::fs::syncfs(&opened).map_err(|err| on_path("sync", folder, &std::io::Error::from(err)))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).map_err(|err| on_path("make", to, &err))?;
    let entries = std::fs::read_dir(from).map_err(|err| on_path("read", from, &err))?;
    for entry in entries {
        let entry = entry.map_err(|err| on_path("read", from, &err))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            copy_folder(&source, &target)?;
        } else {
            std::fs::copy(&source, &target).map_err(|err| on_path("copy", &source, &err))?;
        }
    }
    Ok(())
}

/// Reads the statements of `--init-db-sql-file`.
pub fn read_init_sql(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|err| on_path("read", path, &err))
}
