//! The health of a tablet, over a connection that carries nothing else.
//!
//! A gateway holds one for each tablet that it knows, ten thousand of them or more, and most bring a
//! message in twenty seconds: there is no task and no queue, and what is kept is the socket and a
//! few hundred bytes of room for the next message.

use futures::stream;
use tokio::io::{AsyncRead, AsyncWrite};
use vt_base::{Error, Result};
use vt_tablet_api::{HealthState, HealthStream};

use super::Kind;
use super::client::{FramedConfig, read_answer};
use super::codec::{FrameWriter, OutFrame, Reader, Taken};
use super::connection::{FrameReader, Socket, dial, write_frame};
use super::message::Message;

/// The only call of the connection.
const CALL: u64 = 1;
/// Room for a usual message.
const READ_BYTES: usize = 512;

/// Either kind of socket.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

struct Connection {
    reader: FrameReader<Box<dyn Stream>>,
    taken: Taken,
}

/// Opens the health stream of the tablet at an address.
pub(super) async fn listen(address: &str, config: &FramedConfig) -> Result<HealthStream> {
    let socket: Box<dyn Stream> = match Box::pin(dial(address, config.connect_timeout)).await? {
        Socket::Near(stream) => Box::new(stream),
        Socket::Tcp(stream) => Box::new(stream),
    };
    let reader = FrameReader::new(socket, READ_BYTES);
    let mut connection = Connection { reader, taken: Taken::default() };
    if let Some(hello) = config.hello() {
        send(&mut connection, hello).await?;
    }
    send(&mut connection, FrameWriter::new(Kind::StreamHealth, CALL, 0).finish()?).await?;
    let messages =
        stream::unfold(connection, async |mut connection| match next(&mut connection).await {
            Ok(state) => state.map(|state| (state, connection)),
            Err(err) => {
                tracing::debug!(%err, "health stream ended");
                None
            }
        });
    Ok(HealthStream::new(messages))
}

/// Waits for the next message; `None` when the tablet has ended the stream.
async fn next(connection: &mut Connection) -> Result<Option<HealthState>> {
    let Some(frame) = connection.reader.next().await? else { return Ok(None) };
    match frame.kind {
        Kind::Part => {
            let mut from = Reader::new(frame.payload);
            let state = HealthState::read(&mut from)?;
            from.end()?;
            if let Some(credit) = connection.taken.one(CALL)? {
                send(connection, credit).await?;
            }
            Ok(Some(state))
        }
        kind => read_answer::<()>(kind, frame.payload).map(|()| None),
    }
}

async fn send(connection: &mut Connection, frame: OutFrame) -> Result<()> {
    let sent = write_frame(connection.reader.socket(), frame).await;
    sent.map_err(|err| Error::new(vt_base::Code::Unavailable, format!("connection lost: {err}")))
}
