//! One client's connection, from its first byte to its last.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use vt_base::Error;
use vt_wire::compress::Algorithm;
use vt_wire::{Capabilities, EndInfo, end, status};

use super::accept::Shared;
use super::login::{Refusal, log_in};
use super::statements::Statements;
use super::writer::{flush, put_error};
use super::{ConnInfo, Handler, errors, metrics};
use crate::link::{Keep, Link, ReadError};
use crate::patience::within;
use crate::socket::{Peer, Socket};

/// Longest packet before the login: the attributes are all that can be long.
const LOGIN_PACKET_MAX: usize = 128 << 10;
/// A client that is silent for so long costs no buffers any more.
const IDLE_AFTER: Duration = Duration::from_secs(1);
/// How long a handler may take to clean up, and a client to take the last words.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to send a packet that is too long.
const SKIP_TIMEOUT: Duration = Duration::from_secs(60);
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(2);

/// A client after its login.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) link: Link,
    pub(super) socket: Socket,
    pub(super) info: ConnInfo,
    pub(super) handler: Box<dyn Handler>,
    pub(super) statements: Statements,
    /// Cancelled when clients outside of transactions are to go.
    drain: CancellationToken,
}

/// Why a connection ends.
pub(super) enum End {
    /// The client said goodbye, is gone, or was killed: there is nothing to say.
    Silent,
    /// The client is told before the connection is closed.
    Told(Error),
    /// A client that has asked nothing is told, for when it will.
    Parting(Error),
}

/// Serves one client until it goes.
pub(super) async fn run(shared: Arc<Shared>, socket: Socket, peer: Peer, id: u32) {
    let config = &shared.config;
    if !config.keepalive.is_zero()
        && let Err(error) = socket.set_keepalive(config.keepalive)
    {
        tracing::debug!(%error, "cannot set keep-alive");
    }
    let kill = shared.kill.child_token();
    let mut link = Link::new(socket.clone(), LOGIN_PACKET_MAX);
    let began = Instant::now();
    // Boxed, so that it takes no room any more once it is done.
    let logging_in = Box::pin(log_in(&mut link, config, &shared.secrets, &peer, id));
    let logged_in = tokio::select! {
        biased;
        () = kill.cancelled() => return,
        () = shared.drain.cancelled() => return,
        logged_in = within(config.connect_timeout, logging_in) => logged_in,
    };
    let logged_in = match logged_in {
        Some(Ok(logged_in)) => logged_in,
        Some(Err(Refusal::Told(error))) => {
            tracing::info!(%peer, %error, "login refused");
            say_last(&mut link, &error, Capabilities::PROTOCOL_41).await;
            return;
        }
        Some(Err(Refusal::Gone)) | None => return,
    };
    note_login(&shared, began.elapsed(), &peer);
    let drain = shared.drain.child_token();
    let info = ConnInfo {
        id,
        user: logged_in.user,
        peer,
        database: logged_in.database,
        attributes: logged_in.attributes,
        capabilities: logged_in.capabilities,
        collation: logged_in.collation,
        is_tls: link.transport().is_tls(),
        kill,
    };
    let handler = shared.handlers.handler();
    let statements = Statements::default();
    let connection = Connection { shared, link, socket, info, handler, statements, drain };
    connection.serve(logged_in.zstd_level).await;
}

