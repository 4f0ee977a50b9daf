//! The same transport between processes of one machine: a Unix socket costs half of what TCP does.
//!
//! The name of the socket is made of the TCP port, in the abstract namespace: it needs no file, goes
//! with its process, and is seen by those alone who see the machine's ports too. Where it cannot be
//! had, on either side, TCP serves.

use tokio::net::{UnixListener, UnixStream};

/// Listens beside a TCP port; `None` where the system knows no such names, or the name is taken.
pub(super) fn listen(port: u16) -> Option<UnixListener> {
    match abstract_name::listen(port) {
        Ok(listener) => Some(listener),
        Err(error) => {
            tracing::debug!(%error, port, "framed connections of this machine go over TCP");
            None
        }
    }
}

/// Connects to the tablet behind an address of this machine; `None` sends the caller to TCP.
pub(super) fn connect(address: &str) -> Option<UnixStream> {
    let (host, port) = address.rsplit_once(':')?;
    if !is_here(host) {
        return None;
    }
    let stream = abstract_name::connect(port.parse().ok()?).ok()?;
    // A process of another user may have taken the name: it is not believed.
    let is_ours = stream.peer_cred().is_ok_and(|peer| peer.uid() == own_user());
    is_ours.then_some(stream)
}

/// Returns whether a name is this machine's.
fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        // At another of the loopback's addresses something else may listen, which passes on.
        Ok(std::net::IpAddr::V4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Ok(std::net::IpAddr::V6(address)) => address.is_loopback(),
        Err(_) => {
            let own = rustix::system::uname();
            host == "localhost" || own.nodename().to_bytes() == host.as_bytes()
        }
    }
}

fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(target_os = "linux")]
mod abstract_name {
    use std::io;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net;

    use tokio::net::{UnixListener, UnixStream};

    fn name(port: u16) -> String {
        format!("vitrum-tablet-{port}")
    }

    pub(super) fn listen(port: u16) -> io::Result<UnixListener> {
        let address = net::SocketAddr::from_abstract_name(name(port))?;
        let listener = net::UnixListener::bind_addr(&address)?;
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener)
    }

    /// Connects at once or not at all: a full queue is no reason to wait.
    pub(super) fn connect(port: u16) -> io::Result<UnixStream> {
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        // A path that begins with a NUL is a name of the abstract namespace.
        socket.connect(&socket2::SockAddr::unix(format!("\0{}", name(port)))?)?;
        UnixStream::from_std(std::os::fd::OwnedFd::from(socket).into())
    }
}

#[cfg(not(target_os = "linux"))]
mod abstract_name {
    use std::io;

    use tokio::net::{UnixListener, UnixStream};

    pub(super) fn listen(_: u16) -> io::Result<UnixListener> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn connect(_: u16) -> io::Result<UnixStream> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_addresses_of_this_machine_are_near() {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        assert!(connect(&format!("127.0.0.1:{port}")).is_none(), "nobody listens");
        let _listener = listen(port).unwrap();
        assert!(listen(port).is_none(), "the name is taken");
        assert!(connect(&format!("127.0.0.1:{port}")).is_some());
        assert!(connect(&format!("[::1]:{port}")).is_some());
        assert!(connect(&format!("localhost:{port}")).is_some());
        assert!(
            connect(&format!("127.1.0.1:{port}")).is_none(),
            "what listens there may be a proxy"
        );
        assert!(connect(&format!("192.0.2.1:{port}")).is_none());
        assert!(connect(&format!("elsewhere.example:{port}")).is_none());
    }
}
