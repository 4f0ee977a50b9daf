use serde_json::json;
use vt_base::TabletType;

use super::*;

fn target(shard: &str) -> Target {
    Target::new("ks", shard, TabletType::Primary)
}

fn shard(shard: &str) -> KeyspaceShard {
    KeyspaceShard { keyspace: "ks".into(), shard: shard.into() }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(1)
}

fn buffer(config: BufferConfig) -> (Buffer, Stats) {
    let stats = Stats::new("vtgate");
    (Buffer::new(config, &stats), stats)
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_than_there_are_places() {
    let (buffer, stats) = buffer(BufferConfig { size: 2, ..BufferConfig::default() });
    let first = buffer.enter(&target("-80")).unwrap();
    let second = buffer.enter(&target("80-")).unwrap();
    assert_eq!(buffer.enter(&target("-80")).err(), Some(Skip::Full));
    first.drained(true, soon()).await;
    second.evicted();
    drop(buffer.enter(&target("80-")).unwrap());
    let vars = stats.vars();
    assert_eq!(vars["BufferSize"], 2);
    assert_eq!(vars["BufferRequestsBuffered"], json!({"ks.-80": 1, "ks.80-": 2}));
    assert_eq!(vars["BufferRequestsDrained"], json!({"ks.-80": 1}));
    assert_eq!(vars["BufferRequestsSkipped"], json!({"ks.-80.BufferFull": 1}));
    let evicted = json!({"ks.80-.WindowExceeded": 1, "ks.80-.ContextDone": 1});
    assert_eq!(vars["BufferRequestsEvicted"], evicted);
    assert_eq!(vars["BufferStarts"], json!({"ks.-80": 1, "ks.80-": 1}));
    assert_eq!(vars["BufferStops"], json!({"ks.-80.NewPrimarySeen": 1}));
}

#[tokio::test(start_paused = true)]
async fn who_comes_when_the_outage_is_long_does_not_wait() {
    let (buffer, stats) = buffer(BufferConfig::default());
    let max = BufferConfig::default().outage_max;
    drop(buffer.enter(&target("-")).unwrap());
    for _ in 0..max.as_secs() - 1 {
        tokio::time::advance(Duration::from_secs(1)).await;
        drop(buffer.enter(&target("-")).unwrap());
    }
    tokio::time::advance(Duration::from_millis(999)).await;
    drop(buffer.enter(&target("-")).unwrap());
    tokio::time::advance(Duration::from_millis(1)).await;
    for _ in 0..3 {
        assert_eq!(buffer.enter(&target("-")).err(), Some(Skip::TooLong));
    }
    // The next outage is another one.
    buffer.ended(&shard("-"));
    drop(buffer.enter(&target("-")).unwrap());
    let vars = stats.vars();
    assert_eq!(vars["BufferStops"], json!({"ks.-.MaxDurationExceeded": 1}));
    assert_eq!(vars["BufferStarts"], json!({"ks.-": 2}));
    let ms = u64::try_from(max.as_millis()).unwrap();
    assert_eq!(vars["BufferFailoverDurationSumMs"], json!({"ks.-": ms}));
}

#[tokio::test(start_paused = true)]
async fn an_outage_just_after_another_is_not_waited_out_where_that_is_asked() {
    let pause = Duration::from_secs(60);
    let (buffer, _) = buffer(BufferConfig { outage_pause: pause, ..BufferConfig::default() });
    buffer.enter(&target("-")).unwrap().drained(true, soon()).await;
    assert_eq!(buffer.enter(&target("-")).err(), Some(Skip::TooRecent));
    tokio::time::advance(pause).await;
    assert!(buffer.enter(&target("-")).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_refused_and_is_asked_again_ends_nothing() {
    let (buffer, stats) = buffer(BufferConfig::default());
    for _ in 0..3 {
        buffer.enter(&target("-")).unwrap().drained(false, soon()).await;
    }
    assert_eq!(stats.vars()["BufferStarts"], json!({"ks.-": 1}));
    assert_eq!(stats.vars()["BufferStops"], json!({}));
    // What nobody has met for a while is over, so that it does not count as one long outage.
    tokio::time::advance(BufferConfig::default().outage_max).await;
    assert!(buffer.enter(&target("-")).is_ok());
    assert_eq!(stats.vars()["BufferStarts"], json!({"ks.-": 2}));
}

#[tokio::test(start_paused = true)]
async fn only_shards_that_are_named_wait() {
    let shards = vec!["other".to_owned(), "ks/-80".to_owned()];
    let (named, _) = buffer(BufferConfig { shards, ..BufferConfig::default() });
    assert!(named.enter(&target("-80")).is_ok());
    assert_eq!(named.enter(&target("80-")).err(), Some(Skip::Disabled));
    assert!(named.enter(&Target::new("other", "x", TabletType::Primary)).is_ok());
    let (off, _) = buffer(BufferConfig { is_enabled: false, ..BufferConfig::default() });
    assert_eq!(off.enter(&target("-80")).err(), Some(Skip::Disabled));
}

#[tokio::test(start_paused = true)]
async fn those_that_waited_go_on_so_many_at_once_as_is_asked() {
    let (one, _) = buffer(BufferConfig { drain_concurrency: 1, ..BufferConfig::default() });
    let enter = || one.enter(&target("-")).unwrap();
    let (first, second, third) = (enter(), enter(), enter());
    let turn = first.drained(true, soon()).await;
    assert!(turn.is_some());
    let (next, ()) = tokio::join!(second.drained(true, soon()), async {
        tokio::task::yield_now().await;
        drop(turn);
    });
    assert!(next.is_some(), "it has its turn when the first has ended");
    // A query that takes long holds nobody up beyond the time that he may wait.
    assert!(third.drained(true, soon()).await.is_none());
    let (all, _) = buffer(BufferConfig::default());
    assert!(all.enter(&target("-")).unwrap().drained(true, soon()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_counts_and_lets_nobody_wait() {
    let (buffer, stats) = buffer(BufferConfig { is_dry_run: true, ..BufferConfig::default() });
    for _ in 0..2 {
        assert_eq!(buffer.enter(&target("-")).err(), Some(Skip::DryRun));
    }
    buffer.ended(&shard("-"));
    let vars = stats.vars();
    assert_eq!(vars["BufferStarts"], json!({"ks.-": 1}));
    assert_eq!(vars["BufferStops"], json!({"ks.-.NewPrimarySeen": 1}));
    assert_eq!(vars["BufferRequestsSkipped"], json!({"ks.-.DryRun": 2}));
    assert_eq!(vars["BufferRequestsBuffered"], json!({}));
}
