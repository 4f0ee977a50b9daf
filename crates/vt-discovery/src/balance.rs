//! How replicas share reads, by `--vtgate-balancer-mode`. Pure: from a shard's healthy tablets to
//! the order of choice.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rand::{Rng, RngExt};
use vt_base::{Code, Error, Result, TabletAlias};

use crate::rules::Nearness;
use crate::tablet::TabletHealth;

/// A way to choose among healthy tablets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Any of the own cell's; one of the cells of its alias only where the own cell has none.
    #[default]
    Cell,
    /// All tablets do the same work, and as few reads as possible leave their cell.
    PreferCell,
    /// Any, wherever it is.
    Random,
    /// As `Cell`, and always the same one for a session.
    Session,
}

impl Mode {
    /// Reads the flag's value; nothing is the default.
    ///
    /// # Errors
    /// There is no such mode.
    pub fn parse(text: &str) -> Result<Mode> {
        match text {
            "" | "cell" => Ok(Mode::Cell),
            "prefer-cell" => Ok(Mode::PreferCell),
            "random" => Ok(Mode::Random),
            "session" => Ok(Mode::Session),
            other => {
                let text =
                    format!("--vtgate-balancer-mode {other}: cell, prefer-cell, random or session");
                Err(Error::new(Code::InvalidArgument, text))
            }
        }
    }

    /// Returns the flag's value.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Cell => "cell",
            Mode::PreferCell => "prefer-cell",
            Mode::Random => "random",
            Mode::Session => "session",
        }
    }
}

/// How reads are shared, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// `--vtgate-balancer-mode`
    pub mode: Mode,
    /// `--balancer-vtgate-cells`: the cells that have gateways, for `prefer-cell`; the cells whose
    /// tablets are taken, for `random`.
    pub cells: Vec<String>,
    /// `--balancer-keyspaces`; empty means all. Others are shared by `cell`.
    pub keyspaces: Vec<String>,
}

impl Balance {
    /// Returns how a keyspace's reads are shared.
    pub fn mode_of(&self, keyspace: &str) -> Mode {
        let is_meant =
            self.keyspaces.is_empty() || self.keyspaces.iter().any(|one| one == keyspace);
        if is_meant { self.mode } else { Mode::Cell }
    }

    /// Returns the order of choice among the healthy tablets of one shard and type.
    pub(crate) fn order(
        &self,
        keyspace: &str,
        nearness: &Nearness,
        tablets: Vec<Arc<TabletHealth>>,
    ) -> Choice {
        let tiers = nearness.tiers(tablets);
        let mode = self.mode_of(keyspace);
        match mode {
            Mode::Cell | Mode::Session => {
                let by_session = mode == Mode::Session;
                let tier = |tablets| Tier { tablets, shares: Vec::new(), by_session };
                Choice { tiers: tiers.into_iter().map(tier).collect() }
            }
            Mode::Random => {
                let wanted = |one: &Arc<TabletHealth>| {
                    self.cells.is_empty()
                        || self.cells.iter().any(|cell| **cell == *one.alias().cell)
                };
                Choice::of(Tier {
                    tablets: tiers.into_iter().flatten().filter(wanted).collect(),
                    ..Tier::default()
                })
            }
            Mode::PreferCell => {
                let tablets: Vec<_> = tiers.into_iter().flatten().collect();
                let cells: Vec<&str> = tablets.iter().map(|one| &*one.alias().cell).collect();
                let shares = shares(nearness.local(), &self.cells, &cells);
                Choice::of(Tier { tablets, shares, by_session: false })
            }
        }
    }
}

/// Returns which part of its reads a gateway of the cell `local` sends to each tablet, whose cells
/// are given.
///
/// Gateways of each cell are taken to send as much as those of another, and each tablet is to get
/// as much as another. What a cell's own tablets have no room for goes to the cells that have some,
/// in proportion to it.
fn shares(local: &str, gate_cells: &[String], tablets: &[&str]) -> Vec<f64> {
    let mut gates: Vec<&str> = gate_cells.iter().map(String::as_str).collect();
    // A gateway is in its own cell, whatever it was told.
    gates.push(local);
    gates.sort_unstable();
    gates.dedup();
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for cell in tablets {
        *counts.entry(cell).or_default() += 1.0;
    }
    let total: f64 = counts.values().sum();
    #[expect(clippy::cast_precision_loss, reason = "a few cells")]
    let sent = 1.0 / gates.len() as f64;
    let count = |cell: &str| counts.get(cell).copied().unwrap_or_default();
    let room = |cell: &str| {
        let taken = if gates.contains(&cell) { sent } else { 0.0 };
        (count(cell) / total - taken).max(0.0)
    };
    let kept = sent.min(count(local) / total);
    let rooms: f64 = counts.keys().map(|cell| room(cell)).sum();
    let share = |cell: &&str| {
        if *cell == local {
            kept / sent / count(cell)
        } else if rooms > 0.0 {
            (sent - kept) / sent * room(cell) / rooms / count(cell)
        } else {
            0.0
        }
    };
    tablets.iter().map(share).collect()
}

