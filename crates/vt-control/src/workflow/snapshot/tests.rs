//! What a snapshot tells of streams that were made by hand.

use vt_base::TabletType;
use vt_proto::binlogdata::{Filter, Rule};

use super::*;
use crate::testing::FakeCluster;

fn source(keyspace: &str, shard: &str, tables: &[&str]) -> BinlogSource {
    let rules = tables.iter().map(|table| Rule {
        r#match: (*table).to_owned(),
        filter: format!("select * from {table}"),
        ..Default::default()
    });
    BinlogSource {
        keyspace: keyspace.to_owned(),
        shard: shard.to_owned(),
        filter: Some(Filter { rules: rules.collect(), ..Default::default() }),
        ..Default::default()
    }
}

async fn cluster() -> FakeCluster {
    let cluster = FakeCluster::start(&["zone1"]).await.unwrap();
    for (alias, keyspace, shard) in [
        ("zone1-100", "commerce", "0"),
        ("zone1-300", "customer", "-80"),
        ("zone1-400", "customer", "80-"),
    ] {
        cluster.add_tablet(alias, keyspace, shard, TabletType::Primary).await.unwrap();
        cluster
            .topo
            .update_shard_fields(keyspace, shard, |record| {
                let alias: TabletAlias = alias.parse().unwrap();
                record.primary_alias = Some((&alias).into());
                Ok(())
            })
            .await
            .unwrap();
    }
    cluster
}

async fn create(cluster: &FakeCluster, alias: &str, typ: Type, sources: Vec<BinlogSource>) {
    let tablet = cluster.control.tablet(&alias.parse().unwrap()).await.unwrap();
    let request = tm::CreateVReplicationWorkflowRequest {
        workflow: "wf".to_owned(),
        binlog_source: sources,
        workflow_type: typ as i32,
        ..Default::default()
    };
    tablet.create_v_replication_workflow(request).await.unwrap();
}

#[tokio::test]
async fn both_ends_tables_and_freezing_are_seen() {
    let cluster = cluster().await;
    for alias in ["zone1-300", "zone1-400"] {
        let from = source("commerce", "0", &["corder", "customer"]);
        create(&cluster, alias, Type::MoveTables, vec![from]).await;
    }
    let snapshot = Snapshot::load(&cluster.control, "customer", "wf", &[]).await.unwrap();
    assert_eq!(snapshot.workflow_type, Type::MoveTables);
    assert_eq!(snapshot.source.keyspace, "commerce");
    assert_eq!(snapshot.source.shards["0"].primary.alias().to_string(), "zone1-0000000100");
    assert_eq!(snapshot.target.shards.keys().collect::<Vec<_>>(), ["-80", "80-"]);
    assert_eq!(snapshot.tables, ["corder", "customer"]);
    assert_eq!(snapshot.streams_of("80-").count(), 1);
    assert!(!snapshot.frozen);

    cluster.mysql("zone1-400", |mysql| {
        mysql.workflows[0].streams[0].message = FROZEN.to_owned();
    });
    let one = Snapshot::load(&cluster.control, "customer", "wf", &["-80".to_owned()]).await;
    assert!(!one.unwrap().frozen);
    assert!(Snapshot::load(&cluster.control, "customer", "wf", &[]).await.unwrap().frozen);
    cluster.stop().await;
}

#[tokio::test]
async fn what_cannot_be_is_an_error() {
    let cluster = cluster().await;
    let load = async |name: &str, shards: &[String]| {
        let loaded = Snapshot::load(&cluster.control, "customer", name, shards).await;
        loaded.err().map(|err| err.message().to_owned()).unwrap_or_default()
    };
    assert!(load("wf", &[]).await.starts_with("no streams found in keyspace customer for wf"));
    assert_eq!(load("", &[]).await, "a workflow must be named");
    assert_eq!(load("wf", &["c0-".to_owned()]).await, "there is no shard c0- in keyspace customer");
    create(&cluster, "zone1-300", Type::MoveTables, vec![source("commerce", "0", &["a"])]).await;
    create(&cluster, "zone1-400", Type::Reshard, vec![source("commerce", "0", &["a"])]).await;
    assert!(load("wf", &[]).await.contains("is of different types on its shards"));
    cluster.mysql("zone1-400", |mysql| mysql.workflows.clear());
    create(&cluster, "zone1-400", Type::MoveTables, vec![source("other", "0", &["a"])]).await;
    assert!(load("wf", &[]).await.contains("has streams from two keyspaces"));
    cluster.stop().await;
}
