//! What the commands share that copy rows and switch traffic: they look at a workflow, wait for it,
//! compare, and tell how it goes.

mod compare;

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use vt_base::{Code, Error, Result, TabletType};
use vt_proto::binlogdata::VReplicationWorkflowState as State;
use vt_proto::tabletmanagerdata::UpdateVReplicationWorkflowRequest;
use vt_proto::vtctldata::*;
use vt_rpc::copy_progress::{copy_progress, rows_copied};
use vt_rpc::status::from_status;

use crate::bootstrap::Control;
use crate::layout::{Files, Ports};
use crate::progress::Progress;
use crate::spec::{Spec, wrong};
use crate::supervisor::is_running;

/// How often a step that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long one attempt to switch traffic may hold writes. Gateways let statements wait for ten
/// seconds: an attempt that takes longer is taken back before clients see an error of it.
const HOLD_SECONDS: i64 = 6;
/// So many attempts are made, each when the copy is near.
const ATTEMPTS_MAX: u32 = 5;
/// A copy that is farther behind at the beginning is not switched.
const LAG_SECONDS: i64 = 30;
/// A copy that is farther behind is let catch up before writes are held.
const NEAR_SECONDS: i64 = 1;

/// Where traffic goes, by the protocol's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Back,
}

/// A workflow that one command sees through.
pub(crate) struct Job {
    pub(crate) files: Files,
    pub(crate) ports: Ports,
    pub(crate) control: Control,
    /// The keyspace that rows are copied into.
    pub(crate) keyspace: String,
    pub(crate) workflow: String,
    /// The command of vtctldclient that minds such workflows.
    pub(crate) minder: &'static str,
    /// Sequences number rows from where the source's columns are, once traffic is switched.
    pub(crate) sets_sequences: bool,
    pub(crate) patience: Duration,
    pub(crate) progress: Progress,
}

/// Returns the description of a cluster that runs with tablets as processes of their own.
pub(crate) fn running(files: &Files) -> Result<Spec> {
    let spec = Spec::load(&files.spec())?;
    let Some(spec) = spec.filter(|_| is_running(files)) else {
        let message =
            format!("no cluster runs in {}: `vitrum up` starts one", files.root.display());
        return Err(Error::new(Code::FailedPrecondition, message));
    };
    if spec.one_process {
        let message = "gateway and tablets are one process, to which no tablet can be added: start \
                       the cluster anew with `vitrum down` and `vitrum up`, without --one-process";
        return Err(Error::new(Code::FailedPrecondition, message));
    }
    Ok(spec)
}

/// Asks on the terminal; without one, the command line must have said yes.
pub(crate) fn confirm(question: &str) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        return Err(wrong("say --yes: there is no terminal to ask on".to_owned()));
    }
    let mut answer = String::new();
    let asked = std::io::stdout().write_all(format!("{question} Go on? [y/N] ").as_bytes());
    asked
        .and_then(|()| std::io::stdout().flush())
        .and_then(|()| std::io::stdin().read_line(&mut answer))
        .map_err(|err| wrong(format!("cannot ask: {err}")))?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Error::new(Code::Canceled, "nothing was done")),
    }
}

/// Returns whether all traffic goes to the target.
pub(crate) fn is_switched(status: &WorkflowStatusResponse) -> bool {
    status.traffic_state.contains("All Reads Switched. Writes Switched")
}

impl Job {
    pub(crate) fn failed(&self, what: &str, status: &tonic::Status) -> Error {
        from_status(status).context(format!("{what} of {}", self.keyspace))
    }

    pub(crate) fn spec(&self) -> Result<Spec> {
        let spec = Spec::load(&self.files.spec())?;
        spec.ok_or_else(|| wrong(format!("{} has no cluster", self.files.root.display())))
    }

    pub(crate) async fn status(&mut self) -> Result<Option<WorkflowStatusResponse>> {
        let request = WorkflowStatusRequest {
            keyspace: self.keyspace.clone(),
            workflow: self.workflow.clone(),
            shards: Vec::new(),
        };
        match self.control.client.workflow_status(request).await {
            Ok(reply) => Ok(Some(reply.into_inner())),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(self.failed("the workflow", &status)),
        }
    }

