//! USE.

use vt_base::Result;
use vt_value::QueryResult;

use crate::gate::Gate;
use crate::session::Session;

/// Aims the session at a target; a transaction that is open goes on.
pub fn run(gate: &Gate, session: &mut Session, target: &str) -> Result<QueryResult> {
    session.target = gate.target(target)?;
    Ok(QueryResult::default())
}
