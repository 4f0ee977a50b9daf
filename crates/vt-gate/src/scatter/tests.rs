use vt_base::{Code, TabletType};

use super::*;
use crate::session::TransactionMode;
use crate::testing::{FakeCluster, Running};
use crate::tx;

fn calls(shards: &[&str], sql: &str) -> Vec<ShardCall> {
    let call = |shard: &&str| ShardCall {
        keyspace: "ks".into(),
        shard: Arc::from(*shard),
        sql: sql.into(),
        bind_vars: Arc::default(),
    };
    shards.iter().map(call).collect()
}

const READ: CallOptions = CallOptions {
    order: vt_exec::CommitOrder::Normal,
    read_only: true,
    autocommit: Autocommit::Never,
    timeout_ms: 0,
    outside_transaction: false,
    keep_going: false,
};
const WRITE: CallOptions =
    CallOptions { read_only: false, autocommit: Autocommit::IfSingle, ..READ };

/// Runs one statement as the gateway does, and returns the shards' names, or the error.
async fn run(
    running: &Running,
    session: &mut Session,
    shards: &[&str],
    sql: &str,
    how: CallOptions,
) -> Result<Vec<String>> {
    session.transaction.check_usable()?;
    let (results, statement) = {
        let scatter = Scatter::new(&running.tablets, session, None);
        (scatter.execute(calls(shards, sql), how).await, scatter.statement())
    };
    let name = |result: QueryResult| {
        let row = result.rows.get(0).column(0).map(<[u8]>::to_vec);
        String::from_utf8(row.unwrap_or_default()).unwrap()
    };
    let result = results.into_iter().map(|result| result.map(name)).collect();
    statement.end(&running.tablets, session, result).await
}

async fn two_shards() -> Running {
    FakeCluster::default().keyspace("ks", &["-80", "80-"]).start().await
}

#[tokio::test(start_paused = true)]
async fn reads_outside_a_transaction_open_nothing() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    let names = run(&running, &mut session, &["-80", "80-"], "select 1", READ).await.unwrap();
    assert_eq!(names, ["-80", "80-"]);
    assert_eq!(running.tablet(1).take_log(), ["select 1"]);
    assert!(session.transaction.shards.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_write_to_one_shard_commits_by_itself() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    run(&running, &mut session, &["80-"], "update t", WRITE).await.unwrap();
    assert_eq!(running.tablet(2).take_log(), ["update t"]);
}

#[tokio::test(start_paused = true)]
async fn a_write_to_several_shards_commits_at_its_end() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    run(&running, &mut session, &["-80", "80-"], "update t", WRITE).await.unwrap();
    for uid in [1, 2] {
        assert_eq!(running.tablet(uid).take_log(), ["begin; update t", "commit 2"]);
        assert_eq!(running.tablet(uid).open_count(), 0);
    }
    assert!(!session.is_in_transaction() && session.transaction.shards.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_on_one_shard_is_undone_on_the_other() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    running.tablet(2).fail_next(Error::mysql(1062, b"23000", "Duplicate entry"));
    let error = run(&running, &mut session, &["-80", "80-"], "update t", WRITE).await.unwrap_err();
    assert_eq!((error.errno(), error.message()), (1062, "target: ks.80-.primary: Duplicate entry"));
    assert_eq!(running.tablet(1).take_log(), ["begin; update t", "rollback 2"]);
    assert_eq!(running.tablet(2).take_log(), ["begin; update t", "rollback 2"]);
}

