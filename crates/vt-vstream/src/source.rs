//! The mysqld that streams come from.

use std::sync::Arc;
use std::time::Duration;

use vt_base::gtid::GtidSet;
use vt_base::{Code, Error, Result};
use vt_mysql::{Conn, ConnectParams};

use crate::SourceTable;

/// A mysqld and the database whose tables are streamed. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Source {
    pub params: Arc<ConnectParams>,
    pub database: Arc<str>,
    /// The system's own database, whose journal of reshards is streamed too.
    pub sidecar: Arc<str>,
    /// How many bytes of rows go into one batch, about.
    pub batch_bytes: usize,
    /// An event, a row or a document greater than this ends a stream with an error.
    pub event_bytes_max: usize,
    /// How often the server says that nothing happened.
    pub heartbeat: Duration,
}

impl Source {
    /// Opens a connection whose values are text in utf8mb4 and whose times are UTC.
    ///
    /// # Errors
    /// mysqld does not answer, or refuses the account.
    pub async fn connect(&self) -> Result<Conn> {
        let mut conn = Conn::connect(Arc::clone(&self.params)).await?;
        conn.query("set names utf8mb4, time_zone = '+00:00', sql_mode = ''", 1).await?;
        Ok(conn)
    }

    /// Returns the transactions that the server has.
    ///
    /// # Errors
    /// mysqld does not answer.
    pub async fn position(&self) -> Result<GtidSet> {
        position(&mut self.connect().await?).await
    }

    /// Reads a table's description.
    ///
    /// # Errors
    /// There is no such table, or mysqld does not answer.
    pub async fn table(&self, name: &str) -> Result<SourceTable> {
        SourceTable::load(&mut self.connect().await?, &self.database, name).await
    }

    /// Returns the names of the tables that are no views, in order.
    ///
    /// # Errors
    /// mysqld does not answer.
    pub async fn tables(&self) -> Result<Vec<String>> {
        let sql = format!(
            "select table_name from information_schema.tables \
             where table_schema = {} and table_type = 'BASE TABLE' order by table_name",
            crate::table::text_literal(&self.database)
        );
        let result = self.connect().await?.query(&sql, TABLES_MAX).await?;
        let name = |row: vt_value::Row<'_>| {
            String::from_utf8_lossy(row.column(0).unwrap_or_default()).into_owned()
        };
        Ok(result.rows.iter().map(name).collect())
    }
}

/// More tables than this in one database are not streamed together.
const TABLES_MAX: usize = 100_000;

/// Returns the transactions that a server has, as one of its connections sees it.
pub(crate) async fn position(conn: &mut Conn) -> Result<GtidSet> {
    let result = conn.query("select @@global.gtid_executed", 1).await?;
    let text = result.rows.iter().next().and_then(|row| row.column(0)).unwrap_or_default();
    let text = std::str::from_utf8(text)
        .map_err(|_| Error::new(Code::Internal, "gtid_executed of mysqld is no text"))?;
    text.parse()
}
