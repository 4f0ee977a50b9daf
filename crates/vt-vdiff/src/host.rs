//! What the engine needs of the tablet that it runs on, and of the tablets that it reads.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use vt_base::Result;
use vt_proto::binlogdata::VStreamRowsResponse;
use vt_proto::query;
use vt_value::QueryResult;
use vt_vreplication::Wish;
use vt_vstream::SourceTable;

/// The rows of a table in the order of its key; the first part tells columns and position.
pub type RowStream = BoxStream<'static, Result<VStreamRowsResponse>>;

/// The tablet that a comparison runs on.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// Returns the name of the system's own database.
    fn sidecar(&self) -> String;

    /// Runs a statement on the tablet's own mysqld.
    async fn query(&self, sql: &str) -> Result<QueryResult>;

    /// Runs a statement on the table of streams; when it returns, the streams do as it says.
    async fn apply(&self, sql: &str) -> Result<()>;

    /// Waits until a stream has reached a position of its source.
    async fn wait_for_stream(&self, stream: i64, position: &str) -> Result<()>;

    /// Returns the position of the tablet's own mysqld.
    async fn position(&self) -> Result<String>;

    /// Describes a table of the tablet's own mysqld.
    async fn table(&self, name: &str) -> Result<SourceTable>;

    /// Returns the names of the tables.
    async fn tables(&self) -> Result<Vec<String>>;

    /// Returns the column that tells tenants apart in the tablet's keyspace, if there is one.
    async fn tenant_column(&self) -> Result<Option<String>>;

    /// Picks a tablet to read rows from.
    async fn pick(&self, wish: &Wish) -> Result<Arc<dyn Side>>;
}

/// A tablet that rows are read from.
#[async_trait]
pub trait Side: Send + Sync {
    /// Returns the tablet's alias.
    fn alias(&self) -> String;

    /// Waits until the tablet's mysqld has all transactions of a position.
    async fn wait_for_position(&self, position: &str, patience: Duration) -> Result<()>;

    /// Reads a table in one snapshot, behind a key if one is given.
    async fn rows(&self, query: &str, after: Option<query::QueryResult>) -> Result<RowStream>;
}
