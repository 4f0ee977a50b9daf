//! Reparents on pretended tablets.

use std::collections::BTreeSet;

use vt_base::{Code, TabletType};
use vt_proto::vtctldata::*;
use vt_proto::{topodata, vttime};

use crate::testing::FakeCluster;

const A: &str = "zone1-100";
const B: &str = "zone1-101";
const C: &str = "zone1-102";

/// A shard `ks/-` of two replicas and an rdonly tablet, under a policy.
async fn shard(policy: &str) -> FakeCluster {
    let cluster = FakeCluster::start(&["zone1"]).await.unwrap();
    let request = CreateKeyspaceRequest {
        name: "ks".into(),
        durability_policy: policy.into(),
        ..Default::default()
    };
    cluster.control.create_keyspace(request).await.unwrap();
    for (alias, typ) in
        [(A, TabletType::Replica), (B, TabletType::Replica), (C, TabletType::Rdonly)]
    {
        cluster.add_tablet(alias, "ks", "-", typ).await.unwrap();
    }
    cluster
}

fn alias(text: &str) -> Option<topodata::TabletAlias> {
    Some((&text.parse::<vt_base::TabletAlias>().unwrap()).into())
}

fn planned(new_primary: Option<&str>) -> PlannedReparentShardRequest {
    PlannedReparentShardRequest {
        keyspace: "ks".into(),
        shard: "-".into(),
        new_primary: new_primary.and_then(alias),
        wait_replicas_timeout: Some(vttime::Duration { seconds: 3, nanos: 0 }),
        ..Default::default()
    }
}

fn emergency() -> EmergencyReparentShardRequest {
    EmergencyReparentShardRequest {
        keyspace: "ks".into(),
        shard: "-".into(),
        wait_replicas_timeout: Some(vttime::Duration { seconds: 3, nanos: 0 }),
        ..Default::default()
    }
}

/// The one tablet takes writes, the records name it, and the others replicate from it.
async fn assert_primary(cluster: &FakeCluster, primary: &str, followers: &[&str]) {
    let name = primary.parse::<vt_base::TabletAlias>().unwrap();
    assert_eq!(cluster.writable(), BTreeSet::from([name.to_string()]));
    let shard = cluster.topo.get_shard("ks", "-").await.unwrap();
    assert_eq!(shard.primary_alias(), Some(name.clone()));
    let tablet = cluster.topo.get_tablet(&name).await.unwrap();
    assert!(tablet.is_primary());
    assert_eq!(tablet.message.primary_term_start_time, shard.message.primary_term_start_time);
    for follower in followers {
        cluster.mysql(follower, |mysql| {
            assert_eq!(mysql.source.as_ref(), Some(&name), "{follower}");
            assert!(mysql.replicating, "{follower} does not replicate");
        });
        let record = cluster.topo.get_tablet(&follower.parse().unwrap()).await.unwrap();
        assert!(!record.is_primary(), "{follower} still says that it is primary");
    }
}

#[tokio::test]
async fn first_election_sets_semi_sync_and_writes_the_journal() {
    let cluster = shard("semi_sync").await;
    let reply = cluster.control.planned_reparent_shard(planned(None)).await.unwrap();
    assert_eq!(reply.promoted_primary, alias(A));
    assert!(!reply.events.is_empty());
    assert_primary(&cluster, A, &[B, C]).await;
    cluster.mysql(A, |mysql| {
        assert!(mysql.waits);
        assert_eq!(mysql.journal, ["InitShardPrimary"]);
    });
    assert!(cluster.mysql(B, |mysql| mysql.acks));
    assert!(!cluster.mysql(C, |mysql| mysql.acks), "an rdonly tablet acknowledges");
    cluster.stop().await;
}

#[tokio::test]
async fn hand_over_loses_nothing_and_comes_back() {
    let cluster = shard("semi_sync").await;
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    let before = cluster.mysql(A, |mysql| mysql.executed.clone());
    cluster.control.planned_reparent_shard(planned(None)).await.unwrap();
    assert_primary(&cluster, B, &[A, C]).await;
    assert!(cluster.mysql(B, |mysql| mysql.executed.contains(&before)));
    cluster.mysql(B, |mysql| assert_eq!(mysql.journal, ["PlannedReparentShard"]));
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    assert_primary(&cluster, A, &[B, C]).await;
    cluster.stop().await;
}

