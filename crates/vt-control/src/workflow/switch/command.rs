//! WorkflowSwitchTraffic: reads and writes to the target, or back to the source.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use vt_base::{Code, Error, Result};
use vt_proto::topodata::TabletType;
use vt_proto::vtctldata::*;
use vt_topo::records::lock::rfc3339;
use vt_workflow::step::Side;
use vt_workflow::{
    Kind, Place, ReadKind, Step, WriteOptions, check_streams, is_past_return, plan_reads,
    plan_undo, plan_writes,
};

use super::observe::Observed;
use super::ready::Ready;
use super::run::Locks;
use crate::Control;
use crate::control::{duration_or, invalid, refused};
use crate::workflow::Snapshot;

/// How long writes may be stopped, and how far streams may be behind, where a request says nothing.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What is asked for, read from the request.
struct Wish {
    to: Side,
    reads: Vec<ReadKind>,
    writes: bool,
    cells: Vec<String>,
    timeout: Duration,
    ready: Ready,
    options: WriteOptions,
    dry_run: bool,
}

impl Wish {
    fn of(request: &WorkflowSwitchTrafficRequest) -> Result<Wish> {
        let mut types = Vec::with_capacity(request.tablet_types.len());
        for number in &request.tablet_types {
            types.push(TabletType::try_from(*number).unwrap_or_default());
        }
        if types.is_empty() {
            types = vec![TabletType::Primary, TabletType::Replica, TabletType::Rdonly];
        }
        let mut reads = Vec::new();
        for one in &types {
            match one {
                TabletType::Primary => {}
                TabletType::Replica => reads.push(ReadKind::Replica),
                TabletType::Rdonly => reads.push(ReadKind::Rdonly),
                other => {
                    return Err(invalid(format!(
                        "traffic of tablet type {} cannot be switched; take primary, replica, rdonly",
                        other.as_str_name()
                    )));
                }
            }
        }
        let lag = duration_or(request.max_replication_lag_allowed.as_ref(), TIMEOUT);
        let to = match request.direction {
            0 => Side::Target,
            1 => Side::Source,
            other => return Err(invalid(format!("no direction has the number {other}"))),
        };
        Ok(Wish {
            to,
            reads,
            writes: types.contains(&TabletType::Primary),
            cells: request.cells.clone(),
            timeout: duration_or(request.timeout.as_ref(), TIMEOUT),
            ready: Ready {
                shards: request.shards.clone(),
                lag_seconds: lag.as_secs(),
                force: request.force,
            },
            options: WriteOptions {
                has_reverse: request.enable_reverse_replication,
                initializes_sequences: request.initialize_target_sequences,
            },
            dry_run: request.dry_run,
        })
    }

    fn verb(&self) -> &'static str {
        match self.to {
            Side::Target => "SwitchTraffic",
            Side::Source => "ReverseTraffic",
        }
    }
}

impl Control {
    /// Switches the traffic of a workflow, or switches it back.
    ///
    /// What an earlier call has done is left as it is, so that a call that was broken off is
    /// finished by the same call.
    pub async fn workflow_switch_traffic(
        &self,
        request: WorkflowSwitchTrafficRequest,
    ) -> Result<WorkflowSwitchTrafficResponse> {
        let wish = Wish::of(&request)?;
        let (keyspace, workflow) = (&request.keyspace, &request.workflow);
        let seen = self.observe_workflow(keyspace, workflow).await?;
        if seen.view.kind == Kind::Copy {
            return Err(check_streams(&seen.view).err().unwrap_or_else(|| {
                invalid(format!("workflow {keyspace}.{workflow} switches no traffic"))
            }));
        }
        self.check_cells(&wish.cells).await?;
        let start_state = seen.view.traffic_state();
        if wish.dry_run {
            return self.dry_run(&wish, seen, start_state).await;
        }
        if !wish.reads.is_empty() {
            self.switch_reads(&wish, keyspace, workflow).await?;
        }
        if wish.writes {
            match wish.to {
                Side::Target => self.switch_writes(&wish, keyspace, workflow).await?,
                Side::Source => self.reverse_writes(&wish, keyspace, workflow).await?,
            }
        }
        // Who goes back may have the workflow made anew.
        let current_state = self.observe_workflow(keyspace, workflow).await?.view.traffic_state();
        Ok(WorkflowSwitchTrafficResponse {
            summary: format!("{} was successful for workflow {keyspace}.{workflow}", wish.verb()),
            start_state,
            current_state,
            dry_run_results: Vec::new(),
        })
    }

