//! Servers that die, forget and come back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use vt_topo::{Expect, LockDir, LockRequest, LockWait, Store, TopoError, Watch, WatchEvent};
use vt_topo_etcd::{EtcdOptions, EtcdStore};

use crate::embedded::Embedded;
use crate::etcd::{Etcd, quick};

const PATIENCE: Duration = Duration::from_secs(30);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: it did not come within {PATIENCE:?}"),
    }
}

async fn put(store: &dyn Store, path: &str, text: &str) {
    let contents = Bytes::copy_from_slice(text.as_bytes());
    store.update(path, contents, Expect::Any).await.expect("a write");
}

/// Reads on to an event; returns those before it as well, in short.
async fn until(watch: &mut dyn Watch, wanted: &str) -> Vec<String> {
    let mut seen = Vec::new();
    soon(wanted, async {
        while seen.last().map(String::as_str) != Some(wanted) {
            seen.push(match watch.next().await.expect("the watch goes on") {
                WatchEvent::Changed { path, value: Some(value) } => {
                    format!("{path}={}", String::from_utf8_lossy(&value.contents))
                }
                WatchEvent::Changed { path, value: None } => format!("{path} gone"),
                WatchEvent::Lost(_) => "lost".to_owned(),
                WatchEvent::Restored => "restored".to_owned(),
            });
        }
    })
    .await;
    seen
}

