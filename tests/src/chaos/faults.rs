//! Breaking things, by a seed, one after the other.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use super::clients::Clients;
use super::disks::Disks;
use crate::links::{Effect, Links, Part, With};

/// How long after a fault every client must have written again.
const RECOVERY: Duration = Duration::from_secs(90);
/// The tablets of both shards.
pub(super) const TABLETS: [u32; 6] = [100, 101, 102, 200, 201, 202];

/// What can be done to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    KillMysqld,
    KillTablet,
    KillNode,
    KillGateway,
    KillOrchestrator,
    KillControl,
    KillTopology,
    /// Told to end, which they do in order, and started again.
    RestartMysqld,
    RestartTablet,
    RestartGateway,
    PauseMysqld,
    PauseTablet,
    PauseNode,
    PauseGateway,
    PauseOrchestrator,
    PauseTopology,
    /// A node loses all its links, or all but that to the gateway.
    CutNode,
    CutNodeFromAllButGateway,
    /// A node loses its links to the other nodes, or that to the topology.
    CutNodeFromNodes,
    CutNodeFromTopology,
    CutGatewayFromTopology,
    /// All that a node says or hears comes late.
    DelayNode,
    /// A node's disk is full for a while.
    FillDisk,
    HandOver,
}

const FAULTS: [Fault; 24] = [
    Fault::KillMysqld,
    Fault::KillTablet,
    Fault::KillNode,
    Fault::KillGateway,
    Fault::KillOrchestrator,
    Fault::KillControl,
    Fault::KillTopology,
    Fault::RestartMysqld,
    Fault::RestartTablet,
    Fault::RestartGateway,
    Fault::PauseMysqld,
    Fault::PauseTablet,
    Fault::PauseNode,
    Fault::PauseGateway,
    Fault::PauseOrchestrator,
    Fault::PauseTopology,
    Fault::CutNode,
    Fault::CutNodeFromAllButGateway,
    Fault::CutNodeFromNodes,
    Fault::CutNodeFromTopology,
    Fault::CutGatewayFromTopology,
    Fault::DelayNode,
    Fault::FillDisk,
    Fault::HandOver,
];

/// What was done, and how long it took until every client had written again.
#[derive(Debug, Default)]
pub(super) struct Broken {
    pub(super) faults: BTreeMap<Fault, Vec<Duration>>,
}

