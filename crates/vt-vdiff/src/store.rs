//! The tables `vdiff`, `vdiff_table` and `vdiff_log`: what is known of VDiffs, kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use vt_base::{Code, Error, Result};
use vt_proto::tabletmanagerdata::VDiffTableLastPk;
use vt_proto::text::{from_text, to_text};
use vt_value::{QueryResult, Row};

use crate::host::Host;
use crate::options::Options;
use crate::report::Report;

/// The states of a VDiff, and of each of its tables.
pub(crate) mod state {
    pub(crate) const PENDING: &str = "pending";
    pub(crate) const STARTED: &str = "started";
    pub(crate) const STOPPED: &str = "stopped";
    pub(crate) const COMPLETED: &str = "completed";
    pub(crate) const ERROR: &str = "error";
}

/// A VDiff as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) keyspace: String,
    pub(crate) workflow: String,
    pub(crate) state: String,
    pub(crate) options: Options,
}

/// A table of a VDiff as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct TableRecord {
    pub(crate) name: String,
    pub(crate) state: String,
    /// The keys of the last rows that were compared.
    pub(crate) last: Option<VDiffTableLastPk>,
    pub(crate) report: Report,
}

/// The column that has the last key holds no more; a longer key is not kept, and the comparison of
/// its table starts again at the first row if it is interrupted.
const LAST_KEY_BYTES_MAX: usize = 2000;
/// The column that has an error holds no more.
const ERROR_BYTES_MAX: usize = 1000;

/// Reads and writes the tables.
#[derive(Clone)]
pub(crate) struct Store {
    host: Arc<dyn Host>,
}

/// Writes a text as a literal that means the same under every `sql_mode`.
pub(crate) fn literal(text: &str) -> String {
    if !text.contains(['\'', '\\']) {
        return format!("'{text}'");
    }
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("_utf8mb4 0x{digits}")
}

/// Returns a row's column as text.
pub(crate) fn text(row: Row<'_>, column: usize) -> String {
    String::from_utf8_lossy(row.column(column).unwrap_or_default()).into_owned()
}

/// Cuts a text to so many bytes, between characters.
fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

const COLUMNS: &str = "id, vdiff_uuid, keyspace, workflow, state, options";
/// What `show` returns of a VDiff; the names are part of the interface.
const SUMMARY: &str = "vd.state as vdiff_state, vd.last_error as last_error, \
    vdt.table_name as table_name, vd.vdiff_uuid as uuid, vdt.state as table_state, \
    vdt.table_rows as table_rows, vd.started_at as started_at, \
    vdt.rows_compared as rows_compared, vd.completed_at as completed_at, \
    if(vdt.mismatch = 1, 1, 0) as has_mismatch, vdt.report as report";

impl Store {
    pub(crate) fn new(host: Arc<dyn Host>) -> Store {
        Store { host }
    }

    fn name(&self, table: &str) -> String {
        format!("`{}`.{table}", self.host.sidecar().replace('`', "``"))
    }

    async fn read(&self, condition: &str) -> Result<Vec<Record>> {
        let sql = format!("select {COLUMNS} from {} {condition}", self.name("vdiff"));
        let found = self.host.query(&sql).await?;
        found.rows.iter().map(record).collect()
    }

    /// Returns the VDiff of a name.
    pub(crate) async fn by_uuid(&self, uuid: &str) -> Result<Option<Record>> {
        let found = self.read(&format!("where vdiff_uuid = {}", literal(uuid))).await?;
        Ok(found.into_iter().next())
    }

    /// Returns the youngest VDiff of a workflow.
    pub(crate) async fn last(&self, keyspace: &str, workflow: &str) -> Result<Option<Record>> {
        let of = of_workflow(keyspace, workflow);
        let found = self.read(&format!("where {of} order by id desc limit 1")).await?;
        Ok(found.into_iter().next())
    }

    /// Returns the VDiffs of a workflow.
    pub(crate) async fn of(&self, keyspace: &str, workflow: &str) -> Result<Vec<Record>> {
        self.read(&format!("where {} order by id", of_workflow(keyspace, workflow))).await
    }

