//! Locks: one holder, in order of arrival, gone with its guard.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Open, not_yet, soon};
use crate::store::{LockDir, LockRequest, LockWait, Store, StoreLock};
use crate::{Result, TopoError};

pub(super) async fn suite(root: &str, open: Open<'_>) {
    the_contents_can_be_read(&*open(&format!("{root}/contents"))).await;
    a_second_holder_waits(&format!("{root}/wait"), open).await;
    a_held_lock_can_be_refused(&*open(&format!("{root}/refused"))).await;
    order_is_kept(&format!("{root}/order"), open).await;
    those_who_gave_up_are_not_waited_for(&*open(&format!("{root}/gave_up"))).await;
    folders_are_apart(&*open(&format!("{root}/apart"))).await;
}

async fn lock(store: &dyn Store, dir: &str, wait: LockWait) -> Result<Box<dyn StoreLock>> {
    let request = LockRequest { dir, contents: "held", exists: LockDir::Any, wait, ttl: None };
    soon("a lock or a refusal", store.lock(request)).await
}

async fn the_contents_can_be_read(store: &dyn Store) {
    let request = LockRequest {
        dir: "keyspaces/ks",
        contents: "{\"Action\": \"test\"}",
        exists: LockDir::MustExist,
        wait: LockWait::Forever,
        ttl: None,
    };
    let missing = store.lock(request.clone()).await.err().unwrap();
    assert!(missing.is_no_node(), "{missing}");
    store.create("keyspaces/ks/Keyspace", Bytes::new()).await.unwrap();
    let held = store.lock(request).await.unwrap();
    let keys = store.list("keyspaces/ks/locks/").await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(&keys[0].value.contents[..], b"{\"Action\": \"test\"}");
    let entries = store.list_dir("keyspaces/ks/locks").await.unwrap();
    assert!(entries.iter().all(|entry| entry.ephemeral), "{entries:?}");
    held.check().await.unwrap();
    assert!(!held.lost().is_cancelled());
    held.unlock().await.unwrap();
    assert!(store.list("keyspaces/ks/locks/").await.unwrap().is_empty());
}

async fn a_second_holder_waits(root: &str, open: Open<'_>) {
    let (one, other) = (open(root), open(root));
    let first = lock(&*one, "dir", LockWait::Forever).await.unwrap();
    let request = LockRequest {
        dir: "dir",
        contents: "second",
        exists: LockDir::Any,
        wait: LockWait::Forever,
        ttl: None,
    };
    let mut second = std::pin::pin!(other.lock(request));
    not_yet("the second lock", second.as_mut()).await;
    first.check().await.unwrap();
    first.unlock().await.unwrap();
    let second = soon("the second lock", second).await.unwrap();
    second.check().await.unwrap();
    // A guard that is dropped lets go as well, if not at once.
    drop(second);
    lock(&*one, "dir", LockWait::For(super::PATIENCE)).await.unwrap().unlock().await.unwrap();
}

async fn a_held_lock_can_be_refused(store: &dyn Store) {
    let first = lock(store, "dir", LockWait::Never).await.unwrap();
    let refused = lock(store, "dir", LockWait::Never).await.err().unwrap();
    assert!(refused.is_node_exists(), "{refused}");
    let late = lock(store, "dir", LockWait::For(Duration::from_millis(200))).await.err().unwrap();
    assert!(matches!(late, TopoError::Timeout(_)), "{late}");
    assert_eq!(late.to_string(), "deadline exceeded: dir");
    first.check().await.unwrap();
    first.unlock().await.unwrap();
    lock(store, "dir", LockWait::For(super::PATIENCE)).await.unwrap().unlock().await.unwrap();
}

async fn order_is_kept(root: &str, open: Open<'_>) {
    let store: Arc<dyn Store> = open(root);
    let first = lock(&*store, "dir", LockWait::Forever).await.unwrap();
    let order = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let mut waiters = Vec::new();
    for number in 0..4 {
        let (mine, order) = (store.clone(), order.clone());
        waiters.push(tokio::spawn(async move {
            let held = lock(&*mine, "dir", LockWait::Forever).await.unwrap();
            order.lock().push(number);
            held.unlock().await.unwrap();
        }));
        // The next comes when this one is in the queue.
        soon("a waiter in the queue", async {
            while store.list("dir/locks/").await.unwrap().len() < number + 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
    assert!(order.lock().is_empty());
    first.unlock().await.unwrap();
    for waiter in waiters {
        soon("a waiter's turn", waiter).await.unwrap();
    }
    assert_eq!(*order.lock(), [0, 1, 2, 3]);
}

async fn those_who_gave_up_are_not_waited_for(store: &dyn Store) {
    let first = lock(store, "dir", LockWait::Forever).await.unwrap();
    let request = LockRequest {
        dir: "dir",
        contents: "impatient",
        exists: LockDir::Any,
        wait: LockWait::Forever,
        ttl: None,
    };
    not_yet("a lock that is held", store.lock(request)).await;
    first.unlock().await.unwrap();
    lock(store, "dir", LockWait::For(super::PATIENCE)).await.unwrap().unlock().await.unwrap();
}

async fn folders_are_apart(store: &dyn Store) {
    let one = lock(store, "a", LockWait::Never).await.unwrap();
    let other = lock(store, "a/b", LockWait::Never).await.unwrap();
    one.unlock().await.unwrap();
    other.check().await.unwrap();
    other.unlock().await.unwrap();
}
