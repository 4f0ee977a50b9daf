//! Opening a socket.

use std::io;

use tokio::net::{TcpStream, UnixStream};
use vt_base::{Code, Error, Origin, Retry};

use super::Address;
use crate::socket::Socket;

/// Opens a socket to a server.
pub(super) async fn open(address: &Address) -> Result<Socket, Error> {
    let opened = match address {
        Address::Tcp { host, port } => {
            TcpStream::connect((host.as_str(), *port)).await.map(Socket::tcp)
        }
        Address::Unix(path) => UnixStream::connect(path).await.map(Socket::unix),
    };
    opened.map_err(|error| cannot_connect(address, &error))
}

/// Makes the error of a server that cannot be reached, as MySQL's clients word it.
pub(super) fn cannot_connect(address: &Address, error: &io::Error) -> Error {
    let cause = match error.raw_os_error() {
        Some(number) => number.to_string(),
        None => error.to_string(),
    };
    let error = match address {
        Address::Tcp { .. } => Error::mysql(
            2003,
            b"HY000",
            format!("Can't connect to MySQL server on '{address}' ({cause})"),
        ),
        Address::Unix(_) => Error::mysql(
            2002,
            b"HY000",
            format!("Can't connect to local MySQL server through socket '{address}' ({cause})"),
        ),
    };
    error.with_code(Code::Unavailable).with_origin(Origin::Mysql).with_retry(Retry::BeforeSend)
}

/// Makes the error of a server that went away while an answer was awaited.
pub(super) fn lost(cause: impl std::fmt::Display) -> Error {
    Error::mysql(2013, b"HY000", format!("Lost connection to MySQL server during query ({cause})"))
        .with_code(Code::Unavailable)
        .with_origin(Origin::Mysql)
}

/// Makes the error of a connection that was gone before anything was sent.
pub(super) fn gone() -> Error {
    Error::mysql(2006, b"HY000", "MySQL server has gone away")
        .with_code(Code::Unavailable)
        .with_origin(Origin::Mysql)
        .with_retry(Retry::BeforeSend)
}
