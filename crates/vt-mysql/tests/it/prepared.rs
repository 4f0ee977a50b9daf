//! Prepared statements: parameters and columns of every type, long data, what is forgotten when.

use std::sync::Arc;

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use vt_mysql::{Capabilities, NoneAuth};
use vt_wire::command::byte;

use crate::fake::Fake;
use crate::hostile::Raw;
use crate::results::peer;

#[tokio::test]
async fn parameters_of_every_type_become_text() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut conn = mysql_async::Conn::new(peer(&fake)).await.unwrap();
    let statement = conn.prep("give ? ? ? ? ? ? ? ? ?").await.unwrap();
    assert_eq!((statement.num_params(), statement.num_columns()), (9, 2));
    let params = vec![
        Value::NULL,
        Value::Int(-5),
        Value::UInt(u64::MAX),
        Value::Float(0.5),
        Value::Double(-1e300),
        Value::Bytes(b"a\0b".to_vec()),
        Value::Date(2024, 2, 29, 23, 59, 59, 1),
        Value::Time(true, 34, 22, 59, 59, 0),
        Value::Bytes(Vec::new()),
    ];
    for _ in 0..2 {
        let rows: Vec<(String, Option<String>)> =
            conn.exec(&statement, params.clone()).await.unwrap();
        let rows: Vec<(&str, Option<&str>)> =
            rows.iter().map(|(typ, text)| (typ.as_str(), text.as_deref())).collect();
        assert_eq!(
            rows,
            [
                ("NULL_TYPE", None),
                ("INT64", Some("-5")),
                ("UINT64", Some("18446744073709551615")),
                ("FLOAT32", Some("0.5")),
                ("FLOAT64", Some("-1e300")),
                ("VARCHAR", Some("a\0b")),
                ("DATETIME", Some("2024-02-29 23:59:59.000001")),
                ("TIME", Some("-838:59:59")),
                ("VARCHAR", Some("")),
            ]
        );
    }
    conn.close(statement).await.unwrap();
    conn.disconnect().await.unwrap();
    fake.finish().await;
}

#[tokio::test]
async fn columns_of_every_type_are_told_in_binary() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut conn = mysql_async::Conn::new(peer(&fake)).await.unwrap();
    let row: mysql_async::Row = conn.exec_first("typed", ()).await.unwrap().unwrap();
    let bytes = |text: &str| Value::Bytes(text.as_bytes().to_vec());
    assert_eq!(
        row.unwrap(),
        [
            Value::Int(-128),
            Value::Int(255),
            Value::Int(-32768),
            Value::Int(-8_388_608),
            Value::Int(4_294_967_295),
            Value::Int(i64::MIN),
            Value::UInt(u64::MAX),
            Value::Float(0.25),
            Value::Double(-1.5e300),
            bytes("12.50"),
            Value::Date(2024, 2, 29, 0, 0, 0, 0),
            Value::Date(2024, 2, 29, 23, 59, 59, 1),
            Value::Time(true, 34, 22, 59, 59, 0),
            Value::Int(2024),
            bytes("grün"),
            bytes("{\"a\": 1}"),
            Value::NULL,
        ]
    );
    let many: Vec<mysql_async::Row> = conn.exec("typed", ()).await.unwrap();
    assert_eq!(many.len(), 1);
}

#[tokio::test]
async fn a_large_parameter_arrives_in_pieces_or_whole() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let large = "l".repeat(20_000_000);
    let mut conn = mysql_async::Conn::new(peer(&fake)).await.unwrap();
    let rows: Vec<(String, String)> = conn.exec("give ?", (&large,)).await.unwrap();
    assert!(rows[0].1 == large);
    // What is longer than this client's packets goes ahead as long data.
    let opts = peer(&fake).max_allowed_packet(Some(17 << 20));
    let mut conn = mysql_async::Conn::new(opts).await.unwrap();
    let rows: Vec<(String, String)> = conn.exec("measure ?", (&large,)).await.unwrap();
    assert_eq!(rows[0].1, "20000000");
}

fn execute(id: u32, flags: u8) -> Vec<u8> {
    let mut payload = vec![byte::STMT_EXECUTE];
    payload.extend_from_slice(&id.to_le_bytes());
    payload.push(flags);
    payload.extend_from_slice(&1_u32.to_le_bytes());
    payload
}

fn with_id(command: u8, id: u32) -> Vec<u8> {
    let mut payload = vec![command];
    payload.extend_from_slice(&id.to_le_bytes());
    payload
}

