//! The tablet's side: any query service, served over framed connections.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_service::Lanes;
use vt_service::tasks::Tasks;
use vt_tablet_api::{ExecuteReply, ExecuteRequest, QueryService, StreamPart, TxState};

use super::codec::{FrameWriter, OutFrame, Reader};
use super::connection::{
    FRAMES_QUEUE, Frame, FrameReader, READ_BYTES_MIN, greet, prepare, write_frames,
};
use super::message::{Message, SchemaCall, TransactionCall};
use super::owners::{Ledger, Membership, Owners};
use super::{Kind, STREAM_AHEAD, near};

/// How long a connection has to greet.
const GREETING: Duration = Duration::from_secs(10);

/// How the server treats its connections.
#[derive(Clone)]
pub struct FramedServer {
    pub connections_max: usize,
    /// Most calls under way on one connection; further ones fail.
    pub calls_max: usize,
    /// Whether callers of this machine may come over a Unix socket.
    pub is_near_served: bool,
    /// The threads that connections, and the calls on them, are spread over.
    pub lanes: Lanes,
}

impl Default for FramedServer {
    fn default() -> FramedServer {
        FramedServer {
            connections_max: 4096,
            calls_max: 10_000,
            is_near_served: true,
            lanes: Lanes::default(),
        }
    }
}

/// Serves a query service until the token is cancelled.
pub async fn serve_framed(
    listener: TcpListener,
    service: Arc<dyn QueryService>,
    config: FramedServer,
    shutdown: CancellationToken,
) {
    let tasks = Tasks::new();
    let owners = Arc::new(Owners::default());
    let room = Arc::new(Semaphore::new(config.connections_max));
    let near = listener
        .local_addr()
        .ok()
        .filter(|_| config.is_near_served)
        .and_then(|address| near::listen(address.port()));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, near.as_ref()) => accepted,
        };
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(err) => {
                // Out of file descriptors, as a rule: others must close first.
                tracing::warn!(%err, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(permit) = room.clone().try_acquire_owned() else {
            tracing::warn!("too many framed connections; one is refused");
            continue;
        };
        let (service, calls_max, owners) = (service.clone(), config.calls_max, owners.clone());
        tasks.spawn_on_lane(&config.lanes, async move {
            let mut member = None;
            if let Err(err) = accepted.serve(service.clone(), calls_max, &owners, &mut member).await
            {
                tracing::debug!(%err, "framed connection ended");
            }
            if let Some(member) = member {
                member.end(&*service).await;
            }
            drop(permit);
        });
    }
    // What runs is dropped, and so killed.
    tasks.shutdown(Duration::from_secs(1)).await;
}

/// Serves a query service to one caller, until that closes the connection.
///
/// # Errors
/// The connection breaks, or what comes makes no sense.
pub async fn serve_connection(
    stream: TcpStream,
    service: Arc<dyn QueryService>,
    calls_max: usize,
) -> Result<()> {
    let stream = stream.into_std().map_err(broken)?;
    let mut member = None;
    Accepted::Tcp(stream).serve(service, calls_max, &Arc::default(), &mut member).await
}

fn broken(err: std::io::Error) -> Error {
    Error::new(Code::Unavailable, err.to_string())
}

/// A call under way.
struct Running {
    abort: AbortHandle,
    /// How many pieces its stream may still send.
    credit: Arc<Semaphore>,
}

/// A gateway's socket that belongs to no runtime yet: it goes with its lane.
enum Accepted {
    Tcp(std::net::TcpStream),
    Near(std::os::unix::net::UnixStream),
}

