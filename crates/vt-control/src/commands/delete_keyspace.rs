//! DeleteKeyspace: the record, and with `recursive` all shards and tablets.

use vt_base::{Error, Result};
use vt_proto::vtctldata::{DeleteKeyspaceRequest, DeleteKeyspaceResponse};
use vt_topo::LockGuard;

use crate::Control;
use crate::commands::shards::{EvenIfServing, Recursive};
use crate::control::refused;

impl Control {
    pub async fn delete_keyspace(
        &self,
        request: DeleteKeyspaceRequest,
    ) -> Result<DeleteKeyspaceResponse> {
        let lock = match self.topo.lock_keyspace(&request.keyspace, "DeleteKeyspace").await {
            Ok(lock) => Some(lock),
            Err(err) if request.force && !err.is_no_node() => {
                tracing::warn!(keyspace = request.keyspace, %err, "keyspace is deleted without its lock");
                None
            }
            Err(err) => {
                let context = format!(
                    "failed to lock {}; pass --force to delete it without the lock",
                    request.keyspace
                );
                return Err(Error::from(err).context(context));
            }
        };
        let deleted = self.delete_keyspace_locked(&request, lock.as_ref()).await;
        if let Some(lock) = lock {
            // The lock lay in the folder that is gone; that it cannot be released is no fault.
            let _released = lock.unlock().await;
        }
        deleted?;
        self.topo.rebuild_srv_vschema(&[]).await?;
        Ok(DeleteKeyspaceResponse {})
    }

    async fn delete_keyspace_locked(
        &self,
        request: &DeleteKeyspaceRequest,
        lock: Option<&LockGuard>,
    ) -> Result<()> {
        let keyspace = request.keyspace.as_str();
        self.topo.get_keyspace(keyspace).await?;
        let shards = self.topo.get_shard_names(keyspace).await?;
        if !shards.is_empty() && !request.recursive {
            return Err(refused(format!(
                "keyspace {keyspace} still has {} shards; use Recursive=true or remove them manually",
                shards.len()
            )));
        }
        for shard in &shards {
            self.delete_shard_records(keyspace, shard, Recursive::Yes, EvenIfServing::Yes).await?;
            if let Some(lock) = lock {
                lock.check().await?;
            }
        }
        for cell in self.topo.get_cell_names().await? {
            match self.topo.delete_srv_keyspace(&cell, keyspace).await {
                Err(err) if !err.is_no_node() => return Err(err.into()),
                _ => {}
            }
        }
        Ok(self.topo.delete_keyspace(keyspace).await?)
    }
}
