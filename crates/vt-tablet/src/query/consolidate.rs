//! Equal reads under way share one result.
//!
//! The first to come runs the statement, the others wait for it. A write that ended meanwhile
//! parts them: a read that begins after it must see it, so it joins no read that began before.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::watch;
use vt_base::Result;
use vt_value::QueryResult;

/// How many locks the table is spread over.
const PARTS: usize = 16;
/// How many statements the page of shared reads remembers.
const SHOWN_MAX: usize = 1_000;

type Outcome = Option<Result<QueryResult>>;

struct Flight {
    /// How many writes had ended when it began.
    writes: u64,
    outcome: watch::Receiver<Outcome>,
    waiters: usize,
}

/// The reads under way.
#[derive(Default)]
pub struct Consolidator {
    parts: [Mutex<HashMap<Arc<[u8]>, Flight>>; PARTS],
    hasher: RandomState,
    writes: AtomicU64,
    waiters_max: usize,
    shared: Mutex<HashMap<Arc<str>, u64>>,
}

/// What a read has to do.
pub enum Share<'a> {
    /// Run, and tell the others.
    Lead(Leader<'a>),
    /// Wait for another's result.
    Follow(Follower),
    /// Run alone: too many wait already.
    Alone,
}

/// The one that runs; the others run themselves if it is dropped without a result.
pub struct Leader<'a> {
    consolidator: &'a Consolidator,
    key: Arc<[u8]>,
    outcome: watch::Sender<Outcome>,
}

/// One that waits.
pub struct Follower {
    outcome: watch::Receiver<Outcome>,
}

impl Consolidator {
    /// Makes an empty table; `waiters_max` of 0 sets no limit.
    pub fn new(waiters_max: usize) -> Consolidator {
        Consolidator { waiters_max, ..Consolidator::default() }
    }

    /// A write has ended: reads that begin from now on must see it.
    pub fn wrote(&self) {
        self.writes.fetch_add(1, Ordering::AcqRel);
    }

    fn part(&self, key: &[u8]) -> &Mutex<HashMap<Arc<[u8]>, Flight>> {
        let hash = self.hasher.hash_one(key);
        &self.parts[usize::try_from(hash % PARTS as u64).unwrap_or(0)]
    }

    /// Joins the reads of a statement's full text.
    pub fn join(&self, key: &[u8]) -> Share<'_> {
        let writes = self.writes.load(Ordering::Acquire);
        let mut flights = self.part(key).lock();
        if let Some(flight) = flights.get_mut(key)
            && flight.writes == writes
        {
            if self.waiters_max != 0 && flight.waiters >= self.waiters_max {
                return Share::Alone;
            }
            flight.waiters += 1;
            return Share::Follow(Follower { outcome: flight.outcome.clone() });
        }
        let key: Arc<[u8]> = key.into();
        let (outcome, receiver) = watch::channel(None);
        let flight = Flight { writes, outcome: receiver, waiters: 0 };
        // A read of before a write stays with those who wait for it already.
        flights.insert(key.clone(), flight);
        Share::Lead(Leader { consolidator: self, key, outcome })
    }

    /// Counts a statement that was spared.
    pub fn count(&self, sql: &Arc<str>) {
        let mut shared = self.shared.lock();
        if let Some(count) = shared.get_mut(sql) {
            *count += 1;
        } else if shared.len() < SHOWN_MAX {
            shared.insert(sql.clone(), 1);
        }
    }

    /// Returns statements with how often they were spared, the most often first.
    pub fn shared(&self) -> Vec<(Arc<str>, u64)> {
        let mut out: Vec<_> =
            self.shared.lock().iter().map(|(sql, count)| (sql.clone(), *count)).collect();
        out.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        out
    }
}

impl Leader<'_> {
    /// Tells the result to those who wait.
    pub fn finish(self, result: &Result<QueryResult>) {
        self.leave();
        if self.outcome.receiver_count() > 0 {
            self.outcome.send_replace(Some(result.clone()));
        }
    }

    fn leave(&self) {
        let mut flights = self.consolidator.part(&self.key).lock();
        let own = flights
            .get(&self.key)
            .is_some_and(|flight| flight.outcome.same_channel(&self.outcome.subscribe()));
        if own {
            flights.remove(&self.key);
        }
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Follower {
    /// Waits for the result; `None` if the one that ran it went away.
    pub async fn wait(mut self) -> Outcome {
        self.outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead<'a>(consolidator: &'a Consolidator, key: &[u8]) -> Leader<'a> {
        match consolidator.join(key) {
            Share::Lead(leader) => leader,
            _ => panic!("another leads"),
        }
    }

    fn follow(consolidator: &Consolidator, key: &[u8]) -> Follower {
        match consolidator.join(key) {
            Share::Follow(follower) => follower,
            _ => panic!("nothing to follow"),
        }
    }

    #[tokio::test]
    async fn followers_get_the_leaders_result() {
        let consolidator = Consolidator::new(0);
        let leader = lead(&consolidator, b"q");
        let follower = follow(&consolidator, b"q");
        lead(&consolidator, b"other");
        leader.finish(&Ok(QueryResult { rows_affected: 7, ..QueryResult::default() }));
        assert_eq!(follower.wait().await.unwrap().unwrap().rows_affected, 7);
        lead(&consolidator, b"q");
    }

    #[tokio::test]
    async fn a_leader_that_goes_away_frees_its_followers() {
        let consolidator = Consolidator::new(0);
        let leader = lead(&consolidator, b"q");
        let follower = follow(&consolidator, b"q");
        drop(leader);
        assert!(follower.wait().await.is_none());
        lead(&consolidator, b"q");
    }

    #[tokio::test]
    async fn a_read_after_a_write_joins_no_read_of_before() {
        let consolidator = Consolidator::new(0);
        let before = lead(&consolidator, b"q");
        let early = follow(&consolidator, b"q");
        consolidator.wrote();
        let after = lead(&consolidator, b"q");
        let late = follow(&consolidator, b"q");
        before.finish(&Ok(QueryResult { rows_affected: 1, ..QueryResult::default() }));
        // The later flight is still there after the earlier one landed.
        let later = follow(&consolidator, b"q");
        after.finish(&Ok(QueryResult { rows_affected: 2, ..QueryResult::default() }));
        assert_eq!(early.wait().await.unwrap().unwrap().rows_affected, 1);
        assert_eq!(late.wait().await.unwrap().unwrap().rows_affected, 2);
        assert_eq!(later.wait().await.unwrap().unwrap().rows_affected, 2);
    }

    #[test]
    fn waiters_are_limited() {
        let consolidator = Consolidator::new(1);
        let _leader = lead(&consolidator, b"q");
        let _follower = follow(&consolidator, b"q");
        assert!(matches!(consolidator.join(b"q"), Share::Alone));
    }
}
