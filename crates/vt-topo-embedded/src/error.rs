//! Why the server cannot run, in words for whoever starts it.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server could not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the topology's port {0} is taken by another process; stop it or choose another port")]
    PortTaken(SocketAddr),
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("the topology's data file {0} is in use by another process; stop that one first")]
    InUse(PathBuf),
    #[error("no space left on the disk for the topology's data file {0}")]
    DiskFull(PathBuf),
    #[error("cannot open the topology's data file {path}: {detail}")]
    Data { path: PathBuf, detail: String },
    #[error("the topology's server has failed: {0}")]
    Failed(String),
}
