//! The packets of a login, both ways (protocol page "Connection Phase").

use crate::auth::{NONCE_LENGTH, Nonce};
use crate::scan::{Malformed, Scan, text};
use crate::{Capabilities, put};

/// What a server says first (protocol page "Protocol::HandshakeV10").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    pub version: String,
    pub connection_id: u32,
    pub nonce: Nonce,
    pub capabilities: Capabilities,
    /// A collation id below 256.
    pub collation: u8,
    pub status: u16,
    /// Name of the plugin that the nonce is meant for.
    pub plugin: String,
}

const PROTOCOL_VERSION: u8 = 10;
/// Length of the nonce's first part.
const NONCE_FIRST: usize = 8;

impl Greeting {
    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(PROTOCOL_VERSION);
        put::zero_ended(out, self.version.as_bytes());
        out.extend_from_slice(&self.connection_id.to_le_bytes());
        out.extend_from_slice(&self.nonce[..NONCE_FIRST]);
        out.push(0);
        let [low0, low1, high0, high1] = self.capabilities.0.to_le_bytes();
        out.extend_from_slice(&[low0, low1, self.collation]);
        out.extend_from_slice(&self.status.to_le_bytes());
        out.extend_from_slice(&[high0, high1]);
        // The length counts the zero byte that ends the nonce.
        out.push(NONCE_LENGTH as u8 + 1);
        out.extend_from_slice(&[0; 10]);
        out.extend_from_slice(&self.nonce[NONCE_FIRST..]);
        out.push(0);
        put::zero_ended(out, self.plugin.as_bytes());
    }

    /// Reads a greeting; an ERR packet in its place is for the caller to tell apart.
    pub fn decode(payload: &[u8]) -> Result<Greeting, Malformed> {
        let mut scan = Scan::new(payload);
        if scan.u8("protocol version")? != PROTOCOL_VERSION {
            return Err(Malformed("protocol version"));
        }
        let version = text(scan.zero_ended("server version")?);
        let connection_id = scan.u32("connection id")?;
        let mut nonce = [0; NONCE_LENGTH];
        nonce[..NONCE_FIRST].copy_from_slice(scan.bytes(NONCE_FIRST, "nonce")?);
        scan.u8("filler of greeting")?;
        let low = scan.u16("capabilities")?;
        let collation = scan.u8("collation")?;
        let status = scan.u16("status")?;
        let high = scan.u16("capabilities")?;
        let capabilities = Capabilities(u32::from(high) << 16 | u32::from(low));
        scan.u8("length of nonce")?;
        scan.bytes(10, "filler of greeting")?;
        // Plugins of MySQL and MariaDB that a scramble is made for all take twenty bytes.
        nonce[NONCE_FIRST..].copy_from_slice(scan.bytes(NONCE_LENGTH - NONCE_FIRST, "nonce")?);
        let mut plugin = String::new();
        if capabilities.has(Capabilities::PLUGIN_AUTH) {
            scan.u8("end of nonce")?;
            plugin = text(scan.zero_ended_or_rest());
        }
        Ok(Greeting { version, connection_id, nonce, capabilities, collation, status, plugin })
    }
}

/// What a client answers: who it is, what it can do, its proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    pub capabilities: Capabilities,
    pub packet_max: u32,
    pub collation: u8,
    pub user: String,
    pub auth: Vec<u8>,
    /// `None` if the client names no database, or an empty one.
    pub database: Option<String>,
    /// Empty if the client does not know plugins.
    pub plugin: String,
    pub attributes: Vec<(String, String)>,
    /// Level of compression under [`Capabilities::ZSTD`].
    pub zstd_level: u8,
}

/// Length of the fixed front of a response, which is all that an SSL request has.
const RESPONSE_FRONT: usize = 32;
/// Most bytes of connection attributes; MySQL sets the same limit.
const ATTRIBUTES_MAX: usize = 1 << 16;

/// A first answer of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstAnswer {
    /// The client goes on in TLS and then sends its response.
    Tls(Capabilities),
    Response(Response),
}

