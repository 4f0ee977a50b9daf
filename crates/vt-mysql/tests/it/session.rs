//! How sessions begin, change and end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use vt_mysql::client::Sent;
use vt_mysql::{Address, Capabilities, Conn, NoneAuth, StaticAuth};

use crate::fake::{Fake, until};

fn words(result: &vt_value::QueryResult) -> Vec<String> {
    let row = result.rows.get(0);
    row.columns().map(|value| String::from_utf8(value.unwrap().to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn a_session_knows_its_user_database_and_attributes() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut params = fake.params("me", "whatever");
    params.database = Some("ks:-80@replica".to_owned());
    params.attributes = vec![("program".to_owned(), "test".to_owned())];
    let mut conn = Conn::connect(params.clone()).await.unwrap();
    let result = conn.query("whoami", 1).await.unwrap();
    assert_eq!(words(&result), ["me", "me", "", "ks:-80@replica", "false"]);
    assert_eq!(words(&conn.query("attributes", 9).await.unwrap()), ["program", "test"]);

    conn.init_db("other").await.unwrap();
    assert_eq!(words(&conn.query("whoami", 1).await.unwrap())[3], "other");
    assert_eq!(conn.init_db("nowhere").await.unwrap_err().errno(), 1049);
    conn.ping().await.unwrap();

    params.database = Some("nowhere".to_owned());
    assert_eq!(Conn::connect(params.clone()).await.err().unwrap().errno(), 1049);

    params.address = Address::unix(&fake.socket);
    params.database = None;
    let mut conn = Conn::connect(params).await.unwrap();
    conn.query("begin", 0).await.unwrap();
    conn.close().await;
    fake.finish().await;
}

#[tokio::test]
async fn rows_are_loaded_as_a_file_by_those_who_asked_for_that() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut params = fake.params("me", "");
    params.flags |= Capabilities::LOCAL_FILES;
    let mut conn = Conn::connect(params).await.unwrap();
    for length in [0, 1, 128 << 10, (1 << 20) + 1] {
        let loaded = conn.load_local("load", &vec![b'x'; length]).await.unwrap();
        assert_eq!(loaded.rows_affected, length as u64);
    }
    // A failure behind the file, and one before it, leave the connection as it was.
    assert_eq!(conn.load_local("load badly", b"x").await.unwrap_err().errno(), 1114);
    assert_eq!(conn.load_local("fail", b"x").await.unwrap_err().errno(), 1146);
    // A file that nobody gave is none.
    assert_eq!(conn.query("load", 0).await.unwrap().rows_affected, 0);
    assert!(conn.load_local("begin", b"x").await.is_err());
    assert!(conn.is_broken());
    let mut conn = fake.connect().await;
    assert_eq!(conn.load_local("load", b"x").await.unwrap_err().errno(), 3948);
    fake.finish().await;
}

#[tokio::test]
async fn prepared_statements_take_values_as_they_are() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut conn = fake.connect().await;
    let take = conn.prepare("take ? ? ?").await.unwrap();
    // A value of a whole frame and more is one value.
    for length in [0, 1, 300, 70_000, (1 << 24) + 5] {
        let long = vec![b'\''; length];
        let values = [Sent::Bytes(&long), Sent::Null, Sent::Text(b"abc")];
        let done = conn.execute(take, &values).await.unwrap();
        assert_eq!(done.rows_affected, 1_000_000_003 + 2 * length as u64);
    }
    assert!(conn.execute(take, &[Sent::Null]).await.is_err());
    let nothing = conn.prepare("take").await.unwrap();
    assert_eq!(conn.execute(nothing, &[]).await.unwrap().rows_affected, 0);
    conn.query("begin", 0).await.unwrap();
    assert!(conn.prepare("measure ?").await.is_err());
    assert!(conn.is_broken());
    fake.finish().await;
}

