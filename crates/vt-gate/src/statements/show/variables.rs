//! SHOW VARIABLES: a shard's, with those of the gateway in place of the shard's own. SHOW
//! VITESS_METADATA VARIABLES: the cluster's metadata.

use vt_base::Result;
use vt_value::{QueryResult, RowsBuilder};

use super::Filter;
use super::table::Table;
use crate::gate::Gate;
use crate::query::run_on_any_shard;
use crate::session::Session;
use crate::sysvars;

pub(super) async fn show(gate: &Gate, session: &mut Session, sql: &str) -> Result<QueryResult> {
    let result = run_on_any_shard(gate, session, sql).await?;
    let mut rows = RowsBuilder::with_capacity(result.rows.len(), result.rows.data().len());
    for row in result.rows.iter() {
        let columns: Vec<Option<&[u8]>> = row.columns().collect();
        let name = columns.first().copied().flatten().unwrap_or_default();
        let name = String::from_utf8_lossy(name);
        match shown(gate, session, &name) {
            Some(value) if columns.len() == 2 => {
                rows.push([Some(name.as_bytes()), Some(value.as_bytes())]);
            }
            _ => rows.push(columns),
        }
    }
    Ok(QueryResult { rows: rows.finish(), ..result })
}

/// Returns how the gateway shows a variable of its own.
fn shown(gate: &Gate, session: &Session, name: &str) -> Option<String> {
    let value = sysvars::session_value(gate, session, name)?;
    Some(sysvars::shown(name, &value))
}

pub(super) async fn metadata(gate: &Gate, filter: &Filter) -> Result<QueryResult> {
    let mut table = Table::new(&["Key", "Value"]);
    for (key, value) in gate.topo_server().get_all_metadata().await? {
        table.push([Some(key), Some(value)]);
    }
    Ok(table.filter(filter, 0)?.finish())
}
