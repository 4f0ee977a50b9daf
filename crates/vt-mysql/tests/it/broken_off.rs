//! A server that closes while a command is still being sent, having said why.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use vt_mysql::{Address, Conn, NoneAuth};

use crate::fake::Fake;

/// What is forwarded before the connection breaks off; a login is shorter.
const LIMIT: u64 = 64 << 10;

/// Forwards one connection to the fake server until the client has sent more than the limit;
/// answers then by `last_words` and closes, with the rest of the command unread.
async fn break_off(listener: TcpListener, to: u16, last_words: Vec<u8>) {
    let (mut client, _) = listener.accept().await.unwrap();
    let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
    let (client_in, mut client_out) = client.split();
    let (mut server_in, mut server_out) = server.split();
    let mut limited = client_in.take(LIMIT);
    tokio::select! {
        _ = copy(&mut limited, &mut server_out) => {}
        _ = copy(&mut server_in, &mut client_out) => {}
    }
    client_out.write_all(&last_words).await.unwrap();
}

async fn errno_after(last_words: &[u8]) -> (u16, String) {
    let fake = Fake::start(Arc::new(NoneAuth)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = tokio::spawn(break_off(listener, fake.port, last_words.to_vec()));
    let mut params = fake.params("anyone", "");
    params.address = Address::tcp("127.0.0.1", port);
    let mut conn = Conn::connect(params).await.unwrap();
    let error = conn.query("e".repeat(48 << 20), 1).await.unwrap_err();
    assert!(conn.is_broken());
    proxy.await.unwrap();
    (error.errno(), error.message().to_owned())
}

#[tokio::test]
async fn the_error_that_it_said_is_the_commands_error() {
    let message = b"Got a packet bigger than 'max_allowed_packet' bytes";
    // Numbered by what the server had read when it gave up, which is not what was sent.
    let mut packet = vec![9 + message.len() as u8, 0, 0, 2, 0xff, 0x81, 0x04];
    packet.extend_from_slice(b"#08S01");
    packet.extend_from_slice(message);
    let (errno, text) = errno_after(&packet).await;
    assert_eq!(errno, 1153);
    assert_eq!(text.as_bytes(), message);
}

#[tokio::test]
async fn one_that_said_nothing_or_something_else_has_gone_away() {
    for words in [&b""[..], b"\x01", b"\x01\x00\x00\x01\x00", b"\xff\xff\xff\x00\xff"] {
        let (errno, _) = errno_after(words).await;
        assert!([2006, 2013].contains(&errno), "{errno}");
    }
}
