//! RestoreFromBackup.

use vt_base::{Result, TabletAlias};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;
use vt_reparent::tablets::RestoreEvents;

use crate::Control;
use crate::control::required_alias;

/// A restore under way, as it is told.
pub struct Restore {
    alias: TabletAlias,
    keyspace: String,
    shard: String,
    events: RestoreEvents,
}

impl Restore {
    /// Waits for the next event; `None` when the restore has ended well.
    pub async fn next(&mut self) -> Result<Option<RestoreFromBackupResponse>> {
        let told = self.events.next().await?;
        Ok(told.map(|told| RestoreFromBackupResponse {
            tablet_alias: Some((&self.alias).into()),
            keyspace: self.keyspace.clone(),
            shard: self.shard.clone(),
            event: told.event,
        }))
    }
}

impl Control {
    /// Has a tablet's data replaced. The tablet brings it to its end, whether somebody listens or not.
    pub async fn begin_restore(&self, request: RestoreFromBackupRequest) -> Result<Restore> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let tablet = self.tablet(&alias).await?;
        let (keyspace, shard) =
            (tablet.record.message.keyspace.clone(), tablet.record.message.shard.clone());
        let request = tm::RestoreFromBackupRequest {
            backup_time: request.backup_time,
            restore_to_pos: request.restore_to_pos,
            dry_run: request.dry_run,
            restore_to_timestamp: request.restore_to_timestamp,
            allowed_backup_engines: request.allowed_backup_engines,
        };
        let events = tablet.restore_from_backup(request).await?;
        Ok(Restore { alias, keyspace, shard, events })
    }

    /// As [`Control::begin_restore`], until it has ended.
    pub async fn restore_from_backup(
        &self,
        request: RestoreFromBackupRequest,
    ) -> Result<Vec<RestoreFromBackupResponse>> {
        let mut restore = self.begin_restore(request).await?;
        let mut events = Vec::new();
        while let Some(event) = restore.next().await? {
            events.push(event);
        }
        Ok(events)
    }
}
