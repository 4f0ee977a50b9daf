//! CreateShard, GetShard, DeleteShards.

use vt_base::{Error, Result};
use vt_proto::topodata;
use vt_proto::vtctldata::*;
use vt_topo::{ShardRecord, TabletRecord};

use crate::Control;
use crate::control::{invalid, refused, shard_of};

/// Whether a shard's tablets go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recursive {
    Yes,
    No,
}

/// Whether a shard may go that the serving graph names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EvenIfServing {
    Yes,
    No,
}

impl Control {
    pub async fn create_shard(&self, request: CreateShardRequest) -> Result<CreateShardResponse> {
        shard_of(&request.keyspace, &request.shard_name)?;
        if request.include_parent {
            let keyspace = CreateKeyspaceRequest {
                name: request.keyspace.clone(),
                force: true,
                ..CreateKeyspaceRequest::default()
            };
            match self.topo.get_keyspace(&request.keyspace).await {
                Err(err) if err.is_no_node() => {
                    self.create_keyspace(keyspace).await?;
                }
                other => drop(other?),
            }
        }
        let keyspace = self.topo.get_keyspace(&request.keyspace).await?;
        let (record, shard_already_exists) =
            match self.topo.create_shard(&request.keyspace, &request.shard_name).await {
                Err(err) if err.is_node_exists() && request.force => {
                    (self.topo.get_shard(&request.keyspace, &request.shard_name).await?, true)
                }
                Err(err) if err.is_node_exists() => {
                    return Err(Error::from(err).context(format!(
                        "shard {}/{} exists already; pass --force to go on all the same",
                        request.keyspace, request.shard_name
                    )));
                }
                other => (other?, false),
            };
        Ok(CreateShardResponse {
            keyspace: Some(Keyspace { name: keyspace.name, keyspace: Some(keyspace.message) }),
            shard: Some(message(record)),
            shard_already_exists,
        })
    }

    pub async fn get_shard(&self, request: GetShardRequest) -> Result<GetShardResponse> {
        shard_of(&request.keyspace, &request.shard_name)?;
        let record = self.topo.get_shard(&request.keyspace, &request.shard_name).await?;
        Ok(GetShardResponse { shard: Some(message(record)) })
    }

    pub async fn delete_shards(
        &self,
        request: DeleteShardsRequest,
    ) -> Result<DeleteShardsResponse> {
        if request.shards.is_empty() {
            return Err(invalid("the request names no shard"));
        }
        let recursive = if request.recursive { Recursive::Yes } else { Recursive::No };
        let serving = if request.even_if_serving { EvenIfServing::Yes } else { EvenIfServing::No };
        for shard in &request.shards {
            let lock = match self.topo.lock_shard(&shard.keyspace, &shard.name, "DeleteShard").await
            {
                Ok(lock) => Some(lock),
                Err(err) if request.force && !err.is_no_node() => {
                    tracing::warn!(keyspace = shard.keyspace, shard = shard.name, %err, "shard is deleted without its lock");
                    None
                }
                Err(err) => return Err(err.into()),
            };
            let deleted =
                self.delete_shard_records(&shard.keyspace, &shard.name, recursive, serving).await;
            if let Some(lock) = lock {
                // The lock lay in the folder that is gone.
                let _released = lock.unlock().await;
            }
            deleted?;
        }
        Ok(DeleteShardsResponse {})
    }

    /// Deletes a shard, its tablets where that is asked for, and its lists in the cells.
    pub(crate) async fn delete_shard_records(
        &self,
        keyspace: &str,
        shard: &str,
        recursive: Recursive,
        serving: EvenIfServing,
    ) -> Result<()> {
        let record = self.topo.get_shard(keyspace, shard).await?;
        let cells = self.topo.get_cell_names().await?;
        if serving == EvenIfServing::No {
            self.check_not_serving(&record, &cells).await?;
        }
        let tablets = self.topo.get_tablets_by_shard(keyspace, shard).await?;
        if !tablets.is_empty() && recursive == Recursive::No {
            let names: Vec<String> = tablets.iter().map(|one| one.alias().to_string()).collect();
            return Err(refused(format!(
                "shard {keyspace}/{shard} still has {} tablets ({}); use Recursive=true or remove them manually",
                tablets.len(),
                names.join(", ")
            )));
        }
        for tablet in tablets.iter().map(TabletRecord::alias) {
            match self.topo.delete_tablet(&tablet).await {
                Err(err) if !err.is_no_node() => return Err(err.into()),
                _ => {}
            }
        }
        for cell in &cells {
            match self.topo.delete_shard_replication(cell, keyspace, shard).await {
                Err(err) if !err.is_no_node() => return Err(err.into()),
                _ => {}
            }
        }
        Ok(self.topo.delete_shard(keyspace, shard).await?)
    }

    async fn check_not_serving(&self, shard: &ShardRecord, cells: &[String]) -> Result<()> {
        for (cell, srv) in self.topo.get_srv_keyspaces(&shard.keyspace, cells).await? {
            let named = srv
                .partitions
                .iter()
                .flat_map(|part| &part.shard_references)
                .any(|reference| reference.name == shard.name);
            if named {
                return Err(refused(format!(
                    "shard {}/{} is still serving in cell {cell}, cannot delete it; use EvenIfServing flag if needed",
                    shard.keyspace, shard.name
                )));
            }
        }
        Ok(())
    }
}

pub(crate) fn message(record: ShardRecord) -> Shard {
    let shard: topodata::Shard = record.message;
    Shard { keyspace: record.keyspace, name: record.name, shard: Some(shard) }
}
