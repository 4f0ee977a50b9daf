//! The system's tables of streams: rows of `_vt.vreplication` and what belongs to them.

use std::sync::Arc;
use std::time::SystemTime;

use vt_base::{Code, Error, Result};
use vt_mysql::{Capabilities, Conn, ConnectParams};
use vt_proto::binlogdata::{
    BinlogSource, VReplicationWorkflowState as State, VReplicationWorkflowSubType as SubType,
    VReplicationWorkflowType as Type,
};
use vt_value::Row;

use crate::spec::read_source;

/// More streams than this one tablet does not have.
const STREAMS_MAX: usize = 10_000;
/// Longer messages are cut: the column takes no more.
const MESSAGE_BYTES_MAX: usize = 1000;
/// Values are what they are: nothing is cut, rounded or made up in silence, but dates that the
/// source allowed are allowed.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES";

/// The database of a tablet, and the tables beside it that know of streams. Cloning is cheap.
#[derive(Clone)]
pub struct Store {
    params: Arc<ConnectParams>,
    /// The database whose tables are written.
    pub database: Arc<str>,
    /// The system's own database, `_vt`.
    pub sidecar: Arc<str>,
}

/// A row of `_vt.vreplication`.
#[derive(Clone, Debug, Default)]
pub struct StreamRow {
    pub id: i32,
    pub workflow: String,
    /// As the table has it; [`StreamRow::source`] reads it.
    pub source_text: String,
    pub pos: String,
    pub stop_pos: String,
    pub max_tps: i64,
    pub max_replication_lag: i64,
    pub cell: String,
    pub tablet_types: String,
    pub time_updated: i64,
    pub transaction_timestamp: i64,
    pub state: State,
    pub message: String,
    pub db_name: String,
    pub rows_copied: i64,
    pub tags: String,
    pub time_heartbeat: i64,
    pub workflow_type: Type,
    pub time_throttled: i64,
    pub component_throttled: String,
    pub reason_throttled: String,
    pub workflow_sub_type: SubType,
    pub defer_secondary_keys: bool,
    pub options: String,
}

/// The columns in the order in which [`StreamRow`] reads them.
const COLUMNS: &str = "id, workflow, source, pos, stop_pos, max_tps, max_replication_lag, cell, \
    tablet_types, time_updated, transaction_timestamp, state, message, db_name, rows_copied, tags, \
    time_heartbeat, workflow_type, time_throttled, component_throttled, reason_throttled, \
    workflow_sub_type, defer_secondary_keys, options";

impl StreamRow {
    fn read(row: Row<'_>) -> StreamRow {
        StreamRow {
            id: number(row, 0) as i32,
            workflow: text(row, 1),
            source_text: text(row, 2),
            pos: text(row, 3),
            stop_pos: text(row, 4),
            max_tps: number(row, 5),
            max_replication_lag: number(row, 6),
            cell: text(row, 7),
            tablet_types: text(row, 8),
            time_updated: number(row, 9),
            transaction_timestamp: number(row, 10),
            state: State::from_str_name(&text(row, 11)).unwrap_or(State::Unknown),
            message: text(row, 12),
            db_name: text(row, 13),
            rows_copied: number(row, 14),
            tags: text(row, 15),
            time_heartbeat: number(row, 16),
            workflow_type: Type::try_from(number(row, 17) as i32).unwrap_or_default(),
            time_throttled: number(row, 18),
            component_throttled: text(row, 19),
            reason_throttled: text(row, 20),
            workflow_sub_type: SubType::try_from(number(row, 21) as i32).unwrap_or_default(),
            defer_secondary_keys: number(row, 22) != 0,
            options: text(row, 23),
        }
    }

    /// Reads where the stream comes from.
    ///
    /// # Errors
    /// The table's text is no source.
    pub fn source(&self) -> Result<BinlogSource> {
        read_source(&self.source_text)
    }
}

/// Returns a column as text; NULL is empty.
pub(crate) fn text(row: Row<'_>, column: usize) -> String {
    String::from_utf8_lossy(row.column(column).unwrap_or_default()).into_owned()
}