impl FirstAnswer {
    /// Reads a client's first packet.
    pub fn decode(payload: &[u8]) -> Result<FirstAnswer, Malformed> {
        let mut scan = Scan::new(payload);
        let capabilities = Capabilities(scan.u32("capabilities")?);
        if payload.len() == RESPONSE_FRONT
            && capabilities.has(Capabilities::SSL | Capabilities::PROTOCOL_41)
        {
            return Ok(FirstAnswer::Tls(capabilities));
        }
        Response::decode(payload).map(FirstAnswer::Response)
    }
}

impl Response {
    /// Appends the fixed front, which alone is an SSL request.
    pub fn encode_front(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.capabilities.0.to_le_bytes());
        out.extend_from_slice(&self.packet_max.to_le_bytes());
        out.push(self.collation);
        out.extend_from_slice(&[0; 23]);
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_front(out);
        put::zero_ended(out, self.user.as_bytes());
        if self.capabilities.has(Capabilities::PLUGIN_AUTH_LENENC) {
            put::lenenc_bytes(out, &self.auth);
        } else if self.capabilities.has(Capabilities::SECURE_CONNECTION) {
            out.push(self.auth.len().min(255) as u8);
            out.extend_from_slice(&self.auth[..self.auth.len().min(255)]);
        } else {
            put::zero_ended(out, &self.auth);
        }
        if self.capabilities.has(Capabilities::CONNECT_WITH_DB) {
            put::zero_ended(out, self.database.as_deref().unwrap_or_default().as_bytes());
        }
        if self.capabilities.has(Capabilities::PLUGIN_AUTH) {
            put::zero_ended(out, self.plugin.as_bytes());
        }
        if self.capabilities.has(Capabilities::CONNECT_ATTRS) {
            encode_attributes(out, &self.attributes);
        }
        if self.capabilities.has(Capabilities::ZSTD) {
            out.push(self.zstd_level);
        }
    }

    /// Reads the response of a client of protocol 4.1; older ones are malformed.
    pub fn decode(payload: &[u8]) -> Result<Response, Malformed> {
        let mut scan = Scan::new(payload);
        let capabilities = Capabilities(scan.u32("capabilities")?);
        if !capabilities.has(Capabilities::PROTOCOL_41) {
            return Err(Malformed("protocol before 4.1"));
        }
        let packet_max = scan.u32("longest packet")?;
        let collation = scan.u8("collation")?;
        scan.bytes(23, "filler of response")?;
        let user = text(scan.zero_ended("user name")?);
        let auth = if capabilities.has(Capabilities::PLUGIN_AUTH_LENENC) {
            scan.lenenc_bytes("authentication data")?
        } else if capabilities.has(Capabilities::SECURE_CONNECTION) {
            let length = scan.u8("length of authentication data")?;
            scan.bytes(usize::from(length), "authentication data")?
        } else {
            scan.zero_ended("authentication data")?
        };
        let mut response = Response {
            capabilities,
            packet_max,
            collation,
            user,
            auth: auth.to_vec(),
            ..Response::default()
        };
        // Clients are known to leave out the parts at the end that they announced.
        if capabilities.has(Capabilities::CONNECT_WITH_DB) && !scan.is_empty() {
            let database = scan.zero_ended_or_rest();
            response.database = (!database.is_empty()).then(|| text(database));
        }
        if capabilities.has(Capabilities::PLUGIN_AUTH) && !scan.is_empty() {
            response.plugin = text(scan.zero_ended_or_rest());
        }
        if capabilities.has(Capabilities::CONNECT_ATTRS) && !scan.is_empty() {
            response.attributes = decode_attributes(&mut scan)?;
        }
        if capabilities.has(Capabilities::ZSTD) && !scan.is_empty() {
            response.zstd_level = scan.u8("level of zstd")?;
        }
        Ok(response)
    }
}

fn encode_attributes(out: &mut Vec<u8>, attributes: &[(String, String)]) {
    let mut pairs = Vec::new();
    for (name, value) in attributes {
        put::lenenc_bytes(&mut pairs, name.as_bytes());
        put::lenenc_bytes(&mut pairs, value.as_bytes());
    }
    put::lenenc_bytes(out, &pairs);
}

