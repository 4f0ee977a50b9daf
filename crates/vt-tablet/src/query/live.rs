//! The statements under way, for the page that lists them and the hand that stops one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use vt_base::{Code, Error, Result};
use vt_mysql::KillHandle;

/// How many locks the table is spread over.
const PARTS: usize = 16;

/// A statement under way.
#[derive(Clone, Debug)]
pub struct Live {
    pub sql: Arc<str>,
    pub caller: Arc<str>,
    pub started: Instant,
    pub stream: bool,
    pub handle: KillHandle,
}

/// The statements under way.
#[derive(Default)]
pub struct LiveQueries {
    parts: [Mutex<BTreeMap<u64, Live>>; PARTS],
    next: AtomicU64,
}

/// A statement's place in the list; it leaves the list when this is dropped.
pub struct LiveGuard<'a> {
    queries: &'a LiveQueries,
    number: u64,
}

impl Drop for LiveGuard<'_> {
    fn drop(&mut self) {
        self.queries.part(self.number).lock().remove(&self.number);
    }
}

impl LiveQueries {
    fn part(&self, number: u64) -> &Mutex<BTreeMap<u64, Live>> {
        &self.parts[usize::try_from(number % PARTS as u64).unwrap_or(0)]
    }

    /// Lists a statement.
    pub fn add(&self, live: Live) -> LiveGuard<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.part(number).lock().insert(number, live);
        LiveGuard { queries: self, number }
    }

    /// Returns the statements under way, the longest first.
    pub fn all(&self) -> Vec<Live> {
        let mut out: Vec<Live> = Vec::new();
        for part in &self.parts {
            out.extend(part.lock().values().cloned());
        }
        out.sort_by_key(|live| live.started);
        out
    }

    /// Kills the statement that runs on a connection of MySQL's.
    pub async fn terminate(&self, connection_id: u32) -> Result<()> {
        let live = self.all().into_iter().find(|live| live.handle.id() == connection_id);
        let live = live.ok_or_else(|| {
            Error::new(Code::NotFound, format!("query on connection {connection_id} not found"))
        })?;
        live.handle.kill_query().await
    }

    /// Kills every statement that has run for `age` and longer.
    pub async fn terminate_all(&self, age: Duration) {
        for live in self.all().into_iter().filter(|live| live.started.elapsed() >= age) {
            if let Err(err) = live.handle.kill_connection().await {
                tracing::warn!(%err, connection = live.handle.id(), "cannot kill a statement");
            }
        }
    }
}
