//! TRANSACTION_PAYLOAD_EVENT: a transaction's events, compressed together.

use std::io::{BufReader, Read};

use bytes::Bytes;
use vt_wire::{Malformed, Scan};

use crate::Header;

/// A compressed transaction; [`Payload::unpack`] gives its events one by one.
#[derive(Clone, Debug)]
pub struct Payload {
    compressed: Bytes,
    is_zstd: bool,
    /// How many bytes the sender says that it has unpacked.
    pub unpacked_size: u64,
}

const PART: &str = "transaction payload";
/// How the payload is compressed: zstd, or not.
const ZSTD: u64 = 0;
const NONE: u64 = 255;
/// The greatest window that a stranger's frame may ask memory for: 128 MiB.
const WINDOW_LOG_MAX: u32 = 27;

impl Payload {
    pub(crate) fn read(body: &Bytes) -> Result<Payload, Malformed> {
        let mut scan = Scan::new(body);
        let mut payload = Payload { compressed: Bytes::new(), is_zstd: true, unpacked_size: 0 };
        loop {
            let field = scan.lenenc(PART)?;
            if field == 0 {
                break;
            }
            let mut value = Scan::new(scan.lenenc_bytes(PART)?);
            match field {
                2 => match value.lenenc(PART)? {
                    ZSTD => payload.is_zstd = true,
                    NONE => payload.is_zstd = false,
                    _ => return Err(Malformed("transaction payload: an unknown compression")),
                },
                3 => payload.unpacked_size = value.lenenc(PART)?,
                _ => {}
            }
        }
        payload.compressed = body.slice_ref(scan.rest());
        Ok(payload)
    }

    /// Returns how many bytes it has as it came.
    pub fn size(&self) -> usize {
        self.compressed.len()
    }

    /// Begins to unpack; no event may be greater than `event_max` bytes.
    ///
    /// # Errors
    /// The decompressor cannot be set up.
    pub fn unpack(&self, event_max: usize) -> std::io::Result<Unpacked> {
        let bytes = std::io::Cursor::new(self.compressed.clone());
        let source: Source = match self.is_zstd {
            true => {
                let mut decoder = zstd::stream::read::Decoder::new(bytes)?;
                decoder.window_log_max(WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            false => Box::new(bytes),
        };
        Ok(Unpacked { source: BufReader::new(source), event_max })
    }
}

type Source = Box<dyn Read + Send + Sync>;

/// The events of a compressed transaction, as they would stand in the log, without checksums.
pub struct Unpacked {
    source: BufReader<Source>,
    event_max: usize,
}

impl Unpacked {
    /// Returns the next event's bytes; `None` at the end.
    ///
    /// # Errors
    /// The bytes do not unpack, an event is cut off, or greater than was allowed.
    pub fn next_event(&mut self) -> Result<Option<Bytes>, Malformed> {
        let broken = |_| Malformed("transaction payload: it does not unpack");
        let mut bytes = Vec::with_capacity(Header::LENGTH);
        let head = self.source.by_ref().take(Header::LENGTH as u64);
        if { head }.read_to_end(&mut bytes).map_err(broken)? == 0 {
            return Ok(None);
        }
        let size = Header::read(&bytes)?.size as usize;
        if size < Header::LENGTH {
            return Err(Malformed("transaction payload: size of an event"));
        }
        if size > self.event_max {
            return Err(Malformed("transaction payload: an event over the limit"));
        }
        let rest = (size - Header::LENGTH) as u64;
        self.source.by_ref().take(rest).read_to_end(&mut bytes).map_err(broken)?;
        match bytes.len() == size {
            true => Ok(Some(bytes.into())),
            false => Err(Malformed("transaction payload: an event is cut off")),
        }
    }
}
