//! Results in pieces over gRPC.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use vt_base::{Code, Error, Result};
use vt_proto::{query, vtgate};
use vt_rpc::convert::{Included, field_to_proto, query_from_proto, rows_to_proto};
use vt_rpc::status::{to_rpc_error, to_status};
use vt_service::Tasks;
use vt_tablet_api::{StreamPart, Workload};
use vt_value::QueryResult;

use super::{batch, session};
use crate::gate::Gate;
use crate::query::{Query, Sink, run_query};
use crate::session::Session;

/// How many pieces may wait for a slow client.
const WAITING_MAX: usize = 4;

/// What a stream tells.
enum Piece {
    /// The first of a statement's result.
    Fields(query::QueryResult),
    Rows(query::QueryResult),
    Failed(Error),
    /// The session as it is afterwards.
    End(Box<vtgate::Session>),
}

/// Sends pieces to the client's stream.
struct Sender {
    pieces: mpsc::Sender<Piece>,
    has_started: bool,
}

#[async_trait]
impl Sink for Sender {
    fn is_streaming(&self) -> bool {
        true
    }

    async fn take(&mut self, part: StreamPart) -> Result<()> {
        let fields = part.fields.as_deref().unwrap_or_default();
        let mut result = query::QueryResult {
            fields: fields.iter().map(|one| field_to_proto(one, Included::All)).collect(),
            ..query::QueryResult::default()
        };
        result.rows = rows_to_proto(&part.rows);
        let piece = match self.has_started {
            true => Piece::Rows(result),
            false => Piece::Fields(result),
        };
        self.has_started = true;
        self.pieces.send(piece).await.map_err(|_| gone())
    }
}

impl Sender {
    /// Sends what came back whole, and forgets that a result was begun.
    async fn finish(&mut self, result: QueryResult) -> Result<()> {
        if !self.has_started {
            let fields = Some(result.fields.clone());
            self.take(StreamPart { fields, rows: result.rows }).await?;
        }
        self.has_started = false;
        Ok(())
    }
}

fn gone() -> Error {
    Error::new(Code::Canceled, "the client is gone")
}

/// Runs statements as a task; the pieces come out of the receiver.
fn spawn(
    gate: &Arc<Gate>,
    tasks: &Tasks,
    mut session: Session,
    statements: Vec<(Arc<str>, Arc<vt_value::BindVars>)>,
) -> mpsc::Receiver<Piece> {
    let (pieces, receiver) = mpsc::channel(WAITING_MAX);
    let gate = gate.clone();
    tasks.spawn_until_cancelled("grpc-stream", async move {
        let closed = pieces.clone();
        let mut sender = Sender { pieces, has_started: false };
        let workload = std::mem::replace(&mut session.workload, Workload::Olap);
        let run = async {
            for (sql, params) in statements {
                let params = Arc::unwrap_or_clone(params);
                let query =
                    Query { method: "StreamExecute", sql: &sql, params, is_prepared: false };
                let result = run_query(&gate, &mut session, query, &mut sender).await?;
                sender.finish(result).await?;
            }
            Ok::<(), Error>(())
        };
        // A client that goes away ends its statement.
        let outcome = tokio::select! {
            biased;
            () = closed.closed() => return crate::tx::release(&gate.tablets, &mut session).await,
            outcome = run => outcome,
        };
        if let Err(error) = outcome {
            let _gone = closed.send(Piece::Failed(error)).await;
        }
        session.workload = workload;
        let _gone = closed.send(Piece::End(Box::new(session::to_proto(&session)))).await;
    });
    receiver
}

/// `StreamExecute`: an error is the stream's status, after the session.
pub(super) fn execute(
    gate: &Arc<Gate>,
    tasks: &Tasks,
    session: Session,
    query: Option<query::BoundQuery>,
) -> BoxStream<'static, Result<vtgate::StreamExecuteResponse, Status>> {
    let receiver = spawn(gate, tasks, session, vec![query_from_proto(query)]);
    let reply = |piece| match piece {
        Piece::Fields(result) | Piece::Rows(result) => {
            Ok(vtgate::StreamExecuteResponse { result: Some(result), session: None })
        }
        Piece::End(session) => {
            Ok(vtgate::StreamExecuteResponse { result: None, session: Some(*session) })
        }
        Piece::Failed(error) => Err(to_status(&error)),
    };
    Box::pin(ReceiverStream::new(receiver).map(reply))
}

/// `StreamExecuteMulti`: every statement's result begins with a mark.
pub(super) fn execute_multi(
    gate: &Arc<Gate>,
    tasks: &Tasks,
    session: Session,
    sql: String,
) -> BoxStream<'static, Result<vtgate::StreamExecuteMultiResponse, Status>> {
    let statements: Vec<_> = batch::pieces(&session, &sql)
        .into_iter()
        .map(|piece| (Arc::from(piece), Arc::default()))
        .collect();
    let mut left = statements.len();
    let receiver = spawn(gate, tasks, session, statements);
    let reply = move |piece| {
        let empty = vtgate::StreamExecuteMultiResponse::default();
        Ok(match piece {
            Piece::Fields(result) => {
                left = left.saturating_sub(1);
                let result = query::ResultWithError { error: None, result: Some(result) };
                vtgate::StreamExecuteMultiResponse {
                    result: Some(result),
                    more_results: left > 0,
                    new_result: true,
                    session: None,
                }
            }
            Piece::Rows(result) => {
                let result = query::ResultWithError { error: None, result: Some(result) };
                let more_results = left > 0;
                vtgate::StreamExecuteMultiResponse { result: Some(result), more_results, ..empty }
            }
            Piece::Failed(error) => {
                let error = Some(to_rpc_error(&error));
                let result = query::ResultWithError { error, result: None };
                vtgate::StreamExecuteMultiResponse {
                    result: Some(result),
                    new_result: true,
                    ..empty
                }
            }
            Piece::End(session) => {
                vtgate::StreamExecuteMultiResponse { session: Some(*session), ..empty }
            }
        })
    };
    Box::pin(ReceiverStream::new(receiver).map(reply))
}
