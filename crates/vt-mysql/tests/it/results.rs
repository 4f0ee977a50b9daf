//! Results of all sizes and kinds, by our client and by an independent one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use mysql_async::prelude::Queryable;
use vt_mysql::client::ROWS_EXCEEDED;
use vt_mysql::{Capabilities, NoneAuth, status};

use crate::fake::{Fake, until};

pub(crate) fn peer(fake: &Fake) -> mysql_async::OptsBuilder {
    mysql_async::OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(fake.port)
        .user(Some("anyone"))
        .prefer_socket(false)
        // It asks the server for these otherwise.
        .max_allowed_packet(Some(64 << 20))
        .wait_timeout(Some(1000))
}

#[tokio::test]
async fn rows_arrive_as_they_were_sent() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut conn = fake.connect().await;
    let result = conn.query("echo a b", 10).await.unwrap();
    assert_eq!(result.fields.len(), 2);
    assert_eq!(result.rows.get(0).column(1), Some(&b"b"[..]));
    let result = conn.query("rows 1000 300", 1000).await.unwrap();
    assert_eq!(result.rows.len(), 1000);
    assert_eq!(result.rows.get(999).column(0), Some(&b"999"[..]));
    assert_eq!(result.warnings, 3);
    let result = conn.query("insert 5", 0).await.unwrap();
    assert_eq!((result.rows_affected, result.insert_id), (5, 77));
    assert_eq!(&*result.info, "Records: 5");
    assert_eq!(&*result.session_state_changes, "uuid:1-5");
    fake.finish().await;
}

#[tokio::test]
async fn packets_beyond_16_mib_go_both_ways_under_every_compression() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    for flags in [Capabilities::default(), Capabilities::COMPRESS, Capabilities::ZSTD] {
        let mut params = fake.params("anyone", "");
        params.flags = flags;
        let mut conn = vt_mysql::Conn::connect(params).await.unwrap();
        assert!(conn.capabilities().has(flags));
        // The reply of the second is one frame exactly, and an empty one after it.
        let sizes = [(1 << 24) - 10, (1 << 24) - 1 - 4, (1 << 24) + 5, 20_000_000];
        // Without optimisation, compressing takes its time.
        let few = if flags == Capabilities::default() { 0 } else { 3 };
        for size in &sizes[few..] {
            let word = "w".repeat(*size);
            let result = conn.query(format!("echo {word}"), 1).await.unwrap();
            assert!(result.rows.get(0).column(0) == Some(word.as_bytes()), "of {size} bytes");
        }
        let word = "w".repeat(1_000_000);
        let mut stream = conn.query_stream(format!("echo {word} {word}"), 100).await.unwrap();
        let rows = stream.next_batch().await.unwrap().unwrap();
        assert!(rows.get(0).column(1) == Some(word.as_bytes()));
        assert!(stream.next_batch().await.unwrap().is_none());
        let many = conn.query("rows 20000 1000", 20_000).await.unwrap();
        assert_eq!(many.rows.len(), 20_000);
    }
}

#[tokio::test]
async fn an_independent_client_reads_the_same() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    for level in [None, Some(mysql_async::Compression::fast())] {
        let mut conn = mysql_async::Conn::new(peer(&fake).compression(level)).await.unwrap();
        let rows: Vec<(i64, String)> = conn.query("rows 300 500").await.unwrap();
        assert_eq!(rows.len(), 300);
        assert_eq!(rows[299], (299, "x".repeat(500)));
        let word = "w".repeat(20_000_000);
        let back: Option<String> = conn.query_first(format!("echo {word}")).await.unwrap();
        assert!(back.unwrap() == word);
        let result = conn.query_iter("insert 5").await.unwrap();
        assert_eq!((result.affected_rows(), result.last_insert_id()), (5, Some(77)));
        assert_eq!(result.info(), "Records: 5");
        result.drop_result().await.unwrap();
        let error = conn.query_drop("fail").await.unwrap_err().to_string();
        assert!(error.contains("ERROR 1146 (42S02): Table 'a.b' doesn't exist"), "{error}");
        conn.ping().await.unwrap();
        conn.disconnect().await.unwrap();
    }
    fake.finish().await;
}

