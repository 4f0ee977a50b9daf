//! Connections to the members of an etcd cluster, and the one loop that repeats calls.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::RngExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Response, Status};
use vt_topo::{Result, TopoError};

/// The largest answer that is taken in; listings come in pages far below it.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 << 20;

const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// How to talk to etcd.
#[derive(Clone)]
pub struct EtcdOptions {
    /// How long a lock outlives a holder that has fallen silent (`--topo-etcd-lease-ttl`).
    pub lease_ttl: Duration,
    /// How long one operation may take, repeats included.
    pub operation_timeout: Duration,
    /// How long one endpoint may take to answer.
    pub attempt_timeout: Duration,
    pub tls: Option<TlsOptions>,
}

/// The TLS of a client, as PEM text (`--topo-etcd-tls-*`).
#[derive(Clone, Default)]
pub struct TlsOptions {
    pub ca: Option<Vec<u8>>,
    pub certificate_and_key: Option<(Vec<u8>, Vec<u8>)>,
}

impl Default for EtcdOptions {
    fn default() -> EtcdOptions {
        EtcdOptions {
            lease_ttl: Duration::from_secs(30),
            operation_timeout: Duration::from_secs(15),
            attempt_timeout: Duration::from_secs(5),
            tls: None,
        }
    }
}

/// Prints without the key.
impl fmt::Debug for EtcdOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdOptions")
            .field("lease_ttl", &self.lease_ttl)
            .field("operation_timeout", &self.operation_timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("tls", &self.tls.is_some())
            .finish()
    }
}

/// Whether a call may be sent again after it may have taken effect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Reading, or writing that is the same twice.
    Always,
    /// Only while it has surely not been sent.
    Unsent,
}

/// Why a call gave no answer.
pub(crate) enum CallError {
    /// etcd refused it.
    Refused(Status),
    Topo(TopoError),
}

impl CallError {
    /// Whether a revision was asked for that etcd has forgotten.
    pub(crate) fn is_compacted(&self) -> bool {
        matches!(self, CallError::Refused(status) if status.code() == Code::OutOfRange)
    }
}

impl From<CallError> for TopoError {
    fn from(err: CallError) -> TopoError {
        let status = match err {
            CallError::Topo(err) => return err,
            CallError::Refused(status) => status,
        };
        let text = status.message().to_owned();
        match status.code() {
            Code::ResourceExhausted => TopoError::ResourceExhausted(text),
            Code::InvalidArgument => TopoError::Invalid(text),
            Code::PermissionDenied | Code::Unauthenticated | Code::FailedPrecondition => {
                TopoError::Refused(text)
            }
            _ => TopoError::Unavailable(text),
        }
    }
}

/// One etcd cluster.
pub(crate) struct Client {
    channels: Vec<Channel>,
    addresses: Vec<String>,
    current: AtomicUsize,
    pub(crate) options: EtcdOptions,
    pub(crate) closed: CancellationToken,
}

impl Client {
    /// Makes the connections' plans; they are opened when first used.
    pub(crate) fn new(server_address: &str, options: EtcdOptions) -> Result<Client> {
        let addresses: Vec<String> = server_address
            .split(',')
            .map(|one| one.trim().to_owned())
            .filter(|one| !one.is_empty())
            .collect();
        if addresses.is_empty() {
            return Err(TopoError::Invalid("no topology server address is given".to_owned()));
        }
        let channels = addresses
            .iter()
            .map(|address| Ok(endpoint(address, &options)?.connect_lazy()))
            .collect::<Result<Vec<Channel>>>()?;
        Ok(Client {
            channels,
            addresses,
            current: AtomicUsize::new(0),
            options,
            closed: CancellationToken::new(),
        })
    }

    /// Returns the endpoint in use, and its index for [`Client::leave`].
    pub(crate) fn channel(&self) -> (usize, Channel) {
        let index = self.current.load(Ordering::Relaxed) % self.channels.len();
        (index, self.channels[index].clone())
    }

    pub(crate) fn address(&self, index: usize) -> &str {
        &self.addresses[index]
    }

