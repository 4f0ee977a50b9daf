//! The same random requests to a real etcd and to our server: the answers must be the same.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as RunnerConfig, RngAlgorithm, TestRng, TestRunner};
use tonic::transport::{Channel, Endpoint};
use vt_etcd_api::etcdserverpb::compare::TargetUnion;
use vt_etcd_api::etcdserverpb::kv_client::KvClient;
use vt_etcd_api::etcdserverpb::request_op::Request;
use vt_etcd_api::etcdserverpb::watch_client::WatchClient;
use vt_etcd_api::etcdserverpb::watch_request::RequestUnion;
use vt_etcd_api::etcdserverpb::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, ResponseHeader, TxnRequest,
    WatchCreateRequest, WatchRequest, WatchResponse,
};
use vt_etcd_api::mvccpb::Event;

use crate::running::{Running, program};

/// How many requests are compared.
const REQUESTS: usize = 1_500;

/// Returns the seed of the requests: the same in every run, unless `VT_SEED` asks for another.
fn seed_number() -> u64 {
    let asked = std::env::var("VT_SEED").ok();
    asked.map_or(1, |text| text.parse().expect("VT_SEED is a number"))
}

struct Etcd {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

fn start_etcd() -> Etcd {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (client, peer) = (free_url(), free_url());
    let child = Command::new(program("etcd", "etcd-server"))
        .env_clear()
        .arg("--data-dir")
        .arg(folder.path().join("data"))
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("default={peer}")])
        .args(["--logger", "zap", "--log-level", "error"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("etcd starts");
    Etcd { child, address: client, _folder: folder }
}

async fn connect(address: &str) -> Channel {
    let endpoint = Endpoint::from_shared(address.to_owned()).expect("an address");
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        if let Ok(channel) = endpoint.connect().await {
            let probe = RangeRequest { key: "probe".into(), ..RangeRequest::default() };
            if KvClient::new(channel.clone()).range(probe).await.is_ok() {
                return channel;
            }
        }
        assert!(Instant::now() < until, "{address} does not answer");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn key() -> impl Strategy<Value = Bytes> {
    prop_oneof!["[ab]{1,2}", Just("c".to_owned())].prop_map(Bytes::from)
}

fn range_end() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        3 => Just(Bytes::new()),
        1 => Just(Bytes::from_static(b"\0")),
        2 => "[abcd]{1,2}".prop_map(Bytes::from),
    ]
}

fn range(revisions: i64) -> impl Strategy<Value = RangeRequest> {
    let window = || prop_oneof![3 => Just(0), 1 => 1..revisions + 2];
    let what = (key(), range_end(), prop_oneof![2 => Just(0i64), 1 => 1..4i64]);
    let how = (window(), 0..3i32, 0..5i32, any::<bool>(), any::<bool>());
    let filters = (window(), window(), window(), window());
    (what, how, filters).prop_map(|((key, range_end, limit), how, filters)| RangeRequest {
        key,
        range_end,
        // The order of equal rows is not specified, so that a limit could cut either way.
        limit: if how.2 == 0 { limit } else { 0 },
        revision: how.0,
        sort_order: how.1,
        sort_target: how.2,
        keys_only: how.3,
        count_only: how.4 && limit > 2,
        min_mod_revision: filters.0,
        max_mod_revision: filters.1,
        min_create_revision: filters.2,
        max_create_revision: filters.3,
        ..RangeRequest::default()
    })
}

fn by_key(request: RangeRequest) -> RangeRequest {
    RangeRequest { sort_target: 0, ..request }
}

/// A put that keeps the value of a key that its transaction deletes ends etcd itself.
fn with_value(request: PutRequest) -> PutRequest {
    PutRequest { ignore_value: false, ..request }
}

