//! The client's half of the handshake.

use std::io;
use std::sync::Arc;

use rustls_pki_types::ServerName;
use tokio_rustls::{TlsConnector, TlsStream};
use vt_base::{Code, Error, Origin, Result};
use vt_wire::auth::{Nonce, Plugin, native, rsa, sha2};
use vt_wire::compress::Algorithm;
use vt_wire::end::{self, EndInfo};
use vt_wire::handshake::{self, Greeting, Response};
use vt_wire::{Capabilities, ErrorPacket};

use super::connect::{lost, open};
use super::{Address, ConnectParams, TlsMode};
use crate::link::{Link, ReadError};
use crate::socket::Rewound;

/// What every connection asks for.
const WANTED: Capabilities = Capabilities::LONG_PASSWORD
    .with(Capabilities::LONG_FLAG)
    .with(Capabilities::PROTOCOL_41)
    .with(Capabilities::TRANSACTIONS)
    .with(Capabilities::SECURE_CONNECTION)
    .with(Capabilities::MULTI_STATEMENTS)
    .with(Capabilities::MULTI_RESULTS)
    .with(Capabilities::PS_MULTI_RESULTS)
    .with(Capabilities::PLUGIN_AUTH)
    .with(Capabilities::PLUGIN_AUTH_LENENC)
    .with(Capabilities::CONNECT_ATTRS)
    .with(Capabilities::SESSION_TRACK)
    .with(Capabilities::DEPRECATE_EOF);

/// Level asked of a server that compresses with zstd; MySQL's default.
const ZSTD_LEVEL: u8 = 3;
/// Most round trips of a login; no plugin needs half of them.
const ROUNDS_MAX: usize = 10;
/// Longest packet of a login.
const LOGIN_PACKET_MAX: usize = 1 << 20;

/// A connection that has logged in.
pub(super) struct LoggedIn {
    pub(super) link: Link,
    pub(super) version: String,
    pub(super) connection_id: u32,
    pub(super) capabilities: Capabilities,
    pub(super) nonce: Nonce,
    pub(super) status: u16,
}

/// Connects and logs in.
pub(super) async fn log_in(params: &ConnectParams) -> Result<LoggedIn> {
    let mut link = Link::new(open(&params.address).await?, LOGIN_PACKET_MAX);
    let greeting = read_greeting(&mut link).await?;
    let capabilities = agree(params, &greeting)?;
    let mut response = Response {
        capabilities,
        packet_max: u32::try_from(params.packet_max).unwrap_or(u32::MAX),
        collation: params.collation,
        user: params.user.clone(),
        database: params.database.clone(),
        plugin: greeting.plugin.clone(),
        attributes: params.attributes.clone(),
        zstd_level: ZSTD_LEVEL,
        ..Response::default()
    };
    if capabilities.has(Capabilities::SSL) {
        link.put(|out| response.encode_front(out));
        link.flush().await.map_err(lost)?;
        start_tls(&mut link, params).await?;
    }
    let plugin = first_plugin(&greeting.plugin, link.transport().is_secure());
    plugin.name().clone_into(&mut response.plugin);
    response.auth = proof(plugin, params.password.as_bytes(), &greeting.nonce);
    link.put(|out| response.encode(out));
    link.flush().await.map_err(lost)?;
    let mut login = Login { link: &mut link, nonce: greeting.nonce, plugin };
    let end = login.finish(params.password.as_bytes(), capabilities).await?;
    let nonce = login.nonce;
    if capabilities.has(Capabilities::COMPRESS) {
        link.compress(Algorithm::Zlib);
    } else if capabilities.has(Capabilities::ZSTD) {
        link.compress(Algorithm::Zstd(ZSTD_LEVEL));
    }
    link.set_packet_max(params.packet_max);
    Ok(LoggedIn {
        link,
        version: greeting.version,
        connection_id: greeting.connection_id,
        capabilities,
        nonce,
        status: end.status,
    })
}

async fn read_greeting(link: &mut Link) -> Result<Greeting> {
    link.read().await.map_err(read_failed)?;
    if link.payload().first() == Some(&end::ERR) {
        return Err(server_error(link.payload()));
    }
    Ok(Greeting::decode(link.payload())?)
}

/// Returns what both ends can do and this one wants.
fn agree(params: &ConnectParams, greeting: &Greeting) -> Result<Capabilities> {
    if !greeting.capabilities.has(Capabilities::PROTOCOL_41) {
        return Err(refused(2007, "the server speaks a protocol older than 4.1".to_owned()));
    }
    let mut wanted = WANTED.with(params.flags);
    if params.database.is_some() {
        wanted |= Capabilities::CONNECT_WITH_DB;
    }
    match params.tls {
        TlsMode::Disabled => {}
        TlsMode::Preferred(_) => wanted |= Capabilities::SSL,
        TlsMode::Required(_) if greeting.capabilities.has(Capabilities::SSL) => {
            wanted |= Capabilities::SSL;
        }
        TlsMode::Required(_) => {
            let message = "SSL connection error: SSL is required but the server doesn't support it";
            return Err(refused(2026, message.to_owned()));
        }
    }
    let mut agreed = wanted & greeting.capabilities;
    if agreed.has(Capabilities::COMPRESS) {
        agreed = agreed.without(Capabilities::ZSTD);
    }
    Ok(agreed)
}

fn refused(errno: u16, message: String) -> Error {
    Error::mysql(errno, b"HY000", message).with_code(Code::Unavailable).with_origin(Origin::Mysql)
}

