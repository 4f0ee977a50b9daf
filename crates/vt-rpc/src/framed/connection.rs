//! What both ends of a connection do: the greeting, frames out of bytes, frames into bytes.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;
use vt_base::{Code, Error, Result, Retry};

use super::codec::OutFrame;
use super::{FRAME_BYTES_MAX, HEADER, HELLO, Kind, near};

/// How many frames wait for the writer.
pub(super) const FRAMES_QUEUE: usize = 1024;
/// How many frames the writer takes at once.
const BATCH_FRAMES: usize = 128;
/// Frames up to this size are put together before they are written.
const SMALL_BYTES: usize = 16 << 10;
/// How much room is made for reading: a connection on which little comes keeps little.
pub(super) const READ_BYTES_MIN: usize = 4 << 10;
const READ_BYTES_MAX: usize = 64 << 10;
/// A frame from this size on is read alone.
const LARGE_BYTES: usize = 32 << 10;
/// Room that is made for a frame because it was announced; for more, as much must have come.
const BELIEVED_BYTES: usize = 512 << 10;

/// A frame that has arrived.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) call: u64,
    pub(super) payload: Bytes,
}

fn lost(what: &str, err: &std::io::Error) -> Error {
    Error::new(Code::Unavailable, format!("{what}: {err}"))
}

fn wrong(text: &str) -> Error {
    Error::new(Code::Unavailable, text.to_owned())
}

/// How long a peer may leave what was sent unacknowledged before it counts as dead.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Sets a socket up: small frames go at once, and a peer that dies without a word is noticed.
pub(super) fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(stream);
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(10))
        .with_interval(Duration::from_secs(5))
        .with_retries(2);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SILENCE_MAX))?;
    Ok(())
}

/// A connection to a tablet.
pub(super) enum Socket {
    Near(UnixStream),
    Tcp(TcpStream),
}

/// Connects to a tablet, by the nearest way, and greets it.
pub(super) async fn dial(address: &str, limit: Duration) -> Result<Socket> {
    let failed = |err: std::io::Error| wrong(&format!("cannot connect to {address}: {err}"));
    let connecting = async {
        if let Some(mut stream) = near::connect(address) {
            greet(&mut stream).await?;
            return Ok(Socket::Near(stream));
        }
        let mut stream = TcpStream::connect(address).await.map_err(failed)?;
        prepare(&stream).map_err(failed)?;
        greet(&mut stream).await?;
        Ok(Socket::Tcp(stream))
    };
    let connected = match tokio::time::timeout(limit, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(wrong(&format!("no connection to {address} in time"))),
    };
    connected.map_err(|err| err.with_retry(Retry::BeforeSend))
}

/// Says hello and hears it.
pub(super) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<()> {
    stream.write_all(&HELLO).await.map_err(|err| lost("cannot greet", &err))?;
    let mut heard = [0; HELLO.len()];
    stream.read_exact(&mut heard).await.map_err(|err| lost("no greeting", &err))?;
    if heard == HELLO { Ok(()) } else { Err(wrong("the peer speaks another protocol")) }
}

/// Takes frames out of what arrives.
pub(super) struct FrameReader<R> {
    socket: R,
    buffer: BytesMut,
    /// How much room the next read is given; follows what comes.
    step: usize,
    /// How much room every read is given.
    step_min: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Makes the reader of a socket whose reads have room for `step_min` bytes at least.
    pub(super) fn new(socket: R, step_min: usize) -> FrameReader<R> {
        FrameReader { socket, buffer: BytesMut::new(), step: step_min, step_min }
    }

    /// Returns the socket, to write to it.
    pub(super) fn socket(&mut self) -> &mut R {
        &mut self.socket
    }

    /// Waits for the next frame; `None` when the peer has closed. Safe to cancel.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = take_frame(&mut self.buffer)? {
                return Ok(Some(frame));
            }
            let room = self.make_room();
            // No further than that: what follows a large frame would have to be moved.
            let count = self.socket.read_buf(&mut (&mut self.buffer).limit(room)).await;
            let count = count.map_err(|err| lost("connection lost", &err))?;
            self.follow(count, room);
            if count == 0 {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(wrong("the peer closed in the middle of a frame"))
                };
            }
        }
    }
}

