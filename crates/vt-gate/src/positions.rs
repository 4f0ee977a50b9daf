//! What the gateway knows of tablets' positions, so that it need not ask for each read.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use vt_base::TabletAlias;
use vt_base::gtid::GtidSet;

use crate::session::consistency::Place;

/// How long it is believed that a tablet has what it had: one may be restored from a backup.
const BELIEVED: Duration = Duration::from_secs(5);
/// How many tablets and shards are remembered.
const KNOWN_MAX: usize = 10_000;

#[derive(Debug)]
struct Known {
    set: GtidSet,
    at: Instant,
}

/// A primary's position at a moment.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When the primary was asked: what was committed before is in the set.
    pub at: Instant,
    pub set: Arc<GtidSet>,
}

/// Positions by tablet, and the primaries' by shard.
#[derive(Debug, Default)]
pub struct Positions {
    tablets: Mutex<HashMap<TabletAlias, Known>>,
    primaries: Mutex<HashMap<Place, Sample>>,
}

impl Positions {
    /// Returns whether a tablet is known to have executed a set.
    pub fn covers(&self, alias: &TabletAlias, wanted: &GtidSet) -> bool {
        let tablets = self.tablets.lock();
        let known = tablets.get(alias).filter(|known| known.at.elapsed() < BELIEVED);
        known.is_some_and(|known| known.set.contains(wanted))
    }

    /// Takes note of what a tablet has executed.
    pub fn learn(&self, alias: &TabletAlias, set: &GtidSet) {
        let mut tablets = self.tablets.lock();
        if tablets.len() >= KNOWN_MAX {
            tablets.retain(|_, known| known.at.elapsed() < BELIEVED);
        }
        let (now, has_room) = (Instant::now(), tablets.len() < KNOWN_MAX);
        match tablets.get_mut(alias) {
            // What is too old to be believed is not made young by something new.
            Some(known) if known.at.elapsed() < BELIEVED => {
                if known.set.contains(set) {
                    return;
                }
                *known = Known { set: known.set.union(set), at: known.at };
            }
            Some(known) => *known = Known { set: set.clone(), at: now },
            None if has_room => {
                tablets.insert(alias.clone(), Known { set: set.clone(), at: now });
            }
            None => {}
        }
    }

    /// Returns a primary's position that is no older than `age`.
    pub fn sample(&self, place: &Place, age: Duration) -> Option<Sample> {
        let primaries = self.primaries.lock();
        primaries.get(place).filter(|sample| sample.at.elapsed() <= age).cloned()
    }

    /// Keeps a primary's position.
    pub fn keep_sample(&self, place: Place, sample: Sample) {
        let mut primaries = self.primaries.lock();
        if primaries.len() >= KNOWN_MAX {
            primaries.clear();
        }
        primaries.insert(place, sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(last: u32) -> GtidSet {
        format!("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-{last}").parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_position_is_believed_for_a_while() {
        let positions = Positions::default();
        let alias = TabletAlias::new("zone1", 1);
        assert!(!positions.covers(&alias, &set(1)));
        positions.learn(&alias, &set(5));
        assert!(positions.covers(&alias, &set(5)) && !positions.covers(&alias, &set(6)));
        tokio::time::advance(Duration::from_secs(3)).await;
        positions.learn(&alias, &set(6));
        assert!(positions.covers(&alias, &set(6)));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert!(!positions.covers(&alias, &set(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_sample_serves_those_whom_its_age_suits() {
        let positions = Positions::default();
        let place: Place = ("ks".into(), "0".into());
        let sample = Sample { at: Instant::now(), set: Arc::new(set(3)) };
        positions.keep_sample(place.clone(), sample);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(positions.sample(&place, Duration::from_secs(1)).is_none());
        assert_eq!(*positions.sample(&place, Duration::from_secs(2)).unwrap().set, set(3));
    }
}
