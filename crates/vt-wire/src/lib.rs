//! MySQL's protocol without I/O: bytes to packets and back, for both ends of a connection.
//!
//! Start at [`frame`] (how packets lie in the stream) and [`command`] (what a client asks); then
//! [`handshake`] and [`auth`] (how a connection begins), [`column`], [`row`], [`binary`] and [`end`]
//! (how a result is told). Page names in comments are those of MySQL's "Client/Server Protocol".
//!
//! Every decoder takes bytes of a stranger: it checks each length before it reads, allocates no
//! more than it was sent, never panics, and says [`Malformed`] when the bytes make no sense.
//!
//! The crate is pure: it knows no socket, task or clock, and nothing of keyspaces or tablets.
//! Chance reaches it as an argument, except within the padding of RSA ([`auth::rsa`]).

pub mod auth;
pub mod binary;
pub mod capability;
pub mod column;
pub mod command;
pub mod compress;
pub mod end;
pub mod frame;
pub mod handshake;
pub mod infile;
pub mod params;
pub mod put;
pub mod row;
pub mod scan;
pub mod session;

pub use capability::{Capabilities, status};
pub use command::Command;
pub use end::{EndInfo, ErrorPacket};
pub use scan::{Malformed, Scan};
pub use session::SessionChange;
