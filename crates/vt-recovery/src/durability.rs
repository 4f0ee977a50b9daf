//! Durability policies: who may be promoted, how many must acknowledge a write, and who may.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use vt_base::{Code, Error, TabletAlias, TabletType};

/// How surely an acknowledged write outlives its primary; a keyspace has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The primary alone has to have a write.
    #[default]
    None,
    /// One replica has the write too.
    SemiSync,
    /// One replica of another cell has the write too.
    CrossCell,
    /// As [`Durability::SemiSync`], and tablets for batch reads count as well.
    SemiSyncWithRdonlyAck,
    /// As [`Durability::CrossCell`], and tablets for batch reads count as well.
    CrossCellWithRdonlyAck,
}

/// How long a primary whose commits wait for others serves after those were last seen to follow
/// it: whoever replaces one that cannot be reached waits for so long first.
pub const PRIMARY_LEASE: Duration = Duration::from_secs(2);

/// Whether a tablet may become primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promotion {
    Allowed,
    Never,
}

impl Durability {
    pub const ALL: [Durability; 5] = [
        Durability::None,
        Durability::SemiSync,
        Durability::CrossCell,
        Durability::SemiSyncWithRdonlyAck,
        Durability::CrossCellWithRdonlyAck,
    ];

    /// Returns the name that the keyspace's record holds.
    pub fn name(self) -> &'static str {
        match self {
            Durability::None => "none",
            Durability::SemiSync => "semi_sync",
            Durability::CrossCell => "cross_cell",
            Durability::SemiSyncWithRdonlyAck => "semi_sync_with_rdonly_ack",
            Durability::CrossCellWithRdonlyAck => "cross_cell_with_rdonly_ack",
        }
    }

    /// Returns how many other tablets must have a write before the client hears of success.
    pub fn acks_required(self) -> usize {
        usize::from(self != Durability::None)
    }

    /// Returns whether a primary has to wait for acknowledgements.
    pub fn primary_waits(self) -> bool {
        self.acks_required() > 0
    }

    /// Returns whether a tablet of this type may become primary.
    pub fn promotion(self, tablet_type: TabletType) -> Promotion {
        match tablet_type {
            TabletType::Primary | TabletType::Replica => Promotion::Allowed,
            _ => Promotion::Never,
        }
    }

    /// Returns whether the acknowledgement of `replica` counts for the writes of `primary`.
    pub fn may_ack(
        self,
        primary: &TabletAlias,
        replica: &TabletAlias,
        replica_type: TabletType,
    ) -> bool {
        if primary == replica {
            return false;
        }
        let (rdonly, cross_cell) = match self {
            Durability::None => return false,
            Durability::SemiSync => (false, false),
            Durability::CrossCell => (false, true),
            Durability::SemiSyncWithRdonlyAck => (true, false),
            Durability::CrossCellWithRdonlyAck => (true, true),
        };
        let of_type = match replica_type {
            // A primary that is replaced becomes a replica.
            TabletType::Primary | TabletType::Replica => true,
            TabletType::Rdonly => rdonly,
            _ => false,
        };
        of_type && (!cross_cell || primary.cell != replica.cell)
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads a policy's name; the empty name, of a keyspace without one, is `none`.
impl FromStr for Durability {
    type Err = Error;

    fn from_str(text: &str) -> Result<Durability, Error> {
        if text.is_empty() {
            return Ok(Durability::None);
        }
        Durability::ALL.into_iter().find(|policy| policy.name() == text).ok_or_else(|| {
            let known: Vec<&str> = Durability::ALL.iter().map(|policy| policy.name()).collect();
            Error::new(
                Code::InvalidArgument,
                format!("durability policy <{text}> is not a valid policy. Please register it as a policy first; known policies: {}", known.join(", ")),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for policy in Durability::ALL {
            assert_eq!(policy.name().parse::<Durability>().unwrap(), policy);
        }
        assert_eq!("".parse::<Durability>().unwrap(), Durability::None);
        assert!("semisync".parse::<Durability>().is_err());
    }

    #[test]
    fn who_acknowledges() {
        let (here, near, far) = (
            TabletAlias::new("zone1", 100),
            TabletAlias::new("zone1", 101),
            TabletAlias::new("zone2", 200),
        );
        let counts =
            |policy: Durability, replica: &TabletAlias, typ| policy.may_ack(&here, replica, typ);
        for (policy, near_replica, near_rdonly, far_replica, far_rdonly) in [
            (Durability::None, false, false, false, false),
            (Durability::SemiSync, true, false, true, false),
            (Durability::CrossCell, false, false, true, false),
            (Durability::SemiSyncWithRdonlyAck, true, true, true, true),
            (Durability::CrossCellWithRdonlyAck, false, false, true, true),
        ] {
            assert_eq!(counts(policy, &near, TabletType::Replica), near_replica, "{policy}");
            assert_eq!(counts(policy, &near, TabletType::Rdonly), near_rdonly, "{policy}");
            assert_eq!(counts(policy, &far, TabletType::Replica), far_replica, "{policy}");
            assert_eq!(counts(policy, &far, TabletType::Rdonly), far_rdonly, "{policy}");
            assert!(!counts(policy, &here, TabletType::Replica), "{policy}: a tablet acks itself");
            assert!(!counts(policy, &far, TabletType::Drained), "{policy}: a drained tablet acks");
        }
    }

    #[test]
    fn only_replicas_are_promoted() {
        let allowed: Vec<TabletType> = TabletType::ALL
            .into_iter()
            .filter(|typ| Durability::SemiSync.promotion(*typ) == Promotion::Allowed)
            .collect();
        assert_eq!(allowed, [TabletType::Primary, TabletType::Replica]);
    }
}