    async fn check_cells(&self, cells: &[String]) -> Result<()> {
        let known = self.topo.get_cell_names().await?;
        match cells.iter().find(|cell| !known.contains(cell)) {
            Some(cell) => {
                Err(invalid(format!("there is no cell {cell}; there are {}", known.join(", "))))
            }
            None => Ok(()),
        }
    }

    /// Says what would be done, and does nothing.
    async fn dry_run(
        &self,
        wish: &Wish,
        seen: Observed,
        start_state: String,
    ) -> Result<WorkflowSwitchTrafficResponse> {
        let mut told = Vec::new();
        let mut keyspaces =
            vec![seen.view.source_keyspace.clone(), seen.view.target_keyspace.clone()];
        keyspaces.sort();
        keyspaces.dedup();
        let reads = plan_reads(&seen.view, &wish.reads, &wish.cells, wish.to);
        told.extend(reads.iter().map(|step| step.describe(&seen.view)));
        if wish.writes {
            let writes = match wish.to {
                Side::Target => Some(seen),
                Side::Source => self.way_back(&seen).await?,
            };
            if let Some(seen) = writes {
                if !is_past_return(&seen.view) {
                    self.check_writes(wish, &seen).await?;
                }
                let steps = plan_writes(&seen.view, wish.options);
                told.extend(steps.iter().map(|step| step.describe(&seen.view)));
                let lock = keyspaces.iter().map(|one| format!("Lock keyspace {one}"));
                let unlock = keyspaces.iter().rev().map(|one| format!("Unlock keyspace {one}"));
                told = lock.chain(told).chain(unlock).collect();
                return Ok(self.dry_reply(wish, &seen, start_state, told));
            }
            let summary = format!("{} dry run: there is nothing to do for writes", wish.verb());
            return Ok(WorkflowSwitchTrafficResponse {
                summary,
                current_state: start_state.clone(),
                start_state,
                dry_run_results: told,
            });
        }
        Ok(self.dry_reply(wish, &seen, start_state, told))
    }

    fn dry_reply(
        &self,
        wish: &Wish,
        seen: &Observed,
        start_state: String,
        dry_run_results: Vec<String>,
    ) -> WorkflowSwitchTrafficResponse {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let summary = format!(
            "{} dry run results for workflow {}.{} at {}",
            wish.verb(),
            seen.view.target_keyspace,
            seen.view.workflow,
            rfc3339(since.as_secs())
        );
        WorkflowSwitchTrafficResponse {
            summary,
            current_state: start_state.clone(),
            start_state,
            dry_run_results,
        }
    }

    async fn switch_reads(&self, wish: &Wish, keyspace: &str, workflow: &str) -> Result<()> {
        let seen = self.observe_workflow(keyspace, workflow).await?;
        let keyspaces = (&*seen.view.source_keyspace, &*seen.view.target_keyspace);
        let locks = Locks::take(self, keyspaces, "SwitchReads").await?;
        let done = async {
            // What was seen before the lock may have changed.
            let seen = self.observe_workflow(keyspace, workflow).await?;
            let steps = plan_reads(&seen.view, &wish.reads, &wish.cells, wish.to);
            if !steps.is_empty() && wish.to == Side::Target && !seen.view.is_frozen() {
                self.check_ready(&wish.ready, &seen).await?;
            }
            let until = Instant::now() + wish.timeout;
            for step in steps {
                self.run_step(&seen, &step, &locks, until).await?;
            }
            Ok(())
        };
        let done = done.await;
        locks.release().await;
        done
    }

    /// Switches the writes of a workflow to its target.
    async fn switch_writes(&self, wish: &Wish, keyspace: &str, workflow: &str) -> Result<()> {
        let seen = self.observe_workflow(keyspace, workflow).await?;
        let keyspaces = (&*seen.view.source_keyspace, &*seen.view.target_keyspace);
        let locks = Locks::take(self, keyspaces, "SwitchWrites").await?;
        let done = self.switch_writes_locked(wish, keyspace, workflow, &locks).await;
        locks.release().await;
        done
    }

