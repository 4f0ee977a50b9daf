//! Reading the events of one stream in order.

use std::sync::Arc;

use bytes::Bytes;
use vt_wire::scan::text;
use vt_wire::{Malformed, Scan};

use crate::event::kind;
use crate::gtid::read_set;
use crate::{Event, Format, Gtid, Header, Payload, QueryEvent, RowsEvent, TableMap};

/// Reads events. It keeps the format that the stream told, and checks checksums by it.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    format: Format,
}

/// The bytes of a checksum at an event's end.
const CHECKSUM: usize = 4;
/// Where the flags stand in a header, and the flag of a file that was not closed.
const FLAGS: usize = 17;
const IN_USE: u8 = 1;

impl Decoder {
    /// Makes a decoder for a stream; `checksum` says whether events carry one before the first
    /// format description tells (what the reader agreed with the server).
    pub fn new(checksum: bool) -> Decoder {
        Decoder { format: Format { checksum, ..Format::default() } }
    }

    /// Returns the format that holds.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// Reads one event, header and all.
    ///
    /// # Errors
    /// The bytes are malformed, or their checksum is another.
    pub fn decode(&mut self, bytes: &Bytes) -> Result<(Header, Event), Malformed> {
        let header = Header::read(bytes)?;
        let mut body = bytes.slice(Header::LENGTH..);
        if header.kind == kind::FORMAT {
            let format = Format::read(&body)?;
            if format.checksum {
                // The flag of a file that is still written is not in the sum.
                let mut plain = bytes.to_vec();
                plain[FLAGS] &= !IN_USE;
                checked(&plain)?;
            }
            self.format = format.clone();
            return Ok((header, Event::Format(format)));
        }
        if self.format.checksum {
            checked(bytes)?;
            body.truncate(body.len().saturating_sub(CHECKSUM));
        }
        Ok((header, self.event(header, &body)?))
    }

    /// Reads one event out of a [`Payload`]: there none has a checksum.
    ///
    /// # Errors
    /// The bytes are malformed.
    pub fn decode_unpacked(&self, bytes: &Bytes) -> Result<(Header, Event), Malformed> {
        let header = Header::read(bytes)?;
        Ok((header, self.event(header, &bytes.slice(Header::LENGTH..))?))
    }

    fn event(&self, header: Header, body: &Bytes) -> Result<Event, Malformed> {
        let mut scan = Scan::new(body);
        Ok(match header.kind {
            kind::QUERY => Event::Query(QueryEvent::read(body)?),
            kind::ROTATE => {
                let position = scan.u64("rotate event")?;
                Event::Rotate { file: text(scan.rest()), position }
            }
            kind::XID => Event::Xid(scan.u64("xid event")?),
            kind::TABLE_MAP => {
                let short = self.format.fixed_part(header.kind) == Some(6);
                Event::Table(Arc::new(TableMap::read(body, short)?))
            }
            kind::WRITE_ROWS_V1..=kind::DELETE_ROWS_V1
            | kind::WRITE_ROWS..=kind::DELETE_ROWS
            | kind::PARTIAL_UPDATE_ROWS => {
                Event::Rows(RowsEvent::read(header.kind, body, &self.format)?)
            }
            kind::ROWS_QUERY => {
                // The byte before the text is the low part of its length, and says nothing more.
                scan.u8("rows query event")?;
                Event::RowsQuery(text(scan.rest()))
            }
            kind::GTID => Event::Gtid(Gtid::read(body)?),
            kind::GTID_TAGGED => Event::Gtid(Gtid::read_tagged(body)?),
            kind::ANONYMOUS_GTID => Event::AnonymousGtid,
            kind::PREVIOUS_GTIDS => Event::PreviousGtids(read_set(body)?),
            kind::XA_PREPARE => Event::XaPrepare { one_phase: scan.u8("prepare event")? != 0 },
            kind::TRANSACTION_PAYLOAD => Event::Payload(Payload::read(body)?),
            kind::HEARTBEAT => Event::Heartbeat {
                file: text(scan.rest()),
                position: u64::from(header.next_position),
            },
            kind::HEARTBEAT_V2 => heartbeat(scan)?,
            kind::INCIDENT => {
                scan.u16("incident event")?;
                let length = usize::from(scan.u8("incident event")?);
                Event::Incident(text(scan.bytes(length, "incident event")?))
            }
            kind::STOP => Event::Stop,
            other => Event::Other(other),
        })
    }
}

/// Compares an event with the checksum at its end.
fn checked(bytes: &[u8]) -> Result<(), Malformed> {
    let (event, sum) =
        bytes.split_last_chunk::<CHECKSUM>().ok_or(Malformed("checksum of an event"))?;
    match crc32fast::hash(event) == u32::from_le_bytes(*sum) {
        true => Ok(()),
        false => Err(Malformed("checksum of an event: its bytes changed on the way")),
    }
}

fn heartbeat(mut scan: Scan<'_>) -> Result<Event, Malformed> {
    const PART: &str = "heartbeat";
    let (mut file, mut position) = (String::new(), 0);
    while !scan.is_empty() {
        match scan.u8(PART)? {
            0 => break,
            1 => file = text(scan.lenenc_bytes(PART)?),
            2 => position = Scan::new(scan.lenenc_bytes(PART)?).lenenc(PART)?,
            _ => drop(scan.lenenc_bytes(PART)?),
        }
    }
    Ok(Event::Heartbeat { file, position })
}