    pub(crate) async fn wait_copied(&mut self) -> Result<()> {
        self.progress.step("copying");
        let (began, mut before) = (Instant::now(), None);
        self.until("the rows are not copied", async move |job| {
            let Some(status) = job.status().await? else {
                return Err(Error::new(Code::Aborted, "the workflow was removed by somebody else"));
            };
            let streams = status.shard_streams.values().flat_map(|shard| &shard.streams);
            let mut running = true;
            for stream in streams {
                if stream.status == "Error" {
                    let message = format!(
                        "stream {} failed: {}; nothing was switched, and the source is as it was; \
                         mend the reason, and the same command goes on from here",
                        stream.id, stream.info
                    );
                    return Err(Error::new(Code::Aborted, message));
                }
                running &= stream.status == "Running";
            }
            let before = *before.get_or_insert_with(|| rows_copied(&status));
            job.progress.now(&copy_progress(&status, began.elapsed(), before));
            Ok(running.then_some(()))
        })
        .await
    }

    /// Starts streams again that ended with an error: the reason may have been mended.
    pub(crate) async fn start_failed(&mut self, status: &WorkflowStatusResponse) -> Result<()> {
        let streams = status.shard_streams.values().flat_map(|shard| &shard.streams);
        if !streams.into_iter().any(|stream| stream.status == "Error") {
            return Ok(());
        }
        let update = UpdateVReplicationWorkflowRequest {
            workflow: self.workflow.clone(),
            state: Some(State::Running as i32),
            // What is to stay as it is.
            cells: vec!["NULL".to_owned()],
            tablet_types: vec![-1],
            ..UpdateVReplicationWorkflowRequest::default()
        };
        let request =
            WorkflowUpdateRequest { keyspace: self.keyspace.clone(), tablet_request: Some(update) };
        let updated = self.control.client.workflow_update(request).await;
        updated.map(drop).map_err(|status| self.failed("starting", &status))
    }

    /// Compares all rows; where they differ, nothing is switched.
    pub(crate) async fn compare(&mut self) -> Result<()> {
        self.progress.step("comparing");
        let (workflow, target_keyspace) = (self.workflow.clone(), self.keyspace.clone());
        let request = VDiffCreateRequest {
            workflow: workflow.clone(),
            target_keyspace: target_keyspace.clone(),
            auto_retry: true,
            limit: i64::MAX,
            max_extra_rows_to_compare: 1000,
            max_report_sample_rows: 10,
            ..VDiffCreateRequest::default()
        };
        let created = self.control.client.v_diff_create(request).await;
        let uuid = created.map_err(|status| self.failed("VDiff", &status))?.into_inner().uuid;
        self.until("the rows are not compared", async |job| {
            let request = VDiffShowRequest {
                workflow: workflow.clone(),
                target_keyspace: target_keyspace.clone(),
                arg: uuid.clone(),
            };
            let reply = job.control.client.v_diff_show(request).await;
            let reply = reply.map_err(|status| job.failed("VDiff", &status))?.into_inner();
            let (rows, of) = compare::compared(&reply)?;
            job.progress.now(&format!("compared {rows} of about {of} rows"));
            job.verdict(&uuid, &reply)
        })
        .await
    }

    /// Says whether a comparison has ended well.
    fn verdict(&self, uuid: &str, reply: &VDiffShowResponse) -> Result<Option<()>> {
        let mut completed = true;
        let again = format!(
            "`vitrum vtctldclient --server localhost:{} VDiff --workflow {} --target-keyspace {} \
             show {uuid}` tells more; `... {} ... cancel` gives the copy up",
            self.ports.vtctld_grpc(),
            self.workflow,
            self.keyspace,
            self.minder
        );
        for (shard, answer) in &reply.tablet_responses {
            let output = answer.output.clone().unwrap_or_default();
            let output = vt_rpc::convert::result_from_proto(&output)?;
            let place = |name: &str| output.fields.iter().position(|field| &*field.name == name);
            for row in output.rows.iter() {
                let text = |name: &str| {
                    let value = place(name).and_then(|place| row.column(place));
                    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
                };
                if text("vdiff_state") == "error" {
                    let error = text("last_error");
                    let message = format!("comparing shard {shard} failed: {error}; {again}");
                    return Err(Error::new(Code::Aborted, message));
                }
                if text("has_mismatch") == "1" {
                    let message = format!(
                        "rows of table {} differ on shard {shard}, and nothing was switched; {again}",
                        text("table_name")
                    );
                    return Err(Error::new(Code::DataLoss, message));
                }
                completed &= text("vdiff_state") == "completed";
            }
        }
        Ok(completed.then_some(()))
    }

