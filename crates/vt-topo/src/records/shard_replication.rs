//! The list, in each cell, of a shard's tablets there.

use vt_base::TabletAlias;
use vt_proto::topodata::{ShardReplication, shard_replication::Node};

use crate::paths;
use crate::server::{Missing, read, update};
use crate::store::Expect;
use crate::{Result, TopoError, TopoServer};

/// What was wrong with an entry that [`TopoServer::fix_shard_replication`] removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplicationProblem {
    /// The tablet does not exist.
    NotFound(TabletAlias),
    /// The tablet is of another shard.
    Mismatch(TabletAlias),
}

impl TopoServer {
    pub async fn get_shard_replication(
        &self,
        cell: &str,
        keyspace: &str,
        shard: &str,
    ) -> Result<ShardReplication> {
        let store = self.cell(cell).await?;
        Ok(read(store.as_ref(), &paths::shard_replication(keyspace, shard)).await?.0)
    }

    /// Lists a tablet in its cell; a tablet that is listed already stays where it is.
    pub async fn add_shard_replication(
        &self,
        keyspace: &str,
        shard: &str,
        alias: &TabletAlias,
    ) -> Result<()> {
        let store = self.cell(&alias.cell).await?;
        let path = paths::shard_replication(keyspace, shard);
        update(store.as_ref(), &path, Missing::Create, |list: &mut ShardReplication| {
            if list.nodes.iter().any(|node| is_of(node, alias)) {
                return Err(TopoError::NoUpdateNeeded(path.clone()));
            }
            list.nodes.push(Node { tablet_alias: Some(alias.into()) });
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Takes a tablet off its cell's list; a list that does not exist is as good.
    pub async fn remove_shard_replication(
        &self,
        keyspace: &str,
        shard: &str,
        alias: &TabletAlias,
    ) -> Result<()> {
        let store = self.cell(&alias.cell).await?;
        let path = paths::shard_replication(keyspace, shard);
        let removed =
            update(store.as_ref(), &path, Missing::Fail, |list: &mut ShardReplication| {
                if !list.nodes.iter().any(|node| is_of(node, alias)) {
                    return Err(TopoError::NoUpdateNeeded(path.clone()));
                }
                list.nodes.retain(|node| !is_of(node, alias));
                Ok(())
            })
            .await;
        match removed {
            Err(err) if !err.is_no_node() => Err(err),
            _ => Ok(()),
        }
    }

    pub async fn delete_shard_replication(
        &self,
        cell: &str,
        keyspace: &str,
        shard: &str,
    ) -> Result<()> {
        let store = self.cell(cell).await?;
        store.delete(&paths::shard_replication(keyspace, shard), Expect::Any).await
    }

    /// Finds the first entry that names no tablet of the shard, and removes it.
    pub async fn fix_shard_replication(
        &self,
        cell: &str,
        keyspace: &str,
        shard: &str,
    ) -> Result<Option<ReplicationProblem>> {
        for node in self.get_shard_replication(cell, keyspace, shard).await?.nodes {
            let Some(alias) = node.tablet_alias.as_ref().map(TabletAlias::from) else { continue };
            let problem = match self.get_tablet(&alias).await {
                Err(err) if err.is_no_node() => ReplicationProblem::NotFound(alias.clone()),
                Err(err) => return Err(err),
                Ok(found) if found.message.keyspace != keyspace || found.message.shard != shard => {
                    ReplicationProblem::Mismatch(alias.clone())
                }
                Ok(_) => continue,
            };
            self.remove_shard_replication(keyspace, shard, &alias).await?;
            return Ok(Some(problem));
        }
        Ok(None)
    }
}

fn is_of(node: &Node, alias: &TabletAlias) -> bool {
    node.tablet_alias.as_ref().is_some_and(|one| TabletAlias::from(one) == *alias)
}
