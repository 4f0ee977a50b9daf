//! Statements outside of transactions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use vt_base::{Code, TabletType, Target};
use vt_tablet_api::{Caller, ExecuteOptions, ExecuteRequest, SchemaTables, Workload};
use vt_value::{BindVars, BoundValue, TypedBytes};

use crate::harness::{Db, Running, config, elect, primary, request, texts, topology};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tablet_serves_statements() {
    let db = Db::start(100).await;
    let (_memory, topo) = topology().await;
    let mut config = config(&db, 100);
    config.queries.rows_max = 50;
    config.queries.query_timeout = Duration::from_secs(2);
    let mut tablet = Running::start(config, topo.clone()).await;
    let replica = Target::new("ks", "0", TabletType::Replica);
    tablet.wait_health("a first health", |health| health.target.keyspace == replica.keyspace).await;
    let error = tablet.execute("select 1").await.unwrap_err();
    assert!(error.message().contains("operation not allowed in state"), "{error}");
    elect(&mut tablet, false).await;

    values_come_back_as_they_were(&tablet).await;
    an_insert_id_that_a_query_sets_is_told(&tablet).await;
    errors_have_the_texts_that_gateways_know(&tablet).await;
    rows_are_capped(&tablet).await;
    streams_come_in_pieces(&tablet).await;
    sequences_give_each_value_once(&tablet).await;
    slow_statements_are_killed(&tablet, &db).await;
    targets_and_state_are_checked(&tablet).await;
    the_schema_is_told(&tablet, &db).await;
    assert!(topo.get_shard("ks", "0").await.unwrap().primary_alias() == Some(tablet.alias.clone()));
    pages_are_served(&tablet).await;
    tablet.stop().await.unwrap();
    let record = topo.get_tablet(&tablet.alias).await.unwrap().message;
    assert!(record.tablet_shutdown_time.is_some());
}

async fn values_come_back_as_they_were(tablet: &Running) {
    tablet
        .execute("create table v (id bigint primary key, t varchar(100), b varbinary(100), d date)")
        .await
        .unwrap();
    let mut binds = BindVars::new();
    binds.set("id", TypedBytes::int64(7));
    binds.set("t", TypedBytes::varchar("it's \\ \"é\"\0\n"));
    binds.set("b", TypedBytes::new(vt_value::Type::VARBINARY, vec![0u8, 255, b'\'', 10]));
    binds.set("d", TypedBytes::NULL);
    let insert = ExecuteRequest {
        bind_vars: Arc::new(binds.clone()),
        ..request("insert into v(id, t, b, d) values (:id, :t, :b, :d)")
    };
    let result = tablet.reply(insert).await.result.unwrap();
    assert_eq!(result.rows_affected, 1);
    binds.set("list", BoundValue::Tuple(vec![TypedBytes::int64(7), TypedBytes::int64(8)]));
    let select = ExecuteRequest {
        bind_vars: Arc::new(binds),
        ..request("select id, t, hex(b), d from v where id in ::list and t = :t")
    };
    let result = tablet.reply(select).await.result.unwrap();
    assert_eq!(texts(&result), [["7", "it's \\ \"é\"\0\n", "00FF270A", "NULL"]]);
    assert_eq!(&*result.fields[1].org_table, "v");
}

async fn an_insert_id_that_a_query_sets_is_told(tablet: &Running) {
    let options = ExecuteOptions { fetch_last_insert_id: true, ..ExecuteOptions::default() };
    let told = async |sql: &str| {
        let asked = ExecuteRequest { options: Arc::new(options.clone()), ..request(sql) };
        let result = tablet.reply(asked).await.result.unwrap();
        (result.insert_id_changed, result.insert_id)
    };
    assert_eq!(told("select last_insert_id(41)").await, (true, 41));
    assert_eq!(told("select 'last_insert_id'").await, (false, 0));
    assert_eq!(told("select 41").await, (false, 0));
}

