//! When leases end. A restart gives every lease its whole time again, as a new leader of etcd does.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The clocks of the leases.
#[derive(Debug, Default)]
pub(crate) struct LeaseClocks {
    clocks: Mutex<BTreeMap<i64, Clock>>,
}

#[derive(Clone, Copy, Debug)]
struct Clock {
    granted_seconds: i64,
    ends: Instant,
}

/// What is left of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remaining {
    pub(crate) granted_seconds: i64,
    pub(crate) seconds: i64,
}

impl LeaseClocks {
    pub(crate) fn start(&self, id: i64, granted_seconds: i64) {
        let clock = Clock { granted_seconds, ends: end(granted_seconds) };
        self.clocks.lock().insert(id, clock);
    }

    pub(crate) fn stop(&self, id: i64) {
        self.clocks.lock().remove(&id);
    }

    /// Gives a lease its whole time again; returns that time, or `None` for one that has ended.
    pub(crate) fn renew(&self, id: i64) -> Option<i64> {
        let mut clocks = self.clocks.lock();
        let clock = clocks.get_mut(&id)?;
        clock.ends = end(clock.granted_seconds);
        Some(clock.granted_seconds)
    }

    pub(crate) fn remaining(&self, id: i64) -> Option<Remaining> {
        let clock = *self.clocks.lock().get(&id)?;
        let left = clock.ends.saturating_duration_since(Instant::now());
        let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
        Some(Remaining { granted_seconds: clock.granted_seconds, seconds })
    }

    pub(crate) fn is_over(&self, id: i64) -> bool {
        let now = Instant::now();
        self.clocks.lock().get(&id).is_some_and(|clock| clock.ends <= now)
    }

    /// Returns the leases whose time is over.
    pub(crate) fn over(&self) -> Vec<i64> {
        let now = Instant::now();
        let clocks = self.clocks.lock();
        clocks.iter().filter(|(_, clock)| clock.ends <= now).map(|(id, _)| *id).collect()
    }
}

fn end(seconds: i64) -> Instant {
    Instant::now() + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lease_ends_unless_it_is_renewed() {
        let clocks = LeaseClocks::default();
        clocks.start(1, 10);
        clocks.start(2, 10);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(clocks.renew(1), Some(10));
        let left = clocks.remaining(2).unwrap();
        assert_eq!((left.granted_seconds, left.seconds), (10, 3));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(clocks.over(), [2]);
        assert!(clocks.is_over(2) && !clocks.is_over(1));
        clocks.stop(2);
        assert_eq!(clocks.renew(2), None);
        assert_eq!(clocks.remaining(2), None);
    }
}
