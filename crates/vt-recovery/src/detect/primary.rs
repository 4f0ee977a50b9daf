//! What can be wrong with a primary.

use std::time::Duration;

use vt_base::TabletType;

use super::{Contact, Finding, Limits, ServerView, ShardView, TabletView, Thread};
use crate::Analysis;

pub(super) fn check(
    view: &ShardView,
    primary: &TabletView,
    limits: &Limits,
    found: &mut Vec<Finding>,
) {
    match &primary.contact {
        Contact::Silent { since, reason, .. } => {
            let detail = format!("{} has not answered for {since:?}: {reason}", primary.alias);
            found.push(Finding::of(silent(view, primary, *since, limits), primary, detail));
        }
        Contact::Answered(server) => {
            answered(view, primary, server, found);
            followers(view, primary, found);
        }
    }
}

/// The tablets that ought to replicate from the primary.
fn followers_of<'a>(
    view: &'a ShardView,
    primary: &'a TabletView,
) -> impl Iterator<Item = &'a TabletView> + Clone + 'a {
    view.tablets.iter().filter(|one| one.alias != primary.alias && one.is_follower())
}

/// Judges a primary that does not answer by what its replicas see of it.
fn silent(view: &ShardView, primary: &TabletView, since: Duration, limits: &Limits) -> Analysis {
    let followers = followers_of(view, primary);
    let total = followers.clone().count();
    let answering: Vec<&TabletView> = followers.filter(|one| one.server().is_some()).collect();
    if answering.is_empty() {
        let is_known =
            |one: &TabletView| matches!(one.contact, Contact::Silent { known: true, .. });
        return match total {
            // Nobody of the shard has ever said anything: that it lived is not known either.
            _ if !is_known(primary) && !followers_of(view, primary).any(is_known) => {
                Analysis::InvalidPrimary
            }
            0 => Analysis::DeadPrimaryWithoutReplicas,
            _ => Analysis::DeadPrimaryAndReplicas,
        };
    }
    let receiving: Vec<&ServerView> = answering
        .iter()
        .filter(|one| one.receives_from(primary))
        .filter_map(|one| one.server())
        .collect();
    if receiving.is_empty() {
        return match answering.len() == total {
            true => Analysis::DeadPrimary,
            false => Analysis::DeadPrimaryAndSomeReplicas,
        };
    }
    if since >= limits.incapacitated_after {
        return Analysis::IncapacitatedPrimary;
    }
    let replications = || receiving.iter().filter_map(|one| one.replicating.as_ref());
    if replications().all(|one| one.sql != Thread::Running) {
        Analysis::UnreachablePrimaryWithBrokenReplicas
    } else if replications().all(|one| one.lag.is_none_or(|lag| lag > limits.reasonable_lag)) {
        Analysis::UnreachablePrimaryWithLaggingReplicas
    } else {
        Analysis::UnreachablePrimary
    }
}

/// Judges a primary by its own words.
fn answered(view: &ShardView, primary: &TabletView, server: &ServerView, found: &mut Vec<Finding>) {
    let alias = &primary.alias;
    let mut add = |analysis, detail: String| found.push(Finding::of(analysis, primary, detail));
    if server.disk_stalled {
        // It tells nothing else of itself then.
        return add(Analysis::PrimaryDiskStalled, format!("the disk of {alias} takes no writes"));
    }
    if server.own_type != TabletType::Primary {
        let detail = format!("{alias} is named primary and holds itself for {}", server.own_type);
        add(Analysis::PrimaryCurrentTypeMismatch, detail);
    }
    let has_acker = view.tablets.iter().any(|one| {
        view.durability.may_ack(alias, &one.alias, one.tablet_type)
            && one.receives_from(primary)
            && one.server().is_some_and(|server| server.semi_sync_replica)
    });
    let nobody = "no replica that acknowledges is connected";
    match (server.semi_sync_blocked, has_acker) {
        (true, true) => add(
            Analysis::PrimarySemiSyncBlocked,
            format!("commits wait on {alias} though a replica is connected"),
        ),
        (true, false) => {
            add(Analysis::LockedSemiSyncPrimary, format!("commits wait on {alias}: {nobody}"));
        }
        (false, false) if server.semi_sync_primary && view.durability.primary_waits() => add(
            Analysis::LockedSemiSyncPrimaryHypothesis,
            format!("the next commit on {alias} would wait: {nobody}"),
        ),
        (false, _) => {}
    }
    if let Some(replicating) = &server.replicating {
        let (host, port) = (&replicating.source_host, replicating.source_port);
        add(Analysis::PrimaryHasPrimary, format!("{alias} replicates from {host}:{port}"));
    }
    if server.read_only {
        add(Analysis::PrimaryIsReadOnly, format!("{alias} refuses writes"));
    }
    let waits = view.durability.primary_waits();
    if waits && !server.semi_sync_primary {
        let policy = view.durability;
        add(
            Analysis::PrimarySemiSyncMustBeSet,
            format!("commits on {alias} do not wait, and the policy is {policy}"),
        );
    }
    if !waits && server.semi_sync_primary {
        let policy = view.durability;
        add(
            Analysis::PrimarySemiSyncMustNotBeSet,
            format!("commits on {alias} wait, and the policy is {policy}"),
        );
    }
}

/// Judges whether a live primary's followers follow.
fn followers(view: &ShardView, primary: &TabletView, found: &mut Vec<Finding>) {
    let followers: Vec<&TabletView> = followers_of(view, primary).collect();
    if followers.is_empty() || followers.iter().any(|one| one.receives_from(primary)) {
        return;
    }
    let silent = followers.iter().filter(|one| one.server().is_none()).count();
    let analysis = match (followers.len(), silent) {
        (1, 0) => Analysis::PrimarySingleReplicaNotReplicating,
        (1, _) => Analysis::PrimarySingleReplicaDead,
        (_, 0) => Analysis::AllPrimaryReplicasNotReplicating,
        _ => Analysis::AllPrimaryReplicasNotReplicatingOrDead,
    };
    let total = followers.len();
    let detail =
        format!("of {total} followers of {}, {silent} are silent and none receives", primary.alias);
    found.push(Finding::of(analysis, primary, detail));
}
