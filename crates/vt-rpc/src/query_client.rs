//! A tablet's query service over gRPC, seen from the gateway.
//!
//! One [`ExecuteRequest`] becomes one of eight calls, by whether it opens a transaction, keeps a
//! connection, or streams.

mod reply;

use std::time::Instant;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use vt_base::{Code, Error, Result, Target};
use vt_proto::query;
use vt_tablet_api::{
    Caller, ExecuteOptions, ExecuteReply, ExecuteRequest, HealthStream, QueryService, SchemaReply,
    SchemaTables, StreamPart, TxState,
};
use vt_value::QueryResult;

use self::reply::Part;
use crate::convert::{
    alias_from_proto, caller_to_proto, health_from_proto, options_to_proto, query_to_proto,
    result_from_proto,
};
use crate::queryservice::query_client::QueryClient;
use crate::status::{from_rpc_error, from_tablet_status};

/// The metadata that tells whether `pre_queries` are settings for a pooled connection (`pool`) or
/// make a connection the session's own (`reserve`); the messages themselves do not tell.
pub(crate) const SETTINGS_KEY: &str = "vt-settings";

/// A tablet's query service over one gRPC channel.
#[derive(Clone)]
pub struct GrpcQueryService {
    client: QueryClient<Channel>,
}

/// Which of the wire's calls a request is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Plain,
    Begin,
    Reserve,
    ReserveBegin,
}

impl GrpcQueryService {
    /// Makes the service on a channel; messages beyond `message_bytes_max` are refused.
    pub fn new(channel: Channel, message_bytes_max: usize) -> GrpcQueryService {
        let client = QueryClient::new(channel)
            .max_decoding_message_size(message_bytes_max)
            .max_encoding_message_size(message_bytes_max);
        GrpcQueryService { client }
    }
}

impl Shape {
    fn of(request: &ExecuteRequest) -> Shape {
        // Within a transaction, and on a connection of the session's own, settings hold already.
        let held = request.transaction_id != 0 || request.reserved_id != 0;
        let prepared = request.reserve.is_some() || (!held && !request.settings.is_empty());
        match (request.begin.is_some(), prepared) {
            (false, false) => Shape::Plain,
            (true, false) => Shape::Begin,
            (false, true) => Shape::Reserve,
            (true, true) => Shape::ReserveBegin,
        }
    }
}

/// Makes a gRPC request that ends when the caller stops waiting.
fn timed<T>(message: T, deadline: Option<Instant>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(deadline) = deadline {
        request.set_timeout(deadline.saturating_duration_since(Instant::now()));
    }
    request
}

fn with_settings<T>(request: &ExecuteRequest, message: T) -> Request<T> {
    let mut out = timed(message, request.deadline);
    let kind = if request.reserve.is_some() { "reserve" } else { "pool" };
    out.metadata_mut().insert(SETTINGS_KEY, tonic::metadata::MetadataValue::from_static(kind));
    out
}

fn pre_queries(request: &ExecuteRequest) -> Vec<String> {
    match &request.reserve {
        Some(reserve) => reserve.pre_queries.clone(),
        None => request.settings.to_vec(),
    }
}

fn post_queries(request: &ExecuteRequest) -> Vec<String> {
    request.begin.as_ref().map(|begin| begin.post_queries.clone()).unwrap_or_default()
}

/// Fills the fields that every one of the request messages has, and those given after them.
macro_rules! message {
    ($type:ident, $request:expr, { $($field:ident: $value:expr),* $(,)? }) => {{
        let (effective_caller_id, immediate_caller_id) = caller_to_proto(&$request.caller);
        query::$type {
            effective_caller_id,
            immediate_caller_id,
            target: Some((&$request.target).into()),
            query: Some(query_to_proto(&$request.sql, &$request.bind_vars)),
            options: Some(options_to_proto(&$request.options)),
            $($field: $value),*
        }
    }};
}