#[tokio::test]
async fn a_statement_may_have_several_results() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut conn = fake.connect().await;
    let results = conn.query_multi("echo a;insert 1;rows 2 3;insert 9", 10).await.unwrap();
    let shapes: Vec<_> = results.iter().map(|one| (one.rows.len(), one.rows_affected)).collect();
    assert_eq!(shapes, [(1, 0), (0, 1), (2, 0), (0, 9)]);
    let has_more: Vec<_> =
        results.iter().map(|one| one.status_flags & status::MORE_RESULTS != 0).collect();
    assert_eq!(has_more, [true, true, true, false]);

    // An error ends the list, wherever it comes, and the connection goes on.
    for failing in ["echo a;fail", "insert 1;fail midway;echo b", "fail;echo a"] {
        conn.query_multi(failing, 10).await.unwrap_err();
        conn.ping().await.unwrap();
    }
    let first = conn.query("echo first;echo second;insert 1", 10).await.unwrap();
    assert_eq!(first.rows.get(0).column(0), Some(&b"first"[..]));
    conn.ping().await.unwrap();
}

#[tokio::test]
async fn errors_of_the_handler_reach_that_client_alone() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let (mut conn, mut other) = (fake.connect().await, fake.connect().await);
    let error = conn.query("fail", 1).await.unwrap_err();
    assert_eq!((error.errno(), &error.sql_state()), (1146, b"42S02"));
    assert_eq!(error.message(), "Table 'a.b' doesn't exist");
    assert_eq!(conn.query("fail midway", 9).await.unwrap_err().errno(), 1317);
    assert_eq!(conn.query("gibberish", 9).await.unwrap_err().errno(), 1064);
    let error = conn.query("nothing", 9).await.unwrap_err();
    assert!(error.message().starts_with("VT13001"), "{error}");
    assert!(!conn.is_broken());

    let error = conn.query("panic", 9).await.unwrap_err();
    assert!(error.message().starts_with("VT13001"), "{error}");
    until("the end of the session", || fake.counts.closed.load(Ordering::SeqCst) == 1).await;
    assert_eq!(fake.metrics().panics, 1);
    other.ping().await.unwrap();
    fake.finish().await;
}

#[tokio::test]
async fn a_result_with_too_many_rows_is_an_error() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut conn = fake.connect().await;
    assert_eq!(conn.query("rows 10 1", 10).await.unwrap().rows.len(), 10);
    let error = conn.query("rows 11 1", 10).await.unwrap_err();
    assert_eq!((error.errno(), error.message()), (ROWS_EXCEEDED, "Row count exceeded 10"));
    conn.ping().await.unwrap();
    let error = conn.query("rows 3000 1000", 10).await.unwrap_err();
    assert_eq!(error.errno(), ROWS_EXCEEDED);
    assert!(conn.is_broken(), "the rest was too long to read");
}

#[tokio::test]
async fn a_stream_hands_rows_over_in_batches() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut conn = fake.connect().await;
    let mut stream = conn.query_stream("rows 1000 100", 5000).await.unwrap();
    assert_eq!(stream.fields().len(), 2);
    let (mut rows, mut batches) = (0, 0);
    while let Some(batch) = stream.next_batch().await.unwrap() {
        // More than asked for, but not without end, by what has come already.
        assert!(batch.data().len() < 8 * 5000 + 200);
        rows += batch.len();
        batches += 1;
    }
    assert_eq!(rows, 1000);
    assert!(batches > 2);
    assert_eq!(stream.end().unwrap().warnings, 3);
    assert_eq!(stream.next_batch().await.unwrap(), None);
    conn.ping().await.unwrap();

    let mut stream = conn.query_stream("insert 3", 5000).await.unwrap();
    assert!(stream.next_batch().await.unwrap().is_none());
    assert_eq!(stream.end().unwrap().affected_rows, 3);

    let mut stream = conn.query_stream("rows 100000 100", 5000).await.unwrap();
    stream.next_batch().await.unwrap();
    drop(stream);
    assert!(conn.is_broken(), "rows are still on their way");
    assert_eq!(conn.ping().await.unwrap_err().errno(), 2006);
}
