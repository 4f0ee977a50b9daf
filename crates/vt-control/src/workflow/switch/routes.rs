//! The rules and the serving graph by which gateways know where a workflow's traffic goes.

use std::collections::{BTreeMap, BTreeSet};

use vt_base::{KeyRange, Result};
use vt_proto::topodata::{ShardReference, SrvKeyspace, TabletType};
use vt_proto::vschema::{KeyspaceRoutingRule, ShardRoutingRule, SrvVSchema};
use vt_topo::records::srv_keyspace::partition;
use vt_workflow::rules::Move;
use vt_workflow::step::Side;
use vt_workflow::{Kind, Place, ReadKind, Rules};

use super::observe::Observed;
use crate::Control;
use crate::workflow::Snapshot;
use crate::workflow::routing::{decode_rules, encode_rules};

/// What gateways go by, by cell.
pub(super) struct Routes {
    kind: Kind,
    /// The rules as they are stored, which become those of every cell.
    stored: SrvVSchema,
    rules: BTreeMap<String, SrvVSchema>,
    serving: BTreeMap<String, SrvKeyspace>,
    /// Whether the primaries of shards serve, by the shards' own records.
    primaries: BTreeMap<String, bool>,
    shards: Vec<String>,
}

/// Returns the tables of a workflow, and between which keyspaces they move.
pub(super) fn moved(found: &Snapshot) -> Move<'_> {
    Move { tables: &found.tables, source: &found.source.keyspace, target: &found.target.keyspace }
}

fn type_of(kind: ReadKind) -> TabletType {
    match kind {
        ReadKind::Rdonly => TabletType::Rdonly,
        ReadKind::Replica => TabletType::Replica,
    }
}

impl Routes {
    pub(super) async fn load(control: &Control, found: &Snapshot, kind: Kind) -> Result<Routes> {
        let topo = &control.topo;
        let mut routes = Routes {
            kind,
            stored: SrvVSchema::default(),
            rules: BTreeMap::new(),
            serving: BTreeMap::new(),
            primaries: BTreeMap::new(),
            shards: Vec::new(),
        };
        if kind == Kind::Shards {
            routes.serving = topo.get_srv_keyspaces(&found.target.keyspace, &[]).await?;
            for record in topo.find_all_shards_in_keyspace(&found.target.keyspace).await? {
                routes.primaries.insert(record.name.clone(), record.is_primary_serving());
            }
            return Ok(routes);
        }
        routes.stored = SrvVSchema {
            routing_rules: Some(topo.get_routing_rules().await?),
            shard_routing_rules: Some(topo.get_shard_routing_rules().await?),
            keyspace_routing_rules: Some(topo.get_keyspace_routing_rules().await?),
            ..SrvVSchema::default()
        };
        routes.rules = topo.get_srv_vschemas().await?;
        if kind == Kind::TablesByShard {
            routes.shards = topo.get_shard_names(&found.source.keyspace).await?;
        }
        Ok(routes)
    }

    pub(super) fn cells(&self) -> Vec<String> {
        match self.kind {
            Kind::Shards => self.serving.keys().cloned().collect(),
            // Reads go where writes go, shard by shard.
            Kind::TablesByShard | Kind::Copy => Vec::new(),
            Kind::Tables | Kind::Tenant => self.rules.keys().cloned().collect(),
        }
    }

    /// Returns where writes go: where all cells and the stored rules say so, else it is mixed.
    pub(super) fn writes(&self, found: &Snapshot) -> Place {
        let all = self.rules.values().chain([&self.stored]);
        let places: Vec<Place> = match self.kind {
            Kind::Tables => all.map(|one| table_rules(one).writes(moved(found))).collect(),
            Kind::Tenant => all.map(|one| tenant_place(one, found, "")).collect(),
            Kind::TablesByShard => {
                let shards = found.source_shards();
                let at_target =
                    |one| Place::of(shards.iter().map(|shard| is_switched(one, found, shard)));
                all.map(at_target).collect()
            }
            Kind::Shards => {
                let serves = |shard: &String| self.primaries.get(shard).copied().unwrap_or(false);
                let records = found.target.shards.keys().map(&serves);
                let records = records.chain(found.source.shards.keys().map(|one| !serves(one)));
                let by_cell = self.serving.values();
                let by_cell = by_cell.map(|srv| shards_place(srv, found, TabletType::Primary));
                by_cell.chain([Place::of(records)]).collect()
            }
            Kind::Copy => Vec::new(),
        };
        together(&places)
    }

    pub(super) fn reads(&self, found: &Snapshot, cell: &str, kind: ReadKind) -> Place {
        match self.kind {
            Kind::Shards => self
                .serving
                .get(cell)
                .map_or(Place::Source, |srv| shards_place(srv, found, type_of(kind))),
            Kind::Tables => self
                .rules
                .get(cell)
                .map_or(Place::Source, |one| table_rules(one).reads(moved(found), kind)),
            Kind::Tenant => self
                .rules
                .get(cell)
                .map_or(Place::Source, |one| tenant_place(one, found, &format!("@{kind}"))),
            Kind::TablesByShard | Kind::Copy => Place::Source,
        }
    }

