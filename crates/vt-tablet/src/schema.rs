//! What tables the keyspace's database has: read from MySQL, compared with what was read before.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arc_swap::ArcSwap;
use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_tablet_api::{SchemaReply, SchemaTables};
use vt_value::{QueryResult, Row};

use crate::db::{Db, ROWS_MAX, quote_name, quote_text};

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    Table,
    View,
    /// Its comment says `vitess_sequence`.
    Sequence,
    /// Its comment says `vitess_message,...`.
    Message,
}

impl TableKind {
    /// Returns the name that pages show.
    pub fn name(self) -> &'static str {
        match self {
            TableKind::Table => "table",
            TableKind::View => "view",
            TableKind::Sequence => "sequence",
            TableKind::Message => "message",
        }
    }
}

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub kind: TableKind,
    /// Names and types of the columns, in order.
    pub columns: Vec<(String, String)>,
    pub primary_key: Vec<String>,
    pub data_length: u64,
    pub row_count: u64,
    /// Of everything that the definition consists of.
    digest: u64,
}

/// Names whose definitions are new, different or gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub tables: Vec<String>,
    pub views: Vec<String>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.views.is_empty()
    }

    /// Adds further changes.
    pub fn merge(&mut self, other: Changes) {
        for (mine, more) in [(&mut self.tables, other.tables), (&mut self.views, other.views)] {
            mine.extend(more);
            mine.sort();
            mine.dedup();
        }
    }
}

/// Tables and views by name.
pub type Tables = BTreeMap<String, Table>;

/// The schema as it was read last.
#[derive(Default)]
pub struct Schema {
    tables: ArcSwap<Tables>,
    loading: tokio::sync::Mutex<bool>,
}

impl Schema {
    /// Returns the tables that were read last.
    pub fn tables(&self) -> Arc<Tables> {
        self.tables.load_full()
    }

    /// Reads the schema anew; returns what has changed since it was read last.
    ///
    /// What is there when it is read for the first time is no change.
    pub async fn reload(&self, db: &Db) -> Result<Changes> {
        let mut loaded = self.loading.lock().await;
        let mut conn = db.dba().await?;
        let tables = load(&mut conn, db.name()).await?;
        let changes =
            if *loaded { difference(&self.tables.load(), &tables) } else { Changes::default() };
        *loaded = true;
        self.tables.store(Arc::new(tables));
        Ok(changes)
    }

