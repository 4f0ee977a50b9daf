//! ReparentTablet, TabletExternallyReparented.

use vt_base::{KeyspaceShard, Result, TabletAlias, TabletType};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;

use crate::Control;
use crate::control::{invalid, refused, required_alias, shard_of};
use vt_reparent::{Tablet, lock_shard, unlock};

impl Control {
    /// Points a tablet at its shard's primary again, while nobody changes who that is.
    pub async fn reparent_tablet(
        &self,
        request: ReparentTabletRequest,
    ) -> Result<ReparentTabletResponse> {
        let alias = required_alias(request.tablet.as_ref())?;
        let tablet = self.tablet(&alias).await?;
        let message = tablet.record.message.clone();
        let shard = shard_of(&message.keyspace, &message.shard)?;
        let lock = lock_shard(&self.cluster, &shard, "ReparentTablet").await?;
        let pointed = self.point_at_primary(&tablet, &shard).await;
        unlock(lock).await;
        Ok(ReparentTabletResponse {
            keyspace: message.keyspace,
            shard: message.shard,
            primary: Some((&pointed?).into()),
        })
    }

    async fn point_at_primary(
        &self,
        tablet: &Tablet,
        shard: &KeyspaceShard,
    ) -> Result<TabletAlias> {
        let alias = tablet.alias();
        let record = self.topo.get_shard(&shard.keyspace, &shard.shard).await?;
        let Some(primary) = record.primary_alias() else {
            return Err(refused(format!(
                "no primary tablet for shard {shard}; run PlannedReparentShard {shard}"
            )));
        };
        let primary_record = self.topo.get_tablet(&primary).await?;
        if !primary_record.is_primary() {
            return Err(refused(format!(
                "TopologyServer has inconsistent state for shard primary {primary}"
            )));
        }
        if primary == alias {
            return Err(invalid(format!("tablet {alias} is the primary of {shard} itself")));
        }
        let semi_sync = self.acks_as(&tablet.record, tablet.record.tablet_type()).await?;
        tablet
            .set_replication_source(tm::SetReplicationSourceRequest {
                parent: Some((&primary).into()),
                semi_sync,
                ..Default::default()
            })
            .await?;
        Ok(primary)
    }

    /// Takes note that something outside has made a tablet's MySQL the shard's primary.
    pub async fn tablet_externally_reparented(
        &self,
        request: TabletExternallyReparentedRequest,
    ) -> Result<TabletExternallyReparentedResponse> {
        let alias = required_alias(request.tablet.as_ref())?;
        let tablet = self.tablet(&alias).await?;
        let message = tablet.record.message.clone();
        let shard = shard_of(&message.keyspace, &message.shard)?;
        let record = self.topo.get_shard(&shard.keyspace, &shard.shard).await?;
        let old_primary = record.primary_alias();
        let reply = TabletExternallyReparentedResponse {
            keyspace: message.keyspace,
            shard: message.shard,
            new_primary: Some((&alias).into()),
            old_primary: old_primary.as_ref().map(Into::into),
        };
        if tablet.record.is_primary() && old_primary.as_ref() == Some(&alias) {
            return Ok(reply);
        }
        let durability = self.durability(&shard.keyspace).await?;
        let lock = lock_shard(&self.cluster, &shard, "TabletExternallyReparented").await?;
        let changed = tablet
            .change_type(tm::ChangeTypeRequest {
                tablet_type: TabletType::Primary as i32,
                semi_sync: durability.primary_waits(),
            })
            .await;
        let recorded = match changed {
            Ok(_) => self.record_primary(&alias).await,
            Err(err) => Err(err),
        };
        unlock(lock).await;
        recorded.map(|()| reply)
    }

    /// Copies the term of a tablet that is primary into its shard's record.
    async fn record_primary(&self, alias: &TabletAlias) -> Result<()> {
        let tablet = self.topo.get_tablet(alias).await?.message;
        self.topo
            .update_shard_fields(&tablet.keyspace, &tablet.shard, |record| {
                record.primary_alias = Some(alias.into());
                record.primary_term_start_time = tablet.primary_term_start_time;
                Ok(())
            })
            .await?;
        Ok(())
    }
}