/// Returns a column as a number; what is none is 0.
pub(crate) fn number(row: Row<'_>, column: usize) -> i64 {
    std::str::from_utf8(row.column(column).unwrap_or_default())
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

/// Writes a name as an identifier.
pub(crate) fn quote_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Writes a text as a literal for connections of [`Store::connect`].
pub(crate) fn quote(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    crate::literal::write_quoted(text.as_bytes(), &mut out);
    // What was added is ASCII, and stands between whole characters.
    String::from_utf8(out).unwrap_or_default()
}

/// Returns the seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl Store {
    /// Makes a store; connects to nothing yet.
    pub fn new(mut params: ConnectParams, sidecar: &str, database: &str) -> Store {
        // A row that is found counts, whether it changes or not.
        params.flags |= Capabilities::FOUND_ROWS;
        // A connection that loads rows gives them by itself; no other file is ever given away.
        params.flags |= Capabilities::LOCAL_FILES;
        Store { params: Arc::new(params), database: database.into(), sidecar: sidecar.into() }
    }

    /// Opens a connection whose texts are utf8mb4 and whose times are UTC, in no database.
    ///
    /// # Errors
    /// mysqld does not answer, or refuses the account.
    pub async fn connect(&self) -> Result<Conn> {
        let mut conn = Conn::connect(Arc::clone(&self.params)).await?;
        let sql =
            format!("set names utf8mb4, time_zone = '+00:00', session sql_mode = '{SQL_MODE}'");
        conn.query(sql, 1).await?;
        Ok(conn)
    }

    /// Writes the name of one of the system's tables.
    pub(crate) fn table(&self, name: &str) -> String {
        format!("{}.{}", quote_name(&self.sidecar), quote_name(name))
    }

    /// Writes the name of one of the tables that are written.
    pub(crate) fn target(&self, name: &str) -> String {
        format!("{}.{}", quote_name(&self.database), quote_name(name))
    }

    /// Reads the streams of this database that fulfil a condition, by id.
    ///
    /// # Errors
    /// mysqld does not answer.
    pub async fn streams(&self, conn: &mut Conn, condition: &str) -> Result<Vec<StreamRow>> {
        let sql = format!(
            "select {COLUMNS} from {} where db_name = {} and ({condition}) order by id",
            self.table("vreplication"),
            quote(&self.database)
        );
        let result = conn.query(sql, STREAMS_MAX).await?;
        Ok(result.rows.iter().map(StreamRow::read).collect())
    }

    /// Reads one stream.
    ///
    /// # Errors
    /// There is none of that id, or mysqld does not answer.
    pub async fn stream(&self, conn: &mut Conn, id: i32) -> Result<StreamRow> {
        let found = self.streams(conn, &format!("id = {id}")).await?;
        found.into_iter().next().ok_or_else(|| {
            Error::new(Code::NotFound, format!("no stream with id {id} in {}", self.database))
        })
    }

    /// Sets a stream's state, and says so in the log.
    ///
    /// # Errors
    /// mysqld does not answer.
    pub async fn set_state(
        &self,
        conn: &mut Conn,
        id: i32,
        state: State,
        message: &str,
    ) -> Result<()> {
        let sql = format!(
            "update {} set state = {}, message = {} where id = {id}",
            self.table("vreplication"),
            quote(state.as_str_name()),
            quote(cut(message, MESSAGE_BYTES_MAX)),
        );
        conn.query(sql, 0).await?;
        let kind = if state == State::Error { "Error" } else { "State Changed" };
        self.log(conn, id, kind, message).await
    }

    /// Sets what is shown of a stream beside its state.
    ///
    /// # Errors
    /// mysqld does not answer.
    pub async fn set_message(&self, conn: &mut Conn, id: i32, message: &str) -> Result<()> {
        let sql = format!(
            "update {} set message = {} where id = {id}",
            self.table("vreplication"),
            quote(cut(message, MESSAGE_BYTES_MAX)),
        );
        conn.query(sql, 0).await?;
        let kind = if message.starts_with("Error") { "Error" } else { "Message" };
        self.log(conn, id, kind, message).await
    }

    /// Notes what happened to a stream; the same twice in a row is counted.
    ///
    /// # Errors
    /// mysqld does not answer.
    pub async fn log(&self, conn: &mut Conn, id: i32, kind: &str, message: &str) -> Result<()> {
        let (log, streams) = (self.table("vreplication_log"), self.table("vreplication"));
        let sql = format!(
            "select l.id, l.type, l.state, l.message, v.state from {streams} v left join {log} l \
             on l.id = (select max(id) from {log} where vrepl_id = {id}) where v.id = {id}"
        );
        let last = conn.query(sql, 1).await?;
        let Some(last) = last.rows.iter().next() else { return Ok(()) };
        let state = text(last, 4);
        let same = text(last, 1) == kind && text(last, 2) == state && text(last, 3) == message;
        let sql = match same && last.column(0).is_some() {
            true => format!("update {log} set count = count + 1 where id = {}", number(last, 0)),
            false => format!(
                "insert into {log} (vrepl_id, type, state, message) values ({id}, {}, {}, {})",
                quote(kind),
                quote(&state),
                quote(cut(message, LOG_BYTES_MAX)),
            ),
        };
        conn.query(sql, 0).await.map(drop)
    }

    /// Takes away what belongs to streams that are gone; `ids` are numbers with commas between.
    ///
    /// # Errors
    /// mysqld does not answer.
    pub(crate) async fn forget(&self, conn: &mut Conn, ids: &str) -> Result<()> {
        for table in ["copy_state", "vreplication_log", "post_copy_action"] {
            let sql = format!("delete from {} where vrepl_id in ({ids})", self.table(table));
            conn.query(sql, 0).await?;
        }
        Ok(())
    }
}

/// The log's column takes no more.
const LOG_BYTES_MAX: usize = 65_000;

/// Cuts a text to so many bytes at most, between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
