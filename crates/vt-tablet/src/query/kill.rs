//! Statements that can be stopped: by their deadline, by the caller who goes away, by hand.

use std::time::{Duration, Instant};

use vt_base::Result;
use vt_mysql::{Conn, KillHandle};
use vt_service::tasks::Tasks;
use vt_value::QueryResult;

use super::errors::timed_out;

/// How long a killed statement has to end before its connection is given up.
const KILL_GRACE: Duration = Duration::from_secs(2);

/// Kills what runs on connections whose callers are gone. Cloning gives another handle.
#[derive(Clone)]
pub struct Killer {
    tasks: Tasks,
    kills: vt_service::stats::Counters,
}

impl Killer {
    /// Makes a killer whose work belongs to a set of tasks, and is counted.
    pub fn new(tasks: Tasks, kills: vt_service::stats::Counters) -> Killer {
        Killer { tasks, kills }
    }

    /// Counts a kill of a kind: `Queries`, `Transactions`, `ReservedConnection`.
    pub fn count(&self, kind: &str) {
        self.kills.add(&[kind], 1);
    }

    /// Ends a connection's statement, and the connection, in the background.
    fn abandon(&self, handle: KillHandle) {
        self.count("Queries");
        self.tasks.spawn("kill", async move {
            if let Err(err) = handle.kill_connection().await {
                tracing::debug!(%err, connection = handle.id(), "cannot kill a connection");
            }
        });
    }
}

/// Kills a connection's statement unless told in time that it has ended.
struct Guard<'a> {
    killer: &'a Killer,
    handle: Option<KillHandle>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            self.killer.abandon(handle);
        }
    }
}

/// Runs a statement until its deadline.
///
/// Dropping the future kills the statement; the connection is then broken. A statement that is
/// killed at its deadline leaves the connection fit for use if MySQL ends it soon.
pub async fn query(
    killer: &Killer,
    conn: &mut Conn,
    sql: &[u8],
    rows_max: usize,
    deadline: Option<Instant>,
) -> Result<QueryResult> {
    let mut guard = Guard { killer, handle: Some(conn.kill_handle()) };
    let running = conn.query(sql, rows_max);
    let Some(deadline) = deadline else {
        let result = running.await;
        guard.handle = None;
        return result;
    };
    tokio::pin!(running);
    let at = tokio::time::Instant::from_std(deadline);
    if let Ok(result) = tokio::time::timeout_at(at, &mut running).await {
        guard.handle = None;
        return result;
    }
    if let Some(handle) = &guard.handle {
        let _ = tokio::time::timeout(KILL_GRACE, handle.kill_query()).await;
    }
    let Ok(result) = tokio::time::timeout(KILL_GRACE, &mut running).await else {
        // It does not end; the guard ends the connection.
        return Err(timed_out());
    };
    killer.count("Queries");
    guard.handle = None;
    match result {
        // A write may have ended by itself before the kill reached it, and has taken effect. A
        // query that succeeds now may be one that the kill cut short, as it does with SLEEP.
        Ok(result) if !result.has_fields() => Ok(result),
        _ => Err(timed_out()),
    }
}

/// Watches over statements whose rows are read piece by piece.
pub struct StreamGuard<'a> {
    guard: Guard<'a>,
}

impl<'a> StreamGuard<'a> {
    /// Begins to watch over a connection.
    pub fn new(killer: &'a Killer, conn: &Conn) -> StreamGuard<'a> {
        StreamGuard { guard: Guard { killer, handle: Some(conn.kill_handle()) } }
    }

    /// The statement has ended.
    pub fn ended(mut self) {
        self.guard.handle = None;
    }
}
