//! What a session's reads must have seen: its own writes, a position it was given, what it read
//! before, or what was there a while ago.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vt_base::gtid::GtidSet;

/// How long a replica is waited for where the session does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest that a session may say.
pub const TIMEOUT_MAX: f64 = 3_600.0;

/// What reads from other tablets than the primary may miss (`read_consistency`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadConsistency {
    /// Whatever has not come to the tablet yet.
    #[default]
    Eventual,
    /// Nothing that the session wrote or has read before.
    Session,
}

impl ReadConsistency {
    pub fn as_str(self) -> &'static str {
        match self {
            ReadConsistency::Eventual => "EVENTUAL",
            ReadConsistency::Session => "SESSION",
        }
    }

    /// Reads a mode, in any letter case.
    pub fn from_name(name: &str) -> Option<ReadConsistency> {
        [ReadConsistency::Eventual, ReadConsistency::Session]
            .into_iter()
            .find(|mode| mode.as_str().eq_ignore_ascii_case(name))
    }
}

/// Which positions the client is told of (`session_track_gtids`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrackGtids {
    #[default]
    Off,
    OwnGtid,
    AllGtids,
}

impl TrackGtids {
    pub fn as_str(self) -> &'static str {
        match self {
            TrackGtids::Off => "OFF",
            TrackGtids::OwnGtid => "OWN_GTID",
            TrackGtids::AllGtids => "ALL_GTIDS",
        }
    }

    /// Reads a value, by name or number as MySQL takes it.
    pub fn from_name(name: &str) -> Option<TrackGtids> {
        let values = [TrackGtids::Off, TrackGtids::OwnGtid, TrackGtids::AllGtids];
        if let Ok(number) = name.parse::<usize>() {
            return values.get(number).copied();
        }
        values.into_iter().find(|value| value.as_str().eq_ignore_ascii_case(name))
    }
}

/// A shard by keyspace and name.
pub type Place = (Arc<str>, Arc<str>);

/// The session's promises, and what is needed to keep them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consistency {
    pub mode: ReadConsistency,
    pub track: TrackGtids,
    /// What the client gave for its reads to wait for, over all shards (`read_after_write_gtid`).
    pub gtid: String,
    /// Seconds that a replica is waited for; 0 is the default (`read_after_write_timeout`).
    pub timeout: f64,
    /// Seconds that reads may be behind the primary; 0 is no bound (`max_replication_lag`).
    pub lag_max: f64,
    /// The part of `gtid` that is of a shard, where that is known already.
    pub given: BTreeMap<Place, GtidSet>,
    /// What the session has written or seen, by shard.
    pub seen: BTreeMap<Place, GtidSet>,
    /// What the statement under way has written, for the client.
    pub told: GtidSet,
}

impl Consistency {
    /// Returns the value that tablets' connections have for `session_track_gtids`.
    pub fn tracked_by_tablets(&self) -> TrackGtids {
        match self.mode {
            ReadConsistency::Session => TrackGtids::AllGtids,
            ReadConsistency::Eventual => self.track,
        }
    }

    /// Returns how long a replica is waited for.
    pub fn patience(&self) -> Duration {
        let set = Duration::try_from_secs_f64(self.timeout).unwrap_or_default();
        if set.is_zero() { DEFAULT_TIMEOUT } else { set }
    }

    /// Returns how far reads may be behind, if that is bounded.
    pub fn bound(&self) -> Option<Duration> {
        let bound = Duration::try_from_secs_f64(self.lag_max).unwrap_or_default();
        (!bound.is_zero()).then_some(bound)
    }

    /// Takes note of the position that a shard told after a call.
    pub fn note(&mut self, place: Place, set: GtidSet, is_write: bool) {
        if is_write && self.track != TrackGtids::Off || self.track == TrackGtids::AllGtids {
            self.told = self.told.union(&set);
        }
        if self.mode == ReadConsistency::Session {
            let seen = self.seen.entry(place).or_default();
            *seen = seen.union(&set);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562:5";

    fn place() -> Place {
        ("ks".into(), "-80".into())
    }

    #[test]
    fn what_is_noted_depends_on_what_is_promised() {
        let set: GtidSet = WRITE.parse().unwrap();
        let mut plain = Consistency::default();
        plain.note(place(), set.clone(), true);
        assert!(plain.seen.is_empty() && plain.told.is_empty());
        let mut told = Consistency { track: TrackGtids::OwnGtid, ..Consistency::default() };
        told.note(place(), set.clone(), false);
        assert!(told.told.is_empty());
        told.note(place(), set.clone(), true);
        assert_eq!(told.told.to_string(), WRITE);
        let mut own = Consistency { mode: ReadConsistency::Session, ..Consistency::default() };
        own.note(place(), set, false);
        assert_eq!(own.seen[&place()].to_string(), WRITE);
        assert_eq!(own.tracked_by_tablets(), TrackGtids::AllGtids);
    }

    #[test]
    fn values_are_read_as_mysql_reads_them() {
        assert_eq!(TrackGtids::from_name("own_gtid"), Some(TrackGtids::OwnGtid));
        assert_eq!(TrackGtids::from_name("2"), Some(TrackGtids::AllGtids));
        assert_eq!(TrackGtids::from_name("some"), None);
        assert_eq!(ReadConsistency::from_name("session"), Some(ReadConsistency::Session));
    }

    #[test]
    fn patience_has_a_default() {
        let mut consistency = Consistency::default();
        assert_eq!(consistency.patience(), DEFAULT_TIMEOUT);
        consistency.timeout = 0.25;
        assert_eq!(consistency.patience(), Duration::from_millis(250));
        assert_eq!(consistency.bound(), None);
    }
}
