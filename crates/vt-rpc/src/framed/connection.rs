//! What both ends of a connection do: the greeting, frames out of bytes, frames into bytes.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use vt_base::{Code, Error, Result};

use super::codec::OutFrame;
use super::{FRAME_BYTES_MAX, HEADER, HELLO, Kind};

/// How many frames wait for the writer.
pub(super) const FRAMES_QUEUE: usize = 1024;
/// How many frames the writer takes at once.
const BATCH_FRAMES: usize = 128;
/// Frames up to this size are put together before they are written.
const SMALL_BYTES: usize = 16 << 10;
/// How much room is made for reading: a connection on which little comes keeps little.
const READ_BYTES_MIN: usize = 4 << 10;
const READ_BYTES_MAX: usize = 64 << 10;

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
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(super) fn new(socket: R) -> FrameReader<R> {
        FrameReader { socket, buffer: BytesMut::new(), step: READ_BYTES_MIN }
    }

    /// Waits for the next frame; `None` when the peer has closed. Safe to cancel.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = take_frame(&mut self.buffer)? {
                return Ok(Some(frame));
            }
            self.make_room();
            let room = self.buffer.capacity() - self.buffer.len();
            let count = self.socket.read_buf(&mut self.buffer).await;
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
    /// Makes room for the next read: for all that a frame still lacks, but no more than has come of
    /// it, since an announcement costs its sender nothing.
    fn make_room(&mut self) {
        let announced = self
            .buffer
            .first_chunk::<4>()
            .map_or(0, |length| 4 + u32::from_le_bytes(*length) as usize);
        let lacking = announced.saturating_sub(self.buffer.len());
        if self.buffer.is_empty() && self.buffer.capacity() > 8 * self.step {
            // Large frames came once; what they needed is not kept for small ones.
            self.buffer = BytesMut::new();
        }
        self.buffer.reserve(lacking.min(self.buffer.len()).max(self.step));
    }

    /// A read that filled its room is followed by larger ones, a small one by smaller ones.
    fn follow(&mut self, count: usize, room: usize) {
        if count == room {
            self.step = (2 * self.step).min(READ_BYTES_MAX);
        } else if count < self.step / 8 {
            self.step = (self.step / 2).max(READ_BYTES_MIN);
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
async fn write_frame<W: AsyncWrite + Unpin>(
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
