//! How shards take each other's places, and wait for each other.

use vt_proto::binlogdata::{Journal, KeyspaceShard, VEvent, VEventType};

use super::merge::Arrival;
use super::*;

fn at(shard: &str, gtid: &str) -> ShardGtid {
    ShardGtid {
        keyspace: "ks".into(),
        shard: shard.into(),
        gtid: gtid.into(),
        ..Default::default()
    }
}

fn event(kind: VEventType, gtid: &str) -> VEvent {
    VEvent { r#type: kind.into(), gtid: gtid.into(), ..VEvent::default() }
}

/// The journal of a merge of two shards into one.
fn merged() -> Journal {
    let place = |shard: &str| KeyspaceShard { keyspace: "ks".into(), shard: shard.into() };
    Journal {
        id: 9,
        shard_gtids: vec![at("-", "new")],
        participants: vec![place("-80"), place("80-")],
        ..Journal::default()
    }
}

fn journal_events(gtid: &str) -> Vec<VEvent> {
    let journal = VEvent { journal: Some(merged()), ..event(VEventType::Journal, "") };
    vec![journal, event(VEventType::Gtid, gtid), event(VEventType::Commit, "")]
}

/// Brings both shards to the journal; returns what became of it, and what was told.
async fn brought(ends: Ends) -> (Arrival, Vec<VEvent>) {
    let (out, mut told) = mpsc::channel(10);
    let start = VGtid { shard_gtids: vec![at("-80", "a"), at("80-", "b")] };
    let merge = Merge::new(start, ends, out);
    let first = merge.arrive(0, &merged(), journal_events("a2")).await.unwrap();
    assert_eq!(first, Arrival::Waits);
    assert!(told.try_recv().is_err(), "the position behind it is told too early");
    // The other one goes on meanwhile, and the first stands before the journal.
    let events = vec![event(VEventType::Gtid, "b2"), event(VEventType::Commit, "")];
    assert!(merge.turn().await.send(1, events).await);
    let seen = told.try_recv().unwrap().events;
    assert_eq!(places(&seen), vec!["-80 a", "80- b2"]);
    let last = merge.arrive(1, &merged(), journal_events("b3")).await.unwrap();
    let mut events = Vec::new();
    while let Ok(part) = told.try_recv() {
        events.extend(part.events);
    }
    (last, events)
}

/// Returns the last position that events tell.
fn places(events: &[VEvent]) -> Vec<String> {
    let last = events.iter().filter_map(|event| event.vgtid.as_ref()).next_back();
    let shards = last.map(|vgtid| vgtid.shard_gtids.clone()).unwrap_or_default();
    shards.iter().map(|one| format!("{} {}", one.shard, one.gtid)).collect()
}

fn tells_journal(events: &[VEvent]) -> bool {
    events.iter().any(|event| event.r#type() == VEventType::Journal)
}

#[tokio::test]
async fn shards_take_over_when_all_have_come_to_the_journal() {
    let replaced = Arrival::Replaced(vec![(2, at("-", "new"))]);
    for told in [false, true] {
        let (last, events) = brought(Ends::Never { told }).await;
        assert_eq!(last, replaced);
        assert_eq!(places(&events), vec!["- new"]);
        assert_eq!(tells_journal(&events), told);
    }
    let (last, events) = brought(Ends::WithJournal).await;
    assert_eq!(last, Arrival::Ends);
    assert!(tells_journal(&events));
    assert_eq!(places(&events), vec!["-80 a2", "80- b3"]);
}

#[tokio::test]
async fn a_journal_of_shards_that_the_stream_lacks_or_copies_is_an_error() {
    let arrive = async |start: Vec<ShardGtid>| {
        let (out, _told) = mpsc::channel(10);
        let merge = Merge::new(VGtid { shard_gtids: start }, Ends::WithJournal, out);
        merge.arrive(0, &merged(), Vec::new()).await.unwrap_err().message().to_owned()
    };
    let lacks = arrive(vec![at("-80", "a")]).await;
    assert!(lacks.contains("shard ks/80- was merged with shards of the stream"), "{lacks}");
    let copies = ShardGtid { table_p_ks: vec![Default::default()], ..at("-80", "a") };
    let copies = arrive(vec![copies, at("80-", "b")]).await;
    assert!(copies.contains("resharded while its tables were copied"), "{copies}");
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_is_ahead_waits_for_the_others() {
    let skew = Skew::new(true);
    skew.set(0, 1000);
    // Alone, and near enough, it goes on.
    skew.align(0).await.unwrap();
    skew.set(1, 998);
    skew.align(0).await.unwrap();
    skew.set(0, 1003);
    let ahead = async {
        skew.align(0).await.unwrap();
        "ahead"
    };
    let behind = async {
        skew.align(1).await.unwrap();
        tokio::time::sleep(Duration::from_secs(100)).await;
        skew.set(1, 1001);
        tokio::time::sleep(Duration::from_secs(1)).await;
        "behind"
    };
    tokio::pin!(behind);
    tokio::pin!(ahead);
    let waited = tokio::time::Instant::now();
    let first = tokio::select! { who = ahead => who, who = behind => who };
    assert_eq!((first, waited.elapsed().as_secs()), ("ahead", 100));
    // One that is read no more holds nobody up; one that never comes is an error.
    skew.set(0, 2000);
    assert!(skew.align(0).await.is_err());
    skew.leave(1);
    skew.align(0).await.unwrap();
    let off = Skew::new(false);
    off.set(0, 10);
    off.set(1, 0);
    off.align(0).await.unwrap();
}

#[test]
fn cells_are_read() {
    let read = |list: &str, preference: &str, order: &str| {
        let flags = vtgate::VStreamFlags {
            cells: list.into(),
            cell_preference: preference.into(),
            tablet_order: order.into(),
            ..Default::default()
        };
        cells(&flags).map_err(|err| err.message().to_owned())
    };
    assert_eq!(read("", "", "").unwrap(), Vec::<String>::new());
    assert_eq!(read("a, b", "", "any").unwrap(), ["", "a", "b"]);
    assert_eq!(read("a", "onlyspecified", "inorder").unwrap(), ["a"]);
    assert!(read("", "onlyspecified", "").is_err());
    assert!(read("", "nearest", "").is_err());
    assert!(read("", "", "sorted").is_err());
}
