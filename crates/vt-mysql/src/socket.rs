//! Sockets of both kinds, plain and under TLS, and who is at the other end.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsStream;

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

enum Kind {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket that several parts of one task look at: one reads and writes, another only watches for
/// its end.
#[derive(Clone)]
pub(crate) struct Socket(Arc<Kind>);

/// How often a socket with unread bytes is looked at for its end.
const WATCH_PERIOD: Duration = Duration::from_millis(200);

macro_rules! on_either {
    ($socket:expr, $stream:ident => $does:expr) => {
        match &*$socket.0 {
            Kind::Tcp($stream) => $does,
            Kind::Unix($stream) => $does,
        }
    };
}

impl Socket {
    /// Takes a TCP stream; small packets are to go out at once.
    pub(crate) fn tcp(stream: TcpStream) -> Socket {
        // It fails where the other end is gone already, which the first read will find out.
        drop(stream.set_nodelay(true));
        Socket(Arc::new(Kind::Tcp(stream)))
    }

    pub(crate) fn unix(stream: UnixStream) -> Socket {
        Socket(Arc::new(Kind::Unix(stream)))
    }

    pub(crate) fn is_unix(&self) -> bool {
        matches!(&*self.0, Kind::Unix(_))
    }

    /// Makes the system ask a silent TCP peer for life.
    pub(crate) fn set_keepalive(&self, period: Duration) -> io::Result<()> {
        match &*self.0 {
            Kind::Tcp(stream) => socket2::SockRef::from(stream)
                .set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(period)),
            Kind::Unix(_) => Ok(()),
        }
    }

    /// Waits until there is something to read, or the end.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        on_either!(self, stream => stream.readable().await)
    }

    /// Waits until the other end has closed its side. Reads nothing.
    pub(crate) async fn closed(&self) {
        loop {
            let Ok(ready) = on_either!(self, stream => stream.ready(Interest::READABLE).await)
            else {
                return;
            };
            if ready.is_read_closed() {
                return;
            }
            // Asking for a byte without taking it clears a readiness that is stale.
            match self.peek() {
                Ok(0) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
                // A client that sends ahead: its bytes stay where they are until their turn.
                Ok(_) => tokio::time::sleep(WATCH_PERIOD).await,
            }
        }
    }

    /// Returns whether the other end is known to have closed its side; asks nobody.
    pub(crate) fn is_closed(&self) -> bool {
        let ready = on_either!(self, stream => stream.ready(Interest::READABLE).now_or_never());
        ready.is_some_and(|ready| ready.map_or(true, |ready| ready.is_read_closed()))
    }

    fn peek(&self) -> io::Result<usize> {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        on_either!(self, stream => stream.try_io(Interest::READABLE, || {
            socket2::SockRef::from(stream).peek(&mut byte)
        }))
    }

    /// Writes what the system takes at once; for a goodbye that nobody waits for.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        on_either!(self, stream => stream.try_write(bytes))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on_either!(self, stream => loop {
            ready!(stream.poll_read_ready(cx))?;
            let room = buf.remaining();
            let mut taken = None;
            let read = stream.try_io(Interest::READABLE, || {
                let length = stream.try_read_buf(buf)?;
                taken = Some(length);
                // A read that leaves room has emptied the socket: to say so here saves the system
                // call that would find nothing.
                if (1..room).contains(&length) {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Ok(())
            });
            match (taken, read) {
                (Some(_), _) | (None, Ok(())) => return Poll::Ready(Ok(())),
                (None, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                (None, Err(error)) => return Poll::Ready(Err(error)),
            }
        })
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_either!(self, stream => loop {
            ready!(stream.poll_write_ready(cx))?;
            match stream.try_write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = on_either!(self, stream => {
            socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Write)
        });
        Poll::Ready(closed)
    }
}

/// A socket some of whose bytes have been read already: clients send the first bytes of TLS right
/// behind the packet that asks for it.
pub(crate) struct Rewound {
    ahead: BytesMut,
    socket: Socket,
}

impl Rewound {
    pub(crate) fn new(ahead: BytesMut, socket: Socket) -> Rewound {
        Rewound { ahead, socket }
    }
}

impl AsyncRead for Rewound {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ahead.is_empty() {
            return Pin::new(&mut this.socket).poll_read(cx, buf);
        }
        let length = this.ahead.len().min(buf.remaining());
        buf.put_slice(&this.ahead.split_to(length));
        if this.ahead.is_empty() {
            this.ahead = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}

/// A socket, perhaps under TLS.
pub(crate) enum Transport {
    Plain(Socket),
    Tls(Box<TlsStream<Rewound>>),
}

impl Transport {
    /// Returns the socket below.
    pub(crate) fn socket(&self) -> &Socket {
        match self {
            Transport::Plain(socket) => socket,
            Transport::Tls(stream) => &stream.get_ref().0.socket,
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        matches!(self, Transport::Tls(_))
    }

    /// Returns whether nobody on the way can read along.
    pub(crate) fn is_secure(&self) -> bool {
        self.is_tls() || self.socket().is_unix()
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Transport::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Transport::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
