//! Where to connect, and as whom.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use vt_wire::Capabilities;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Address {
    pub fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp { host: host.to_owned(), port }
    }

    pub fn unix(path: impl Into<PathBuf>) -> Address {
        Address::Unix(path.into())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp { host, port } => write!(f, "{host}:{port}"),
            Address::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Whether a client uses TLS; [`crate::tls::client_config`] makes the configurations.
#[derive(Clone, Default)]
pub enum TlsMode {
    #[default]
    Disabled,
    /// Uses TLS if the server offers it.
    Preferred(Arc<rustls::ClientConfig>),
    /// Refuses a server without TLS; what is verified is the configuration's affair.
    Required(Arc<rustls::ClientConfig>),
}

impl fmt::Debug for TlsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsMode::Disabled => "Disabled",
            TlsMode::Preferred(_) => "Preferred",
            TlsMode::Required(_) => "Required",
        })
    }
}

/// Everything that it takes to connect.
#[derive(Clone)]
pub struct ConnectParams {
    pub address: Address,
    pub user: String,
    /// Never shown by `Debug`.
    pub password: String,
    pub database: Option<String>,
    /// A collation id below 256 of the handshake; 255 is `utf8mb4_0900_ai_ci`, 45
    /// `utf8mb4_general_ci`.
    pub collation: u8,
    pub tls: TlsMode,
    /// The name that the server's certificate must carry; the host if not set.
    pub tls_name: Option<String>,
    /// Bounds the whole of connecting and logging in; zero sets no bound.
    pub connect_timeout: Duration,
    /// Flags asked for beyond those that every connection wants: `FOUND_ROWS`, `MULTI_STATEMENTS`,
    /// `COMPRESS`, `ZSTD`, `LOCAL_FILES`.
    pub flags: Capabilities,
    /// Longest packet that is accepted from the server.
    pub packet_max: usize,
    /// Connection attributes that the server shows in `performance_schema`.
    pub attributes: Vec<(String, String)>,
}

impl ConnectParams {
    /// Makes parameters for a user with an empty password, without database and TLS.
    pub fn new(address: Address, user: &str) -> ConnectParams {
        ConnectParams {
            address,
            user: user.to_owned(),
            password: String::new(),
            database: None,
            collation: 255,
            tls: TlsMode::Disabled,
            tls_name: None,
            connect_timeout: Duration::from_secs(10),
            flags: Capabilities::default(),
            packet_max: 1 << 30,
            attributes: vec![
                ("_client_name".to_owned(), "vitrum".to_owned()),
                ("_pid".to_owned(), std::process::id().to_string()),
            ],
        }
    }
}

impl fmt::Debug for ConnectParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectParams")
            .field("address", &self.address)
            .field("user", &self.user)
            .field("database", &self.database)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
