//! The gateway's side: a query service over a few framed connections.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result, Retry, Target};
use vt_service::lanes;
use vt_service::tasks::Tasks;
use vt_tablet_api::{
    Caller, ExecuteOptions, ExecuteReply, ExecuteRequest, HealthStream, QueryService, SchemaReply,
    SchemaTables, StreamPart, TxState,
};

use super::codec::{FrameWriter, OutFrame, Reader, Taken};
use super::connection::{
    FRAMES_QUEUE, Frame, FrameReader, READ_BYTES_MIN, Socket, dial, write_frames,
};
use super::message::{Message, SchemaCall, TransactionCall};
use super::{Kind, STREAM_AHEAD, health};
use crate::status::tablet_error;

/// How the client connects.
#[derive(Clone, Debug)]
pub struct FramedConfig {
    /// How many connections there are to a tablet from each lane; callers outside of lanes share as
    /// many.
    pub connections: usize,
    /// How many lanes call.
    pub lanes: usize,
    pub connect_timeout: Duration,
    /// Most calls under way on one connection.
    pub calls_max: usize,
    /// The name of the gateway, the same on all its connections; one without a name keeps what it
    /// has open at the tablet though it has gone.
    pub owner: Option<u64>,
}

impl Default for FramedConfig {
    fn default() -> FramedConfig {
        FramedConfig {
            connections: 2,
            lanes: 0,
            connect_timeout: Duration::from_secs(3),
            calls_max: 8_000,
            owner: None,
        }
    }
}

impl FramedConfig {
    /// Returns the frame by which a gateway names itself.
    pub(super) fn hello(&self) -> Option<OutFrame> {
        let mut hello = FrameWriter::new(Kind::Owner, 0, 8);
        hello.i64(self.owner?.cast_signed());
        hello.finish().ok()
    }
}

/// A tablet's query service over framed connections, opened when they are first needed.
pub struct FramedQueryService {
    address: String,
    config: FramedConfig,
    slots: Box<[tokio::sync::Mutex<Option<Arc<Connection>>>]>,
    next: AtomicUsize,
    tasks: Tasks,
}

/// Its connections end with it.
impl Drop for FramedQueryService {
    fn drop(&mut self) {
        self.tasks.token().cancel();
    }
}

struct Connection {
    frames: mpsc::Sender<OutFrame>,
    calls: Arc<Calls>,
    /// Ends the task that reads and writes.
    stop: CancellationToken,
}

/// The calls of a connection that wait for answers.
struct Calls {
    table: Mutex<Table>,
    calls_max: usize,
}

#[derive(Default)]
struct Table {
    next: u64,
    waiting: HashMap<u64, Waiting>,
    /// Why the connection has ended.
    ended: Option<Error>,
}

enum Waiting {
    One(oneshot::Sender<Result<Frame>>),
    Stream(mpsc::Sender<Result<Frame>>),
}

fn unavailable(text: String) -> Error {
    Error::new(Code::Unavailable, text)
}

impl Calls {
    fn add(&self, waiting: Waiting) -> Result<u64> {
        let mut table = self.table.lock();
        if let Some(error) = &table.ended {
            return Err(error.clone().with_retry(Retry::BeforeSend));
        }
        if table.waiting.len() >= self.calls_max {
            let text = "too many calls on one connection to the tablet";
            return Err(Error::new(Code::ResourceExhausted, text));
        }
        let call = table.next;
        table.next += 1;
        table.waiting.insert(call, waiting);
        Ok(call)
    }

    fn remove(&self, call: u64) -> bool {
        self.table.lock().waiting.remove(&call).is_some()
    }

    /// Hands a frame to the call that waits for it; one that has gone is no fault.
    fn deliver(&self, frame: Frame) -> Result<()> {
        let mut table = self.table.lock();
        let last = frame.kind != Kind::Part;
        let call = frame.call;
        if last {
            match table.waiting.remove(&call) {
                Some(Waiting::One(sender)) => drop(sender.send(Ok(frame))),
                Some(Waiting::Stream(sender)) => drop(sender.try_send(Ok(frame))),
                None => {}
            }
            return Ok(());
        }
        match table.waiting.get(&call) {
            // There is room for as many pieces as were granted.
            Some(Waiting::Stream(sender)) => match sender.try_send(Ok(frame)) {
                Err(mpsc::error::TrySendError::Full(_)) => Err(Reader::wrong()),
                _ => Ok(()),
            },
            Some(Waiting::One(_)) => Err(Reader::wrong()),
            None => Ok(()),
        }
    }

    fn end(&self, error: &Error) {
        let mut table = self.table.lock();
        table.ended = Some(error.clone());
        for (_, waiting) in table.waiting.drain() {
            match waiting {
                Waiting::One(sender) => drop(sender.send(Err(error.clone()))),
                Waiting::Stream(sender) => drop(sender.try_send(Err(error.clone()))),
            }
        }
    }
}