#[tokio::test]
async fn a_change_of_user_is_a_new_session() {
    let users = r#"{"a": [{"Password": "pa"}], "b": [{"Password": "pb", "UserData": "bee"}]}"#;
    let fake = Fake::start(Arc::new(StaticAuth::from_json(users).unwrap())).await;
    let mut conn = Conn::connect(fake.params("a", "pa")).await.unwrap();
    conn.query("begin", 0).await.unwrap();
    conn.change_user("b", "pb", Some("db")).await.unwrap();
    assert_eq!(conn.status_flags() & vt_mysql::status::IN_TRANSACTION, 0);
    let result = conn.query("whoami", 1).await.unwrap();
    assert_eq!(words(&result), ["b", "bee", "", "db", "false"]);
    let error = conn.change_user("a", "wrong", None).await.unwrap_err();
    assert_eq!(error.errno(), 1045);
    assert!(conn.is_broken());
    fake.finish().await;
}

#[tokio::test]
async fn a_client_that_dies_in_a_statement_leaves_nothing_behind() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let counts = Arc::clone(&fake.counts);
    for address in [Address::tcp("127.0.0.1", fake.port), Address::unix(&fake.socket)] {
        let mut params = fake.params("anyone", "");
        params.address = address;
        let mut conn = Conn::connect(params).await.unwrap();
        let asleep = counts.sleeping.load(Ordering::SeqCst);
        let sleeping = tokio::spawn(async move { conn.query("sleep", 1).await });
        until("the statement", || counts.sleeping.load(Ordering::SeqCst) == asleep + 1).await;
        sleeping.abort();
        until("its end", || counts.sleeps_ended.load(Ordering::SeqCst) == asleep + 1).await;
        until("its session's", || counts.closed.load(Ordering::SeqCst) == asleep + 1).await;
    }
    assert_eq!(fake.metrics().connections, 0);
}

#[tokio::test]
async fn a_killed_connection_ends() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut conn = fake.connect().await;
    let error = conn.query("kill me", 1).await.unwrap_err();
    assert_eq!(error.errno(), 2013);
    assert!(conn.is_broken());
    until("the end", || fake.counts.closed.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_drain_lets_transactions_end() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let (mut idle, mut busy) = (fake.connect().await, fake.connect().await);
    busy.query("begin", 0).await.unwrap();
    fake.stop.cancel();
    until("the idle one's end", || fake.counts.closed.load(Ordering::SeqCst) == 1).await;
    assert_eq!(idle.ping().await.unwrap_err().errno(), 1053);
    assert!(Conn::connect(fake.params("anyone", "")).await.is_err(), "nobody else comes in");
    busy.query("echo still", 1).await.unwrap();
    busy.query("commit", 0).await.unwrap();
    fake.finish().await;
    assert!(busy.ping().await.is_err());
}

#[tokio::test]
async fn a_drain_has_an_end() {
    let fake = Fake::start_with(Arc::new(NoneAuth), |config| {
        config.drain_timeout = Duration::from_millis(50);
    })
    .await;
    let mut stuck = fake.connect().await;
    stuck.query("begin", 0).await.unwrap();
    let counts = Arc::clone(&fake.counts);
    fake.finish().await;
    assert_eq!(counts.closed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_silent_client_is_told_why_it_goes() {
    let fake = Fake::start_with(Arc::new(NoneAuth), |config| {
        config.read_timeout = Duration::from_millis(30);
    })
    .await;
    let mut conn = fake.connect().await;
    until("the end", || fake.counts.closed.load(Ordering::SeqCst) == 1).await;
    assert_eq!(conn.ping().await.unwrap_err().errno(), 4031);
}

#[tokio::test]
async fn too_many_clients_are_refused() {
    let fake = Fake::start_with(Arc::new(NoneAuth), |config| config.connections_max = 2).await;
    let first = fake.connect().await;
    let second = fake.connect().await;
    let error = Conn::connect(fake.params("anyone", "")).await.err().unwrap();
    assert_eq!((error.errno(), error.message()), (1040, "Too many connections"));
    assert_eq!(fake.metrics().refused, 1);
    first.close().await;
    until("room", || fake.metrics().connections < 2).await;
    fake.connect().await.ping().await.unwrap();
    drop(second);
    fake.finish().await;
}

#[tokio::test]
async fn an_idle_client_goes_on_where_it_was() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut conn = fake.connect().await;
    conn.query("rows 1000 1000", 1000).await.unwrap();
    // Long enough that the server gives its buffers back.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(words(&conn.query("echo awake", 1).await.unwrap()), ["awake"]);
    fake.finish().await;
}
