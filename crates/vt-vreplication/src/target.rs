//! The tables that streams write, as their mysqld describes them.

use std::sync::Arc;

use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_value::{Charset, Type};
use vt_vstream::SourceTable;

use crate::store::{Store, quote, text};

/// More tables than this in one database are not written by streams.
const TABLES_MAX: usize = 100_000;
/// No table of MySQL has more columns.
const COLUMNS_MAX: usize = 4096;
/// Tables of the system's own in the database: those that are dropped by and by, and shadows.
const INTERNAL_PREFIX: &str = "_vt_";

/// A table that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetTable {
    pub(crate) name: String,
    pub(crate) columns: Vec<TargetColumn>,
    /// The columns that tell rows apart.
    pub(crate) key: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetColumn {
    pub(crate) name: String,
    pub(crate) typ: Type,
    /// As DDL writes it.
    pub(crate) column_type: String,
    /// The server computes it.
    pub(crate) generated: bool,
    /// Its texts are stored as they are sent, byte by byte.
    pub(crate) is_utf8: bool,
}

impl TargetTable {
    /// Reads a table's description.
    ///
    /// # Errors
    /// There is no such table, its rows cannot be told apart, or mysqld does not answer.
    pub(crate) async fn load(
        store: &Store,
        conn: &mut Conn,
        name: &str,
    ) -> Result<Arc<TargetTable>> {
        let described = SourceTable::load(conn, &store.database, name).await?;
        let condition =
            format!("table_schema = {} and table_name = {}", quote(&store.database), quote(name));
        if described.key.len() == described.columns.len() {
            let sql = format!(
                "select 1 from information_schema.statistics where {condition} \
                 and non_unique = 0 limit 1"
            );
            if conn.query(sql, 1).await?.rows.is_empty() {
                return Err(Error::new(
                    Code::FailedPrecondition,
                    format!(
                        "table {name} has no primary key, nor a unique key without NULLs: its \
                         rows cannot be told apart; add a key at the source and the target"
                    ),
                ));
            }
        }
        let sql = format!(
            "select column_name from information_schema.columns where {condition} \
             and generation_expression <> ''"
        );
        let generated: Vec<String> =
            conn.query(sql, COLUMNS_MAX).await?.rows.iter().map(|row| text(row, 0)).collect();
        let columns = described.columns.iter().map(|column| TargetColumn {
            name: column.field.name.to_string(),
            typ: column.field.typ,
            column_type: column.field.column_type.to_string(),
            generated: generated.iter().any(|one| **one == *column.field.name),
            is_utf8: matches!(
                column.collation.charset(),
                Some(Charset::Utf8mb4 | Charset::Utf8mb3 | Charset::Ascii)
            ),
        });
        let columns = columns.collect();
        Ok(Arc::new(TargetTable { name: name.to_owned(), columns, key: described.key }))
    }

    /// Returns the place of a column.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// Returns the names of the database's tables that are no views, in order.
pub(crate) async fn table_names(store: &Store, conn: &mut Conn) -> Result<Vec<String>> {
    let sql = format!(
        "select table_name from information_schema.tables \
         where table_schema = {} and table_type = 'BASE TABLE' order by table_name",
        quote(&store.database)
    );
    let found = conn.query(sql, TABLES_MAX).await?;
    let names = found.rows.iter().map(|row| text(row, 0));
    Ok(names.filter(|name| !name.starts_with(INTERNAL_PREFIX)).collect())
}
