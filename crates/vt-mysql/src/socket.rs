//! Sockets of both kinds, and who is at the other end.

use std::fmt;
use std::net::IpAddr;
use std::net::SocketAddr;

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    Tcp(SocketAddr),
    Unix,
}

impl Peer {
    /// Returns what MySQL writes after the `@` of an account: an address without port, `localhost`
    /// for a Unix socket.
    pub fn host(&self) -> String {
        match self {
            Peer::Tcp(address) => address.ip().to_canonical().to_string(),
            Peer::Unix => "localhost".to_owned(),
        }
    }

    /// Returns whether the other end is on this machine.
    pub fn is_local(&self) -> bool {
        match self {
            Peer::Tcp(address) => match address.ip().to_canonical() {
                IpAddr::V4(address) => address.is_loopback(),
                IpAddr::V6(address) => address.is_loopback(),
            },
            Peer::Unix => true,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(address) => write!(f, "{address}"),
            Peer::Unix => f.write_str("localhost"),
        }
    }
}
