//! MySQL connections over sockets: the server's side, the client's side, and pools of the latter.
//!
//! Start at [`server::serve`] with its seams [`Handler`] (what statements mean) and [`AuthServer`]
//! (who may come in); at [`Conn`] for the client; at [`Pool`] for pools. The bytes themselves are
//! `vt-wire`'s affair: here are sockets, buffers, time limits and tasks.
//!
//! The crate knows nothing of SQL, keyspaces or tablets. An error of a handler goes to that client
//! alone; bytes that make no sense end that connection alone.

pub mod auth;
pub mod client;
pub mod pool;
pub mod server;
pub mod socket;
pub mod tls;

mod link;
mod patience;

pub use auth::{Account, AuthServer, AuthenticatedUser, Credential, NoneAuth, StaticAuth};
pub use client::{Address, Conn, ConnectParams, KillHandle, PacketStream, ResultStream, TlsMode};
pub use pool::{Pool, PoolConfig, PoolConn, Pooled, Settings};
pub use server::{
    ConnInfo, Handler, HandlerFactory, Prepared, PreparedStatement, ResultWriter, ServerConfig,
    serve,
};
pub use vt_wire::{Capabilities, EndInfo, SessionChange, status};