/// Tablets with the part of a gateway's reads that each gets.
pub type Shares = Vec<(Arc<TabletHealth>, f64)>;

/// The order in which the tablets of one shard and type are asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    tiers: Vec<Tier>,
}

/// Tablets of which any may be asked, before those of the next tier.
#[derive(Clone, Debug, Default)]
struct Tier {
    tablets: Vec<Arc<TabletHealth>>,
    /// Which part of the reads each of them gets; empty where all get the same.
    shares: Vec<f64>,
    by_session: bool,
}

impl Choice {
    fn of(tier: Tier) -> Choice {
        Choice { tiers: vec![tier] }
    }

    /// Picks a tablet, not one of `except`; the same one again for the same session, where sessions
    /// keep to tablets.
    pub(crate) fn pick(
        &self,
        except: &[TabletAlias],
        session: Option<u64>,
    ) -> Option<Arc<TabletHealth>> {
        self.tiers.iter().find_map(|tier| tier.pick(except, session))
    }

    /// Returns the tablets with their part of the reads, as `/debug/balancer` shows them.
    pub(crate) fn parts(&self) -> Shares {
        // Later tiers are asked only while the first has nobody.
        let Some(first) = self.tiers.iter().find(|tier| !tier.tablets.is_empty()) else {
            return Vec::new();
        };
        #[expect(clippy::cast_precision_loss, reason = "a few tablets")]
        let equal = 1.0 / first.tablets.len() as f64;
        let part = |(place, tablet): (usize, &Arc<TabletHealth>)| {
            (tablet.clone(), first.shares.get(place).copied().unwrap_or(equal))
        };
        first.tablets.iter().enumerate().map(part).collect()
    }
}

impl Tier {
    fn pick(&self, except: &[TabletAlias], session: Option<u64>) -> Option<Arc<TabletHealth>> {
        match session.filter(|_| self.by_session) {
            Some(session) => self.of_session(except, session),
            None if self.shares.is_empty() => any_of(&self.tablets, except, &mut rand::rng()),
            None => self.by_share(except, &mut rand::rng()),
        }
    }

    /// Each session has its own order of preference: if a tablet goes, only the sessions that
    /// preferred it move, each to another.
    fn of_session(&self, except: &[TabletAlias], session: u64) -> Option<Arc<TabletHealth>> {
        let allowed = self.tablets.iter().filter(|one| !except.contains(one.alias()));
        let liking = |one: &&Arc<TabletHealth>| {
            let mut hasher = DefaultHasher::new();
            (session, one.alias()).hash(&mut hasher);
            hasher.finish()
        };
        allowed.max_by_key(liking).cloned()
    }

    fn by_share(&self, except: &[TabletAlias], rng: &mut impl Rng) -> Option<Arc<TabletHealth>> {
        let all = self.tablets.iter().zip(&self.shares);
        let allowed: Vec<_> = all.filter(|(one, _)| !except.contains(one.alias())).collect();
        let total: f64 = allowed.iter().map(|(_, share)| **share).sum();
        if total <= 0.0 {
            // Only those are left that get nothing while others serve.
            return any_of(&self.tablets, except, rng);
        }
        let mut left = rng.random_range(0.0..total);
        for (tablet, share) in &allowed {
            if left < **share {
                return Some(Arc::clone(tablet));
            }
            left -= **share;
        }
        // What rounding leaves over goes to the last that gets anything.
        allowed.iter().rev().find(|(_, share)| **share > 0.0).map(|(one, _)| Arc::clone(one))
    }
}

/// Picks one at random, not one of `except`.
fn any_of(
    tier: &[Arc<TabletHealth>],
    except: &[TabletAlias],
    rng: &mut impl Rng,
) -> Option<Arc<TabletHealth>> {
    let start = if tier.len() > 1 { rng.random_range(0..tier.len()) } else { 0 };
    let (before, after) = tier.split_at(start);
    after.iter().chain(before).find(|one| !except.contains(one.alias())).cloned()
}

#[cfg(test)]
mod tests;
