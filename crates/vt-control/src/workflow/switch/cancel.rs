//! What a workflow that is given up leaves at its source: nothing, also where a switch of its
//! writes was broken off.

use std::time::Duration;

use tokio::time::Instant;
use vt_base::Result;
use vt_workflow::{Ending, Kind, Step, check_cancel, plan_cancel};

use super::run::Locks;
use crate::Control;
use crate::workflow::Snapshot;

/// How long the source's tablets may take to hear of it.
const TIMEOUT: Duration = Duration::from_secs(60);

impl Control {
    /// Refuses to give a workflow up that clients are sent to the target of; else takes back what a
    /// switch that was broken off has done, so that the source takes writes.
    pub(in crate::workflow) async fn free_source(&self, found: &Snapshot) -> Result<()> {
        let seen = self.observe_found(found.clone()).await?;
        if seen.view.kind == Kind::Copy {
            return Ok(());
        }
        let keyspaces = (&*seen.view.source_keyspace, &*seen.view.target_keyspace);
        let locks = Locks::take(self, keyspaces, "WorkflowDelete").await?;
        let freed = async {
            // What was seen before the lock may have changed.
            let seen = self.observe_found(found.clone()).await?;
            check_cancel(&seen.view)?;
            let until = Instant::now() + TIMEOUT;
            for step in plan_cancel(&seen.view, Ending::default()) {
                let is_of_switch = matches!(
                    step,
                    Step::StopStreams | Step::RemoveReverse | Step::AllowSourceWrites
                );
                if is_of_switch {
                    self.run_step(&seen, &step, &locks, until).await?;
                }
            }
            Ok(())
        };
        let freed = freed.await;
        locks.release().await;
        freed
    }

    /// Returns where the traffic of a workflow goes, in words.
    pub(in crate::workflow) async fn traffic_state(&self, found: &Snapshot) -> Result<String> {
        let seen = self.observe_found(found.clone()).await?;
        match seen.view.kind {
            Kind::Copy => Ok(String::new()),
            _ => Ok(seen.view.traffic_state()),
        }
    }
}
