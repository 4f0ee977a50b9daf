//! Whether a workflow's traffic can be switched now: all copied, near enough, and every tablet of
//! both sides hears of what changes.

use std::time::Duration;

use vt_base::Result;
use vt_proto::tabletmanagerdata as tm;
use vt_proto::topodata::TabletType;
use vt_reparent::tablets::all;
use vt_workflow::{check_lag, check_streams};

use super::observe::Observed;
use crate::Control;
use crate::control::{invalid, refused};

/// How long a tablet may take to say that it hears.
const HEARS: Duration = Duration::from_secs(15);

/// What a switch is allowed to overlook.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    /// The target shards whose streams are looked at; empty for all.
    pub(super) shards: Vec<String>,
    pub(super) lag_seconds: u64,
    /// Tablets that do not answer are left behind.
    pub(super) force: bool,
}

impl Control {
    /// Checks that nothing speaks against a switch that has not begun.
    pub(super) async fn check_ready(&self, ready: &Ready, seen: &Observed) -> Result<()> {
        let mut view = seen.view.clone();
        if let Some(unknown) =
            ready.shards.iter().find(|name| !view.target.iter().any(|shard| shard.shard == **name))
        {
            let there: Vec<&str> = view.target.iter().map(|one| one.shard.as_str()).collect();
            return Err(invalid(format!(
                "workflow {}.{} has no streams into shard {unknown}; there are {}",
                view.target_keyspace,
                view.workflow,
                there.join(", ")
            )));
        }
        view.target.retain(|one| ready.shards.is_empty() || ready.shards.contains(&one.shard));
        check_streams(&view)?;
        check_lag(&view, ready.lag_seconds)?;
        self.check_tablets_hear(ready, seen).await
    }

    /// Asks all tablets of both sides that serve to look at the topology anew: one that does not
    /// answer may go on with what it knew before.
    async fn check_tablets_hear(&self, ready: &Ready, seen: &Observed) -> Result<()> {
        let mut records = Vec::new();
        for end in seen.sources().into_iter().chain(seen.targets()) {
            let (keyspace, shard) = (&end.record.keyspace, &end.record.name);
            let found = self.topo.find_tablets_by_shard(keyspace, shard).await?;
            records.extend(found.records.into_iter().filter(|one| {
                let kinds = [TabletType::Primary, TabletType::Replica, TabletType::Rdonly];
                kinds.contains(&one.message.r#type())
            }));
        }
        let calls = records.into_iter().map(async |record| {
            let alias = record.alias();
            let tablet = self.connect(record).map(|tablet| tablet.within(HEARS));
            let heard = match tablet {
                Ok(tablet) => tablet.refresh_state(tm::RefreshStateRequest {}).await.map(drop),
                Err(err) => Err(err),
            };
            heard.err().map(|err| format!("{alias} ({err})"))
        });
        let silent: Vec<String> =
            all(self.options.concurrency, calls).await.into_iter().flatten().collect();
        let name = format!("{}.{}", seen.view.target_keyspace, seen.view.workflow);
        match silent.as_slice() {
            [] => Ok(()),
            silent if ready.force => {
                tracing::warn!(workflow = name, ?silent, "traffic is switched without tablets");
                Ok(())
            }
            silent => Err(refused(format!(
                "cannot switch traffic for workflow {name} at this time: could not refresh all of the \
                 tablets involved in the operation: {}; wait until they are back, or go on without \
                 them with --force",
                silent.join(", ")
            ))),
        }
    }
}
