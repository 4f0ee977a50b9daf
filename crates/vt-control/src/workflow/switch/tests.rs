//! Switches over pretended tablets: what they leave, and what a call that fails, or a control that
//! dies, leaves to the next.

use std::time::{Duration, SystemTime};

use vt_base::{Result, TabletAlias, TabletType};
use vt_proto::binlogdata::{
    BinlogSource, Filter, Rule, VReplicationWorkflowState as State,
    VReplicationWorkflowType as Type,
};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::topodata;
use vt_proto::vschema;
use vt_proto::vtctldata::*;
use vt_topo::records::shard::{tablet_control, to_proto_time};
use vt_workflow::rules::Move;

use super::journal::journal_id;
use crate::testing::FakeCluster;
use crate::workflow::snapshot::{FROZEN, Snapshot};

const SOURCE: &str = "zone1-100";
const TARGET: &str = "zone1-200";

/// Table `t` on its way from keyspace `a` to keyspace `b`, all copied.
async fn moving() -> FakeCluster {
    let cluster = FakeCluster::start(&["zone1"]).await.unwrap();
    for (alias, keyspace) in [(SOURCE, "a"), (TARGET, "b")] {
        cluster.add_tablet(alias, keyspace, "0", TabletType::Primary).await.unwrap();
        let primary: TabletAlias = alias.parse().unwrap();
        let named = cluster.topo.update_shard_fields(keyspace, "0", |record| {
            record.primary_alias = Some((&primary).into());
            Ok(())
        });
        named.await.unwrap();
        let table = ("t".to_owned(), vschema::Table::default());
        let whole = vschema::Keyspace { tables: [table].into(), ..Default::default() };
        cluster.topo.save_vschema(keyspace, &whole).await.unwrap();
    }
    cluster.give(SOURCE, 'a', 10);
    cluster.give(TARGET, 'b', 10);
    let rules = vec![Rule {
        r#match: "t".to_owned(),
        filter: "select * from t".to_owned(),
        ..Default::default()
    }];
    let source = BinlogSource {
        keyspace: "a".to_owned(),
        shard: "0".to_owned(),
        filter: Some(Filter { rules, ..Default::default() }),
        ..Default::default()
    };
    let tablet = cluster.control.tablet(&TARGET.parse().unwrap()).await.unwrap();
    let request = tm::CreateVReplicationWorkflowRequest {
        workflow: "wf".to_owned(),
        binlog_source: vec![source],
        workflow_type: Type::MoveTables as i32,
        auto_start: true,
        ..Default::default()
    };
    tablet.create_v_replication_workflow(request).await.unwrap();
    cluster.mysql(TARGET, |mysql| {
        let stream = &mut mysql.workflows[0].streams[0];
        "MySQL56/x".clone_into(&mut stream.pos);
    });
    keep_near(&cluster);
    cluster.topo.rebuild_srv_vschema(&[]).await.unwrap();
    cluster
}

/// Lets every stream have heard of its source just now.
fn keep_near(cluster: &FakeCluster) {
    for alias in [SOURCE, TARGET] {
        cluster.mysql(alias, |mysql| {
            for stream in mysql.workflows.iter_mut().flat_map(|one| &mut one.streams) {
                stream.time_updated = Some(to_proto_time(SystemTime::now()));
            }
        });
    }
}

async fn switch(cluster: &FakeCluster, direction: i32) -> Result<WorkflowSwitchTrafficResponse> {
    keep_near(cluster);
    let request = WorkflowSwitchTrafficRequest {
        keyspace: "b".to_owned(),
        workflow: "wf".to_owned(),
        enable_reverse_replication: true,
        direction,
        ..Default::default()
    };
    cluster.control.workflow_switch_traffic(request).await
}

/// Where writes go, which keyspaces deny the table, and which streams run.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    writes_at: String,
    denied: Vec<&'static str>,
    running: Vec<&'static str>,
    frozen: Vec<&'static str>,
}

