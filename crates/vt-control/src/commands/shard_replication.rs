//! GetShardReplication, ShardReplicationAdd, -Remove, -Fix: the lists of tablets in the cells.

use std::collections::BTreeMap;

use vt_base::Result;
use vt_proto::topodata::{ShardReplicationError, shard_replication_error::Type};
use vt_proto::vtctldata::*;
use vt_topo::records::shard_replication::ReplicationProblem;

use crate::Control;
use crate::control::{required_alias, shard_of};

impl Control {
    pub async fn get_shard_replication(
        &self,
        request: GetShardReplicationRequest,
    ) -> Result<GetShardReplicationResponse> {
        shard_of(&request.keyspace, &request.shard)?;
        let cells = match request.cells.is_empty() {
            true => self.topo.get_cell_names().await?,
            false => request.cells.clone(),
        };
        let mut shard_replication_by_cell = BTreeMap::new();
        for cell in cells {
            match self.topo.get_shard_replication(&cell, &request.keyspace, &request.shard).await {
                Err(err) if err.is_no_node() && request.cells.is_empty() => {}
                other => drop(shard_replication_by_cell.insert(cell, other?)),
            }
        }
        Ok(GetShardReplicationResponse { shard_replication_by_cell })
    }

    pub async fn shard_replication_add(
        &self,
        request: ShardReplicationAddRequest,
    ) -> Result<ShardReplicationAddResponse> {
        shard_of(&request.keyspace, &request.shard)?;
        let alias = required_alias(request.tablet_alias.as_ref())?;
        self.topo.add_shard_replication(&request.keyspace, &request.shard, &alias).await?;
        Ok(ShardReplicationAddResponse {})
    }

    pub async fn shard_replication_remove(
        &self,
        request: ShardReplicationRemoveRequest,
    ) -> Result<ShardReplicationRemoveResponse> {
        shard_of(&request.keyspace, &request.shard)?;
        let alias = required_alias(request.tablet_alias.as_ref())?;
        self.topo.remove_shard_replication(&request.keyspace, &request.shard, &alias).await?;
        Ok(ShardReplicationRemoveResponse {})
    }

    pub async fn shard_replication_fix(
        &self,
        request: ShardReplicationFixRequest,
    ) -> Result<ShardReplicationFixResponse> {
        shard_of(&request.keyspace, &request.shard)?;
        let problem = self
            .topo
            .fix_shard_replication(&request.cell, &request.keyspace, &request.shard)
            .await?;
        let error = problem.map(|problem| {
            let (kind, alias) = match problem {
                ReplicationProblem::NotFound(alias) => (Type::NotFound, alias),
                ReplicationProblem::Mismatch(alias) => (Type::TopologyMismatch, alias),
            };
            ShardReplicationError { r#type: kind as i32, tablet_alias: Some((&alias).into()) }
        });
        Ok(ShardReplicationFixResponse { error })
    }
}
