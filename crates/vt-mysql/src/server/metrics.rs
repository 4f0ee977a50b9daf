//! Counters of a server, for whoever exports them.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one server; the names of Vitess's metrics stand beside them.
#[derive(Debug, Default)]
pub struct Metrics {
    /// `MysqlServerConnCount`
    pub(crate) connections: AtomicU64,
    /// `MysqlServerConnAccepted`
    pub(crate) accepted: AtomicU64,
    /// `MysqlServerConnRefused`
    pub(crate) refused: AtomicU64,
    /// `MysqlServerConnSlow`
    pub(crate) slow: AtomicU64,
    /// `MysqlServerTimings`: logins finished, and the time that they took.
    pub(crate) logins: AtomicU64,
    pub(crate) login_nanos: AtomicU64,
    pub(crate) commands: AtomicU64,
    pub(crate) panics: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    pub connections: u64,
    pub accepted: u64,
    pub refused: u64,
    pub slow: u64,
    pub logins: u64,
    pub login_nanos: u64,
    pub commands: u64,
    /// Connections that ended by a panic of their handler.
    pub panics: u64,
}

impl Metrics {
    /// Reads the counters.
    pub fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            connections: read(&self.connections),
            accepted: read(&self.accepted),
            refused: read(&self.refused),
            slow: read(&self.slow),
            logins: read(&self.logins),
            login_nanos: read(&self.login_nanos),
            commands: read(&self.commands),
            panics: read(&self.panics),
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}
