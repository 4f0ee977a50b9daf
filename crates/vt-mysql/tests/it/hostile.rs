//! Bytes that no client of good will sends: an error for them, and nothing for anyone else.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vt_mysql::{Capabilities, NoneAuth};
use vt_wire::command::byte;
use vt_wire::frame::{self, FRAME_MAX, Header};
use vt_wire::handshake::{Greeting, Response};
use vt_wire::{ErrorPacket, end};

use crate::fake::{Fake, until};

/// A socket whose packets are made by hand.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    /// The id that the server's next packet should have.
    sequence: u8,
}

impl Raw {
    /// Connects and reads the greeting.
    pub(crate) async fn connect(fake: &Fake) -> Raw {
        let stream = TcpStream::connect(("127.0.0.1", fake.port)).await.unwrap();
        let mut raw = Raw { stream, sequence: 0 };
        Greeting::decode(&raw.packet().await).unwrap();
        raw
    }

    /// Logs in with these capabilities and those that it takes.
    pub(crate) async fn log_in(fake: &Fake, capabilities: Capabilities) -> Raw {
        let mut raw = Raw::connect(fake).await;
        raw.send(1, &response(capabilities)).await;
        raw.sequence = 2;
        raw.expect_ok().await;
        raw
    }

    pub(crate) async fn send(&mut self, mut sequence: u8, payload: &[u8]) {
        let mut out = Vec::new();
        frame::put_packet(&mut out, &mut sequence, payload);
        self.stream.write_all(&out).await.unwrap();
        self.sequence = sequence;
    }

    pub(crate) async fn command(&mut self, payload: &[u8]) {
        self.send(0, payload).await;
    }

    pub(crate) async fn packet(&mut self) -> Vec<u8> {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).await.unwrap();
        let Header { length, sequence } = Header::read(&header).unwrap();
        assert_eq!(sequence, self.sequence);
        self.sequence = sequence.wrapping_add(1);
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).await.unwrap();
        payload
    }

    pub(crate) async fn expect_ok(&mut self) {
        assert_eq!(self.packet().await[0], end::OK);
    }

    pub(crate) async fn expect_error(&mut self, errno: u16) {
        let packet = ErrorPacket::decode(&self.packet().await).unwrap();
        assert_eq!(packet.errno, errno, "{packet:?}");
    }

    async fn expect_end(&mut self) {
        assert_eq!(self.stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
    }
}

fn response(capabilities: Capabilities) -> Vec<u8> {
    let response = Response {
        capabilities: capabilities
            | Capabilities::PROTOCOL_41
            | Capabilities::SECURE_CONNECTION
            | Capabilities::PLUGIN_AUTH
            | Capabilities::PLUGIN_AUTH_LENENC,
        user: "anyone".to_owned(),
        plugin: "mysql_native_password".to_owned(),
        ..Response::default()
    };
    let mut payload = Vec::new();
    response.encode(&mut payload);
    payload
}

#[tokio::test]
async fn garbage_instead_of_a_login_is_a_bad_handshake() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut other = fake.connect().await;
    for garbage in [&b""[..], b"x", b"GET / HTTP/1.1\r\nHost: gate\r\n\r\n", &[0; 32], &[0xff; 200]]
    {
        let mut raw = Raw::connect(&fake).await;
        raw.send(1, garbage).await;
        raw.expect_error(1043).await;
        raw.expect_end().await;
    }
    // TLS is asked for where it is not offered.
    let mut raw = Raw::connect(&fake).await;
    let front = response(Capabilities::SSL)[..32].to_vec();
    raw.send(1, &front).await;
    raw.expect_error(1043).await;

    let mut raw = Raw::connect(&fake).await;
    raw.stream.write_all(b"GET / HTTP/1.1\r\nHost: gate\r\n\r\n").await.unwrap();
    // The letters of the header are a length and an id that does not follow.
    raw.sequence = 1;
    raw.expect_error(1156).await;
    raw.expect_end().await;

    let mut raw = Raw::connect(&fake).await;
    raw.send(1, &vec![b'x'; 1 << 20]).await;
    raw.sequence = 1;
    raw.expect_error(1153).await;
    other.ping().await.unwrap();
    until("the others' end", || fake.metrics().connections == 1).await;
}

#[tokio::test]
async fn a_client_that_stops_midway_holds_up_nobody() {
    let fake = Fake::start_with(Arc::new(NoneAuth), |config| {
        config.connect_timeout = Duration::from_millis(100);
    })
    .await;
    let whole = response(Capabilities::DEPRECATE_EOF);
    let mut held = Vec::new();
    for length in 0..whole.len() {
        let mut raw = Raw::connect(&fake).await;
        let mut out = Vec::new();
        frame::put_packet(&mut out, &mut 1, &whole);
        raw.stream.write_all(&out[..length]).await.unwrap();
        held.push(raw);
    }
    fake.connect().await.ping().await.unwrap();
    until("time-outs", || fake.metrics().connections == 0).await;
    drop(held);
}

