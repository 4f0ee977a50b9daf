//! A pool of connections of any kind, with a limit on everything.

mod lease;
mod mysql;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;
use vt_base::{Code, Error, Result};

pub use lease::Pooled;

use crate::patience::within;
use lease::{Lease, Slot};

/// A connection that a pool can keep.
pub trait PoolConn: Send + Sized + 'static {
    /// Returns whether the connection cannot be used any more.
    fn is_broken(&self) -> bool;

    /// Runs the statements of `settings` on a connection that carries none.
    fn apply(&mut self, settings: &Settings) -> impl Future<Output = Result<()>> + Send;

    /// Makes the connection as new.
    fn reset(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// Makes the connections of a pool.
pub trait Connector: Send + Sync + 'static {
    type Conn: PoolConn;

    fn connect(&self) -> impl Future<Output = Result<Self::Conn>> + Send;
}

/// Statements that give a connection the settings of a session; equal text is equal settings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settings(pub Arc<[String]>);

/// The limits of a pool.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// Shown in logs: `transaction pool`.
    pub name: String,
    /// Most connections open at once.
    pub capacity: usize,
    /// Longest wait for a connection; zero waits without end.
    pub wait_timeout: Duration,
    /// Most callers that wait at once; zero sets no limit but the callers' own.
    pub waiters_max: usize,
    /// Closes connections that nobody used for so long; zero never does.
    pub idle_timeout: Duration,
    /// Closes connections of that age when nobody uses them; zero never does.
    pub max_lifetime: Duration,
}

/// Counts of a pool at one moment, named as Vitess's metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    pub capacity: u64,
    pub max_cap: u64,
    pub available: u64,
    pub active: u64,
    pub in_use: u64,
    /// Callers that wait now; no metric of Vitess.
    pub waiting: u64,
    pub wait_count: u64,
    pub wait_time: Duration,
    pub idle_timeout: Duration,
    pub idle_closed: u64,
    pub max_lifetime_closed: u64,
    pub get: u64,
    pub get_setting: u64,
    pub diff_setting: u64,
    pub reset_setting: u64,
}

/// A pool of connections.
///
/// Made within a runtime; its one task, which closes what is idle, ends with it.
pub struct Pool<C: Connector> {
    inner: Arc<Inner<C>>,
    sweeper: Option<AbortHandle>,
}

struct Inner<C: Connector> {
    connector: C,
    config: PoolConfig,
    state: Mutex<State<C>>,
    counters: Counters,
    /// Told when a place is given up.
    given_up: Notify,
}

struct State<C: Connector> {
    capacity: usize,
    /// Places that are taken: connections in use or idle, and those that are being opened.
    open: usize,
    /// The last one was used last, so that the first fall idle for good.
    idle: Vec<Slot<C::Conn>>,
    waiters: VecDeque<Waiter<C>>,
    is_closed: bool,
}

/// A caller that waits; it hears nothing if it is gone.
struct Waiter<C: Connector> {
    hand: oneshot::Sender<Lease<C>>,
}

#[derive(Default)]
struct Counters {
    wait_count: AtomicU64,
    wait_nanos: AtomicU64,
    idle_closed: AtomicU64,
    max_lifetime_closed: AtomicU64,
    get: AtomicU64,
    get_setting: AtomicU64,
    diff_setting: AtomicU64,
    reset_setting: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// How often, and how rarely, idle connections are looked at.
const SWEEP_MIN: Duration = Duration::from_millis(100);
const SWEEP_MAX: Duration = Duration::from_secs(60);

enum Turn<C: Connector> {
    Now(Lease<C>),
    Later(oneshot::Receiver<Lease<C>>),
}

impl<C: Connector> Pool<C> {
    /// Makes an empty pool; connections are opened when they are wanted.
    pub fn new(config: PoolConfig, connector: C) -> Pool<C> {
        let state = State {
            capacity: config.capacity,
            open: 0,
            idle: Vec::new(),
            waiters: VecDeque::new(),
            is_closed: false,
        };
        let inner = Arc::new(Inner {
            connector,
            config,
            state: Mutex::new(state),
            counters: Counters::default(),
            given_up: Notify::new(),
        });
        let sweeper = start_sweeper(&inner);
        Pool { inner, sweeper }
    }