async fn look(cluster: &FakeCluster) -> Seen {
    let rules = cluster.topo.get_routing_rules().await.unwrap();
    let served = cluster.topo.get_srv_vschema("zone1").await.unwrap();
    assert_eq!(served.routing_rules.unwrap_or_default(), rules, "gateways know other rules");
    let rules = crate::workflow::routing::decode_rules(&rules);
    let tables = ["t".to_owned()];
    let of = Move { tables: &tables, source: "a", target: "b" };
    let mut seen = Seen {
        writes_at: format!("{:?}", rules.writes(of)),
        denied: Vec::new(),
        running: Vec::new(),
        frozen: Vec::new(),
    };
    for (alias, keyspace) in [(SOURCE, "a"), (TARGET, "b")] {
        let shard = cluster.topo.get_shard(keyspace, "0").await.unwrap().message;
        if tablet_control(&shard, topodata::TabletType::Primary).is_some() {
            seen.denied.push(keyspace);
        }
        let streams = cluster.mysql(alias, |mysql| mysql.workflows.clone());
        for stream in streams.iter().flat_map(|one| &one.streams) {
            if stream.state == State::Running as i32 {
                seen.running.push(keyspace);
            } else if stream.message == FROZEN {
                seen.frozen.push(keyspace);
            }
        }
    }
    seen
}

