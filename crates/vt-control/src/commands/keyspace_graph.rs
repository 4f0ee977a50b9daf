//! RebuildKeyspaceGraph, RemoveKeyspaceCell.

use vt_base::Result;
use vt_proto::vtctldata::*;
use vt_topo::records::srv_keyspace::Gaps;

use crate::Control;

impl Control {
    pub async fn rebuild_keyspace_graph(
        &self,
        request: RebuildKeyspaceGraphRequest,
    ) -> Result<RebuildKeyspaceGraphResponse> {
        let gaps = if request.allow_partial { Gaps::AllowedForSnapshots } else { Gaps::Refused };
        self.topo.rebuild_srv_keyspace(&request.keyspace, &request.cells, gaps).await?;
        Ok(RebuildKeyspaceGraphResponse {})
    }

    /// Takes a cell out of all shards of a keyspace, and its serving record there.
    pub async fn remove_keyspace_cell(
        &self,
        request: RemoveKeyspaceCellRequest,
    ) -> Result<RemoveKeyspaceCellResponse> {
        for shard in self.topo.get_shard_names(&request.keyspace).await? {
            let of_shard = RemoveShardCellRequest {
                keyspace: request.keyspace.clone(),
                shard_name: shard,
                cell: request.cell.clone(),
                force: request.force,
                recursive: request.recursive,
            };
            self.remove_shard_cell(of_shard).await?;
        }
        match self.topo.delete_srv_keyspace(&request.cell, &request.keyspace).await {
            Err(err) if !err.is_no_node() => Err(err.into()),
            _ => Ok(RemoveKeyspaceCellResponse {}),
        }
    }
}