    /// Returns whether some stored rule tells where what is moved is.
    pub(super) fn has_rules(&self, found: &Snapshot) -> bool {
        let keyspaces = [&found.source.keyspace, &found.target.keyspace];
        let by_keyspace = self.stored.keyspace_routing_rules.iter().flat_map(|all| &all.rules);
        match self.kind {
            Kind::Tenant => {
                by_keyspace.into_iter().any(|rule| keyspaces.contains(&&rule.from_keyspace))
            }
            _ => table_rules(&self.stored).remove(moved(found)),
        }
    }

    /// Returns, for a move by shards, which have been switched: by their rule, or, where other
    /// shards have rules, because the end of their move took theirs out.
    pub(super) fn by_shard(&self, found: &Snapshot) -> Vec<(String, bool)> {
        let rules = self.stored.shard_routing_rules.iter().flat_map(|rules| &rules.rules);
        let (source, target) = (&found.source.keyspace, &found.target.keyspace);
        let pair: Vec<&ShardRoutingRule> = rules
            .filter(|rule| {
                let (from, to) = (&rule.from_keyspace, &rule.to_keyspace);
                (from, to) == (source, target) || (from, to) == (target, source)
            })
            .collect();
        let is_past =
            |shard: &String| !pair.is_empty() && !pair.iter().any(|rule| rule.shard == *shard);
        let state = |shard: &String| {
            (shard.clone(), is_switched(&self.stored, found, shard) || is_past(shard))
        };
        self.shards.iter().map(state).collect()
    }
}

fn together(places: &[Place]) -> Place {
    match places {
        [] => Place::Source,
        [first, rest @ ..] if rest.iter().all(|one| one == first) => *first,
        _ => Place::Mixed,
    }
}

fn table_rules(of: &SrvVSchema) -> Rules {
    of.routing_rules.as_ref().map(decode_rules).unwrap_or_default()
}

fn tenant_place(of: &SrvVSchema, found: &Snapshot, suffix: &str) -> Place {
    let rules = of.keyspace_routing_rules.as_ref().map(|rules| rules.rules.as_slice());
    let rules = rules.unwrap_or_default();
    let (source, target) = (&found.source.keyspace, &found.target.keyspace);
    let leads = |from: &str| {
        let rule = rules.iter().find(|rule| rule.from_keyspace == from);
        rule.map(|rule| rule.to_keyspace.as_str())
    };
    let place = leads(&format!("{source}{suffix}")).or_else(|| leads(source));
    // The other way round, a keyspace without a rule of its own is where its rows are.
    let back = leads(&format!("{target}{suffix}")).or_else(|| leads(target));
    Place::of(
        [place == Some(target.as_str()) || (place.is_none() && back == Some(target.as_str()))],
    )
}

fn is_switched(of: &SrvVSchema, found: &Snapshot, shard: &str) -> bool {
    let rules = of.shard_routing_rules.as_ref().map(|rules| rules.rules.as_slice());
    rules.unwrap_or_default().iter().any(|rule| {
        rule.shard == shard
            && rule.from_keyspace == found.source.keyspace
            && rule.to_keyspace == found.target.keyspace
    })
}

fn shards_place(srv: &SrvKeyspace, found: &Snapshot, served: TabletType) -> Place {
    let part = partition(srv, served);
    let names: BTreeSet<&str> =
        part.iter().flat_map(|part| &part.shard_references).map(|one| one.name.as_str()).collect();
    let at_target = found.target.shards.keys().map(|shard| names.contains(shard.as_str()));
    let at_source = found.source.shards.keys().map(|shard| !names.contains(shard.as_str()));
    Place::of(at_target.chain(at_source))
}

impl Control {
    /// Sends reads of some types to a side, in some cells or in all.
    pub(super) async fn route_reads(
        &self,
        seen: &Observed,
        kinds: &[ReadKind],
        cells: &[String],
        to: Side,
    ) -> Result<()> {
        let found = &seen.found;
        match seen.view.kind {
            Kind::Shards => {
                let types: Vec<TabletType> = kinds.iter().map(|kind| type_of(*kind)).collect();
                return self.serve_shards(found, &types, cells, to).await;
            }
            Kind::Tables => {
                self.change_rules(|rules| rules.route_reads(moved(found), kinds, to)).await?;
            }
            Kind::Tenant => {
                let suffixes: Vec<String> = kinds.iter().map(|kind| format!("@{kind}")).collect();
                self.route_tenant(found, &suffixes, to).await?;
            }
            Kind::TablesByShard | Kind::Copy => {}
        }
        Ok(self.topo.rebuild_srv_vschema(cells).await?)
    }

