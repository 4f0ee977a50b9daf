//! A cluster of real processes, made by `vitrum up` and removed at the end.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::tools::{Tool, output_of};

/// A running cluster; dropping it stops it and removes its data.
pub struct LocalCluster {
    folder: TempDir,
    vitrum: PathBuf,
    port_base: u16,
}

impl LocalCluster {
    /// Makes a cluster with the arguments of `vitrum up`; folder and ports are its own.
    pub fn up(args: &[&str]) -> Result<LocalCluster, String> {
        LocalCluster::up_with(args, &[])
    }

    /// Makes a cluster whose programs are started with these environment variables.
    pub fn up_with(args: &[&str], envs: &[(&str, String)]) -> Result<LocalCluster, String> {
        LocalCluster::up_at(free_port_base()?, args, envs)
    }

    /// Makes a cluster that will grow: the ports of ten shards with two tablets each are free for
    /// it.
    pub fn up_to_grow(args: &[&str]) -> Result<LocalCluster, String> {
        let tablets = (1..=10).flat_map(|shard| [100 * shard, 100 * shard + 1]);
        LocalCluster::up_at(free_port_base_for(tablets)?, args, &[])
    }

    /// Makes a cluster whose tablets and topology are reached through proxies, which are made of the
    /// cluster's ports and folder before it starts.
    pub fn up_proxied<P>(
        args: &[&str],
        make: impl FnOnce(&LocalCluster) -> Result<P, String>,
    ) -> Result<(LocalCluster, P), String> {
        let cluster = LocalCluster::empty(free_port_base()?)?;
        let proxies = make(&cluster)?;
        cluster.start_with(&[args, &["--proxied"]].concat(), &[])?;
        Ok((cluster, proxies))
    }

    /// Makes a cluster in whose folder something is prepared before it starts.
    pub fn up_prepared<P>(
        args: &[&str],
        prepare: impl FnOnce(&LocalCluster) -> Result<P, String>,
    ) -> Result<(LocalCluster, P), String> {
        let cluster = LocalCluster::empty(free_port_base()?)?;
        let prepared = prepare(&cluster)?;
        cluster.start_with(args, &[])?;
        Ok((cluster, prepared))
    }

    fn up_at(
        port_base: u16,
        args: &[&str],
        envs: &[(&str, String)],
    ) -> Result<LocalCluster, String> {
        let cluster = LocalCluster::empty(port_base)?;
        cluster.start_with(args, envs)?;
        Ok(cluster)
    }

    /// Makes a folder for a cluster that is not there yet.
    fn empty(port_base: u16) -> Result<LocalCluster, String> {
        // A short path: a socket's may have no more than 107 bytes.
        let folder = tempfile::Builder::new()
            .prefix("vt")
            .tempdir_in("/tmp")
            .map_err(|err| format!("cannot make a folder: {err}"))?;
        Ok(LocalCluster { folder, vitrum: vitrum_program()?, port_base })
    }

    /// Runs `vitrum up` again on the same data.
    pub fn start(&self, args: &[&str]) -> Result<String, String> {
        self.start_with(args, &[])
    }

    fn start_with(&self, args: &[&str], envs: &[(&str, String)]) -> Result<String, String> {
        let mut command = self.vitrum(&["up", "--port-base", &self.port_base.to_string()]);
        command.args(args).envs(envs.iter().map(|(name, value)| (name, value)));
        output_of(&mut command).map_err(|err| format!("{err}\n{}", self.logs()))
    }

