//! RemoveShardCell: takes a cell out of a shard.

use vt_base::Result;
use vt_proto::vtctldata::{RemoveShardCellRequest, RemoveShardCellResponse};
use vt_topo::records::tablet::TabletFilter;

use crate::Control;
use crate::control::{refused, shard_of};

impl Control {
    pub async fn remove_shard_cell(
        &self,
        request: RemoveShardCellRequest,
    ) -> Result<RemoveShardCellResponse> {
        let shard = shard_of(&request.keyspace, &request.shard_name)?;
        let lock =
            self.topo.lock_shard(&request.keyspace, &request.shard_name, "RemoveShardCell").await?;
        let removed = self.remove_shard_cell_locked(&request).await;
        lock.unlock().await?;
        removed.map_err(|err| {
            err.context(format!("cannot remove cell {} from {shard}", request.cell))
        })?;
        Ok(RemoveShardCellResponse {})
    }

    async fn remove_shard_cell_locked(&self, request: &RemoveShardCellRequest) -> Result<()> {
        let record = self.topo.get_shard(&request.keyspace, &request.shard_name).await?;
        if let Some(primary) = record.primary_alias().filter(|one| *one.cell == *request.cell) {
            return Err(refused(format!(
                "the primary {primary} is in that cell; move it with PlannedReparentShard --allow-cross-cell-promotion first"
            )));
        }
        let filter = TabletFilter {
            keyspace: Some(request.keyspace.clone()),
            shard: Some(request.shard_name.clone()),
            cells: vec![request.cell.clone()],
        };
        let found = self.topo.find_tablets(&filter).await?.complete();
        let tablets = match found {
            // Without the cell's store only the global records can be put right.
            Err(err) if request.force => {
                tracing::warn!(cell = request.cell, %err, "cell cannot be read; its tablets are not looked at");
                return Ok(());
            }
            other => other?,
        };
        if !tablets.is_empty() && !request.recursive {
            return Err(refused(format!(
                "{} tablets are still in the cell; pass --recursive to delete their records too",
                tablets.len()
            )));
        }
        for tablet in &tablets {
            self.topo.delete_tablet(&tablet.alias()).await?;
        }
        match self
            .topo
            .delete_shard_replication(&request.cell, &request.keyspace, &request.shard_name)
            .await
        {
            Err(err) if !err.is_no_node() && !request.force => Err(err.into()),
            _ => Ok(()),
        }
    }
}
