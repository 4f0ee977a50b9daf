//! A primary's right to serve: a lease of its term.
//!
//! A primary whose writes others acknowledge may have been replaced without knowing it: while it was
//! paused, or cut off. Its writes cannot be acknowledged then, but what it reads may be old. So it
//! serves only while its lease holds, and the lease is granted by those whom a replacement cannot
//! pass by: by a tablet that acknowledges its writes, in saying that it receives from this primary;
//! or by the topology, in naming it primary of the shard while nobody holds the shard's lock.
//!
//! Each grant counts from the moment before it was asked for. Whoever replaces a primary that cannot
//! be reached takes the lock, stops the acknowledging tablets, and waits for [`PRIMARY_LEASE`] before
//! another is promoted. So no two leases overlap, as long as clocks run equally fast.
//!
//! A grant that comes late still vouches for what was read before it was asked for: nobody has been
//! promoted in between. So a call that finds the lease ended waits for the next one a little.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::sync::Notify;
use vt_base::{Code, Error, Result, Retry, TabletType};
use vt_proto::tabletmanagerdata::ReplicationStatusRequest;
use vt_recovery::{Durability, PRIMARY_LEASE};
use vt_topo::{LockTarget, TabletRecord};

use crate::core::Core;

/// How often the lease is renewed.
const PACE: Duration = Duration::from_millis(500);
/// How long those who grant it have to answer.
const ANSWER: Duration = Duration::from_millis(1500);
/// How long a call waits for a lease that has ended.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long after its end the tablet says in its health that it does not serve.
const LAPSED_AFTER: Duration = Duration::from_secs(1);
/// How long the list of the shard's tablets is taken for true.
const ROSTER_PERIOD: Duration = Duration::from_secs(10);
/// The number that says that no lease is needed.
const FREE: u64 = u64::MAX;
/// What a replica's status says of a thread that runs.
const RUNNING: i32 = 3;

/// How a tablet comes to be primary.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// It was promoted by one who holds the shard's lock, which was asked for at this moment.
    Promoted(Instant),
    /// It was primary before, and may have been replaced meanwhile.
    Resumed,
}

/// The lease of a tablet.
pub struct Lease {
    origin: Instant,
    /// When it ends, in milliseconds since the origin; written with the generation held.
    until: AtomicU64,
    generation: Mutex<u64>,
    /// The generation again, for those who only look.
    seen: AtomicU64,
    renewed: Notify,
    wanted: Notify,
}

impl Default for Lease {
    fn default() -> Lease {
        Lease {
            origin: Instant::now(),
            until: AtomicU64::new(FREE),
            generation: Mutex::default(),
            seen: AtomicU64::new(0),
            renewed: Notify::new(),
            wanted: Notify::new(),
        }
    }
}

impl Lease {
    /// Returns whether the tablet may answer as what it is.
    pub fn holds(&self) -> bool {
        let until = self.until.load(Ordering::Acquire);
        until == FREE || self.now() < until
    }

    /// Returns a number that grows whenever the tablet becomes primary, or ends to be.
    pub fn generation(&self) -> u64 {
        self.seen.load(Ordering::Acquire)
    }

    /// Waits a little for the lease if it has ended; returns whether it holds.
    pub async fn confirm(&self) -> bool {
        if self.holds() {
            return true;
        }
        self.wanted.notify_one();
        let renewed = async {
            loop {
                let renewed = self.renewed.notified();
                tokio::pin!(renewed);
                renewed.as_mut().enable();
                if self.holds() {
                    return;
                }
                renewed.await;
            }
        };
        tokio::time::timeout(PATIENCE, renewed).await.is_ok()
    }

    /// Begins anew, as the tablet becomes primary; one whose commits wait for nobody needs no lease.
    pub fn begin(&self, start: Start, needed: bool) {
        let until = match start {
            _ if !needed => FREE,
            Start::Promoted(at) => self.end_of(at),
            Start::Resumed => self.now(),
        };
        self.advance(until);
    }

    /// Ends it: the tablet is primary no more.
    pub fn end(&self) {
        self.advance(0);
    }

    /// A tablet that is not primary needs none.
    pub fn free(&self) {
        self.advance(FREE);
    }

    fn advance(&self, until: u64) {
        let mut generation = self.generation.lock();
        *generation += 1;
        self.seen.store(*generation, Ordering::Release);
        self.until.store(until, Ordering::Release);
        drop(generation);
        self.renewed.notify_waiters();
    }

