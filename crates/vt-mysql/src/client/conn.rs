//! One connection to a server, and the commands that it can be given.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use vt_base::{Code, Error, Origin, Result};
use vt_value::QueryResult;
use vt_wire::auth::{Nonce, Plugin, sha2};
use vt_wire::handshake::ChangeUser;
use vt_wire::{Capabilities, Command, command, end};

use super::connect::{cannot_connect, gone, lost};
use super::login::{LoggedIn, Login, log_in, server_error};
use super::result::{FieldCache, Head};
use super::{ConnectParams, KillHandle, ResultStream};
use crate::link::{Keep, Link};
use crate::patience::within;

/// A connection to a server.
///
/// A future of a method may be dropped at any time; the connection is then broken, and
/// [`Conn::is_broken`] says so.
pub struct Conn {
    pub(super) link: Link,
    pub(super) capabilities: Capabilities,
    pub(super) status: u16,
    pub(super) state: State,
    pub(super) field_cache: FieldCache,
    pub(super) has_skipped_rows: bool,
    params: Arc<ConnectParams>,
    version: String,
    connection_id: u32,
    nonce: Nonce,
}

/// How long a goodbye may take, word by word.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether a command can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    /// An answer is on its way; for good, if the future that read it was dropped.
    Busy,
    Broken,
}

impl Conn {
    /// Connects and logs in.
    pub async fn connect(params: impl Into<Arc<ConnectParams>>) -> Result<Conn> {
        let params = params.into();
        let logging_in = log_in(&params);
        let logged_in = match within(params.connect_timeout, logging_in).await {
            Some(logged_in) => logged_in?,
            None => {
                let timed_out = std::io::ErrorKind::TimedOut.into();
                return Err(cannot_connect(&params.address, &timed_out));
            }
        };
        let LoggedIn { link, version, connection_id, capabilities, nonce, status } = logged_in;
        Ok(Conn {
            link,
            capabilities,
            status,
            state: State::Ready,
            has_skipped_rows: false,
            field_cache: FieldCache::default(),
            params,
            version,
            connection_id,
            nonce,
        })
    }

    /// Runs one statement and collects its whole result; further results are read and dropped.
    ///
    /// More rows than `rows_max` give the error `Row count exceeded N` with errno
    /// [`ROWS_EXCEEDED`](super::ROWS_EXCEEDED). The rest is then read and dropped if it is short;
    /// else the connection is broken.
    pub async fn query(&mut self, sql: impl AsRef<[u8]>, rows_max: usize) -> Result<QueryResult> {
        self.send_query(sql.as_ref()).await?;
        self.has_skipped_rows = false;
        let first = self.read_result(rows_max).await?;
        while self.has_more() {
            self.skip_result().await?;
        }
        self.finish();
        Ok(first)
    }

    /// Runs several statements and collects all their results; `rows_max` is for each.
    ///
    /// An error of one statement ends the list, and the results before it are lost.
    pub async fn query_multi(
        &mut self,
        sql: impl AsRef<[u8]>,
        rows_max: usize,
    ) -> Result<Vec<QueryResult>> {
        self.send_query(sql.as_ref()).await?;
        let mut results = vec![self.read_result(rows_max).await?];
        while self.has_more() {
            results.push(self.read_result(rows_max).await?);
        }
        self.finish();
        Ok(results)
    }

