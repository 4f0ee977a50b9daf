//! Transactions and reserved connections.

use std::sync::Arc;
use std::time::Duration;

use vt_base::Code;
use vt_tablet_api::{Begin, Caller, ExecuteOptions, ExecuteRequest, Isolation, Reserve};

use crate::harness::{Db, Running, config, elect, primary, request, texts, topology};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_have_connections_of_their_own() {
    let db = Db::start(100).await;
    let (_memory, topo) = topology().await;
    let mut config = config(&db, 100);
    config.queries.transaction_timeout = Duration::from_secs(2);
    // Over our own transport; the other tests go over gRPC.
    config.framed_port = Some(0);
    let mut tablet = Running::start(config, topo).await;
    elect(&mut tablet, false).await;
    tablet.execute("create table t (id bigint primary key, v int)").await.unwrap();

    transactions_commit_and_roll_back(&tablet).await;
    reserved_connections_keep_their_settings(&tablet).await;
    settings_are_pooled(&tablet, &db).await;
    a_transaction_that_takes_too_long_is_rolled_back(&tablet).await;
    a_cancelled_call_ends_its_transaction(&tablet, &db).await;
    transactions_end_with_the_tablet(&mut tablet, &db).await;
}

fn in_transaction(sql: &str, transaction_id: i64) -> ExecuteRequest {
    ExecuteRequest { transaction_id, ..request(sql) }
}

fn beginning(sql: &str) -> ExecuteRequest {
    ExecuteRequest { begin: Some(Begin::default()), ..request(sql) }
}

async fn count(tablet: &Running, id: i64) -> String {
    let sql = format!("select count(*) from t where id = {id}");
    texts(&tablet.execute(&sql).await.unwrap())[0][0].clone()
}

async fn transactions_commit_and_roll_back(tablet: &Running) {
    let (caller, target) = (Caller::default(), primary());
    let reply = tablet.reply(beginning("insert into t values (1, 1)")).await;
    assert_eq!(reply.result.unwrap().rows_affected, 1);
    let id = reply.state.transaction_id;
    assert!(id != 0 && reply.state.reserved_id == 0);
    assert_eq!(reply.state.tablet_alias, Some(tablet.alias.clone()));
    assert_eq!(count(tablet, 1).await, "0");
    tablet.reply(in_transaction("savepoint s", id)).await.result.unwrap();
    tablet.reply(in_transaction("insert into t values (2, 2)", id)).await.result.unwrap();
    tablet.reply(in_transaction("rollback to s", id)).await.result.unwrap();
    // An error of a statement leaves the transaction as it is.
    let reply = tablet.reply(in_transaction("insert into t values (1, 1)", id)).await;
    assert_eq!(reply.result.unwrap_err().errno(), 1062);
    assert_eq!(tablet.service.commit(&caller, &target, id).await.unwrap().reserved_id, 0);
    assert_eq!((count(tablet, 1).await, count(tablet, 2).await), ("1".into(), "0".into()));

    let state = tablet.service.begin(&caller, &target, &ExecuteOptions::default()).await.unwrap();
    let id = state.transaction_id;
    tablet.reply(in_transaction("delete from t", id)).await.result.unwrap();
    assert_eq!(tablet.service.rollback(&caller, &target, id).await.unwrap(), 0);
    assert_eq!(count(tablet, 1).await, "1");
    let error = tablet.service.commit(&caller, &target, id).await.unwrap_err();
    assert_eq!(error.code(), Code::Aborted);
    assert!(error.message().contains(&format!("transaction {id}: ended at ")), "{error}");
    assert!(error.message().ends_with("(transaction rolled back)"), "{error}");
    let error = tablet.reply(in_transaction("select 1", 5)).await.result.unwrap_err();
    assert!(error.message().ends_with("transaction 5: not found"), "{error}");

    // The statement fails, the transaction is open nevertheless.
    let reply = tablet.reply(beginning("insert into t values (1, 1)")).await;
    assert_eq!(reply.result.unwrap_err().errno(), 1062);
    assert!(reply.state.transaction_id != 0);
    tablet.service.rollback(&caller, &target, reply.state.transaction_id).await.unwrap();

    let found = ExecuteOptions { client_found_rows: true, ..ExecuteOptions::default() };
    let update =
        ExecuteRequest { options: Arc::new(found), ..request("update t set v = 1 where id = 1") };
    assert_eq!(tablet.reply(update.clone()).await.result.unwrap().rows_affected, 1);
    let plain = ExecuteRequest { options: Arc::default(), ..update };
    assert_eq!(tablet.reply(plain).await.result.unwrap().rows_affected, 0);

    let serializable =
        ExecuteOptions { isolation: Isolation::Serializable, ..ExecuteOptions::default() };
    let state = tablet.service.begin(&caller, &target, &serializable).await.unwrap();
    let sql = "select trx_isolation_level from information_schema.innodb_trx";
    tablet.reply(in_transaction("select * from t", state.transaction_id)).await.result.unwrap();
    let level = tablet.reply(in_transaction(sql, state.transaction_id)).await.result.unwrap();
    assert_eq!(texts(&level), [["SERIALIZABLE"]]);
    tablet.service.rollback(&caller, &target, state.transaction_id).await.unwrap();
}

