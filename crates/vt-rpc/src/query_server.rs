//! Any query service, served over gRPC.
//!
//! The wire's eight calls of execution become one [`ExecuteRequest`]. A client that goes away drops
//! the call's future, and with it the call.

pub(crate) mod schema;
mod stream;

use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt, stream as streams};
use tonic::{Request, Response, Status};
use vt_base::{Result, Target};
use vt_proto::{binlogdata, query, topodata};
use vt_tablet_api::{Begin, ExecuteReply, ExecuteRequest, QueryService, Reserve, SchemaTables};

use self::schema::schema_parts;
use self::stream::{Event, events};
use crate::convert::{
    Included, caller_from_proto, health_to_proto, options_from_proto, query_from_proto,
    result_to_proto, target_from_proto,
};
use crate::query_client::SETTINGS_KEY;
use crate::queryservice::query_server::{Query, QueryServer};
use crate::row_streams::{self, RowStreams};
use crate::server::deadline_of;
use crate::status::{to_rpc_error, to_status};

type Reply<T> = Result<Response<T>, Status>;
type BoxStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The gRPC face of a query service.
pub struct GrpcQueryServer {
    service: Arc<dyn QueryService>,
    streams: Option<Arc<dyn RowStreams>>,
}

impl GrpcQueryServer {
    /// Makes the gRPC service; messages beyond `message_bytes_max` are refused.
    pub fn new(
        service: Arc<dyn QueryService>,
        message_bytes_max: usize,
    ) -> QueryServer<GrpcQueryServer> {
        GrpcQueryServer::with_streams(service, None, message_bytes_max)
    }

    /// Makes the gRPC service of a tablet that also streams rows and events.
    pub fn with_streams(
        service: Arc<dyn QueryService>,
        streams: Option<Arc<dyn RowStreams>>,
        message_bytes_max: usize,
    ) -> QueryServer<GrpcQueryServer> {
        QueryServer::new(GrpcQueryServer { service, streams })
            .max_decoding_message_size(message_bytes_max)
            .max_encoding_message_size(message_bytes_max)
    }

    fn streams(&self, what: &str) -> Result<Arc<dyn RowStreams>, Status> {
        self.streams.clone().ok_or_else(|| later(what))
    }
}

/// A request of ours, and how much of each column its caller wants.
struct Call {
    request: ExecuteRequest,
    included: Included,
}

/// Reads the fields that every one of the request messages has; names what is left of the message.
macro_rules! call {
    ($request:ident => $call:ident, $kind:ident, $message:ident) => {
        let deadline = deadline_of($request.metadata());
        let $kind = settings_kind($request.metadata());
        let $message = $request.into_inner();
        let target = target_from_proto($message.target.as_ref());
        let (options, included) = options_from_proto($message.options, target.tablet_type);
        let (sql, bind_vars) = query_from_proto($message.query);
        let caller = caller_from_proto($message.effective_caller_id, $message.immediate_caller_id);
        let mut $call = Call {
            request: ExecuteRequest {
                caller,
                target,
                sql,
                bind_vars,
                options,
                deadline,
                ..ExecuteRequest::default()
            },
            included,
        };
    };
}

/// What the caller says that its `pre_queries` are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SettingsKind {
    Unsaid,
    Pool,
    Reserve,
}

fn settings_kind(metadata: &tonic::metadata::MetadataMap) -> SettingsKind {
    match metadata.get(SETTINGS_KEY).map(|value| value.as_bytes()) {
        Some(b"pool") => SettingsKind::Pool,
        Some(b"reserve") => SettingsKind::Reserve,
        _ => SettingsKind::Unsaid,
    }
}

impl Call {
    /// Says that the call keeps a connection, or only runs under settings.
    fn prepare(&mut self, pre_queries: Vec<String>, kind: SettingsKind) {
        // Where the caller does not say, a pooled connection does unless it could not be shared.
        let pooled = match kind {
            SettingsKind::Pool => true,
            SettingsKind::Reserve => false,
            SettingsKind::Unsaid => {
                !pre_queries.is_empty()
                    && self.request.transaction_id == 0
                    && !self.request.options.has_created_temp_tables
            }
        };
        if pooled {
            self.request.settings = pre_queries.into();
        } else {
            self.request.reserve = Some(Reserve { pre_queries });
        }
    }
}