    /// Takes a connection that carries `settings`, or none.
    ///
    /// Callers that wait are served in their order. The connection goes back when it is dropped.
    pub async fn get(&self, settings: Option<&Settings>) -> Result<Pooled<C>> {
        let counters = &self.inner.counters;
        count(if settings.is_some() { &counters.get_setting } else { &counters.get });
        let lease = match self.inner.turn(settings)? {
            Turn::Now(lease) => lease,
            Turn::Later(hand) => self.wait(hand).await?,
        };
        lease.prepare(settings).await
    }

    async fn wait(&self, hand: oneshot::Receiver<Lease<C>>) -> Result<Lease<C>> {
        let counters = &self.inner.counters;
        let limit = self.inner.config.wait_timeout;
        count(&counters.wait_count);
        let began = Instant::now();
        let handed = within(limit, hand).await;
        let waited = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        counters.wait_nanos.fetch_add(waited, Ordering::Relaxed);
        match handed {
            Some(Ok(lease)) => Ok(lease),
            Some(Err(_)) => Err(closed()),
            None => Err(Error::new(Code::ResourceExhausted, "connection pool timed out")),
        }
    }

    /// Changes the capacity; a smaller one takes hold as connections come back.
    pub fn resize(&self, capacity: usize) {
        let mut dropped = Vec::new();
        let mut state = self.inner.state.lock();
        state.capacity = capacity;
        while state.open > capacity && !state.idle.is_empty() {
            dropped.push(state.idle.remove(0));
            state.open -= 1;
        }
        // Each new place goes to who waits longest.
        while state.open < state.capacity
            && let Some(waiter) = state.waiters.pop_front()
        {
            state.open += 1;
            // If the caller is gone the lease comes back by itself, once the lock is free.
            let lease = Lease::new(&self.inner, None);
            parking_lot::MutexGuard::unlocked(&mut state, || drop(waiter.hand.send(lease)));
        }
    }

    /// Reads the counts.
    pub fn stats(&self) -> PoolStats {
        let (counters, config) = (&self.inner.counters, &self.inner.config);
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let state = self.inner.state.lock();
        let in_use = state.open - state.idle.len();
        PoolStats {
            capacity: state.capacity as u64,
            max_cap: config.capacity.max(state.capacity) as u64,
            available: state.capacity.saturating_sub(in_use) as u64,
            active: state.open as u64,
            in_use: in_use as u64,
            waiting: state.waiters.iter().filter(|waiter| !waiter.hand.is_closed()).count() as u64,
            wait_count: read(&counters.wait_count),
            wait_time: Duration::from_nanos(read(&counters.wait_nanos)),
            idle_timeout: config.idle_timeout,
            idle_closed: read(&counters.idle_closed),
            max_lifetime_closed: read(&counters.max_lifetime_closed),
            get: read(&counters.get),
            get_setting: read(&counters.get_setting),
            diff_setting: read(&counters.diff_setting),
            reset_setting: read(&counters.reset_setting),
        }
    }

    /// Returns what makes the connections.
    pub fn connector(&self) -> &C {
        &self.inner.connector
    }

