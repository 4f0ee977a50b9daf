//! The server's side: accepts clients and runs what they ask through a [`Handler`].

mod accept;
mod config;
mod connection;
mod dispatch;
mod errors;
mod handler;
mod ids;
mod login;
mod metrics;
mod proof;
mod statements;
mod writer;

pub use accept::{Listener, SocketFile, serve};
pub use config::ServerConfig;
pub use handler::{ConnInfo, Handler, HandlerFactory, Prepared, PreparedStatement};
pub use ids::{ConnectionId, ConnectionIds};
pub use metrics::{Metrics, Snapshot};
pub use writer::{Encode, Encoder, ResultWriter};
