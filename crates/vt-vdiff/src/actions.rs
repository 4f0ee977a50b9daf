//! What is asked of VDiffs: create, show, stop, resume, delete.

use std::sync::Arc;

use uuid::Uuid;
use vt_base::{Code, Error, Result};
use vt_proto::tabletmanagerdata::{VDiffRequest, VDiffResponse};
use vt_rpc::convert::{Included, result_to_proto};

use crate::Engine;
use crate::options::Options;
use crate::store::{Record, state};

/// The argument that means every VDiff of a workflow.
const ALL: &str = "all";
/// The argument that means the youngest.
const LAST: &str = "last";

impl Engine {
    /// Carries out what a request asks for.
    ///
    /// # Errors
    /// The request names what is not there, or the tables cannot be written.
    pub async fn act(self: &Arc<Engine>, request: VDiffRequest) -> Result<VDiffResponse> {
        match request.action.to_ascii_lowercase().as_str() {
            "create" => self.create(request).await,
            "show" => self.show(&request).await,
            "stop" => self.stop(&request).await,
            "resume" => self.resume(&request).await,
            "delete" => self.delete(&request).await,
            other => Err(invalid(format!("action {other} not supported"))),
        }
    }

    async fn create(self: &Arc<Engine>, request: VDiffRequest) -> Result<VDiffResponse> {
        self.check_open()?;
        let uuid = parse_uuid(&request.vdiff_uuid)?;
        if self.store.by_uuid(&uuid).await?.is_some() {
            let text = format!("vdiff with UUID {uuid} already exists");
            return Err(Error::new(Code::AlreadyExists, text));
        }
        let options = Options::read(request.options.unwrap_or_default())?;
        let auto_start = options.auto_start;
        let mut record = Record {
            id: 0,
            uuid,
            keyspace: request.keyspace,
            workflow: request.workflow,
            state: state::PENDING.to_owned(),
            options,
        };
        let identity = &self.identity;
        record.id = self.store.insert(&record, &identity.shard, &identity.database).await?;
        let reply = VDiffResponse { id: record.id, output: None, vdiff_uuid: record.uuid.clone() };
        if auto_start {
            self.start(record);
        }
        Ok(reply)
    }

    async fn show(&self, request: &VDiffRequest) -> Result<VDiffResponse> {
        let (keyspace, workflow) = (&request.keyspace, &request.workflow);
        let found = match request.action_arg.as_str() {
            ALL => {
                let listing = self.store.listing(keyspace, workflow).await?;
                let output = Some(result_to_proto(&listing, Included::All));
                return Ok(VDiffResponse { output, ..VDiffResponse::default() });
            }
            LAST => self.store.last(keyspace, workflow).await?,
            // A tablet that has nothing yet is left out, not an error of the whole.
            uuid => Some(self.of_workflow(request, uuid).await?),
        };
        let Some(record) = found else { return Ok(VDiffResponse::default()) };
        let summary = self.store.summary(record.id).await?;
        Ok(VDiffResponse {
            id: record.id,
            output: Some(result_to_proto(&summary, Included::All)),
            vdiff_uuid: record.uuid,
        })
    }

    async fn stop(&self, request: &VDiffRequest) -> Result<VDiffResponse> {
        self.check_open()?;
        let record = self.of_workflow(request, &request.vdiff_uuid).await?;
        // What runs may end by itself now; then there is nothing to stop.
        self.end(record.id).await?;
        let record = self.of_workflow(request, &request.vdiff_uuid).await?;
        if [state::PENDING, state::STARTED, state::ERROR].contains(&record.state.as_str()) {
            let unfinished = format!("state <> '{}'", state::COMPLETED);
            self.store.set_states(record.id, state::STOPPED, &unfinished).await?;
        }
        Ok(VDiffResponse { id: record.id, output: None, vdiff_uuid: record.uuid })
    }

    async fn resume(self: &Arc<Engine>, request: &VDiffRequest) -> Result<VDiffResponse> {
        self.check_open()?;
        let record = self.of_workflow(request, &request.vdiff_uuid).await?;
        if record.state == state::STARTED {
            let text = format!("vdiff {} is running already", record.uuid);
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        let options = match &request.options {
            Some(options) => Options::read(options.clone())?,
            None => record.options.clone(),
        };
        self.end(record.id).await?;
        // One that was completed compares the rows that came behind those it has compared.
        let tables = match record.state.as_str() {
            state::COMPLETED => "true".to_owned(),
            _ => format!("state <> '{}'", state::COMPLETED),
        };
        self.store.set_states(record.id, state::PENDING, &tables).await?;
        let reply = VDiffResponse { id: record.id, output: None, vdiff_uuid: record.uuid.clone() };
        self.start(Record { options, ..record });
        Ok(reply)
    }

    async fn delete(&self, request: &VDiffRequest) -> Result<VDiffResponse> {
        self.check_open()?;
        let records = match request.action_arg.as_str() {
            ALL => self.store.of(&request.keyspace, &request.workflow).await?,
            uuid => vec![self.of_workflow(request, uuid).await?],
        };
        for record in records {
            self.end(record.id).await?;
            self.store.delete(record.id).await?;
        }
        Ok(VDiffResponse::default())
    }

    async fn of_workflow(&self, request: &VDiffRequest, uuid: &str) -> Result<Record> {
        let uuid = parse_uuid(uuid)?;
        let found = self.store.by_uuid(&uuid).await?;
        let same = |record: &Record| {
            record.keyspace == request.keyspace && record.workflow == request.workflow
        };
        found.filter(same).ok_or_else(|| {
            let (keyspace, workflow) = (&request.keyspace, &request.workflow);
            let text =
                format!("no vdiff found for keyspace {keyspace} and workflow {workflow}: {uuid}");
            Error::new(Code::NotFound, text)
        })
    }
}

fn parse_uuid(text: &str) -> Result<String> {
    match Uuid::parse_str(text) {
        Ok(uuid) => Ok(uuid.to_string()),
        Err(_) => Err(invalid(format!("action argument {text:?} not supported: it is no UUID"))),
    }
}

fn invalid(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}
