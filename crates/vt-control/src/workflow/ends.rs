//! The shards at the ends of a workflow that is being made.

use vt_base::{Error, Result};
use vt_reparent::Cluster;
use vt_topo::ShardRecord;

use super::snapshot::ShardEnd;
use crate::Control;
use crate::control::{invalid, refused};

/// Returns the serving shards of a keyspace, in order of key range; only those of `wanted`, if any.
pub(super) async fn serving_shards(
    cluster: &Cluster,
    keyspace: &str,
    wanted: &[String],
) -> Result<Vec<ShardRecord>> {
    let mut shards = cluster.topo.get_serving_shards(keyspace).await?;
    for name in wanted {
        if !shards.iter().any(|one| one.name == *name) {
            let names: Vec<&str> = shards.iter().map(|one| one.name.as_str()).collect();
            return Err(invalid(format!(
                "there is no serving shard {name} in keyspace {keyspace}; it serves {}",
                names.join(", ")
            )));
        }
    }
    shards.retain(|one| wanted.is_empty() || wanted.contains(&one.name));
    Ok(shards)
}

/// Opens the way to the primaries of shards.
pub(super) async fn ends(cluster: &Cluster, shards: Vec<ShardRecord>) -> Result<Vec<ShardEnd>> {
    let mut ends = Vec::with_capacity(shards.len());
    for record in shards {
        let (keyspace, shard) = (&record.keyspace, &record.name);
        let Some(alias) = record.primary_alias() else {
            return Err(refused(format!(
                "shard {keyspace}/{shard} has no primary; run PlannedReparentShard {keyspace}/{shard}"
            )));
        };
        let primary = cluster.tablet(&alias).await?;
        ends.push(ShardEnd { record, primary });
    }
    Ok(ends)
}

impl Control {
    /// Says that a keyspace must be there.
    pub(super) async fn check_keyspace(&self, what: &str, keyspace: &str) -> Result<()> {
        if keyspace.is_empty() {
            return Err(invalid(format!("the {what} keyspace must be named")));
        }
        match self.topo.get_keyspace(keyspace).await {
            Ok(_) => Ok(()),
            Err(err) if err.is_no_node() => {
                let there = self.topo.get_keyspaces().await?.join(", ");
                Err(Error::from(err)
                    .context(format!("there is no {what} keyspace {keyspace}; there are {there}")))
            }
            Err(err) => Err(err.into()),
        }
    }
}