fn put() -> impl Strategy<Value = PutRequest> {
    let ignore = prop_oneof![8 => Just(false), 1 => Just(true)];
    (key(), "[xyz]{0,2}", any::<bool>(), ignore).prop_map(|(key, value, prev_kv, ignore_value)| {
        PutRequest { key, value: value.into(), prev_kv, ignore_value, ..PutRequest::default() }
    })
}

fn delete() -> impl Strategy<Value = DeleteRangeRequest> {
    (key(), range_end(), any::<bool>()).prop_map(|(key, range_end, prev_kv)| DeleteRangeRequest {
        key,
        range_end,
        prev_kv,
    })
}

fn compare(revisions: i64) -> impl Strategy<Value = Compare> {
    let number = 0..revisions + 1;
    let target = prop_oneof![
        (0..4i64).prop_map(TargetUnion::Version),
        number.clone().prop_map(TargetUnion::CreateRevision),
        number.prop_map(TargetUnion::ModRevision),
        "[xyz]{0,2}".prop_map(|value| TargetUnion::Value(value.into())),
    ];
    (0..4i32, key(), target, range_end()).prop_map(|(result, key, target, range_end)| Compare {
        result,
        target: match &target {
            TargetUnion::Version(_) => 0,
            TargetUnion::CreateRevision(_) => 1,
            TargetUnion::ModRevision(_) => 2,
            TargetUnion::Value(_) => 3,
            TargetUnion::Lease(_) => 4,
        },
        key,
        target_union: Some(target),
        range_end,
    })
}

fn txn(revisions: i64) -> impl Strategy<Value = TxnRequest> {
    let leaf = prop_oneof![
        2 => range(revisions).prop_map(by_key).prop_map(Request::RequestRange),
        3 => put().prop_map(with_value).prop_map(Request::RequestPut),
        2 => delete().prop_map(Request::RequestDeleteRange),
    ]
    .prop_map(|request| RequestOp { request: Some(request) });
    let branch = move |leaf: BoxedStrategy<RequestOp>| prop::collection::vec(leaf, 0..4);
    let compares = move || prop::collection::vec(compare(revisions), 0..3);
    let leaf = leaf.boxed();
    let inner = (compares(), branch(leaf.clone()), branch(leaf.clone()))
        .prop_map(|(compare, success, failure)| TxnRequest { compare, success, failure })
        .prop_map(|txn| RequestOp { request: Some(Request::RequestTxn(txn)) });
    let operation = prop_oneof![6 => leaf, 1 => inner].boxed();
    (compares(), branch(operation.clone()), branch(operation))
        .prop_map(|(compare, success, failure)| TxnRequest { compare, success, failure })
}

fn request(revisions: i64) -> impl Strategy<Value = Request> {
    prop_oneof![
        3 => range(revisions).prop_map(Request::RequestRange),
        3 => put().prop_map(Request::RequestPut),
        1 => delete().prop_map(Request::RequestDeleteRange),
        4 => txn(revisions).prop_map(Request::RequestTxn),
    ]
}

/// Sends a request; returns the answer without what names the server, and the revision.
async fn answer(client: &mut KvClient<Channel>, request: Request) -> (String, i64) {
    fn revision(header: &mut Option<ResponseHeader>) -> i64 {
        let revision = header.as_ref().map_or(0, |header| header.revision);
        *header = None;
        revision
    }
    let answered = match request {
        Request::RequestRange(request) => client.range(request.clone()).await.map(|response| {
            let mut response = response.into_inner();
            // Equal rows may come in any order: their order is compared by what they are sorted by.
            let order: Vec<String> = response
                .kvs
                .iter()
                .map(|kv| match request.sort_target {
                    0 => format!("{:?}", kv.key),
                    1 => kv.version.to_string(),
                    2 => kv.create_revision.to_string(),
                    3 => kv.mod_revision.to_string(),
                    _ => format!("{:?}", kv.value),
                })
                .collect();
            response.kvs.sort_by(|one, other| one.key.cmp(&other.key));
            (revision(&mut response.header), format!("{order:?} {response:?}"))
        }),
        Request::RequestPut(request) => client.put(request).await.map(|response| {
            let mut response = response.into_inner();
            (revision(&mut response.header), format!("{response:?}"))
        }),
        Request::RequestDeleteRange(request) => {
            client.delete_range(request).await.map(|response| {
                let mut response = response.into_inner();
                (revision(&mut response.header), format!("{response:?}"))
            })
        }
        Request::RequestTxn(request) => client.txn(request).await.map(|response| {
            let mut response = response.into_inner();
            let revision = revision(&mut response.header);
            for one in &mut response.responses {
                without_headers(one);
            }
            (revision, format!("{response:?}"))
        }),
    };
    match answered {
        Ok((revision, text)) => (format!("@{revision} {text}"), revision),
        Err(status) => (format!("{:?} {}", status.code(), status.message()), 0),
    }
}

