//! Client and server together, over real connections of both transports.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use vt_base::{Code, Error, Result, TabletAlias, TabletType, Target};
use vt_proto::topodata;
use vt_service::Lanes;
use vt_tablet_api::{
    Begin, Caller, ExecuteOptions, ExecuteReply, ExecuteRequest, HealthState, HealthStream,
    QueryService, Reserve, SchemaReply, SchemaTables, StreamPart, TxState,
};
use vt_value::{Field, QueryResult, RowsBuilder, Type, TypedBytes};

use crate::MESSAGE_BYTES_MAX;
use crate::dial::TabletDialer;
use crate::framed::{FramedConfig, FramedQueryService, FramedServer, serve_framed};
use crate::query_server::GrpcQueryServer;
use crate::query_server::schema::SCHEMA_CHUNK_BYTES;
use crate::server::{ServerConfig, serve};

/// Answers from the statement's text, and remembers what it was asked.
#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<ExecuteRequest>>,
    /// Cancelled when a call that never ends is dropped.
    dropped: CancellationToken,
}

/// How many messages a tablet tells of its health; more than may be under way.
const HEALTH_MESSAGES: i64 = 40;

/// How many rows a long stream has; more than any buffer on its way holds.
const MANY: usize = 100_000;

fn one_row(text: &str) -> QueryResult {
    let mut rows = RowsBuilder::default();
    rows.push([Some(text.as_bytes()), None]);
    let fields = [Field::new("a", Type::VARCHAR), Field::new("b", Type::INT64)];
    QueryResult::with_rows(fields, rows.finish())
}

fn opened() -> TxState {
    TxState {
        transaction_id: 71,
        reserved_id: 72,
        tablet_alias: Some(TabletAlias::new("zone1", 100)),
        session_state_changes: "gtid".into(),
    }
}

#[async_trait]
impl QueryService for Fake {
    async fn execute(&self, request: ExecuteRequest) -> ExecuteReply {
        let sql = request.sql.clone();
        self.asked.lock().push(request);
        let result = match &*sql {
            "duplicate" => {
                Err(Error::mysql(1062, b"23000", "Duplicate entry").with_code(Code::AlreadyExists))
            }
            "many" => {
                let mut rows = RowsBuilder::default();
                (0..MANY / 5).for_each(|_| rows.push([Some(vec![b'x'; 300]), None]));
                Ok(QueryResult { rows: rows.finish(), ..one_row("") })
            }
            "hang" => {
                let _guard = self.dropped.clone().drop_guard();
                std::future::pending().await
            }
            text => Ok(one_row(text)),
        };
        ExecuteReply { state: opened(), result }
    }

    async fn stream_execute(
        &self,
        request: ExecuteRequest,
        parts: mpsc::Sender<StreamPart>,
    ) -> ExecuteReply {
        let reply = self.execute(request).await;
        let Ok(result) = reply.result else { return reply };
        let fields = StreamPart { fields: Some(result.fields), ..StreamPart::default() };
        let _ = parts.send(fields).await;
        for _ in 0..5 {
            let _ = parts.send(StreamPart { fields: None, rows: result.rows.clone() }).await;
        }
        let counts = QueryResult { rows_affected: 5, ..QueryResult::default() };
        ExecuteReply { state: reply.state, result: Ok(counts) }
    }

    async fn begin(&self, _: &Caller, target: &Target, _: &ExecuteOptions) -> Result<TxState> {
        if target.tablet_type != TabletType::Primary {
            let text = "operation not allowed in state NOT_SERVING";
            return Err(Error::new(Code::ClusterEvent, text));
        }
        Ok(opened())
    }

    async fn commit(&self, _: &Caller, _: &Target, transaction_id: i64) -> Result<TxState> {
        let reserved_id = transaction_id + 1;
        Ok(TxState { reserved_id, session_state_changes: "gtid".into(), ..TxState::default() })
    }

    async fn rollback(&self, _: &Caller, _: &Target, transaction_id: i64) -> Result<i64> {
        Ok(transaction_id + 2)
    }

    async fn release(&self, _: &Caller, _: &Target, tx: i64, reserved: i64) -> Result<()> {
        Err(Error::new(Code::NotFound, format!("no connection {tx} {reserved}")))
    }

