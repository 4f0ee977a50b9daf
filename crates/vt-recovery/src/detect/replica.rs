//! What can be wrong with a tablet that is not the primary.

use vt_base::gtid::GtidSet;
use vt_base::{TabletAlias, TabletType};

use super::{
    Contact, Finding, Primary, ServerView, ShardView, TabletView, Thread, find_primary, is_source,
};
use crate::Analysis;
use crate::restore::errant_beyond;

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
    let server = match &tablet.contact {
        Contact::Answered(server) => server,
        Contact::Silent { known, reason, .. } => {
            if !known && tablet.is_follower() {
                let detail = format!("{} has never answered: {reason}", tablet.alias);
                found.push(Finding::of(Analysis::InvalidReplica, tablet, detail));
            }
            return;
        }
    };
    errant(primary, tablet, found);
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

/// Returns the tablets that have transactions which their primary lacks, and these.
///
/// Nothing is known of it while the primary does not tell what it has.
pub fn errant_transactions(view: &ShardView) -> Vec<(&TabletAlias, GtidSet)> {
    let Primary::Known(primary) = find_primary(view) else { return Vec::new() };
    let others = view.tablets.iter().filter(|one| one.alias != primary.alias);
    others.filter_map(|one| Some((&one.alias, errant_of(primary, one)?))).collect()
}

fn errant_of(primary: &TabletView, tablet: &TabletView) -> Option<GtidSet> {
    // A tablet that is being restored or drained is not read from.
    if matches!(
        tablet.tablet_type,
        TabletType::Primary
            | TabletType::Drained
            | TabletType::Restore
            | TabletType::Backup
            | TabletType::Unknown
    ) {
        return None;
    }
    // One whose disk stalls does not tell what it has.
    let of_primary = primary.server().filter(|one| !one.disk_stalled)?;
    let executed = &tablet.server()?.executed.gtid_set;
    let errant = errant_beyond(executed, &of_primary.executed.gtid_set, &of_primary.uuid);
    Some(errant).filter(|errant| !errant.is_empty())
}

fn errant(primary: &TabletView, tablet: &TabletView, found: &mut Vec<Finding>) {
    if let Some(errant) = errant_of(primary, tablet) {
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
