//! Packets over a socket: one buffer to read, one to write, the same for both sides.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vt_wire::compress::{Algorithm, Compression, DecompressError};
use vt_wire::frame::{self, FRAME_MAX, HEADER_LENGTH, Header};

use crate::socket::{Rewound, Socket, Transport};

/// The room that a read is given, first and at most: it doubles while reads fill it.
const READ_MIN: usize = 4 << 10;
const READ_MAX: usize = 128 << 10;
/// Most that is reserved ahead of what has come: a stranger's header is no reason for more.
const RESERVE_MAX: usize = 256 << 10;
/// Buffers that grew beyond this are given back between commands.
const KEEP_MAX: usize = 256 << 10;

/// Why no packet can be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The other end closed the connection, or it broke.
    Gone(io::Error),
    /// Sequence ids do not follow one another.
    OutOfOrder,
    /// The packet is longer than allowed; how long its first frames are said to be.
    TooLong,
    /// Compressed bytes make no sense.
    Malformed,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> ReadError {
        ReadError::Gone(error)
    }
}

/// Where the packet lies that was read last.
enum Payload {
    None,
    /// At the front of the input, behind its header.
    Front(usize),
    /// Put together from several frames.
    Joined(BytesMut),
}

/// The compressed side of a connection that compresses.
struct Squeezed {
    compression: Compression,
    input: BytesMut,
    output: Vec<u8>,
}

/// One end of a connection.
pub(crate) struct Link {
    transport: Transport,
    input: BytesMut,
    output: Vec<u8>,
    payload: Payload,
    /// The first frames of a packet whose last has not come.
    parts: BytesMut,
    /// The id that the next frame has, read or written.
    sequence: u8,
    packet_max: usize,
    /// The room that the next read is given.
    room: usize,
    squeezed: Option<Box<Squeezed>>,
}

impl Link {
    pub(crate) fn new(socket: Socket, packet_max: usize) -> Link {
        Link {
            transport: Transport::Plain(socket),
            input: BytesMut::new(),
            output: Vec::new(),
            payload: Payload::None,
            parts: BytesMut::new(),
            sequence: 0,
            packet_max,
            room: READ_MIN,
            squeezed: None,
        }
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) fn socket(&self) -> &Socket {
        self.transport.socket()
    }

    pub(crate) fn set_packet_max(&mut self, packet_max: usize) {
        self.packet_max = packet_max;
    }

    /// Goes on under TLS: `upgrade` gets the plain socket, with what has been read of it too far.
    pub(crate) async fn upgrade<F, U>(&mut self, upgrade: F) -> io::Result<()>
    where
        F: FnOnce(Rewound) -> U,
        U: Future<Output = io::Result<tokio_rustls::TlsStream<Rewound>>>,
    {
        self.consume();
        // All of it goes into TLS: nothing that came in clear counts as if it had come under TLS.
        let ahead = std::mem::take(&mut self.input);
        let stream = upgrade(Rewound::new(ahead, self.socket().clone())).await?;
        self.transport = Transport::Tls(Box::new(stream));
        Ok(())
    }

    /// Compresses from here on.
    pub(crate) fn compress(&mut self, algorithm: Algorithm) {
        self.consume();
        self.squeezed = Some(Box::new(Squeezed {
            compression: Compression::new(algorithm),
            input: std::mem::take(&mut self.input),
            output: Vec::new(),
        }));
    }

    /// Begins a command, whose packets are counted from zero.
    pub(crate) fn begin_command(&mut self) {
        self.sequence = 0;
        if let Some(squeezed) = &mut self.squeezed {
            squeezed.compression.begin_command();
        }
    }

    /// Begins an answer to a command that the other end has not sent yet.
    pub(crate) fn begin_answer(&mut self) {
        self.begin_command();
        self.sequence = 1;
        if let Some(squeezed) = &mut self.squeezed {
            squeezed.compression.begin_answer();
        }
    }

    // Reading.

    /// Reads the next packet; [`Link::payload`] then has it. May be dropped and called again.
    pub(crate) async fn read(&mut self) -> Result<(), ReadError> {
        while !self.next_buffered()? {
            self.fill().await?;
        }
        Ok(())
    }

    /// Returns the packet that was read last.
    pub(crate) fn payload(&self) -> &[u8] {
        match &self.payload {
            Payload::None => &[],
            Payload::Front(length) => &self.input[HEADER_LENGTH..HEADER_LENGTH + length],
            Payload::Joined(joined) => joined,
        }
    }

