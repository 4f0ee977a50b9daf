//! What a client asks (protocol page "Command Phase").

use bytes::Bytes;
use vt_value::TypedBytes;

use crate::handshake::ChangeUser;
use crate::scan::{Malformed, Scan};
use crate::{Capabilities, params, put};

/// Bytes that commands begin with.
pub mod byte {
    pub const SLEEP: u8 = 0x00;
    pub const QUIT: u8 = 0x01;
    pub const INIT_DB: u8 = 0x02;
    pub const QUERY: u8 = 0x03;
    pub const FIELD_LIST: u8 = 0x04;
    pub const CREATE_DB: u8 = 0x05;
    pub const DROP_DB: u8 = 0x06;
    pub const REFRESH: u8 = 0x07;
    pub const SHUTDOWN: u8 = 0x08;
    pub const STATISTICS: u8 = 0x09;
    pub const PROCESS_INFO: u8 = 0x0a;
    pub const CONNECT: u8 = 0x0b;
    pub const PROCESS_KILL: u8 = 0x0c;
    pub const DEBUG: u8 = 0x0d;
    pub const PING: u8 = 0x0e;
    pub const TIME: u8 = 0x0f;
    pub const DELAYED_INSERT: u8 = 0x10;
    pub const CHANGE_USER: u8 = 0x11;
    pub const BINLOG_DUMP: u8 = 0x12;
    pub const TABLE_DUMP: u8 = 0x13;
    pub const CONNECT_OUT: u8 = 0x14;
    pub const REGISTER_REPLICA: u8 = 0x15;
    pub const STMT_PREPARE: u8 = 0x16;
    pub const STMT_EXECUTE: u8 = 0x17;
    pub const STMT_SEND_LONG_DATA: u8 = 0x18;
    pub const STMT_CLOSE: u8 = 0x19;
    pub const STMT_RESET: u8 = 0x1a;
    pub const SET_OPTION: u8 = 0x1b;
    pub const STMT_FETCH: u8 = 0x1c;
    pub const DAEMON: u8 = 0x1d;
    pub const BINLOG_DUMP_GTID: u8 = 0x1e;
    pub const RESET_CONNECTION: u8 = 0x1f;
    pub const CLONE: u8 = 0x20;
}

/// A command with what came with it.
///
/// Byte strings share the packet's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Quit,
    InitDb(Bytes),
    Query {
        sql: Bytes,
        attributes: Vec<(String, TypedBytes)>,
    },
    /// A table, and a pattern for the names of its columns.
    FieldList {
        table: Bytes,
        wildcard: Bytes,
    },
    Statistics,
    ProcessInfo,
    ProcessKill(u32),
    Debug,
    Ping,
    ChangeUser(ChangeUser),
    /// What follows the command byte, for the reader of replication commands.
    BinlogDump(Bytes),
    BinlogDumpGtid(Bytes),
    RegisterReplica(Bytes),
    Prepare(Bytes),
    /// The values are read by [`params::decode_execution`], which needs the statement.
    Execute {
        statement: u32,
        flags: u8,
        values: Bytes,
    },
    SendLongData {
        statement: u32,
        param: u16,
        data: Bytes,
    },
    CloseStatement(u32),
    ResetStatement(u32),
    Fetch {
        statement: u32,
        rows: u32,
    },
    /// 0 switches several statements per query on, 1 off.
    SetOption(u16),
    ResetConnection,
    /// A command that nobody serves, or an empty packet (`None`).
    Unknown(Option<u8>),
}

