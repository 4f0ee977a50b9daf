//! Which tables of a source are copied, and how they are made in the target.

use std::collections::{BTreeMap, BTreeSet};

use vt_base::{Code, Error, Result};
use vt_proto::query::QueryResult;
use vt_proto::tabletmanagerdata as tm;
use vt_reparent::Tablet;
use vt_reparent::tablets::all;

use super::columns::check_fits;
use super::ddl::table_shape;
use super::rules::sql_name;
use super::snapshot::ShardEnd;
use crate::Control;
use crate::control::{invalid, refused};

/// Tables by name, each with the text that makes it.
pub(super) type Tables = BTreeMap<String, String>;

/// Which tables of a keyspace are wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) all: bool,
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
}

/// The kind of what `GetSchema` lists, and is a table with rows of its own.
const BASE_TABLE: &str = "BASE TABLE";

/// Reads the tables of a primary.
pub(super) async fn read_tables(primary: &Tablet) -> Result<Tables> {
    let request = tm::GetSchemaRequest { table_schema_only: true, ..Default::default() };
    let schema = primary.get_schema(request).await?.schema_definition.unwrap_or_default();
    let tables = schema.table_definitions.into_iter();
    Ok(tables
        .filter(|table| table.r#type.is_empty() || table.r#type == BASE_TABLE)
        .map(|table| (table.name, table.schema))
        .collect())
}

/// Chooses among the tables of a source.
pub(super) fn choose(keyspace: &str, wanted: &Wanted, there: &Tables) -> Result<Tables> {
    let missing = |names: &[String]| {
        let names = names.iter().filter(|name| !there.contains_key(*name));
        names.cloned().collect::<BTreeSet<String>>()
    };
    for names in [&wanted.include, &wanted.exclude] {
        let missing: Vec<String> = missing(names).into_iter().collect();
        if !missing.is_empty() {
            return Err(refused(format!(
                "table(s) not found in source keyspace {keyspace}: {}",
                missing.join(",")
            )));
        }
    }
    let mut chosen = there.clone();
    match (wanted.all, wanted.include.is_empty()) {
        (true, true) => chosen.retain(|name, _| !is_internal(name)),
        (false, false) => chosen.retain(|name, _| wanted.include.contains(name)),
        _ => return Err(invalid("name the tables with --tables, or take all with --all-tables")),
    }
    chosen.retain(|name, _| !wanted.exclude.contains(name));
    if chosen.is_empty() {
        return Err(refused(format!("keyspace {keyspace} has no tables to copy")));
    }
    for (name, text) in &chosen {
        if table_shape(name, text)?.row_key.is_empty() {
            return Err(refused(format!(
                "table {name} of keyspace {keyspace} has no primary key, and no unique key of columns \
                 that are NOT NULL, so that its rows cannot be told apart; give it one"
            )));
        }
    }
    Ok(chosen)
}

/// Tells whether a table is one that a schema change works with, or waits to be dropped.
pub(super) fn is_internal(name: &str) -> bool {
    let of_lifecycle = name.starts_with("_vt_") && name.len() > "_vt_HOLD_".len();
    let of_tools = name.starts_with('_')
        && ["_gho", "_ghc", "_del", "_new", "_vrepl"].iter().any(|end| name.ends_with(end));
    of_lifecycle || of_tools
}

impl Control {
    /// Refuses a target whose tables cannot take the rows that are to be copied.
    pub(super) async fn check_target_tables(
        &self,
        targets: &[ShardEnd],
        source: &Tables,
        rows: TargetRows,
    ) -> Result<()> {
        let calls = targets.iter().map(async |end| {
            let there = read_tables(&end.primary).await?;
            for (name, theirs) in source {
                let Some(text) = there.get(name) else { continue };
                check_fits(name, theirs, text)?;
                if rows == TargetRows::None && has_rows(&end.primary, name).await? {
                    return Err(refused(format!(
                        "table {name} exists already on {} and has rows; drop it or empty it",
                        end.primary.alias()
                    )));
                }
            }
            Ok(())
        });
        all(self.options.concurrency, calls).await.into_iter().collect()
    }

    /// Makes the tables that a target's shards lack; returns those that were made on some shard.
    pub(super) async fn deploy_tables(
        &self,
        targets: &[ShardEnd],
        tables: &Tables,
    ) -> Result<Vec<String>> {
        let calls = targets.iter().map(async |end| {
            let primary = end.primary.within(self.options.action_timeout);
            deploy(&primary, tables).await.map_err(|err| {
                let (keyspace, shard) = (&end.record.keyspace, &end.record.name);
                err.context(format!("cannot make the tables of shard {keyspace}/{shard}"))
            })
        });
        let mut made = BTreeSet::new();
        for one in all(self.options.concurrency, calls).await {
            made.extend(one?);
        }
        Ok(made.into_iter().collect())
    }
}

/// Whether tables of the target may have rows before anything is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetRows {
    /// They are copied into, and must be empty.
    None,
    /// Others' rows are there too, those of other tenants say.
    Some,
}

