//! The streams of rows and events that a tablet serves beside its queries.
//!
//! The messages are the seam: they are not on the path of queries, and types of our own would
//! repeat them one by one.

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::mpsc;
use tonic::Status;
use vt_base::Result;
use vt_proto::binlogdata::{
    VStreamRequest, VStreamResponse, VStreamResultsRequest, VStreamResultsResponse,
    VStreamRowsRequest, VStreamRowsResponse, VStreamTablesRequest, VStreamTablesResponse,
};

use crate::status::to_status;

/// What a tablet streams. A stream ends when its receiver is dropped; an error is its last word.
#[async_trait]
pub trait RowStreams: Send + Sync + 'static {
    /// Streams what happens to the tables of a filter, after a copy of them where it is asked for.
    async fn v_stream(
        &self,
        request: VStreamRequest,
        out: mpsc::Sender<VStreamResponse>,
    ) -> Result<()>;

    /// Streams the rows of one table in the order of its key.
    async fn v_stream_rows(
        &self,
        request: VStreamRowsRequest,
        out: mpsc::Sender<VStreamRowsResponse>,
    ) -> Result<()>;

    /// Streams the rows of all tables, as they were at one moment.
    async fn v_stream_tables(
        &self,
        request: VStreamTablesRequest,
        out: mpsc::Sender<VStreamTablesResponse>,
    ) -> Result<()>;

    /// Streams the result of a query, and the position that it shows.
    async fn v_stream_results(
        &self,
        request: VStreamResultsRequest,
        out: mpsc::Sender<VStreamResultsResponse>,
    ) -> Result<()>;
}

/// So many messages may lie between a stream and the network.
const MESSAGES_MAX: usize = 2;

/// Runs a stream for as long as its client reads it.
pub fn run<T, F, Run>(run: Run) -> BoxStream<'static, Result<T, Status>>
where
    T: Send + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
    Run: FnOnce(mpsc::Sender<T>) -> F,
{
    let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
    let running = run(sender);
    // The stream drives the work itself: a client that goes away drops both.
    let driver = futures::stream::once(running).filter_map(|end| async move {
        end.err().map(|error| Err::<T, Status>(to_status(&error)))
    });
    let parts = tokio_stream::wrappers::ReceiverStream::new(receiver).map(Ok);
    futures::stream::select(parts, driver).boxed()
}
