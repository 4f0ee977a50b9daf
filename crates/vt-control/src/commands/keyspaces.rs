//! GetKeyspace(s), SetKeyspaceDurabilityPolicy, FindAllShardsInKeyspace.

use vt_base::Result;
use vt_proto::vtctldata::*;
use vt_recovery::Durability;
use vt_topo::KeyspaceRecord;

use crate::Control;

impl Control {
    pub async fn get_keyspace(&self, request: GetKeyspaceRequest) -> Result<GetKeyspaceResponse> {
        let record = self.topo.get_keyspace(&request.keyspace).await?;
        Ok(GetKeyspaceResponse { keyspace: Some(message(record)) })
    }

    pub async fn get_keyspaces(
        &self,
        _request: GetKeyspacesRequest,
    ) -> Result<GetKeyspacesResponse> {
        let mut keyspaces = Vec::new();
        for name in self.topo.get_keyspaces().await? {
            match self.topo.get_keyspace(&name).await {
                // It was deleted since the names were read.
                Err(err) if err.is_no_node() => {}
                other => keyspaces.push(message(other?)),
            }
        }
        Ok(GetKeyspacesResponse { keyspaces })
    }

    pub async fn set_keyspace_durability_policy(
        &self,
        request: SetKeyspaceDurabilityPolicyRequest,
    ) -> Result<SetKeyspaceDurabilityPolicyResponse> {
        let policy: Durability = request.durability_policy.parse()?;
        let lock =
            self.topo.lock_keyspace(&request.keyspace, "SetKeyspaceDurabilityPolicy").await?;
        let changed = self
            .topo
            .update_keyspace_fields(&request.keyspace, |keyspace| {
                policy.name().clone_into(&mut keyspace.durability_policy);
                Ok(())
            })
            .await;
        lock.unlock().await?;
        Ok(SetKeyspaceDurabilityPolicyResponse { keyspace: Some(changed?.message) })
    }

    pub async fn find_all_shards_in_keyspace(
        &self,
        request: FindAllShardsInKeyspaceRequest,
    ) -> Result<FindAllShardsInKeyspaceResponse> {
        let shards = self.topo.find_all_shards_in_keyspace(&request.keyspace).await?;
        let by_name = shards.into_iter().map(|record| {
            let shard = Shard {
                keyspace: record.keyspace,
                name: record.name.clone(),
                shard: Some(record.message),
            };
            (record.name, shard)
        });
        Ok(FindAllShardsInKeyspaceResponse { shards: by_name.collect() })
    }
}

fn message(record: KeyspaceRecord) -> Keyspace {
    Keyspace { name: record.name, keyspace: Some(record.message) }
}
