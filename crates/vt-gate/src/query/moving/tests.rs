//! What a client sees while tables, or shards, are switched under it.

use std::collections::HashMap;
use std::time::Duration;

use vt_base::{Code, Error, Retry};
use vt_proto::vschema;
use vt_value::QueryResult;
use vt_vschema::ShardMap;

use super::*;
use crate::query::{Collected, run_query};
use crate::serving::ServingKeyspace;
use crate::testing::{FakeCluster, Running, gate_of};

/// Keyspaces `a` and `b` of one shard each, with a table `t` that is served from `a`.
async fn moving_table() -> (Running, Arc<Gate>) {
    let running = FakeCluster::default().keyspace("a", &["-"]).keyspace("b", &["-"]).start().await;
    let gate = gate_of(&running).await;
    gate.vschemas.set_record(Arc::new(served_from("a")));
    (running, gate)
}

fn served_from(keyspace: &str) -> vschema::SrvVSchema {
    let table = ("t".to_owned(), vschema::Table::default());
    let whole = vschema::Keyspace { tables: [table].into(), ..vschema::Keyspace::default() };
    let rule = |from: &str| vschema::RoutingRule {
        from_table: from.into(),
        to_tables: vec![format!("{keyspace}.t")],
    };
    vschema::SrvVSchema {
        keyspaces: [("a".to_owned(), whole.clone()), ("b".to_owned(), whole)].into(),
        routing_rules: Some(vschema::RoutingRules { rules: vec![rule("t"), rule("a.t")] }),
        ..vschema::SrvVSchema::default()
    }
}

fn denied() -> Error {
    let text = "disallowed due to rule: enforce denied tables";
    Error::new(Code::FailedPrecondition, text).with_retry(Retry::Elsewhere)
}

async fn run(gate: &Gate, session: &mut Session, sql: &str) -> Result<QueryResult> {
    run_query(gate, session, Query::new(sql), &mut Collected).await
}

/// Runs a statement, and switches the table while it waits.
async fn run_in_switch(running: &Running, gate: &Gate, session: &mut Session, sql: &str) -> String {
    for _ in 0..3 {
        running.tablet(1).fail_next(denied());
    }
    let switch = async {
        tokio::time::sleep(Duration::from_millis(75)).await;
        gate.vschemas.set_record(Arc::new(served_from("b")));
    };
    match tokio::join!(run(gate, session, sql), switch).0 {
        Ok(_) => "done".to_owned(),
        Err(error) => error.message().to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_statement_goes_to_where_the_table_has_moved() {
    for sql in ["select * from t", "update t set a = 1", "insert into t(a) values (1)"] {
        let (running, gate) = moving_table().await;
        let mut session = running.session("a");
        assert_eq!(run_in_switch(&running, &gate, &mut session, sql).await, "done");
        assert_eq!(running.tablet(2).take_log().len(), 1, "{sql}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_holds_nothing_yet_begins_where_the_table_has_moved() {
    let (running, gate) = moving_table().await;
    let mut session = running.session("a");
    run(&gate, &mut session, "begin").await.unwrap();
    assert_eq!(run_in_switch(&running, &gate, &mut session, "update t set a = 1").await, "done");
    run(&gate, &mut session, "commit").await.unwrap();
    let log = running.tablet(2).take_log();
    assert!(log[0].starts_with("begin; update") && log[1].starts_with("commit"), "{log:?}");
    assert_eq!(running.tablet(1).open_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_in_flight_hears_of_it() {
    let (running, gate) = moving_table().await;
    let mut session = running.session("a");
    run(&gate, &mut session, "begin").await.unwrap();
    run(&gate, &mut session, "update other set a = 1").await.unwrap();
    let told = run_in_switch(&running, &gate, &mut session, "update t set a = 1").await;
    assert!(told.contains("enforce denied tables"), "{told}");
    assert!(running.tablet(2).take_log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_statement_waits_no_longer_than_the_window() {
    let (running, gate) = moving_table().await;
    let mut session = running.session("a");
    for _ in 0..1_000 {
        running.tablet(1).fail_next(denied());
    }
    let began = Instant::now();
    let error = run(&gate, &mut session, "select * from t").await.unwrap_err();
    assert!(error.message().contains("enforce denied tables"));
    assert!(began.elapsed() >= gate.tablets.window());
    assert!(began.elapsed() < 2 * gate.tablets.window());
}

#[tokio::test(start_paused = true)]
async fn a_statement_goes_to_the_shards_that_took_over() {
    let running = FakeCluster::default()
        .keyspace("a", &["-"])
        .tablet("a", "-80", vt_base::TabletType::Primary)
        .tablet("a", "80-", vt_base::TabletType::Primary)
        .start()
        .await;
    let gate = gate_of(&running).await;
    gate.vschemas.set_record(Arc::new(served_from("a")));
    let not_serving = Error::new(Code::ClusterEvent, "operation not allowed in state NOT_SERVING")
        .with_retry(Retry::Always);
    for _ in 0..100 {
        running.tablet(1).fail_next(not_serving.clone());
    }
    let switch = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        let map = ShardMap::from_names("a", &["-80"]).unwrap();
        let all = ServingKeyspace::same_for_all(Arc::new(map));
        gate.tablets.serving.set(HashMap::from([(Arc::from("a"), all)]));
    };
    let mut session = running.session("a");
    let (result, ()) = tokio::join!(run(&gate, &mut session, "update t set a = 1"), switch);
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(running.tablet(2).take_log().len(), 1);
}
