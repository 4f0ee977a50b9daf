//! One connection to a server, and the commands that it can be given.

use std::sync::Arc;

use vt_base::{Error, Result};
use vt_value::QueryResult;

use super::{ConnectParams, KillHandle, ResultStream};

/// A connection to a server.
///
/// A future of a method may be dropped at any time; the connection is then broken, and
/// [`Conn::is_broken`] says so.
pub struct Conn {
    pub(super) params: Arc<ConnectParams>,
}

impl Conn {
    /// Connects and logs in.
    pub async fn connect(params: impl Into<Arc<ConnectParams>>) -> Result<Conn> {
        Ok(Conn { params: params.into() })
    }

    /// Runs one statement and collects its whole result; further results are read and dropped.
    ///
    /// More rows than `rows_max` give error `Row count exceeded N`, errno 10001, code
    /// `Aborted`, with the connection fit for use again or marked broken.
    pub async fn query(&mut self, _sql: impl AsRef<[u8]>, _rows_max: usize) -> Result<QueryResult> {
        Err(Error::unsupported("query"))
    }

    /// Runs several statements and collects all their results.
    ///
    /// An error of one statement ends the list: the results before it are lost.
    pub async fn query_multi(
        &mut self,
        _sql: impl AsRef<[u8]>,
        _rows_max: usize,
    ) -> Result<Vec<QueryResult>> {
        Err(Error::unsupported("query_multi"))
    }

    /// Runs one statement and hands its rows over as they come, about `batch_bytes` at a time.
    pub async fn query_stream(
        &mut self,
        _sql: impl AsRef<[u8]>,
        _batch_bytes: usize,
    ) -> Result<ResultStream<'_>> {
        Err(Error::unsupported("query_stream"))
    }

    pub async fn ping(&mut self) -> Result<()> {
        Err(Error::unsupported("ping"))
    }

    /// Makes the session as new, without a new login.
    pub async fn reset_connection(&mut self) -> Result<()> {
        Err(Error::unsupported("reset_connection"))
    }

    /// Logs in anew, as another user if the parameters say so.
    pub async fn change_user(
        &mut self,
        _user: &str,
        _password: &str,
        _database: Option<&str>,
    ) -> Result<()> {
        Err(Error::unsupported("change_user"))
    }

    pub async fn init_db(&mut self, _database: &str) -> Result<()> {
        Err(Error::unsupported("init_db"))
    }

    /// Says goodbye and closes.
    pub async fn close(self) {}

    /// Returns the server's id of the connection, as `KILL` takes it.
    pub fn connection_id(&self) -> u32 {
        0
    }

    /// Returns the server's version, `8.4.6`.
    pub fn server_version(&self) -> &str {
        ""
    }

    /// Returns the status flags that the last answer gave.
    pub fn status_flags(&self) -> u16 {
        0
    }

    /// Returns whether the connection cannot be used any more.
    pub fn is_broken(&self) -> bool {
        true
    }

    pub fn params(&self) -> &Arc<ConnectParams> {
        &self.params
    }

    /// Returns what it takes to kill this connection or its query from elsewhere.
    pub fn kill_handle(&self) -> KillHandle {
        KillHandle { id: self.connection_id(), params: Arc::clone(&self.params) }
    }
}
