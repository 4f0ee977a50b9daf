//! COM_BINLOG_DUMP_GTID: the request that turns a connection into a stream of events.

use vt_base::gtid::GtidSet;

use crate::gtid::write_set;

/// The number of the command.
const COMMAND: u8 = 0x1e;
/// Flag: end the stream where the log ends, rather than wait for more.
const NON_BLOCKING: u16 = 1;
/// Flag: the position is a set of GTIDs.
const THROUGH_GTID: u16 = 4;
/// The first event of a file stands behind four bytes of its mark.
const FIRST_POSITION: u64 = 4;

/// What a stream begins with and how it ends.
#[derive(Clone, Debug)]
pub struct Request {
    /// The number under which the server knows the reader; two readers with one number throw
    /// each other out.
    pub server_id: u32,
    /// The transactions that the reader has: everything else is sent.
    pub have: GtidSet,
    /// Wait for more at the end of the log.
    pub follow: bool,
}

impl Request {
    /// Returns the packet's payload, the command's byte first.
    pub fn payload(&self) -> Vec<u8> {
        let mut set = Vec::new();
        write_set(&self.have, &mut set);
        let mut out = vec![COMMAND];
        let flags = if self.follow { THROUGH_GTID } else { THROUGH_GTID | NON_BLOCKING };
        out.extend_from_slice(&flags.to_le_bytes());
        out.extend_from_slice(&self.server_id.to_le_bytes());
        // No file is named: the server finds the one where the set says.
        out.extend_from_slice(&0u32.to_le_bytes());
        out.extend_from_slice(&FIRST_POSITION.to_le_bytes());
        out.extend_from_slice(&(set.len() as u32).to_le_bytes());
        out.extend_from_slice(&set);
        out
    }
}