impl Command {
    /// Reads the first packet of a command.
    pub fn decode(payload: &Bytes, capabilities: Capabilities) -> Result<Command, Malformed> {
        let Some(first) = payload.first() else {
            return Ok(Command::Unknown(None));
        };
        let rest = payload.slice(1..);
        let mut scan = Scan::new(&rest);
        Ok(match *first {
            byte::QUIT => Command::Quit,
            byte::INIT_DB => Command::InitDb(rest),
            byte::QUERY => return decode_query(rest, capabilities),
            byte::FIELD_LIST => {
                let table = rest.slice_ref(scan.zero_ended_or_rest());
                let wildcard = rest.slice_ref(scan.rest());
                Command::FieldList { table, wildcard }
            }
            byte::STATISTICS => Command::Statistics,
            byte::PROCESS_INFO => Command::ProcessInfo,
            byte::PROCESS_KILL => Command::ProcessKill(scan.u32("id of connection")?),
            byte::DEBUG => Command::Debug,
            byte::PING => Command::Ping,
            byte::CHANGE_USER => Command::ChangeUser(ChangeUser::decode(&rest, capabilities)?),
            byte::BINLOG_DUMP => Command::BinlogDump(rest),
            byte::BINLOG_DUMP_GTID => Command::BinlogDumpGtid(rest),
            byte::REGISTER_REPLICA => Command::RegisterReplica(rest),
            byte::STMT_PREPARE => Command::Prepare(rest),
            byte::STMT_EXECUTE => {
                let statement = scan.u32("id of statement")?;
                let flags = scan.u8("flags of execution")?;
                scan.u32("count of iterations")?;
                Command::Execute { statement, flags, values: rest.slice_ref(scan.rest()) }
            }
            byte::STMT_SEND_LONG_DATA => {
                let statement = scan.u32("id of statement")?;
                let param = scan.u16("index of parameter")?;
                Command::SendLongData { statement, param, data: rest.slice_ref(scan.rest()) }
            }
            byte::STMT_CLOSE => Command::CloseStatement(scan.u32("id of statement")?),
            byte::STMT_RESET => Command::ResetStatement(scan.u32("id of statement")?),
            byte::STMT_FETCH => Command::Fetch {
                statement: scan.u32("id of statement")?,
                rows: scan.u32("count of rows")?,
            },
            byte::SET_OPTION => Command::SetOption(scan.u16("option")?),
            byte::RESET_CONNECTION => Command::ResetConnection,
            other => Command::Unknown(Some(other)),
        })
    }

    /// Appends the payload as a client sends it.
    pub fn encode(&self, out: &mut Vec<u8>, capabilities: Capabilities) {
        match self {
            Command::Quit => out.push(byte::QUIT),
            Command::InitDb(database) => put_with(out, byte::INIT_DB, database),
            Command::Query { sql, attributes } => {
                encode_query(out, sql, attributes, capabilities);
            }
            Command::FieldList { table, wildcard } => {
                out.push(byte::FIELD_LIST);
                put::zero_ended(out, table);
                out.extend_from_slice(wildcard);
            }
            Command::Statistics => out.push(byte::STATISTICS),
            Command::ProcessInfo => out.push(byte::PROCESS_INFO),
            Command::ProcessKill(id) => put_with(out, byte::PROCESS_KILL, &id.to_le_bytes()),
            Command::Debug => out.push(byte::DEBUG),
            Command::Ping => out.push(byte::PING),
            Command::ChangeUser(change) => {
                out.push(byte::CHANGE_USER);
                change.encode(out, capabilities);
            }
            Command::BinlogDump(rest) => put_with(out, byte::BINLOG_DUMP, rest),
            Command::BinlogDumpGtid(rest) => put_with(out, byte::BINLOG_DUMP_GTID, rest),
            Command::RegisterReplica(rest) => put_with(out, byte::REGISTER_REPLICA, rest),
            Command::Prepare(sql) => put_with(out, byte::STMT_PREPARE, sql),
            Command::Execute { statement, flags, values } => {
                put_with(out, byte::STMT_EXECUTE, &statement.to_le_bytes());
                out.push(*flags);
                out.extend_from_slice(&1_u32.to_le_bytes());
                out.extend_from_slice(values);
            }
            Command::SendLongData { statement, param, data } => {
                put_with(out, byte::STMT_SEND_LONG_DATA, &statement.to_le_bytes());
                out.extend_from_slice(&param.to_le_bytes());
                out.extend_from_slice(data);
            }
            Command::CloseStatement(id) => put_with(out, byte::STMT_CLOSE, &id.to_le_bytes()),
            Command::ResetStatement(id) => put_with(out, byte::STMT_RESET, &id.to_le_bytes()),
            Command::Fetch { statement, rows } => {
                put_with(out, byte::STMT_FETCH, &statement.to_le_bytes());
                out.extend_from_slice(&rows.to_le_bytes());
            }
            Command::SetOption(option) => put_with(out, byte::SET_OPTION, &option.to_le_bytes()),
            Command::ResetConnection => out.push(byte::RESET_CONNECTION),
            Command::Unknown(first) => out.extend(first),
        }
    }
}