fn note_login(shared: &Shared, took: Duration, peer: &Peer) {
    let metrics = &shared.config.metrics;
    metrics::add(&metrics.logins, 1);
    metrics::add(&metrics.login_nanos, u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    let threshold = shared.config.slow_connect_threshold;
    if !threshold.is_zero() && took > threshold {
        metrics::add(&metrics.slow, 1);
        tracing::warn!(%peer, ?took, "slow login");
    }
}

impl Connection {
    async fn serve(mut self, zstd_level: u8) {
        let end = match AssertUnwindSafe(self.session(zstd_level)).catch_unwind().await {
            Ok(end) => end,
            Err(panic) => {
                metrics::add(&self.shared.config.metrics.panics, 1);
                tracing::error!(id = self.info.id, panic = words_of(&*panic), "session panicked");
                End::Told(errors::panicked())
            }
        };
        let closing = timeout(CLOSE_TIMEOUT, self.handler.closed());
        match AssertUnwindSafe(closing).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tracing::error!(id = self.info.id, "session did not end in time"),
            Err(panic) => {
                tracing::error!(
                    id = self.info.id,
                    panic = words_of(&*panic),
                    "end of session panicked"
                );
            }
        }
        match end {
            End::Silent => drop(timeout(LAST_WORDS_TIMEOUT, self.link.shutdown()).await),
            End::Told(error) => say_last(&mut self.link, &error, self.info.capabilities).await,
            End::Parting(error) => {
                self.link.begin_answer();
                put_error(&mut self.link, &error, None, self.info.capabilities);
                drop(timeout(LAST_WORDS_TIMEOUT, self.link.flush()).await);
                drop(timeout(LAST_WORDS_TIMEOUT, self.link.shutdown()).await);
            }
        }
    }

    async fn session(&mut self, zstd_level: u8) -> End {
        match guarded(&self.socket, &self.info.kill, self.handler.init(&self.info)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return End::Told(error),
            Err(end) => return end,
        }
        self.put_ok();
        if let Err(end) = self.flush().await {
            return end;
        }
        if self.info.capabilities.has(Capabilities::COMPRESS) {
            self.link.compress(Algorithm::Zlib);
        } else if self.info.capabilities.has(Capabilities::ZSTD) {
            self.link.compress(Algorithm::Zstd(zstd_level));
        }
        self.link.set_packet_max(self.shared.config.packet_max);
        loop {
            if let Err(end) = self.command().await {
                return end;
            }
        }
    }

    async fn command(&mut self) -> Result<(), End> {
        self.link.begin_command();
        match self.next_command().await? {
            Ok(()) => {
                metrics::add(&self.shared.config.metrics.commands, 1);
                let payload = self.link.take_payload();
                self.dispatch(&payload).await?;
            }
            Err(ReadError::TooLong) => {
                // The client reads nothing before it has sent everything.
                match timeout(SKIP_TIMEOUT, self.link.skip_packet()).await {
                    Ok(Ok(())) => self.put_error(&errors::packet_too_long()),
                    Ok(Err(_)) | Err(_) => return Err(End::Silent),
                }
            }
            Err(error) => {
                return Err(errors::unreadable(&error).map_or(End::Silent, End::Told));
            }
        }
        self.flush().await
    }

    /// Waits for a command, as long as a client may be silent.
    async fn next_command(&mut self) -> Result<Result<(), ReadError>, End> {
        match self.link.next_buffered() {
            Ok(true) => return Ok(Ok(())),
            Ok(false) => {}
            Err(error) => return Ok(Err(error)),
        }
        let is_free = self.handler.status_flags() & status::IN_TRANSACTION == 0;
        tokio::select! {
            biased;
            () = self.info.kill.cancelled() => Err(End::Silent),
            () = self.drain.cancelled(), if is_free => Err(End::Parting(errors::shutting_down())),
            read = read_idle(&mut self.link, &self.socket, self.shared.config.read_timeout) => {
                read.ok_or_else(|| End::Parting(errors::inactive()))
            }
        }
    }

    pub(super) async fn flush(&mut self) -> Result<(), End> {
        let limit = self.shared.config.write_timeout;
        let flushing = flush(&mut self.link, limit);
        // A client that does not read holds up nobody but itself, and can be killed.
        match guarded(&self.socket, &self.info.kill, flushing).await? {
            Ok(()) => Ok(()),
            Err(_) => Err(End::Silent),
        }
    }

    /// Adds an OK packet that tells nothing but the state of the session.
    pub(super) fn put_ok(&mut self) {
        let end = self.end_info();
        let capabilities = self.info.capabilities;
        self.link.put(|out| end::encode_ok(out, &end, capabilities));
    }

    pub(super) fn end_info(&mut self) -> EndInfo {
        let session = self.handler.take_session_changes();
        EndInfo { status: self.handler.status_flags(), session, ..EndInfo::default() }
    }

    pub(super) fn put_error(&mut self, error: &Error) {
        put_error(&mut self.link, error, self.handler.encode().as_ref(), self.info.capabilities);
    }
}

/// Runs what a client waits for; ends it where it is when the client goes away or is killed.
pub(super) async fn guarded<T>(
    socket: &Socket,
    kill: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, End> {
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = kill.cancelled() => Err(End::Silent),
        () = socket.closed() => Err(End::Silent),
    }
}

/// Reads a packet; after a while of silence the buffers go. `None` if the client was silent for
/// longer than `limit`, where there is a limit.
async fn read_idle(
    link: &mut Link,
    socket: &Socket,
    limit: Duration,
) -> Option<Result<(), ReadError>> {
    let reading = async {
        if let Ok(read) = timeout(IDLE_AFTER, link.read()).await {
            return read;
        }
        link.relax(Keep::Nothing);
        socket.readable().await?;
        link.read().await
    };
    within(limit, reading).await
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(words), _) => words,
        (None, Some(words)) => words,
        (None, None) => "no words",
    }
}

/// Tells a client why its connection ends, and gives it time to read that.
async fn say_last(link: &mut Link, error: &Error, capabilities: Capabilities) {
    put_error(link, error, None, capabilities);
    let saying = async {
        if link.flush().await.is_ok() {
            link.shutdown().await;
            // Closing with unread bytes would reset the connection under the client's eyes.
            link.read_out().await;
        }
    };
    drop(timeout(LAST_WORDS_TIMEOUT, saying).await);
}
