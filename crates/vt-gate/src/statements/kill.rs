//! KILL [CONNECTION | QUERY] id: clients of this gateway.

use vt_base::{Error, ErrorId, Result};
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
pub fn run(gate: &Gate, session: &Session, kill: Kill) -> Result<QueryResult> {
    if !gate.config.is_kill_allowed {
        return Err(Error::vt(ErrorId::VT07001, "kill statement execution not permitted."));
    }
    kill_connection(gate, session, kill)?;
    Ok(QueryResult::default())
}

/// Kills without asking whether it is allowed; users may kill their own connections only.
pub fn kill_connection(gate: &Gate, session: &Session, kill: Kill) -> Result<()> {
    let found = u32::try_from(kill.id).ok().and_then(|id| gate.connections.get(id));
    let Some(connection) = found else {
        let message = format!("Unknown thread id: {}", kill.id);
        return Err(Error::mysql(1094, b"HY000", message).with_code(vt_base::Code::NotFound));
    };
    if connection.user != *session.caller.username {
        let message = format!("You are not owner of thread {}", kill.id);
        let error = Error::mysql(1095, b"HY000", message);
        return Err(error.with_code(vt_base::Code::PermissionDenied));
    }
    match kill.is_query {
        true => connection.kill_statement(),
        false => connection.kill(),
    }
    Ok(())
}
