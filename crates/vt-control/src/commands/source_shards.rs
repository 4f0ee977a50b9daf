//! SourceShardAdd, SourceShardDelete: where a shard copies from, in its record.

use vt_base::Result;
use vt_proto::topodata::shard::SourceShard;
use vt_proto::vtctldata::*;
use vt_topo::TopoError;

use crate::Control;
use crate::control::shard_of;

impl Control {
    pub async fn source_shard_add(
        &self,
        request: SourceShardAddRequest,
    ) -> Result<SourceShardAddResponse> {
        let shard = shard_of(&request.keyspace, &request.shard)?;
        let source = SourceShard {
            uid: request.uid,
            keyspace: request.source_keyspace.clone(),
            shard: request.source_shard.clone(),
            key_range: request.key_range.clone(),
            tables: request.tables.clone(),
        };
        let action = format!("SourceShardAdd({})", request.uid);
        let lock = self.topo.lock_shard(&request.keyspace, &request.shard, &action).await?;
        let changed = self
            .topo
            .update_shard_fields(&request.keyspace, &request.shard, |record| {
                if record.source_shards.iter().any(|one| one.uid == request.uid) {
                    return Err(TopoError::Refused(format!(
                        "shard {shard} has a source with the uid {} already",
                        request.uid
                    )));
                }
                record.source_shards.push(source.clone());
                Ok(())
            })
            .await;
        lock.unlock().await?;
        Ok(SourceShardAddResponse { shard: Some(changed?.message) })
    }

    pub async fn source_shard_delete(
        &self,
        request: SourceShardDeleteRequest,
    ) -> Result<SourceShardDeleteResponse> {
        let shard = shard_of(&request.keyspace, &request.shard)?;
        let action = format!("SourceShardDelete({})", request.uid);
        let lock = self.topo.lock_shard(&request.keyspace, &request.shard, &action).await?;
        let changed = self
            .topo
            .update_shard_fields(&request.keyspace, &request.shard, |record| {
                let before = record.source_shards.len();
                record.source_shards.retain(|one| one.uid != request.uid);
                if record.source_shards.len() == before {
                    return Err(TopoError::Refused(format!(
                        "shard {shard} has no source with the uid {}",
                        request.uid
                    )));
                }
                Ok(())
            })
            .await;
        lock.unlock().await?;
        Ok(SourceShardDeleteResponse { shard: Some(changed?.message) })
    }
}
