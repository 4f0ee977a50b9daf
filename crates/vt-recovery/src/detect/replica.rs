//! What can be wrong with a tablet that is not the primary.

use vt_base::TabletType;

use super::{Finding, ServerView, ShardView, TabletView, Thread, is_source};
use crate::Analysis;

pub(super) fn check(
    view: &ShardView,
    primary: &TabletView,
    tablet: &TabletView,
    found: &mut Vec<Finding>,
) {
    if tablet.tablet_type == TabletType::Primary {
        let detail = format!(
            "the record of {} says primary, and {} is primary of a later term",
            tablet.alias, primary.alias
        );
        found.push(Finding::of(Analysis::StaleTopoPrimary, tablet, detail));
        return;
    }
    let Some(server) = tablet.server() else { return };
    errant(primary, tablet, server, found);
    if !tablet.is_follower() {
        return;
    }
    // One fault is enough: mending any of them sets all that a replica needs.
    let fault = replication_fault(primary, tablet, server)
        .or_else(|| semi_sync_fault(view, primary, tablet, server));
    if let Some((analysis, detail)) = fault {
        found.push(Finding::of(analysis, tablet, detail));
    }
}

fn errant(
    primary: &TabletView,
    tablet: &TabletView,
    server: &ServerView,
    found: &mut Vec<Finding>,
) {
    // A tablet that is being restored or drained is not read from.
    if matches!(
        tablet.tablet_type,
        TabletType::Drained | TabletType::Restore | TabletType::Backup | TabletType::Unknown
    ) {
        return;
    }
    // One whose disk stalls does not tell what it has.
    let Some(of_primary) = primary.server().filter(|one| !one.disk_stalled) else { return };
    let errant = server.executed.gtid_set.subtract(&of_primary.executed.gtid_set);
    if !errant.is_empty() {
        let detail = format!("{} has {errant}, which {} lacks", tablet.alias, primary.alias);
        found.push(Finding::of(Analysis::ErrantGTIDDetected, tablet, detail));
    }
}

fn replication_fault(
    primary: &TabletView,
    tablet: &TabletView,
    server: &ServerView,
) -> Option<(Analysis, String)> {
    let alias = &tablet.alias;
    if !server.read_only {
        return Some((Analysis::ReplicaIsWritable, format!("{alias} takes writes")));
    }
    let Some(replicating) = &server.replicating else {
        let detail = format!("{alias} replicates from nobody");
        return Some((Analysis::NotConnectedToPrimary, detail));
    };
    if !is_source(replicating, primary) {
        let (host, port) = (&replicating.source_host, replicating.source_port);
        let detail = format!("{alias} replicates from {host}:{port}, not from {}", primary.alias);
        return Some((Analysis::ConnectedToWrongPrimary, detail));
    }
    if replicating.io == Thread::Stopped || replicating.sql == Thread::Stopped {
        let detail = match replicating.errors.as_str() {
            "" => format!("replication of {alias} stands still"),
            errors => format!("replication of {alias} stands still: {errors}"),
        };
        return Some((Analysis::ReplicationStopped, detail));
    }
    if let Some(watch) = replicating.watch.filter(|watch| !watch.is_right()) {
        let (heartbeat, wanted) = (watch.heartbeat, watch.wanted());
        let detail =
            format!("the source of {alias} is heard of every {heartbeat:?}, not {wanted:?}");
        return Some((Analysis::ReplicaMisconfigured, detail));
    }
    None
}

fn semi_sync_fault(
    view: &ShardView,
    primary: &TabletView,
    tablet: &TabletView,
    server: &ServerView,
) -> Option<(Analysis, String)> {
    let (alias, policy) = (&tablet.alias, view.durability);
    let acks = policy.may_ack(&primary.alias, alias, tablet.tablet_type);
    match (acks, server.semi_sync_replica) {
        (true, false) => Some((
            Analysis::ReplicaSemiSyncMustBeSet,
            format!("{alias} does not acknowledge, and under {policy} it has to"),
        )),
        (false, true) => Some((
            Analysis::ReplicaSemiSyncMustNotBeSet,
            format!("{alias} acknowledges, and under {policy} it may not"),
        )),
        _ => None,
    }
}
