//! A connection to mysqld that asks for verdicts and for rows.

use std::io::{BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a server may take to prepare or run one statement.
const PATIENCE: Duration = Duration::from_secs(20);
/// utf8mb4_0900_ai_ci
const COLLATION: u8 = 255;
/// Longest payload of one frame; a longer packet lies in several.
const FRAME_MAX: usize = 0xff_ffff;
/// CLIENT_LONG_PASSWORD, _PROTOCOL_41, _TRANSACTIONS, _SECURE_CONNECTION, _PLUGIN_AUTH.
const CAPABILITIES: u32 = 1 | 1 << 9 | 1 << 13 | 1 << 15 | 1 << 19;
const COM_QUERY: u8 = 0x03;
const COM_STMT_PREPARE: u8 = 0x16;
const COM_STMT_CLOSE: u8 = 0x19;
const EOF: u8 = 0xfe;
const ERR: u8 = 0xff;

/// Syntax errors of MySQL's: ER_PARSE_ERROR, ER_SYNTAX_ERROR.
const SYNTAX_ERRORS: [u16; 2] = [1064, 1149];

/// What MySQL says to a statement; 0 if it takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Verdict(pub(crate) u16);

impl Verdict {
    pub(crate) fn is_syntax_error(self) -> bool {
        SYNTAX_ERRORS.contains(&self.0)
    }
}

/// Rows of values as text, or the error's number.
pub(crate) type Answer = Result<Vec<Vec<Option<Vec<u8>>>>, u16>;

/// A client of the server behind a socket; it connects again when a connection is lost.
pub(crate) struct Mysql {
    socket: PathBuf,
    stream: BufReader<UnixStream>,
}

impl Mysql {
    pub(crate) fn connect(socket: &Path) -> Result<Mysql, String> {
        let mut mysql = Mysql { socket: socket.to_owned(), stream: open(socket)? };
        mysql.prepare_session()?;
        Ok(mysql)
    }

    fn prepare_session(&mut self) -> Result<(), String> {
        for sql in ["create database if not exists corpora", "use corpora", "set sql_mode = ''"] {
            self.ask(sql)?.map_err(|errno| format!("{sql}: error {errno}"))?;
        }
        Ok(())
    }

    /// Asks whether MySQL takes a statement; `None` if it gave no answer at all.
    pub(crate) fn verdict(&mut self, sql: &str) -> Result<Option<Verdict>, String> {
        match self.try_verdict(sql) {
            Ok(verdict) => Ok(Some(verdict)),
            Err(_) => self.reconnect().map(|()| None),
        }
    }

    /// Runs a statement; `None` if it gave no answer at all.
    pub(crate) fn answer(&mut self, sql: &str) -> Result<Option<Answer>, String> {
        match self.ask(sql) {
            Ok(answer) => Ok(Some(answer)),
            Err(_) => self.reconnect().map(|()| None),
        }
    }

    fn reconnect(&mut self) -> Result<(), String> {
        self.stream = open(&self.socket)?;
        self.prepare_session()
    }

    fn try_verdict(&mut self, sql: &str) -> Result<Verdict, String> {
        self.send(COM_STMT_PREPARE, sql.as_bytes())?;
        let first = self.packet()?;
        if first.first() == Some(&ERR) {
            return errno(&first).map(Verdict);
        }
        let [_, a, b, c, d, columns_low, columns_high, params_low, params_high, ..] = first[..]
        else {
            return Err("a short answer".to_owned());
        };
        let columns = u16::from_le_bytes([columns_low, columns_high]);
        let params = u16::from_le_bytes([params_low, params_high]);
        for count in [params, columns] {
            // The definitions have an end behind them.
            for _ in 0..count + u16::from(count > 0) {
                self.packet()?;
            }
        }
        self.send(COM_STMT_CLOSE, &[a, b, c, d])?;
        Ok(Verdict(0))
    }

    fn ask(&mut self, sql: &str) -> Result<Answer, String> {
        self.send(COM_QUERY, sql.as_bytes())?;
        let first = self.packet()?;
        match first.first() {
            Some(&ERR) => return errno(&first).map(Err),
            Some(0) => return Ok(Ok(Vec::new())),
            _ => {}
        }
        while !is_end(&self.packet()?) {}
        let mut rows = Vec::new();
        loop {
            let packet = self.packet()?;
            if packet.first() == Some(&ERR) {
                return errno(&packet).map(Err);
            }
            if is_end(&packet) {
                return Ok(Ok(rows));
            }
            rows.push(row(&packet)?);
        }
    }

    fn send(&mut self, command: u8, body: &[u8]) -> Result<(), String> {
        send_packet(&mut self.stream, 0, &[&[command], body].concat())
    }

    fn packet(&mut self) -> Result<Vec<u8>, String> {
        read_packet(&mut self.stream)
    }
}

fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&EOF) && packet.len() < 9
}