fn request(wait: LockWait) -> LockRequest<'static> {
    LockRequest { dir: "dir", contents: "held", exists: LockDir::Any, wait, ttl: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_and_calls_go_on_after_a_restart() {
    let mut etcd = Etcd::start().await;
    let store = etcd.store("/r");
    put(&store, "x", "1").await;
    let (_, mut watch) = store.watch_recursive("").await.expect("a watch");
    put(&store, "x", "2").await;
    assert_eq!(until(&mut *watch, "x=2").await, ["x=2"]);

    etcd.kill();
    assert_eq!(until(&mut *watch, "lost").await, ["lost"]);
    let err = store.get("x").await.expect_err("nobody answers");
    assert!(matches!(err, TopoError::Unavailable(_)), "{err}");

    // A call that comes while the server is still away waits for it.
    let waiting = store.clone();
    let call = tokio::spawn(async move { waiting.get("x").await });
    etcd.run().await;
    let value = soon("the answer", call).await.expect("no panic").expect("an answer");
    assert_eq!(&value.contents[..], b"2");
    put(&store, "y", "new").await;
    assert_eq!(until(&mut *watch, "y=new").await, ["restored", "y=new"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_watch_missed_is_reported_even_if_it_was_compacted() {
    let mut etcd = Etcd::start().await;
    let store = etcd.store("/r");
    for path in ["a", "b", "c"] {
        put(&store, path, "1").await;
    }
    let (_, mut watch) = store.watch_recursive("").await.expect("a watch");
    etcd.kill();
    assert_eq!(until(&mut *watch, "lost").await, ["lost"]);
    etcd.run().await;
    // The watch is not polled, so that it has not come back yet.
    let other = etcd.store("/r");
    put(&other, "a", "2").await;
    other.delete("b", Expect::Any).await.expect("a delete");
    put(&other, "d", "1").await;
    let revision = other.get("d").await.expect("a value").version;
    etcd.etcdctl(&["compact", &revision.to_string()]);
    let seen = until(&mut *watch, "d=1").await;
    assert_eq!(seen, ["restored", "b gone", "a=2", "d=1"]);
    put(&other, "c", "2").await;
    assert_eq!(until(&mut *watch, "c=2").await, ["c=2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_whose_lease_cannot_be_renewed_is_lost() {
    let mut etcd = Etcd::start().await;
    let store = etcd.store("/r");
    let held = store.lock(request(LockWait::Never)).await.expect("the lock");
    etcd.kill();
    soon("the loss", held.lost().cancelled()).await;
    assert!(matches!(held.check().await, Err(TopoError::LockLost(_))));
    etcd.run().await;
    let other = etcd.store("/r");
    let next = soon("the next holder", other.lock(request(LockWait::Forever))).await;
    next.expect("the lock").unlock().await.expect("an unlock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_outlives_its_ttl_and_a_short_outage_but_not_its_lease() {
    let mut etcd = Etcd::start().await;
    let store = etcd.store("/r");
    let held = store
        .lock(LockRequest { ttl: Some(Duration::from_secs(6)), ..request(LockWait::Never) })
        .await
        .expect("the lock");
    etcd.kill();
    etcd.run().await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    held.check().await.expect("still held");
    let key = store.list("dir/locks/").await.expect("the lock's key").remove(0).path;
    let lease = key.rsplit('/').next().expect("a path has a last part");
    let lease: i64 = lease.parse().expect("the key ends with the lease's number");
    etcd.etcdctl(&["lease", "revoke", &format!("{lease:x}")]);
    assert!(matches!(held.check().await, Err(TopoError::LockLost(_))));
    soon("the loss", held.lost().cancelled()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_endpoint_is_tried() {
    let etcd = Etcd::start().await;
    // Nothing listens on the first: a port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let dead = listener.local_addr().expect("an address");
    drop(listener);
    let addresses = format!("{dead},{}", etcd.address());
    let store: Arc<dyn Store> =
        Arc::new(EtcdStore::new(&addresses, "/r", quick()).expect("addresses"));
    store.create("x", Bytes::from_static(b"1")).await.expect("a write by the second endpoint");
    let (value, mut watch) = store.watch("x").await.expect("a watch");
    assert!(value.is_some());
    put(&*store, "x", "2").await;
    assert_eq!(until(&mut *watch, "x=2").await, ["x=2"]);
    store.lock(request(LockWait::Never)).await.expect("a lock").unlock().await.expect("an unlock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_server_restarts_under_watches_and_locks() {
    let mut embedded = Embedded::start().await;
    let store = embedded.store("/r");
    put(&store, "x", "1").await;
    put(&store, "y", "1").await;
    let (_, mut watch) = store.watch_recursive("").await.expect("a watch");
    let held = store.lock(request(LockWait::Never)).await.expect("the lock");
    let seen = until(&mut *watch, &lock_event(&store).await).await;
    assert_eq!(seen.len(), 1);

    embedded.halt().await;
    assert_eq!(until(&mut *watch, "lost").await, ["lost"]);
    embedded.run().await;
    put(&store, "x", "2").await;
    store.delete("y", Expect::Any).await.expect("a delete");
    // The history does not outlive a restart, so that the watch reads anew or resumes: either way
    // nothing is missed.
    let mut seen = until(&mut *watch, "x=2").await;
    if seen.iter().all(|event| event != "y gone") {
        seen.extend(until(&mut *watch, "y gone").await);
    }
    assert!(seen.contains(&"restored".to_owned()), "{seen:?}");
    // The lease has all of its time again.
    held.check().await.expect("still held");
    held.unlock().await.expect("an unlock");
    embedded.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_three_members_after_another_dies() {
    let mut members = Etcd::start_cluster(3).await;
    let addresses: Vec<String> = members.iter().map(Etcd::address).collect();
    let options = EtcdOptions {
        lease_ttl: Duration::from_secs(15),
        operation_timeout: Duration::from_secs(15),
        ..quick()
    };
    let store = EtcdStore::new(&addresses.join(","), "/r", options).expect("addresses");
    put(&store, "x", "0").await;
    let (_, mut watch) = store.watch("x").await.expect("a watch");
    let held = store.lock(request(LockWait::Never)).await.expect("the lock");
    for (round, member) in members.iter_mut().enumerate() {
        member.kill();
        let text = (round + 1).to_string();
        // A write in hand when its member dies may fail; it is not repeated behind our back.
        soon("a write", async {
            loop {
                let contents = Bytes::from(text.clone());
                match store.update("x", contents, Expect::Any).await {
                    Ok(_) => break,
                    Err(err) => assert!(err.is_outage(), "{err}"),
                }
            }
        })
        .await;
        until(&mut *watch, &format!("x={text}")).await;
        held.check().await.expect("still held");
        member.run().await;
    }
    held.unlock().await.expect("an unlock");
}

/// Returns how the key of the lock in `dir` shows in a watch.
async fn lock_event(store: &EtcdStore) -> String {
    let key = store.list("dir/locks/").await.expect("the lock's key").remove(0).path;
    format!("{key}=held")
}