    /// Takes a grant that was asked for at a moment, if nothing has changed since.
    fn grant(&self, generation: u64, asked: Instant) {
        let known = self.generation.lock();
        if *known != generation {
            return;
        }
        let until = self.until.load(Ordering::Acquire);
        let next = self.end_of(asked);
        if until == FREE || until < next {
            self.until.store(next, Ordering::Release);
        }
        drop(known);
        self.renewed.notify_waiters();
    }

    /// Takes note, if nothing has changed since, of whether a lease is needed at all.
    pub(crate) fn set_needed(&self, generation: u64, needed: bool) {
        let known = self.generation.lock();
        let is_free = self.until.load(Ordering::Acquire) == FREE;
        if *known == generation && is_free == needed {
            self.until.store(if needed { self.now() } else { FREE }, Ordering::Release);
        }
    }

    /// Returns for how long it has not held.
    fn lapsed(&self) -> Duration {
        let until = self.until.load(Ordering::Acquire);
        Duration::from_millis(self.now().saturating_sub(until))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(FREE - 1)
    }

    fn end_of(&self, asked: Instant) -> u64 {
        let end = asked.saturating_duration_since(self.origin) + PRIMARY_LEASE;
        u64::try_from(end.as_millis()).unwrap_or(FREE - 1)
    }
}

/// The error of a primary whose lease has ended: another may have been promoted.
pub fn ended() -> Error {
    let text = "operation not allowed in state NOT_SERVING: the lease of the primary's term has \
                ended, and neither the topology nor a tablet that acknowledges renews it";
    Error::new(Code::ClusterEvent, text).with_retry(Retry::Always)
}

/// The error of a write that ended after its primary was closed.
pub fn closed_meanwhile() -> Error {
    let text = "Lost connection to MySQL server during query: the primary was closed meanwhile, \
                and whether the statement took effect is not known";
    Error::new(Code::Unavailable, text).with_mysql(2013, *b"HY000")
}

/// The tablets that may grant the lease, as the topology last told them.
#[derive(Default)]
struct Roster {
    durability: Durability,
    tablets: Vec<TabletRecord>,
    read: Option<Instant>,
}

impl Core {
    /// Renews the lease while the tablet is primary; runs until cancelled.
    pub async fn keep_lease(self: Arc<Core>) {
        let roster = Mutex::new(Arc::new(Roster::default()));
        // The topology may be slow or away: it is read beside the renewals.
        tokio::join!(self.renew_lease(&roster), self.read_roster(&roster));
    }

    async fn renew_lease(&self, roster: &Mutex<Arc<Roster>>) {
        let lease = &self.state.lease;
        loop {
            let generation = lease.generation();
            let role = self.role.lock().clone();
            let primary = role.tablet_type == TabletType::Primary
                && !self.config.db.unmanaged
                && role.stopped.is_none();
            if primary {
                lease.set_needed(generation, role.semi_sync);
                if role.semi_sync && role.ready {
                    let asked = Instant::now();
                    let known = roster.lock().clone();
                    if self.is_granted(&known, &role).await {
                        lease.grant(generation, asked);
                    }
                }
            }
            self.note_lapse(primary && !lease.holds() && lease.lapsed() > LAPSED_AFTER);
            tokio::select! {
                biased;
                () = lease.wanted.notified() => tokio::time::sleep(PACE / 10).await,
                () = tokio::time::sleep(PACE) => {}
            }
        }
    }

    fn note_lapse(&self, lapsed: bool) {
        if std::mem::replace(&mut self.role.lock().lapsed, lapsed) == lapsed {
            return;
        }
        if lapsed {
            tracing::error!("the lease of the primary's term has ended; it serves no more");
        } else {
            tracing::info!("the primary has its lease again, or needs none");
        }
        self.evaluate();
    }

    /// Asks those who acknowledge whether they follow this primary, and the topology if too few do.
    async fn is_granted(&self, roster: &Roster, role: &crate::role::Role) -> bool {
        let needed = roster.durability.acks_required().max(1);
        let mut asked: FuturesUnordered<_> =
            roster.tablets.iter().map(|one| self.follows_here(one)).collect();
        let mut granted = 0;
        while granted < needed
            && let Some(follows) = asked.next().await
        {
            granted += usize::from(follows);
        }
        if granted >= needed {
            return true;
        }
        drop(asked);
        let confirmed = self.topology_confirms(role.term_start);
        matches!(tokio::time::timeout(ANSWER, confirmed).await, Ok(Ok(true)))
    }

