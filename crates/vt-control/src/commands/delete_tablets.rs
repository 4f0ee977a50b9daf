//! DeleteTablets: takes tablets out of the topology.

use vt_base::{Error, Result, TabletAlias};
use vt_proto::vtctldata::{DeleteTabletsRequest, DeleteTabletsResponse};
use vt_topo::TopoError;

use crate::Control;
use crate::control::{invalid, refused};

impl Control {
    pub async fn delete_tablets(
        &self,
        request: DeleteTabletsRequest,
    ) -> Result<DeleteTabletsResponse> {
        if request.tablet_aliases.is_empty() {
            return Err(invalid("the request names no tablet"));
        }
        for alias in &request.tablet_aliases {
            let alias = TabletAlias::from(alias);
            self.delete_tablet(&alias, request.allow_primary)
                .await
                .map_err(|err| err.context(format!("cannot delete tablet {alias}")))?;
        }
        Ok(DeleteTabletsResponse {})
    }

    async fn delete_tablet(&self, alias: &TabletAlias, allow_primary: bool) -> Result<()> {
        let tablet = self.topo.get_tablet(alias).await?;
        let (keyspace, shard) = (&tablet.message.keyspace, &tablet.message.shard);
        let recorded = match self.topo.get_shard(keyspace, shard).await {
            Err(err) if err.is_no_node() => None,
            other => other?.primary_alias(),
        };
        let is_primary = recorded.as_ref() == Some(alias);
        if is_primary && !allow_primary {
            return Err(refused(format!(
                "it is the primary of {keyspace}/{shard}; pass --allow-primary to delete it all the same"
            )));
        }
        if is_primary {
            self.forget_primary(keyspace, shard, alias).await?;
        }
        Ok(self.topo.delete_tablet(alias).await?)
    }

    /// Clears the primary of a shard's record, under the shard's lock, if it is still this tablet.
    async fn forget_primary(&self, keyspace: &str, shard: &str, alias: &TabletAlias) -> Result<()> {
        let action = format!("DeleteTablets({alias})");
        let lock = self.topo.lock_shard(keyspace, shard, &action).await?;
        let changed = self
            .topo
            .update_shard_fields(keyspace, shard, |record| {
                if record.primary_alias.as_ref().map(TabletAlias::from).as_ref() != Some(alias) {
                    return Err(TopoError::NoUpdateNeeded(shard.to_owned()));
                }
                record.primary_alias = None;
                Ok(())
            })
            .await;
        lock.unlock().await?;
        changed.map(drop).map_err(Error::from)
    }
}