fn later(what: &str) -> Status {
    Status::unimplemented(format!("{what} is not implemented by this tablet"))
}

fn alias(reply: &ExecuteReply) -> Option<topodata::TabletAlias> {
    reply.state.tablet_alias.as_ref().map(topodata::TabletAlias::from)
}

/// Splits a reply into the two fields that hold result and error.
macro_rules! outcome {
    ($reply:ident, $included:expr) => {
        match &$reply.result {
            Ok(result) => (None, Some(result_to_proto(result, $included))),
            Err(error) => (Some(to_rpc_error(error)), None),
        }
    };
}

/// Fills the fields that a reply with state has, those named last as the state has them.
macro_rules! stateful {
    ($type:ident, $reply:ident, $included:expr, $($field:ident),*) => {{
        let (error, result) = outcome!($reply, $included);
        let tablet_alias = alias(&$reply);
        query::$type { error, result, tablet_alias, $($field: $reply.state.$field),* }
    }};
}

/// Turns the events of a streamed call into messages whose last has the state.
macro_rules! stateful_stream {
    ($self:ident, $call:ident, $type:ident, $($field:ident),*) => {{
        let included = $call.included;
        let stream = events($self.service.clone(), $call.request).map(move |event| match event {
            Event::Part(part) => Ok(query::$type {
                result: Some(stream::part_to_proto(part, included)),
                ..query::$type::default()
            }),
            Event::End(reply) => Ok(stateful!($type, reply, included, $($field),*)),
        });
        Ok(Response::new(Box::pin(stream)))
    }};
}

#[tonic::async_trait]
impl Query for GrpcQueryServer {
    async fn execute(
        &self,
        request: Request<query::ExecuteRequest>,
    ) -> Reply<query::ExecuteResponse> {
        call!(request => call, _kind, message);
        call.request.transaction_id = message.transaction_id;
        call.request.reserved_id = message.reserved_id;
        match self.service.execute(call.request).await.result {
            Ok(result) => {
                let result = Some(result_to_proto(&result, call.included));
                Ok(Response::new(query::ExecuteResponse { result }))
            }
            Err(error) => Err(to_status(&error)),
        }
    }

    async fn begin_execute(
        &self,
        request: Request<query::BeginExecuteRequest>,
    ) -> Reply<query::BeginExecuteResponse> {
        call!(request => call, _kind, message);
        call.request.reserved_id = message.reserved_id;
        call.request.begin = Some(Begin { post_queries: message.pre_queries });
        let reply = self.service.execute(call.request).await;
        Ok(Response::new(stateful!(
            BeginExecuteResponse,
            reply,
            call.included,
            transaction_id,
            session_state_changes
        )))
    }

    async fn reserve_execute(
        &self,
        request: Request<query::ReserveExecuteRequest>,
    ) -> Reply<query::ReserveExecuteResponse> {
        call!(request => call, kind, message);
        call.request.transaction_id = message.transaction_id;
        call.prepare(message.pre_queries, kind);
        let reply = self.service.execute(call.request).await;
        Ok(Response::new(stateful!(ReserveExecuteResponse, reply, call.included, reserved_id)))
    }

    async fn reserve_begin_execute(
        &self,
        request: Request<query::ReserveBeginExecuteRequest>,
    ) -> Reply<query::ReserveBeginExecuteResponse> {
        call!(request => call, kind, message);
        call.request.begin = Some(Begin { post_queries: message.post_begin_queries });
        call.prepare(message.pre_queries, kind);
        let reply = self.service.execute(call.request).await;
        Ok(Response::new(stateful!(
            ReserveBeginExecuteResponse,
            reply,
            call.included,
            transaction_id,
            reserved_id,
            session_state_changes
        )))
    }