fn seen(
    writes_at: &str,
    denied: &'static str,
    running: &'static str,
    frozen: &[&'static str],
) -> Seen {
    let denied = if denied.is_empty() { Vec::new() } else { vec![denied] };
    let (writes_at, frozen) = (writes_at.to_owned(), frozen.to_vec());
    Seen { writes_at, denied, running: vec![running], frozen }
}

#[tokio::test]
async fn traffic_goes_there_and_back_and_the_workflow_ends() {
    let cluster = moving().await;
    let reply = switch(&cluster, 0).await.unwrap();
    assert_eq!(reply.summary, "SwitchTraffic was successful for workflow b.wf");
    assert_eq!(reply.start_state, "Reads Not Switched. Writes Not Switched");
    assert_eq!(reply.current_state, "All Reads Switched. Writes Switched");
    assert_eq!(look(&cluster).await, seen("Target", "a", "a", &["b"]));

    let reply = switch(&cluster, 1).await.unwrap();
    assert_eq!(reply.summary, "ReverseTraffic was successful for workflow b.wf");
    assert_eq!(reply.current_state, "Reads Not Switched. Writes Not Switched");
    assert_eq!(look(&cluster).await, seen("Source", "b", "b", &["a"]));
    // There is nothing left to do.
    switch(&cluster, 1).await.unwrap();
    assert_eq!(look(&cluster).await, seen("Source", "b", "b", &["a"]));

    switch(&cluster, 0).await.unwrap();
    let complete = MoveTablesCompleteRequest {
        workflow: "wf".to_owned(),
        target_keyspace: "b".to_owned(),
        ..Default::default()
    };
    cluster.control.move_tables_complete(complete).await.unwrap();
    let after = look(&cluster).await;
    assert_eq!((after.denied.len(), after.running.len(), after.frozen.len()), (0, 0, 0));
    assert!(cluster.topo.get_routing_rules().await.unwrap().rules.is_empty());
    assert!(cluster.topo.get_vschema("a").await.unwrap().tables.is_empty());
    cluster.stop().await;
}

/// Calls that a switch of writes makes, each with a tablet that it makes it on.
const CALLS: [(&str, &str); 10] = [
    (SOURCE, "RefreshState"),
    (SOURCE, "ExecuteMultiFetchAsDba"),
    (SOURCE, "ResetSequences"),
    (SOURCE, "PrimaryPosition"),
    (TARGET, "VReplicationWaitForPos"),
    (TARGET, "UpdateVReplicationWorkflow"),
    (TARGET, "PrimaryPosition"),
    (SOURCE, "VReplicationExec"),
    (SOURCE, "ExecuteFetchAsDba"),
    (SOURCE, "UpdateVReplicationWorkflow"),
];

#[tokio::test]
async fn a_switch_that_fails_is_taken_back_or_finished_by_the_same_command() {
    for (alias, call) in CALLS {
        let cluster = moving().await;
        let before = look(&cluster).await;
        cluster.mysql(alias, |mysql| mysql.failing.insert(call, "out of order".to_owned()));
        let err = switch(&cluster, 0).await.unwrap_err();
        assert!(err.message().contains("out of order"), "{call}: {err}");
        cluster.mysql(alias, |mysql| mysql.failing.clear());
        let after = look(&cluster).await;
        if err.message().contains("go on where they were") {
            assert_eq!(after, before, "{call}");
        }
        switch(&cluster, 0).await.unwrap();
        assert_eq!(look(&cluster).await, seen("Target", "a", "a", &["b"]), "{call}");
        cluster.stop().await;
    }
}

#[tokio::test]
async fn a_control_that_dies_leaves_what_the_same_command_finishes() {
    let cluster = moving().await;
    // Each turn dies a little later, so that every step is the last of some turn.
    for turn in 0..40 {
        let direction = turn % 2;
        let patience = Duration::from_millis(u64::try_from(turn).unwrap() * 2);
        drop(tokio::time::timeout(patience, switch(&cluster, direction)).await);
        switch(&cluster, direction).await.unwrap();
        let wanted = match direction {
            0 => seen("Target", "a", "a", &["b"]),
            _ => seen("Source", "b", "b", &["a"]),
        };
        assert_eq!(look(&cluster).await, wanted, "turn {turn}");
    }
    cluster.stop().await;
}

#[tokio::test]
async fn the_number_of_an_earlier_switch_is_not_taken_for_this_one() {
    let cluster = moving().await;
    let control = &cluster.control;
    let found = Snapshot::load(control, "b", "wf", &[]).await.unwrap();
    // Shards that were replaced count their streams from one again.
    cluster.mysql(SOURCE, |mysql| {
        let id = journal_id(&found);
        mysql.statements.push(format!(
            "insert into _vt.resharding_journal (id, db_name, val) values ({id}, 'vt_a', '')"
        ));
    });
    assert_eq!(control.journaled_shards(&found).await.unwrap().len(), 1);
    control.forget_journal("b", "wf").await.unwrap();
    assert!(control.journaled_shards(&found).await.unwrap().is_empty());
    switch(&cluster, 0).await.unwrap();
    assert_eq!(look(&cluster).await, seen("Target", "a", "a", &["b"]));
    cluster.stop().await;
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let cluster = moving().await;
    let before = look(&cluster).await;
    let request = WorkflowSwitchTrafficRequest {
        keyspace: "b".to_owned(),
        workflow: "wf".to_owned(),
        enable_reverse_replication: true,
        dry_run: true,
        ..Default::default()
    };
    let reply = cluster.control.workflow_switch_traffic(request).await.unwrap();
    assert_eq!(reply.dry_run_results.first().map(String::as_str), Some("Lock keyspace a"));
    assert!(reply.dry_run_results.iter().any(|line| line.starts_with("Stop writes on keyspace a")));
    assert_eq!(look(&cluster).await, before);
    cluster.stop().await;
}

#[tokio::test]
async fn every_tablet_must_hear_of_a_switch_unless_it_is_forced() {
    let cluster = moving().await;
    cluster.add_tablet("zone1-101", "a", "0", TabletType::Replica).await.unwrap();
    cluster.mysql("zone1-101", |mysql| {
        mysql.failing.insert("RefreshState", "out of order".to_owned())
    });
    let before = look(&cluster).await;
    let err = switch(&cluster, 0).await.unwrap_err();
    assert!(err.message().contains("could not refresh all of the tablets"), "{err}");
    assert!(
        err.message().contains("zone1-0000000101") && err.message().contains("--force"),
        "{err}"
    );
    assert_eq!(look(&cluster).await, before);
    keep_near(&cluster);
    let forced = |shards: &[&str]| WorkflowSwitchTrafficRequest {
        keyspace: "b".to_owned(),
        workflow: "wf".to_owned(),
        enable_reverse_replication: true,
        force: true,
        shards: shards.iter().map(|one| (*one).to_owned()).collect(),
        ..Default::default()
    };
    let err = cluster.control.workflow_switch_traffic(forced(&["80-"])).await.unwrap_err();
    assert!(err.message().contains("no streams into shard 80-; there are 0"), "{err}");
    cluster.control.workflow_switch_traffic(forced(&["0"])).await.unwrap();
    assert_eq!(look(&cluster).await, seen("Target", "a", "a", &["b"]));
    cluster.stop().await;
}