    /// Takes the packet that was read last, sharing its memory.
    pub(crate) fn take_payload(&mut self) -> Bytes {
        match std::mem::replace(&mut self.payload, Payload::None) {
            Payload::None => Bytes::new(),
            Payload::Front(length) => {
                self.input.advance(HEADER_LENGTH);
                self.input.split_to(length).freeze()
            }
            Payload::Joined(joined) => joined.freeze(),
        }
    }

    fn consume(&mut self) {
        if let Payload::Front(length) = self.payload {
            self.input.advance(HEADER_LENGTH + length);
        }
        self.payload = Payload::None;
    }

    /// Returns whether another short packet has come whole, behind the one that is current.
    pub(crate) fn has_whole_packet(&self) -> bool {
        let current = match self.payload {
            Payload::Front(length) => HEADER_LENGTH + length,
            Payload::None | Payload::Joined(_) => 0,
        };
        let rest = self.input.get(current..).unwrap_or_default();
        Header::read(rest).is_some_and(|header| {
            header.length < FRAME_MAX && rest.len() >= HEADER_LENGTH + header.length
        })
    }

    /// Makes the next packet current if it has come whole.
    pub(crate) fn next_buffered(&mut self) -> Result<bool, ReadError> {
        self.consume();
        loop {
            let Some(header) = Header::read(&self.input) else { return Ok(false) };
            // Under compression the inner ids of some peers run on their own; the outer are checked.
            if header.sequence != self.sequence && self.squeezed.is_none() {
                return Err(ReadError::OutOfOrder);
            }
            if self.parts.len() + header.length > self.packet_max {
                return Err(ReadError::TooLong);
            }
            if self.input.len() < HEADER_LENGTH + header.length {
                return Ok(false);
            }
            self.sequence = header.sequence.wrapping_add(1);
            let is_last = header.length < FRAME_MAX;
            if is_last && self.parts.is_empty() {
                self.payload = Payload::Front(header.length);
                return Ok(true);
            }
            self.input.advance(HEADER_LENGTH);
            self.parts.extend_from_slice(&self.input[..header.length]);
            self.input.advance(header.length);
            if is_last {
                self.payload = Payload::Joined(std::mem::take(&mut self.parts));
                return Ok(true);
            }
        }
    }

    /// Reads the packet that a peer sent before it closed, whatever its number: one that gives up
    /// in the middle of a command counts from where it was.
    pub(crate) async fn read_last_words(&mut self) -> Result<(), ReadError> {
        loop {
            if let Some(header) = Header::read(&self.input) {
                self.sequence = header.sequence;
            }
            if self.next_buffered()? {
                return Ok(());
            }
            self.fill().await?;
        }
    }

    /// Reads what the socket has. May be dropped and called again.
    pub(crate) async fn fill(&mut self) -> Result<(), ReadError> {
        let Some(squeezed) = &mut self.squeezed else {
            let wanted = match Header::read(&self.input) {
                Some(header) => HEADER_LENGTH + header.length,
                None => HEADER_LENGTH,
            };
            let into = (&mut self.input, &mut self.room);
            return read_some(&mut self.transport, into, wanted).await;
        };
        loop {
            let compression = &mut squeezed.compression;
            match compression.decompress(&mut squeezed.input, &mut self.input) {
                Ok(None) => return Ok(()),
                Ok(Some(wanted)) => {
                    let into = (&mut squeezed.input, &mut self.room);
                    read_some(&mut self.transport, into, wanted).await?;
                }
                Err(DecompressError::OutOfOrder) => return Err(ReadError::OutOfOrder),
                Err(DecompressError::Malformed(_)) => return Err(ReadError::Malformed),
            }
        }
    }

    /// Reads and drops the rest of a packet that was too long, so that the next can be read.
    pub(crate) async fn skip_packet(&mut self) -> Result<(), ReadError> {
        self.consume();
        self.parts = BytesMut::new();
        loop {
            let Some(header) = Header::read(&self.input) else {
                self.fill().await?;
                continue;
            };
            self.input.advance(HEADER_LENGTH);
            self.sequence = header.sequence.wrapping_add(1);
            let mut left = header.length;
            while left > 0 {
                if self.input.is_empty() {
                    self.fill().await?;
                }
                let dropped = left.min(self.input.len());
                self.input.advance(dropped);
                left -= dropped;
            }
            if header.length < FRAME_MAX {
                return Ok(());
            }
        }
    }