    async fn stream_execute(
        &self,
        request: Request<query::StreamExecuteRequest>,
    ) -> Reply<BoxStream<query::StreamExecuteResponse>> {
        call!(request => call, _kind, message);
        call.request.transaction_id = message.transaction_id;
        call.request.reserved_id = message.reserved_id;
        let included = call.included;
        let events = events(self.service.clone(), call.request).map(move |event| {
            let result = match event {
                Event::Part(part) => stream::part_to_proto(part, included),
                Event::End(reply) => match reply.result {
                    Ok(result) => result_to_proto(&result, included),
                    Err(error) => return Err(to_status(&error)),
                },
            };
            Ok(query::StreamExecuteResponse { result: Some(result) })
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn begin_stream_execute(
        &self,
        request: Request<query::BeginStreamExecuteRequest>,
    ) -> Reply<BoxStream<query::BeginStreamExecuteResponse>> {
        call!(request => call, _kind, message);
        call.request.reserved_id = message.reserved_id;
        call.request.begin = Some(Begin { post_queries: message.pre_queries });
        stateful_stream!(
            self,
            call,
            BeginStreamExecuteResponse,
            transaction_id,
            session_state_changes
        )
    }

    async fn reserve_stream_execute(
        &self,
        request: Request<query::ReserveStreamExecuteRequest>,
    ) -> Reply<BoxStream<query::ReserveStreamExecuteResponse>> {
        call!(request => call, kind, message);
        call.request.transaction_id = message.transaction_id;
        call.prepare(message.pre_queries, kind);
        stateful_stream!(self, call, ReserveStreamExecuteResponse, reserved_id)
    }

    async fn reserve_begin_stream_execute(
        &self,
        request: Request<query::ReserveBeginStreamExecuteRequest>,
    ) -> Reply<BoxStream<query::ReserveBeginStreamExecuteResponse>> {
        call!(request => call, kind, message);
        call.request.begin = Some(Begin { post_queries: message.post_begin_queries });
        call.prepare(message.pre_queries, kind);
        stateful_stream!(
            self,
            call,
            ReserveBeginStreamExecuteResponse,
            transaction_id,
            reserved_id,
            session_state_changes
        )
    }

    async fn begin(&self, request: Request<query::BeginRequest>) -> Reply<query::BeginResponse> {
        let message = request.into_inner();
        let target = target_from_proto(message.target.as_ref());
        let caller = caller_from_proto(message.effective_caller_id, message.immediate_caller_id);
        let (options, _) = options_from_proto(message.options, target.tablet_type);
        let state = self
            .service
            .begin(&caller, &target, &options)
            .await
            .map_err(|error| to_status(&error))?;
        Ok(Response::new(query::BeginResponse {
            transaction_id: state.transaction_id,
            tablet_alias: state.tablet_alias.as_ref().map(topodata::TabletAlias::from),
            session_state_changes: state.session_state_changes,
        }))
    }

    async fn commit(&self, request: Request<query::CommitRequest>) -> Reply<query::CommitResponse> {
        let message = request.into_inner();
        let target = target_from_proto(message.target.as_ref());
        let caller = caller_from_proto(message.effective_caller_id, message.immediate_caller_id);
        let state = self
            .service
            .commit(&caller, &target, message.transaction_id)
            .await
            .map_err(|error| to_status(&error))?;
        Ok(Response::new(query::CommitResponse {
            reserved_id: state.reserved_id,
            session_state_changes: state.session_state_changes,
        }))
    }

    async fn rollback(
        &self,
        request: Request<query::RollbackRequest>,
    ) -> Reply<query::RollbackResponse> {
        let message = request.into_inner();
        let target = target_from_proto(message.target.as_ref());
        let caller = caller_from_proto(message.effective_caller_id, message.immediate_caller_id);
        let reserved_id = self
            .service
            .rollback(&caller, &target, message.transaction_id)
            .await
            .map_err(|error| to_status(&error))?;
        Ok(Response::new(query::RollbackResponse { reserved_id }))
    }

    async fn release(
        &self,
        request: Request<query::ReleaseRequest>,
    ) -> Reply<query::ReleaseResponse> {
        let message = request.into_inner();
        let target = target_from_proto(message.target.as_ref());
        let caller = caller_from_proto(message.effective_caller_id, message.immediate_caller_id);
        self.service
            .release(&caller, &target, message.transaction_id, message.reserved_id)
            .await
            .map_err(|error| to_status(&error))?;
        Ok(Response::new(query::ReleaseResponse {}))
    }

    async fn stream_health(
        &self,
        _request: Request<query::StreamHealthRequest>,
    ) -> Reply<BoxStream<query::StreamHealthResponse>> {
        let health = self.service.stream_health().await.map_err(|error| to_status(&error))?;
        Ok(Response::new(Box::pin(health.map(|state| Ok(health_to_proto(&state))))))
    }

    async fn v_stream(
        &self,
        request: Request<binlogdata::VStreamRequest>,
    ) -> Reply<BoxStream<binlogdata::VStreamResponse>> {
        let streams = self.streams("VStream")?;
        let request = request.into_inner();
        Ok(Response::new(row_streams::run(
            |out| async move { streams.v_stream(request, out).await },
        )))
    }

    async fn v_stream_rows(
        &self,
        request: Request<binlogdata::VStreamRowsRequest>,
    ) -> Reply<BoxStream<binlogdata::VStreamRowsResponse>> {
        let streams = self.streams("VStreamRows")?;
        let request = request.into_inner();
        Ok(Response::new(row_streams::run(|out| async move {
            streams.v_stream_rows(request, out).await
        })))
    }

    async fn v_stream_tables(
        &self,
        request: Request<binlogdata::VStreamTablesRequest>,
    ) -> Reply<BoxStream<binlogdata::VStreamTablesResponse>> {
        let streams = self.streams("VStreamTables")?;
        let request = request.into_inner();
        Ok(Response::new(row_streams::run(|out| async move {
            streams.v_stream_tables(request, out).await
        })))
    }

    async fn v_stream_results(
        &self,
        request: Request<binlogdata::VStreamResultsRequest>,
    ) -> Reply<BoxStream<binlogdata::VStreamResultsResponse>> {
        let streams = self.streams("VStreamResults")?;
        let request = request.into_inner();
        Ok(Response::new(row_streams::run(|out| async move {
            streams.v_stream_results(request, out).await
        })))
    }

    async fn get_schema(
        &self,
        request: Request<query::GetSchemaRequest>,
    ) -> Reply<BoxStream<query::GetSchemaResponse>> {
        let message = request.into_inner();
        let which = match message.table_type() {
            query::SchemaTableType::Views => SchemaTables::Views,
            query::SchemaTableType::Tables => SchemaTables::Tables,
            query::SchemaTableType::All => SchemaTables::All,
            query::SchemaTableType::Udfs => SchemaTables::Udfs,
        };
        let target: Target = target_from_proto(message.target.as_ref());
        let reply = self
            .service
            .get_schema(&target, which, &message.table_names)
            .await
            .map_err(|error| to_status(&error))?;
        let parts = schema_parts(reply, which).into_iter().map(Ok);
        Ok(Response::new(Box::pin(streams::iter(parts))))
    }

    async fn prepare(&self, _: Request<query::PrepareRequest>) -> Reply<query::PrepareResponse> {
        Err(later("Prepare"))
    }

    async fn commit_prepared(
        &self,
        _: Request<query::CommitPreparedRequest>,
    ) -> Reply<query::CommitPreparedResponse> {
        Err(later("CommitPrepared"))
    }

    async fn rollback_prepared(
        &self,
        _: Request<query::RollbackPreparedRequest>,
    ) -> Reply<query::RollbackPreparedResponse> {
        Err(later("RollbackPrepared"))
    }

    async fn create_transaction(
        &self,
        _: Request<query::CreateTransactionRequest>,
    ) -> Reply<query::CreateTransactionResponse> {
        Err(later("CreateTransaction"))
    }

    async fn start_commit(
        &self,
        _: Request<query::StartCommitRequest>,
    ) -> Reply<query::StartCommitResponse> {
        Err(later("StartCommit"))
    }

    async fn set_rollback(
        &self,
        _: Request<query::SetRollbackRequest>,
    ) -> Reply<query::SetRollbackResponse> {
        Err(later("SetRollback"))
    }

    async fn conclude_transaction(
        &self,
        _: Request<query::ConcludeTransactionRequest>,
    ) -> Reply<query::ConcludeTransactionResponse> {
        Err(later("ConcludeTransaction"))
    }

    async fn read_transaction(
        &self,
        _: Request<query::ReadTransactionRequest>,
    ) -> Reply<query::ReadTransactionResponse> {
        Err(later("ReadTransaction"))
    }

    async fn unresolved_transactions(
        &self,
        _: Request<query::UnresolvedTransactionsRequest>,
    ) -> Reply<query::UnresolvedTransactionsResponse> {
        Err(later("UnresolvedTransactions"))
    }
}
