//! Two tablets of a shard: elections, hand-over, crashes of a mysqld.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use vt_base::{Code, TabletType, Target};
use vt_proto::tabletmanagerdata::*;
use vt_proto::{replicationdata, topodata};
use vt_tablet_api::ExecuteRequest;
use vt_topo::TopoServer;

use crate::harness::{Db, Running, config, request, texts, topology};

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_nanos()).unwrap()
}

async fn follow(tablet: &mut Running, parent: &Running, time_created_ns: i64) {
    let request = SetReplicationSourceRequest {
        parent: Some(topodata::TabletAlias::from(&parent.alias)),
        time_created_ns,
        force_start_replication: true,
        semi_sync: true,
        ..SetReplicationSourceRequest::default()
    };
    tablet.manager.set_replication_source(request).await.unwrap();
}

fn journal(primary: &Running, time_created_ns: i64) -> PopulateReparentJournalRequest {
    PopulateReparentJournalRequest {
        time_created_ns,
        action_name: "test".into(),
        primary_alias: Some(topodata::TabletAlias::from(&primary.alias)),
        replication_position: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tablets_replicate_change_places_and_survive_crashes() {
    let (mut db_a, mut db_b) = tokio::join!(Db::start(100), Db::start(101));
    let (_memory, topo) = topology().await;
    topo.create_keyspace(
        "ks",
        &topodata::Keyspace { durability_policy: "semi_sync".into(), ..Default::default() },
    )
    .await
    .unwrap();
    let mut a = Running::start(config(&db_a, 100), topo.clone()).await;
    let mut b = Running::start(config(&db_b, 101), topo.clone()).await;
    a.wait_health("mysqld", |health| !health.stats.health_error.contains("mysqld")).await;
    b.wait_health("mysqld", |health| !health.stats.health_error.contains("mysqld")).await;

    // The first election, with commits that wait for the other.
    let position = {
        let request = InitPrimaryRequest { semi_sync: true };
        a.manager.init_primary(request).await.unwrap().into_inner().position
    };
    assert!(position.starts_with("MySQL56/"), "{position}");
    let at = now_ns();
    let mut writer = a.manager.clone();
    let request_journal = journal(&a, at);
    let (written, ()) =
        tokio::join!(writer.populate_reparent_journal(request_journal), follow(&mut b, &a, at));
    written.unwrap();
    a.wait_serving(TabletType::Primary).await;
    let health = b.wait_serving(TabletType::Replica).await;
    assert_eq!(health.stats.health_error, "");
    a.execute("create table t (id bigint primary key)").await.unwrap();
    a.execute("insert into t values (1)").await.unwrap();
    check_statuses(&mut a, &mut b).await;
    replicas_read_and_refuse_writes(&b).await;
    schema_is_read_and_changed(&mut a).await;

    // Planned hand-over: a is closed, b catches up and takes over, a follows.
    let demoted = a.manager.demote_primary(DemotePrimaryRequest { force: false }).await.unwrap();
    let position = demoted.into_inner().primary_status.unwrap().position;
    let error = a.execute("insert into t values (2)").await.unwrap_err();
    assert_eq!(error.code(), Code::ClusterEvent, "{error}");
    a.manager.undo_demote_primary(UndoDemotePrimaryRequest { semi_sync: true }).await.unwrap();
    a.execute("insert into t values (2)").await.unwrap();
    a.manager.demote_primary(DemotePrimaryRequest { force: false }).await.unwrap();
    b.manager.wait_for_position(WaitForPositionRequest { position }).await.unwrap();
    b.manager.promote_replica(PromoteReplicaRequest { semi_sync: true }).await.unwrap();
    let at = now_ns();
    let mut writer = b.manager.clone();
    let request_journal = journal(&b, at);
    let (written, ()) =
        tokio::join!(writer.populate_reparent_journal(request_journal), follow(&mut a, &b, at));
    written.unwrap();
    b.wait_serving(TabletType::Primary).await;
    a.wait_serving(TabletType::Replica).await;
    b.execute("insert into t values (3)").await.unwrap();
    let info = ReadReparentJournalInfoRequest {};
    assert_eq!(b.manager.read_reparent_journal_info(info).await.unwrap().into_inner().length, 2);
    let shard = async {
        while topo.get_shard("ks", "0").await.unwrap().primary_alias() != Some(b.alias.clone()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), shard).await.expect("the shard names b");

    crashes_heal(&mut a, &mut b, &mut db_a, &mut db_b).await;

    // A tablet that starts again is what it was.
    b.stop().await.unwrap();
    let mut b = Running::start(config(&db_b, 101), topo.clone()).await;
    b.wait_serving(TabletType::Primary).await;
    b.execute("insert into t values (6)").await.unwrap();
    a_primary_of_an_earlier_term_gives_way(&mut a, &b, &topo).await;
    b.stop().await.unwrap();
    let mut b = a_replica_follows_once_the_primary_is_found(&a, &db_b, &topo).await;
    b.stop().await.unwrap();
    a.stop().await.unwrap();
}

/// Both start together, and the primary's record does not say yet where its server listens.
async fn a_replica_follows_once_the_primary_is_found(
    a: &Running,
    db_b: &Db,
    topo: &Arc<TopoServer>,
) -> Running {
    let port = topo.get_tablet(&a.alias).await.unwrap().message.mysql_port;
    let tell = async |port| {
        let change = |record: &mut topodata::Tablet| {
            record.mysql_port = port;
            Ok(())
        };
        topo.update_tablet_fields(&a.alias, change).await.unwrap();
    };
    db_b.query("stop replica").await.unwrap();
    tell(0).await;
    let b = Running::start(config(db_b, 101), topo.clone()).await;
    b.wait_health("lost", |health| health.stats.health_error.contains("replication")).await;
    tell(port).await;
    b.wait_serving(TabletType::Replica).await;
    b
}

async fn check_statuses(a: &mut Running, b: &mut Running) {
    let full = a.manager.full_status(FullStatusRequest {}).await.unwrap().into_inner();
    let full = full.status.unwrap();
    assert!(full.semi_sync_primary_enabled && full.semi_sync_primary_clients == 1, "{full:?}");
    assert!(!full.read_only && full.replication_status.is_none());
    assert_eq!(full.tablet_type, TabletType::Primary as i32);
    let full = b.manager.full_status(FullStatusRequest {}).await.unwrap().into_inner();
    let full = full.status.unwrap();
    assert!(full.super_read_only && full.semi_sync_replica_status, "{full:?}");
    let status = full.replication_status.unwrap();
    assert_eq!((status.io_state, status.sql_state), (3, 3));
    assert!(status.auto_position && status.last_io_error.is_empty());
    let replicas = a.manager.get_replicas(GetReplicasRequest {}).await.unwrap().into_inner();
    assert_eq!(replicas.addrs.len(), 1);

    let mode = replicationdata::StopReplicationMode::Iothreadonly as i32;
    let stop = StopReplicationAndGetStatusRequest { stop_replication_mode: mode };
    let status = b.manager.stop_replication_and_get_status(stop).await.unwrap().into_inner();
    let status = status.status.unwrap();
    assert_eq!(status.before.unwrap().io_state, 3);
    let after = status.after.unwrap();
    assert_eq!((after.io_state, after.sql_state), (1, 3));
    b.manager.start_replication(StartReplicationRequest { semi_sync: true }).await.unwrap();
    let error = a
        .manager
        .stop_replication_and_get_status(StopReplicationAndGetStatusRequest::default())
        .await
        .unwrap_err();
    assert_eq!(error.message(), "no replication status");
}

async fn replicas_read_and_refuse_writes(b: &Running) {
    let target = Target::new("ks", "0", TabletType::Replica);
    let on_replica = |sql: &str| ExecuteRequest { target: target.clone(), ..request(sql) };
    let arrived = async {
        loop {
            let reply = b.reply(on_replica("select id from t")).await;
            if reply.result.is_ok_and(|result| texts(&result) == [["1"]]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("the row arrives");
    let error = b.reply(on_replica("insert into t values (9)")).await.result.unwrap_err();
    assert!(
        error.message().contains("INSERT statement with REPLICA tablet not allowed"),
        "{error}"
    );
}

async fn schema_is_read_and_changed(a: &mut Running) {
    let read = GetSchemaRequest { tables: vec!["/^t$/".into()], ..GetSchemaRequest::default() };
    let schema = a.manager.get_schema(read).await.unwrap().into_inner();
    let schema = schema.schema_definition.unwrap();
    assert!(schema.database_schema.starts_with("CREATE DATABASE"), "{schema:?}");
    let table = &schema.table_definitions[0];
    assert_eq!(
        (table.columns.as_slice(), table.r#type.as_str()),
        (&["id".to_owned()][..], "BASE TABLE")
    );
    assert_eq!(table.primary_key_columns, ["id"]);
    let preflight =
        PreflightSchemaRequest { changes: vec!["alter table t add column v int".into()] };
    let result = a.manager.preflight_schema(preflight).await.unwrap().into_inner();
    let change = &result.change_results[0];
    let (before, after) =
        (change.before_schema.clone().unwrap(), change.after_schema.clone().unwrap());
    let columns = |schema: &SchemaDefinition| {
        let table = schema.table_definitions.iter().find(|table| table.name == "t");
        table.unwrap().columns.clone()
    };
    assert_eq!((columns(&before).len(), columns(&after).len()), (1, 2));
    let mut apply = ApplySchemaRequest {
        sql: "alter table t add column v int".into(),
        allow_replication: true,
        before_schema: Some(after.clone()),
        ..ApplySchemaRequest::default()
    };
    let error = a.manager.apply_schema(apply.clone()).await.unwrap_err();
    assert_eq!(error.message(), "schema is not what the change was made for");
    apply.before_schema = Some(before);
    apply.after_schema = Some(after);
    let applied = a.manager.apply_schema(apply).await.unwrap().into_inner();
    assert_eq!(columns(&applied.after_schema.unwrap()), ["id", "v"]);
    a.execute("alter table t drop column v").await.unwrap();

    let fetch = ExecuteFetchAsDbaRequest {
        query: "select schema()".into(),
        max_rows: 1,
        ..ExecuteFetchAsDbaRequest::default()
    };
    let result = a.manager.execute_fetch_as_dba(fetch).await.unwrap().into_inner().result.unwrap();
    assert_eq!(&result.rows[0].values[..], b"vt_ks");
    let permissions = a.manager.get_permissions(GetPermissionsRequest {}).await.unwrap();
    let permissions = permissions.into_inner().permissions.unwrap();
    assert!(permissions.user_permissions.iter().any(|one| one.user == "vt_app"));
    let vars = GetGlobalStatusVarsRequest { variables: vec!["Uptime".into()] };
    let vars = a.manager.get_global_status_vars(vars).await.unwrap().into_inner();
    assert_eq!(vars.status_values.len(), 1);
    let hook = ExecuteHookRequest { name: "nothing".into(), ..ExecuteHookRequest::default() };
    let hook = a.manager.execute_hook(hook).await.unwrap().into_inner();
    assert!(hook.exit_status == -1 && hook.stderr.contains("missing hook nothing"));
    let diff = VDiffRequest { action: "dance".into(), ..VDiffRequest::default() };
    let error = a.manager.v_diff(diff).await.unwrap_err();
    assert_eq!(error.message(), "action dance not supported");
    let error = a.manager.read_transaction(ReadTransactionRequest::default()).await.unwrap_err();
    assert_eq!(error.message(), "ReadTransaction is not implemented by this tablet");
    a.manager.lock_tables(LockTablesRequest {}).await.unwrap();
    a.manager.unlock_tables(UnlockTablesRequest {}).await.unwrap();
    let tags = [("zone".to_owned(), "x".to_owned())].into();
    let tags = a.manager.change_tags(ChangeTagsRequest { tags, replace: false }).await.unwrap();
    assert_eq!(tags.into_inner().tags.len(), 1);
}

/// A mysqld that dies and comes back gets its role again: a replica its source, a primary its
/// open door.
async fn crashes_heal(a: &mut Running, b: &mut Running, db_a: &mut Db, db_b: &mut Db) {
    db_a.kill().await;
    let health = a.wait_health("away", |health| !health.serving).await;
    assert!(health.stats.health_error.contains("mysqld does not answer"), "{health:?}");
    db_a.run().await;
    a.wait_serving(TabletType::Replica).await;
    b.execute("insert into t values (4)").await.unwrap();
    db_b.kill().await;
    b.wait_health("away", |health| !health.serving).await;
    db_b.run().await;
    b.wait_serving(TabletType::Primary).await;
    b.execute("insert into t values (5)").await.unwrap();
    let full = b.manager.full_status(FullStatusRequest {}).await.unwrap().into_inner();
    assert!(full.status.unwrap().semi_sync_primary_enabled);
    let rows = texts(&b.execute("select count(*) from t").await.unwrap());
    assert_eq!(rows, [["5"]]);
}

/// Without a word to the old primary, another is promoted: the old one finds out and follows.
/// Also where the clock of that primary is an hour ahead of its successor's.
async fn a_primary_of_an_earlier_term_gives_way(a: &mut Running, b: &Running, topo: &TopoServer) {
    let ahead = SystemTime::now() + Duration::from_secs(3600);
    let time = vt_topo::records::shard::to_proto_time(ahead);
    let set = topo.update_shard_fields("ks", "0", |record| {
        record.primary_term_start_time = Some(time);
        Ok(())
    });
    set.await.unwrap();
    let taken = async {
        while topo.get_tablet(&b.alias).await.unwrap().primary_term_start() != Some(ahead) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), taken).await.expect("b takes the term");

    a.manager.promote_replica(PromoteReplicaRequest { semi_sync: false }).await.unwrap();
    a.wait_serving(TabletType::Primary).await;
    b.wait_serving(TabletType::Replica).await;
    a.execute("insert into t values (7)").await.unwrap();
    let record = topo.get_shard("ks", "0").await.unwrap();
    assert_eq!(record.primary_alias(), Some(a.alias.clone()));
    assert!(record.primary_term_start().unwrap() >= ahead + Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tablet_without_topology_says_so() {
    let (memory, topo) = topology().await;
    memory.set_down(true);
    let address = vt_mysql::Address::unix("/nonexistent/mysql.sock");
    let alias = vt_base::TabletAlias::new("zone1", 1);
    let mut config = vt_tablet::Config::new(alias, "ks", "0", address);
    config.init_timeout = Duration::from_millis(800);
    let mut tablet = Running::start(config, topo).await;
    let error = tablet.wait_end().await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
}