/// The headers inside a transaction's answer are not for clients.
fn without_headers(one: &mut vt_etcd_api::etcdserverpb::ResponseOp) {
    use vt_etcd_api::etcdserverpb::response_op::Response;
    match &mut one.response {
        Some(Response::ResponseRange(response)) => response.header = None,
        Some(Response::ResponsePut(response)) => response.header = None,
        Some(Response::ResponseDeleteRange(response)) => response.header = None,
        Some(Response::ResponseTxn(response)) => {
            response.header = None;
            response.responses.iter_mut().for_each(without_headers);
        }
        None => {}
    }
}

/// Returns all events from the first revision to the last, as a watch tells them.
async fn events(channel: Channel, last: i64) -> Vec<Event> {
    let create = WatchCreateRequest {
        key: Bytes::from_static(b"\0"),
        range_end: Bytes::from_static(b"\0"),
        start_revision: 2,
        prev_kv: true,
        ..WatchCreateRequest::default()
    };
    let create = WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
    let requests = tokio_stream::StreamExt::chain(
        tokio_stream::once(create),
        tokio_stream::pending::<WatchRequest>(),
    );
    let mut stream = WatchClient::new(channel).watch(requests).await.expect("a watch").into_inner();
    let mut events = Vec::new();
    let last_of = |events: &[Event]| {
        events.last().and_then(|event: &Event| event.kv.as_ref()).map_or(0, |kv| kv.mod_revision)
    };
    while last_of(&events) < last {
        let response: WatchResponse =
            tokio::time::timeout(Duration::from_secs(20), stream.message())
                .await
                .expect("events in time")
                .expect("no error")
                .expect("no end");
        assert!(!response.canceled, "{response:?}");
        events.extend(response.events);
    }
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_of_etcd() {
    let etcd = start_etcd();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let running = Running::start(&folder.path().join("topo.db")).await;
    let theirs = connect(&etcd.address).await;
    let ours = connect(&format!("http://{}", running.address)).await;
    let (mut their_kv, mut our_kv) = (KvClient::new(theirs.clone()), KvClient::new(ours.clone()));
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&seed_number().to_le_bytes());
    let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(RunnerConfig::default(), chance);
    let mut revision = 1;
    let mut last_event = 1;
    let mut trace = std::collections::VecDeque::new();
    for number in 0..REQUESTS {
        let request = request(revision).new_tree(&mut runner).expect("a request").current();
        let (expected, _) = answer(&mut their_kv, request.clone()).await;
        let (found, at) = answer(&mut our_kv, request.clone()).await;
        trace.push_back(format!("{request:?}"));
        if trace.len() > 5 {
            trace.pop_front();
        }
        assert_eq!(found, expected, "request {number}: {trace:#?}");
        if at > revision {
            revision = at;
            last_event = at;
        }
    }
    assert!(revision > 200, "too few of the requests wrote: {revision}");
    assert_eq!(events(ours, last_event).await, events(theirs, last_event).await);
    running.stop().await;
}
