//! How a result ends: OK, EOF and ERR packets.

use vt_base::{Code, Error, Origin};

use crate::scan::{Malformed, Scan, text};
use crate::session::{self, SessionChange};
use crate::{Capabilities, put, status};

/// First bytes of packets that end something.
pub const OK: u8 = 0x00;
pub const EOF: u8 = 0xfe;
pub const ERR: u8 = 0xff;

/// What an OK packet says; all zero is "done, nothing changed".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndInfo {
    pub affected_rows: u64,
    pub insert_id: u64,
    /// Flags of [`status`].
    pub status: u16,
    pub warnings: u16,
    /// The text after the counts, `Records: 2  Duplicates: 0  Warnings: 0`.
    pub info: String,
    /// Told only to a client that tracks the session.
    pub session: Vec<SessionChange>,
}

/// Appends the payload of an OK packet that answers a command.
pub fn encode_ok(out: &mut Vec<u8>, end: &EndInfo, capabilities: Capabilities) {
    encode_ok_as(out, OK, end, capabilities);
}

/// Appends the payload of the packet that ends rows: OK under `DEPRECATE_EOF`, else EOF.
pub fn encode_end(out: &mut Vec<u8>, end: &EndInfo, capabilities: Capabilities) {
    if capabilities.has(Capabilities::DEPRECATE_EOF) {
        encode_ok_as(out, EOF, end, capabilities);
    } else {
        encode_eof(out, end.warnings, end.status);
    }
}

/// Appends the payload of an EOF packet.
pub fn encode_eof(out: &mut Vec<u8>, warnings: u16, status: u16) {
    out.push(EOF);
    out.extend_from_slice(&warnings.to_le_bytes());
    out.extend_from_slice(&status.to_le_bytes());
}

fn encode_ok_as(out: &mut Vec<u8>, header: u8, end: &EndInfo, capabilities: Capabilities) {
    let tracks = capabilities.has(Capabilities::SESSION_TRACK);
    let mut flags = end.status & !status::SESSION_STATE_CHANGED;
    if tracks && !end.session.is_empty() {
        flags |= status::SESSION_STATE_CHANGED;
    }
    out.push(header);
    put::lenenc(out, end.affected_rows);
    put::lenenc(out, end.insert_id);
    out.extend_from_slice(&flags.to_le_bytes());
    out.extend_from_slice(&end.warnings.to_le_bytes());
    if !tracks || end.session.is_empty() {
        // The pages say that the text runs to the end of the packet, but MySQL writes its length,
        // and nothing at all where there is no text; clients count on both.
        if !end.info.is_empty() {
            put::lenenc_bytes(out, end.info.as_bytes());
        }
        return;
    }
    put::lenenc_bytes(out, end.info.as_bytes());
    let mut changes = Vec::new();
    session::encode(&mut changes, &end.session);
    put::lenenc_bytes(out, &changes);
}

/// Reads an OK packet, or the OK packet in EOF's dress that ends rows under `DEPRECATE_EOF`.
pub fn decode_ok(payload: &[u8], capabilities: Capabilities) -> Result<EndInfo, Malformed> {
    let mut scan = Scan::new(payload);
    match scan.u8("OK packet")? {
        OK | EOF => {}
        _ => return Err(Malformed("OK packet")),
    }
    let affected_rows = scan.lenenc("affected rows")?;
    let insert_id = scan.lenenc("insert id")?;
    let status = scan.u16("status")?;
    let warnings = scan.u16("warnings")?;
    let mut end = EndInfo { affected_rows, insert_id, status, warnings, ..EndInfo::default() };
    if !scan.is_empty() {
        end.info = text(scan.lenenc_bytes("info")?);
    }
    let has_changes = status & status::SESSION_STATE_CHANGED != 0;
    if capabilities.has(Capabilities::SESSION_TRACK) && has_changes && !scan.is_empty() {
        end.session = session::decode(scan.lenenc_bytes("session state")?)?;
    }
    Ok(end)
}

/// Reads an EOF packet: warnings and status.
pub fn decode_eof(payload: &[u8]) -> Result<EndInfo, Malformed> {
    let mut scan = Scan::new(payload);
    if scan.u8("EOF packet")? != EOF {
        return Err(Malformed("EOF packet"));
    }
    let warnings = scan.u16("warnings")?;
    let status = scan.u16("status")?;
    Ok(EndInfo { warnings, status, ..EndInfo::default() })
}

/// Reads the packet that ends rows, in the form that the capabilities ask for.
pub fn decode_end(payload: &[u8], capabilities: Capabilities) -> Result<EndInfo, Malformed> {
    if capabilities.has(Capabilities::DEPRECATE_EOF) {
        decode_ok(payload, capabilities)
    } else {
        decode_eof(payload)
    }
}