impl GrpcQueryService {
    async fn execute_once(&self, request: &ExecuteRequest) -> Result<Part, Status> {
        let mut client = self.client.clone();
        Ok(match Shape::of(request) {
            Shape::Plain => {
                let message = message!(ExecuteRequest, request, {
                    transaction_id: request.transaction_id,
                    reserved_id: request.reserved_id,
                });
                client.execute(timed(message, request.deadline)).await?.into_inner().into()
            }
            Shape::Begin => {
                let message = message!(BeginExecuteRequest, request, {
                    reserved_id: request.reserved_id,
                    pre_queries: post_queries(request),
                });
                client.begin_execute(timed(message, request.deadline)).await?.into_inner().into()
            }
            Shape::Reserve => {
                let message = message!(ReserveExecuteRequest, request, {
                    transaction_id: request.transaction_id,
                    pre_queries: pre_queries(request),
                });
                client.reserve_execute(with_settings(request, message)).await?.into_inner().into()
            }
            Shape::ReserveBegin => {
                let message = message!(ReserveBeginExecuteRequest, request, {
                    pre_queries: pre_queries(request),
                    post_begin_queries: post_queries(request),
                });
                let message = with_settings(request, message);
                client.reserve_begin_execute(message).await?.into_inner().into()
            }
        })
    }

    async fn stream_once(
        &self,
        request: &ExecuteRequest,
        parts: mpsc::Sender<StreamPart>,
    ) -> ExecuteReply {
        let mut client = self.client.clone();
        match Shape::of(request) {
            Shape::Plain => {
                let message = message!(StreamExecuteRequest, request, {
                    transaction_id: request.transaction_id,
                    reserved_id: request.reserved_id,
                });
                follow(client.stream_execute(timed(message, request.deadline)).await, parts).await
            }
            Shape::Begin => {
                let message = message!(BeginStreamExecuteRequest, request, {
                    reserved_id: request.reserved_id,
                    pre_queries: post_queries(request),
                });
                let message = timed(message, request.deadline);
                follow(client.begin_stream_execute(message).await, parts).await
            }
            Shape::Reserve => {
                let message = message!(ReserveStreamExecuteRequest, request, {
                    transaction_id: request.transaction_id,
                    pre_queries: pre_queries(request),
                });
                let message = with_settings(request, message);
                follow(client.reserve_stream_execute(message).await, parts).await
            }
            Shape::ReserveBegin => {
                let message = message!(ReserveBeginStreamExecuteRequest, request, {
                    pre_queries: pre_queries(request),
                    post_begin_queries: post_queries(request),
                });
                let message = with_settings(request, message);
                follow(client.reserve_begin_stream_execute(message).await, parts).await
            }
        }
    }
}

/// Returns what a part holds; its error stands in the reply where the call opened something.
fn finish(part: Part) -> ExecuteReply {
    let result = match (&part.error, &part.result) {
        (Some(error), _) => {
            let error = from_rpc_error(error);
            let message = format!("vttablet: {}", error.message());
            Err(error.with_message(message))
        }
        (None, Some(result)) => result_from_proto(result),
        (None, None) => Ok(QueryResult::default()),
    };
    ExecuteReply { state: part.state, result }
}

/// Passes a stream's rows on; gathers what it opened and how it ended.
async fn follow<T: Into<Part>>(
    answer: Result<tonic::Response<Streaming<T>>, Status>,
    parts: mpsc::Sender<StreamPart>,
) -> ExecuteReply {
    let mut stream = match answer {
        Ok(answer) => answer.into_inner(),
        Err(status) => return ExecuteReply::failed(from_tablet_status(&status)),
    };
    let mut state = TxState::default();
    let mut last = QueryResult::default();
    let gone = || Error::new(Code::Canceled, "the receiver of the stream has gone");
    loop {
        let message = tokio::select! {
            biased;
            // The first rows may be long in coming.
            () = parts.closed() => return ExecuteReply { state, result: Err(gone()) },
            message = stream.next() => message,
        };
        let Some(message) = message else { break };
        let part: Part = match message {
            Ok(message) => message.into(),
            Err(status) => {
                return ExecuteReply { state, result: Err(from_tablet_status(&status)) };
            }
        };
        state = reply::merge(state, part.state.clone());
        let piece = match finish(part).result {
            Ok(piece) => piece,
            Err(error) => return ExecuteReply { state, result: Err(error) },
        };
        let fields = piece.has_fields().then(|| piece.fields.clone());
        let rows = piece.rows.clone();
        last = reply::merge_counts(last, piece);
        let empty = fields.is_none() && rows.is_empty();
        if !empty && parts.send(StreamPart { fields, rows }).await.is_err() {
            return ExecuteReply { state, result: Err(gone()) };
        }
    }
    ExecuteReply { state, result: Ok(last) }
}

