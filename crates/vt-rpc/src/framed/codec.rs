//! Values in bytes: numbers little-endian, texts and bytes behind their length.

use std::sync::Arc;

use bytes::Bytes;
use vt_base::{Code, Error, Result};

use super::{FRAME_BYTES_MAX, GRANTED_TOGETHER, HEADER, Kind};

/// Shared bytes from this length on are not copied into a frame, but follow it.
pub(crate) const SHARED_MIN: usize = 8 << 10;

/// A frame ready to be sent.
#[derive(Debug, Default)]
pub(crate) struct OutFrame {
    /// Its header and the beginning of its payload.
    pub(crate) head: Vec<u8>,
    /// The rest of the payload, in memory that others share.
    pub(crate) tail: Bytes,
}

impl OutFrame {
    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }
}

/// A frame being written.
pub(crate) struct FrameWriter {
    bytes: Vec<u8>,
    tail: Bytes,
}

impl FrameWriter {
    /// Begins a frame, with room for `payload` bytes.
    pub(crate) fn new(kind: Kind, call: u64, payload: usize) -> FrameWriter {
        let mut bytes = Vec::with_capacity(HEADER + payload);
        bytes.extend_from_slice(&[0; 4]);
        bytes.push(kind as u8);
        bytes.extend_from_slice(&call.to_le_bytes());
        FrameWriter { bytes, tail: Bytes::new() }
    }

    /// Ends the frame; fails if it has become too long.
    pub(crate) fn finish(mut self) -> Result<OutFrame> {
        let length = self.bytes.len() + self.tail.len() - 4;
        let length = u32::try_from(length).ok().filter(|_| length <= FRAME_BYTES_MAX);
        let length = length.ok_or_else(|| {
            let text =
                format!("message of {} bytes is too long", self.bytes.len() + self.tail.len());
            Error::new(Code::ResourceExhausted, text).with_mysql(1153, *b"08S01")
        })?;
        self.bytes[..4].copy_from_slice(&length.to_le_bytes());
        Ok(OutFrame { head: self.bytes, tail: self.tail })
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn i32(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }

    /// Writes a count or a length; what does not fit makes the frame too long to finish.
    pub(crate) fn length(&mut self, value: usize) {
        self.u32(u32::try_from(value).unwrap_or(u32::MAX));
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.length(value.len());
        self.bytes.extend_from_slice(value);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    /// Writes bytes whose length the reader knows, as the last thing of the frame.
    pub(crate) fn last(&mut self, value: &Bytes) {
        if value.len() < SHARED_MIN {
            self.bytes.extend_from_slice(value);
        } else {
            self.tail = value.clone();
        }
    }
}

/// Counts the pieces of a stream that were taken, until it is worth to grant more.
#[derive(Default)]
pub(crate) struct Taken(usize);

impl Taken {
    /// Notes a piece; returns the frame to send, if it is time for one.
    pub(crate) fn one(&mut self, call: u64) -> Result<Option<OutFrame>> {
        self.0 += 1;
        if self.0 < GRANTED_TOGETHER {
            return Ok(None);
        }
        let mut credit = FrameWriter::new(Kind::Credit, call, 4);
        credit.length(std::mem::take(&mut self.0));
        credit.finish().map(Some)
    }
}

/// A payload being read. Bytes taken out of it share its memory.
pub(crate) struct Reader {
    rest: Bytes,
}

fn short() -> Error {
    Error::new(Code::Internal, "a frame ends too early or holds what it cannot")
}

macro_rules! numbers {
    ($($name:ident),*) => {
        $(pub(crate) fn $name(&mut self) -> Result<$name> {
            let bytes = self.take(size_of::<$name>())?;
            let bytes = bytes.as_ref().try_into().map_err(|_| short())?;
            Ok($name::from_le_bytes(bytes))
        })*
    };
}

impl Reader {
    pub(crate) fn new(payload: Bytes) -> Reader {
        Reader { rest: payload }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<Bytes> {
        if count > self.rest.len() {
            return Err(short());
        }
        Ok(self.rest.split_to(count))
    }

    numbers!(u8, u16, u32, i32, u64, i64);

    pub(crate) fn f64(&mut self) -> Result<f64> {
        Ok(f64::from_bits(self.u64()?))
    }

    pub(crate) fn bool(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(short()),
        }
    }

    /// Reads a count of things that take `size` bytes each at least, so that a lie is found before
    /// room is made for it.
    pub(crate) fn count(&mut self, size: usize) -> Result<usize> {
        let count = self.u32()? as usize;
        if count.saturating_mul(size.max(1)) > self.rest.len() {
            return Err(short());
        }
        Ok(count)
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        let bytes = self.bytes()?;
        String::from_utf8(bytes.into()).map_err(|_| short())
    }

    pub(crate) fn shared(&mut self) -> Result<Arc<str>> {
        let bytes = self.bytes()?;
        std::str::from_utf8(&bytes).map(Arc::from).map_err(|_| short())
    }

    /// Checks that everything has been read.
    pub(crate) fn end(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(short()) }
    }

    /// Makes the error of a payload that makes no sense.
    pub(crate) fn wrong() -> Error {
        short()
    }
}
