//! The service over tablets that write down what they are asked.

use futures::StreamExt;

use vt_rpc::dial::TabletDialer;

use super::*;
use crate::testing::{FakeCluster, LONG, Running, gate_of};

async fn service() -> (Running, VitessService) {
    let running = FakeCluster::default().keyspace("ks", &["-"]).start().await;
    let gate = gate_of(&running).await;
    let mut record = vt_proto::vschema::SrvVSchema::default();
    record.keyspaces.insert("ks".to_owned(), vt_proto::vschema::Keyspace::default());
    gate.vschemas.set_record(Arc::new(record));
    let service = VitessService::new(gate, running.tasks.clone(), TabletDialer::default());
    (running, service)
}

fn session() -> vtgate::Session {
    vtgate::Session { autocommit: true, target_string: "ks".into(), ..vtgate::Session::default() }
}

fn query(sql: &str) -> Option<query::BoundQuery> {
    Some(query::BoundQuery { sql: sql.into(), ..query::BoundQuery::default() })
}

async fn execute(
    service: &VitessService,
    session: vtgate::Session,
    sql: &str,
) -> vtgate::ExecuteResponse {
    let request = vtgate::ExecuteRequest {
        session: Some(session),
        query: query(sql),
        ..vtgate::ExecuteRequest::default()
    };
    service.execute(Request::new(request)).await.unwrap().into_inner()
}

#[tokio::test(start_paused = true)]
async fn the_client_carries_its_transaction() {
    let (running, service) = service().await;
    let begun = execute(&service, session(), "begin").await;
    let begun = begun.session.unwrap();
    assert!(begun.in_transaction);
    let updated = execute(&service, begun, "update t set a = 1").await;
    assert!(updated.error.is_none(), "{:?}", updated.error);
    let carried = updated.session.unwrap();
    assert_eq!(carried.shard_sessions[0].transaction_id, 2);
    let ended = execute(&service, carried, "commit").await.session.unwrap();
    assert!(!ended.in_transaction && ended.shard_sessions.is_empty());
    let log = running.tablet(1).take_log();
    assert_eq!(log, ["begin; update t set a = :vtg1", "commit 2"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_comes_beside_the_session() {
    let (_running, service) = service().await;
    let reply = execute(&service, session(), "selec 1").await;
    let error = reply.error.unwrap();
    assert!(error.message.contains("(errno 1064) (sqlstate 42000)"), "{}", error.message);
    assert!(reply.session.is_some());
}

#[tokio::test(start_paused = true)]
async fn rows_stream_and_the_session_comes_last() {
    let (_running, service) = service().await;
    let request = vtgate::StreamExecuteRequest {
        session: Some(session()),
        query: query("select a from t"),
        ..vtgate::StreamExecuteRequest::default()
    };
    let stream = service.stream_execute(Request::new(request)).await.unwrap().into_inner();
    let parts: Vec<_> = stream.map(Result::unwrap).collect().await;
    let rows: usize = parts.iter().flat_map(|one| &one.result).map(|one| one.rows.len()).sum();
    assert_eq!(rows, 1);
    assert!(!parts[0].result.as_ref().unwrap().fields.is_empty());
    assert!(parts.last().unwrap().session.is_some());
}

#[tokio::test(start_paused = true)]
async fn several_statements_run_until_one_fails() {
    let (running, service) = service().await;
    let request = vtgate::ExecuteMultiRequest {
        session: Some(session()),
        sql: "select a from t; selec 1; select b from t".into(),
        ..vtgate::ExecuteMultiRequest::default()
    };
    let reply = service.execute_multi(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(reply.results.len(), 1);
    assert!(reply.error.is_some());
    assert_eq!(running.tablet(1).take_log().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn closing_a_session_leaves_nothing() {
    let (running, service) = service().await;
    let begun = execute(&service, session(), "begin").await.session.unwrap();
    let open = execute(&service, begun, "update t set a = 1").await.session;
    assert_eq!(running.tablet(1).open_count(), 1);
    let request = vtgate::CloseSessionRequest { session: open, ..Default::default() };
    service.close_session(Request::new(request)).await.unwrap();
    assert_eq!(running.tablet(1).open_count(), 0);
    assert!(running.tasks.shutdown(LONG).await);
}