    /// Returns the VDiffs that should be running.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Record>> {
        let states = format!("state in ('{}', '{}')", state::PENDING, state::STARTED);
        let started = "json_extract(options, '$.core_options.auto_start') = false";
        // One that was not to start by itself waits for `resume`.
        let waiting =
            format!("(state = '{}' and {started} and started_at is null)", state::PENDING);
        self.read(&format!("where {states} and not coalesce({waiting}, false) order by id")).await
    }

    /// Returns the rows of the table for a workflow, youngest first, as `show all` does.
    pub(crate) async fn listing(&self, keyspace: &str, workflow: &str) -> Result<QueryResult> {
        let of = of_workflow(keyspace, workflow);
        let table = self.name("vdiff");
        self.host.query(&format!("select * from {table} where {of} order by id desc")).await
    }

    /// Returns the summary of a VDiff, a row a table.
    pub(crate) async fn summary(&self, id: i64) -> Result<QueryResult> {
        let (vdiff, table) = (self.name("vdiff"), self.name("vdiff_table"));
        let sql = format!(
            "select {SUMMARY} from {vdiff} as vd left join {table} as vdt on (vd.id = vdt.vdiff_id) \
             where vd.id = {id} order by vdt.table_name"
        );
        self.host.query(&sql).await
    }

    /// Adds a VDiff; returns its number.
    pub(crate) async fn insert(&self, record: &Record, shard: &str, database: &str) -> Result<i64> {
        let values = [
            &record.keyspace,
            &record.workflow,
            &record.state,
            &record.options.to_json().to_string(),
            shard,
            database,
            &record.uuid,
        ]
        .map(|value: &str| literal(value));
        let sql = format!(
            "insert into {} (keyspace, workflow, state, options, shard, db_name, vdiff_uuid) \
             values ({})",
            self.name("vdiff"),
            values.join(", ")
        );
        let inserted = self.host.query(&sql).await?;
        i64::try_from(inserted.insert_id)
            .map_err(|_| Error::new(Code::Internal, "the vdiff has no number"))
    }

    /// Puts a VDiff and those of its tables that `tables` says (a condition) into a state.
    pub(crate) async fn set_states(&self, id: i64, state: &str, tables: &str) -> Result<()> {
        self.set_state(id, state, "").await?;
        let sql = format!(
            "update {} set state = {} where vdiff_id = {id} and {tables}",
            self.name("vdiff_table"),
            literal(state)
        );
        self.host.query(&sql).await.map(drop)
    }

    /// Puts a VDiff into a state; `error` says what went wrong last.
    pub(crate) async fn set_state(&self, id: i64, state: &str, error: &str) -> Result<()> {
        let more = match state {
            state::STARTED => {
                ", started_at = coalesce(started_at, utc_timestamp()), completed_at = null, \
                 liveness_timestamp = utc_timestamp()"
            }
            state::COMPLETED => ", completed_at = utc_timestamp()",
            state::PENDING => ", completed_at = null",
            _ => "",
        };
        let sql = format!(
            "update {} set state = {}, last_error = {}{more} where id = {id}",
            self.name("vdiff"),
            literal(state),
            literal(cut(error, ERROR_BYTES_MAX))
        );
        self.host.query(&sql).await?;
        let message = match error {
            "" => format!("State changed to: {state}"),
            error => format!("State changed to: {state}, error: {error}"),
        };
        self.log(id, &message).await
    }

    /// Writes a line of a VDiff's log.
    pub(crate) async fn log(&self, id: i64, message: &str) -> Result<()> {
        let table = self.name("vdiff_log");
        let message = literal(cut(message, ERROR_BYTES_MAX));
        let sql = format!("insert into {table} (vdiff_id, message) values ({id}, {message})");
        self.host.query(&sql).await.map(drop)
    }

    /// Returns the tables of a VDiff.
    pub(crate) async fn tables(&self, id: i64) -> Result<Vec<TableRecord>> {
        let sql = format!(
            "select table_name, state, lastpk, report from {} where vdiff_id = {id} \
             order by table_name",
            self.name("vdiff_table")
        );
        let found = self.host.query(&sql).await?;
        let read = |row: Row<'_>| {
            let kept = row.column(2).filter(|kept| !kept.is_empty());
            // A key in a form that is not ours: the table is compared from its first row.
            let last = kept.and_then(|kept| {
                from_text("tabletmanagerdata.VDiffTableLastPK", &String::from_utf8_lossy(kept)).ok()
            });
            let report = match (row.column(3), &last) {
                (Some(report), Some(_)) => Report::from_json(report)?,
                _ => Report::default(),
            };
            Ok(TableRecord { name: text(row, 0), state: text(row, 1), last, report })
        };
        found.rows.iter().map(read).collect()
    }

    /// Adds the tables of a VDiff, with how many rows each has, about.
    pub(crate) async fn add_tables(&self, id: i64, rows: &BTreeMap<String, u64>) -> Result<()> {
        let values: Vec<String> = rows
            .iter()
            .map(|(name, rows)| format!("({id}, {}, '{}', {rows})", literal(name), state::PENDING))
            .collect();
        let sql = format!(
            "insert into {} (vdiff_id, table_name, state, table_rows) values {} \
             on duplicate key update table_rows = values(table_rows)",
            self.name("vdiff_table"),
            values.join(", ")
        );
        self.host.query(&sql).await.map(drop)
    }

    /// Returns how many rows tables have, as the server estimates.
    pub(crate) async fn estimates(&self, names: &[String]) -> Result<BTreeMap<String, u64>> {
        let sql = "select table_name, table_rows from information_schema.tables \
                   where table_schema = database()";
        let found = self.host.query(sql).await?;
        let mut rows: BTreeMap<String, u64> = names.iter().map(|name| (name.clone(), 0)).collect();
        for row in found.rows.iter() {
            if let Some(known) = rows.get_mut(&text(row, 0)) {
                *known = text(row, 1).parse().unwrap_or_default();
            }
        }
        Ok(rows)
    }

    /// Keeps how far a table was compared.
    pub(crate) async fn save(
        &self,
        id: i64,
        state: &str,
        report: &Report,
        last: Option<&VDiffTableLastPk>,
    ) -> Result<()> {
        let last =
            last.map(|last| to_text("tabletmanagerdata.VDiffTableLastPK", last)).transpose()?;
        let last = last.filter(|last| last.len() <= LAST_KEY_BYTES_MAX);
        let last = last.map_or("null".to_owned(), |last| literal(&last));
        let sql = format!(
            "update {} set state = {}, rows_compared = {}, mismatch = {}, report = {}, \
             lastpk = {last} where vdiff_id = {id} and table_name = {}",
            self.name("vdiff_table"),
            literal(state),
            report.processed,
            u8::from(report.has_mismatch()),
            literal(&report.to_json().to_string()),
            literal(&report.table)
        );
        self.host.query(&sql).await.map(drop)
    }

    /// Puts one table into a state.
    pub(crate) async fn set_table_state(&self, id: i64, table: &str, state: &str) -> Result<()> {
        let sql = format!(
            "update {} set state = {} where vdiff_id = {id} and table_name = {}",
            self.name("vdiff_table"),
            literal(state),
            literal(table)
        );
        self.host.query(&sql).await.map(drop)
    }

    /// Forgets a VDiff.
    pub(crate) async fn delete(&self, id: i64) -> Result<()> {
        for (table, column) in
            [("vdiff_log", "vdiff_id"), ("vdiff_table", "vdiff_id"), ("vdiff", "id")]
        {
            let sql = format!("delete from {} where {column} = {id}", self.name(table));
            self.host.query(&sql).await?;
        }
        Ok(())
    }
}

fn of_workflow(keyspace: &str, workflow: &str) -> String {
    format!("keyspace = {} and workflow = {}", literal(keyspace), literal(workflow))
}

fn record(row: Row<'_>) -> Result<Record> {
    Ok(Record {
        id: text(row, 0).parse().unwrap_or_default(),
        uuid: text(row, 1),
        keyspace: text(row, 2),
        workflow: text(row, 3),
        state: text(row, 4),
        options: Options::from_json(row.column(5).unwrap_or(b"{}"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_so_that_no_mode_reads_them_otherwise() {
        assert_eq!(literal("a-b"), "'a-b'");
        assert_eq!(literal("it's"), "_utf8mb4 0x69742773");
        assert_eq!(literal("a\\"), "_utf8mb4 0x615c");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("aéb", 2), "a");
        assert_eq!(cut("aéb", 3), "aé");
        assert_eq!(cut("", 3), "");
    }
}
