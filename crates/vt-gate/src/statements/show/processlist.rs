//! SHOW PROCESSLIST: the clients of this gateway.

use vt_base::Result;
use vt_value::{QueryResult, Type};

use super::Filter;
use super::table::Table;
use crate::gate::Gate;
use crate::session::Session;

/// How much of a statement is shown without FULL.
const INFO_CHARS_MAX: usize = 100;

pub(super) fn show(
    gate: &Gate,
    _session: &Session,
    is_full: bool,
    filter: &Filter,
) -> Result<QueryResult> {
    let mut table = Table::new(&["Id", "User", "Host", "db", "Command", "Time", "State", "Info"])
        .number(0, Type::UINT64)
        .number(5, Type::INT32);
    for process in gate.connections.processes() {
        let info = process.statement.as_ref().map(|sql| match is_full {
            true => sql.to_string(),
            false => sql.chars().take(INFO_CHARS_MAX).collect(),
        });
        let (command, state) = match info {
            Some(_) => ("Query", "executing"),
            None => ("Sleep", ""),
        };
        table.push([
            Some(process.id.to_string()),
            Some(process.user),
            Some(process.host),
            (!process.database.is_empty()).then(|| process.database.to_string()),
            Some(command.to_owned()),
            Some(process.seconds.to_string()),
            Some(state.to_owned()),
            info,
        ]);
    }
    Ok(table.filter(filter, 0)?.finish())
}
