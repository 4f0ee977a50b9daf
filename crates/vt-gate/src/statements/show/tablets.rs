//! SHOW VITESS_SHARDS, VITESS_TABLETS and VITESS_TARGET.

use vt_base::Result;
use vt_discovery::TabletHealth;
use vt_value::QueryResult;

use super::Filter;
use super::table::Table;
use crate::gate::Gate;
use crate::session::Session;

pub(super) fn shards(gate: &Gate, session: &Session, filter: &Filter) -> Result<QueryResult> {
    let mut table = Table::new(&["Shards"]);
    for keyspace in gate.tablets.serving.names() {
        let Ok(shards) = gate.tablets.serving.shards(&keyspace, session.target.tablet_type) else {
            continue;
        };
        for shard in shards.shards() {
            table.push([Some(format!("{keyspace}/{}", shard.name))]);
        }
    }
    Ok(table.filter(filter, 0)?.finish())
}

/// The place of the column that LIKE looks at.
const HOSTNAME: usize = 6;

pub(super) fn tablets(gate: &Gate, filter: &Filter) -> Result<QueryResult> {
    let mut table = Table::new(&[
        "Cell",
        "Keyspace",
        "Shard",
        "TabletType",
        "State",
        "Alias",
        "Hostname",
        "PrimaryTermStartTime",
    ]);
    for tablet in gate.tablets.discovery.snapshot() {
        table.push([
            Some(tablet.alias().cell.to_string()),
            Some(tablet.target.keyspace.to_string()),
            Some(tablet.target.shard.to_string()),
            Some(tablet.target.tablet_type.as_str().to_uppercase()),
            Some(tablet.state_name().to_owned()),
            Some(tablet.alias().to_string()),
            Some(tablet.tablet.hostname().to_owned()),
            Some(term_start(&tablet)),
        ]);
    }
    Ok(table.filter(filter, HOSTNAME)?.finish())
}

fn term_start(tablet: &TabletHealth) -> String {
    match u64::try_from(tablet.primary_term_start) {
        Ok(seconds) if seconds > 0 => vt_topo::records::lock::rfc3339(seconds),
        _ => String::new(),
    }
}

pub(super) fn target(session: &Session, filter: &Filter) -> Result<QueryResult> {
    let mut table = Table::new(&["Target"]);
    table.push([Some(session.target.as_str().to_owned())]);
    Ok(table.filter(filter, 0)?.finish())
}
