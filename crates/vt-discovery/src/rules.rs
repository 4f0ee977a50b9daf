//! Who counts as healthy, and who is preferred. Pure: from a shard's tablets to the order of choice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vt_base::TabletType;

use crate::tablet::TabletHealth;

/// How much lag a replica may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagRule {
    /// Up to here a replica is healthy.
    pub low: Duration,
    /// Up to here one is taken if there are too few healthy ones.
    pub high: Duration,
    pub serving_min: usize,
}

impl LagRule {
    /// Returns the replicas that may be asked: all below the low limit, and of the others, the least
    /// behind first, as many as it takes to have `serving_min`.
    pub fn healthy(&self, mut tablets: Vec<Arc<TabletHealth>>) -> Vec<Arc<TabletHealth>> {
        let lag =
            |one: &TabletHealth| Duration::from_secs(u64::from(one.stats.replication_lag_seconds));
        tablets.retain(|one| lag(one) <= self.high);
        tablets.sort_by_key(|one| one.stats.replication_lag_seconds);
        let good = tablets.partition_point(|one| lag(one) <= self.low);
        tablets.truncate(good.max(self.serving_min));
        tablets
    }
}

/// Returns the tablet that is the shard's primary: the usable one with the highest term among all
/// who claim it, and no one if the one with the highest term is not usable.
pub fn primary(tablets: &[Arc<TabletHealth>]) -> Option<Arc<TabletHealth>> {
    tablets
        .iter()
        .filter(|one| one.is_known && one.target.tablet_type == TabletType::Primary)
        .max_by_key(|one| (one.primary_term_start, one.is_usable()))
        .filter(|one| one.is_usable())
        .cloned()
}

/// Which cells are near.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nearness {
    local: String,
    /// The other cells of the local cell's alias.
    siblings: Vec<String>,
}

impl Nearness {
    /// Makes the nearness of a cell; `aliases` has the cells of each alias.
    pub fn new(local: &str, aliases: &BTreeMap<String, Vec<String>>) -> Nearness {
        let siblings = aliases
            .values()
            .filter(|cells| cells.iter().any(|cell| cell == local))
            .flatten()
            .filter(|cell| *cell != local)
            .cloned()
            .collect();
        Nearness { local: local.to_owned(), siblings }
    }

    /// Returns the cell of this process.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// Splits tablets into tiers: those of the local cell, then those of its alias. Tablets of other
    /// cells are not asked.
    pub fn tiers(&self, tablets: Vec<Arc<TabletHealth>>) -> Vec<Vec<Arc<TabletHealth>>> {
        let (mut near, mut next) = (Vec::new(), Vec::new());
        for tablet in tablets {
            let cell = &*tablet.alias().cell;
            if cell == self.local {
                near.push(tablet);
            } else if self.siblings.iter().any(|one| one == cell) {
                next.push(tablet);
            }
        }
        [near, next].into_iter().filter(|tier| !tier.is_empty()).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests;
