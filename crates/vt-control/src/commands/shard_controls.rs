//! SetShardIsPrimaryServing, SetShardTabletControl.

use vt_base::Result;
use vt_proto::vtctldata::*;
use vt_topo::records::shard::{DeniedTables, change_denied_tables};
use vt_topo::{LockGuard, TopoError};

use crate::Control;
use crate::control::{invalid, shard_of};

impl Control {
    pub async fn set_shard_is_primary_serving(
        &self,
        request: SetShardIsPrimaryServingRequest,
    ) -> Result<SetShardIsPrimaryServingResponse> {
        shard_of(&request.keyspace, &request.shard)?;
        let action = format!(
            "SetShardIsPrimaryServing({}, {}, {})",
            request.keyspace, request.shard, request.is_serving
        );
        let keyspace_lock = self.topo.lock_keyspace(&request.keyspace, &action).await?;
        let changed = self
            .topo
            .update_shard_fields(&request.keyspace, &request.shard, |shard| {
                shard.is_primary_serving = request.is_serving;
                Ok(())
            })
            .await;
        keyspace_lock.unlock().await?;
        Ok(SetShardIsPrimaryServingResponse { shard: Some(changed?.message) })
    }

    /// Sets which tables a shard's tablets of a type deny, or whether they serve at all.
    pub async fn set_shard_tablet_control(
        &self,
        request: SetShardTabletControlRequest,
    ) -> Result<SetShardTabletControlResponse> {
        shard_of(&request.keyspace, &request.shard)?;
        if request.tablet_type == 0 {
            return Err(invalid("the request names no tablet type"));
        }
        if request.disable_query_service && !request.denied_tables.is_empty() {
            return Err(invalid("cannot both disable the query service and deny tables"));
        }
        let lock = self.topo.lock_keyspace(&request.keyspace, "SetShardTabletControl").await?;
        let changed = self.set_tablet_control_locked(&request, &lock).await;
        lock.unlock().await?;
        changed
    }

    async fn set_tablet_control_locked(
        &self,
        request: &SetShardTabletControlRequest,
        lock: &LockGuard,
    ) -> Result<SetShardTabletControlResponse> {
        let change = if request.remove { DeniedTables::Remove } else { DeniedTables::Add };
        let record = self
            .topo
            .update_shard_fields(&request.keyspace, &request.shard, |shard| {
                if request.denied_tables.is_empty() && !request.remove {
                    return Err(TopoError::NoUpdateNeeded(request.shard.clone()));
                }
                change_denied_tables(
                    shard,
                    request.tablet_type(),
                    &request.cells,
                    &request.denied_tables,
                    change,
                )
            })
            .await?;
        if request.denied_tables.is_empty() {
            let (target, shards) =
                ((request.keyspace.as_str(), request.tablet_type()), [record.clone()]);
            let disabled = request.disable_query_service && !request.remove;
            self.topo
                .set_query_service_disabled(target, &shards, &request.cells, disabled, lock)
                .await?;
        }
        Ok(SetShardTabletControlResponse { shard: Some(record.message) })
    }
}