    /// Makes a command of our binary, with the cluster's data folder.
    pub fn vitrum(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.vitrum);
        command.args(args).env("VTDATAROOT", self.folder.path());
        command
    }

    /// Runs `vtctldclient` and returns what it prints.
    pub fn client(&self, args: &[&str]) -> Result<String, String> {
        let server = format!("localhost:{}", self.port(15999));
        output_of(self.vitrum(&["vtctldclient", "--server", &server]).args(args))
    }

    /// Runs the `mysql` client against the gateway and returns its rows, tabs between values.
    pub fn mysql(&self, database: &str, sql: &str) -> Result<String, String> {
        output_of(&mut self.mysql_command(database, sql)?)
    }

    /// Makes the command of the `mysql` client.
    pub fn mysql_command(&self, database: &str, sql: &str) -> Result<Command, String> {
        let mut command = Tool::find("mysql", "mysql")?.command();
        let port = self.port(15306).to_string();
        command.args(["--no-defaults", "-h", "127.0.0.1", "-P", &port, "-u", "user", "-N", "-B"]);
        command.args(["-e", sql]);
        if !database.is_empty() {
            command.arg(database);
        }
        Ok(command)
    }

    /// Returns the port that stands for a usual one (15306 for MySQL at the gateway).
    pub fn port(&self, usual: u16) -> u16 {
        self.port_base + (usual - 15000)
    }

    /// Returns the topology's port, usually 2379.
    pub fn topo_port(&self) -> u16 {
        self.port_base - (15000 - 2379)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the process of a part, `vttablet-100`; fails where it does not run.
    pub fn pid(&self, part: &str) -> Result<u32, String> {
        let status = output_of(&mut self.vitrum(&["status"]))?;
        let line = status.lines().find(|line| line.starts_with(&format!("{part} ")));
        line.and_then(|line| line.split_whitespace().nth(2)?.parse().ok())
            .ok_or_else(|| format!("{part} does not run:\n{status}"))
    }

    /// Kills a part with SIGKILL; the supervisor starts it again.
    pub fn kill(&self, part: &str) -> Result<(), String> {
        let pid = self.pid(part)?.to_string();
        output_of(Command::new("kill").args(["-9", &pid])).map(drop)
    }

    /// Returns the ends of all logs, for a failure that says too little.
    pub fn logs(&self) -> String {
        let folder = self.folder.path();
        log_ends(&folder.join("tmp")) + &server_log_ends(folder)
    }
}

impl Drop for LocalCluster {
    fn drop(&mut self) {
        // The folder goes anyway; a process that stays would be seen as a taken port.
        let _ = output_of(&mut self.vitrum(&["down", "--wipe"]));
    }
}

/// Returns the last lines of all logs in a folder.
pub(crate) fn log_ends(folder: &Path) -> String {
    files_of(folder)
        .filter(|path| path.extension().is_some_and(|ext| ext == "log"))
        .map(|path| log_end(&path))
        .collect()
}

/// Returns the last lines of what the MySQL servers of a cluster have logged.
fn server_log_ends(folder: &Path) -> String {
    files_of(folder).map(|server| log_end(&server.join("error.log"))).collect()
}

fn files_of(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Returns a log's last lines under its name, or nothing where there is no such log.
fn log_end(path: &Path) -> String {
    let Ok(log) = std::fs::read(path) else { return String::new() };
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().collect();
    let tail = lines[lines.len().saturating_sub(12)..].join("\n");
    format!("--- {}\n{tail}\n", path.display())
}

/// Our binary, built beside the program that runs the tests.
pub fn vitrum_program() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|err| err.to_string())?;
    own.ancestors()
        .skip(1)
        .map(|folder| folder.join("vitrum"))
        .find(|file| file.is_file())
        .ok_or_else(|| "vitrum is not built: run `cargo build -p vitrum`".to_owned())
}

/// Where the ranges of ports begin: below all of a range lies 32768, from where on the system hands
/// out ports to those who connect.
const BASES: std::ops::Range<u16> = 20_000..30_000;
/// No multiple of the distance between the tablets of two shards, which is a hundred: ranges that
/// overlap then have no port in common.
const BASE_STEP: u16 = 530;

/// Finds a range of ports that no one listens on.
pub(crate) fn free_port_base() -> Result<u16, String> {
    free_port_base_for((100..107).chain([200, 201, 300, 301]))
}

/// Finds a range whose ports of these tablets are free.
fn free_port_base_for(tablets: impl Iterator<Item = u16> + Clone) -> Result<u16, String> {
    let count = BASES.len() as u16 / BASE_STEP;
    let first = (std::process::id() % u32::from(count)) as u16;
    (0..count)
        .map(|step| BASES.start + (first + step) % count * BASE_STEP)
        .find(|base| {
            let of_tablets = tablets.clone().flat_map(|uid| [0, 1000, 2000].map(|kind| kind + uid));
            [0, 1, 306, 991, 999, 1000]
                .into_iter()
                .chain(of_tablets)
                .map(|place| base + place)
                .chain([base - (15000 - 2379)])
                .all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        })
        .ok_or_else(|| format!("no free ports between {} and {}", BASES.start, BASES.end))
}