/// Breaks a cluster.
pub(super) struct Driver<'a> {
    cluster: &'a LocalCluster,
    links: &'a Links,
    disks: Option<&'a Disks>,
    clients: &'a Clients,
    rng: StdRng,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        (cluster, links): (&'a LocalCluster, &'a Links),
        disks: Option<&'a Disks>,
        clients: &'a Clients,
        seed: u64,
    ) -> Driver<'a> {
        Driver { cluster, links, disks, clients, rng: StdRng::seed_from_u64(seed) }
    }

    /// Breaks things for so long.
    pub(super) fn run(mut self, time: Duration) -> Result<Broken, String> {
        let until = Instant::now() + time;
        let mut broken = Broken::default();
        self.wait_for_all("before the first fault")?;
        while Instant::now() < until {
            let fault = FAULTS[self.rng.random_range(0..FAULTS.len())];
            if fault == Fault::FillDisk && self.disks.is_none() {
                continue;
            }
            let started = Instant::now();
            let what = self.apply(fault)?;
            crate::say(&format!("chaos: {what}"));
            self.wait_for_all(&what)?;
            broken.faults.entry(fault).or_default().push(started.elapsed());
            let pause = self.rng.random_range(500..2500);
            std::thread::sleep(Duration::from_millis(pause));
        }
        Ok(broken)
    }

    fn apply(&mut self, fault: Fault) -> Result<String, String> {
        let uid = self.victim();
        let (mysqld, tablet) = (format!("mysqld-{uid}"), format!("vttablet-{uid}"));
        let hold = Duration::from_millis(self.rng.random_range(500..12_000));
        match fault {
            Fault::KillMysqld => self.kill(&[mysqld]),
            Fault::KillTablet => self.kill(&[tablet]),
            Fault::KillNode => self.kill(&[mysqld, tablet]),
            Fault::KillGateway => self.kill(&["vtgate".into()]),
            Fault::KillOrchestrator => self.kill(&["vtorc".into()]),
            Fault::KillControl => self.kill(&["vtctld".into()]),
            Fault::KillTopology => self.kill(&["topo".into()]),
            Fault::RestartMysqld => self.restart(&mysqld),
            Fault::RestartTablet => self.restart(&tablet),
            Fault::RestartGateway => self.restart("vtgate"),
            Fault::PauseMysqld => self.pause(&[mysqld], hold),
            Fault::PauseTablet => self.pause(&[tablet], hold),
            Fault::PauseNode => self.pause(&[mysqld, tablet], hold),
            Fault::PauseGateway => self.pause(&["vtgate".into()], hold),
            Fault::PauseOrchestrator => self.pause(&["vtorc".into()], hold),
            Fault::PauseTopology => self.pause(&["topo".into()], hold),
            Fault::CutNode => self.disturb(Part::Node(uid), With::Everybody, Effect::Cut, hold),
            Fault::CutNodeFromAllButGateway => {
                let with = With::EverybodyBut(Part::Gateway);
                self.disturb(Part::Node(uid), with, Effect::Cut, hold)
            }
            Fault::CutNodeFromNodes => {
                self.disturb(Part::Node(uid), With::Nodes, Effect::Cut, hold)
            }
            Fault::CutNodeFromTopology => {
                self.disturb(Part::Node(uid), With::One(Part::Topology), Effect::Cut, hold)
            }
            Fault::CutGatewayFromTopology => {
                self.disturb(Part::Gateway, With::One(Part::Topology), Effect::Cut, hold)
            }
            Fault::DelayNode => {
                let delay = Duration::from_millis(self.rng.random_range(20..300));
                self.disturb(Part::Node(uid), With::Everybody, Effect::Delay(delay), hold)
            }
            Fault::FillDisk => self.fill_disk(uid, hold),
            Fault::HandOver => Ok(self.hand_over(uid)),
        }
    }

    /// Returns the tablet that is to suffer: as often a primary as any.
    fn victim(&mut self) -> u32 {
        let any = TABLETS[self.rng.random_range(0..TABLETS.len())];
        if self.rng.random_range(0..2) == 0 {
            return any;
        }
        // Where vtctld is being started again, nobody can tell.
        let tablets =
            self.cluster.client(&["GetTablets", "--keyspace", "bank"]).unwrap_or_default();
        let uid = |line: &str| line.split(' ').next()?.rsplit('-').next()?.parse().ok();
        let primaries = tablets.lines().filter(|line| line.contains(" primary ")).filter_map(uid);
        let mut of_shard = primaries.filter(|uid: &u32| uid / 100 == any / 100);
        of_shard.next_back().unwrap_or(any)
    }

    fn disturb(
        &self,
        part: Part,
        with: With,
        effect: Effect,
        hold: Duration,
    ) -> Result<String, String> {
        self.links.disturb(part, with, effect);
        std::thread::sleep(hold);
        self.links.heal();
        Ok(format!("{effect:?} links of {part:?} with {with:?} for {hold:?}"))
    }

    /// Longer than other faults, so that it is noticed: disks are looked at every five seconds.
    fn fill_disk(&self, uid: u32, hold: Duration) -> Result<String, String> {
        let hold = hold * 2;
        if let Some(disks) = self.disks {
            disks.fill(uid)?;
            std::thread::sleep(hold);
            disks.free(uid)?;
        }
        Ok(format!("fill the disk of node {uid} for {hold:?}"))
    }

    /// Returns the processes of parts; one that is being started again has none for a moment.
    fn pids(&self, parts: &[String]) -> Vec<String> {
        let pids = parts.iter().filter_map(|part| self.cluster.pid(part).ok());
        pids.filter(|pid| *pid > 1).map(|pid| pid.to_string()).collect()
    }

    fn signal(&self, name: &str, pids: &[String]) {
        if !pids.is_empty() {
            // A process that has ended meanwhile is no fault.
            drop(output_of(Command::new("kill").arg(name).args(pids)));
        }
    }

    fn kill(&self, parts: &[String]) -> Result<String, String> {
        self.signal("-KILL", &self.pids(parts));
        Ok(format!("kill {}", parts.join(" and ")))
    }

    /// Ends a process in order; the supervisor starts it again.
    fn restart(&self, part: &str) -> Result<String, String> {
        self.signal("-TERM", &self.pids(&[part.to_owned()]));
        Ok(format!("restart {part}"))
    }

    fn pause(&self, parts: &[String], hold: Duration) -> Result<String, String> {
        let pids = self.pids(parts);
        self.signal("-STOP", &pids);
        std::thread::sleep(hold);
        self.signal("-CONT", &pids);
        Ok(format!("pause {} for {hold:?}", parts.join(" and ")))
    }

    /// A planned change may be refused while the shard heals from an earlier fault.
    fn hand_over(&self, uid: u32) -> String {
        let shard = if uid < 200 { "bank/-80" } else { "bank/80-" };
        let alias = format!("zone1-{uid}");
        let done = self.cluster.client(&["PlannedReparentShard", shard, "--new-primary", &alias]);
        let outcome = if done.is_ok() { "done" } else { "refused" };
        format!("hand {shard} over to {alias}: {outcome}")
    }

    /// Waits until every client has written after this moment.
    fn wait_for_all(&self, after: &str) -> Result<(), String> {
        let (before, started) = (self.clients.progress(), Instant::now());
        loop {
            let now = self.clients.progress();
            let waiting: Vec<usize> =
                (0..now.len()).filter(|client| now[*client] < before[*client] + 2).collect();
            if waiting.is_empty() {
                return Ok(());
            }
            if started.elapsed() > RECOVERY {
                return Err(format!(
                    "clients {waiting:?} could not write for {RECOVERY:?} after: {after}"
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
