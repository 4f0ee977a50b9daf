//! Get and Apply of RoutingRules, ShardRoutingRules and KeyspaceRoutingRules; GetMirrorRules.

use std::collections::BTreeSet;

use vt_base::Result;
use vt_proto::vtctldata::*;

use crate::Control;
use crate::control::invalid;

impl Control {
    pub async fn get_routing_rules(
        &self,
        _request: GetRoutingRulesRequest,
    ) -> Result<GetRoutingRulesResponse> {
        Ok(GetRoutingRulesResponse { routing_rules: Some(self.topo.get_routing_rules().await?) })
    }

    pub async fn apply_routing_rules(
        &self,
        request: ApplyRoutingRulesRequest,
    ) -> Result<ApplyRoutingRulesResponse> {
        let rules = request.routing_rules.unwrap_or_default();
        for rule in &rules.rules {
            if rule.from_table.is_empty() {
                return Err(invalid("a routing rule needs from_table"));
            }
        }
        no_duplicates("routing rule", rules.rules.iter().map(|rule| rule.from_table.as_str()))?;
        self.topo.save_routing_rules(&rules).await?;
        self.rebuild_unless(request.skip_rebuild, &request.rebuild_cells).await?;
        Ok(ApplyRoutingRulesResponse {})
    }

    pub async fn get_shard_routing_rules(
        &self,
        _request: GetShardRoutingRulesRequest,
    ) -> Result<GetShardRoutingRulesResponse> {
        let rules = self.topo.get_shard_routing_rules().await?;
        Ok(GetShardRoutingRulesResponse { shard_routing_rules: Some(rules) })
    }

    pub async fn apply_shard_routing_rules(
        &self,
        request: ApplyShardRoutingRulesRequest,
    ) -> Result<ApplyShardRoutingRulesResponse> {
        let rules = request.shard_routing_rules.unwrap_or_default();
        for rule in &rules.rules {
            if rule.from_keyspace.is_empty() || rule.to_keyspace.is_empty() || rule.shard.is_empty()
            {
                return Err(invalid(
                    "a shard routing rule needs from_keyspace, to_keyspace and shard",
                ));
            }
        }
        let sources: Vec<String> = rules
            .rules
            .iter()
            .map(|rule| format!("{}/{}", rule.from_keyspace, rule.shard))
            .collect();
        no_duplicates("shard routing rule", sources.iter().map(String::as_str))?;
        self.topo.save_shard_routing_rules(&rules).await?;
        self.rebuild_unless(request.skip_rebuild, &request.rebuild_cells).await?;
        Ok(ApplyShardRoutingRulesResponse {})
    }

    pub async fn get_keyspace_routing_rules(
        &self,
        _request: GetKeyspaceRoutingRulesRequest,
    ) -> Result<GetKeyspaceRoutingRulesResponse> {
        let rules = self.topo.get_keyspace_routing_rules().await?;
        Ok(GetKeyspaceRoutingRulesResponse { keyspace_routing_rules: Some(rules) })
    }

    pub async fn apply_keyspace_routing_rules(
        &self,
        request: ApplyKeyspaceRoutingRulesRequest,
    ) -> Result<ApplyKeyspaceRoutingRulesResponse> {
        let rules = request.keyspace_routing_rules.unwrap_or_default();
        for rule in &rules.rules {
            if rule.from_keyspace.is_empty() || rule.to_keyspace.is_empty() {
                return Err(invalid("a keyspace routing rule needs from_keyspace and to_keyspace"));
            }
        }
        no_duplicates(
            "keyspace routing rule",
            rules.rules.iter().map(|rule| rule.from_keyspace.as_str()),
        )?;
        let lock = self.topo.lock_routing_rules("ApplyKeyspaceRoutingRules").await?;
        let saved = self.topo.save_keyspace_routing_rules(&rules).await;
        lock.unlock().await?;
        saved?;
        self.rebuild_unless(request.skip_rebuild, &request.rebuild_cells).await?;
        Ok(ApplyKeyspaceRoutingRulesResponse { keyspace_routing_rules: Some(rules) })
    }

    pub async fn get_mirror_rules(
        &self,
        _request: GetMirrorRulesRequest,
    ) -> Result<GetMirrorRulesResponse> {
        Ok(GetMirrorRulesResponse { mirror_rules: Some(self.topo.get_mirror_rules().await?) })
    }

    async fn rebuild_unless(&self, skip: bool, cells: &[String]) -> Result<()> {
        if skip {
            tracing::warn!("rules are saved; gateways see them after RebuildVSchemaGraph");
            return Ok(());
        }
        Ok(self.topo.rebuild_srv_vschema(cells).await?)
    }
}

fn no_duplicates<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(invalid(format!("there is more than one {what} for {name}")));
        }
    }
    Ok(())
}
