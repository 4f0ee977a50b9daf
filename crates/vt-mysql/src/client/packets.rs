//! A command whose answer is packets without end: the binary log.

use bytes::Bytes;
use vt_base::Result;
use vt_wire::{Malformed, end};

use super::Conn;

/// The packets that a server goes on sending.
pub struct PacketStream {
    conn: Conn,
}

/// The byte that begins the packet after the last.
const END: u8 = 0xfe;

impl Conn {
    /// Sends a command, its payload with the command's byte, that makes a stream of the
    /// connection. What is wrong with the command is told by the first packet.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn into_packets(mut self, payload: &[u8]) -> Result<PacketStream> {
        self.send(|out, _| out.extend_from_slice(payload)).await?;
        Ok(PacketStream { conn: self })
    }
}

impl PacketStream {
    /// Returns the next packet without the byte that says that it is well; `None` where the
    /// server ends the stream. A future of it may be dropped, and nothing is lost.
    ///
    /// # Errors
    /// The server's error, or the connection is lost.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        self.conn.read_packet().await?;
        let mut packet = self.conn.link.take_payload();
        match packet.first() {
            Some(&END) | None => Ok(None),
            Some(&end::OK) => Ok(Some(packet.split_off(1))),
            Some(_) => Err(self.conn.malformed(Malformed("a packet of a stream"))),
        }
    }

    /// Returns the server's id of the connection, as `KILL` takes it.
    pub fn connection_id(&self) -> u32 {
        self.conn.connection_id()
    }
}