impl<R> FrameReader<R> {
    /// Makes room for the next read, and returns how much: for all that a large frame still lacks,
    /// within what may be believed, since an announcement costs its sender nothing.
    fn make_room(&mut self) -> usize {
        let announced = self
            .buffer
            .first_chunk::<4>()
            .map_or(0, |length| 4 + u32::from_le_bytes(*length) as usize);
        let lacking = announced.saturating_sub(self.buffer.len());
        if self.buffer.is_empty() && self.buffer.capacity() > 8 * self.step {
            // Large frames came once; what they needed is not kept for small ones.
            self.buffer = BytesMut::new();
        }
        let room = if announced >= LARGE_BYTES {
            // The next large frame is read from its beginning, and nothing of it moved.
            self.step = self.step_min;
            lacking.min(self.buffer.len().max(BELIEVED_BYTES))
        } else {
            lacking.max(self.step)
        };
        self.buffer.reserve(room);
        room
    }

    /// A read that filled its room is followed by larger ones, a small one by smaller ones.
    fn follow(&mut self, count: usize, room: usize) {
        if count == room {
            self.step = (2 * self.step).min(READ_BYTES_MAX);
        } else if count < self.step / 8 {
            self.step = (self.step / 2).max(self.step_min);
        }
    }
}

/// Takes the first frame off the bytes, if it is there whole.
pub(super) fn take_frame(buffer: &mut BytesMut) -> Result<Option<Frame>> {
    let Some(length) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*length) as usize;
    if !(HEADER - 4..=FRAME_BYTES_MAX).contains(&length) {
        return Err(wrong("the peer sent a frame of an impossible length"));
    }
    if buffer.len() < 4 + length {
        // Room for what is announced, but made as it arrives: an announcement costs nothing.
        return Ok(None);
    }
    let mut frame = buffer.split_to(4 + length).freeze();
    frame.advance(4);
    let kind = Kind::from_byte(frame.get_u8());
    let kind = kind.ok_or_else(|| wrong("the peer sent a frame of an unknown kind"))?;
    let call = frame.get_u64_le();
    Ok(Some(Frame { kind, call, payload: frame }))
}

/// Writes one frame, its shared bytes from where they are.
pub(super) async fn write_frame<W: AsyncWrite + Unpin>(
    socket: &mut W,
    frame: OutFrame,
) -> std::io::Result<()> {
    let mut whole = Buf::chain(frame.head.as_slice(), frame.tail.as_ref());
    socket.write_all_buf(&mut whole).await
}

/// Writes frames until no one is left to send any; many small ones in one go.
pub(super) async fn write_frames<W: AsyncWrite + Unpin>(
    mut socket: W,
    mut frames: mpsc::Receiver<OutFrame>,
) -> Result<()> {
    let failed = |err: std::io::Error| lost("connection lost", &err);
    // Both grow to what the connection needs; many connections carry a frame a second.
    let (mut batch, mut together) = (Vec::new(), Vec::new());
    while frames.recv_many(&mut batch, BATCH_FRAMES).await > 0 {
        // A lone frame needs no copy.
        let alone = batch.len() == 1;
        for frame in batch.drain(..) {
            if !alone && frame.len() <= SMALL_BYTES {
                together.extend_from_slice(&frame.head);
                together.extend_from_slice(&frame.tail);
                if together.len() < 4 * SMALL_BYTES {
                    continue;
                }
            }
            if !together.is_empty() {
                socket.write_all(&together).await.map_err(failed)?;
                together.clear();
            }
            if alone || frame.len() > SMALL_BYTES {
                write_frame(&mut socket, frame).await.map_err(failed)?;
            }
        }
        if !together.is_empty() {
            socket.write_all(&together).await.map_err(failed)?;
            together.clear();
        }
    }
    socket.shutdown().await.map_err(failed)
}