fn decode_attributes(scan: &mut Scan<'_>) -> Result<Vec<(String, String)>, Malformed> {
    let bytes = scan.lenenc_bytes("connection attributes")?;
    if bytes.len() > ATTRIBUTES_MAX {
        return Err(Malformed("connection attributes"));
    }
    let mut pairs = Scan::new(bytes);
    let mut attributes = Vec::new();
    while !pairs.is_empty() {
        let name = text(pairs.lenenc_bytes("name of attribute")?);
        let value = text(pairs.lenenc_bytes("value of attribute")?);
        attributes.push((name, value));
    }
    Ok(attributes)
}

/// COM_CHANGE_USER, which begins a login anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeUser {
    pub user: String,
    pub auth: Vec<u8>,
    pub database: Option<String>,
    /// `None` if the client does not say.
    pub collation: Option<u16>,
    pub plugin: String,
    pub attributes: Vec<(String, String)>,
}

impl ChangeUser {
    /// Appends what follows the command byte; the parts go by the capabilities of the login.
    pub fn encode(&self, out: &mut Vec<u8>, capabilities: Capabilities) {
        put::zero_ended(out, self.user.as_bytes());
        out.push(self.auth.len().min(255) as u8);
        out.extend_from_slice(&self.auth[..self.auth.len().min(255)]);
        put::zero_ended(out, self.database.as_deref().unwrap_or_default().as_bytes());
        out.extend_from_slice(&self.collation.unwrap_or(255).to_le_bytes());
        if capabilities.has(Capabilities::PLUGIN_AUTH) {
            put::zero_ended(out, self.plugin.as_bytes());
        }
        if capabilities.has(Capabilities::CONNECT_ATTRS) {
            encode_attributes(out, &self.attributes);
        }
    }

    /// Reads what follows the command byte.
    pub fn decode(bytes: &[u8], capabilities: Capabilities) -> Result<ChangeUser, Malformed> {
        let mut scan = Scan::new(bytes);
        let user = text(scan.zero_ended("user name")?);
        let length = scan.u8("length of authentication data")?;
        let auth = scan.bytes(usize::from(length), "authentication data")?.to_vec();
        let database = scan.zero_ended_or_rest();
        let database = (!database.is_empty()).then(|| text(database));
        let mut change = ChangeUser { user, auth, database, ..ChangeUser::default() };
        if !scan.is_empty() {
            change.collation = Some(scan.u16("collation")?);
        }
        if capabilities.has(Capabilities::PLUGIN_AUTH) && !scan.is_empty() {
            change.plugin = text(scan.zero_ended_or_rest());
        }
        if capabilities.has(Capabilities::CONNECT_ATTRS) && !scan.is_empty() {
            change.attributes = decode_attributes(&mut scan)?;
        }
        Ok(change)
    }
}

/// First byte of an "auth more data" packet.
pub const MORE_DATA: u8 = 1;
/// First byte of an "auth switch request" packet.
pub const SWITCH: u8 = 0xfe;

/// Appends the payload of a request to go on with another plugin and a fresh nonce.
pub fn encode_switch(out: &mut Vec<u8>, plugin: &str, nonce: &Nonce) {
    out.push(SWITCH);
    put::zero_ended(out, plugin.as_bytes());
    out.extend_from_slice(nonce);
    out.push(0);
}

/// Reads a request to go on with another plugin: its name, and the nonce if there is one.
pub fn decode_switch(payload: &[u8]) -> Result<(String, Option<Nonce>), Malformed> {
    let mut scan = Scan::new(payload);
    if scan.u8("switch of plugin")? != SWITCH {
        return Err(Malformed("switch of plugin"));
    }
    let plugin = text(scan.zero_ended("name of plugin")?);
    let data = scan.take_rest();
    let data = data.strip_suffix(&[0]).unwrap_or(data);
    Ok((plugin, data.try_into().ok()))
}

/// Appends the payload of "auth more data".
pub fn encode_more(out: &mut Vec<u8>, data: &[u8]) {
    out.push(MORE_DATA);
    out.extend_from_slice(data);
}

#[cfg(test)]
mod tests;
