//! The client's side: one connection to a mysqld, results as the bytes that they came in.

mod conn;
mod connect;
mod infile;
mod kill;
mod login;
mod packets;
mod params;
mod prepared;
mod result;
mod stream;

pub use conn::Conn;
pub use kill::KillHandle;
pub use packets::PacketStream;
pub use params::{Address, ConnectParams, TlsMode};
pub use prepared::Prepared;
pub use stream::ResultStream;
pub use vt_wire::params::Sent;

/// The errno of a result with more rows than its reader allows; MySQL itself has none such.
pub const ROWS_EXCEEDED: u16 = 10001;
