//! Killing the processes that a workflow needs, by a seed.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    Mysqld,
    Tablet,
    /// A tablet and its mysqld at once.
    Node,
    Control,
    Topology,
    Gateway,
}

/// The control and tablets come more often: they do the work.
const FAULTS: [Fault; 9] = [
    Fault::Mysqld,
    Fault::Mysqld,
    Fault::Tablet,
    Fault::Tablet,
    Fault::Node,
    Fault::Control,
    Fault::Control,
    Fault::Topology,
    Fault::Gateway,
];

/// The latest moment of a fault after its step has begun.
const LATEST_MS: u64 = 2500;

/// Which fault comes, and when, in one step.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) fault: Fault,
    pub(super) after: Duration,
    /// Chooses among the tablets that are there then.
    place: usize,
}

/// Decides on the faults of a step: none, one, or two.
pub(super) fn plan(rng: &mut StdRng) -> Vec<Plan> {
    let count = [0, 1, 1, 1, 2][rng.random_range(0..5)];
    let one = |_| Plan {
        fault: FAULTS[rng.random_range(0..FAULTS.len())],
        after: Duration::from_millis(rng.random_range(0..LATEST_MS)),
        place: rng.random_range(0..1000),
    };
    (0..count).map(one).collect()
}

/// Kills what a plan says; returns what that was.
pub(super) fn apply(cluster: &LocalCluster, plan: &Plan) -> Result<String, String> {
    let parts = parts(cluster)?;
    let tablets: Vec<&str> =
        parts.keys().filter_map(|name| name.strip_prefix("vttablet-")).collect();
    let uid = tablets.get(plan.place % tablets.len().max(1)).copied().unwrap_or_default();
    let (mysqld, tablet) = (format!("mysqld-{uid}"), format!("vttablet-{uid}"));
    let names = match plan.fault {
        Fault::Mysqld => vec![mysqld],
        Fault::Tablet => vec![tablet],
        Fault::Node => vec![mysqld, tablet],
        Fault::Control => vec!["vtctld".to_owned()],
        Fault::Topology => vec!["topo".to_owned()],
        Fault::Gateway => vec!["vtgate".to_owned()],
    };
    for name in &names {
        // One that is being started again has no process for a moment.
        if let Some(pid) = parts.get(name) {
            // A process that has ended meanwhile is no fault.
            drop(output_of(Command::new("kill").args(["-KILL", &pid.to_string()])));
        }
    }
    Ok(format!("{} killed after {:?}", names.join(" and "), plan.after))
}

/// Returns the processes of all parts.
fn parts(cluster: &LocalCluster) -> Result<BTreeMap<String, u32>, String> {
    let status = output_of(&mut cluster.vitrum(&["status"]))?;
    let read = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        let pid = words.nth(1)?.parse().ok().filter(|pid| *pid > 1)?;
        Some((name, pid))
    };
    Ok(status.lines().filter_map(read).collect())
}
