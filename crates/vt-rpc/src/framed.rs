//! Our own transport between gateway and tablet: few connections, many calls on each.
//!
//! A connection begins with eight bytes from either side, [`HELLO`]. Then come frames: the length
//! of what follows (`u32`), a kind (`u8`), the call's number (`u64`), a payload; numbers are
//! little-endian. The caller chooses the number, and an answer carries it back, so that calls pass
//! one another. Rows travel as the bytes in which MySQL gave them.
//!
//! - A call that its caller drops is followed by [`Kind::Cancel`], and dropped on the tablet.
//! - A stream's sender may be ahead by [`STREAM_AHEAD`] pieces; the receiver grants more as it
//!   takes them, so that one slow receiver holds up nobody else on the connection.
//! - Calls under way, frames and queues have limits; bytes that make no sense end the connection.

mod client;
mod codec;
mod connection;
mod health;
mod message;
mod near;
mod owners;
mod server;

pub use client::{FramedConfig, FramedQueryService};
pub use server::{FramedServer, serve_connection, serve_framed};

/// What both sides say first: a name and a version.
pub(crate) const HELLO: [u8; 8] = *b"VTRFRM\x00\x03";

/// The bytes of a frame before its payload.
pub(crate) const HEADER: usize = 4 + 1 + 8;

/// The longest frame; a longer answer is an error, a longer request ends the connection.
pub(crate) const FRAME_BYTES_MAX: usize = 256 << 20;

/// How many pieces of a stream may be under way.
pub(crate) const STREAM_AHEAD: usize = 8;

/// How many pieces the receiver takes before it grants as many more: a frame for each would cost
/// both sides a system call.
pub(crate) const GRANTED_TOGETHER: usize = STREAM_AHEAD / 2;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Execute = 1,
    StreamExecute = 2,
    Begin = 3,
    Commit = 4,
    Rollback = 5,
    Release = 6,
    StreamHealth = 7,
    GetSchema = 8,
    /// The caller has gone.
    Cancel = 9,
    /// The receiver of a stream takes so many pieces more.
    Credit = 10,
    /// The gateway names itself: what it has open is ended when it has gone.
    Owner = 11,
    /// The end of a call, with its result.
    Reply = 20,
    /// A piece of a stream.
    Part = 21,
    /// The end of a call that failed before it could have state.
    Failure = 22,
}

impl Kind {
    const ALL: [Kind; 14] = [
        Kind::Execute,
        Kind::StreamExecute,
        Kind::Begin,
        Kind::Commit,
        Kind::Rollback,
        Kind::Release,
        Kind::StreamHealth,
        Kind::GetSchema,
        Kind::Cancel,
        Kind::Credit,
        Kind::Owner,
        Kind::Reply,
        Kind::Part,
        Kind::Failure,
    ];

    pub(crate) fn from_byte(byte: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

#[cfg(test)]
mod tests;