async fn reserved_connections_keep_their_settings(tablet: &Running) {
    let (caller, target) = (Caller::default(), primary());
    let reserve = Some(Reserve { pre_queries: vec!["set @@sql_safe_updates = 1".into()] });
    let reply = tablet.reply(ExecuteRequest { reserve, ..request("select 1") }).await;
    reply.result.unwrap();
    let reserved_id = reply.state.reserved_id;
    assert!(reserved_id != 0 && reply.state.transaction_id == 0);
    let on = |sql: &str| ExecuteRequest { reserved_id, ..request(sql) };
    assert_eq!(
        texts(&tablet.reply(on("select @@sql_safe_updates")).await.result.unwrap()),
        [["1"]]
    );
    tablet.reply(on("set @mine = 7")).await.result.unwrap();
    tablet.reply(on("select get_lock('a', 1) from dual")).await.result.unwrap();
    let begin = Some(Begin::default());
    let reply = tablet.reply(ExecuteRequest { begin, ..on("insert into t values (10, 1)") }).await;
    reply.result.unwrap();
    assert_eq!(reply.state.transaction_id, reserved_id);
    let committed = tablet.service.commit(&caller, &target, reserved_id).await.unwrap();
    let reserved_id = committed.reserved_id;
    assert!(reserved_id != 0);
    let on = |sql: &str| ExecuteRequest { reserved_id, ..request(sql) };
    assert_eq!(texts(&tablet.reply(on("select @mine")).await.result.unwrap()), [["7"]]);
    assert_eq!(count(tablet, 10).await, "1");
    tablet.service.release(&caller, &target, 0, reserved_id).await.unwrap();
    assert_eq!(tablet.reply(on("select 1")).await.result.unwrap_err().code(), Code::Aborted);
    assert_eq!(
        texts(&tablet.execute("select @@sql_safe_updates").await.unwrap()),
        [["0"]],
        "a setting of a session reached another"
    );
}

async fn settings_are_pooled(tablet: &Running, db: &Db) {
    let settings: Arc<[String]> = ["set @@sql_mode = 'NO_BACKSLASH_ESCAPES'".to_owned()].into();
    let with = |sql: &str| ExecuteRequest { settings: settings.clone(), ..request(sql) };
    let mode = texts(&tablet.reply(with("select @@sql_mode")).await.result.unwrap());
    assert_eq!(mode, [["NO_BACKSLASH_ESCAPES"]]);
    // A quote is written as this mode reads it.
    let mut binds = vt_value::BindVars::new();
    binds.set("a", vt_value::TypedBytes::varchar("it's \\"));
    let asked = ExecuteRequest { bind_vars: Arc::new(binds), ..with("select :a from dual") };
    assert_eq!(texts(&tablet.reply(asked).await.result.unwrap()), [["it's \\"]]);
    let plain = texts(&tablet.execute("select @@sql_mode").await.unwrap());
    assert!(!plain[0][0].contains("NO_BACKSLASH_ESCAPES"), "{plain:?}");
    let begin = ExecuteRequest { begin: Some(Begin::default()), ..with("select @@sql_mode") };
    let reply = tablet.reply(begin).await;
    assert_eq!(texts(&reply.result.unwrap()), mode);
    assert_eq!(reply.state.reserved_id, 0);
    let (caller, target) = (Caller::default(), primary());
    tablet.service.rollback(&caller, &target, reply.state.transaction_id).await.unwrap();
    let _ = db;
}

async fn a_transaction_that_takes_too_long_is_rolled_back(tablet: &Running) {
    let reply = tablet.reply(beginning("insert into t values (20, 1)")).await;
    let id = reply.state.transaction_id;
    let ended = async {
        loop {
            match tablet.reply(in_transaction("select 1 from dual", id)).await.result {
                Ok(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => return error,
            }
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
    assert!(error.message().contains("exceeded timeout: 2s"), "{error}");
    assert_eq!(error.code(), Code::Aborted);
    assert_eq!(count(tablet, 20).await, "0");
}

/// How often `innodb_trx` may be asked: InnoDB answers from a copy, and takes a new one only after
/// 100 ms in which nobody read it.
const INNODB_TRX_PAUSE: Duration = Duration::from_millis(250);

async fn open_transactions(db: &Db) -> String {
    let sql = "select count(*) from information_schema.innodb_trx";
    texts(&db.query(sql).await.unwrap())[0][0].clone()
}

async fn a_cancelled_call_ends_its_transaction(tablet: &Running, db: &Db) {
    let reply = tablet.reply(beginning("insert into t values (30, 1)")).await;
    let id = reply.state.transaction_id;
    tokio::time::sleep(INNODB_TRX_PAUSE).await;
    assert_eq!(open_transactions(db).await, "1");
    let call = tablet.reply(in_transaction("select sleep(63) from dual", id));
    assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
    let gone = async {
        while open_transactions(db).await != "0" {
            tokio::time::sleep(INNODB_TRX_PAUSE).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("it is still open");
    let error = tablet.reply(in_transaction("select 1", id)).await.result.unwrap_err();
    assert_eq!(error.code(), Code::Aborted);
    assert_eq!(count(tablet, 30).await, "0");
}

async fn transactions_end_with_the_tablet(tablet: &mut Running, db: &Db) {
    let reply = tablet.reply(beginning("insert into t values (40, 1)")).await;
    assert!(reply.state.transaction_id != 0);
    tablet.stop().await.unwrap();
    tokio::time::sleep(INNODB_TRX_PAUSE).await;
    assert_eq!(open_transactions(db).await, "0");
    let rows = db.query("select count(*) from vt_ks.t where id = 40").await.unwrap();
    assert_eq!(texts(&rows), [["0"]]);
}
