//! SHOW GLOBAL GTID_EXECUTED and VGTID_EXECUTED: what each shard has executed.

use serde_json::json;
use vt_base::{Error, ErrorId, Result};
use vt_value::QueryResult;

use super::Filter;
use super::table::Table;
use crate::gate::Gate;
use crate::query::forward_to_all;
use crate::session::Session;

pub(super) async fn gtid(
    gate: &Gate,
    session: &mut Session,
    keyspace: Option<String>,
    filter: &Filter,
) -> Result<QueryResult> {
    let keyspace = chosen(session, keyspace)?;
    let mut table = Table::new(&["db_name", "gtid_executed", "shard"]);
    for (shard, executed) in executed(gate, session, &keyspace).await? {
        table.push([Some(keyspace.clone()), Some(executed), Some(shard)]);
    }
    Ok(table.filter(filter, 0)?.finish())
}

pub(super) async fn vgtid(
    gate: &Gate,
    session: &mut Session,
    keyspace: Option<String>,
    filter: &Filter,
) -> Result<QueryResult> {
    let keyspace = chosen(session, keyspace)?;
    let shards = executed(gate, session, &keyspace).await?;
    let positions: Vec<_> = shards
        .into_iter()
        .map(|(shard, executed)| {
            json!({"keyspace": keyspace, "shard": shard, "gtid": format!("MySQL56/{executed}")})
        })
        .collect();
    let mut table = Table::new(&["db_name", "global vgtid_executed"]);
    table.push([Some(keyspace.clone()), Some(json!(positions).to_string())]);
    Ok(table.filter(filter, 0)?.finish())
}

fn chosen(session: &Session, keyspace: Option<String>) -> Result<String> {
    keyspace
        .or_else(|| session.target.keyspace().map(str::to_owned))
        .ok_or_else(|| Error::vt(ErrorId::VT09005, ""))
}

async fn executed(
    gate: &Gate,
    session: &mut Session,
    keyspace: &str,
) -> Result<Vec<(String, String)>> {
    let results = forward_to_all(gate, session, keyspace, "select @@global.gtid_executed").await?;
    let text = |result: &QueryResult| {
        let row = (!result.rows.is_empty()).then(|| result.rows.get(0));
        let bytes = row.and_then(|row| row.column(0)).unwrap_or_default();
        // MySQL breaks the line after each server.
        String::from_utf8_lossy(bytes).replace('\n', "")
    };
    Ok(results.iter().map(|(shard, result)| (shard.to_string(), text(result))).collect())
}