#[tokio::test]
async fn a_replica_that_does_not_catch_up_leaves_the_old_primary() {
    let cluster = shard("none").await;
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    // It receives nothing more, and the last write of the old primary never reaches it.
    cluster.mysql(B, |mysql| {
        mysql.failing.insert("WaitForPosition", "the replica is stuck".into());
    });
    let err = cluster.control.planned_reparent_shard(planned(Some(B))).await.unwrap_err();
    assert!(err.message().contains("the replica is stuck"), "{err}");
    assert_primary(&cluster, A, &[C]).await;
    cluster.stop().await;
}

#[tokio::test]
async fn a_failed_promotion_is_undone() {
    let cluster = shard("none").await;
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    cluster.mysql(B, |mysql| {
        mysql.failing.insert("PromoteReplica", "no disk".into());
    });
    let err = cluster.control.planned_reparent_shard(planned(Some(B))).await.unwrap_err();
    assert!(err.message().contains("no disk"), "{err}");
    assert!(err.message().contains("is primary of ks/- as before"), "{err}");
    assert!(cluster.mysql(A, |mysql| mysql.calls.contains(&"UndoDemotePrimary")));
    assert_primary(&cluster, A, &[C]).await;
    // Once the cause is gone the same command goes through.
    cluster.mysql(B, |mysql| mysql.failing.clear());
    cluster.control.planned_reparent_shard(planned(Some(B))).await.unwrap();
    assert_primary(&cluster, B, &[A, C]).await;
    cluster.stop().await;
}

#[tokio::test]
async fn a_keyspace_without_a_policy_gets_semi_sync_with_its_second_tablet() {
    let policy_of = async |cluster: &FakeCluster| {
        cluster.topo.get_keyspace("ks").await.unwrap().message.durability_policy
    };
    let cluster = shard("").await;
    assert_eq!(policy_of(&cluster).await, "");
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    assert_eq!(policy_of(&cluster).await, "semi_sync");
    assert_primary(&cluster, A, &[B, C]).await;
    assert!(cluster.mysql(B, |mysql| mysql.acks));
    cluster.stop().await;
    // A shard with a single tablet would have nobody to acknowledge.
    let cluster = shard("").await;
    cluster.add_tablet("zone1-200", "ks", "other", TabletType::Replica).await.unwrap();
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    assert_eq!(policy_of(&cluster).await, "");
    cluster.stop().await;
    // Who has chosen has chosen.
    let cluster = shard("none").await;
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    assert_eq!(policy_of(&cluster).await, "none");
    cluster.stop().await;
}

#[tokio::test]
async fn a_follower_that_fails_is_named_and_the_rest_stands() {
    let cluster = shard("none").await;
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    cluster.mysql(C, |mysql| {
        mysql.failing.insert("SetReplicationSource", "busy".into());
    });
    let err = cluster.control.planned_reparent_shard(planned(Some(B))).await.unwrap_err();
    assert!(err.message().contains("zone1-0000000102"), "{err}");
    assert!(err.message().contains("ReparentTablet"), "{err}");
    assert_primary(&cluster, B, &[A]).await;
    cluster.mysql(C, |mysql| mysql.failing.clear());
    let request = ReparentTabletRequest { tablet: alias(C) };
    cluster.control.reparent_tablet(request).await.unwrap();
    assert_primary(&cluster, B, &[A, C]).await;
    cluster.stop().await;
}

#[tokio::test]
async fn the_lock_of_another_keeps_a_reparent_out() {
    let cluster = shard("none").await;
    let held = cluster.topo.lock_shard("ks", "-", "a test").await.unwrap();
    let mut control = cluster.control.clone();
    control.cluster.topo = impatient(&cluster).await;
    let err = control.planned_reparent_shard(planned(None)).await.unwrap_err();
    assert_eq!(err.code(), Code::DeadlineExceeded);
    assert!(err.message().contains("a test"), "{err}");
    held.unlock().await.unwrap();
    cluster.stop().await;
}

#[tokio::test]
async fn terms_grow_though_a_clock_is_behind() {
    let cluster = shard("none").await;
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    let ahead = vttime::Time { seconds: 4_000_000_000, nanoseconds: 999_999_999 };
    cluster
        .topo
        .update_shard_fields("ks", "-", |shard| {
            shard.primary_term_start_time = Some(ahead);
            Ok(())
        })
        .await
        .unwrap();
    let reply = cluster.control.planned_reparent_shard(planned(Some(B))).await.unwrap();
    let shard = cluster.topo.get_shard("ks", "-").await.unwrap();
    assert_eq!(shard.primary_alias(), Some(B.parse().unwrap()));
    let term = shard.message.primary_term_start_time.unwrap();
    assert_eq!(term, vttime::Time { seconds: 4_000_000_001, nanoseconds: 0 });
    assert!(reply.events.iter().any(|one| one.value.contains("set the clocks right")));
    cluster.stop().await;
}

