//! The gRPC front: the service `vtgateservice.Vitess`, whose clients carry their sessions.

mod batch;
mod session;
mod streams;

use std::sync::Arc;

use futures::stream::BoxStream;
use tonic::{Request, Response, Status};
use vt_base::Result;
use vt_proto::vtgate;
use vt_proto::{query, vtrpc};
use vt_rpc::convert::{Included, query_from_proto, result_to_proto};
use vt_rpc::dial::TabletDialer;
use vt_rpc::status::{to_rpc_error, to_status};
use vt_rpc::vtgateservice::vitess_server::Vitess;
use vt_service::Tasks;
use vt_tablet_api::Caller;
use vt_value::QueryResult;

use crate::gate::Gate;
use crate::query::{Collected, Query, Understood, fields, run_query, understand};
use crate::session::Session;
use crate::statements::prepare::count_params;
use crate::tx;

/// The service.
pub struct VitessService {
    gate: Arc<Gate>,
    tasks: Tasks,
    dialer: TabletDialer,
}

impl VitessService {
    /// Makes the service; streams of results run as tasks of `tasks`, those of events reach
    /// tablets by `dialer`.
    pub fn new(gate: Arc<Gate>, tasks: Tasks, dialer: TabletDialer) -> VitessService {
        VitessService { gate, tasks, dialer }
    }

    /// Returns the session that a client sent, for the caller that it names.
    fn session(
        &self,
        session: Option<vtgate::Session>,
        caller: Option<vtrpc::CallerId>,
    ) -> Result<Session, Status> {
        let caller = self.caller(caller);
        session::from_proto(&self.gate, session.unwrap_or_default(), caller)
            .map_err(|error| to_status(&error))
    }

    fn caller(&self, caller: Option<vtrpc::CallerId>) -> Caller {
        let given = caller.unwrap_or_default();
        let uses = self.gate.config.uses_effective_caller;
        Caller {
            username: if uses { given.principal.as_str().into() } else { Arc::default() },
            groups: if uses { given.groups.into() } else { Arc::default() },
            principal: given.principal.into(),
            component: given.component.into(),
            subcomponent: given.subcomponent.into(),
        }
    }

    fn count(&self, method: &str) {
        self.gate.metrics.grpc_calls.add(&[method], 1);
    }
}

/// Runs one statement whose result comes back whole.
async fn run_one(
    gate: &Gate,
    session: &mut Session,
    query: Option<query::BoundQuery>,
    is_prepared: bool,
) -> Result<QueryResult> {
    let (sql, params) = query_from_proto(query);
    let params = Arc::unwrap_or_clone(params);
    let query = Query { method: "Execute", sql: &sql, params, is_prepared };
    Box::pin(run_query(gate, session, query, &mut Collected)).await
}

/// Splits an outcome into what a reply has for each.
fn split(result: Result<QueryResult>) -> (Option<vtrpc::RpcError>, Option<query::QueryResult>) {
    match result {
        Ok(result) => (None, Some(result_to_proto(&result, Included::All))),
        Err(error) => (Some(to_rpc_error(&error)), None),
    }
}

#[async_trait::async_trait]
impl Vitess for VitessService {
    async fn execute(
        &self,
        request: Request<vtgate::ExecuteRequest>,
    ) -> Result<Response<vtgate::ExecuteResponse>, Status> {
        self.count("Execute");
        let request = request.into_inner();
        let mut session = self.session(request.session, request.caller_id)?;
        let outcome = run_one(&self.gate, &mut session, request.query, request.prepared).await;
        let (error, result) = split(outcome);
        let session = Some(session::to_proto(&session));
        Ok(Response::new(vtgate::ExecuteResponse { error, session, result }))
    }

    async fn execute_batch(
        &self,
        request: Request<vtgate::ExecuteBatchRequest>,
    ) -> Result<Response<vtgate::ExecuteBatchResponse>, Status> {
        self.count("ExecuteBatch");
        let request = request.into_inner();
        let mut session = self.session(request.session, request.caller_id)?;
        let results = batch::run(&self.gate, &mut session, request.queries).await;
        let session = Some(session::to_proto(&session));
        Ok(Response::new(vtgate::ExecuteBatchResponse { error: None, session, results }))
    }