#[async_trait]
impl QueryService for GrpcQueryService {
    async fn execute(&self, request: ExecuteRequest) -> ExecuteReply {
        match self.execute_once(&request).await {
            Ok(part) => finish(part),
            Err(status) => ExecuteReply::failed(from_tablet_status(&status)),
        }
    }

    async fn stream_execute(
        &self,
        request: ExecuteRequest,
        parts: mpsc::Sender<StreamPart>,
    ) -> ExecuteReply {
        self.stream_once(&request, parts).await
    }

    async fn begin(
        &self,
        caller: &Caller,
        target: &Target,
        options: &ExecuteOptions,
    ) -> Result<TxState> {
        let (effective_caller_id, immediate_caller_id) = caller_to_proto(caller);
        let message = query::BeginRequest {
            effective_caller_id,
            immediate_caller_id,
            target: Some(target.into()),
            options: Some(options_to_proto(options)),
        };
        let reply = self.client.clone().begin(message).await;
        let reply = reply.map_err(|status| from_tablet_status(&status))?.into_inner();
        Ok(TxState {
            transaction_id: reply.transaction_id,
            reserved_id: 0,
            tablet_alias: alias_from_proto(reply.tablet_alias.as_ref()),
            session_state_changes: reply.session_state_changes,
        })
    }

    async fn commit(
        &self,
        caller: &Caller,
        target: &Target,
        transaction_id: i64,
    ) -> Result<TxState> {
        let (effective_caller_id, immediate_caller_id) = caller_to_proto(caller);
        let message = query::CommitRequest {
            effective_caller_id,
            immediate_caller_id,
            target: Some(target.into()),
            transaction_id,
        };
        let reply = self.client.clone().commit(message).await;
        let reply = reply.map_err(|status| from_tablet_status(&status))?.into_inner();
        Ok(TxState {
            reserved_id: reply.reserved_id,
            session_state_changes: reply.session_state_changes,
            ..TxState::default()
        })
    }

    async fn rollback(&self, caller: &Caller, target: &Target, transaction_id: i64) -> Result<i64> {
        let (effective_caller_id, immediate_caller_id) = caller_to_proto(caller);
        let message = query::RollbackRequest {
            effective_caller_id,
            immediate_caller_id,
            target: Some(target.into()),
            transaction_id,
        };
        let reply = self.client.clone().rollback(message).await;
        Ok(reply.map_err(|status| from_tablet_status(&status))?.into_inner().reserved_id)
    }

    async fn release(
        &self,
        caller: &Caller,
        target: &Target,
        transaction_id: i64,
        reserved_id: i64,
    ) -> Result<()> {
        let (effective_caller_id, immediate_caller_id) = caller_to_proto(caller);
        let message = query::ReleaseRequest {
            effective_caller_id,
            immediate_caller_id,
            target: Some(target.into()),
            transaction_id,
            reserved_id,
        };
        let reply = self.client.clone().release(message).await;
        reply.map(|_| ()).map_err(|status| from_tablet_status(&status))
    }

    async fn stream_health(&self) -> Result<HealthStream> {
        let answer = self.client.clone().stream_health(query::StreamHealthRequest {}).await;
        let stream = answer.map_err(|status| from_tablet_status(&status))?.into_inner();
        let health = stream::unfold(stream, async |mut stream| {
            let message = stream.next().await?.ok()?;
            Some((health_from_proto(message), stream))
        });
        Ok(HealthStream::new(health))
    }

    async fn get_schema(
        &self,
        target: &Target,
        which: SchemaTables,
        names: &[String],
    ) -> Result<SchemaReply> {
        let table_type = match which {
            SchemaTables::Views => query::SchemaTableType::Views,
            SchemaTables::Tables => query::SchemaTableType::Tables,
            SchemaTables::All => query::SchemaTableType::All,
            SchemaTables::Udfs => query::SchemaTableType::Udfs,
        };
        let message = query::GetSchemaRequest {
            target: Some(target.into()),
            table_type: table_type as i32,
            table_names: names.to_vec(),
        };
        let answer = self.client.clone().get_schema(message).await;
        let mut stream = answer.map_err(|status| from_tablet_status(&status))?.into_inner();
        let mut reply = SchemaReply::default();
        while let Some(part) = stream.next().await {
            let part = part.map_err(|status| from_tablet_status(&status))?;
            reply.definitions.extend(part.table_definition);
            reply.definitions.extend(part.udfs.into_iter().map(|udf| (udf.name, String::new())));
        }
        Ok(reply)
    }
}