/// The same topology, for one who does not wait long for locks.
async fn impatient(cluster: &FakeCluster) -> std::sync::Arc<vt_topo::TopoServer> {
    let options = vt_topo::TopoOptions {
        lock_timeout: std::time::Duration::from_millis(20),
        ..Default::default()
    };
    let factory = std::sync::Arc::new(cluster.memory());
    let server = vt_topo::TopoServer::open(factory, "memory", "/vitess/global", options);
    std::sync::Arc::new(server.await.unwrap())
}

#[tokio::test]
async fn emergency_promotes_the_furthest_and_applies_its_relay_log() {
    let cluster = shard("semi_sync").await;
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    cluster.add_tablet("zone1-103", "ks", "-", TabletType::Replica).await.unwrap();
    let request = ReparentTabletRequest { tablet: alias("zone1-103") };
    cluster.control.reparent_tablet(request).await.unwrap();
    cluster.give("zone1-103", 'a', 3);
    cluster.mysql("zone1-103", |mysql| {
        mysql.relayed = mysql.executed.clone();
    });
    cluster.mysql(A, |mysql| mysql.down = true);
    let reply = cluster.control.emergency_reparent_shard(emergency()).await.unwrap();
    assert_eq!(reply.promoted_primary, alias("zone1-103"));
    assert_primary_without_record_check(&cluster, "zone1-103", &[B, C]).await;
    cluster.stop().await;
}

/// As [`assert_primary`] where the lost primary cannot withdraw its own record.
async fn assert_primary_without_record_check(
    cluster: &FakeCluster,
    primary: &str,
    followers: &[&str],
) {
    let name = primary.parse::<vt_base::TabletAlias>().unwrap();
    assert_eq!(cluster.writable(), BTreeSet::from([name.to_string()]));
    let shard = cluster.topo.get_shard("ks", "-").await.unwrap();
    assert_eq!(shard.primary_alias(), Some(name.clone()));
    for follower in followers {
        cluster.mysql(follower, |mysql| {
            assert_eq!(mysql.source.as_ref(), Some(&name), "{follower}");
            assert!(mysql.replicating, "{follower} does not replicate");
        });
    }
}

#[tokio::test]
async fn emergency_refuses_when_both_sides_took_writes() {
    let cluster = shard("none").await;
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    cluster.mysql(A, |mysql| mysql.down = true);
    cluster.give(B, 'b', 1);
    cluster.give(C, 'c', 1);
    let err = cluster.control.emergency_reparent_shard(emergency()).await.unwrap_err();
    for part in ["zone1-0000000101", "zone1-0000000102", "bbbbbbbb-", "cccccccc-"] {
        assert!(err.message().contains(part), "{err}");
    }
    assert!(cluster.writable().is_empty());
    // Without one of the two sides the other is all there is.
    let mut request = emergency();
    request.ignore_replicas.extend(alias(C));
    cluster.control.emergency_reparent_shard(request).await.unwrap();
    assert_primary_without_record_check(&cluster, B, &[]).await;
    cluster.stop().await;
}

#[tokio::test]
async fn an_emergency_that_is_refused_leaves_everything_going() {
    let cluster = shard("semi_sync").await;
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    let mut request = emergency();
    request.new_primary = alias(C);
    let err = cluster.control.emergency_reparent_shard(request).await.unwrap_err();
    assert!(err.message().contains("of type rdonly"), "{err}");
    assert_primary(&cluster, A, &[B, C]).await;
    assert!(cluster.mysql(B, |mysql| mysql.acks));
    cluster.stop().await;
}

#[tokio::test]
async fn emergency_takes_a_living_primary_out_of_office() {
    let cluster = shard("semi_sync").await;
    cluster.control.planned_reparent_shard(planned(Some(A))).await.unwrap();
    let mut request = emergency();
    request.new_primary = alias(B);
    cluster.control.emergency_reparent_shard(request).await.unwrap();
    assert_primary(&cluster, B, &[A, C]).await;
    cluster.stop().await;
}