/// Returns whether a packet that stands where a row may stand ends the rows.
///
/// A row may begin with `FE` too, as the length of a value of 16 MiB or more; it is then longer
/// than any packet that ends rows.
pub fn is_end(payload: &[u8], capabilities: Capabilities) -> bool {
    let longest =
        if capabilities.has(Capabilities::DEPRECATE_EOF) { crate::frame::FRAME_MAX } else { 9 };
    payload.first() == Some(&EOF) && payload.len() < longest
}

/// An ERR packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPacket {
    pub errno: u16,
    pub sql_state: [u8; 5],
    pub message: String,
}

/// Longest message that is sent; clients built on libmysql cut at 512 bytes by themselves.
const MESSAGE_MAX: usize = 8192;

impl ErrorPacket {
    /// Makes the packet of an error: its errno, SQLSTATE and message, nothing of its sources.
    pub fn of(error: &Error) -> ErrorPacket {
        ErrorPacket {
            errno: error.errno(),
            sql_state: error.sql_state(),
            message: error.message().to_owned(),
        }
    }

    /// Appends the payload. A packet sent before the handshake has no SQLSTATE in it.
    pub fn encode(&self, out: &mut Vec<u8>, capabilities: Capabilities) {
        self.write(out, shortened(&self.message, MESSAGE_MAX).as_bytes(), capabilities);
    }

    /// Appends the payload with the message in another character set.
    pub fn encode_in(
        &self,
        out: &mut Vec<u8>,
        encode: &dyn Fn(&str) -> Vec<u8>,
        capabilities: Capabilities,
    ) {
        self.write(out, &encode(shortened(&self.message, MESSAGE_MAX)), capabilities);
    }

    fn write(&self, out: &mut Vec<u8>, message: &[u8], capabilities: Capabilities) {
        out.push(ERR);
        out.extend_from_slice(&self.errno.to_le_bytes());
        if capabilities.has(Capabilities::PROTOCOL_41) {
            out.push(b'#');
            out.extend_from_slice(&self.sql_state);
        }
        out.extend_from_slice(message);
    }

    /// Reads an ERR packet; one without SQLSTATE gets `HY000`.
    pub fn decode(payload: &[u8]) -> Result<ErrorPacket, Malformed> {
        let mut scan = Scan::new(payload);
        if scan.u8("ERR packet")? != ERR {
            return Err(Malformed("ERR packet"));
        }
        let errno = scan.u16("error number")?;
        let mut sql_state = *b"HY000";
        if scan.rest().first() == Some(&b'#') {
            scan.u8("marker of SQLSTATE")?;
            sql_state.copy_from_slice(scan.bytes(5, "SQLSTATE")?);
        }
        Ok(ErrorPacket { errno, sql_state, message: text(scan.rest()) })
    }

    /// Makes the error that a server sent.
    pub fn into_error(self) -> Error {
        let code = code_of(self.errno);
        Error::mysql(self.errno, &self.sql_state, self.message)
            .with_code(code)
            .with_origin(Origin::Mysql)
    }
}

fn shortened(message: &str, limit: usize) -> &str {
    let mut end = message.len().min(limit);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

/// Returns the kind of failure that an error number of mysqld tells of.
pub fn code_of(errno: u16) -> Code {
    match errno {
        // Unknown database, table, column, key, routine, variable, savepoint.
        1049 | 1051 | 1054 | 1091 | 1109 | 1146 | 1176 | 1193 | 1305 | 1381 => Code::NotFound,
        // Database, table, column, key or row that is there already.
        1007 | 1050 | 1060 | 1061 | 1062 | 1586 => Code::AlreadyExists,
        // Access denied, in its forms.
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 | 3118 => Code::PermissionDenied,
        // Out of memory, connections, disk, locks; a packet or a result too big.
        1021 | 1037 | 1038 | 1040 | 1041 | 1114 | 1153 | 1203 | 1206 | 1226 => {
            Code::ResourceExhausted
        }
        // Lock wait, deadlock, and forms of "try the transaction again".
        1205 | 1213 | 1614 | 3101 | 3572 => Code::Aborted,
        1317 => Code::Canceled,
        3024 => Code::DeadlineExceeded,
        1235 => Code::Unimplemented,
        // Read-only server, offline mode, failed replication plugin.
        1290 | 1836 | 3032 | 3100 | 3103 => Code::FailedPrecondition,
        // Server shutting down, or gone.
        1053 | 1077 | 1079 | 2002 | 2003 | 2006 | 2013 => Code::Unavailable,
        // Syntax, types, constraints: the statement is at fault.
        1048
        | 1052
        | 1055..=1059
        | 1063..=1075
        | 1110..=1113
        | 1115
        | 1118
        | 1136
        | 1140
        | 1149
        | 1222
        | 1231
        | 1241
        | 1242
        | 1248
        | 1264
        | 1265
        | 1292
        | 1364
        | 1366
        | 1406
        | 1426
        | 1690 => Code::InvalidArgument,
        1451 | 1452 => Code::FailedPrecondition,
        1022 => Code::AlreadyExists,
        _ => Code::Unknown,
    }
}

#[cfg(test)]
mod tests;