#[tokio::test]
async fn malformed_commands_are_errors_and_the_connection_goes_on() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let capabilities = Capabilities::DEPRECATE_EOF | Capabilities::QUERY_ATTRIBUTES;
    let mut raw = Raw::log_in(&fake, capabilities).await;
    for (payload, errno) in [
        (&[][..], 1047),
        (&[0x7f], 1047),
        (&[byte::SHUTDOWN], 1047),
        (&[byte::SLEEP], 1047),
        (&[byte::BINLOG_DUMP_GTID, 1, 2], 1047),
        (&[byte::QUERY], 1835),
        (&[byte::QUERY, 0xfe, 1], 1835),
        (&[byte::QUERY, 0xfc, 0xff, 0xff, 1, 0, 0], 1835),
        (&[byte::STMT_EXECUTE, 1], 1835),
        (&[byte::SET_OPTION], 1835),
        (&[byte::SET_OPTION, 9, 9], 1047),
        (&[byte::PROCESS_KILL, 1, 0, 0, 0], 1047),
        (&[byte::INIT_DB, 0xff], 1049),
    ] {
        raw.command(payload).await;
        raw.expect_error(errno).await;
    }
    raw.command(&[byte::PING]).await;
    raw.expect_ok().await;
}

#[tokio::test]
async fn values_that_do_not_fit_their_statement_are_refused() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut raw = Raw::log_in(&fake, Capabilities::DEPRECATE_EOF).await;
    raw.command(&[&[byte::STMT_PREPARE], &b"give ? ?"[..]].concat()).await;
    for _ in 0..5 {
        raw.packet().await;
    }
    let front = [byte::STMT_EXECUTE, 1, 0, 0, 0, 0, 1, 0, 0, 0];
    for values in [
        &[][..],
        &[0],
        &[0, 0],
        &[0, 1, 3, 0],
        &[0, 1, 3, 0, 3, 0],
        &[0, 1, 3, 0, 3, 0, 1, 0, 0, 0],
        &[0, 1, 253, 0, 253, 0, 0xfe, 255, 255, 255, 255, 255, 255, 255, 255],
        &[0, 1, 12, 0, 12, 0, 200, 1, 1, 1],
        &[0, 1, 5, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f],
    ] {
        raw.command(&[&front, values].concat()).await;
        raw.expect_error(1835).await;
    }
    raw.command(&[&front, &[0b11, 1, 6, 0, 6, 0][..]].concat()).await;
    assert_eq!(raw.packet().await, [2]);
}

#[tokio::test]
async fn packets_out_of_order_end_the_connection() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut raw = Raw::log_in(&fake, Capabilities::DEPRECATE_EOF).await;
    raw.send(5, &[byte::PING]).await;
    raw.sequence = 0;
    raw.expect_error(1156).await;
    raw.expect_end().await;
    until("the end", || fake.counts.closed.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_packet_that_is_too_long_is_an_error_and_the_connection_goes_on() {
    let fake = Fake::start_with(Arc::new(NoneAuth), |config| config.packet_max = 1 << 20).await;
    let mut raw = Raw::log_in(&fake, Capabilities::DEPRECATE_EOF).await;
    for length in [(1 << 20) + 1, FRAME_MAX, FRAME_MAX + 100] {
        raw.command(&vec![byte::QUERY; length]).await;
        raw.expect_error(1153).await;
        raw.command(&[byte::PING]).await;
        raw.expect_ok().await;
    }
    let mut conn = fake.connect().await;
    let error = conn.query("e".repeat(3 << 20), 1).await.unwrap_err();
    assert_eq!(error.errno(), 1153);
    assert_eq!(error.message(), "Got a packet bigger than 'max_allowed_packet' bytes");
    conn.ping().await.unwrap();
}

#[tokio::test]
async fn compressed_garbage_ends_the_connection() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    for flag in [Capabilities::COMPRESS, Capabilities::ZSTD] {
        let mut raw = Raw::log_in(&fake, Capabilities::DEPRECATE_EOF | flag).await;
        raw.stream.write_all(&[5, 0, 0, 0, 100, 0, 0, 1, 2, 3, 4, 5]).await.unwrap();
        let mut answer = Vec::new();
        raw.stream.read_to_end(&mut answer).await.unwrap();
        // A frame that is too short to be worth compressing, and the packet within.
        let packet = ErrorPacket::decode(&answer[7 + 4..]).unwrap();
        assert_eq!(packet.errno, 1157);
    }
}

#[tokio::test]
async fn random_bytes_after_the_login_do_no_harm() {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..200 {
        let mut raw = Raw::log_in(
            &fake,
            Capabilities(random() as u32)
                .without(Capabilities::CONNECT_WITH_DB | Capabilities::SSL),
        )
        .await;
        let mut bytes: Vec<u8> = (0..random() % 300).map(|_| random() as u8).collect();
        if round % 2 == 0 {
            // A sound header lets the bytes through to the commands.
            let mut framed = Vec::new();
            frame::put_packet(&mut framed, &mut 0, &bytes);
            bytes = framed;
        }
        raw.stream.write_all(&bytes).await.unwrap();
        raw.stream.shutdown().await.unwrap();
        drop(raw.stream.read_to_end(&mut Vec::new()).await);
    }
    assert_eq!(fake.metrics().panics, 0);
    fake.connect().await.ping().await.unwrap();
    until("their end", || fake.metrics().connections == 0).await;
}
