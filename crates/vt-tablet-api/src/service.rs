//! The query service itself.

use async_trait::async_trait;
use tokio::sync::mpsc;
use vt_base::{Error, Result, Target};

use crate::{
    Caller, ExecuteOptions, ExecuteReply, ExecuteRequest, HealthStream, SchemaReply, SchemaTables,
    StreamPart, TxState,
};

/// What a tablet does for a gateway.
///
/// Dropping a future before it is done cancels the call: the tablet kills the statement. A target
/// that is not the tablet's own is refused with `FailedPrecondition` and nothing is done.
#[async_trait]
pub trait QueryService: Send + Sync + 'static {
    /// Fails all calls under way with `reason`, since no answer is to be waited for any more; a
    /// later call connects anew. Does nothing where there is no connection to let go of.
    async fn abandon(&self, reason: Error) {
        drop(reason);
    }

    /// Runs a statement and returns its whole result.
    async fn execute(&self, request: ExecuteRequest) -> ExecuteReply;

    /// Runs a statement and sends its rows in pieces; the reply's result has no rows.
    ///
    /// Ends when the statement does, or when the receiver of `parts` is dropped.
    async fn stream_execute(
        &self,
        request: ExecuteRequest,
        parts: mpsc::Sender<StreamPart>,
    ) -> ExecuteReply;

    /// Opens a transaction.
    async fn begin(
        &self,
        caller: &Caller,
        target: &Target,
        options: &ExecuteOptions,
    ) -> Result<TxState>;

    /// Commits; returns the reserved id that the connection goes on under, or 0, and what MySQL told
    /// of the session: the transaction's position, where the connection tracks that.
    async fn commit(
        &self,
        caller: &Caller,
        target: &Target,
        transaction_id: i64,
    ) -> Result<TxState>;

    /// Rolls back; returns the reserved id that the connection goes on under, or 0.
    async fn rollback(&self, caller: &Caller, target: &Target, transaction_id: i64) -> Result<i64>;

    /// Gives up a reserved connection, and the transaction on it.
    async fn release(
        &self,
        caller: &Caller,
        target: &Target,
        transaction_id: i64,
        reserved_id: i64,
    ) -> Result<()>;

    /// Starts the health stream; it ends with the tablet, or when it is dropped.
    async fn stream_health(&self) -> Result<HealthStream>;

    /// Returns definitions of tables or views; all of them where `names` is empty.
    async fn get_schema(
        &self,
        target: &Target,
        which: SchemaTables,
        names: &[String],
    ) -> Result<SchemaReply>;
}