async fn errors_have_the_texts_that_gateways_know(tablet: &Running) {
    let caller = Arc::new(Caller { username: "userx".into(), ..Caller::default() });
    let again = ExecuteRequest { caller, ..request("insert into v(id) values (7)") };
    let error = tablet.reply(again).await.result.unwrap_err();
    assert_eq!((error.errno(), error.code()), (1062, Code::AlreadyExists));
    assert_eq!(
        error.message(),
        "vttablet: rpc error: code = AlreadyExists desc = Duplicate entry '7' for key 'v.PRIMARY' \
         (errno 1062) (sqlstate 23000) (CallerID: userx): Sql: \"insert into v(id) values (7)\", \
         BindVars: {}"
    );
    let error = tablet.execute("select * from nothing").await.unwrap_err();
    assert_eq!((error.errno(), error.code()), (1146, Code::NotFound));
    let error = tablet.execute("selekt 1").await.unwrap_err();
    assert_eq!((error.errno(), error.sql_state()), (1064, *b"42000"));
    let error = tablet.execute("select :missing").await.unwrap_err();
    assert!(error.message().ends_with("missing bind var missing"), "{error}");
    for refused in ["set @@sql_mode = ''", "select get_lock('x', 1)", "lock tables v read"] {
        let error = tablet.execute(refused).await.unwrap_err();
        assert_eq!(error.code(), Code::FailedPrecondition, "{refused}: {error}");
    }
    assert_eq!(tablet.execute("begin").await.unwrap_err().code(), Code::InvalidArgument);
}

const NUMBERS: &str = "with recursive n as (select 1 as i union all select i + 1 from n where i < 100) \
     select i, repeat('x', 1000) from n";

async fn rows_are_capped(tablet: &Running) {
    let error = tablet.execute(NUMBERS).await.unwrap_err();
    assert!(error.message().contains("Row count exceeded 50"), "{error}");
    assert_eq!(error.code(), Code::Aborted);
    assert_eq!(tablet.execute(&format!("{NUMBERS} limit 50")).await.unwrap().rows.len(), 50);
    let with = |options| ExecuteRequest { options: Arc::new(options), ..request(NUMBERS) };
    let olap = ExecuteOptions { workload: Workload::Olap, ..ExecuteOptions::default() };
    assert_eq!(tablet.reply(with(olap)).await.result.unwrap().rows.len(), 100);
    let selected = ExecuteOptions { sql_select_limit: 3, ..ExecuteOptions::default() };
    assert_eq!(tablet.reply(with(selected)).await.result.unwrap().rows.len(), 3);
}

async fn streams_come_in_pieces(tablet: &Running) {
    let (sender, mut parts) = mpsc::channel(1000);
    let reply = tablet.service.stream_execute(request(NUMBERS), sender).await;
    assert!(reply.result.unwrap().rows.is_empty());
    let first = parts.recv().await.unwrap();
    assert_eq!(first.fields.unwrap().len(), 2);
    let (mut rows, mut pieces) = (0, 0);
    while let Some(part) = parts.recv().await {
        rows += part.rows.len();
        pieces += 1;
    }
    assert_eq!(rows, 100);
    assert!(pieces > 1, "{pieces} pieces");
}

async fn sequences_give_each_value_once(tablet: &Running) {
    tablet
        .execute(
            "create table seq (id bigint primary key, next_id bigint, cache bigint) \
             comment 'vitess_sequence'",
        )
        .await
        .unwrap();
    tablet.execute("insert into seq values (0, 1000, 10)").await.unwrap();
    let next = |count: i64| {
        let mut binds = BindVars::new();
        binds.set("n", TypedBytes::int64(count));
        let request = ExecuteRequest {
            bind_vars: Arc::new(binds),
            ..request("select next :n values from seq")
        };
        async {
            let result = tablet.reply(request).await.result.unwrap();
            assert_eq!(&*result.fields[0].name, "nextval");
            texts(&result)[0][0].parse::<i64>().unwrap()
        }
    };
    assert_eq!(next(1).await, 1000);
    assert_eq!(next(4).await, 1001);
    assert_eq!(next(7).await, 1005);
    let all = futures::future::join_all((0..40).map(|_| next(3))).await;
    let mut values: Vec<i64> = all.into_iter().flat_map(|first| first..first + 3).collect();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), 120);
    assert_eq!(values[0], 1012);
    let error = tablet.execute("select next 0 values from seq").await.unwrap_err();
    assert!(error.message().contains("invalid increment for sequence seq: 0"), "{error}");
}

