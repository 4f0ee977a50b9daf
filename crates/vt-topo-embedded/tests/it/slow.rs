//! A watcher that does not read.

use std::time::Duration;

use bytes::Bytes;
use tonic::transport::Endpoint;
use vt_etcd_api::etcdserverpb::kv_client::KvClient;
use vt_etcd_api::etcdserverpb::request_op::Request;
use vt_etcd_api::etcdserverpb::watch_client::WatchClient;
use vt_etcd_api::etcdserverpb::watch_request::RequestUnion;
use vt_etcd_api::etcdserverpb::{
    PutRequest, RequestOp, TxnRequest, WatchCreateRequest, WatchRequest,
};

use crate::running::Running;

/// How many transactions of 128 changes are written past the watcher.
const TXNS: usize = 120;

fn put(key: usize) -> RequestOp {
    let key = Bytes::from(format!("key-{key:03}"));
    let value = Bytes::from(vec![b'x'; 2_000]);
    let put = PutRequest { key, value, ..PutRequest::default() };
    RequestOp { request: Some(Request::RequestPut(put)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_watcher_is_cancelled_and_holds_nobody_up() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let running = Running::start(&folder.path().join("topo.db")).await;
    let address = format!("http://{}", running.address);
    let endpoint = Endpoint::from_shared(address).expect("an address");
    // A connection of its own: its window is full of what is not read.
    let slow = endpoint.connect().await.expect("a connection");
    let channel = endpoint.connect().await.expect("a connection");
    let create = WatchCreateRequest {
        key: Bytes::from_static(b"\0"),
        range_end: Bytes::from_static(b"\0"),
        ..WatchCreateRequest::default()
    };
    let create = WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
    let requests = tokio_stream::StreamExt::chain(
        tokio_stream::once(create),
        tokio_stream::pending::<WatchRequest>(),
    );
    let mut watches = WatchClient::new(slow).max_decoding_message_size(64 << 20);
    let mut stream = watches.watch(requests).await.expect("a watch").into_inner();
    assert!(stream.message().await.expect("no error").expect("an answer").created);

    // Far more than the windows of the connection and the queue of the stream can hold, and more
    // changes than the server keeps.
    let mut writer = KvClient::new(channel);
    for _ in 0..TXNS {
        let txn = TxnRequest { success: (0..128).map(put).collect(), ..TxnRequest::default() };
        writer.txn(txn).await.expect("a write while the watcher sleeps");
    }
    let last = writer.put(PutRequest { key: "last".into(), ..PutRequest::default() }).await;
    let revision = last.expect("a write").into_inner().header.expect("a header").revision;

    let mut seen = 0;
    let cancelled = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let response = stream.message().await.expect("no error").expect("no end");
            if response.canceled {
                return response;
            }
            seen += response.events.len();
        }
    })
    .await
    .expect("the watcher is told in time");
    assert!(cancelled.compact_revision > 0 && cancelled.compact_revision <= revision);
    assert!(cancelled.cancel_reason.contains("compacted"), "{}", cancelled.cancel_reason);
    assert!(seen < TXNS * 128, "everything was kept for it");
    running.stop().await;
}
