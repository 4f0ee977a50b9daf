//! Reparents whose vtctld dies in the middle: the next run finishes what was begun, or begins anew.
//! And a replica with transactions of its own, which is set aside.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use crate::Case;
use crate::check::{Outcome, contains, equal, within};
use crate::leases::{primary, rejoined};

/// The lock of the dead ends with its lease, and only then the next may begin.
const LIMIT: Duration = Duration::from_secs(120);
/// How long that lease is, in seconds.
const LEASE: &str = "5";
const PLANNED: &str = "PlannedReparentShard";
const EMERGENCY: &str = "EmergencyReparentShard";
/// The command, and the step at whose beginning vtctld dies, by what its log says of it.
const DEATHS: [(&str, &str); 9] = [
    (PLANNED, "has what"),
    (PLANNED, "demote "),
    (PLANNED, "has the last write of the demoted"),
    (PLANNED, "promote "),
    (PLANNED, "record "),
    (EMERGENCY, "stop replication on every tablet"),
    (EMERGENCY, "promote "),
    (EMERGENCY, "journal on "),
    (EMERGENCY, "record "),
];

pub(crate) fn cases() -> Vec<Case> {
    vec![("reparents whose vtctld dies are finished by the next", killed_reparents)]
}

fn killed_reparents(_: &LocalCluster) -> Outcome {
    let cluster = LocalCluster::up(&["--keyspace", "shop:1", "--replicas", "2"])?;
    cluster.mysql("shop", "create table kept (id bigint primary key)")?;
    let seen = DEATHS.iter().enumerate().try_for_each(|(id, (command, step))| {
        killed(&cluster, command, step).map_err(|err| format!("{command} at {step:?}: {err}"))?;
        // What waits for a moment at the gateway still ends.
        within(LIMIT, || {
            cluster.mysql("shop", &format!("replace into kept values ({id})")).map(drop)
        })
    });
    seen.map_err(|err| format!("{err}\n{}", cluster.logs()))?;
    let kept = cluster.mysql("shop", "select count(*) from kept")?;
    equal("what is kept", kept.trim().to_owned(), DEATHS.len().to_string())?;
    set_aside(&cluster).map_err(|err| format!("{err}\n{}", cluster.logs()))
}

/// A replica with a transaction of its own is named, and leaves service where vtorc is told so.
fn set_aside(cluster: &LocalCluster) -> Outcome {
    let primary = primary(cluster)?;
    let errant = if primary == 102 { 100 } else { primary + 1 };
    let alias = format!("zone1-{errant:010}");
    let on_it = |sql: &str| cluster.client(&["ExecuteFetchAsDBA", &alias, sql]).map(drop);
    let web = free_port()?;
    let _orchestrator =
        Orchestrator::start(cluster, web, "--change-tablets-with-errant-gtid-to-drained")?;
    within(LIMIT, || {
        // vtorc makes a writable replica read-only again.
        on_it("set global super_read_only = off")?;
        on_it("create database if not exists of_its_own")
    })?;
    within(LIMIT, || {
        let tablets = cluster.client(&["GetTablets", "--keyspace", "shop"])?;
        let line = tablets.lines().find(|line| line.starts_with(&alias)).unwrap_or_default();
        contains("the tablet", line, " drained ")
    })?;
    // The others go on as before.
    cluster.mysql("shop", "replace into kept values (1000)").map(drop)
}

/// A vtorc beside the cluster's own, which takes tablets with transactions of their own aside.
pub(crate) struct Orchestrator(Child);

impl Orchestrator {
    pub(crate) fn start(
        cluster: &LocalCluster,
        web: u16,
        flag: &str,
    ) -> Result<Orchestrator, String> {
        let mut command = cluster.vitrum(&["vtorc", "--port", &web.to_string()]);
        command.args(topo_flags(cluster));
        command.args(["--bind-address", "127.0.0.1"]);
        command.arg(flag);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Orchestrator).map_err(|err| format!("vtorc: {err}"))
    }
}

impl Drop for Orchestrator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn topo_flags(cluster: &LocalCluster) -> [String; 6] {
    let topo = format!("localhost:{}", cluster.topo_port());
    let flags = ["--topo-implementation", "etcd2", "--topo-global-root", "/vitess/global"];
    let [a, b, c, d] = flags.map(str::to_owned);
    [a, b, c, d, "--topo-global-server-address".to_owned(), topo]
}

fn killed(cluster: &LocalCluster, command: &str, step: &str) -> Outcome {
    let old = primary(cluster)?;
    let new = if old == 102 { 100 } else { old + 1 };
    let alias = format!("zone1-{new}");
    let args = [command, "shop/-", "--new-primary", &alias];
    within(LIMIT, || break_off(cluster, &args, step))?;
    within(LIMIT, || cluster.client(&args).map(drop))?;
    equal("the primary", primary(cluster)?, new)?;
    rejoined(cluster, old)
}

/// Runs a command by a vtctld that dies as a step begins.
fn break_off(cluster: &LocalCluster, args: &[&str], step: &str) -> Outcome {
    let mut control = Control::start(cluster)?;
    let mut client = cluster.vitrum(&["vtctldclient", "--server", &control.server]);
    client.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    let mut client = client.spawn().map_err(|err| err.to_string())?;
    let seen = control.wait_for(step, &mut client);
    control.kill();
    client.wait().map_err(|err| err.to_string())?;
    seen
}

/// A vtctld of its own, which nobody starts again, and whose locks end soon after it.
struct Control {
    child: Child,
    /// The lines of its log.
    log: Receiver<String>,
    server: String,
}

impl Control {
    fn start(cluster: &LocalCluster) -> Result<Control, String> {
        let (web, grpc) = (free_port()?, free_port()?);
        let server = format!("localhost:{grpc}");
        let mut command = cluster.vitrum(&["vtctld", "--cell", "zone1"]);
        command.args(topo_flags(cluster)).args(["--topo-etcd-lease-ttl", LEASE]);
        command.args(["--bind-address", "127.0.0.1", "--grpc-bind-address", "127.0.0.1"]);
        command.args(["--port", &web.to_string(), "--grpc-port", &grpc.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|err| format!("vtctld: {err}"))?;
        let stderr = child.stderr.take().ok_or("vtctld has no log")?;
        let (sender, log) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stderr).lines().map_while(Result::ok);
            // The log is read to its end, lest the writer waits.
            lines.for_each(|line| drop(sender.send(line)));
        });
        let control = Control { child, log, server };
        within(LIMIT, || {
            let args = ["vtctldclient", "--server", &control.server, "GetKeyspaces"];
            output_of(&mut cluster.vitrum(&args)).map(drop)
        })?;
        Ok(control)
    }

    /// Waits until its log says that a step begins; fails where the command ends without.
    fn wait_for(&self, step: &str, client: &mut Child) -> Outcome {
        let mut log = Vec::new();
        loop {
            match self.log.recv_timeout(Duration::from_secs(1)) {
                Ok(line) if line.contains(step) => return Ok(()),
                Ok(line) => log.push(line),
                Err(_) if matches!(client.try_wait(), Ok(None)) => {}
                Err(_) => return Err(format!("no step {step:?} in:\n{}", log.join("\n"))),
            }
        }
    }

    fn kill(&mut self) {
        // One that has ended by itself says so elsewhere.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn free_port() -> Result<u16, String> {
    let failed = |err: std::io::Error| err.to_string();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    listener.local_addr().map(|address| address.port()).map_err(failed)
}