    /// Refuses further callers, closes what is idle and waits up to `timeout` for the rest.
    ///
    /// Returns how many connections were still in use then; they close when they come back.
    pub async fn close(&self, timeout: Duration) -> usize {
        let (idle, waiters) = {
            let mut state = self.inner.state.lock();
            state.is_closed = true;
            state.open -= state.idle.len();
            (std::mem::take(&mut state.idle), std::mem::take(&mut state.waiters))
        };
        drop((idle, waiters));
        let all_back = async {
            loop {
                let given_up = self.inner.given_up.notified();
                if self.inner.state.lock().open == 0 {
                    return;
                }
                given_up.await;
            }
        };
        // A time-out is no error: the count tells.
        drop(tokio::time::timeout(timeout, all_back).await);
        let in_use = self.inner.state.lock().open;
        if in_use > 0 {
            tracing::warn!(pool = self.inner.config.name, in_use, "pool closed while in use");
        }
        in_use
    }
}

impl<C: Connector> Drop for Pool<C> {
    fn drop(&mut self) {
        if let Some(sweeper) = &self.sweeper {
            sweeper.abort();
        }
    }
}

fn closed() -> Error {
    Error::new(Code::Internal, "connection pool is closed")
}

impl<C: Connector> Inner<C> {
    /// Takes a place at once, or a place in the queue.
    fn turn(self: &Arc<Inner<C>>, settings: Option<&Settings>) -> Result<Turn<C>> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(closed());
        }
        if let Some(slot) = state.take_idle(settings) {
            return Ok(Turn::Now(Lease::new(self, Some(slot))));
        }
        if state.open < state.capacity {
            state.open += 1;
            return Ok(Turn::Now(Lease::new(self, None)));
        }
        let waiters_max = self.config.waiters_max;
        if waiters_max > 0 && state.waiters.len() >= waiters_max {
            state.waiters.retain(|waiter| !waiter.hand.is_closed());
            if state.waiters.len() >= waiters_max {
                return Err(Error::new(
                    Code::ResourceExhausted,
                    "connection pool waiter cap exceeded",
                ));
            }
        }
        let (hand, handed) = oneshot::channel();
        state.waiters.push_back(Waiter { hand });
        Ok(Turn::Later(handed))
    }

    /// Takes a place back, with its connection if that is of use to others.
    fn put_back(self: &Arc<Inner<C>>, mut slot: Option<Slot<C::Conn>>) {
        slot = slot.filter(|slot| !slot.conn.is_broken());
        if slot.as_ref().is_some_and(|slot| self.is_too_old(slot)) {
            count(&self.counters.max_lifetime_closed);
            slot = None;
        }
        loop {
            let mut state = self.state.lock();
            if state.is_closed || state.open > state.capacity {
                state.open -= 1;
                drop(state);
                self.given_up.notify_waiters();
                return;
            }
            let Some(waiter) = state.waiters.pop_front() else {
                match slot {
                    Some(mut slot) => {
                        slot.idle_since = Instant::now();
                        state.idle.push(slot);
                    }
                    None => state.open -= 1,
                }
                return;
            };
            drop(state);
            match waiter.hand.send(Lease::new(self, slot)) {
                Ok(()) => return,
                Err(lease) => slot = lease.into_slot(),
            }
        }
    }

    fn is_too_old(&self, slot: &Slot<C::Conn>) -> bool {
        let limit = self.config.max_lifetime;
        !limit.is_zero() && slot.born.elapsed() >= limit
    }

    /// Closes connections that have been idle for too long, or live for too long.
    fn sweep(&self) {
        let limit = self.config.idle_timeout;
        let mut dropped = Vec::new();
        let mut state = self.state.lock();
        let mut index = 0;
        while let Some(slot) = state.idle.get(index) {
            let counter = if slot.conn.is_broken() {
                None
            } else if self.is_too_old(slot) {
                Some(&self.counters.max_lifetime_closed)
            } else if !limit.is_zero() && slot.idle_since.elapsed() >= limit {
                Some(&self.counters.idle_closed)
            } else {
                index += 1;
                continue;
            };
            counter.inspect(|counter| count(counter));
            dropped.push(state.idle.remove(index));
            state.open -= 1;
        }
        drop(state);
        drop(dropped);
    }
}

impl<C: Connector> State<C> {
    /// Takes the idle connection that suits `settings` best: one that carries them, then one that
    /// carries none; one that carries others only where no new one may be opened. Of equal ones it
    /// is one of the caller's lane.
    fn take_idle(&mut self, settings: Option<&Settings>) -> Option<Slot<C::Conn>> {
        let lane = vt_service::lanes::here();
        let may_open = self.open < self.capacity;
        let find = |wanted: Option<&Settings>| {
            let suits = |slot: &Slot<C::Conn>| slot.settings.as_ref() == wanted;
            let near = self.idle.iter().rposition(|slot| suits(slot) && slot.lane == lane);
            // While there is room, each lane comes to have connections of its own.
            near.or_else(|| {
                let far = self.idle.iter().rposition(suits);
                far.filter(|_| !may_open || lane == 0)
            })
        };
        let index = find(settings).or_else(|| find(None)).or_else(|| {
            // The one that has been idle longest is missed least.
            (self.open >= self.capacity && !self.idle.is_empty()).then_some(0)
        })?;
        Some(self.idle.remove(index))
    }
}

fn start_sweeper<C: Connector>(inner: &Arc<Inner<C>>) -> Option<AbortHandle> {
    let limits = [inner.config.idle_timeout, inner.config.max_lifetime];
    let shortest = limits.into_iter().filter(|limit| !limit.is_zero()).min()?;
    let period = (shortest / 10).clamp(SWEEP_MIN, SWEEP_MAX);
    let inner = Arc::downgrade(inner);
    let sweeping = tokio::spawn(async move {
        loop {
            tokio::time::sleep(period).await;
            let Some(inner) = inner.upgrade() else { return };
            inner.sweep();
        }
    });
    Some(sweeping.abort_handle())
}

#[cfg(test)]
mod tests;