    async fn execute_multi(
        &self,
        request: Request<vtgate::ExecuteMultiRequest>,
    ) -> Result<Response<vtgate::ExecuteMultiResponse>, Status> {
        self.count("ExecuteMulti");
        let request = request.into_inner();
        let mut session = self.session(request.session, request.caller_id)?;
        let (results, error) = batch::run_text(&self.gate, &mut session, &request.sql).await;
        let error = error.as_ref().map(to_rpc_error);
        let session = Some(session::to_proto(&session));
        Ok(Response::new(vtgate::ExecuteMultiResponse { error, session, results }))
    }

    async fn stream_execute(
        &self,
        request: Request<vtgate::StreamExecuteRequest>,
    ) -> Result<Response<BoxStream<'static, Result<vtgate::StreamExecuteResponse, Status>>>, Status>
    {
        self.count("StreamExecute");
        let request = request.into_inner();
        let session = self.session(request.session, request.caller_id)?;
        let stream = streams::execute(&self.gate, &self.tasks, session, request.query);
        Ok(Response::new(stream))
    }

    async fn stream_execute_multi(
        &self,
        request: Request<vtgate::StreamExecuteMultiRequest>,
    ) -> Result<
        Response<BoxStream<'static, Result<vtgate::StreamExecuteMultiResponse, Status>>>,
        Status,
    > {
        self.count("StreamExecuteMulti");
        let request = request.into_inner();
        let session = self.session(request.session, request.caller_id)?;
        let stream = streams::execute_multi(&self.gate, &self.tasks, session, request.sql);
        Ok(Response::new(stream))
    }

    async fn v_stream(
        &self,
        request: Request<vtgate::VStreamRequest>,
    ) -> Result<Response<BoxStream<'static, Result<vtgate::VStreamResponse, Status>>>, Status> {
        self.count("VStream");
        let stream = crate::vstream::start(&self.gate, self.dialer.clone(), request.into_inner());
        stream.map(Response::new).map_err(|error| to_status(&error))
    }

    async fn prepare(
        &self,
        request: Request<vtgate::PrepareRequest>,
    ) -> Result<Response<vtgate::PrepareResponse>, Status> {
        self.count("Prepare");
        let request = request.into_inner();
        let mut session = self.session(request.session, request.caller_id)?;
        let (sql, params) = query_from_proto(request.query);
        let outcome = prepare(&self.gate, &mut session, &sql, Arc::unwrap_or_clone(params)).await;
        let (error, (fields, params_count)) = match outcome {
            Ok(prepared) => (None, prepared),
            Err(error) => (Some(to_rpc_error(&error)), (Vec::new(), 0)),
        };
        let session = Some(session::to_proto(&session));
        Ok(Response::new(vtgate::PrepareResponse { error, session, fields, params_count }))
    }

    async fn close_session(
        &self,
        request: Request<vtgate::CloseSessionRequest>,
    ) -> Result<Response<vtgate::CloseSessionResponse>, Status> {
        self.count("CloseSession");
        let request = request.into_inner();
        let mut session = self.session(request.session, request.caller_id)?;
        tx::release(&self.gate.tablets, &mut session).await;
        Ok(Response::new(vtgate::CloseSessionResponse { error: None }))
    }
}

async fn prepare(
    gate: &Gate,
    session: &mut Session,
    sql: &str,
    params: vt_value::BindVars,
) -> Result<(Vec<query::Field>, u32)> {
    let count = count_params(session, sql)?;
    let query = Query { method: "Prepare", sql, params, is_prepared: true };
    let fields = match understand(gate, session, &query)? {
        Understood::Plan { plan, binds, .. } => fields(gate, session, &plan, binds).await?,
        Understood::Local(_) => vt_value::Fields::default(),
    };
    let fields = fields.iter().map(|one| vt_rpc::convert::field_to_proto(one, Included::All));
    Ok((fields.collect(), u32::from(count)))
}

#[cfg(test)]
mod tests;