    /// Goes on to the next endpoint, unless another call has done so already.
    pub(crate) fn leave(&self, index: usize) {
        let next = (index + 1) % self.channels.len();
        let _ = self.current.compare_exchange(index, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Runs a call until it is answered, the time is up, or repeating it could do it twice.
    ///
    /// `what` names the path in errors.
    pub(crate) async fn call<T, Run, Answer>(
        &self,
        what: &str,
        repeat: Repeat,
        run: Run,
    ) -> Result<T, CallError>
    where
        Run: Fn(Channel) -> Answer,
        Answer: Future<Output = Result<Response<T>, Status>>,
    {
        let deadline = Instant::now() + self.options.operation_timeout;
        let mut backoff = BACKOFF_FIRST;
        loop {
            let (index, channel) = self.channel();
            let until = deadline.min(Instant::now() + self.options.attempt_timeout);
            let attempt = tokio::select! {
                biased;
                () = self.closed.cancelled() => return Err(interrupted(what)),
                attempt = tokio::time::timeout_at(until, run(channel)) => attempt,
            };
            let failure = match attempt {
                Ok(Ok(response)) => return Ok(response.into_inner()),
                Ok(Err(status)) => Failure::of(status)?,
                Err(_) => Failure { sent: true, text: "no answer in time".to_owned() },
            };
            self.leave(index);
            let text = format!("{}: {}", self.address(index), failure.text);
            tracing::debug!(what, error = text, "topology call failed");
            let may_repeat = repeat == Repeat::Always || !failure.sent;
            if !may_repeat {
                return Err(CallError::Topo(TopoError::Timeout(format!("{what} ({text})"))));
            }
            if Instant::now() + backoff >= deadline {
                return Err(CallError::Topo(TopoError::Unavailable(text)));
            }
            tokio::select! {
                biased;
                () = self.closed.cancelled() => return Err(interrupted(what)),
                () = tokio::time::sleep(jittered(backoff)) => {}
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }
}

fn interrupted(what: &str) -> CallError {
    CallError::Topo(TopoError::Interrupted(what.to_owned()))
}

/// Returns a time between half of `backoff` and all of it.
pub(crate) fn jittered(backoff: Duration) -> Duration {
    backoff.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// A failure of the way to etcd, as opposed to an answer.
struct Failure {
    /// Whether the request may have reached etcd.
    sent: bool,
    text: String,
}

impl Failure {
    fn of(status: Status) -> Result<Failure, CallError> {
        match status.code() {
            Code::Unavailable
            | Code::Unknown
            | Code::Internal
            | Code::Cancelled
            | Code::DeadlineExceeded => {
                Ok(Failure { sent: may_be_sent(&status), text: status.message().to_owned() })
            }
            _ => Err(CallError::Refused(status)),
        }
    }
}

/// A request is known not to have left when there was no connection, or when the connection was
/// found closed before the request was written.
fn may_be_sent(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(err) = cause {
        if err.is::<tonic::ConnectError>() {
            return false;
        }
        if err.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
            return false;
        }
        cause = err.source();
    }
    true
}

fn endpoint(address: &str, options: &EtcdOptions) -> Result<Endpoint> {
    let uri = match (address.contains("://"), options.tls.is_some()) {
        (true, _) => address.to_owned(),
        (false, true) => format!("https://{address}"),
        (false, false) => format!("http://{address}"),
    };
    let wrong = |err: tonic::transport::Error| {
        TopoError::Invalid(format!("topology server address {address}: {err}"))
    };
    let endpoint = Endpoint::from_shared(uri)
        .map_err(wrong)?
        .connect_timeout(options.attempt_timeout)
        .tcp_nodelay(true)
        // Watches that are not read for a while must not take the whole connection's window.
        .initial_stream_window_size(256 << 10)
        .initial_connection_window_size(16 << 20)
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true);
    let Some(tls) = &options.tls else { return Ok(endpoint) };
    let mut config = ClientTlsConfig::new();
    if let Some(ca) = &tls.ca {
        config = config.ca_certificate(Certificate::from_pem(ca));
    }
    if let Some((certificate, key)) = &tls.certificate_and_key {
        config = config.identity(Identity::from_pem(certificate, key));
    }
    endpoint.tls_config(config).map_err(wrong)
}