    /// Sends writes to the target, in all cells.
    pub(super) async fn route_writes(&self, seen: &Observed) -> Result<()> {
        let found = &seen.found;
        match seen.view.kind {
            Kind::Shards => return self.route_shard_writes(found).await,
            Kind::Tables => {
                self.change_rules(|rules| rules.route_writes(moved(found))).await?;
            }
            Kind::Tenant => {
                self.route_tenant(found, &[String::new()], Side::Target).await?;
            }
            Kind::TablesByShard => self.route_shards(found).await?,
            Kind::Copy => {}
        }
        Ok(self.topo.rebuild_srv_vschema(&[]).await?)
    }

    /// Changes the rules of tables under their lock.
    pub(super) async fn change_rules(&self, change: impl FnOnce(&mut Rules)) -> Result<()> {
        let lock = self.topo.lock_routing_rules("SwitchTraffic").await?;
        let changed = async {
            let mut rules = decode_rules(&self.topo.get_routing_rules().await?);
            change(&mut rules);
            Ok(self.topo.save_routing_rules(&encode_rules(&rules)).await?)
        }
        .await;
        lock.unlock().await?;
        changed
    }

    async fn route_tenant(&self, found: &Snapshot, suffixes: &[String], to: Side) -> Result<()> {
        let to = match to {
            Side::Source => &found.source.keyspace,
            Side::Target => &found.target.keyspace,
        };
        let lock = self.topo.lock_routing_rules("SwitchTraffic").await?;
        let changed = async {
            let mut rules = self.topo.get_keyspace_routing_rules().await?;
            // The tenant's clients name the keyspace that they have always named: the one with rules.
            let has_rules =
                |keyspace: &String| rules.rules.iter().any(|rule| rule.from_keyspace == **keyspace);
            let (source, target) = (&found.source.keyspace, &found.target.keyspace);
            let from = if !has_rules(source) && has_rules(target) { target } else { source };
            for suffix in suffixes {
                let from_keyspace = format!("{from}{suffix}");
                rules.rules.retain(|rule| rule.from_keyspace != from_keyspace);
                let to_keyspace = to.clone();
                rules.rules.push(KeyspaceRoutingRule { from_keyspace, to_keyspace });
            }
            Ok(self.topo.save_keyspace_routing_rules(&rules).await?)
        }
        .await;
        lock.unlock().await?;
        changed
    }

    async fn route_shards(&self, found: &Snapshot) -> Result<()> {
        let lock = self.topo.lock_routing_rules("SwitchTraffic").await?;
        let (source, target) = (&found.source.keyspace, &found.target.keyspace);
        let shards = found.source_shards();
        let changed = async {
            let mut rules = self.topo.get_shard_routing_rules().await?;
            rules.rules.retain(|rule| {
                let (from, to) = (&rule.from_keyspace, &rule.to_keyspace);
                let is_of_pair =
                    (from == source && to == target) || (from == target && to == source);
                !(is_of_pair && shards.contains(&rule.shard))
            });
            for shard in &shards {
                rules.rules.push(ShardRoutingRule {
                    from_keyspace: source.clone(),
                    to_keyspace: target.clone(),
                    shard: shard.clone(),
                });
            }
            Ok(self.topo.save_shard_routing_rules(&rules).await?)
        }
        .await;
        lock.unlock().await?;
        changed
    }

    /// Lets the target's shards take the place of the source's for the primary's traffic.
    async fn route_shard_writes(&self, found: &Snapshot) -> Result<()> {
        let keyspace = &found.target.keyspace;
        for (ends, serves) in [(&found.target.shards, true), (&found.source.shards, false)] {
            for name in ends.keys() {
                self.topo
                    .update_shard_fields(keyspace, name, |shard| {
                        shard.is_primary_serving = serves;
                        Ok(())
                    })
                    .await?;
            }
        }
        self.serve_shards(found, &[TabletType::Primary], &[], Side::Target).await
    }

    /// Puts one side's shards in the other's place in the serving graph.
    async fn serve_shards(
        &self,
        found: &Snapshot,
        types: &[TabletType],
        cells: &[String],
        to: Side,
    ) -> Result<()> {
        let (here, there) = match to {
            Side::Target => (&found.target.shards, &found.source.shards),
            Side::Source => (&found.source.shards, &found.target.shards),
        };
        let references: Vec<ShardReference> = here
            .values()
            .map(|end| ShardReference {
                name: end.record.name.clone(),
                key_range: end.record.message.key_range.clone(),
            })
            .collect();
        let change = |srv: &mut SrvKeyspace| {
            for part in srv.partitions.iter_mut().filter(|one| types.contains(&one.served_type())) {
                part.shard_references
                    .retain(|one| !here.contains_key(&one.name) && !there.contains_key(&one.name));
                part.shard_references.extend(references.iter().cloned());
                part.shard_references.sort_by_key(|one| {
                    let range = one.key_range.as_ref().map(KeyRange::from).unwrap_or_default();
                    (range, one.name.clone())
                });
            }
            Ok(())
        };
        let keyspace = &found.target.keyspace;
        Ok(self.topo.update_srv_keyspace_fields(keyspace, cells, change).await?)
    }
}
