//! KILL [CONNECTION | QUERY] id: a client of this gateway, or of the one that the id names.

use std::sync::Arc;

use vt_base::{Code, Error, ErrorId, Result};
use vt_mysql::server::ConnectionIds;
use vt_sql::ast::{self, Expr};
use vt_value::QueryResult;

use crate::gate::Gate;
use crate::session::Session;

/// What is to be killed.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    pub id: u64,
    /// The statement alone.
    pub is_query: bool,
}

/// Reads the statement; the id must be a number.
pub fn read(kill: &ast::Kill<'_>) -> Result<Kill> {
    let id = match kill.id {
        Expr::Literal(literal) => literal.text().and_then(|text| text.parse().ok()),
        _ => None,
    };
    let id = id.ok_or_else(|| Error::unsupported("KILL of anything but a number"))?;
    Ok(Kill { id, is_query: kill.query })
}

/// Kills a connection, or the statement that it runs.
pub async fn run(gate: &Gate, session: &Session, kill: Kill) -> Result<QueryResult> {
    if !gate.config.is_kill_allowed {
        return Err(Error::vt(ErrorId::VT07001, "kill statement execution not permitted."));
    }
    kill_connection(gate, session, kill).await?;
    Ok(QueryResult::default())
}

/// Kills without asking whether it is allowed; users may kill their own connections only.
pub async fn kill_connection(gate: &Gate, session: &Session, kill: Kill) -> Result<()> {
    let unknown = || {
        let message = format!("Unknown thread id: {}", kill.id);
        Error::mysql(1094, b"HY000", message).with_code(Code::NotFound)
    };
    let id = u32::try_from(kill.id).map_err(|_| unknown())?;
    if gate.connections.get(id).is_some() {
        return kill_here(gate, session, id, kill.is_query);
    }
    let number = ConnectionIds::gateway_of(id);
    // What came from another gateway does not go on to a third.
    if number == 0 || number == gate.peers.number() || session.connection_id == 0 {
        return Err(unknown());
    }
    let others = gate.peers.others(gate.topo_server()).await?;
    let address = others.get(&number).ok_or_else(unknown)?;
    let sql = match kill.is_query {
        true => format!("kill query {id}"),
        false => format!("kill connection {id}"),
    };
    gate.peers.ask(address, user_of(session), &sql).await.map(drop)
}

fn kill_here(gate: &Gate, session: &Session, id: u32, is_query: bool) -> Result<()> {
    let Some(connection) = gate.connections.get(id) else { return Ok(()) };
    if connection.user != **user_of(session) {
        let message = format!("You are not owner of thread {id}");
        let error = Error::mysql(1095, b"HY000", message);
        return Err(error.with_code(Code::PermissionDenied));
    }
    match is_query {
        true => connection.kill_statement(),
        false => connection.kill(),
    }
    Ok(())
}

/// Returns for whom a session acts: its user, or whom another gateway names.
pub(super) fn user_of(session: &Session) -> &Arc<str> {
    let caller = &session.caller;
    match caller.username.is_empty() {
        true => &caller.principal,
        false => &caller.username,
    }
}