    /// Runs one statement and hands its rows over as they come, about `batch_bytes` at a time.
    pub async fn query_stream(
        &mut self,
        sql: impl AsRef<[u8]>,
        batch_bytes: usize,
    ) -> Result<ResultStream<'_>> {
        self.send_query(sql.as_ref()).await?;
        let head = self.read_head().await?;
        ResultStream::begin(self, head, batch_bytes).await
    }

    /// Asks for a sign of life.
    pub async fn ping(&mut self) -> Result<()> {
        self.simple(&Command::Ping).await
    }

    /// Makes the session as new, without a new login; the database stays.
    pub async fn reset_connection(&mut self) -> Result<()> {
        self.simple(&Command::ResetConnection).await?;
        // The server has gone back to its own character set.
        self.query(format!("SET NAMES {}", charset_of(self.params.collation)), 0).await?;
        Ok(())
    }

    /// Logs in anew on the same connection.
    pub async fn change_user(
        &mut self,
        user: &str,
        password: &str,
        database: Option<&str>,
    ) -> Result<()> {
        let plugin = Plugin::CachingSha2;
        let change = ChangeUser {
            user: user.to_owned(),
            auth: sha2::scramble(password.as_bytes(), &self.nonce),
            database: database.map(str::to_owned),
            collation: Some(u16::from(self.params.collation)),
            plugin: plugin.name().to_owned(),
            attributes: self.params.attributes.clone(),
        };
        self.send(|out, capabilities| Command::ChangeUser(change).encode(out, capabilities))
            .await?;
        let mut login = Login { link: &mut self.link, nonce: self.nonce, plugin };
        let end = login.finish(password.as_bytes(), self.capabilities).await;
        self.nonce = login.nonce;
        match end {
            Ok(end) => {
                self.status = end.status;
                self.finish();
                Ok(())
            }
            Err(error) => {
                // The server closes a connection whose change of user fails.
                self.state = State::Broken;
                Err(error)
            }
        }
    }

    /// Changes the default database.
    pub async fn init_db(&mut self, database: &str) -> Result<()> {
        self.simple(&Command::InitDb(Bytes::copy_from_slice(database.as_bytes()))).await
    }

    /// Says goodbye and closes.
    pub async fn close(mut self) {
        if self.start().is_ok() {
            self.link.put(|out| Command::Quit.encode(out, self.capabilities));
            // The server may be gone already, which is as good, or be slow to listen.
            drop(within(GOODBYE_TIMEOUT, self.link.flush()).await);
        }
        self.state = State::Broken;
        within(GOODBYE_TIMEOUT, self.link.shutdown()).await;
    }

    /// Returns the server's id of the connection, as `KILL` takes it.
    pub fn connection_id(&self) -> u32 {
        self.connection_id
    }

    /// Returns the server's version, `8.4.6`.
    pub fn server_version(&self) -> &str {
        &self.version
    }

    /// Returns what both ends can do.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// Returns the status flags that the last answer gave.
    pub fn status_flags(&self) -> u16 {
        self.status
    }

    /// Returns whether the last [`Conn::query`] gave more results with rows than the one that it
    /// returned, as procedures can.
    pub fn has_skipped_rows(&self) -> bool {
        self.has_skipped_rows
    }

    /// Returns whether the connection cannot be used any more; also when the server is known to
    /// have closed it, which is not asked of anyone.
    pub fn is_broken(&self) -> bool {
        self.state != State::Ready || self.link.socket().is_closed()
    }

    /// Returns whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.link.transport().is_tls()
    }

    pub fn params(&self) -> &Arc<ConnectParams> {
        &self.params
    }

    /// Returns what it takes to kill this connection or its query from elsewhere.
    pub fn kill_handle(&self) -> KillHandle {
        KillHandle { id: self.connection_id, params: Arc::clone(&self.params) }
    }

    // Sending.

    fn start(&mut self) -> Result<()> {
        if self.state != State::Ready {
            return Err(gone());
        }
        self.state = State::Busy;
        self.link.begin_command();
        Ok(())
    }

    pub(super) async fn send(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>, Capabilities),
    ) -> Result<()> {
        self.start()?;
        let capabilities = self.capabilities;
        self.link.put(|out| write(out, capabilities));
        match self.link.flush().await {
            Ok(()) => Ok(()),
            Err(error) => {
                self.state = State::Broken;
                Err(self.last_words().await.unwrap_or_else(|| gone().with_source(error)))
            }
        }
    }

    /// Returns the error that the server told before it closed on what was being sent, as it does
    /// on a packet longer than its `max_allowed_packet`.
    async fn last_words(&mut self) -> Option<Error> {
        within(GOODBYE_TIMEOUT, self.link.read_last_words()).await?.ok()?;
        let payload = self.link.payload();
        (payload.first() == Some(&end::ERR)).then(|| server_error(payload))
    }

    pub(super) async fn send_query(&mut self, sql: &[u8]) -> Result<()> {
        self.send(|out, capabilities| command::encode_query(out, sql, &[], capabilities)).await
    }

    /// Runs a command whose answer is OK or an error.
    async fn simple(&mut self, command: &Command) -> Result<()> {
        self.send(|out, capabilities| command.encode(out, capabilities)).await?;
        match self.read_head().await? {
            Head::End(_) => {
                self.finish();
                Ok(())
            }
            Head::Rows(_) => {
                self.state = State::Broken;
                Err(lost("rows for a command without rows"))
            }
        }
    }

    /// The answer has been read whole.
    pub(super) fn finish(&mut self) {
        if self.state == State::Busy {
            self.state = State::Ready;
            self.link.relax(Keep::Small);
        }
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        // Without a goodbye the server counts an aborted client. TLS and compression would need a
        // task to say it, and the sockets here are Unix sockets for the most part.
        let is_plain = !self.is_tls()
            && !self.capabilities.has(Capabilities::COMPRESS)
            && !self.capabilities.has(Capabilities::ZSTD);
        if self.state == State::Ready && is_plain {
            drop(self.link.socket().try_write(&[1, 0, 0, 0, command::byte::QUIT]));
        }
    }
}

fn charset_of(collation: u8) -> String {
    match collation {
        8 => "latin1".to_owned(),
        33 => "utf8mb3".to_owned(),
        63 => "binary".to_owned(),
        45 => "utf8mb4 COLLATE utf8mb4_general_ci".to_owned(),
        46 => "utf8mb4 COLLATE utf8mb4_bin".to_owned(),
        224 => "utf8mb4 COLLATE utf8mb4_unicode_ci".to_owned(),
        _ => "utf8mb4".to_owned(),
    }
}

/// Makes the error of a result that has too many rows.
pub(super) fn rows_exceeded(rows_max: usize) -> Error {
    Error::mysql(super::ROWS_EXCEEDED, b"HY000", format!("Row count exceeded {rows_max}"))
        .with_code(Code::OutOfRange)
        .with_origin(Origin::Tablet)
}
