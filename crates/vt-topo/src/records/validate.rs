//! Findings about records that do not agree with each other.

use std::collections::BTreeMap;

use vt_base::{KeyspaceShard, TabletAlias, TabletType};

use crate::records::shard::ShardRecord;
use crate::records::tablet::TabletRecord;
use crate::{Result, TopoServer};

/// One disagreement, as a sentence without its period.
pub type Problem = String;

/// Compares a shard's record with those of its tablets.
pub fn validate_shard_records(shard: &ShardRecord, tablets: &[TabletRecord]) -> Vec<Problem> {
    let name = format!("{}/{}", shard.keyspace, shard.name);
    let mut problems = Vec::new();
    let primaries: Vec<TabletAlias> =
        tablets.iter().filter(|one| one.is_primary()).map(TabletRecord::alias).collect();
    match (shard.primary_alias(), primaries.as_slice()) {
        (None, []) => problems.push(format!("no primary for shard {name}")),
        (None, _) => {}
        (Some(alias), _) => match tablets.iter().find(|one| one.alias() == alias) {
            None => problems.push(format!("primary {alias} of shard {name} has no tablet record")),
            Some(found) if !found.is_primary() => problems.push(format!(
                "primary mismatch for shard {name}: shard record has {alias}, whose tablet type is \
                 {}",
                found.tablet_type()
            )),
            Some(_) => {}
        },
    }
    if let Some(alias) = shard.primary_alias() {
        for other in primaries.iter().filter(|one| **one != alias) {
            problems.push(format!(
                "primary mismatch for shard {name}: found {other}, expected {alias}"
            ));
        }
    } else {
        for found in &primaries {
            problems.push(format!("shard {name} has no primary but tablet {found} says it is"));
        }
    }
    for one in tablets {
        if one.key_range() != shard.key_range() {
            problems.push(format!(
                "tablet {} has key range {}, its shard {name} has {}",
                one.alias(),
                one.key_range(),
                shard.key_range()
            ));
        }
    }
    problems
}

/// Compares a tablet's record with the key that it lies at and with what a tablet must have.
pub fn validate_tablet_record(alias: &TabletAlias, record: &TabletRecord) -> Vec<Problem> {
    let mut problems = Vec::new();
    if record.alias() != *alias {
        problems.push(format!("tablet {alias} has the alias {} in its record", record.alias()));
    }
    if record.message.hostname.is_empty() {
        problems.push(format!("tablet {alias} has no hostname"));
    }
    if record.message.keyspace.is_empty() || record.message.shard.is_empty() {
        problems.push(format!("tablet {alias} has no keyspace or shard"));
    }
    if record.tablet_type() == TabletType::Unknown {
        problems.push(format!("tablet {alias} is of unknown type"));
    }
    problems
}

impl TopoServer {
    /// Compares one shard's records.
    pub async fn validate_shard(&self, keyspace: &str, shard: &str) -> Result<Vec<Problem>> {
        let record = self.get_shard(keyspace, shard).await?;
        let tablets = self.find_tablets_by_shard(keyspace, shard).await?;
        let mut problems = validate_shard_records(&record, &tablets.records);
        problems.extend(
            tablets.failed.iter().map(|(cell, err)| format!("cannot read cell {cell}: {err}")),
        );
        for tablet in &tablets.records {
            let alias = tablet.alias();
            problems.extend(validate_tablet_record(&alias, tablet));
            let listed = match self.get_shard_replication(&alias.cell, keyspace, shard).await {
                Ok(list) => list.nodes.iter().any(|node| {
                    node.tablet_alias.as_ref().is_some_and(|one| TabletAlias::from(one) == alias)
                }),
                Err(err) if err.is_no_node() => false,
                Err(err) => {
                    problems.push(format!("cannot read cell {}: {err}", alias.cell));
                    continue;
                }
            };
            if !listed {
                problems.push(format!(
                    "replica {alias} not in replication graph for shard {keyspace}/{shard}"
                ));
            }
        }
        Ok(problems)
    }

    /// Compares all shards of a keyspace.
    pub async fn validate_keyspace(
        &self,
        keyspace: &str,
    ) -> Result<BTreeMap<String, Vec<Problem>>> {
        let mut by_shard = BTreeMap::new();
        for shard in self.get_shard_names(keyspace).await? {
            let problems = self.validate_shard(keyspace, &shard).await?;
            by_shard.insert(shard, problems);
        }
        Ok(by_shard)
    }

    /// Finds tablets whose shard does not exist.
    pub async fn validate_orphans(&self) -> Result<Vec<Problem>> {
        let tablets = self.get_all_tablets().await?;
        let mut known: BTreeMap<KeyspaceShard, bool> = BTreeMap::new();
        let mut problems = Vec::new();
        for tablet in &tablets {
            let (keyspace, shard) = (&tablet.message.keyspace, &tablet.message.shard);
            let key =
                KeyspaceShard { keyspace: keyspace.as_str().into(), shard: shard.as_str().into() };
            if !known.contains_key(&key) {
                let exists = match self.get_shard(keyspace, shard).await {
                    Ok(_) => true,
                    Err(err) if err.is_no_node() => false,
                    Err(err) => return Err(err),
                };
                known.insert(key.clone(), exists);
            }
            if known.get(&key) == Some(&false) {
                problems.push(format!(
                    "tablet {} is of shard {key}, which does not exist",
                    tablet.alias()
                ));
            }
        }
        Ok(problems)
    }
}