    /// Waits until the streams of a workflow are so near that writes need not be held for long.
    async fn wait_near(&mut self, (keyspace, workflow): (&str, &str)) -> Result<()> {
        self.progress.step("catching up");
        self.until("the copy does not catch up", async |job| {
            let request = GetWorkflowsRequest {
                keyspace: keyspace.to_owned(),
                workflow: workflow.to_owned(),
                ..GetWorkflowsRequest::default()
            };
            let reply = job.control.client.get_workflows(request).await;
            let reply = reply.map_err(|status| job.failed("the workflow", &status))?;
            let workflows = reply.into_inner().workflows;
            let lags = workflows.iter().map(|one| one.max_v_replication_transaction_lag);
            let lag = lags.max().unwrap_or(0);
            job.progress.now(&format!("catching up: {lag} s behind"));
            Ok((lag <= NEAR_SECONDS).then_some(()))
        })
        .await
    }

    /// Switches traffic when the streams of a workflow are near; returns how long that took.
    ///
    /// An attempt that takes too long is taken back, and made again.
    pub(crate) async fn switch_soon(
        &mut self,
        direction: Direction,
        streams: (&str, &str),
        mut attempt: impl AsyncFnMut(&mut Job) -> Result<()>,
    ) -> Result<Duration> {
        let mut number = 1;
        loop {
            self.wait_near(streams).await?;
            self.progress.step("switching traffic");
            // Nobody waits for reads: writes are held only for what is theirs.
            self.switch(direction, &[TabletType::Rdonly, TabletType::Replica]).await?;
            let began = Instant::now();
            let Err(error) = attempt(self).await else { return Ok(began.elapsed()) };
            let is_late = error.code() == Code::DeadlineExceeded;
            let is_there = self.status().await?.as_ref().is_some_and(is_switched);
            let is_done = is_there == (direction == Direction::Forward);
            if !is_late || is_done || number >= ATTEMPTS_MAX {
                return Err(error);
            }
            tracing::debug!(%error, number, "the switch is tried again");
            number += 1;
        }
    }

    /// Switches the writes; see [`Job::switch_soon`].
    pub(crate) async fn switch_writes(&mut self, direction: Direction) -> Result<()> {
        self.switch(direction, &[TabletType::Primary]).await
    }

    async fn switch(&mut self, direction: Direction, types: &[TabletType]) -> Result<()> {
        let request = WorkflowSwitchTrafficRequest {
            keyspace: self.keyspace.clone(),
            workflow: self.workflow.clone(),
            tablet_types: types.iter().map(|one| *one as i32).collect(),
            max_replication_lag_allowed: Some(seconds(LAG_SECONDS)),
            timeout: Some(seconds(HOLD_SECONDS)),
            enable_reverse_replication: true,
            direction: direction as i32,
            initialize_target_sequences: self.sets_sequences
                && direction == Direction::Forward
                && types.contains(&TabletType::Primary),
            ..WorkflowSwitchTrafficRequest::default()
        };
        let switched = self.control.client.workflow_switch_traffic(request).await;
        switched.map(drop).map_err(|status| self.failed("switching", &status))
    }

    pub(crate) async fn complete(&mut self) -> Result<()> {
        let request = MoveTablesCompleteRequest {
            workflow: self.workflow.clone(),
            target_keyspace: self.keyspace.clone(),
            ..MoveTablesCompleteRequest::default()
        };
        let completed = self.control.client.move_tables_complete(request).await;
        completed.map(drop).map_err(|status| self.failed("completing", &status))
    }

    /// Looks again and again until there is an answer.
    pub(crate) async fn until(
        &mut self,
        late: &str,
        mut look: impl AsyncFnMut(&mut Job) -> Result<Option<()>>,
    ) -> Result<()> {
        let deadline = Instant::now() + self.patience;
        loop {
            if look(self).await?.is_some() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let message = format!(
                    "{late} after {} s; the same command goes on from here",
                    self.patience.as_secs()
                );
                return Err(Error::new(Code::DeadlineExceeded, message));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn seconds(seconds: i64) -> vt_proto::vttime::Duration {
    vt_proto::vttime::Duration { seconds, nanos: 0 }
}
