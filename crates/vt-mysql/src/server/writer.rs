//! Writing results to a client.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use vt_base::{Code, Error, Origin, Result};
use vt_value::{Fields, Rows};
use vt_wire::{Capabilities, EndInfo, ErrorPacket, binary, column, end, infile, put, row, status};

use crate::link::Link;
use crate::patience::within;

/// Output is sent when so much of it has collected.
const FLUSH_AT: usize = 64 << 10;

/// A row from this size on is sent from where it lies.
const LARGE_ROW: usize = 256 << 10;

/// Where a handler writes the results of a command; knows whether they go out as text or binary.
///
/// A result is either [`ok`](ResultWriter::ok), or [`start`](ResultWriter::start), any number of
/// [`rows`](ResultWriter::rows), [`end`](ResultWriter::end). Before each further statement of the
/// same command runs, call [`next_result`](ResultWriter::next_result). An error that the handler
/// returns ends the result under way, or is the next one after `next_result`.
///
/// What is written collects in the connection's buffer and goes out when that is full or the
/// command is done; a slow client holds the handler back.
pub struct ResultWriter<'a> {
    link: &'a mut Link,
    format: Format,
    capabilities: Capabilities,
    /// Status flags for packets within a result.
    status: u16,
    write_timeout: Duration,
    state: State,
    fields: Fields,
    encode: Option<Encode>,
}

/// How names of columns and messages of errors are written for a client that does not read UTF-8.
pub struct Encode {
    pub name: Encoder,
    pub message: Encoder,
}

/// Turns text into the bytes of a character set.
pub type Encoder = Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// How rows are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Binary,
}

enum State {
    /// Nothing of the result has been written.
    Fresh,
    Rows,
    /// The packet that ends the result waits: its flags tell whether another result follows.
    Ended {
        end: EndInfo,
        has_rows: bool,
    },
}

