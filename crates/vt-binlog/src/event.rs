//! What stands in a binary log: the header that every event has, and the kinds of events.

use std::sync::Arc;

use vt_base::gtid::GtidSet;
use vt_wire::{Malformed, Scan};

use crate::{Format, Gtid, Payload, QueryEvent, RowsEvent, TableMap};

/// The nineteen bytes at the head of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Seconds since 1970 at which the statement began on its first server; 0 for events that the
    /// sender made up.
    pub timestamp: u32,
    pub kind: u8,
    pub server_id: u32,
    /// The bytes of the event with header and checksum.
    pub size: u32,
    /// Where the event after this one begins in the sender's file, 0 where it is in no file.
    pub next_position: u32,
    pub flags: u16,
}

impl Header {
    /// How many bytes a header has, in every version of the format that is still in use.
    pub const LENGTH: usize = 19;
    /// Flag of an event that the sender made up: it stands in no file.
    pub const ARTIFICIAL: u16 = 0x20;

    /// Reads a header.
    ///
    /// # Errors
    /// There are too few bytes.
    pub fn read(bytes: &[u8]) -> Result<Header, Malformed> {
        let mut scan = Scan::new(bytes);
        Ok(Header {
            timestamp: scan.u32("event header")?,
            kind: scan.u8("event header")?,
            server_id: scan.u32("event header")?,
            size: scan.u32("event header")?,
            next_position: scan.u32("event header")?,
            flags: scan.u16("event header")?,
        })
    }
}

/// The numbers of the events that are read.
pub mod kind {
    pub const QUERY: u8 = 2;
    pub const STOP: u8 = 3;
    pub const ROTATE: u8 = 4;
    pub const FORMAT: u8 = 15;
    pub const XID: u8 = 16;
    pub const TABLE_MAP: u8 = 19;
    pub const WRITE_ROWS_V1: u8 = 23;
    pub const UPDATE_ROWS_V1: u8 = 24;
    pub const DELETE_ROWS_V1: u8 = 25;
    pub const INCIDENT: u8 = 26;
    pub const HEARTBEAT: u8 = 27;
    pub const ROWS_QUERY: u8 = 29;
    pub const WRITE_ROWS: u8 = 30;
    pub const UPDATE_ROWS: u8 = 31;
    pub const DELETE_ROWS: u8 = 32;
    pub const GTID: u8 = 33;
    pub const ANONYMOUS_GTID: u8 = 34;
    pub const PREVIOUS_GTIDS: u8 = 35;
    pub const XA_PREPARE: u8 = 38;
    pub const PARTIAL_UPDATE_ROWS: u8 = 39;
    pub const TRANSACTION_PAYLOAD: u8 = 40;
    pub const HEARTBEAT_V2: u8 = 41;
    pub const GTID_TAGGED: u8 = 42;
}

/// An event that was read.
#[derive(Clone, Debug)]
pub enum Event {
    /// The log begins, or a new file of it.
    Format(Format),
    /// The log goes on in another file, from this position.
    Rotate { file: String, position: u64 },
    /// A transaction begins that has this id.
    Gtid(Gtid),
    /// A transaction begins that has none: the server runs without GTIDs.
    AnonymousGtid,
    /// All transactions of the files before this one.
    PreviousGtids(GtidSet),
    /// A statement: BEGIN, DDL, or what is logged as text.
    Query(QueryEvent),
    /// The table that rows events with its number speak of.
    Table(Arc<TableMap>),
    /// Rows that were written, changed or deleted.
    Rows(RowsEvent),
    /// The text of the statement behind the rows that follow, where the server logs it.
    RowsQuery(String),
    /// A transaction of InnoDB ends: COMMIT.
    Xid(u64),
    /// An XA transaction is prepared, or committed in one phase.
    XaPrepare { one_phase: bool },
    /// A whole transaction, compressed.
    Payload(Payload),
    /// Nothing happened for a while; the sender stands here.
    Heartbeat { file: String, position: u64 },
    /// The server lost events: what follows has a gap.
    Incident(String),
    /// The server was shut down in order.
    Stop,
    /// An event that tells a reader of rows nothing.
    Other(u8),
}
