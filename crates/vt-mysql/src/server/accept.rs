//! Listening, and one task for each client.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::join_all;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vt_base::{Error, Result};
use vt_wire::{Capabilities, ErrorPacket, frame};

use super::login::Secrets;
use super::{HandlerFactory, ServerConfig, connection, errors, metrics};
use crate::socket::{Peer, Socket};

/// Clients that wait to be accepted; the system has a limit of its own.
const BACKLOG: u32 = 4096;
/// How long accepting rests when the system has no more descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A socket that clients connect to.
pub enum Listener {
    Tcp(TcpListener),
    /// The file is removed when the listener is dropped.
    Unix(UnixListener, SocketFile),
}

/// The file of a Unix socket.
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may have been removed by hand, which is as good.
        drop(std::fs::remove_file(&self.0));
    }
}

impl Listener {
    /// Listens on an address; port 0 takes a free one.
    #[expect(clippy::unused_async, reason = "both kinds of listeners are made alike")]
    pub async fn tcp(address: SocketAddr) -> io::Result<Listener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Listener::Tcp(socket.listen(BACKLOG)?))
    }

    /// Listens on a path, taking the place of a socket that nobody listens on any more.
    pub async fn unix(path: &Path) -> io::Result<Listener> {
        let is_socket =
            std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
        if is_socket && UnixStream::connect(path).await.is_err() {
            std::fs::remove_file(path)?;
        }
        Ok(Listener::Unix(UnixListener::bind(path)?, SocketFile(path.to_owned())))
    }

    /// Returns the port of a TCP listener.
    pub fn port(&self) -> Option<u16> {
        match self {
            Listener::Tcp(listener) => listener.local_addr().ok().map(|address| address.port()),
            Listener::Unix(..) => None,
        }
    }

    async fn accept(&self) -> io::Result<(Accepted, Peer)> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok((Accepted::Tcp(stream.into_std()?), Peer::Tcp(address)))
            }
            Listener::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Accepted::Unix(stream.into_std()?), Peer::Unix))
            }
        }
    }
}

/// A client's socket that belongs to no runtime yet.
enum Accepted {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

impl Accepted {
    /// Gives the socket to the runtime of this task.
    fn into_socket(self) -> io::Result<Socket> {
        Ok(match self {
            Accepted::Tcp(stream) => Socket::tcp(TcpStream::from_std(stream)?),
            Accepted::Unix(stream) => Socket::unix(UnixStream::from_std(stream)?),
        })
    }
}

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) config: Arc<ServerConfig>,
    pub(super) handlers: Arc<dyn HandlerFactory>,
    pub(super) secrets: Secrets,
    /// Cancelled when clients outside of transactions are to go.
    pub(super) drain: CancellationToken,
    /// Cancelled when all are to go.
    pub(super) kill: CancellationToken,
}

/// A place among the connections, free again when dropped.
pub(super) struct Place(Arc<ServerConfig>);

impl Place {
    fn connections(&self) -> &AtomicU64 {
        &self.0.metrics.connections
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections().fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves clients until `stop` is cancelled, then drains: clients outside transactions are let go,
/// the others have `config.drain_timeout` to end theirs.
///
/// Returns when the last connection has ended.
pub async fn serve(
    listeners: Vec<Listener>,
    config: Arc<ServerConfig>,
    handlers: Arc<dyn HandlerFactory>,
    stop: CancellationToken,
) -> Result<()> {
    if listeners.is_empty() {
        return Err(Error::bug("a server without listeners"));
    }
    let kill = CancellationToken::new();
    // However this future ends, no connection outlives it.
    let _kill_on_drop = kill.clone().drop_guard();
    let shared = Arc::new(Shared {
        config: Arc::clone(&config),
        handlers,
        secrets: Secrets::default(),
        drain: stop.clone(),
        kill: kill.clone(),
    });
    let tasks = TaskTracker::new();
    let accepting = join_all(listeners.iter().map(|listener| accept(listener, &shared, &tasks)));
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        _ = accepting => {}
    }
    drop(listeners);
    tasks.close();
    if tokio::time::timeout(config.drain_timeout, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "connections did not end in time");
        kill.cancel();
        tasks.wait().await;
    }
    Ok(())
}

async fn accept(listener: &Listener, shared: &Arc<Shared>, tasks: &TaskTracker) {
    loop {
        match listener.accept().await {
            Ok((accepted, peer)) => match take_place(&shared.config) {
                Some(place) => {
                    metrics::add(&shared.config.metrics.accepted, 1);
                    let id = shared.config.ids.take();
                    let shared = Arc::clone(shared);
                    let lanes = shared.config.lanes.clone();
                    lanes.spawn(tasks, async move {
                        let _place = place;
                        match accepted.into_socket() {
                            Ok(socket) => connection::run(shared, socket, peer, id.number()).await,
                            Err(error) => tracing::warn!(%error, "cannot serve a connection"),
                        }
                    });
                }
                None => {
                    metrics::add(&shared.config.metrics.refused, 1);
                    refuse(&accepted);
                }
            },
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn take_place(config: &Arc<ServerConfig>) -> Option<Place> {
    let place = Place(Arc::clone(config));
    let before = place.connections().fetch_add(1, Ordering::Relaxed);
    (before < config.connections_max as u64).then_some(place)
}

fn refuse(accepted: &Accepted) {
    let (mut out, mut sequence) = (Vec::new(), 0);
    let start = frame::begin(&mut out);
    // What the client can do is not known yet, so the packet has the form of old.
    ErrorPacket::of(&errors::too_many_connections()).encode(&mut out, Capabilities::default());
    frame::finish(&mut out, start, &mut sequence);
    // The buffer of a new socket has room for it, or the client is gone. The runtime would first
    // wait to hear that it has.
    drop(match accepted {
        Accepted::Tcp(stream) => (&*stream).write(&out),
        Accepted::Unix(stream) => (&*stream).write(&out),
    });
}