#[tokio::test]
async fn statements_that_are_not_there_give_mysqls_errors() {
    let fake = Fake::start_with(Arc::new(NoneAuth), |config| config.statements_max = 2).await;
    let mut raw = Raw::log_in(&fake, Capabilities::DEPRECATE_EOF).await;
    raw.command(&execute(9, 0)).await;
    raw.expect_error(1243).await;
    raw.command(&with_id(byte::STMT_RESET, 9)).await;
    raw.expect_error(1243).await;
    let fetch = [with_id(byte::STMT_FETCH, 9), vec![1, 0, 0, 0]].concat();
    raw.command(&fetch).await;
    raw.expect_error(1243).await;
    // Closing has no answer, so the next packet answers the ping.
    raw.command(&with_id(byte::STMT_CLOSE, 9)).await;
    raw.command(&[byte::PING]).await;
    raw.expect_ok().await;

    for id in [1, 2] {
        raw.command(&[&[byte::STMT_PREPARE], &b"give"[..]].concat()).await;
        let prepared = raw.packet().await;
        assert_eq!(prepared[..5], [0, id, 0, 0, 0]);
        raw.packet().await;
        raw.packet().await;
    }
    raw.command(&[&[byte::STMT_PREPARE], &b"give"[..]].concat()).await;
    raw.expect_error(1461).await;
    // A cursor that is asked for is not opened: the rows come at once.
    raw.command(&execute(1, 1)).await;
    assert_eq!(raw.packet().await, [2]);
    raw.packet().await;
    raw.packet().await;
    assert_eq!(raw.packet().await[0], 0xfe);
    let fetch = [with_id(byte::STMT_FETCH, 1), vec![1, 0, 0, 0]].concat();
    raw.command(&fetch).await;
    raw.expect_error(1421).await;
    raw.command(&[byte::RESET_CONNECTION]).await;
    raw.expect_ok().await;
    raw.command(&execute(1, 0)).await;
    raw.expect_error(1243).await;
}

#[tokio::test]
async fn columns_and_errors_are_written_for_the_client() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut raw = Raw::log_in(&fake, Capabilities::DEPRECATE_EOF).await;
    let has = |packet: &[u8], text: &[u8]| packet.windows(text.len()).any(|one| one == text);
    for (database, column, message) in [
        ("plain", &b"\x04type"[..], &b"Unknown database"[..]),
        ("shout", b"\x04TYPE", b"UNKNOWN DATABASE"),
    ] {
        raw.command(&[&[byte::INIT_DB], database.as_bytes()].concat()).await;
        raw.expect_ok().await;
        raw.command(&[&[byte::STMT_PREPARE], &b"give"[..]].concat()).await;
        raw.packet().await;
        assert!(has(&raw.packet().await, column), "{database}");
        raw.packet().await;
        raw.command(&[&[byte::INIT_DB], &b"nowhere"[..]].concat()).await;
        assert!(has(&raw.packet().await, message), "{database}");
    }
}

#[tokio::test]
async fn clients_that_know_eof_packets_get_them() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut raw = Raw::log_in(&fake, Capabilities::default()).await;
    raw.command(&[&[byte::QUERY], &b"echo a"[..]].concat()).await;
    assert_eq!(raw.packet().await, [1]);
    raw.packet().await;
    assert_eq!(raw.packet().await, [0xfe, 0, 0, 2, 0]);
    assert_eq!(raw.packet().await, [1, b'a']);
    assert_eq!(raw.packet().await, [0xfe, 0, 0, 2, 0]);
    raw.command(&[&[byte::STMT_PREPARE], &b"give ?"[..]].concat()).await;
    assert_eq!(raw.packet().await.len(), 12);
    for is_end in [false, true, false, false, true] {
        assert_eq!(raw.packet().await.len() == 5, is_end);
    }
    raw.command(&[byte::SET_OPTION, 0, 0]).await;
    assert_eq!(raw.packet().await, [0xfe, 0, 0, 2, 0]);
    raw.command(&[&[byte::FIELD_LIST], &b"table\0col%"[..]].concat()).await;
    for _ in 0..3 {
        assert_eq!(raw.packet().await.last(), Some(&0xfb));
    }
    assert_eq!(raw.packet().await, [0xfe, 0, 0, 2, 0]);
    raw.command(&[byte::STATISTICS]).await;
    assert_eq!(raw.packet().await, b"Uptime: 1");
    raw.command(&[byte::DEBUG]).await;
    assert_eq!(raw.packet().await, [0xfe, 0, 0, 2, 0]);
}

#[tokio::test]
async fn query_attributes_reach_the_handler() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let capabilities = Capabilities::DEPRECATE_EOF | Capabilities::QUERY_ATTRIBUTES;
    let mut raw = Raw::log_in(&fake, capabilities).await;
    let attributes = [("trace".to_owned(), vt_value::TypedBytes::varchar("t-1"))];
    let mut payload = Vec::new();
    vt_wire::command::encode_query(&mut payload, b"attributes", &attributes, capabilities);
    raw.command(&payload).await;
    assert_eq!(raw.packet().await, [2]);
    raw.packet().await;
    raw.packet().await;
    assert_eq!(raw.packet().await, b"\x05trace\x03t-1");
}