#[tokio::test(start_paused = true)]
async fn shards_join_the_transaction_when_they_are_used() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    tx::begin(&running.tablets, &mut session, tx::BeginOptions::default()).await.unwrap();
    run(&running, &mut session, &["-80"], "update a", WRITE).await.unwrap();
    tx::savepoint::set(&running.tablets, &mut session, "s").await.unwrap();
    run(&running, &mut session, &["-80"], "update b", WRITE).await.unwrap();
    run(&running, &mut session, &["80-"], "update c", WRITE).await.unwrap();
    tx::savepoint::rollback_to(&running.tablets, &mut session, "S").await.unwrap();
    tx::commit(&running.tablets, &mut session).await.unwrap();
    assert_eq!(
        running.tablet(1).take_log(),
        [
            "begin; update a",
            "[2]; savepoint `s`",
            "[2]; update b",
            "[2]; rollback to `S`",
            "commit 2"
        ]
    );
    assert_eq!(
        running.tablet(2).take_log(),
        ["begin; savepoint `s`; update c", "[2]; rollback to `S`", "commit 2"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_partial_failure_in_a_transaction_undoes_the_statement_alone() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    tx::begin(&running.tablets, &mut session, tx::BeginOptions::default()).await.unwrap();
    run(&running, &mut session, &["-80"], "update a", WRITE).await.unwrap();
    running.tablet(2).fail_next(Error::mysql(1062, b"23000", "Duplicate entry"));
    run(&running, &mut session, &["-80", "80-"], "update b", WRITE).await.unwrap_err();
    assert_eq!(
        running.tablet(1).take_log(),
        [
            "begin; update a",
            "[2]; savepoint `_vt_statement`",
            "[2]; update b",
            "[2]; rollback to `_vt_statement`"
        ]
    );
    assert_eq!(
        running.tablet(2).take_log(),
        ["begin; savepoint `_vt_statement`; update b", "[2]; rollback to `_vt_statement`"]
    );
    assert!(session.is_in_transaction() && !session.transaction.must_roll_back);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_fails_half_way_names_what_is_done() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    tx::begin(&running.tablets, &mut session, tx::BeginOptions::default()).await.unwrap();
    run(&running, &mut session, &["-80"], "update a", WRITE).await.unwrap();
    run(&running, &mut session, &["80-"], "update b", WRITE).await.unwrap();
    *running.tablet(2).commit_failure.lock() = Some(Error::new(Code::Unavailable, "gone"));
    let error = tx::commit(&running.tablets, &mut session).await.unwrap_err();
    let told = "multi-db commit failed after committing to 1 shards: -80";
    assert_eq!(error.message(), format!("{told}: target: ks.80-.primary: gone"));
    assert_eq!(session.warnings.kept()[0].code, 301);
    assert!(!session.is_in_transaction());
    assert_eq!(running.tablet(2).take_log().last().unwrap(), "rollback 2");
}

#[tokio::test(start_paused = true)]
async fn a_lost_transaction_takes_nothing_but_rollback() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    tx::begin(&running.tablets, &mut session, tx::BeginOptions::default()).await.unwrap();
    run(&running, &mut session, &["-80"], "update a", WRITE).await.unwrap();
    run(&running, &mut session, &["80-"], "update a", WRITE).await.unwrap();
    running.tablet(1).fail_next(Error::mysql(1213, b"40001", "Deadlock found"));
    let error = run(&running, &mut session, &["-80"], "update b", WRITE).await.unwrap_err();
    assert_eq!(error.errno(), 1213);
    assert!(error.message().contains("VT15001: transaction error: Deadlock found"), "{error}");
    let error = run(&running, &mut session, &["80-"], "update c", WRITE).await.unwrap_err();
    assert!(error.message().starts_with("VT09032"), "{error}");
    assert!(tx::commit(&running.tablets, &mut session).await.is_err());
    tx::rollback(&running.tablets, &mut session).await;
    run(&running, &mut session, &["80-"], "update d", WRITE).await.unwrap();
    assert_eq!(running.tablet(2).open_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn single_mode_refuses_a_second_shard() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    session.transaction_mode = TransactionMode::Single;
    let error = run(&running, &mut session, &["-80", "80-"], "update t", WRITE).await.unwrap_err();
    assert!(error.message().contains("multi-db transaction attempted"), "{error}");
    tx::begin(&running.tablets, &mut session, tx::BeginOptions::default()).await.unwrap();
    run(&running, &mut session, &["-80"], "update a", WRITE).await.unwrap();
    run(&running, &mut session, &["80-"], "select 1", READ).await.unwrap();
    assert!(run(&running, &mut session, &["80-"], "update b", WRITE).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_call_follows_the_primary_when_the_old_one_refuses() {
    let running = FakeCluster::default()
        .keyspace("ks", &["-"])
        .tablet("ks", "-", TabletType::Replica)
        .start()
        .await;
    let mut session = running.session("ks");
    // The old primary steps down before it says so; the new one comes up a moment later.
    running.tablet(1).target.lock().tablet_type = TabletType::Replica;
    let promoted = running.tablet(2).clone();
    running.tasks.spawn("promotion", async move {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        promoted.become_type(TabletType::Primary, 9).await;
    });
    run(&running, &mut session, &["-"], "update t", WRITE).await.unwrap();
    assert!(running.tablet(1).take_log().is_empty());
    assert_eq!(running.tablet(2).take_log(), ["update t"]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_primary_is_waited_for_and_then_named() {
    let running = FakeCluster::default().keyspace("ks", &["-"]).start().await;
    let mut session = running.session("ks");
    running.tablet(1).become_type(TabletType::Replica, 0).await;
    let error = run(&running, &mut session, &["-"], "select 1", READ).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(
        error.message(),
        "target: ks.-.primary: no healthy tablet available for \
         'keyspace:\"ks\" shard:\"-\" tablet_type:PRIMARY'"
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_connection_broke_is_not_repeated() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    let broke = || Error::new(Code::Unavailable, "connection reset");
    running.tablet(1).fail_next(broke());
    run(&running, &mut session, &["-80"], "select 1", READ).await.unwrap();
    running.tablet(1).fail_next(broke());
    assert!(run(&running, &mut session, &["-80"], "update t", WRITE).await.is_err());
    assert_eq!(running.tablet(1).take_log(), ["select 1", "select 1", "update t"]);
}

#[tokio::test(start_paused = true)]
async fn settings_and_reserved_connections_go_with_the_call() {
    let running = two_shards().await;
    let mut session = running.session("ks");
    session.settings.set("sql_mode", "''");
    run(&running, &mut session, &["-80"], "select 1", READ).await.unwrap();
    assert_eq!(&*running.tablet(1).requests.lock()[0].settings, ["set sql_mode = ''"]);
    session.transaction.is_reserving = true;
    run(&running, &mut session, &["-80"], "select 2", READ).await.unwrap();
    run(&running, &mut session, &["-80"], "select 3", READ).await.unwrap();
    assert_eq!(running.tablet(1).take_log(), ["select 1", "reserve; select 2", "select 3"]);
    assert_eq!(running.tablet(1).requests.lock()[2].reserved_id, 2);
    tx::release(&running.tablets, &mut session).await;
    assert_eq!(running.tablet(1).open_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_bound_to_a_tablet_asks_no_other() {
    let running = two_shards().await;
    let mut session = running.session("ks@primary|z1-9");
    let error = run(&running, &mut session, &["-80"], "select 1", READ).await.unwrap_err();
    assert!(error.message().contains("VT14003"), "{error}");
}
