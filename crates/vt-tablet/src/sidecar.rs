//! The system's own database beside the keyspace's, `_vt`: made, and grown by what it lacks.
//!
//! Only a primary writes it; replicas get it by replication. What is there already is left alone,
//! so that nothing is written when nothing is missing.

use std::collections::BTreeMap;

use vt_base::Result;
use vt_mysql::Conn;

use crate::db::{ROWS_MAX, quote_name, quote_text};
use crate::schema::text;

macro_rules! tables {
    ($($name:literal),* $(,)?) => {
        /// The statements that make the tables, with `{db}` for the database, by name.
        pub const TABLES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("sidecar/", $name, ".sql")))),*];
    };
}

tables!(
    "copy_state",
    "dt_participant",
    "dt_state",
    "heartbeat",
    "post_copy_action",
    "redo_state",
    "redo_statement",
    "reparent_journal",
    "resharding_journal",
    "schema_migrations",
    "schema_version",
    "semisync_heartbeat",
    "tables",
    "udfs",
    "vdiff",
    "vdiff_log",
    "vdiff_table",
    "views",
    "vreplication",
    "vreplication_log",
);

/// Column names by table.
type Present = BTreeMap<String, Vec<String>>;

/// Makes the database and what it lacks; returns how many statements that took.
pub async fn create(conn: &mut Conn, database: &str) -> Result<usize> {
    let sql = format!(
        "select table_name, column_name from information_schema.columns where table_schema = {}",
        quote_text(database)
    );
    let mut present = Present::new();
    for row in conn.query(&sql, ROWS_MAX).await?.rows.iter() {
        present.entry(text(row, 0)).or_default().push(text(row, 1).to_ascii_lowercase());
    }
    let statements = missing(database, &present);
    for statement in &statements {
        conn.query(statement, 0).await.map_err(|err| err.context("sidecar database"))?;
    }
    Ok(statements.len())
}

/// Returns the statements that make what is missing.
fn missing(database: &str, present: &Present) -> Vec<String> {
    let database = quote_name(database);
    let mut statements = Vec::new();
    if present.is_empty() {
        statements.push(format!("CREATE DATABASE IF NOT EXISTS {database}"));
    }
    for (name, sql) in TABLES {
        match present.get(*name) {
            None => statements.push(sql.replace("{db}", &database)),
            Some(columns) => {
                let lacking: Vec<String> = columns_of(sql)
                    .filter(|(column, _)| !columns.contains(&column.to_ascii_lowercase()))
                    .map(|(_, definition)| format!("ADD COLUMN {definition}"))
                    .collect();
                if !lacking.is_empty() {
                    let table = quote_name(name);
                    statements
                        .push(format!("ALTER TABLE {database}.{table} {}", lacking.join(", ")));
                }
            }
        }
    }
    statements
}

/// Returns the columns of a table's statement, with their definitions; each has a line of its own.
fn columns_of(sql: &str) -> impl Iterator<Item = (&str, &str)> {
    sql.lines().filter_map(|line| {
        let definition = line.trim().trim_end_matches(',');
        let name = definition.strip_prefix('`')?.split('`').next()?;
        Some((name, definition))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Present {
        let columns = |sql| columns_of(sql).map(|(name, _)| name.to_ascii_lowercase()).collect();
        TABLES.iter().map(|(name, sql)| ((*name).to_owned(), columns(sql))).collect()
    }

    #[test]
    fn a_fresh_server_gets_the_database_and_twenty_tables() {
        let statements = missing("_vt", &Present::new());
        assert_eq!(statements.len(), 21);
        assert_eq!(statements[0], "CREATE DATABASE IF NOT EXISTS `_vt`");
        assert!(
            statements[1..].iter().all(|sql| sql.starts_with("CREATE TABLE IF NOT EXISTS `_vt`.`"))
        );
    }

    #[test]
    fn nothing_is_written_where_nothing_is_missing() {
        assert_eq!(missing("_vt", &whole()), Vec::<String>::new());
    }

    #[test]
    fn a_column_that_is_new_is_added() {
        let mut present = whole();
        present.get_mut("heartbeat").unwrap().retain(|column| column != "ts");
        present.remove("udfs");
        let statements = missing("_vt", &present);
        assert_eq!(
            statements[0],
            "ALTER TABLE `_vt`.`heartbeat` ADD COLUMN `ts` bigint unsigned NOT NULL"
        );
        assert!(statements[1].contains("`udfs`") && statements.len() == 2);
    }

    #[test]
    fn migrations_have_the_columns_that_tools_read() {
        let (_, sql) = TABLES.iter().find(|(name, _)| *name == "schema_migrations").unwrap();
        assert_eq!(columns_of(sql).count(), 63);
    }
}
