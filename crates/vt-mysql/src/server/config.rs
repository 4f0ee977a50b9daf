//! What a server is told: version, limits, TLS, who may come in.

use std::sync::Arc;
use std::time::Duration;

use vt_service::Lanes;

use crate::auth::AuthServer;
use crate::server::{ConnectionIds, Metrics};

/// The configuration of one server.
#[derive(Clone)]
pub struct ServerConfig {
    /// The version that the greeting tells.
    pub version: String,
    pub auth: Arc<dyn AuthServer>,
    /// TLS is offered when set.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Refuses TCP clients without TLS.
    pub require_secure_transport: bool,
    /// Most clients at once; the next gets error 1040.
    pub connections_max: usize,
    /// Longest packet that is read after the login; a longer one gets error 1153.
    pub packet_max: usize,
    /// Most bytes of long data that a client may send for all its statements before they run.
    pub long_data_max: usize,
    /// Most prepared statements of one client.
    pub statements_max: usize,
    /// How long a client may take from connecting to being logged in; zero is for ever.
    pub connect_timeout: Duration,
    /// How long a client may be silent between commands; zero is for ever.
    pub read_timeout: Duration,
    /// How long a client may take to receive what a write hands over; zero is for ever.
    pub write_timeout: Duration,
    /// Logs clients whose login takes longer; zero never does.
    pub slow_connect_threshold: Duration,
    /// Offers compression with zlib and zstd.
    pub is_compression_allowed: bool,
    /// TCP keep-alive period; zero leaves the system's setting.
    pub keepalive: Duration,
    /// How long transactions may go on after a shutdown began.
    pub drain_timeout: Duration,
    /// The threads that clients are spread over; none serves them where the server runs.
    pub lanes: Lanes,
    pub metrics: Arc<Metrics>,
    /// Whence connections have their ids.
    pub ids: Arc<ConnectionIds>,
}

impl ServerConfig {
    /// Makes a configuration with the defaults of Vitess.
    pub fn new(auth: Arc<dyn AuthServer>) -> ServerConfig {
        ServerConfig {
            version: "8.4.6-Vitess".to_owned(),
            auth,
            tls: None,
            require_secure_transport: false,
            connections_max: 100_000,
            packet_max: 64 << 20,
            long_data_max: 64 << 20,
            statements_max: 16_382,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::ZERO,
            write_timeout: Duration::ZERO,
            slow_connect_threshold: Duration::ZERO,
            is_compression_allowed: true,
            keepalive: Duration::ZERO,
            drain_timeout: Duration::from_secs(10),
            lanes: Lanes::default(),
            metrics: Arc::new(Metrics::default()),
            ids: Arc::default(),
        }
    }
}