fn errno(packet: &[u8]) -> Result<u16, String> {
    match packet {
        [ERR, low, high, ..] => Ok(u16::from_le_bytes([*low, *high])),
        _ => Err("a short error".to_owned()),
    }
}

fn row(mut packet: &[u8]) -> Result<Vec<Option<Vec<u8>>>, String> {
    const NULL: u8 = 0xfb;
    let short = || "a short row".to_owned();
    let mut values = Vec::new();
    while let Some((&first, rest)) = packet.split_first() {
        if first == NULL {
            values.push(None);
            packet = rest;
            continue;
        }
        let width = match first {
            0xfc => 2,
            0xfd => 3,
            0xfe => 8,
            _ => 0,
        };
        let (length, rest) = rest.split_at_checked(width).ok_or_else(short)?;
        let length = match width {
            0 => usize::from(first),
            _ => length.iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte)),
        };
        let (value, rest) = rest.split_at_checked(length).ok_or_else(short)?;
        values.push(Some(value.to_owned()));
        packet = rest;
    }
    Ok(values)
}

fn open(socket: &Path) -> Result<BufReader<UnixStream>, String> {
    let fault = |err: std::io::Error| format!("{}: {err}", socket.display());
    let stream = UnixStream::connect(socket).map_err(fault)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(fault)?;
    let mut stream = BufReader::new(stream);
    read_packet(&mut stream)?;
    let mut login = Vec::new();
    login.extend_from_slice(&CAPABILITIES.to_le_bytes());
    login.extend_from_slice(&(1_u32 << 30).to_le_bytes());
    login.push(COLLATION);
    login.extend_from_slice(&[0; 23]);
    login.extend_from_slice(b"root\0\0caching_sha2_password\0");
    send_packet(&mut stream, 1, &login)?;
    match read_packet(&mut stream)?.first() {
        Some(0) => Ok(stream),
        _ => Err(format!("{}: root cannot log in without a password", socket.display())),
    }
}

fn send_packet(
    stream: &mut BufReader<UnixStream>,
    mut sequence: u8,
    payload: &[u8],
) -> Result<(), String> {
    let mut out = Vec::with_capacity(payload.len() + 4);
    let mut rest = payload;
    loop {
        let (frame, after) = rest.split_at(rest.len().min(FRAME_MAX));
        out.extend_from_slice(&(frame.len() as u32).to_le_bytes()[..3]);
        out.push(sequence);
        out.extend_from_slice(frame);
        sequence = sequence.wrapping_add(1);
        if frame.len() < FRAME_MAX {
            break;
        }
        rest = after;
    }
    stream.get_mut().write_all(&out).map_err(|err| err.to_string())
}

fn read_packet(stream: &mut BufReader<UnixStream>) -> Result<Vec<u8>, String> {
    let mut packet = Vec::new();
    loop {
        let mut header = [0; 4];
        stream.read_exact(&mut header).map_err(|err| err.to_string())?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
        let start = packet.len();
        packet.resize(start + length, 0);
        stream.read_exact(&mut packet[start..]).map_err(|err| err.to_string())?;
        if length < FRAME_MAX {
            return Ok(packet);
        }
    }
}
