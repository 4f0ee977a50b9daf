//! Routing rules of tables, shards and keyspaces, and mirror rules. Absent rules are empty rules.

use vt_proto::vschema::{KeyspaceRoutingRules, MirrorRules, RoutingRules, ShardRoutingRules};

use crate::paths;
use crate::server::{read_or_default, write};
use crate::store::Expect;
use crate::{Result, TopoServer};

impl TopoServer {
    pub async fn get_routing_rules(&self) -> Result<RoutingRules> {
        read_or_default(self.global().as_ref(), paths::ROUTING_RULES).await
    }

    pub async fn save_routing_rules(&self, rules: &RoutingRules) -> Result<()> {
        self.save_rules(paths::ROUTING_RULES, rules, rules.rules.is_empty()).await
    }

    pub async fn get_shard_routing_rules(&self) -> Result<ShardRoutingRules> {
        read_or_default(self.global().as_ref(), paths::SHARD_ROUTING_RULES).await
    }

    pub async fn save_shard_routing_rules(&self, rules: &ShardRoutingRules) -> Result<()> {
        self.save_rules(paths::SHARD_ROUTING_RULES, rules, rules.rules.is_empty()).await
    }

    pub async fn get_keyspace_routing_rules(&self) -> Result<KeyspaceRoutingRules> {
        read_or_default(self.global().as_ref(), paths::KEYSPACE_ROUTING_RULES).await
    }

    pub async fn save_keyspace_routing_rules(&self, rules: &KeyspaceRoutingRules) -> Result<()> {
        self.save_rules(paths::KEYSPACE_ROUTING_RULES, rules, rules.rules.is_empty()).await
    }

    pub async fn get_mirror_rules(&self) -> Result<MirrorRules> {
        read_or_default(self.global().as_ref(), paths::MIRROR_RULES).await
    }

    pub async fn save_mirror_rules(&self, rules: &MirrorRules) -> Result<()> {
        self.save_rules(paths::MIRROR_RULES, rules, rules.rules.is_empty()).await
    }

    /// Rules without a rule are stored as no record: some stores cannot hold an empty value.
    async fn save_rules<M: prost::Message>(
        &self,
        path: &str,
        rules: &M,
        is_empty: bool,
    ) -> Result<()> {
        if !is_empty {
            write(self.global().as_ref(), path, rules).await?;
            return Ok(());
        }
        match self.global().delete(path, Expect::Any).await {
            Err(err) if !err.is_no_node() => Err(err),
            _ => Ok(()),
        }
    }
}