async fn deploy(primary: &Tablet, tables: &Tables) -> Result<Vec<String>> {
    let there = read_tables(primary).await?;
    let mut made = Vec::new();
    for (name, text) in tables.iter().filter(|(name, _)| !there.contains_key(*name)) {
        run_ddl(primary, text).await?;
        made.push(name.clone());
    }
    if !made.is_empty() {
        primary.reload_schema(tm::ReloadSchemaRequest::default()).await?;
    }
    Ok(made)
}

/// Runs a statement that makes or drops something on a primary.
pub(super) async fn run_ddl(primary: &Tablet, sql: &str) -> Result<()> {
    let request = tm::ExecuteFetchAsDbaRequest {
        query: sql.as_bytes().to_vec().into(),
        db_name: primary.record.db_name(),
        max_rows: 1,
        // Tables come in order of name, and may refer to one that follows.
        disable_foreign_key_checks: true,
        ..Default::default()
    };
    primary.execute_fetch_as_dba(request).await.map(drop)
}

/// Asks a primary's MySQL.
pub(super) async fn fetch(primary: &Tablet, sql: &str, max_rows: u64) -> Result<QueryResult> {
    let request = tm::ExecuteFetchAsDbaRequest {
        query: sql.as_bytes().to_vec().into(),
        db_name: primary.record.db_name(),
        max_rows,
        ..Default::default()
    };
    Ok(primary.execute_fetch_as_dba(request).await?.result.unwrap_or_default())
}

async fn has_rows(primary: &Tablet, table: &str) -> Result<bool> {
    let sql = format!("select 1 from {} limit 1", sql_name(table));
    Ok(!fetch(primary, &sql, 1).await?.rows.is_empty())
}

/// Returns the values of a row as text; NULL is `None`.
pub(super) fn texts(row: &vt_proto::query::Row) -> Result<Vec<Option<String>>> {
    let mut at = 0_usize;
    let value = |length: &i64| -> Result<Option<String>> {
        let Ok(width) = usize::try_from(*length) else { return Ok(None) };
        let end = at.checked_add(width).filter(|end| *end <= row.values.len());
        let Some(end) = end else {
            return Err(Error::new(Code::Internal, "a tablet sent a row that is cut off"));
        };
        let text = String::from_utf8_lossy(&row.values[at..end]).into_owned();
        at = end;
        Ok(Some(text))
    };
    row.lengths.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(names: &[&str]) -> Tables {
        let text = |name: &&str| format!("create table `{name}` (id int primary key)");
        names.iter().map(|name| ((*name).to_owned(), text(name))).collect()
    }

    fn chosen(all: bool, include: &[&str], exclude: &[&str]) -> Result<Vec<String>> {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let wanted = Wanted { all, include: own(include), exclude: own(exclude) };
        let there =
            tables(&["a", "b", "_vt_HOLD_6ace8bcef73211ea87e9f875a4d24e90_20200915120410_"]);
        choose("ks", &wanted, &there).map(|tables| tables.into_keys().collect())
    }

    #[test]
    fn tables_are_named_or_taken_all() {
        assert_eq!(chosen(false, &["b"], &[]).unwrap(), ["b"]);
        assert_eq!(chosen(true, &[], &[]).unwrap(), ["a", "b"]);
        assert_eq!(chosen(true, &[], &["a"]).unwrap(), ["b"]);
        for (result, why) in [
            (chosen(false, &["c", "a", "d"], &[]), "table(s) not found in source keyspace ks: c,d"),
            (chosen(true, &[], &["c"]), "table(s) not found in source keyspace ks: c"),
            (chosen(true, &["a"], &[]), "name the tables with --tables"),
            (chosen(false, &[], &[]), "name the tables with --tables"),
            (chosen(true, &[], &["a", "b"]), "keyspace ks has no tables to copy"),
        ] {
            let err = result.unwrap_err();
            assert!(err.message().starts_with(why), "{err}");
        }
    }

    #[test]
    fn a_table_whose_rows_cannot_be_told_apart_is_refused() {
        let there = Tables::from([("t".to_owned(), "create table t (a int)".to_owned())]);
        let wanted = Wanted { all: true, ..Wanted::default() };
        let err = choose("ks", &wanted, &there).unwrap_err();
        assert!(err.message().starts_with("table t of keyspace ks has no primary key"), "{err}");
    }
}