    /// Reads and drops whatever comes, until the other end closes.
    pub(crate) async fn read_out(&mut self) {
        loop {
            self.input.clear();
            match self.transport.read_buf(&mut self.input).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    // Writing.

    /// Returns the buffer of packets to send, and the id of the next, for writers of packets.
    pub(crate) fn out(&mut self) -> (&mut Vec<u8>, &mut u8) {
        (&mut self.output, &mut self.sequence)
    }

    /// Returns how many bytes wait to be sent.
    pub(crate) fn pending(&self) -> usize {
        self.output.len()
    }

    /// Adds a packet whose payload `write` appends.
    pub(crate) fn put(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = frame::begin(&mut self.output);
        write(&mut self.output);
        frame::finish(&mut self.output, start, &mut self.sequence);
    }

    /// Adds a packet whose payload `write` appends, or nothing if that fails.
    pub(crate) fn try_put<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = frame::begin(&mut self.output);
        match write(&mut self.output) {
            Ok(()) => {
                frame::finish(&mut self.output, start, &mut self.sequence);
                Ok(())
            }
            Err(error) => {
                self.output.truncate(start);
                Err(error)
            }
        }
    }

    /// Sends what waits. When dropped midway the connection is of no use any more.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        match &mut self.squeezed {
            None => self.transport.write_all(&self.output).await?,
            Some(squeezed) => {
                squeezed.output.clear();
                squeezed.compression.compress(&self.output, &mut squeezed.output);
                self.transport.write_all(&squeezed.output).await?;
            }
        }
        self.output.clear();
        if self.transport.is_tls() {
            self.transport.flush().await?;
        }
        Ok(())
    }

    /// Returns whether bytes can be sent as they are, without being changed on the way.
    pub(crate) fn writes_through(&self) -> bool {
        self.squeezed.is_none()
    }

    /// Sends what waits and then a packet whose payload is not copied; only where
    /// [`Link::writes_through`].
    pub(crate) async fn write_through(&mut self, payload: &[u8]) -> io::Result<()> {
        // A payload that fills its last frame is followed by an empty one.
        for at in (0..=payload.len()).step_by(FRAME_MAX) {
            let part = &payload[at..payload.len().min(at + FRAME_MAX)];
            let header = Header { length: part.len(), sequence: self.sequence };
            self.sequence = self.sequence.wrapping_add(1);
            self.output.extend_from_slice(&header.bytes());
            self.flush().await?;
            self.transport.write_all(part).await?;
        }
        if self.transport.is_tls() {
            self.transport.flush().await?;
        }
        Ok(())
    }

    /// Gives back buffers that grew, or all of them: between commands, when nothing is on its way.
    pub(crate) fn relax(&mut self, keep: Keep) {
        let limit = match keep {
            Keep::Small => KEEP_MAX,
            Keep::Nothing => 0,
        };
        self.consume();
        let release = |buffer: &mut BytesMut| {
            if buffer.is_empty() && buffer.capacity() > limit {
                *buffer = BytesMut::new();
            }
        };
        release(&mut self.input);
        if self.output.is_empty() && self.output.capacity() > limit {
            self.output = Vec::new();
        }
        if let Some(squeezed) = &mut self.squeezed {
            release(&mut squeezed.input);
            if squeezed.output.capacity() > limit {
                squeezed.output = Vec::new();
            }
        }
    }

    /// Says goodbye to the other end: closes the sending side.
    pub(crate) async fn shutdown(&mut self) {
        // The other end may be gone already, which is as good.
        drop(self.transport.shutdown().await);
    }
}

/// What an idle connection keeps of its buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Those of usual size.
    Small,
    Nothing,
}

/// Reads once into a buffer, which should come to hold `wanted` bytes; the room that the next read
/// is given grows if this one was filled, and shrinks if it was mostly idle.
async fn read_some(
    transport: &mut Transport,
    (buffer, room): (&mut BytesMut, &mut usize),
    wanted: usize,
) -> Result<(), ReadError> {
    let free = buffer.capacity() - buffer.len();
    let missing = wanted.saturating_sub(buffer.len());
    if free < missing.min(READ_MIN) || free < *room / 4 {
        // Twice of what has come bounds what a header alone can claim.
        let ahead = missing.min(RESERVE_MAX.max(buffer.len()));
        buffer.reserve(ahead.max(*room));
    }
    let free = buffer.capacity() - buffer.len();
    match transport.read_buf(buffer).await {
        Ok(0) => Err(ReadError::Gone(io::ErrorKind::UnexpectedEof.into())),
        Ok(count) => {
            if count == free {
                *room = (*room * 2).min(READ_MAX);
            } else if count < *room / 8 {
                *room = (*room / 2).max(READ_MIN);
            }
            Ok(())
        }
        Err(error) => Err(ReadError::Gone(error)),
    }
}
