//! What is done about a replica with transactions of its own: its data are replaced by another
//! tablet's, or it leaves service, as people have asked for.

use std::time::Duration;

use vt_base::{Code, Error, Result, TabletAlias, TabletType};
use vt_proto::{tabletmanagerdata as tm, topodata};
use vt_recovery::Finding;
use vt_recovery::detect::Thread;
use vt_reparent::Tablet;

use crate::observe::Seen;
use crate::recover::{about, acknowledges};
use crate::shard::Watcher;

/// How long a tablet may take to say whether it begins a restore.
const BEGIN: Duration = Duration::from_secs(60);

impl Watcher {
    /// Restores the tablet where that is asked for and can be begun; else drains it where that is.
    pub(crate) async fn set_aside(&self, seen: &Seen, finding: &Finding) -> Result<()> {
        let (view, tablet) = about(seen, finding)?;
        if self.config.restore_errant {
            match self.restore(seen, &view.alias, tablet).await {
                Ok(()) => return Ok(()),
                Err(err) if self.config.drain_errant => {
                    tracing::warn!(tablet = %view.alias, %err, "it is not restored, but drained");
                }
                Err(err) => return Err(err),
            }
        }
        let tablet_type = topodata::TabletType::Drained as i32;
        let request = tm::ChangeTypeRequest { tablet_type, semi_sync: false };
        tablet.change_type(request).await.map(drop)
    }

    /// Begins a restore, which the tablet brings to its end by itself: it may take hours, and the
    /// shard's lock is not held for so long.
    async fn restore(&self, seen: &Seen, alias: &TabletAlias, tablet: &Tablet) -> Result<()> {
        let records = self.cluster.shard_tablets(&self.shard).await?;
        let restores = records.iter().find(|one| one.tablet_type() == TabletType::Restore);
        if let Some(other) = restores {
            let text = format!("{} is being restored; {alias} has its turn then", other.alias());
            return Err(Error::new(Code::Unavailable, text));
        }
        if seen.view.durability.primary_waits() && !others_acknowledge(seen, alias) {
            let text = format!(
                "no other tablet than {alias} acknowledges the writes of {}: it is not restored \
                 before one does",
                self.shard
            );
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        let request = tm::RestoreFromBackupRequest {
            allowed_backup_engines: vec!["clone".to_owned()],
            ..Default::default()
        };
        let mut events = tablet.restore_from_backup(request).await?;
        // The first tells that the restore has begun, or why it cannot.
        let first = tokio::time::timeout(BEGIN, events.next()).await.map_err(|_| {
            Error::new(Code::DeadlineExceeded, format!("{alias} does not begin its restore"))
        })?;
        let event = first?.and_then(|one| one.event).unwrap_or_default();
        tracing::info!(tablet = %alias, event = event.value, "restore");
        Ok(())
    }
}

/// Returns whether a tablet acknowledges besides one.
fn others_acknowledge(seen: &Seen, but: &TabletAlias) -> bool {
    let primary = seen.view.tablets.iter().find(|one| one.tablet_type == TabletType::Primary);
    let Some(primary) = primary else { return false };
    seen.view.tablets.iter().any(|one| {
        let replicating = one.server().and_then(|server| server.replicating.as_ref());
        one.alias != *but
            && acknowledges(seen, &primary.alias, one)
            && replicating.is_some_and(|replicating| replicating.io == Thread::Running)
    })
}
