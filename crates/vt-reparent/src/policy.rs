//! The policy of a keyspace whose maker named none: its writes are to be on a second tablet as soon as
//! there is one.

use vt_base::{Result, TabletType};
use vt_recovery::Durability;
use vt_topo::{TabletRecord, TopoError};

use crate::Cluster;

impl Cluster {
    /// Gives a keyspace without a policy `semi_sync` if each of its shards has a second tablet, and
    /// writes that down; returns the policy that holds now.
    ///
    /// Whoever calls it has seen that a shard's second tablet is there. With one tablet in some shard
    /// nobody would acknowledge its writes.
    pub async fn settle_durability(&self, keyspace: &str) -> Result<Durability> {
        let record = self.topo.get_keyspace(keyspace).await?;
        if record.names_policy() || record.is_snapshot() {
            return record.durability_policy().parse();
        }
        for shard in self.topo.find_all_shards_in_keyspace(keyspace).await? {
            let tablets = self.topo.get_tablets_by_shard(keyspace, &shard.name).await?;
            if !has_second(&tablets) {
                return Ok(Durability::None);
            }
        }
        let policy = Durability::SemiSync.name();
        let changed = self.topo.update_keyspace_fields(keyspace, |record| {
            if !record.durability_policy.is_empty() {
                return Err(TopoError::NoUpdateNeeded(keyspace.to_owned()));
            }
            policy.clone_into(&mut record.durability_policy);
            Ok(())
        });
        changed.await?;
        tracing::info!(keyspace, policy, "every shard has a second tablet: writes wait for it");
        self.durability(keyspace).await
    }
}

/// Returns whether a shard has a tablet that may acknowledge besides its primary.
fn has_second(tablets: &[TabletRecord]) -> bool {
    let counts = |one: &&TabletRecord| {
        matches!(one.tablet_type(), TabletType::Primary | TabletType::Replica)
    };
    tablets.iter().filter(counts).count() >= 2
}
