//! SHOW PROCESSLIST: the clients of all gateways.

use vt_base::Result;
use vt_value::{QueryResult, Type};

use super::Filter;
use super::table::Table;
use crate::gate::Gate;
use crate::session::Session;
use crate::statements::kill::user_of;

/// How much of a statement is shown without FULL.
const INFO_CHARS_MAX: usize = 100;

/// What one gateway asks of another: the clients of that one alone.
const OF_ONE: &str = "show full processlist /* of this gateway */";

/// The columns, as MySQL has them.
const COLUMNS: [&str; 8] = ["Id", "User", "Host", "db", "Command", "Time", "State", "Info"];

/// A line of the list, a text for each column.
pub(crate) type Line = [Option<String>; COLUMNS.len()];

/// Returns whether a statement is another gateway's.
pub(super) fn is_of_one(sql: &str) -> bool {
    sql == OF_ONE
}

pub(super) async fn show(
    gate: &Gate,
    session: &Session,
    (is_full, is_of_one): (bool, bool),
    filter: &Filter,
) -> Result<QueryResult> {
    let lines = match is_of_one {
        true => here(gate),
        false => everywhere(gate, session).await,
    };
    let mut table = Table::new(&COLUMNS).number(0, Type::UINT64).number(5, Type::INT32);
    for mut line in lines {
        if !is_full && let Some(info) = &mut line[7] {
            *info = info.chars().take(INFO_CHARS_MAX).collect();
        }
        table.push(line);
    }
    Ok(table.filter(filter, 0)?.finish())
}

/// Returns the clients of all gateways, by id; a gateway that does not answer is left out.
pub(crate) async fn everywhere(gate: &Gate, session: &Session) -> Vec<Line> {
    let mut lines = here(gate);
    let topo = gate.topo_server();
    for result in gate.peers.ask_all(topo, user_of(session), OF_ONE).await {
        for row in result.rows.iter() {
            let text = |column| {
                row.column(column).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            };
            lines.push(std::array::from_fn(text));
        }
    }
    lines.sort_by_key(|line| line[0].as_deref().and_then(|id| id.parse::<u64>().ok()));
    lines
}

fn here(gate: &Gate) -> Vec<Line> {
    let line = |process: crate::connections::Process| {
        let (command, state) = match process.statement {
            Some(_) => ("Query", "executing"),
            None => ("Sleep", ""),
        };
        [
            Some(process.id.to_string()),
            Some(process.user),
            Some(process.host),
            (!process.database.is_empty()).then(|| process.database.to_string()),
            Some(command.to_owned()),
            Some(process.seconds.to_string()),
            Some(state.to_owned()),
            process.statement.map(|sql| sql.to_string()),
        ]
    };
    gate.connections.processes().into_iter().map(line).collect()
}
