//! One shard of a primary and two followers, with one thing wrong at a time.

use std::collections::BTreeSet;

use super::*;
use crate::Remedy;

const UUID: &str = "16b1039f-22b6-11ed-b765-0a43f95f28a3";

fn position(last: u32) -> Position {
    format!("MySQL56/{UUID}:1-{last}").parse().unwrap()
}

fn server(own_type: TabletType, replicating: Option<Replicating>) -> Contact {
    let primary = own_type == TabletType::Primary;
    Contact::Answered(Box::new(ServerView {
        own_type,
        uuid: String::new(),
        read_only: !primary,
        semi_sync_primary: primary,
        semi_sync_replica: own_type == TabletType::Replica,
        semi_sync_blocked: false,
        disk_stalled: false,
        executed: position(10),
        replicating,
    }))
}

fn tablet(uid: u32, tablet_type: TabletType) -> TabletView {
    let primary = tablet_type == TabletType::Primary;
    let replicating = (!primary).then(|| Replicating {
        source_host: "host".into(),
        source_port: 100,
        io: Thread::Running,
        sql: Thread::Running,
        lag: Some(Duration::ZERO),
        errors: String::new(),
        watch: Some(Watch { heartbeat: Duration::from_secs(30), net_timeout_s: 60 }),
    });
    TabletView {
        alias: TabletAlias::new("zone1", uid),
        tablet_type,
        term_ns: primary.then_some(7),
        mysql_host: "host".into(),
        mysql_port: uid.cast_signed(),
        contact: server(tablet_type, replicating),
    }
}

/// 100 is primary, 101 a replica, 102 for batch reads; all is well.
fn shard() -> ShardView {
    ShardView {
        shard: "ks/-80".parse().unwrap(),
        durability: Durability::SemiSync,
        recorded_primary: Some(TabletAlias::new("zone1", 100)),
        tablets: vec![
            tablet(100, TabletType::Primary),
            tablet(101, TabletType::Replica),
            tablet(102, TabletType::Rdonly),
        ],
    }
}

fn silent(view: &mut ShardView, place: usize, seconds: u64) {
    let since = Duration::from_secs(seconds);
    view.tablets[place].contact = Contact::Silent { since, reason: "refused".into(), known: true };
}

fn never_heard(view: &mut ShardView, place: usize) {
    let since = Duration::from_secs(60);
    view.tablets[place].contact = Contact::Silent { since, reason: "refused".into(), known: false };
}

fn server_of(view: &mut ShardView, place: usize) -> &mut ServerView {
    match &mut view.tablets[place].contact {
        Contact::Answered(server) => server,
        Contact::Silent { .. } => panic!("tablet {place} is silent"),
    }
}

fn replication_of(view: &mut ShardView, place: usize) -> &mut Replicating {
    server_of(view, place).replicating.as_mut().unwrap()
}

fn names(view: &ShardView) -> Vec<String> {
    let limits = Limits {
        incapacitated_after: Duration::from_secs(20),
        reasonable_lag: Duration::from_secs(10),
    };
    detect(view, &limits)
        .iter()
        .map(|one| match &one.tablet {
            Some(tablet) => format!("{} {}", one.analysis, tablet.uid),
            None => one.analysis.to_string(),
        })
        .collect()
}

/// As [`after`], but for what follows from a replica that does not acknowledge.
fn mainly_after(change: impl FnOnce(&mut ShardView)) -> Vec<String> {
    let mut found = after(change);
    found.retain(|one| one != "LockedSemiSyncPrimaryHypothesis 100");
    found
}

/// Changes a healthy shard and returns what is found.
fn after(change: impl FnOnce(&mut ShardView)) -> Vec<String> {
    let mut view = shard();
    change(&mut view);
    names(&view)
}

#[test]
fn a_healthy_shard_has_no_findings() {
    assert!(names(&shard()).is_empty());
}

#[test]
fn a_shard_without_primary() {
    let found = after(|view| {
        view.recorded_primary = None;
        view.tablets[0].tablet_type = TabletType::Replica;
        view.tablets[0].term_ns = None;
    });
    assert_eq!(found, ["ClusterHasNoPrimary"]);
    let found = after(|view| drop(view.tablets.remove(0)));
    assert_eq!(found, ["PrimaryTabletDeleted 100"]);
    assert!(
        after(|view| {
            view.tablets.clear();
            view.recorded_primary = None;
        })
        .is_empty()
    );
}

