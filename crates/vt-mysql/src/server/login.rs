//! The server's half of the handshake.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio_rustls::{TlsAcceptor, TlsStream};
use vt_base::{Error, Result};
use vt_wire::auth::rsa::ServerKey;
use vt_wire::auth::{NONCE_LENGTH, Nonce, Plugin, nonce_of, sha2};
use vt_wire::handshake::{FirstAnswer, Greeting, Response};
use vt_wire::{Capabilities, status};

use super::proof::Proof;
use super::{ServerConfig, errors};
use crate::AuthenticatedUser;
use crate::link::Link;
use crate::socket::Peer;

/// What every server can do.
const OFFERED: Capabilities = Capabilities::LONG_PASSWORD
    .with(Capabilities::FOUND_ROWS)
    .with(Capabilities::LONG_FLAG)
    .with(Capabilities::CONNECT_WITH_DB)
    .with(Capabilities::ODBC)
    .with(Capabilities::LOCAL_FILES)
    .with(Capabilities::IGNORE_SPACE)
    .with(Capabilities::PROTOCOL_41)
    .with(Capabilities::INTERACTIVE)
    .with(Capabilities::TRANSACTIONS)
    .with(Capabilities::RESERVED)
    .with(Capabilities::SECURE_CONNECTION)
    .with(Capabilities::MULTI_STATEMENTS)
    .with(Capabilities::MULTI_RESULTS)
    .with(Capabilities::PS_MULTI_RESULTS)
    .with(Capabilities::PLUGIN_AUTH)
    .with(Capabilities::CONNECT_ATTRS)
    .with(Capabilities::PLUGIN_AUTH_LENENC)
    .with(Capabilities::SESSION_TRACK)
    .with(Capabilities::DEPRECATE_EOF)
    .with(Capabilities::QUERY_ATTRIBUTES);

/// `utf8mb4_0900_ai_ci`
const COLLATION: u8 = 255;
/// Most passwords whose digests are kept.
const CACHE_MAX: usize = 10_000;

/// What logins share: a key made when it is first needed, and digests of passwords that were proved.
#[derive(Default)]
pub(super) struct Secrets {
    key: OnceCell<Option<Arc<ServerKey>>>,
    /// From the stored form of a password to the digest that a fast check needs.
    proved: Mutex<HashMap<Vec<u8>, sha2::Doubled>>,
}

impl Secrets {
    /// Returns the RSA key; the first to ask waits for its making.
    pub(super) async fn key(&self) -> Option<Arc<ServerKey>> {
        let make = async || {
            let made = tokio::task::spawn_blocking(ServerKey::generate).await;
            made.ok().flatten().map(Arc::new)
        };
        self.key.get_or_init(make).await.clone()
    }

    pub(super) fn proved(&self, stored: &sha2::Crypted) -> Option<sha2::Doubled> {
        self.proved.lock().get(&stored.stored()).copied()
    }

    pub(super) fn remember(&self, stored: &sha2::Crypted, password: &[u8]) {
        let mut proved = self.proved.lock();
        if proved.len() >= CACHE_MAX {
            proved.clear();
        }
        proved.insert(stored.stored(), sha2::doubled(password));
    }
}

/// A client that has proved who it is.
pub(super) struct LoggedIn {
    pub(super) user: AuthenticatedUser,
    pub(super) capabilities: Capabilities,
    pub(super) zstd_level: u8,
    pub(super) collation: u16,
    pub(super) database: Option<String>,
    pub(super) attributes: Vec<(String, String)>,
}

/// Why a login ended without a user.
pub(super) enum Refusal {
    /// The client is told.
    Told(Error),
    /// There is nobody to tell.
    Gone,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::Told(error)
    }
}

/// Makes a fresh nonce.
pub(super) fn fresh_nonce() -> Result<Nonce> {
    let mut random = [0; NONCE_LENGTH];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Error::bug("the system has no randomness"))?;
    Ok(nonce_of(random))
}

/// Greets a client and finds out who it is.
pub(super) async fn log_in(
    link: &mut Link,
    config: &ServerConfig,
    secrets: &Secrets,
    peer: &Peer,
    id: u32,
) -> Result<LoggedIn, Refusal> {
    let greeting = greeting(config, id)?;
    link.put(|out| greeting.encode(out));
    link.flush().await.map_err(|_| Refusal::Gone)?;
    let response = read_response(link, config).await?;
    if config.require_secure_transport && !link.transport().is_secure() {
        return Err(errors::insecure_transport().into());
    }
    let capabilities = response.capabilities & greeting.capabilities;
    let mut proof = Proof {
        link,
        auth: &*config.auth,
        secrets,
        peer,
        login: &response.user,
        nonce: greeting.nonce,
    };
    let has_plugins = capabilities.has(Capabilities::PLUGIN_AUTH);
    let told = if has_plugins { &response.plugin } else { Plugin::Native.name() };
    let user = proof.check(told, &greeting.plugin, &response.auth).await?;
    Ok(LoggedIn {
        user,
        capabilities,
        zstd_level: response.zstd_level,
        collation: u16::from(response.collation),
        database: response.database,
        attributes: response.attributes,
    })
}

fn greeting(config: &ServerConfig, id: u32) -> Result<Greeting> {
    let mut capabilities = OFFERED;
    if config.tls.is_some() {
        capabilities |= Capabilities::SSL;
    }
    if config.is_compression_allowed {
        capabilities |= Capabilities::COMPRESS | Capabilities::ZSTD;
    }
    Ok(Greeting {
        version: config.version.clone(),
        connection_id: id,
        nonce: fresh_nonce()?,
        capabilities,
        collation: COLLATION,
        status: status::AUTOCOMMIT,
        plugin: config.auth.default_plugin().name().to_owned(),
    })
}

/// Reads a packet of a login.
pub(super) async fn read(link: &mut Link) -> Result<(), Refusal> {
    link.read().await.map_err(|error| match errors::unreadable(&error) {
        Some(error) => Refusal::Told(error),
        None => Refusal::Gone,
    })
}

async fn read_response(link: &mut Link, config: &ServerConfig) -> Result<Response, Refusal> {
    read(link).await?;
    let answer = FirstAnswer::decode(link.payload()).map_err(|_| errors::bad_handshake())?;
    match (answer, &config.tls) {
        (FirstAnswer::Response(response), _) => return Ok(response),
        (FirstAnswer::Tls(_), None) => return Err(errors::bad_handshake().into()),
        (FirstAnswer::Tls(_), Some(tls)) => {
            let acceptor = TlsAcceptor::from(Arc::clone(tls));
            let upgrade = async |socket| acceptor.accept(socket).await.map(TlsStream::Server);
            link.upgrade(upgrade).await.map_err(|_| Refusal::Gone)?;
        }
    }
    read(link).await?;
    Response::decode(link.payload()).map_err(|_| errors::bad_handshake().into())
}