impl<'a> ResultWriter<'a> {
    pub(super) fn new(
        link: &'a mut Link,
        format: Format,
        capabilities: Capabilities,
        status: u16,
        write_timeout: Duration,
    ) -> ResultWriter<'a> {
        let fields = Fields::default();
        let state = State::Fresh;
        let encode = None;
        ResultWriter { link, format, capabilities, status, write_timeout, state, fields, encode }
    }

    /// Tells how names of columns and the messages of errors are written from here on.
    pub fn encode_with(&mut self, encode: Option<Encode>) {
        self.encode = encode;
    }

    /// Begins a result with rows.
    pub async fn start(&mut self, fields: &Fields) -> Result<()> {
        self.next_result();
        if !matches!(self.state, State::Fresh) || fields.is_empty() {
            return Err(Error::bug("a result begins within another, or without columns"));
        }
        self.link.put(|out| put::lenenc(out, fields.len() as u64));
        put_columns(self.link, fields, self.encode.as_ref(), self.capabilities, self.status);
        if self.format == Format::Binary {
            self.fields = Fields::clone(fields);
        }
        self.state = State::Rows;
        self.flush_if_full().await
    }

    /// Writes rows of the result that was begun.
    pub async fn rows(&mut self, rows: &Rows) -> Result<()> {
        if !matches!(self.state, State::Rows) {
            return Err(Error::bug("rows outside of a result"));
        }
        match self.format {
            Format::Text => {
                let mut next = 0;
                while next < rows.len() {
                    let large = rows.get(next).0;
                    if large.len() >= LARGE_ROW && self.link.writes_through() {
                        self.large_row(large).await?;
                        next += 1;
                        continue;
                    }
                    let (out, sequence) = self.link.out();
                    next = row::put_text_until(out, sequence, rows, next, FLUSH_AT);
                    self.flush_if_full().await?;
                }
            }
            Format::Binary => {
                for row in rows.iter() {
                    self.link.try_put(|out| binary::encode_row(out, &self.fields, row)).map_err(
                        |malformed| {
                            Error::bug("a row does not fit its columns").with_source(malformed)
                        },
                    )?;
                    self.flush_if_full().await?;
                }
            }
        }
        Ok(())
    }

    /// Sends a row from the memory that it lies in.
    async fn large_row(&mut self, row: &[u8]) -> Result<()> {
        let writing = self.link.write_through(row);
        let written = within(self.write_timeout, writing).await;
        written.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into())).map_err(client_gone)
    }

    /// Ends the rows.
    pub async fn end(&mut self, end: EndInfo) -> Result<()> {
        if !matches!(self.state, State::Rows) {
            return Err(Error::bug("the end of rows that never began"));
        }
        self.state = State::Ended { end, has_rows: true };
        self.flush_if_full().await
    }

    /// Writes a result without rows.
    pub async fn ok(&mut self, end: EndInfo) -> Result<()> {
        self.next_result();
        if !matches!(self.state, State::Fresh) {
            return Err(Error::bug("a result within another"));
        }
        self.state = State::Ended { end, has_rows: false };
        self.flush_if_full().await
    }

    /// Says that another result follows the one that has just ended.
    ///
    /// Does nothing where no result has ended.
    pub fn next_result(&mut self) {
        if let State::Ended { end, has_rows } = &mut self.state {
            end.status |= status::MORE_RESULTS;
            put_end(self.link, end, *has_rows, self.capabilities);
            self.state = State::Fresh;
        }
    }

    /// Sends what has been written so far, so that the client sees it before more is known.
    pub async fn flush(&mut self) -> Result<()> {
        flush(self.link, self.write_timeout).await.map_err(client_gone)
    }

    /// Asks the client for one of its files (`LOAD DATA LOCAL INFILE`); what it sends is to be read
    /// with [`ResultWriter::file_chunk`] to its end.
    ///
    /// # Errors
    /// MySQL's 3948 where the client does not give files away.
    pub async fn request_file(&mut self, name: &[u8]) -> Result<()> {
        if !self.capabilities.has(Capabilities::LOCAL_FILES) {
            let message = "Loading local data is disabled; this must be enabled on both the \
                           client and server sides";
            return Err(Error::mysql(3948, b"42000", message).with_code(Code::PermissionDenied));
        }
        self.next_result();
        if !matches!(self.state, State::Fresh) {
            return Err(Error::bug("a file is asked for within a result"));
        }
        self.link.put(|out| infile::encode_request(out, name));
        self.flush().await
    }

    /// Returns the next piece of the file that the client was asked for; `None` at its end.
    pub async fn file_chunk(&mut self) -> Result<Option<Bytes>> {
        let gone = |_| Error::new(Code::Canceled, "the client is gone").with_origin(Origin::Client);
        self.link.read().await.map_err(gone)?;
        let chunk = self.link.take_payload();
        Ok((!chunk.is_empty()).then_some(chunk))
    }

    /// Returns whether rows go out in the binary form of prepared statements.
    pub fn is_binary(&self) -> bool {
        self.format == Format::Binary
    }

    /// Returns what both ends can do.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn flush_if_full(&mut self) -> Result<()> {
        if self.link.pending() < FLUSH_AT { Ok(()) } else { self.flush().await }
    }

    /// Ends the command as the handler left it.
    pub(super) fn finish(self, outcome: Result<()>) {
        let error = match (outcome, &self.state) {
            (Ok(()), State::Ended { end, has_rows }) => {
                put_end(self.link, end, *has_rows, self.capabilities);
                return;
            }
            (Ok(()), State::Fresh | State::Rows) => Error::bug("a command without a result"),
            (Err(error), _) => error,
        };
        let capabilities = self.capabilities;
        put_error(self.link, &error, self.encode.as_ref(), capabilities);
    }
}

fn client_gone(error: io::Error) -> Error {
    Error::new(Code::Canceled, "the client is gone").with_origin(Origin::Client).with_source(error)
}

/// Adds the packets of columns, and what ends them for a client that wants it.
pub(super) fn put_columns(
    link: &mut Link,
    fields: &Fields,
    encode: Option<&Encode>,
    capabilities: Capabilities,
    status: u16,
) {
    for field in fields.iter() {
        match encode {
            Some(encode) => link.put(|out| column::encode_in(out, field, &encode.name)),
            None => link.put(|out| column::encode(out, field)),
        }
    }
    if !capabilities.has(Capabilities::DEPRECATE_EOF) {
        link.put(|out| end::encode_eof(out, 0, status));
    }
}

fn put_end(link: &mut Link, end: &EndInfo, has_rows: bool, capabilities: Capabilities) {
    link.put(|out| {
        if has_rows {
            end::encode_end(out, end, capabilities);
        } else {
            end::encode_ok(out, end, capabilities);
        }
    });
}

/// Adds an ERR packet.
pub(super) fn put_error(
    link: &mut Link,
    error: &Error,
    encode: Option<&Encode>,
    capabilities: Capabilities,
) {
    let packet = ErrorPacket::of(error);
    match encode {
        Some(encode) => {
            link.put(|out| packet.encode_in(out, &encode.message, capabilities));
        }
        None => link.put(|out| packet.encode(out, capabilities)),
    }
}

/// Sends what waits, within a time limit if there is one.
pub(super) async fn flush(link: &mut Link, limit: Duration) -> io::Result<()> {
    within(limit, link.flush()).await.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
}