async fn sleeping(db: &Db) -> u64 {
    let sql = "select count(*) from information_schema.processlist where info like '%sleep(%' \
               and info not like '%processlist%'";
    texts(&db.query(sql).await.unwrap())[0][0].parse().unwrap()
}

async fn wait_nothing_sleeps(db: &Db) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while sleeping(db).await > 0 {
        assert!(Instant::now() < deadline, "a statement was not killed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn slow_statements_are_killed(tablet: &Running, db: &Db) {
    let error = tablet.execute("select sleep(60) from dual").await.unwrap_err();
    assert_eq!((error.code(), error.errno()), (Code::DeadlineExceeded, 3024), "{error}");
    wait_nothing_sleeps(db).await;
    let options = Arc::new(ExecuteOptions { timeout_ms: 100, ..ExecuteOptions::default() });
    let quick = ExecuteRequest { options, ..request("select sleep(61) from dual") };
    assert_eq!(tablet.reply(quick).await.result.unwrap_err().code(), Code::DeadlineExceeded);
    wait_nothing_sleeps(db).await;

    // A caller that goes away takes its statement along.
    let sleeps = tablet.reply(request("select sleep(62) from dual"));
    tokio::select! {
        biased;
        _ = sleeps => panic!("it did not sleep"),
        () = async { while sleeping(db).await == 0 {} } => {}
    }
    wait_nothing_sleeps(db).await;

    // A stream whose receiver goes away ends too.
    let (sender, parts) = mpsc::channel(1);
    drop(parts);
    let sql = "select sleep(0.05) from information_schema.columns";
    let reply = tablet.service.stream_execute(request(sql), sender).await;
    assert_eq!(reply.result.unwrap_err().code(), Code::Canceled);
    wait_nothing_sleeps(db).await;
    assert_eq!(texts(&tablet.execute("select 1").await.unwrap()), [["1"]]);
}

async fn targets_and_state_are_checked(tablet: &Running) {
    let to = |target: Target| ExecuteRequest { target, ..request("select 1") };
    let replica = Target::new("ks", "0", TabletType::Replica);
    let error = tablet.reply(to(replica)).await.result.unwrap_err();
    assert!(error.message().ends_with("wrong tablet type: REPLICA, want: PRIMARY"), "{error}");
    let shard = Target::new("ks", "-80", TabletType::Primary);
    let error = tablet.reply(to(shard)).await.result.unwrap_err();
    assert!(error.message().ends_with("invalid shard -80 does not match expected 0"), "{error}");
}

async fn the_schema_is_told(tablet: &Running, db: &Db) {
    let mut health = tablet.service.stream_health().await.unwrap();
    tablet.execute("create table told (id bigint primary key)").await.unwrap();
    let told = async {
        loop {
            let state = health.recv().await.expect("the stream goes on");
            if state.stats.table_schema_changed.iter().any(|table| table == "told") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.expect("the change was not told");
    let names = ["told".to_owned()];
    let schema = tablet.service.get_schema(&primary(), SchemaTables::Tables, &names).await.unwrap();
    assert_eq!(schema.definitions.len(), 1);
    assert!(schema.definitions[0].1.starts_with("CREATE TABLE `told` ("), "{schema:?}");
    let sidecar = "select count(*) from information_schema.tables where table_schema = '_vt'";
    assert_eq!(texts(&db.query(sidecar).await.unwrap()), [["20"]]);
}

async fn pages_are_served(tablet: &Running) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for (path, holds) in [
        ("/debug/status", "SERVING"),
        ("/debug/status_details", "Current State"),
        ("/debug/vars", "\"TabletStateName\": \"SERVING\""),
        ("/metrics", "vttablet_queries_bucket"),
        ("/healthz", "ok"),
        ("/queryz", "insert into v"),
        ("/livequeryz", "[]"),
        ("/livequeryz/terminate?connID=1", "not found"),
        ("/debug/schema", "\"told\""),
        ("/debug/tablet_plans", "Nextval"),
        ("/debug/query_stats", "QueryCount"),
        ("/debug/consolidations", "Length: "),
    ] {
        let address = ("127.0.0.1", tablet.ports.http);
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut page = String::new();
        socket.read_to_string(&mut page).await.unwrap();
        assert!(page.contains(holds), "{path} lacks {holds}:\n{page}");
    }
}
