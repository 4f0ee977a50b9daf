//! The client's side: one connection to a mysqld, results as the bytes that they came in.

mod conn;
mod connect;
mod kill;
mod login;
mod params;
mod stream;

pub use conn::Conn;
pub use kill::KillHandle;
pub use params::{Address, ConnectParams, TlsMode};
pub use stream::ResultStream;
