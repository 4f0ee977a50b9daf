//! Values, versions and listings.

use std::sync::Arc;

use bytes::Bytes;

use super::Open;
use crate::TopoError;
use crate::store::{EntryKind, Expect, Store, Version};

pub(super) async fn suite(root: &str, open: Open<'_>) {
    values_come_and_go(&*open(&format!("{root}/come"))).await;
    writes_compare_versions(&*open(&format!("{root}/versions"))).await;
    old_versions_can_be_read(&*open(&format!("{root}/old"))).await;
    listings_show_what_is_below(&*open(&format!("{root}/list"))).await;
    long_listings_are_whole(open(&format!("{root}/long"))).await;
    roots_are_apart(root, open).await;
    concurrent_updates_are_not_lost(&format!("{root}/race"), open).await;
    closed_stores_say_so(&*open(&format!("{root}/closed"))).await;
}

async fn values_come_and_go(store: &dyn Store) {
    assert!(store.get("a/b/File").await.unwrap_err().is_no_node());
    let version = store.create("a/b/File", Bytes::from_static(b"one")).await.unwrap();
    let value = store.get("a/b/File").await.unwrap();
    assert_eq!((&value.contents[..], value.version), (&b"one"[..], version));
    let again = store.create("a/b/File", Bytes::from_static(b"two")).await.unwrap_err();
    assert!(again.is_node_exists(), "{again}");
    assert_eq!(again.to_string(), "node already exists: a/b/File");
    assert_eq!(&store.get("a/b/File").await.unwrap().contents[..], b"one");
    store.delete("a/b/File", Expect::Any).await.unwrap();
    let gone = store.get("a/b/File").await.unwrap_err();
    assert_eq!(gone.to_string(), "node doesn't exist: a/b/File");
    assert!(store.delete("a/b/File", Expect::Any).await.unwrap_err().is_no_node());
    for contents in [&b""[..], &[0, 255, 10, 0], &[7; 100_000]] {
        store.update("bytes", Bytes::copy_from_slice(contents), Expect::Any).await.unwrap();
        assert_eq!(&store.get("bytes").await.unwrap().contents[..], contents);
    }
}

async fn writes_compare_versions(store: &dyn Store) {
    let text = |text: &'static str| Bytes::from_static(text.as_bytes());
    let missing = store.update("x", text("0"), Expect::Version(Version(1))).await.unwrap_err();
    assert!(missing.is_no_node(), "{missing}");
    let first = store.update("x", text("1"), Expect::Any).await.unwrap();
    let second = store.update("x", text("2"), Expect::Version(first)).await.unwrap();
    assert!(second > first);
    let stale = store.update("x", text("3"), Expect::Version(first)).await.unwrap_err();
    assert!(stale.is_bad_version(), "{stale}");
    assert_eq!(stale.to_string(), "bad node version: x");
    assert_eq!(store.get("x").await.unwrap().contents, text("2"));
    let stale = store.delete("x", Expect::Version(first)).await.unwrap_err();
    assert!(stale.is_bad_version(), "{stale}");
    store.delete("x", Expect::Version(second)).await.unwrap();
    assert!(store.delete("x", Expect::Version(second)).await.unwrap_err().is_no_node());
    let reborn = store.create("x", text("4")).await.unwrap();
    assert!(reborn > second, "a version must not return with another value");
}

async fn old_versions_can_be_read(store: &dyn Store) {
    let first = store.create("x", Bytes::from_static(b"1")).await.unwrap();
    let second = store.update("x", Bytes::from_static(b"2"), Expect::Any).await.unwrap();
    assert_eq!(&store.get_version("x", first).await.unwrap()[..], b"1");
    assert_eq!(&store.get_version("x", second).await.unwrap()[..], b"2");
    let never = store.get_version("x", Version(second.0 + 1_000_000)).await.unwrap_err();
    assert!(never.is_no_node(), "{never}");
}

