//! SHOW VSCHEMA KEYSPACES, TABLES and VINDEXES.

use vt_base::{Error, ErrorId, Result};
use vt_value::QueryResult;
use vt_vschema::Vindex;

use super::Filter;
use super::table::Table;
use crate::gate::Gate;
use crate::session::Session;

pub(super) fn keyspaces(gate: &Gate, filter: &Filter) -> Result<QueryResult> {
    let mut table = Table::new(&["Keyspace", "Sharded", "Foreign Key", "Comment"]);
    let snapshot = gate.vschemas.current();
    for (name, keyspace) in &snapshot.vschema.keyspaces {
        let comment = keyspace.error.as_ref().map(ToString::to_string).unwrap_or_default();
        table.push([
            Some(name.to_string()),
            Some(keyspace.keyspace.sharded.to_string()),
            Some(keyspace.foreign_key_mode.as_str().to_owned()),
            Some(comment),
        ]);
    }
    Ok(table.filter(filter, 0)?.finish())
}

pub(super) fn tables(gate: &Gate, session: &Session, filter: &Filter) -> Result<QueryResult> {
    let name = session_keyspace(session)?;
    let snapshot = gate.vschemas.current();
    let keyspace = snapshot.vschema.keyspace(name)?;
    let mut table = Table::new(&["Tables"]);
    for name in keyspace.tables.keys() {
        table.push([Some(name.to_string())]);
    }
    Ok(table.filter(filter, 0)?.finish())
}

pub(super) fn vindexes(gate: &Gate, session: &Session, filter: &Filter) -> Result<QueryResult> {
    let mut table = Table::new(&["Keyspace", "Name", "Type", "Params", "Owner"]);
    let snapshot = gate.vschemas.current();
    let of_session = session.target.keyspace();
    for (name, keyspace) in &snapshot.vschema.keyspaces {
        if of_session.is_some_and(|one| one != &**name) {
            continue;
        }
        for vindex in keyspace.vindexes.values() {
            let [vindex_name, typ, params, owner] = described(gate, name, vindex);
            table.push([Some(name.to_string()), vindex_name, typ, params, owner]);
        }
    }
    Ok(table.filter(filter, 1)?.finish())
}

pub(super) fn vindexes_on(
    gate: &Gate,
    session: &Session,
    keyspace: Option<&str>,
    name: &str,
    filter: &Filter,
) -> Result<QueryResult> {
    let keyspace = match keyspace {
        Some(keyspace) => keyspace,
        None => session_keyspace(session)?,
    };
    let snapshot = gate.vschemas.current();
    let schema = snapshot.vschema.keyspace(keyspace)?;
    let found = schema.tables.get(name).ok_or_else(|| Error::vt(ErrorId::VT05005, name))?;
    let mut table = Table::new(&["Columns", "Name", "Type", "Params", "Owner"]);
    for column in found.column_vindexes.iter().filter(|one| !one.partial) {
        let columns: Vec<&str> = column.columns.iter().map(|one| &**one).collect();
        let [name, typ, params, owner] = described(gate, keyspace, &column.vindex);
        table.push([Some(columns.join(", ")), name, typ, params, owner]);
    }
    Ok(table.filter(filter, 1)?.finish())
}

/// Returns name, type, parameters and owner of a vindex, the latter two as they are stored.
fn described(gate: &Gate, keyspace: &str, vindex: &Vindex) -> [Option<String>; 4] {
    let snapshot = gate.vschemas.current();
    let stored = snapshot
        .record
        .keyspaces
        .get(keyspace)
        .and_then(|keyspace| keyspace.vindexes.get(&*vindex.name));
    let params = stored.map(|stored| {
        let parts: Vec<String> =
            stored.params.iter().map(|(key, value)| format!("{key}={value}")).collect();
        parts.join("; ")
    });
    let typ = stored.map(|stored| stored.r#type.clone());
    let owner = stored.map(|stored| stored.owner.clone());
    [Some(vindex.name.to_string()), typ, params, owner].map(|one| Some(one.unwrap_or_default()))
}

fn session_keyspace(session: &Session) -> Result<&str> {
    session.target.keyspace().ok_or_else(|| Error::vt(ErrorId::VT09005, ""))
}