async fn start_tls(link: &mut Link, params: &ConnectParams) -> Result<()> {
    let (TlsMode::Preferred(config) | TlsMode::Required(config)) = &params.tls else {
        return Err(Error::bug("TLS was agreed on without a configuration"));
    };
    let connector = TlsConnector::from(Arc::clone(config));
    let name = match (&params.tls_name, &params.address) {
        (Some(name), _) => name.clone(),
        (None, Address::Tcp { host, .. }) => host.clone(),
        (None, Address::Unix(_)) => "localhost".to_owned(),
    };
    let name = ServerName::try_from(name)
        .map_err(|error| refused(2026, format!("SSL connection error: {error}")))?;
    let upgrade = async |socket: Rewound| -> io::Result<TlsStream<Rewound>> {
        connector.connect(name, socket).await.map(TlsStream::Client)
    };
    link.upgrade(upgrade)
        .await
        .map_err(|error| refused(2026, format!("SSL connection error: {error}")))
}

/// Returns the plugin of the first answer: that of the greeting, unless it is not known here or
/// would give the password to whoever listens; the server then asks for another.
fn first_plugin(greeted: &str, is_secure: bool) -> Plugin {
    match Plugin::from_name(greeted) {
        Some(Plugin::Clear) if !is_secure => Plugin::CachingSha2,
        Some(plugin) => plugin,
        None => Plugin::Native,
    }
}

/// Returns what proves the password; [`Plugin::Clear`] is for secure transports alone.
fn proof(plugin: Plugin, password: &[u8], nonce: &Nonce) -> Vec<u8> {
    match plugin {
        Plugin::Native => native::scramble(password, nonce),
        Plugin::CachingSha2 => sha2::scramble(password, nonce),
        Plugin::Clear => [password, &[0]].concat(),
    }
}

/// A login under way, the first or that of a change of user.
pub(super) struct Login<'a> {
    pub(super) link: &'a mut Link,
    pub(super) nonce: Nonce,
    pub(super) plugin: Plugin,
}

impl Login<'_> {
    /// Answers what the server asks until it says OK.
    pub(super) async fn finish(
        &mut self,
        password: &[u8],
        capabilities: Capabilities,
    ) -> Result<EndInfo> {
        for _ in 0..ROUNDS_MAX {
            self.link.read().await.map_err(read_failed)?;
            let payload = self.link.take_payload();
            match payload.first() {
                Some(&end::OK) => return Ok(end::decode_ok(&payload, capabilities)?),
                Some(&end::ERR) => return Err(server_error(&payload)),
                Some(&handshake::SWITCH) => self.switch(&payload, password)?,
                Some(&handshake::MORE_DATA) => self.more(&payload[1..], password)?,
                _ => return Err(vt_wire::Malformed("answer to a login").into()),
            }
            self.link.flush().await.map_err(lost)?;
        }
        Err(refused(2012, "Error in server handshake: it does not end".to_owned()))
    }

    fn switch(&mut self, payload: &[u8], password: &[u8]) -> Result<()> {
        let (name, nonce) = handshake::decode_switch(payload)?;
        self.plugin = Plugin::from_name(&name).ok_or_else(|| cannot_load(&name))?;
        if let Some(nonce) = nonce {
            self.nonce = nonce;
        }
        if self.plugin == Plugin::Clear && !self.link.transport().is_secure() {
            return Err(cannot_load(self.plugin.name()));
        }
        let proof = proof(self.plugin, password, &self.nonce);
        self.link.put(|out| out.extend_from_slice(&proof));
        Ok(())
    }

    /// Goes on with `caching_sha2_password`, the only plugin that has more to say.
    fn more(&mut self, data: &[u8], password: &[u8]) -> Result<()> {
        match data {
            _ if self.plugin != Plugin::CachingSha2 => {
                Err(vt_wire::Malformed("more authentication data").into())
            }
            [sha2::FAST_OK] => Ok(()),
            [sha2::FULL_WANTED] => {
                let answer = if self.link.transport().is_secure() {
                    proof(Plugin::Clear, password, &self.nonce)
                } else {
                    vec![sha2::KEY_WANTED]
                };
                self.link.put(|out| out.extend_from_slice(&answer));
                Ok(())
            }
            key => {
                let sealed = rsa::encrypt(key, password, &self.nonce)
                    .ok_or_else(|| refused(2061, "the server's RSA key is of no use".to_owned()))?;
                self.link.put(|out| out.extend_from_slice(&sealed));
                Ok(())
            }
        }
    }
}

fn cannot_load(plugin: &str) -> Error {
    refused(2059, format!("Authentication plugin '{plugin}' cannot be loaded"))
        .with_code(Code::Unauthenticated)
}

/// Makes the error of an ERR packet.
pub(super) fn server_error(payload: &[u8]) -> Error {
    match ErrorPacket::decode(payload) {
        Ok(packet) => packet.into_error(),
        Err(malformed) => malformed.into(),
    }
}

/// Makes the error of an answer that cannot be read.
pub(super) fn read_failed(error: ReadError) -> Error {
    match error {
        ReadError::Gone(error) => lost(error),
        ReadError::OutOfOrder => refused(1156, "Got packets out of order".to_owned()),
        ReadError::TooLong => {
            Error::mysql(2020, b"HY000", "Got packet bigger than 'max_allowed_packet' bytes")
                .with_code(Code::ResourceExhausted)
                .with_origin(Origin::Mysql)
        }
        ReadError::Malformed => refused(2027, "Malformed packet".to_owned()),
    }
}