/// A call under way; dropped before its end, it is cancelled on the tablet.
struct CallGuard<'a> {
    connection: &'a Connection,
    call: u64,
}

impl Drop for CallGuard<'_> {
    fn drop(&mut self) {
        if self.connection.calls.remove(self.call)
            && let Ok(frame) = FrameWriter::new(Kind::Cancel, self.call, 0).finish()
        {
            match self.connection.frames.try_send(frame) {
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
                // The queue is full: the frame follows as soon as there is room.
                Err(mpsc::error::TrySendError::Full(frame)) => {
                    let frames = self.connection.frames.clone();
                    tokio::spawn(async move { frames.send(frame).await });
                }
            }
        }
    }
}

impl Connection {
    async fn send<M: Message>(&self, kind: Kind, call: u64, message: &M) -> Result<()> {
        let mut out = FrameWriter::new(kind, call, message.size());
        message.write(&mut out);
        let sent = self.frames.send(out.finish()?).await;
        sent.map_err(|_| unavailable("connection to the tablet lost".to_owned()))
    }
}

impl FramedQueryService {
    /// Makes the service of a tablet at an address.
    pub fn new(address: String, config: FramedConfig) -> FramedQueryService {
        let count = config.connections.max(1) * (config.lanes + 1);
        let slots = (0..count).map(|_| tokio::sync::Mutex::default()).collect();
        FramedQueryService {
            address,
            config,
            slots,
            next: AtomicUsize::new(0),
            tasks: Tasks::new(),
        }
    }

    async fn connection(&self) -> Result<Arc<Connection>> {
        let each = self.config.connections.max(1);
        let turn = if each == 1 { 0 } else { self.next.fetch_add(1, Ordering::Relaxed) % each };
        // A connection of the caller's own lane: its answers wake no other thread.
        let lane = Some(lanes::here()).filter(|lane| *lane <= self.config.lanes).unwrap_or(0);
        let mut slot = self.slots[lane * each + turn].lock().await;
        if let Some(connection) = &*slot
            && connection.calls.table.lock().ended.is_none()
        {
            return Ok(connection.clone());
        }
        let connection = match dial(&self.address, self.config.connect_timeout).await? {
            Socket::Near(stream) => {
                let (reading, writing) = stream.into_split();
                self.start(reading, writing)
            }
            Socket::Tcp(stream) => {
                let (reading, writing) = stream.into_split();
                self.start(reading, writing)
            }
        };
        *slot = Some(connection.clone());
        Ok(connection)
    }

    /// Starts the task that reads and writes a connection.
    fn start<R, W>(&self, reading: R, writing: W) -> Arc<Connection>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (frames, queue) = mpsc::channel(FRAMES_QUEUE);
        // The queue is empty.
        drop(self.config.hello().map(|hello| frames.try_send(hello)));
        let calls = Arc::new(Calls { table: Mutex::default(), calls_max: self.config.calls_max });
        let waiting = calls.clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        self.tasks.spawn_until_cancelled("framed client", async move {
            let reading = async {
                let mut reader = FrameReader::new(reading, READ_BYTES_MIN);
                loop {
                    match reader.next().await {
                        Ok(Some(frame)) => waiting.deliver(frame)?,
                        Ok(None) => return Err(unavailable("the tablet has closed".to_owned())),
                        Err(error) => return Err(error),
                    }
                }
            };
            let ended: Result<()> = tokio::select! {
                biased;
                read = reading => read,
                written = write_frames(writing, queue) => written,
                () = stopped.cancelled() => Ok(()),
            };
            let error = ended.err().unwrap_or_else(|| unavailable("connection closed".to_owned()));
            waiting.end(&unavailable(error.message().to_owned()));
        });
        Arc::new(Connection { frames, calls, stop })
    }

    /// Makes a call that has one answer.
    async fn call<Q: Message, A: Message>(&self, kind: Kind, message: &Q) -> Result<A> {
        let connection = self.connection().await?;
        let (sender, receiver) = oneshot::channel();
        let call = connection.calls.add(Waiting::One(sender))?;
        let _guard = CallGuard { connection: &connection, call };
        connection.send(kind, call, message).await?;
        let frame = receiver.await.map_err(|_| unavailable("connection closed".to_owned()))??;
        read_answer(frame.kind, frame.payload)
    }

    /// Makes a call that has many answers; `piece` takes each, the result is the last.
    async fn stream<Q: Message, P: Message, A: Message>(
        &self,
        kind: Kind,
        message: &Q,
        out: &mpsc::Sender<P>,
    ) -> Result<A> {
        let connection = self.connection().await?;
        // Room for the pieces that may be under way, and for the end.
        let (sender, mut receiver) = mpsc::channel(STREAM_AHEAD + 1);
        let call = connection.calls.add(Waiting::Stream(sender))?;
        let _guard = CallGuard { connection: &connection, call };
        connection.send(kind, call, message).await?;
        let gone = || Error::new(Code::Canceled, "the receiver of the stream has gone");
        let mut taken = Taken::default();
        loop {
            let frame = tokio::select! {
                biased;
                // The first piece may be long in coming.
                () = out.closed() => return Err(gone()),
                frame = receiver.recv() => frame,
            };
            let frame = frame.ok_or_else(|| unavailable("connection closed".to_owned()))??;
            if frame.kind != Kind::Part {
                return read_answer(frame.kind, frame.payload);
            }
            let mut from = Reader::new(frame.payload);
            let piece = P::read(&mut from)?;
            from.end()?;
            out.send(piece).await.map_err(|_| gone())?;
            if let Some(credit) = taken.one(call)? {
                let sent = connection.frames.send(credit).await;
                sent.map_err(|_| unavailable("connection to the tablet lost".to_owned()))?;
            }
        }
    }

    async fn transaction<A: Message>(
        &self,
        kind: Kind,
        (caller, target): (&Caller, &Target),
        options: Option<&ExecuteOptions>,
        (transaction_id, reserved_id): (i64, i64),
    ) -> Result<A> {
        let message = TransactionCall {
            caller: caller.clone(),
            target: target.clone(),
            options: options.cloned().unwrap_or_default(),
            transaction_id,
            reserved_id,
        };
        self.call(kind, &message).await.map_err(worded)
    }
}