    async fn switch_writes_locked(
        &self,
        wish: &Wish,
        keyspace: &str,
        workflow: &str,
        locks: &Locks,
    ) -> Result<()> {
        let seen = self.observe_workflow(keyspace, workflow).await?;
        let is_under_way = is_past_return(&seen.view) || seen.view.writes != Place::Source;
        if !is_under_way {
            self.check_writes(wish, &seen).await?;
        }
        let until = Instant::now() + wish.timeout;
        let mut may_undo = !is_under_way;
        for step in plan_writes(&seen.view, wish.options) {
            // Once it is written down nothing but an error ends the switch.
            let limit = may_undo.then_some(until);
            may_undo &= step != Step::Journal;
            let run = self.run_step(&seen, &step, locks, until);
            let done = match limit {
                Some(limit) => tokio::time::timeout_at(limit, run).await.unwrap_or_else(|_| {
                    let message = format!("the time of {:?} is over", wish.timeout);
                    Err(Error::new(Code::DeadlineExceeded, message))
                }),
                None => run.await,
            };
            if let Err(err) = done {
                let what = step.describe(&seen.view);
                let err = err.context(format!("step failed: {what}"));
                return Err(self.take_back(keyspace, workflow, locks, err).await);
            }
        }
        Ok(())
    }

    /// Undoes a switch that failed, if that can be; the error says what became of it.
    async fn take_back(&self, keyspace: &str, workflow: &str, locks: &Locks, err: Error) -> Error {
        let name = format!("{keyspace}.{workflow}");
        match self.undo_switch(keyspace, workflow, locks).await {
            Ok(true) => err.context(format!(
                "writes of workflow {name} were not switched and go on where they were"
            )),
            Ok(false) => err.context(format!(
                "the switch of workflow {name} is written down and has to be finished: run the same \
                 command again"
            )),
            Err(second) => err.context(format!(
                "the switch of workflow {name} failed and was not undone in full ({second}): run the \
                 same command again, or cancel the workflow"
            )),
        }
    }

    /// Leads back from a switch that was broken off; false if there is no way back.
    pub(super) async fn undo_switch(
        &self,
        keyspace: &str,
        workflow: &str,
        locks: &Locks,
    ) -> Result<bool> {
        let seen = self.observe_workflow(keyspace, workflow).await?;
        let Some(steps) = plan_undo(&seen.view) else { return Ok(false) };
        let until = Instant::now() + TIMEOUT;
        let mut result = Ok(());
        // One that fails keeps the others from nothing.
        for step in steps {
            result = result.and(self.run_step(&seen, &step, locks, until).await);
        }
        result.map(|()| true)
    }

    /// Checks that nothing speaks against a switch that has not begun.
    async fn check_writes(&self, wish: &Wish, seen: &Observed) -> Result<()> {
        if seen.view.is_frozen() {
            return Ok(());
        }
        self.check_ready(&wish.ready, seen).await?;
        if seen.view.kind == Kind::Shards {
            self.check_others(seen).await?;
        }
        Ok(())
    }

    /// Switches writes back: what the reverse streams lead into takes them again.
    async fn reverse_writes(&self, wish: &Wish, keyspace: &str, workflow: &str) -> Result<()> {
        let seen = self.observe_workflow(keyspace, workflow).await?;
        if let Some(back) = self.way_back(&seen).await? {
            let (keyspace, workflow) = (&back.view.target_keyspace, &back.view.workflow);
            return self.switch_writes(wish, keyspace, workflow).await;
        }
        let is_broken_off = seen.view.source.iter().any(|shard| !shard.takes_writes);
        if seen.view.writes != Place::Source || !is_broken_off {
            return Ok(());
        }
        let keyspaces = (&*seen.view.source_keyspace, &*seen.view.target_keyspace);
        let locks = Locks::take(self, keyspaces, "ReverseTraffic").await?;
        let undone = self.undo_switch(keyspace, workflow, &locks).await;
        locks.release().await;
        match undone? {
            true => Ok(()),
            false => Err(refused(format!(
                "a switch of workflow {keyspace}.{workflow} was broken off after it was written down: \
                 run switchtraffic again to finish it, then reversetraffic"
            ))),
        }
    }

    /// Returns the workflow that leads back, where writes can go, or are on their way, back by it.
    async fn way_back(&self, seen: &Observed) -> Result<Option<Observed>> {
        let keyspace = &seen.view.source_keyspace;
        let name = seen.view.reverse_name();
        let found = Snapshot::find(self, keyspace, &name, &[]).await?;
        let Some(found) = found else {
            return match seen.view.writes {
                Place::Source => Ok(None),
                _ => Err(refused(format!(
                    "workflow {}.{} has no way back: {keyspace}.{name} is not there",
                    seen.view.target_keyspace, seen.view.workflow
                ))),
            };
        };
        let back = self.observe_found(found).await?;
        let is_wanted = seen.view.writes != Place::Source
            || (is_past_return(&back.view) && !back.view.is_frozen());
        Ok(is_wanted.then_some(back))
    }
}
