//! Serving gRPC on a listener: message sizes, keep-alive, health service, shutdown.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use vt_base::{Code, Error, Result};

/// How a gRPC server treats its connections.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// How long a connection is silent before it is asked whether it lives.
    pub keepalive_time: Duration,
    /// How long it has to answer.
    pub keepalive_timeout: Duration,
    /// How many calls one connection may have under way.
    pub streams_max: u32,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            keepalive_time: Duration::from_secs(10),
            keepalive_timeout: Duration::from_secs(10),
            streams_max: 10_000,
        }
    }
}

/// Serves services until the token is cancelled; calls under way are finished then.
///
/// `grpc.health.v1.Health` is served beside them, and says `SERVING`.
pub async fn serve(
    listener: TcpListener,
    routes: Routes,
    config: ServerConfig,
    shutdown: CancellationToken,
) -> Result<()> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let nodelay = futures::StreamExt::inspect(TcpListenerStream::new(listener), |stream| {
        if let Ok(stream) = stream
            && let Err(err) = stream.set_nodelay(true)
        {
            tracing::debug!(%err, "cannot set TCP_NODELAY");
        }
    });
    Server::builder()
        .http2_keepalive_interval(Some(config.keepalive_time))
        .http2_keepalive_timeout(Some(config.keepalive_timeout))
        .max_concurrent_streams(config.streams_max)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .layer(tower::util::MapResponseLayer::new(real_code))
        .add_routes(routes.add_service(health))
        .serve_with_incoming_shutdown(nodelay, shutdown.cancelled_owned())
        .await
        .map_err(|err| Error::new(Code::Internal, format!("the gRPC server ended: {err}")))
}

/// Returns when the caller of a request stops waiting, as `grpc-timeout` says: at most eight digits
/// and a unit.
pub fn deadline_of(metadata: &tonic::metadata::MetadataMap) -> Option<Instant> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    let timeout = match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    };
    Instant::now().checked_add(timeout)
}

/// Puts a code that tonic has no number for in the place where peers look for it.
fn real_code<B>(mut response: http::Response<B>) -> http::Response<B> {
    if let Some(code) = response.headers().get(crate::status::CODE_KEY).cloned()
        && response.headers().contains_key("grpc-status")
    {
        response.headers_mut().insert("grpc-status", code);
    }
    response
}