pub(super) fn read_answer<A: Message>(kind: Kind, payload: Bytes) -> Result<A> {
    let mut from = Reader::new(payload);
    if kind == Kind::Failure {
        let error = Error::read(&mut from)?;
        from.end()?;
        return Err(error);
    }
    let answer = A::read(&mut from)?;
    from.end()?;
    Ok(answer)
}

/// Gives an error of the connection the words that one of the tablet has already.
fn worded(error: Error) -> Error {
    if error.message().starts_with("vttablet: ") {
        return error;
    }
    let retry = error.retry();
    tablet_error(error).with_retry(retry)
}

#[async_trait]
impl QueryService for FramedQueryService {
    async fn abandon(&self, reason: Error) {
        for slot in &self.slots {
            let connection = slot.lock().await.take();
            if let Some(connection) = connection {
                connection.calls.end(&reason);
                connection.stop.cancel();
            }
        }
    }

    async fn execute(&self, request: ExecuteRequest) -> ExecuteReply {
        let calling = self.call(Kind::Execute, &request);
        let called = match request.deadline {
            None => calling.await,
            // The tablet keeps the deadline; a little later it counts as gone.
            Some(deadline) => {
                let late = tokio::time::Instant::from_std(deadline) + Duration::from_secs(5);
                tokio::time::timeout_at(late, calling).await.unwrap_or_else(|_| {
                    let text = "no answer from the tablet before the deadline";
                    Err(Error::new(Code::DeadlineExceeded, text))
                })
            }
        };
        called.unwrap_or_else(|error| ExecuteReply::failed(worded(error)))
    }

    async fn stream_execute(
        &self,
        request: ExecuteRequest,
        parts: mpsc::Sender<StreamPart>,
    ) -> ExecuteReply {
        let streamed = self.stream(Kind::StreamExecute, &request, &parts).await;
        streamed.unwrap_or_else(|error| ExecuteReply::failed(worded(error)))
    }

    async fn begin(
        &self,
        caller: &Caller,
        target: &Target,
        options: &ExecuteOptions,
    ) -> Result<TxState> {
        self.transaction(Kind::Begin, (caller, target), Some(options), (0, 0)).await
    }

    async fn commit(
        &self,
        caller: &Caller,
        target: &Target,
        transaction_id: i64,
    ) -> Result<TxState> {
        self.transaction(Kind::Commit, (caller, target), None, (transaction_id, 0)).await
    }

    async fn rollback(&self, caller: &Caller, target: &Target, transaction_id: i64) -> Result<i64> {
        self.transaction(Kind::Rollback, (caller, target), None, (transaction_id, 0)).await
    }

    async fn release(
        &self,
        caller: &Caller,
        target: &Target,
        transaction_id: i64,
        reserved_id: i64,
    ) -> Result<()> {
        let ids = (transaction_id, reserved_id);
        self.transaction(Kind::Release, (caller, target), None, ids).await
    }

    async fn stream_health(&self) -> Result<HealthStream> {
        health::listen(&self.address, &self.config).await.map_err(worded)
    }

    async fn get_schema(
        &self,
        target: &Target,
        which: SchemaTables,
        names: &[String],
    ) -> Result<SchemaReply> {
        let message = SchemaCall { target: target.clone(), which, names: names.to_vec() };
        self.call(Kind::GetSchema, &message).await.map_err(worded)
    }
}