    /// Returns whether a tablet says that it receives from this server.
    async fn follows_here(&self, record: &TabletRecord) -> bool {
        let asked = async {
            let mut client = self.dialer.tablet_manager(&record.message)?;
            let reply = client.replication_status(ReplicationStatusRequest {}).await;
            reply.map_err(|status| vt_rpc::status::from_status(&status))
        };
        let Ok(Ok(reply)) = tokio::time::timeout(ANSWER, asked).await else { return false };
        let Some(status) = reply.into_inner().status else { return false };
        let own = self.record.load();
        status.io_state == RUNNING
            && status.source_host == own.mysql_hostname
            && status.source_port == own.mysql_port
    }

    /// Returns whether the topology names this tablet primary, and nobody is about to change that.
    async fn topology_confirms(&self, term: Option<std::time::SystemTime>) -> Result<bool> {
        let (keyspace, shard) = (&self.config.keyspace, &self.config.shard);
        // The lock first: who takes it later has not promoted anybody yet.
        if self.topo.lock_holder(&LockTarget::shard(keyspace, shard)).await?.is_some() {
            return Ok(false);
        }
        let record = self.topo.get_shard(keyspace, shard).await?;
        let own = record.primary_alias().as_ref() == Some(&self.config.alias);
        Ok(own && term.is_some() && record.primary_term_start() == term)
    }

    /// Keeps the list of tablets up to date while this one is primary.
    async fn read_roster(&self, roster: &Mutex<Arc<Roster>>) {
        loop {
            let role = self.role.lock().clone();
            let fresh = {
                let known = roster.lock();
                // A policy that was changed lets others acknowledge than before.
                let period = match known.durability.primary_waits() == role.semi_sync {
                    true => ROSTER_PERIOD,
                    false => PACE,
                };
                known.read.is_some_and(|at| at.elapsed() < period)
            };
            if role.tablet_type == TabletType::Primary && !fresh {
                match self.acknowledging_tablets().await {
                    Ok(found) => *roster.lock() = Arc::new(found),
                    Err(err) => tracing::debug!(%err, "cannot read who acknowledges"),
                }
            }
            tokio::time::sleep(PACE / 2).await;
        }
    }

    async fn acknowledging_tablets(&self) -> Result<Roster> {
        let durability = self.durability().await?;
        let own = &self.config.alias;
        let found =
            self.topo.find_tablets_by_shard(&self.config.keyspace, &self.config.shard).await?;
        let acks = |one: &TabletRecord| durability.may_ack(own, &one.alias(), one.tablet_type());
        let tablets = found.records.into_iter().filter(acks).collect();
        Ok(Roster { durability, tablets, read: Some(Instant::now()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_counts_from_the_moment_of_the_question() {
        let lease = Lease::default();
        assert!(lease.holds(), "a tablet that is not primary needs none");
        lease.begin(Start::Resumed, true);
        assert!(!lease.holds(), "it may have been replaced meanwhile");
        lease.grant(lease.generation(), Instant::now());
        assert!(lease.holds());
        lease.end();
        assert!(!lease.holds());
        lease.begin(Start::Resumed, false);
        assert!(lease.holds(), "nobody acknowledges its writes");
    }

    #[test]
    fn a_grant_of_an_earlier_role_counts_for_nothing() {
        let lease = Lease::default();
        lease.begin(Start::Promoted(Instant::now()), true);
        let before = lease.generation();
        lease.end();
        lease.grant(before, Instant::now());
        assert!(!lease.holds());
        lease.set_needed(before, false);
        assert!(!lease.holds());
    }

    #[test]
    fn a_grant_asked_for_long_ago_has_ended_already() {
        let Some(long_ago) = Instant::now().checked_sub(PRIMARY_LEASE * 2) else { return };
        let lease = Lease { origin: long_ago, ..Lease::default() };
        lease.begin(Start::Promoted(long_ago), true);
        assert!(!lease.holds());
        assert!(lease.lapsed() >= PRIMARY_LEASE / 2);
        lease.grant(lease.generation(), long_ago);
        assert!(!lease.holds());
    }

    #[tokio::test]
    async fn who_finds_it_ended_waits_for_the_next_grant() {
        let lease = Lease::default();
        lease.begin(Start::Resumed, true);
        let (held, ()) = tokio::join!(lease.confirm(), async {
            tokio::task::yield_now().await;
            lease.grant(lease.generation(), Instant::now());
        });
        assert!(held);
        lease.end();
        assert!(!lease.confirm().await);
    }
}