#[test]
fn a_silent_primary_is_judged_by_its_replicas() {
    let broken = |view: &mut ShardView| {
        silent(view, 0, 2);
        replication_of(view, 1).io = Thread::Connecting;
        replication_of(view, 2).io = Thread::Stopped;
    };
    assert_eq!(after(broken)[0], "DeadPrimary 100");
    let found = after(|view| {
        broken(view);
        silent(view, 2, 2);
    });
    assert_eq!(found[0], "DeadPrimaryAndSomeReplicas 100");
    let found = after(|view| (0..3).for_each(|place| silent(view, place, 2)));
    assert_eq!(found, ["DeadPrimaryAndReplicas 100"]);
    let found = after(|view| {
        silent(view, 0, 2);
        view.tablets.truncate(1);
    });
    assert_eq!(found, ["DeadPrimaryWithoutReplicas 100"]);
}

#[test]
fn what_has_never_answered_is_told_and_a_primary_whose_replicas_know_better_is_replaced() {
    assert_eq!(mainly_after(|view| never_heard(view, 1)), ["InvalidReplica 101"]);
    let found = after(|view| (0..3).for_each(|place| never_heard(view, place)));
    assert_eq!(found[0], "InvalidPrimary 100");
    let found = after(|view| {
        never_heard(view, 0);
        view.tablets.truncate(1);
    });
    assert_eq!(found, ["InvalidPrimary 100"]);
    let found = after(|view| {
        never_heard(view, 0);
        for place in [1, 2] {
            replication_of(view, place).io = Thread::Connecting;
        }
    });
    assert_eq!(found[0], "DeadPrimary 100");
    assert_eq!(Analysis::InvalidPrimary.remedy(), Remedy::Report);
    assert!(Analysis::InvalidPrimary.is_of_shard());
}

#[test]
fn a_silent_primary_that_still_feeds_replicas_is_not_dead_at_once() {
    assert_eq!(after(|view| silent(view, 0, 2)), ["UnreachablePrimary 100"]);
    assert_eq!(after(|view| silent(view, 0, 20)), ["IncapacitatedPrimary 100"]);
    let found = after(|view| {
        silent(view, 0, 2);
        for place in [1, 2] {
            replication_of(view, place).lag = Some(Duration::from_secs(60));
        }
    });
    assert_eq!(found, ["UnreachablePrimaryWithLaggingReplicas 100"]);
    let found = after(|view| {
        silent(view, 0, 2);
        for place in [1, 2] {
            replication_of(view, place).sql = Thread::Stopped;
        }
    });
    assert_eq!(found[0], "UnreachablePrimaryWithBrokenReplicas 100");
}

#[test]
fn a_primary_that_is_not_as_it_should_be() {
    for (change, want) in [
        // It does not tell what it has then, and nobody is errant for that.
        (
            (|server| (server.disk_stalled, server.executed) = (true, Position::default()))
                as fn(&mut ServerView),
            "PrimaryDiskStalled 100",
        ),
        (|server| server.own_type = TabletType::Replica, "PrimaryCurrentTypeMismatch 100"),
        (|server| server.read_only = true, "PrimaryIsReadOnly 100"),
        (|server| server.semi_sync_primary = false, "PrimarySemiSyncMustBeSet 100"),
        (|server| server.semi_sync_blocked = true, "PrimarySemiSyncBlocked 100"),
    ] {
        assert_eq!(after(|view| change(server_of(view, 0))), [want]);
    }
    let found = after(|view| {
        let other = replication_of(view, 1).clone();
        server_of(view, 0).replicating = Some(other);
    });
    assert_eq!(found, ["PrimaryHasPrimary 100"]);
    let found = after(|view| {
        view.durability = Durability::None;
        server_of(view, 1).semi_sync_replica = false;
    });
    assert_eq!(found, ["PrimarySemiSyncMustNotBeSet 100"]);
    let found = after(|view| {
        server_of(view, 0).semi_sync_blocked = true;
        silent(view, 1, 5);
    });
    assert_eq!(found, ["LockedSemiSyncPrimary 100"]);
}

#[test]
fn a_replica_that_is_not_as_it_should_be() {
    for (change, want) in [
        ((|server| server.read_only = false) as fn(&mut ServerView), "ReplicaIsWritable 101"),
        (|server| server.replicating = None, "NotConnectedToPrimary 101"),
        (
            |server| server.replicating.as_mut().unwrap().source_port = 102,
            "ConnectedToWrongPrimary 101",
        ),
        (
            |server| server.replicating.as_mut().unwrap().sql = Thread::Stopped,
            "ReplicationStopped 101",
        ),
        (
            |server| server.replicating.as_mut().unwrap().watch.as_mut().unwrap().net_timeout_s = 8,
            "ReplicaMisconfigured 101",
        ),
        (|server| server.semi_sync_replica = false, "ReplicaSemiSyncMustBeSet 101"),
        (|server| server.executed = position(11), "ErrantGTIDDetected 101"),
    ] {
        assert_eq!(mainly_after(|view| change(server_of(view, 1))), [want]);
    }
    assert_eq!(
        mainly_after(|view| server_of(view, 2).semi_sync_replica = true),
        ["ReplicaSemiSyncMustNotBeSet 102"]
    );
    assert!(
        mainly_after(|view| {
            view.tablets[1].tablet_type = TabletType::Drained;
            server_of(view, 1).executed = position(11);
        })
        .is_empty()
    );
}