    async fn stream_health(&self) -> Result<HealthStream> {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            for second in 1..=HEALTH_MESSAGES {
                let state = HealthState { primary_term_start: second, ..HealthState::default() };
                if sender.send(state).await.is_err() {
                    return;
                }
            }
        });
        Ok(receiver.into())
    }

    async fn get_schema(
        &self,
        _: &Target,
        _: SchemaTables,
        names: &[String],
    ) -> Result<SchemaReply> {
        // More than one message holds.
        let text = "x".repeat(SCHEMA_CHUNK_BYTES);
        let definitions = names.iter().map(|name| (name.clone(), text.clone())).collect();
        Ok(SchemaReply { definitions })
    }
}

/// A service over one of the transports.
struct Peer {
    fake: Arc<Fake>,
    service: Arc<dyn QueryService>,
    framed: bool,
    _lanes: Lanes,
    _shutdown: tokio_util::sync::DropGuard,
}

/// What a peer is called by.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Grpc,
    Tcp,
    /// The Unix socket of one machine, and threads of their own for the calls.
    Near,
}

async fn start(way: Way) -> Peer {
    let framed = way != Way::Grpc;
    let lanes = Lanes::start(if way == Way::Near { 2 } else { 0 }, "call").unwrap();
    let fake = Arc::new(Fake::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = i32::from(listener.local_addr().unwrap().port());
    let shutdown = CancellationToken::new();
    if framed {
        let is_near_served = way == Way::Near;
        let config =
            FramedServer { is_near_served, lanes: lanes.clone(), ..FramedServer::default() };
        tokio::spawn(serve_framed(listener, fake.clone(), config, shutdown.clone()));
    } else {
        let routes = Routes::new(GrpcQueryServer::new(fake.clone(), MESSAGE_BYTES_MAX));
        tokio::spawn(serve(listener, routes, ServerConfig::default(), shutdown.clone()));
    }
    let name = if framed { crate::dial::FRAMED_PORT } else { "grpc" };
    let tablet = topodata::Tablet {
        hostname: "127.0.0.1".into(),
        port_map: [("grpc".to_owned(), 1), (name.to_owned(), port)].into(),
        ..topodata::Tablet::default()
    };
    let service = TabletDialer::default().query_service(&tablet).unwrap();
    Peer { fake, service, framed, _lanes: lanes, _shutdown: shutdown.drop_guard() }
}

async fn all() -> [Peer; 3] {
    [start(Way::Grpc).await, start(Way::Tcp).await, start(Way::Near).await]
}

fn request(sql: &str) -> ExecuteRequest {
    let mut binds = vt_value::BindVars::new();
    binds.set("v1", TypedBytes::int64(4));
    ExecuteRequest {
        target: Target::new("ks", "-80", TabletType::Primary),
        sql: sql.into(),
        bind_vars: Arc::new(binds),
        ..ExecuteRequest::default()
    }
}

fn shapes(sql: &str) -> Vec<ExecuteRequest> {
    let begin = Some(Begin { post_queries: vec!["savepoint a".into()] });
    let reserve = Some(Reserve { pre_queries: vec!["set @@x = 1".into()] });
    let settings: Arc<[String]> = ["set @@y = 2".to_owned()].into();
    vec![
        ExecuteRequest { transaction_id: 5, reserved_id: 6, ..request(sql) },
        ExecuteRequest { begin: begin.clone(), reserved_id: 6, ..request(sql) },
        ExecuteRequest { reserve: reserve.clone(), transaction_id: 5, ..request(sql) },
        ExecuteRequest { reserve, begin: begin.clone(), ..request(sql) },
        ExecuteRequest { settings: settings.clone(), ..request(sql) },
        ExecuteRequest { settings, begin, ..request(sql) },
    ]
}

/// Returns what of a request the other end must see.
fn seen(request: &ExecuteRequest) -> impl PartialEq + std::fmt::Debug {
    (
        (request.sql.clone(), request.bind_vars.clone(), request.target.clone()),
        (request.transaction_id, request.reserved_id, request.settings.clone()),
        (request.begin.clone(), request.reserve.clone()),
    )
}

#[tokio::test]
async fn every_shape_of_call_arrives_as_it_was_and_brings_its_state_back() {
    for Peer { fake, service, framed, .. } in &all().await {
        for asked in shapes("hello") {
            let reply = service.execute(asked.clone()).await;
            assert_eq!(seen(&fake.asked.lock().pop().unwrap()), seen(&asked));
            assert_eq!(reply.result.unwrap(), one_row("hello"));
            let transaction = if asked.begin.is_some() || *framed { 71 } else { 0 };
            assert_eq!(reply.state.transaction_id, transaction);

            let (sender, mut parts) = mpsc::channel(100);
            let reply = service.stream_execute(asked.clone(), sender).await;
            assert_eq!(seen(&fake.asked.lock().pop().unwrap()), seen(&asked));
            assert_eq!(reply.state.transaction_id, transaction);
            assert_eq!(reply.result.unwrap().rows_affected, 5);
            let mut rows = 0;
            let mut fields = 0;
            while let Some(part) = parts.recv().await {
                rows += part.rows.len();
                fields += usize::from(part.fields.is_some());
            }
            assert_eq!((fields, rows), (1, 5));
        }
    }
}

#[tokio::test]
async fn errors_keep_their_errno_and_the_state_that_was_opened() {
    for Peer { service, framed, .. } in &all().await {
        for asked in shapes("duplicate") {
            let transaction = if asked.begin.is_some() || *framed { 71 } else { 0 };
            let reply = service.execute(asked).await;
            let error = reply.result.unwrap_err();
            assert_eq!((error.errno(), error.sql_state()), (1062, *b"23000"));
            assert_eq!(error.code(), Code::AlreadyExists);
            assert_eq!(reply.state.transaction_id, transaction);
        }
        let error = service.execute(request("duplicate")).await.result.unwrap_err();
        assert_eq!(
            error.message(),
            "vttablet: rpc error: code = AlreadyExists desc = Duplicate entry (errno 1062) \
             (sqlstate 23000)"
        );
        let target = Target::new("ks", "-80", TabletType::Replica);
        let error = service.begin(&Caller::default(), &target, &ExecuteOptions::default()).await;
        assert_eq!(error.unwrap_err().code(), Code::ClusterEvent);
        let error = service.release(&Caller::default(), &target, 3, 4).await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
        assert_eq!(
            error.message(),
            "vttablet: rpc error: code = NotFound desc = no connection 3 4"
        );
    }
}

#[tokio::test]
async fn dropping_a_call_drops_it_on_the_tablet() {
    for Peer { fake, service, .. } in &all().await {
        let mut call = service.execute(request("hang"));
        tokio::select! {
            biased;
            _ = &mut call => panic!("the call ended"),
            () = async { while fake.asked.lock().is_empty() { tokio::task::yield_now().await } } => {}
        }
        drop(call);
        fake.dropped.cancelled().await;
    }
}

#[tokio::test]
async fn a_stream_that_nobody_receives_is_dropped() {
    for Peer { fake, service, .. } in &all().await {
        let (sender, parts) = mpsc::channel(1);
        let begun = async {
            while fake.asked.lock().is_empty() {
                tokio::task::yield_now().await;
            }
            drop(parts);
        };
        let (reply, ()) = tokio::join!(service.stream_execute(request("hang"), sender), begun);
        assert_eq!(reply.result.unwrap_err().code(), Code::Canceled);
        fake.dropped.cancelled().await;
    }
}

#[tokio::test]
async fn a_deadline_arrives_and_ends_the_call() {
    let peers = all().await;
    let calls = peers.iter().map(|Peer { fake, service, .. }| async move {
        let soon = std::time::Instant::now() + std::time::Duration::from_millis(200);
        let request = ExecuteRequest { deadline: Some(soon), ..request("hang") };
        let code = service.execute(request).await.result.unwrap_err().code();
        assert!(matches!(code, Code::DeadlineExceeded | Code::Canceled), "{code:?}");
        assert!(fake.asked.lock()[0].deadline.is_some());
        fake.dropped.cancelled().await;
    });
    futures::future::join_all(calls).await;
}

#[tokio::test]
async fn calls_on_one_connection_have_a_limit() {
    let fake = Arc::new(Fake::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let config = FramedServer { calls_max: 2, is_near_served: false, ..FramedServer::default() };
    let shutdown = CancellationToken::new();
    let _shutdown = shutdown.clone().drop_guard();
    tokio::spawn(serve_framed(listener, fake.clone(), config, shutdown));
    let service = FramedQueryService::new(
        address,
        FramedConfig { connections: 1, ..FramedConfig::default() },
    );
    let (one, other) = (service.execute(request("hang")), service.execute(request("hang")));
    let mut hanging = Box::pin(futures::future::join(one, other));
    tokio::select! {
        biased;
        _ = &mut hanging => panic!("the calls ended"),
        () = async { while fake.asked.lock().len() < 2 { tokio::task::yield_now().await } } => {}
    }
    let refused = service.execute(request("quick")).await.result.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    // Those that are dropped make room again, as soon as the tablet has heard of it.
    drop(hanging);
    let again = async {
        while service.execute(request("quick")).await.result.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), again).await.unwrap();
}

#[tokio::test]
async fn transactions_health_and_schema_pass() {
    for Peer { service, .. } in &all().await {
        let target = Target::new("ks", "-80", TabletType::Primary);
        let caller = Caller { username: "u".into(), ..Caller::default() };
        let state = service.begin(&caller, &target, &ExecuteOptions::default()).await.unwrap();
        assert_eq!(TxState { reserved_id: 72, ..state }, opened());
        let committed = service.commit(&caller, &target, 8).await.unwrap();
        assert_eq!((committed.reserved_id, &*committed.session_state_changes), (9, "gtid"));
        assert_eq!(service.rollback(&caller, &target, 8).await.unwrap(), 10);
        let mut health = service.stream_health().await.unwrap();
        for second in 1..=HEALTH_MESSAGES {
            assert_eq!(health.recv().await.unwrap().primary_term_start, second);
        }
        assert!(health.recv().await.is_none() && health.recv().await.is_none());
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let schema = service.get_schema(&target, SchemaTables::Tables, &names).await.unwrap();
        assert_eq!(schema.definitions.len(), 3);
    }
}

#[tokio::test]
async fn a_slow_receiver_holds_up_nobody_else() {
    for Peer { service, .. } in &all().await {
        let (sender, mut parts) = mpsc::channel(1);
        let slow = service.clone();
        let streaming =
            tokio::spawn(async move { slow.stream_execute(request("many"), sender).await });
        assert!(parts.recv().await.unwrap().fields.is_some());
        for _ in 0..200 {
            let reply = service.execute(request("quick")).await;
            assert_eq!(reply.result.unwrap(), one_row("quick"));
        }
        let mut rows = 0;
        while let Some(part) = parts.recv().await {
            rows += part.rows.len();
        }
        assert_eq!(rows, MANY);
        streaming.await.unwrap().result.unwrap();
    }
}

#[tokio::test]
async fn many_calls_share_a_connection() {
    for Peer { service, .. } in &all().await {
        let calls = (0..500).map(|number| async move {
            let text = format!("call {number}");
            let reply = service.execute(request(&text)).await;
            assert_eq!(reply.result.unwrap(), one_row(&text));
        });
        futures::future::join_all(calls).await;
    }
}

#[tokio::test]
async fn results_of_all_sizes_arrive_whole() {
    for Peer { service, .. } in &all().await {
        let calls = [10, 8 << 10, 70_000, 9 << 20, 100, 1 << 20].map(|length| async move {
            let text = "y".repeat(length);
            let reply = service.execute(request(&text)).await;
            assert!(reply.result.unwrap() == one_row(&text), "of {length} bytes");
        });
        futures::future::join_all(calls).await;
    }
}

#[tokio::test]
async fn a_tablet_that_is_not_there_is_unavailable() {
    for name in ["grpc", crate::dial::FRAMED_PORT] {
        let tablet = topodata::Tablet {
            hostname: "127.0.0.1".into(),
            port_map: [("grpc".to_owned(), 1), (name.to_owned(), 1)].into(),
            ..topodata::Tablet::default()
        };
        let service = TabletDialer::default().query_service(&tablet).unwrap();
        let error = service.execute(request("x")).await.result.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.message().starts_with("vttablet: rpc error: code = Unavailable"), "{error}");
    }
}

#[tokio::test]
async fn a_tablet_that_comes_back_is_found_again() {
    let Peer { fake, service, _shutdown: shutdown, .. } = start(Way::Near).await;
    service.execute(request("x")).await.result.unwrap();
    let mut call = service.execute(request("hang"));
    tokio::select! {
        biased;
        _ = &mut call => panic!("the call ended"),
        () = async { while fake.asked.lock().len() < 2 { tokio::task::yield_now().await } } => {}
    }
    drop(shutdown);
    let error = call.await.result.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    fake.dropped.cancelled().await;
}