    /// Returns the CREATE statements of tables and views, of all where no names are given.
    pub async fn definitions(
        &self,
        db: &Db,
        which: SchemaTables,
        names: &[String],
    ) -> Result<SchemaReply> {
        if which == SchemaTables::Udfs {
            return udfs(db).await;
        }
        let tables = self.tables();
        let wanted = |kind: TableKind| match which {
            SchemaTables::All => true,
            SchemaTables::Views => kind == TableKind::View,
            _ => kind != TableKind::View,
        };
        let mut reply = SchemaReply::default();
        let mut conn = db.dba().await?;
        for (name, table) in tables.iter() {
            if wanted(table.kind) && (names.is_empty() || names.contains(name)) {
                match definition(&mut conn, db.name(), name).await {
                    Ok(text) => reply.definitions.push((name.clone(), text)),
                    // It was dropped since the schema was read.
                    Err(error) if error.errno() == 1146 => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(reply)
    }
}

async fn udfs(db: &Db) -> Result<SchemaReply> {
    let result = db.dba_query("select name from mysql.func").await?;
    let names = result.rows.iter().map(|row| (text(row, 0), String::new()));
    Ok(SchemaReply { definitions: names.collect() })
}

/// Returns the statement that makes a table or view, without the database's name.
pub async fn definition(conn: &mut Conn, database: &str, name: &str) -> Result<String> {
    let qualifier = format!("{}.", quote_name(database));
    let sql = format!("show create table {qualifier}{}", quote_name(name));
    let result = conn.query(&sql, 1).await?;
    let is_view = result.fields.first().is_some_and(|field| &*field.name == "View");
    let created = result.rows.iter().next().map(|row| text(row, 1)).unwrap_or_default();
    Ok(if is_view { created.replace(&qualifier, "") } else { created })
}

/// Reads tables, columns and keys of a database.
pub async fn load(conn: &mut Conn, database: &str) -> Result<Tables> {
    let schema = quote_text(database);
    let mut digests = Digests::default();
    let sql = format!(
        "select table_name, table_type, table_comment, engine, table_collation, row_format, \
         create_options, data_length, table_rows from information_schema.tables \
         where table_schema = {schema} order by table_name"
    );
    let mut tables = Tables::new();
    for row in conn.query(&sql, ROWS_MAX).await?.rows.iter() {
        let name = text(row, 0);
        let comment = text(row, 2);
        let kind = match text(row, 1).as_str() {
            "VIEW" => TableKind::View,
            _ if comment.starts_with("vitess_sequence") => TableKind::Sequence,
            _ if comment.starts_with("vitess_message") => TableKind::Message,
            _ => TableKind::Table,
        };
        digests.add(&name, row, 1..7);
        let table = Table {
            kind,
            columns: Vec::new(),
            primary_key: Vec::new(),
            data_length: text(row, 7).parse().unwrap_or(0),
            row_count: text(row, 8).parse().unwrap_or(0),
            digest: 0,
        };
        tables.insert(name, table);
    }
    let sql = format!(
        "select table_name, column_name, column_type, is_nullable, column_default, extra, \
         collation_name, generation_expression, column_comment from information_schema.columns \
         where table_schema = {schema} order by table_name, ordinal_position"
    );
    for row in conn.query(&sql, ROWS_MAX).await?.rows.iter() {
        let name = text(row, 0);
        digests.add(&name, row, 1..9);
        if let Some(table) = tables.get_mut(&name) {
            table.columns.push((text(row, 1), text(row, 2)));
        }
    }
    let sql = format!(
        "select table_name, index_name, seq_in_index, column_name, non_unique, sub_part, collation, \
         index_type, is_visible, expression from information_schema.statistics \
         where table_schema = {schema} order by table_name, index_name, seq_in_index"
    );
    for row in conn.query(&sql, ROWS_MAX).await?.rows.iter() {
        let name = text(row, 0);
        digests.add(&name, row, 1..10);
        if let Some(table) = tables.get_mut(&name)
            && text(row, 1) == "PRIMARY"
        {
            table.primary_key.push(text(row, 3));
        }
    }
    let extras = [
        format!(
            "select table_name, view_definition from information_schema.views \
             where table_schema = {schema}"
        ),
        format!(
            "select table_name, constraint_name, referenced_table_name, update_rule, delete_rule \
             from information_schema.referential_constraints where constraint_schema = {schema} \
             order by table_name, constraint_name"
        ),
        format!(
            "select table_name, partition_name, partition_expression, partition_description \
             from information_schema.partitions where table_schema = {schema} \
             and partition_name is not null order by table_name, partition_ordinal_position"
        ),
    ];
    for sql in extras {
        let result = conn.query(&sql, ROWS_MAX).await?;
        let width = result.fields.len();
        result.rows.iter().for_each(|row| digests.add(&text(row, 0), row, 1..width));
    }
    digests.finish(&mut tables);
    Ok(tables)
}

/// Digests of definitions, put together row by row.
#[derive(Default)]
struct Digests(BTreeMap<String, DefaultHasher>);

impl Digests {
    fn add(&mut self, name: &str, row: Row<'_>, columns: std::ops::Range<usize>) {
        let hasher = self.0.entry(name.to_owned()).or_default();
        row.columns().skip(columns.start).take(columns.len()).for_each(|value| value.hash(hasher));
    }

    fn finish(self, tables: &mut Tables) {
        for (name, hasher) in self.0 {
            if let Some(table) = tables.get_mut(&name) {
                table.digest = hasher.finish();
            }
        }
    }
}

fn difference(before: &Tables, after: &Tables) -> Changes {
    let mut changes = Changes::default();
    let mut add = |name: &String, table: &Table| {
        if table.kind == TableKind::View {
            changes.views.push(name.clone());
        } else {
            changes.tables.push(name.clone());
        }
    };
    for (name, table) in before {
        match after.get(name) {
            None => add(name, table),
            Some(now) if now.digest != table.digest => add(name, now),
            Some(_) => {}
        }
    }
    after
        .iter()
        .filter(|(name, _)| !before.contains_key(*name))
        .for_each(|(name, table)| add(name, table));
    changes
}

/// Returns a value as text; empty for NULL.
pub fn text(row: Row<'_>, index: usize) -> String {
    String::from_utf8_lossy(row.column(index).unwrap_or_default()).into_owned()
}

/// Returns the columns that a query of a table would have.
pub async fn fields(conn: &mut Conn, database: &str, table: &str) -> Result<QueryResult> {
    let sql = format!("select * from {}.{} where 1 != 1", quote_name(database), quote_name(table));
    conn.query(&sql, 1).await
}

/// Makes the error of a table that is not there.
pub fn no_table(name: &str) -> Error {
    Error::mysql(1146, b"42S02", format!("table '{name}' does not exist")).with_code(Code::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(kind: TableKind, digest: u64) -> Table {
        Table {
            kind,
            columns: Vec::new(),
            primary_key: Vec::new(),
            data_length: digest,
            row_count: 0,
            digest,
        }
    }

    #[test]
    fn only_definitions_that_differ_are_changes() {
        let before: Tables = [
            ("same".to_owned(), table(TableKind::Table, 1)),
            ("altered".to_owned(), table(TableKind::Table, 2)),
            ("gone".to_owned(), table(TableKind::View, 3)),
        ]
        .into();
        let mut same = table(TableKind::Table, 1);
        same.data_length = 99;
        let after: Tables = [
            ("same".to_owned(), same),
            ("altered".to_owned(), table(TableKind::Table, 4)),
            ("new".to_owned(), table(TableKind::Sequence, 5)),
        ]
        .into();
        let changes = difference(&before, &after);
        assert_eq!(changes.tables, ["altered", "new"]);
        assert_eq!(changes.views, ["gone"]);
        assert!(difference(&after, &after).is_empty());
    }
}
