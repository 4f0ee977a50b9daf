//! What is known of a shard at one moment: the input of every decision.

use std::time::Duration;

use vt_base::gtid::Position;
use vt_base::{Code, Error, KeyspaceShard, TabletAlias, TabletType};

use crate::{Durability, Promotion};

/// Whether a tablet answered, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It answered.
    Up {
        /// The transactions that its MySQL has executed.
        executed: Position,
        /// The transactions that it has executed or holds in its relay log.
        received: Position,
        /// How far it is behind its source; `None` where it does not know.
        lag: Option<Duration>,
        /// A backup runs on it now.
        in_backup: bool,
    },
    /// It did not answer; the reason is for people.
    Down { reason: String },
}

/// One tablet of the shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TabletState {
    pub alias: TabletAlias,
    pub tablet_type: TabletType,
    /// When its term as primary began, in nanoseconds since 1970, as its record says.
    pub term_ns: Option<i128>,
    pub reach: Reach,
}

impl TabletState {
    pub fn is_up(&self) -> bool {
        matches!(self.reach, Reach::Up { .. })
    }

    /// Returns what the tablet has executed, if it answered.
    pub fn executed(&self) -> Option<&Position> {
        match &self.reach {
            Reach::Up { executed, .. } => Some(executed),
            Reach::Down { .. } => None,
        }
    }

    /// Returns what the tablet has executed or received, if it answered.
    pub fn received(&self) -> Option<&Position> {
        match &self.reach {
            Reach::Up { received, .. } => Some(received),
            Reach::Down { .. } => None,
        }
    }
}

/// Whether a primary may be chosen in another cell than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellRule {
    SameCell,
    AnyCell,
}

/// A shard as the topology and its tablets describe it.
#[derive(Clone, Debug)]
pub struct ShardSnapshot {
    pub shard: KeyspaceShard,
    pub durability: Durability,
    /// The primary that the shard's record names.
    pub recorded_primary: Option<TabletAlias>,
    /// Every tablet of the shard, in order of alias.
    pub tablets: Vec<TabletState>,
}

impl ShardSnapshot {
    pub fn tablet(&self, alias: &TabletAlias) -> Option<&TabletState> {
        self.tablets.iter().find(|tablet| tablet.alias == *alias)
    }

    /// Returns a tablet that a request names; an error if it is not of this shard.
    pub fn known(&self, alias: &TabletAlias) -> Result<&TabletState, Error> {
        self.tablet(alias).ok_or_else(|| {
            let message = format!("tablet {alias} is not in the shard {}", self.shard);
            Error::new(Code::FailedPrecondition, message)
        })
    }

    /// Returns the tablet whose record says that it is primary, the one with the latest term.
    ///
    /// Two that claim the same term are an error: nobody can tell which of them has the writes.
    pub fn current_primary(&self) -> Result<Option<&TabletState>, Error> {
        let claims = || self.tablets.iter().filter(|one| one.tablet_type == TabletType::Primary);
        let Some(latest) = claims().max_by_key(|one| one.term_ns) else {
            return Ok(None);
        };
        match claims().find(|one| one.alias != latest.alias && one.term_ns == latest.term_ns) {
            None => Ok(Some(latest)),
            Some(other) => Err(Error::new(
                Code::FailedPrecondition,
                format!(
                    "tablets {} and {} of the shard {} both say that they are primary since the same moment; \
                     run EmergencyReparentShard with --new-primary",
                    other.alias, latest.alias, self.shard
                ),
            )),
        }
    }

    /// Returns the tablets whose acknowledgement would count for `primary`, up or not.
    pub fn ackers<'a>(
        &'a self,
        primary: &'a TabletAlias,
    ) -> impl Iterator<Item = &'a TabletState> + 'a {
        self.tablets
            .iter()
            .filter(move |one| self.durability.may_ack(primary, &one.alias, one.tablet_type))
    }

    /// Refuses a primary whose writes nobody could acknowledge.
    pub fn check_enough_ackers(&self, primary: &TabletAlias) -> Result<(), Error> {
        let needed = self.durability.acks_required();
        let present = self.ackers(primary).filter(|one| one.is_up()).count();
        if present >= needed {
            return Ok(());
        }
        Err(Error::new(
            Code::FailedPrecondition,
            format!(
                "tablet {primary} cannot be primary of {}: the durability policy {} wants {needed} tablet(s) \
                 that acknowledge its writes and {present} can be reached; start a replica, or run \
                 SetKeyspaceDurabilityPolicy --durability-policy=none {}",
                self.shard, self.durability, self.shard.keyspace
            ),
        ))
    }

    /// Refuses a tablet that may not become primary or cannot be reached.
    pub fn check_electable(&self, elect: &TabletState) -> Result<(), Error> {
        if self.durability.promotion(elect.tablet_type) == Promotion::Never {
            return Err(Error::new(
                Code::FailedPrecondition,
                format!(
                    "tablet {} is of type {}, which is never promoted; name a replica, or run ChangeTabletType {} replica first",
                    elect.alias, elect.tablet_type, elect.alias
                ),
            ));
        }
        if let Reach::Down { reason } = &elect.reach {
            return Err(Error::new(
                Code::Unavailable,
                format!("primary-elect tablet {} cannot be reached: {reason}", elect.alias),
            ));
        }
        Ok(())
    }
}
