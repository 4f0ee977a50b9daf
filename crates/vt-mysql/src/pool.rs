//! A pool of connections of any kind, with a limit on everything.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use vt_base::{Error, Result};

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
    /// Shown in errors: `transaction pool`.
    pub name: String,
    /// Most connections open at once.
    pub capacity: usize,
    /// Longest wait for a connection; zero waits without end.
    pub wait_timeout: Duration,
    /// Most callers that wait at once; zero sets no limit but the callers' own.
    pub waiters_max: usize,
    /// Closes connections that nobody used for so long; zero never does.
    pub idle_timeout: Duration,
    /// Closes connections of that age when they come back; zero never does.
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
pub struct Pool<C: Connector> {
    connector: Arc<C>,
}

impl<C: Connector> Pool<C> {
    /// Makes an empty pool; connections are opened when they are wanted.
    pub fn new(_config: PoolConfig, connector: C) -> Pool<C> {
        Pool { connector: Arc::new(connector) }
    }

    /// Takes a connection that carries `settings`, or none.
    pub async fn get(&self, _settings: Option<&Settings>) -> Result<Pooled<C>> {
        let _ = &self.connector;
        Err(Error::unsupported("pools"))
    }

    /// Changes the capacity; a smaller one takes hold as connections come back.
    pub fn resize(&self, _capacity: usize) {}

    pub fn stats(&self) -> PoolStats {
        PoolStats::default()
    }

    /// Refuses further callers, closes what is idle and waits up to `timeout` for the rest.
    ///
    /// Returns how many connections were still in use then.
    pub async fn close(&self, _timeout: Duration) -> usize {
        0
    }
}

/// A connection on loan; goes back when dropped, unless it is broken.
pub struct Pooled<C: Connector> {
    conn: C::Conn,
}

impl<C: Connector> Pooled<C> {
    /// Takes the connection out of the pool for good.
    pub fn detach(self) -> C::Conn {
        self.conn
    }
}

impl<C: Connector> Deref for Pooled<C> {
    type Target = C::Conn;

    fn deref(&self) -> &C::Conn {
        &self.conn
    }
}

impl<C: Connector> DerefMut for Pooled<C> {
    fn deref_mut(&mut self) -> &mut C::Conn {
        &mut self.conn
    }
}