fn put_with(out: &mut Vec<u8>, first: u8, rest: &[u8]) {
    out.push(first);
    out.extend_from_slice(rest);
}

fn decode_query(rest: Bytes, capabilities: Capabilities) -> Result<Command, Malformed> {
    if !capabilities.has(Capabilities::QUERY_ATTRIBUTES) {
        return Ok(Command::Query { sql: rest, attributes: Vec::new() });
    }
    let mut scan = Scan::new(&rest);
    let count = scan.lenenc("count of query attributes")?;
    if scan.lenenc("count of sets of query attributes")? != 1 {
        return Err(Malformed("count of sets of query attributes"));
    }
    let attributes = params::decode_attributes(&rest, &mut scan, count)?;
    Ok(Command::Query { sql: rest.slice_ref(scan.rest()), attributes })
}

/// Appends a COM_QUERY with attributes, which travel as text.
pub fn encode_query(
    out: &mut Vec<u8>,
    sql: &[u8],
    attributes: &[(String, TypedBytes)],
    capabilities: Capabilities,
) {
    out.push(byte::QUERY);
    if capabilities.has(Capabilities::QUERY_ATTRIBUTES) {
        put::lenenc(out, attributes.len() as u64);
        put::lenenc(out, 1);
        params::encode_attributes(out, attributes);
    }
    out.extend_from_slice(sql);
}

/// Bits of the flags of COM_STMT_EXECUTE.
pub mod execute_flag {
    pub const CURSOR_READ_ONLY: u8 = 1;
    pub const CURSOR_FOR_UPDATE: u8 = 2;
    pub const CURSOR_SCROLLABLE: u8 = 4;
    /// The count of parameters is sent, as query attributes follow those of the statement.
    pub const PARAMETER_COUNT: u8 = 8;
}

/// Appends the first packet of the answer to COM_STMT_PREPARE.
pub fn encode_prepared(out: &mut Vec<u8>, id: u32, columns: u16, params: u16, warnings: u16) {
    out.push(0);
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&columns.to_le_bytes());
    out.extend_from_slice(&params.to_le_bytes());
    out.push(0);
    out.extend_from_slice(&warnings.to_le_bytes());
}

/// What the first packet of the answer to COM_STMT_PREPARE tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreparedHead {
    pub id: u32,
    pub columns: u16,
    pub params: u16,
}

/// Reads the first packet of the answer to COM_STMT_PREPARE.
pub fn decode_prepared(payload: &[u8]) -> Result<PreparedHead, Malformed> {
    let mut scan = Scan::new(payload);
    if scan.u8("status of a prepared statement")? != 0 {
        return Err(Malformed("status of a prepared statement"));
    }
    Ok(PreparedHead {
        id: scan.u32("id of statement")?,
        columns: scan.u16("count of columns")?,
        params: scan.u16("count of parameters")?,
    })
}

/// Appends COM_STMT_EXECUTE with values that the statement takes as they are, without a cursor, for
/// connections without query attributes.
pub fn encode_execution(out: &mut Vec<u8>, id: u32, values: &[params::Sent<'_>]) {
    out.push(byte::STMT_EXECUTE);
    out.extend_from_slice(&id.to_le_bytes());
    out.push(0);
    out.extend_from_slice(&1_u32.to_le_bytes());
    params::encode_values(out, values);
}

#[cfg(test)]
mod tests;