#[test]
fn nobody_follows_the_wrong_primary_while_it_is_not_known_where_the_right_one_listens() {
    assert!(after(|view| view.tablets[0].mysql_port = 0).is_empty());
    let found = after(|view| {
        view.tablets[0].mysql_host.clear();
        silent(view, 0, 2);
    });
    assert_eq!(found, ["UnreachablePrimary 100"], "its replicas receive from somebody");
}

#[test]
fn the_latest_term_is_primary_and_earlier_ones_are_stale() {
    let found = after(|view| {
        view.tablets[1].tablet_type = TabletType::Primary;
        view.tablets[1].term_ns = Some(8);
        view.tablets[1].contact = server(TabletType::Primary, None);
        replication_of(view, 2).source_port = 101;
    });
    assert_eq!(found, ["LockedSemiSyncPrimaryHypothesis 101", "StaleTopoPrimary 100"]);
}

#[test]
fn a_primary_that_would_wait_for_nobody_is_told_of_before_a_commit_waits() {
    let found = after(|view| silent(view, 1, 1));
    assert_eq!(found, ["LockedSemiSyncPrimaryHypothesis 100"]);
    let found = after(|view| {
        silent(view, 1, 1);
        view.durability = Durability::None;
        server_of(view, 0).semi_sync_primary = false;
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn replicas_that_do_not_receive_are_counted() {
    let found = mainly_after(|view| {
        for place in [1, 2] {
            replication_of(view, place).io = Thread::Connecting;
        }
    });
    assert_eq!(found, ["AllPrimaryReplicasNotReplicating 100"]);
    let found = mainly_after(|view| {
        replication_of(view, 1).io = Thread::Connecting;
        silent(view, 2, 1);
    });
    assert_eq!(found, ["AllPrimaryReplicasNotReplicatingOrDead 100"]);
    let found = mainly_after(|view| {
        view.tablets.truncate(2);
        silent(view, 1, 1);
    });
    assert_eq!(found, ["PrimarySingleReplicaDead 100"]);
}

#[test]
fn what_concerns_the_shard_comes_first() {
    let found = after(|view| {
        silent(view, 0, 2);
        replication_of(view, 1).io = Thread::Connecting;
        replication_of(view, 2).io = Thread::Connecting;
        server_of(view, 1).read_only = false;
    });
    assert_eq!(found, ["DeadPrimary 100", "ReplicaIsWritable 101"]);
    let remedies: BTreeSet<_> = [Analysis::DeadPrimary, Analysis::IncapacitatedPrimary]
        .map(|one| one.recovery_name())
        .into();
    assert_eq!(remedies.len(), 2);
    assert_eq!(Analysis::DeadPrimary.remedy(), Remedy::ReplacePrimary);
}

#[test]
fn what_the_primary_has_sent_and_not_committed_yet_is_not_errant() {
    let mut view = shard();
    server_of(&mut view, 0).uuid = UUID.to_owned();
    server_of(&mut view, 1).executed = position(12);
    assert_eq!(names(&view), Vec::<String>::new());
    let other = "MySQL56/26b1039f-22b6-11ed-b765-0a43f95f28a3:1-3".parse::<Position>().unwrap();
    let executed = server_of(&mut view, 1).executed.gtid_set.union(&other.gtid_set);
    server_of(&mut view, 1).executed.gtid_set = executed;
    assert_eq!(names(&view), ["ErrantGTIDDetected 101"]);
    let errant = errant_transactions(&view);
    assert_eq!((errant.len(), errant[0].0.uid, errant[0].1.count()), (1, 101, 3));
}

#[test]
fn a_replica_that_was_not_told_to_acknowledge_yet_is_told_and_the_primary_stays() {
    let mut view = shard();
    server_of(&mut view, 0).semi_sync_blocked = true;
    server_of(&mut view, 1).semi_sync_replica = false;
    assert_eq!(names(&view), ["LockedSemiSyncPrimary 100", "ReplicaSemiSyncMustBeSet 101"]);
    server_of(&mut view, 1).semi_sync_replica = true;
    assert_eq!(names(&view), ["PrimarySemiSyncBlocked 100"]);
}