async fn accept(tcp: &TcpListener, near: Option<&UnixListener>) -> std::io::Result<Accepted> {
    let near = async {
        match near {
            Some(listener) => listener.accept().await?.0.into_std(),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        accepted = near => accepted.map(Accepted::Near),
        accepted = tcp.accept() => accepted?.0.into_std().map(Accepted::Tcp),
    }
}

impl Accepted {
    async fn serve(
        self,
        service: Arc<dyn QueryService>,
        calls_max: usize,
        owners: &Arc<Owners>,
        member: &mut Option<Membership>,
    ) -> Result<()> {
        let parts = (service, calls_max);
        match self {
            Accepted::Tcp(stream) => {
                let mut stream = TcpStream::from_std(stream).map_err(broken)?;
                prepare(&stream).map_err(broken)?;
                hear(&mut stream).await?;
                let (reading, writing) = stream.into_split();
                connection((reading, writing), parts, owners, member).await
            }
            Accepted::Near(stream) => {
                let mut stream = UnixStream::from_std(stream).map_err(broken)?;
                hear(&mut stream).await?;
                let (reading, writing) = stream.into_split();
                connection((reading, writing), parts, owners, member).await
            }
        }
    }
}

/// Greets, within the time that there is for it.
async fn hear<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<()> {
    tokio::time::timeout(GREETING, greet(stream))
        .await
        .map_err(|_| Error::new(Code::Unavailable, "no greeting in time"))?
}

async fn connection<R, W>(
    (reading, writing): (R, W),
    (service, calls_max): (Arc<dyn QueryService>, usize),
    owners: &Arc<Owners>,
    member: &mut Option<Membership>,
) -> Result<()>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
{
    let (frames, queue) = mpsc::channel(FRAMES_QUEUE);
    let mut writer = Box::pin(write_frames(writing, queue));
    let mut reader = FrameReader::new(reading, READ_BYTES_MIN);
    // Dropping the set drops every call.
    let mut calls: JoinSet<u64> = JoinSet::new();
    let mut running: HashMap<u64, Running> = HashMap::new();
    loop {
        tokio::select! {
            biased;
            written = &mut writer => return written,
            Some(ended) = calls.join_next() => match ended {
                Ok(call) => { running.remove(&call); }
                Err(_) => running.retain(|_, one| !one.abort.is_finished()),
            },
            frame = reader.next() => match frame? {
                None => return Ok(()),
                Some(frame) if frame.kind == Kind::Owner => {
                    let name = Reader::new(frame.payload).i64()?.cast_unsigned();
                    // The first name counts.
                    member.get_or_insert_with(|| owners.join(name));
                }
                Some(frame) => {
                    let ledger = member.as_ref().map(Membership::ledger).unwrap_or_default();
                    let with = (&service, ledger);
                    take(frame, with, &frames, &mut calls, (&mut running, calls_max))?;
                }
            },
        }
    }
}

/// Begins a call, or does what a frame says of one under way.
fn take(
    frame: Frame,
    (service, ledger): (&Arc<dyn QueryService>, Ledger),
    frames: &mpsc::Sender<OutFrame>,
    calls: &mut JoinSet<u64>,
    (running, calls_max): (&mut HashMap<u64, Running>, usize),
) -> Result<()> {
    match frame.kind {
        Kind::Cancel => {
            if let Some(one) = running.remove(&frame.call) {
                one.abort.abort();
            }
            return Ok(());
        }
        Kind::Credit => {
            let granted = Reader::new(frame.payload).u32()? as usize;
            if let Some(one) = running.get(&frame.call) {
                // More than can be under way is never granted in earnest.
                let room = STREAM_AHEAD.saturating_sub(one.credit.available_permits());
                one.credit.add_permits(granted.min(room));
            }
            return Ok(());
        }
        Kind::Reply | Kind::Part | Kind::Failure => return Err(Reader::wrong()),
        _ => {}
    }
    let credit = Arc::new(Semaphore::new(STREAM_AHEAD));
    let answer = Answer { call: frame.call, frames: frames.clone(), credit: credit.clone() };
    if running.len() >= calls_max || running.contains_key(&frame.call) {
        let error = Error::new(Code::ResourceExhausted, "too many calls on one connection");
        calls.spawn(async move {
            answer.fail(&error).await;
            // No call of this number may be taken for ended.
            u64::MAX
        });
        return Ok(());
    }
    let (service, call) = (service.clone(), frame.call);
    let abort = calls.spawn(async move {
        let running = AssertUnwindSafe(run(frame, (&*service, &ledger), &answer)).catch_unwind();
        if running.await.is_err() {
            answer.fail(&Error::bug("a call panicked")).await;
        }
        call
    });
    running.insert(call, Running { abort, credit });
    Ok(())
}

/// Sends what a call gives back.
struct Answer {
    call: u64,
    frames: mpsc::Sender<OutFrame>,
    credit: Arc<Semaphore>,
}

impl Answer {
    async fn send<M: Message>(&self, kind: Kind, message: &M) {
        let mut out = FrameWriter::new(kind, self.call, message.size());
        message.write(&mut out);
        match out.finish() {
            // If the connection has ended, so has the call.
            Ok(frame) => drop(self.frames.send(frame).await),
            Err(error) => Box::pin(self.fail(&error)).await,
        }
    }

    async fn fail(&self, error: &Error) {
        let mut out = FrameWriter::new(Kind::Failure, self.call, 64 + error.message().len());
        error.write(&mut out);
        if let Ok(frame) = out.finish() {
            drop(self.frames.send(frame).await);
        }
    }

    async fn end<M: Message>(&self, result: Result<M>) {
        match result {
            Ok(message) => self.send(Kind::Reply, &message).await,
            Err(error) => self.fail(&error).await,
        }
    }

    /// Sends a piece of a stream once the receiver has room for it.
    async fn piece<M: Message>(&self, message: &M) {
        if let Ok(permit) = self.credit.acquire().await {
            permit.forget();
            self.send(Kind::Part, message).await;
        }
    }
}

async fn run(frame: Frame, (service, ledger): (&dyn QueryService, &Ledger), answer: &Answer) {
    let mut from = Reader::new(frame.payload);
    match frame.kind {
        Kind::Execute => match read_whole::<ExecuteRequest>(from) {
            Ok(request) => {
                let (caller, target) = (request.caller.clone(), request.target.clone());
                let reply = service.execute(request).await;
                ledger.opened(&caller, &target, &reply.state);
                answer.send(Kind::Reply, &reply).await;
            }
            Err(error) => answer.fail(&error).await,
        },
        Kind::StreamExecute => match read_whole::<ExecuteRequest>(from) {
            Ok(request) => stream(request, (service, ledger), answer).await,
            Err(error) => answer.fail(&error).await,
        },
        Kind::StreamHealth => match service.stream_health().await {
            Ok(mut health) => {
                while let Some(state) = health.recv().await {
                    answer.piece(&state).await;
                }
                answer.send(Kind::Reply, &()).await;
            }
            Err(error) => answer.fail(&error).await,
        },
        Kind::GetSchema => match read_whole::<SchemaCall>(from) {
            Ok(SchemaCall { target, which, names }) => {
                answer.end(service.get_schema(&target, which, &names).await).await;
            }
            Err(error) => answer.fail(&error).await,
        },
        _ => match TransactionCall::read(&mut from) {
            Ok(call) => transaction(frame.kind, &call, (service, ledger), answer).await,
            Err(error) => answer.fail(&error).await,
        },
    }
}

fn read_whole<M: Message>(mut from: Reader) -> Result<M> {
    let message = M::read(&mut from)?;
    from.end()?;
    Ok(message)
}

async fn transaction(
    kind: Kind,
    call: &TransactionCall,
    (service, ledger): (&dyn QueryService, &Ledger),
    answer: &Answer,
) {
    let TransactionCall { caller, target, options, transaction_id, reserved_id } = call;
    match kind {
        Kind::Begin => {
            let begun = service.begin(caller, target, options).await;
            if let Ok(state) = &begun {
                ledger.opened(caller, target, state);
            }
            answer.end(begun).await;
        }
        Kind::Commit => {
            let committed = service.commit(caller, target, *transaction_id).await;
            ledger.ended(*transaction_id, 0);
            if let Ok(state) = &committed {
                ledger.opened(caller, target, state);
            }
            answer.end(committed).await;
        }
        Kind::Rollback => {
            let rolled_back = service.rollback(caller, target, *transaction_id).await;
            ledger.ended(*transaction_id, 0);
            if let Ok(reserved_id) = rolled_back {
                let state = TxState { reserved_id, ..TxState::default() };
                ledger.opened(caller, target, &state);
            }
            answer.end(rolled_back).await;
        }
        _ => {
            let released = service.release(caller, target, *transaction_id, *reserved_id).await;
            ledger.ended(*transaction_id, *reserved_id);
            answer.end(released).await;
        }
    }
}

async fn stream(
    request: ExecuteRequest,
    (service, ledger): (&dyn QueryService, &Ledger),
    answer: &Answer,
) {
    let (caller, target) = (request.caller.clone(), request.target.clone());
    let (sender, mut parts) = mpsc::channel::<StreamPart>(1);
    let sending = async {
        while let Some(part) = parts.recv().await {
            answer.piece(&part).await;
        }
    };
    // Pieces first: all of them are sent before the end.
    let (reply, ()): (ExecuteReply, ()) =
        tokio::join!(service.stream_execute(request, sender), sending);
    ledger.opened(&caller, &target, &reply.state);
    answer.send(Kind::Reply, &reply).await;
}
