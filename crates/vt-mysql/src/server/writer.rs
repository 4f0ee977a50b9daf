//! Writing results to a client.

use std::marker::PhantomData;

use vt_base::{Error, Result};
use vt_value::{Field, Rows};
use vt_wire::EndInfo;

/// Where a handler writes the results of a command; knows whether they go out as text or binary.
///
/// A result is either [`ok`](ResultWriter::ok), or [`start`](ResultWriter::start), any number of
/// [`rows`](ResultWriter::rows), [`end`](ResultWriter::end). Before the result of each further
/// statement of the same command comes [`next_result`](ResultWriter::next_result). An error that the
/// handler returns takes the place of what has not been written yet.
///
/// What is written collects in the connection's buffer and goes out when that is full or the
/// command is done; a slow client holds the handler back.
pub struct ResultWriter<'a> {
    _link: PhantomData<&'a mut ()>,
}

impl ResultWriter<'_> {
    /// Begins a result with rows.
    pub async fn start(&mut self, _fields: &[Field]) -> Result<()> {
        Err(Error::unsupported("results"))
    }

    /// Writes rows of the result that was begun.
    pub async fn rows(&mut self, _rows: &Rows) -> Result<()> {
        Err(Error::unsupported("results"))
    }

    /// Ends the rows.
    pub async fn end(&mut self, _end: EndInfo) -> Result<()> {
        Err(Error::unsupported("results"))
    }

    /// Writes a result without rows.
    pub async fn ok(&mut self, _end: EndInfo) -> Result<()> {
        Err(Error::unsupported("results"))
    }

    /// Says that the command has another result, which begins here.
    pub fn next_result(&mut self) {}

    /// Sends what has been written so far, so that the client sees it before more is known.
    pub async fn flush(&mut self) -> Result<()> {
        Err(Error::unsupported("results"))
    }

    /// Returns whether rows go out in the binary form of prepared statements.
    pub fn is_binary(&self) -> bool {
        false
    }
}
