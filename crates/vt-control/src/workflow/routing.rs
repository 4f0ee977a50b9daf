//! The routing rules under which tables that are being moved stay where they are.

use vt_base::Result;
use vt_proto::vschema::{KeyspaceRoutingRule, RoutingRule, RoutingRules, ShardRoutingRule};
use vt_workflow::rules::Move;
use vt_workflow::step::Side;
use vt_workflow::{Place, ReadKind, Rules};

use crate::Control;
use crate::control::refused;

impl Control {
    /// Sends all that names the tables, in either keyspace or in none, to the source.
    ///
    /// A table that a rule sends to a third keyspace is being moved already, which is refused.
    pub(super) async fn route_to_source(&self, of: Move<'_>) -> Result<()> {
        let lock = self.topo.lock_routing_rules("MoveTablesCreate").await?;
        let changed = async {
            let mut rules = decode_rules(&self.topo.get_routing_rules().await?);
            check_rules(&rules, of)?;
            add_source_rules(&mut rules, of);
            Ok(self.topo.save_routing_rules(&encode_rules(&rules)).await?)
        }
        .await;
        lock.unlock().await?;
        changed
    }

    /// Refuses tables of which some traffic goes to the target.
    pub(super) async fn check_routes_lead_to_source(&self, of: Move<'_>) -> Result<()> {
        let rules = decode_rules(&self.topo.get_routing_rules().await?);
        let reads = [ReadKind::Rdonly, ReadKind::Replica].map(|kind| rules.reads(of, kind));
        let places = [rules.writes(of), reads[0], reads[1]];
        if places.iter().all(|place| *place == Place::Source) {
            return Ok(());
        }
        Err(refused(format!(
            "some traffic of the tables goes to keyspace {}; send it back with reversetraffic first",
            of.target
        )))
    }

    /// Tells whether some rule of the tables is there.
    pub(super) async fn has_routes(&self, of: Move<'_>) -> Result<bool> {
        Ok(decode_rules(&self.topo.get_routing_rules().await?).remove(of))
    }

    /// Takes the rules of tables out again.
    pub(super) async fn drop_routes(&self, of: Move<'_>) -> Result<()> {
        let lock = self.topo.lock_routing_rules("MoveTablesCreate").await?;
        let changed = async {
            let mut rules = decode_rules(&self.topo.get_routing_rules().await?);
            if rules.remove(of) {
                self.topo.save_routing_rules(&encode_rules(&rules)).await?;
            }
            Ok(())
        }
        .await;
        lock.unlock().await?;
        changed
    }

    /// Sends the shards of the target to the source, for those that have no rule yet: the move goes
    /// shard by shard.
    pub(super) async fn route_shards_to_source(&self, source: &str, target: &str) -> Result<()> {
        let shards = self.topo.get_serving_shards(source).await?;
        let lock = self.topo.lock_routing_rules("MoveTablesCreate").await?;
        let changed = async {
            let mut rules = self.topo.get_shard_routing_rules().await?;
            for shard in shards {
                let known = |rule: &ShardRoutingRule| {
                    let (from, to) = (rule.from_keyspace.as_str(), rule.to_keyspace.as_str());
                    rule.shard == shard.name
                        && [(source, target), (target, source)].contains(&(from, to))
                };
                if !rules.rules.iter().any(known) {
                    rules.rules.push(ShardRoutingRule {
                        from_keyspace: target.to_owned(),
                        to_keyspace: source.to_owned(),
                        shard: shard.name,
                    });
                }
            }
            Ok(self.topo.save_shard_routing_rules(&rules).await?)
        }
        .await;
        lock.unlock().await?;
        changed
    }

    /// Sends a keyspace whose tenant is being moved to itself, until its traffic is switched.
    pub(super) async fn route_keyspace_to_itself(&self, keyspace: &str) -> Result<()> {
        let lock = self.topo.lock_routing_rules("MoveTablesCreate").await?;
        let changed = async {
            let mut rules = self.topo.get_keyspace_routing_rules().await?;
            for kind in ["", "@rdonly", "@replica"] {
                let from_keyspace = format!("{keyspace}{kind}");
                if !rules.rules.iter().any(|rule| rule.from_keyspace == from_keyspace) {
                    let to_keyspace = keyspace.to_owned();
                    rules.rules.push(KeyspaceRoutingRule { from_keyspace, to_keyspace });
                }
            }
            Ok(self.topo.save_keyspace_routing_rules(&rules).await?)
        }
        .await;
        lock.unlock().await?;
        changed
    }
}

pub(super) fn decode_rules(rules: &RoutingRules) -> Rules {
    let rules = rules.rules.iter();
    Rules(rules.map(|rule| (rule.from_table.clone(), rule.to_tables.clone())).collect())
}

pub(super) fn encode_rules(rules: &Rules) -> RoutingRules {
    let rules = rules.0.iter().map(|(from_table, to_tables)| RoutingRule {
        from_table: from_table.clone(),
        to_tables: to_tables.clone(),
    });
    RoutingRules { rules: rules.collect() }
}

fn add_source_rules(rules: &mut Rules, of: Move<'_>) {
    rules.route_reads(of, &[ReadKind::Rdonly, ReadKind::Replica], Side::Source);
    for table in of.tables {
        let place = vec![format!("{}.{table}", of.source)];
        rules.0.insert(table.clone(), place.clone());
        rules.0.insert(format!("{}.{table}", of.target), place);
    }
}

/// Refuses tables whose rules are another move's.
fn check_rules(rules: &Rules, of: Move<'_>) -> Result<()> {
    for table in of.tables {
        let (source, target) = (of.source, of.target);
        for name in [table.clone(), format!("{source}.{table}"), format!("{target}.{table}")] {
            for kind in ["", "@replica", "@rdonly"] {
                let name = format!("{name}{kind}");
                let own = format!("{source}.{table}");
                let Some(to) = rules.0.get(&name) else { continue };
                if to.iter().any(|one| *one != own) {
                    return Err(refused(format!(
                        "table {table} is moved by another workflow: a routing rule sends {name} to {}; \
                         end that workflow first (`Workflow --keyspace KEYSPACE list` names them), or \
                         take the rule out with ApplyRoutingRules",
                        to.join(", ")
                    )));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_table_leads_to_the_source() {
        let tables = ["t".to_owned()];
        let of = Move { tables: &tables, source: "a", target: "b" };
        let mut rules = Rules::default();
        check_rules(&rules, of).unwrap();
        add_source_rules(&mut rules, of);
        let names: Vec<&str> = rules.0.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "a.t@rdonly",
                "a.t@replica",
                "b.t",
                "b.t@rdonly",
                "b.t@replica",
                "t",
                "t@rdonly",
                "t@replica"
            ]
        );
        assert!(rules.0.values().all(|to| to == &["a.t"]));
        // The same creation run again finds its own rules.
        check_rules(&rules, of).unwrap();
        rules.0.insert("t".to_owned(), vec!["c.t".to_owned()]);
        let err = check_rules(&rules, of).unwrap_err();
        assert!(err.message().contains("a routing rule sends t to c.t"), "{err}");
        assert_eq!(decode_rules(&encode_rules(&rules)), rules);
    }
}
