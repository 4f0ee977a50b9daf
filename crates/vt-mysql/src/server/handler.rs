//! The seam between the protocol and what a statement means.

use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use vt_base::{Error, Result};
use vt_value::{Fields, TypedBytes};
use vt_wire::{Capabilities, SessionChange, status};

use crate::AuthenticatedUser;
use crate::server::{Encode, ResultWriter};
use crate::socket::Peer;

/// What is known of a connection once its user has proved who they are.
#[derive(Clone, Debug)]
pub struct ConnInfo {
    /// The id that `CONNECTION_ID()` gives and `KILL` takes.
    pub id: u32,
    pub user: AuthenticatedUser,
    pub peer: Peer,
    /// The database of the handshake, as it was written: `ks:-80@replica` stays whole.
    pub database: Option<String>,
    /// Connection attributes: program name, driver, operating system.
    pub attributes: Vec<(String, String)>,
    /// What both ends can do.
    pub capabilities: Capabilities,
    /// The collation id that the client asked for.
    pub collation: u16,
    pub is_tls: bool,
    /// Ends the connection when cancelled, as `KILL` does.
    pub kill: CancellationToken,
}

/// What a handler says of a statement that it prepared.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// The columns of its result; none for a statement without one.
    pub fields: Fields,
    pub param_count: u16,
}

/// A prepared statement of this connection.
#[derive(Clone, Debug)]
pub struct PreparedStatement {
    pub id: u32,
    pub sql: Arc<[u8]>,
    pub param_count: u16,
}

/// Makes a handler for each connection.
pub trait HandlerFactory: Send + Sync {
    fn handler(&self) -> Box<dyn Handler>;
}

/// What a connection's statements mean; one per connection, called for one command at a time.
///
/// An error goes to the client as an ERR packet and the connection goes on, unless its code is
/// `Unauthenticated` from [`Handler::init`], which ends it.
///
/// The future of a call is dropped where it waits when the client goes away, when `ConnInfo::kill`
/// is cancelled, or when a drain runs out of time; [`Handler::closed`] is called next and must leave
/// nothing behind.
///
/// Statements are bytes: clients put values of any kind between quotes, so they need not be UTF-8.
#[async_trait]
pub trait Handler: Send {
    /// Begins the session; an error refuses the client.
    async fn init(&mut self, conn: &ConnInfo) -> Result<()>;

    /// Runs the text of a COM_QUERY, which may hold several statements.
    async fn query(&mut self, sql: &[u8], out: &mut ResultWriter<'_>) -> Result<()>;

    /// Tells the attributes that came with the query or execution that follows.
    fn query_attributes(&mut self, _attributes: Vec<(String, TypedBytes)>) {}

    /// Prepares one statement.
    async fn prepare(&mut self, _sql: &[u8]) -> Result<Prepared> {
        Err(Error::unsupported("prepared statements"))
    }

    /// Runs a prepared statement; `params` has `statement.param_count` values.
    async fn execute(
        &mut self,
        _statement: &PreparedStatement,
        _params: Vec<TypedBytes>,
        _out: &mut ResultWriter<'_>,
    ) -> Result<()> {
        Err(Error::unsupported("prepared statements"))
    }

    /// Forgets a prepared statement.
    fn close_statement(&mut self, _statement: &PreparedStatement) {}

    /// Changes the default database.
    async fn init_db(&mut self, database: &str) -> Result<()>;

    /// Ends transactions and temporary state and restores the session of the beginning.
    async fn reset_connection(&mut self) -> Result<()>;

    /// Begins another session on the same connection; the new user has been authenticated.
    async fn change_user(&mut self, conn: &ConnInfo) -> Result<()>;

    /// Returns the columns of a table whose names match a pattern (COM_FIELD_LIST).
    async fn field_list(&mut self, _table: &str, _wildcard: &str) -> Result<Fields> {
        Err(Error::mysql(1047, b"08S01", "Unknown command"))
    }

    /// Switches several statements per query on or off.
    fn set_multi_statements(&mut self, _allowed: bool) {}

    /// Returns the line of COM_STATISTICS.
    fn statistics(&mut self) -> String {
        String::new()
    }

    /// Kills a connection (COM_PROCESS_KILL).
    async fn process_kill(&mut self, _id: u32) -> Result<()> {
        Err(Error::mysql(1047, b"08S01", "Unknown command"))
    }

    /// Returns the status flags of this moment: in a transaction, autocommit.
    fn status_flags(&self) -> u16 {
        status::AUTOCOMMIT
    }

    /// Returns how names of columns and messages of errors are written where no [`ResultWriter`]
    /// writes them; none for a client that reads UTF-8.
    fn encode(&self) -> Option<Encode> {
        None
    }

    /// Takes the changes of the session that the answer to the command under way should tell.
    fn take_session_changes(&mut self) -> Vec<SessionChange> {
        Vec::new()
    }

    /// Ends the session: rolls back and frees what it held. Called once, after everything else.
    async fn closed(&mut self);
}
