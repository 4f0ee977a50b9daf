//! StartReplication, StopReplication, ShardReplicationPositions.

use std::collections::BTreeMap;

use vt_base::{Result, TabletType};
use vt_proto::vtctldata::*;
use vt_proto::{replicationdata, tabletmanagerdata as tm};
use vt_topo::TabletRecord;

use crate::Control;
use crate::control::{required_alias, shard_of};
use vt_reparent::tablets::all;

impl Control {
    pub async fn start_replication(
        &self,
        request: StartReplicationRequest,
    ) -> Result<StartReplicationResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let tablet = self.tablet(&alias).await?;
        let semi_sync = self.acks_as(&tablet.record, tablet.record.tablet_type()).await?;
        tablet.start_replication(tm::StartReplicationRequest { semi_sync }).await?;
        Ok(StartReplicationResponse {})
    }

    pub async fn stop_replication(
        &self,
        request: StopReplicationRequest,
    ) -> Result<StopReplicationResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        self.tablet(&alias).await?.stop_replication(tm::StopReplicationRequest {}).await?;
        Ok(StopReplicationResponse {})
    }

    /// Returns whether a tablet acknowledges its shard's writes as a tablet of that type.
    pub(crate) async fn acks_as(
        &self,
        tablet: &TabletRecord,
        tablet_type: TabletType,
    ) -> Result<bool> {
        let message = &tablet.message;
        let durability = self.durability(&message.keyspace).await?;
        let shard = self.topo.get_shard(&message.keyspace, &message.shard).await?;
        let primary = shard.primary_alias();
        Ok(primary.is_some_and(|one| durability.may_ack(&one, &tablet.alias(), tablet_type)))
    }

    /// Asks every tablet of a shard where it stands; one that does not answer has no status.
    pub async fn shard_replication_positions(
        &self,
        request: ShardReplicationPositionsRequest,
    ) -> Result<ShardReplicationPositionsResponse> {
        let shard = shard_of(&request.keyspace, &request.shard)?;
        self.topo.get_shard(&request.keyspace, &request.shard).await?;
        let mut tablet_map = BTreeMap::new();
        let mut replication_statuses = BTreeMap::new();
        let calls = all(
            self.options.concurrency,
            self.shard_tablets(&shard)
                .await?
                .into_iter()
                .map(async |record| (self.replication_status_of(&record).await, record)),
        );
        for (status, record) in calls.await {
            let alias = record.alias().to_string();
            match status {
                Ok(status) => drop(replication_statuses.insert(alias.clone(), status)),
                Err(err) => tracing::warn!(tablet = alias, %err, "no replication status"),
            }
            tablet_map.insert(alias, record.message);
        }
        Ok(ShardReplicationPositionsResponse { replication_statuses, tablet_map })
    }

    async fn replication_status_of(
        &self,
        record: &TabletRecord,
    ) -> Result<replicationdata::Status> {
        let tablet = self.connect(record.clone())?;
        if record.is_primary() {
            let position = tablet.primary_position(tm::PrimaryPositionRequest {}).await?.position;
            return Ok(replicationdata::Status { position, ..Default::default() });
        }
        let reply = tablet.replication_status(tm::ReplicationStatusRequest {}).await?;
        Ok(reply.status.unwrap_or_default())
    }
}
