//! SHOW ENGINES, SHOW PLUGINS, SHOW CHARACTER SET: what is the same in every cluster.

use vt_base::Result;
use vt_value::{QueryResult, Type};

use super::Filter;
use super::table::Table;

fn some<const N: usize>(row: [&str; N]) -> [Option<String>; N] {
    row.map(|one| Some(one.to_owned()))
}

pub(super) fn engines(filter: &Filter) -> Result<QueryResult> {
    let mut table =
        Table::new(&["Engine", "Support", "Comment", "Transactions", "XA", "Savepoints"]);
    let comment = "Supports transactions, row-level locking, and foreign keys";
    table.push(some(["InnoDB", "DEFAULT", comment, "YES", "YES", "YES"]));
    Ok(table.filter(filter, 0)?.finish())
}

pub(super) fn plugins(filter: &Filter) -> Result<QueryResult> {
    let mut table = Table::new(&["Name", "Status", "Type", "Library", "License"]);
    let mut row = some(["InnoDB", "ACTIVE", "STORAGE ENGINE", "", "GPL"]);
    row[3] = None;
    table.push(row);
    Ok(table.filter(filter, 0)?.finish())
}

pub(super) fn character_sets(filter: &Filter) -> Result<QueryResult> {
    let mut table = Table::new(&["Charset", "Description", "Default collation", "Maxlen"])
        .number(3, Type::INT32);
    table.push(some(["utf8mb3", "UTF-8 Unicode", "utf8mb3_general_ci", "3"]));
    table.push(some(["utf8mb4", "UTF-8 Unicode", "utf8mb4_0900_ai_ci", "4"]));
    Ok(table.filter(filter, 0)?.finish())
}
