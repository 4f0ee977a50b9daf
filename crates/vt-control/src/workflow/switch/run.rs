//! Carries out the steps that were decided on, under the locks of both keyspaces.

use std::time::Duration;

use tokio::time::Instant;
use vt_base::{Error, Result};
use vt_proto::binlogdata::VReplicationWorkflowState as State;
use vt_proto::tabletmanagerdata as tm;
use vt_topo::{LockGuard, LockTarget, LockWait};
use vt_workflow::Step;

use super::observe::Observed;
use super::writes::Writes;
use crate::Control;
use crate::workflow::create::unchanged;
use crate::workflow::snapshot::FROZEN;

/// How long a lock outlives its holder: who takes a switch up again waits so long at most.
const LEASE: Duration = Duration::from_secs(10);

/// The locks of the keyspaces of a workflow.
pub(super) struct Locks {
    held: Vec<(String, LockGuard)>,
}

impl Locks {
    /// Takes the locks of two keyspaces, always in the same order.
    pub(super) async fn take(
        control: &Control,
        (one, other): (&str, &str),
        action: &str,
    ) -> Result<Locks> {
        let mut names = vec![one, other];
        names.sort_unstable();
        names.dedup();
        let mut locks = Locks { held: Vec::with_capacity(names.len()) };
        for name in names {
            let wait = LockWait::For(control.topo.options().lock_timeout);
            let target = LockTarget::keyspace(name);
            match control.topo.lock_with(target, action, wait, Some(LEASE)).await {
                Ok(guard) => locks.held.push((name.to_owned(), guard)),
                Err(err) => {
                    locks.release().await;
                    return Err(Error::from(err).context(format!("cannot lock keyspace {name}")));
                }
            }
        }
        Ok(locks)
    }

    /// Returns the lock of a keyspace.
    pub(super) fn of(&self, keyspace: &str) -> Result<&LockGuard> {
        let found = self.held.iter().find(|(name, _)| name == keyspace).map(|(_, guard)| guard);
        found.ok_or_else(|| Error::bug(format_args!("keyspace {keyspace} is not locked")))
    }

    /// Fails if a lock has been lost: another may be at work.
    pub(super) async fn check(&self) -> Result<()> {
        let checks = self.held.iter().map(|(_, guard)| guard.check());
        futures::future::try_join_all(checks).await.map(drop).map_err(Error::from)
    }

    /// Gives the locks back; one that cannot be is lost with its lease.
    pub(super) async fn release(self) {
        for (keyspace, guard) in self.held.into_iter().rev() {
            if let Err(err) = guard.unlock().await {
                tracing::warn!(%err, keyspace, "lock was lost before it was given back");
            }
        }
    }
}

impl Control {
    /// Carries out one step. It may have been begun before, or be done already.
    pub(super) async fn run_step(
        &self,
        seen: &Observed,
        step: &Step,
        locks: &Locks,
        until: Instant,
    ) -> Result<()> {
        let began = Instant::now();
        locks.check().await?;
        tracing::info!(workflow = seen.view.workflow, ?step, "step of a workflow");
        let done = self.do_step(seen, step, locks, until).await;
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            workflow = seen.view.workflow,
            ?step,
            millis,
            "step of a workflow has ended"
        );
        done
    }

    async fn do_step(
        &self,
        seen: &Observed,
        step: &Step,
        locks: &Locks,
        until: Instant,
    ) -> Result<()> {
        let reverse = seen.view.reverse_name();
        let (sources, targets) = (seen.sources(), seen.targets());
        match step {
            Step::RouteReads { kinds, cells, to } => {
                self.route_reads(seen, kinds, cells, *to).await
            }
            Step::StopWrites => self.set_writes(seen, &sources, Writes::Stop, locks).await,
            Step::Drain => self.drain(seen, until).await,
            Step::CatchUp => self.catch_up(seen, until).await,
            Step::InitializeSequences => self.initialize_sequences(seen).await,
            Step::CreateReverse => self.create_reverse(seen).await,
            Step::Journal => self.write_journal(seen).await,
            Step::AllowWrites => self.set_writes(seen, &targets, Writes::Allow, locks).await,
            Step::AllowSourceWrites => self.set_writes(seen, &sources, Writes::Allow, locks).await,
            Step::RouteWrites => self.route_writes(seen).await,
            Step::StartReverse => self.start_streams(&reverse, &sources).await,
            Step::RestartStreams => self.start_streams(&seen.found.name, &targets).await,
            Step::RemoveReverse => self.delete_streams(&reverse, &sources).await.map(drop),
            Step::RemoveStreams => self.delete_streams(&seen.found.name, &targets).await.map(drop),
            Step::StopOthers => self.stop_others(seen).await,
            Step::MoveOthers => self.move_others(seen).await,
            Step::StartOthers => self.start_others(seen).await,
            Step::RestartOthers => self.restart_others(seen).await,
            Step::Freeze => {
                let request = tm::UpdateVReplicationWorkflowRequest {
                    state: Some(State::Stopped as i32),
                    message: Some(FROZEN.to_owned()),
                    ..unchanged(&seen.found.name)
                };
                self.update_streams(&targets, &request).await.map(drop)
            }
            Step::StopStreams => {
                self.set_streams_state(&seen.found.name, &targets, State::Stopped).await.map(drop)
            }
            Step::RemoveSourceTables { rename } => self.remove_source_tables(seen, *rename).await,
            Step::RemoveTargetTables => self.remove_target_tables(seen).await,
            Step::RemoveRules => self.remove_rules(seen).await,
            Step::LiftDenials => {
                let of_source = self.set_writes(seen, &sources, Writes::Allow, locks).await;
                of_source.and(self.set_writes(seen, &targets, Writes::Allow, locks).await)
            }
        }
    }
}