async fn listings_show_what_is_below(store: &dyn Store) {
    let paths = [
        "cells/zone1/CellInfo",
        "keyspaces/ks/Keyspace",
        "keyspaces/ks/shards/-80-x/Shard",
        "keyspaces/ks/shards/-80/Shard",
        "keyspaces/ks/shards/80-/Shard",
        "keyspaces/ks2/Keyspace",
    ];
    for path in paths {
        store.create(path, Bytes::from_static(path.as_bytes())).await.unwrap();
    }
    let names = |entries: Vec<crate::store::DirEntry>| -> Vec<String> {
        entries.into_iter().map(|entry| entry.name).collect()
    };
    assert_eq!(names(store.list_dir("").await.unwrap()), ["cells", "keyspaces"]);
    assert_eq!(names(store.list_dir("keyspaces").await.unwrap()), ["ks", "ks2"]);
    let shards = names(store.list_dir("keyspaces/ks/shards").await.unwrap());
    assert_eq!(shards, ["-80", "-80-x", "80-"]);
    let inside = store.list_dir("keyspaces/ks").await.unwrap();
    let kinds: Vec<EntryKind> = inside.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [EntryKind::File, EntryKind::Directory]);
    assert!(inside.iter().all(|entry| !entry.ephemeral));
    assert!(store.list_dir("keyspaces/none").await.unwrap_err().is_no_node());
    assert!(store.list_dir("keyspaces/k").await.unwrap_err().is_no_node());

    let listed = store.list("keyspaces/ks/").await.unwrap();
    let found: Vec<&str> = listed.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(found, paths[1..5]);
    assert!(listed.iter().all(|one| one.path.as_bytes() == &one.value.contents[..]));
    let one = &listed[0];
    assert_eq!(store.get(&one.path).await.unwrap(), one.value);
    assert!(store.list("nothing/").await.unwrap().is_empty());
}

async fn long_listings_are_whole(store: Arc<dyn Store>) {
    const COUNT: usize = 2_100;
    for chunk in (0..COUNT).collect::<Vec<_>>().chunks(50) {
        let writes = chunk.iter().map(|index| {
            let store = store.clone();
            async move {
                let contents = Bytes::from(index.to_string());
                store.create(&format!("many/{index:05}/File"), contents).await.unwrap();
            }
        });
        futures::future::join_all(writes).await;
    }
    let listed = store.list("many/").await.unwrap();
    let found: Vec<usize> = listed
        .iter()
        .map(|one| String::from_utf8_lossy(&one.value.contents).parse().unwrap())
        .collect();
    assert_eq!(found, (0..COUNT).collect::<Vec<_>>());
    assert_eq!(store.list_dir("many").await.unwrap().len(), COUNT);
}

async fn roots_are_apart(root: &str, open: Open<'_>) {
    let (one, other) = (open(&format!("{root}/ab")), open(&format!("{root}/a")));
    one.create("File", Bytes::from_static(b"1")).await.unwrap();
    assert!(other.get("File").await.unwrap_err().is_no_node());
    assert!(other.list("").await.unwrap().is_empty());
    let inside = open(&format!("{root}/ab/"));
    assert_eq!(&inside.get("File").await.unwrap().contents[..], b"1");
}

async fn concurrent_updates_are_not_lost(root: &str, open: Open<'_>) {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 10;
    open(root).create("counter", Bytes::from_static(b"0")).await.unwrap();
    let clients: Vec<Arc<dyn Store>> = (0..WRITERS).map(|_| open(root)).collect();
    let writers = clients.iter().map(|store| async move {
        for _ in 0..ROUNDS {
            loop {
                let value = store.get("counter").await.unwrap();
                let count: usize = String::from_utf8_lossy(&value.contents).parse().unwrap();
                let next = Bytes::from((count + 1).to_string());
                match store.update("counter", next, Expect::Version(value.version)).await {
                    Ok(_) => break,
                    Err(TopoError::BadVersion(_)) => {}
                    Err(err) => panic!("an update failed: {err}"),
                }
            }
        }
    });
    futures::future::join_all(writers).await;
    let end = open(root).get("counter").await.unwrap();
    assert_eq!(String::from_utf8_lossy(&end.contents), (WRITERS * ROUNDS).to_string());
}

async fn closed_stores_say_so(store: &dyn Store) {
    store.create("x", Bytes::new()).await.unwrap();
    store.close().await;
    let err = store.get("x").await.unwrap_err();
    assert!(matches!(err, TopoError::Interrupted(_)), "{err}");
}
