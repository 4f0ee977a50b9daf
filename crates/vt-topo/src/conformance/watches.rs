//! Watches of one path and of all below a prefix.

use bytes::Bytes;

use super::{Open, not_yet, soon};
use crate::TopoError;
use crate::store::{Expect, Store, Watch, WatchEvent};

pub(super) async fn suite(root: &str, open: Open<'_>) {
    one_path_is_followed(&*open(&format!("{root}/one"))).await;
    a_path_may_be_watched_before_it_exists(&*open(&format!("{root}/absent"))).await;
    a_prefix_is_followed(&*open(&format!("{root}/prefix"))).await;
    waiting_can_be_cancelled(&*open(&format!("{root}/cancel"))).await;
    closing_ends_watches(&*open(&format!("{root}/closed"))).await;
}

/// Reads on until a path has the contents that are expected; merged changes are fine.
async fn expect(watch: &mut dyn Watch, path: &str, contents: Option<&str>) {
    let wanted = contents.map(|text| Bytes::copy_from_slice(text.as_bytes()));
    soon(&format!("{path} becomes {contents:?}"), async {
        loop {
            match watch.next().await.unwrap() {
                WatchEvent::Changed { path: at, value } => {
                    if at == path && value.map(|value| value.contents) == wanted {
                        return;
                    }
                }
                WatchEvent::Lost(err) => panic!("the store was lost: {err}"),
                WatchEvent::Restored => {}
            }
        }
    })
    .await;
}

async fn put(store: &dyn Store, path: &str, text: &str) {
    store.update(path, Bytes::copy_from_slice(text.as_bytes()), Expect::Any).await.unwrap();
}

async fn one_path_is_followed(store: &dyn Store) {
    put(store, "x", "1").await;
    put(store, "xy", "other").await;
    let (value, mut watch) = store.watch("x").await.unwrap();
    assert_eq!(&value.unwrap().contents[..], b"1");
    put(store, "x", "2").await;
    expect(&mut *watch, "x", Some("2")).await;
    put(store, "xy", "other still").await;
    not_yet("an event of another path", watch.next()).await;
    store.delete("x", Expect::Any).await.unwrap();
    expect(&mut *watch, "x", None).await;
    put(store, "x", "3").await;
    expect(&mut *watch, "x", Some("3")).await;
    let version = store.get("x").await.unwrap().version;
    put(store, "x", "4").await;
    let event = soon("the next change", watch.next()).await.unwrap();
    let WatchEvent::Changed { value: Some(value), .. } = event else { panic!("got {event:?}") };
    assert!(value.version > version);
    assert_eq!(store.get("x").await.unwrap().version, value.version);
}

async fn a_path_may_be_watched_before_it_exists(store: &dyn Store) {
    let (value, mut watch) = store.watch("later").await.unwrap();
    assert!(value.is_none());
    put(store, "later", "here").await;
    expect(&mut *watch, "later", Some("here")).await;
}

async fn a_prefix_is_followed(store: &dyn Store) {
    put(store, "tablets/a/Tablet", "1").await;
    put(store, "other/a", "1").await;
    let (values, mut watch) = store.watch_recursive("tablets/").await.unwrap();
    let paths: Vec<&str> = values.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["tablets/a/Tablet"]);
    put(store, "tablets/b/Tablet", "2").await;
    expect(&mut *watch, "tablets/b/Tablet", Some("2")).await;
    put(store, "other/b", "1").await;
    not_yet("an event of another folder", watch.next()).await;
    put(store, "tablets/a/Tablet", "3").await;
    expect(&mut *watch, "tablets/a/Tablet", Some("3")).await;
    store.delete("tablets/a/Tablet", Expect::Any).await.unwrap();
    expect(&mut *watch, "tablets/a/Tablet", None).await;
}

async fn waiting_can_be_cancelled(store: &dyn Store) {
    let (_, mut watch) = store.watch("x").await.unwrap();
    for round in 0..5 {
        not_yet("an event before the write", watch.next()).await;
        put(store, "x", &round.to_string()).await;
        expect(&mut *watch, "x", Some(&round.to_string())).await;
    }
}

async fn closing_ends_watches(store: &dyn Store) {
    let (_, mut watch) = store.watch("x").await.unwrap();
    let (ended, ()) = tokio::join!(soon("the end of the watch", watch.next()), store.close());
    assert!(matches!(ended, Err(TopoError::Interrupted(_))), "{ended:?}");
}
