//! SHOW DATABASES, SHOW KEYSPACES, SHOW CREATE DATABASE.

use vt_base::{Error, ErrorId, Result};
use vt_value::QueryResult;

use super::Filter;
use super::table::Table;
use crate::gate::Gate;

/// Databases that every MySQL has.
const SYSTEM: [&str; 4] = ["information_schema", "mysql", "sys", "performance_schema"];

pub(super) fn databases(gate: &Gate, filter: &Filter) -> Result<QueryResult> {
    let mut table = all_keyspaces(gate);
    for name in SYSTEM {
        table.push([Some(name.to_owned())]);
    }
    Ok(table.filter(filter, 0)?.finish())
}

pub(super) fn keyspaces(gate: &Gate, filter: &Filter) -> Result<QueryResult> {
    Ok(all_keyspaces(gate).filter(filter, 0)?.finish())
}

fn all_keyspaces(gate: &Gate) -> Table {
    let mut table = Table::new(&["Database"]);
    for name in gate.keyspaces() {
        table.push([Some(name.to_string())]);
    }
    table
}

pub(super) fn create_database(gate: &Gate, name: &str) -> Result<QueryResult> {
    if !gate.has_keyspace(name) {
        return Err(Error::vt(ErrorId::VT05003, name));
    }
    let mut table = Table::new(&["Database", "Create Database"]);
    let quoted = name.replace('`', "``");
    let sql = format!("CREATE DATABASE `{quoted}` /*!40100 DEFAULT CHARACTER SET utf8mb4 */");
    table.push([Some(name.to_owned()), Some(sql)]);
    Ok(table.finish())
}
