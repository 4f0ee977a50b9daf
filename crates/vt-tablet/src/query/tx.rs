//! Connections that belong to a session: in a transaction, reserved, or both.
//!
//! A connection has one number, which is the transaction's id while one is open and the reserved
//! id while it is reserved. It is either here, idle, or taken by one call; what stays idle beyond
//! its time is rolled back.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use tokio::sync::Notify;
use vt_base::{Code, Error, Result};
use vt_mysql::Conn;
use vt_tablet_api::{Caller, ExecuteOptions};

use crate::db::DbConn;

/// How many connections that are gone are remembered, to tell their callers why.
const ENDED_MAX: usize = 1_000;

/// An open transaction.
#[derive(Clone, Debug)]
pub struct Transaction {
    pub started: Instant,
    /// When it is rolled back for taking too long.
    pub deadline: Option<Instant>,
    pub timeout: Duration,
    /// No BEGIN was sent: each statement stands by itself.
    pub autocommit: bool,
    pub options: Arc<ExecuteOptions>,
}

/// A connection of a session's own.
pub struct SessionConn {
    pub id: i64,
    pub conn: DbConn,
    pub transaction: Option<Transaction>,
    /// Kept after its transaction ends; never goes back to the pool.
    pub reserved: bool,
    /// When it is given up for idleness.
    pub idle_deadline: Option<Instant>,
    pub caller: Arc<Caller>,
}

impl SessionConn {
    /// Ends the use of the connection: it goes back to its pool, or is closed if it was reserved.
    pub async fn dispose(self) {
        if self.reserved || self.conn.is_broken() {
            self.conn.detach().close().await;
        }
    }

    /// Returns why the connection's time is over, if it is.
    pub fn overdue(&self, now: Instant) -> Option<String> {
        if let Some(transaction) = &self.transaction {
            let over = transaction.deadline.is_some_and(|deadline| deadline <= now);
            return over.then(|| format!("exceeded timeout: {:?}", transaction.timeout));
        }
        let over = self.idle_deadline.is_some_and(|deadline| deadline <= now);
        over.then(|| "exceeded idle timeout".to_owned())
    }

    pub fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

enum Slot {
    Idle(Box<SessionConn>),
    /// Taken by a call, for the purpose named.
    Taken(&'static str),
}

struct Ended {
    at: SystemTime,
    why: String,
}

#[derive(Default)]
struct Table {
    slots: HashMap<i64, Slot>,
    ended: HashMap<i64, Ended>,
    order: VecDeque<i64>,
}

/// The sessions' connections by number.
pub struct Sessions {
    table: Mutex<Table>,
    next_id: AtomicI64,
    changed: Notify,
}

impl Default for Sessions {
    fn default() -> Sessions {
        // Numbers of an earlier run must not be taken for this one's.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let first = i64::try_from(since.as_nanos()).unwrap_or(1);
        Sessions { table: Mutex::default(), next_id: AtomicI64::new(first), changed: Notify::new() }
    }
}

/// A session's connection, taken by one call. Dropping it gives the connection up.
pub struct Taken<'a> {
    sessions: &'a Sessions,
    conn: Option<Box<SessionConn>>,
    /// Whether the table has a slot for it.
    listed: bool,
}

impl std::ops::Deref for Taken<'_> {
    type Target = SessionConn;

    fn deref(&self) -> &SessionConn {
        self.conn.as_ref().expect("a taken connection is there until it is put back")
    }
}

impl std::ops::DerefMut for Taken<'_> {
    fn deref_mut(&mut self) -> &mut SessionConn {
        self.conn.as_mut().expect("a taken connection is there until it is put back")
    }
}

impl Taken<'_> {
    /// Makes the connection available to the session's next call.
    pub fn put_back(mut self) {
        if let Some(conn) = self.conn.take() {
            self.sessions.put(conn);
        }
    }

    /// Puts the connection back under a new number, and returns that.
    pub fn renumber(mut self) -> i64 {
        let Some(mut conn) = self.conn.take() else { return 0 };
        self.sessions.forget(conn.id, "renumbered");
        conn.id = self.sessions.new_id();
        let id = conn.id;
        self.sessions.put(conn);
        id
    }

    /// Takes the connection out of the table for good; `why` is told to later callers.
    pub fn remove(mut self, why: &str) -> Box<SessionConn> {
        let conn = self.conn.take().expect("a taken connection is there until it is put back");
        if self.listed {
            self.sessions.forget(conn.id, why);
        }
        conn
    }
}

/// The call was dropped in the middle: nothing is known of the connection but that it is broken.
impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            if self.listed {
                self.sessions.forget(conn.id, "connection closed by a cancelled call");
            }
            // Closing without a goodbye makes MySQL roll back.
            drop(conn.conn.detach());
        }
    }
}

impl Sessions {
    /// Returns a number that no connection has had.
    pub fn new_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes a connection a session's own; it is taken by the caller.
    pub fn adopt(&self, conn: DbConn, caller: Arc<Caller>) -> Taken<'_> {
        let id = self.new_id();
        let conn = SessionConn {
            id,
            conn,
            transaction: None,
            reserved: false,
            idle_deadline: None,
            caller,
        };
        self.table.lock().slots.insert(id, Slot::Taken("being opened"));
        Taken { sessions: self, conn: Some(Box::new(conn)), listed: true }
    }

    /// Takes a connection for a call; `purpose` is told to others who want it meanwhile.
    pub fn take(&self, id: i64, what: &str, purpose: &'static str) -> Result<Taken<'_>> {
        let mut table = self.table.lock();
        let aborted = |text: String| Error::new(Code::Aborted, text);
        let Some(slot) = table.slots.get_mut(&id) else {
            let why = match table.ended.get(&id) {
                Some(ended) => format!("ended at {} ({})", moment(ended.at), ended.why),
                None => "not found".to_owned(),
            };
            return Err(aborted(format!("{what} {id}: {why}")));
        };
        match std::mem::replace(slot, Slot::Taken(purpose)) {
            Slot::Idle(conn) => Ok(Taken { sessions: self, conn: Some(conn), listed: true }),
            Slot::Taken(holder) => {
                *slot = Slot::Taken(holder);
                Err(aborted(format!("{what} {id}: in use: {holder}")))
            }
        }
    }

    fn put(&self, conn: Box<SessionConn>) {
        self.table.lock().slots.insert(conn.id, Slot::Idle(conn));
    }

    fn forget(&self, id: i64, why: &str) {
        let mut table = self.table.lock();
        table.slots.remove(&id);
        table.order.push_back(id);
        table.ended.insert(id, Ended { at: SystemTime::now(), why: why.to_owned() });
        while table.order.len() > ENDED_MAX {
            if let Some(oldest) = table.order.pop_front() {
                table.ended.remove(&oldest);
            }
        }
        drop(table);
        self.changed.notify_waiters();
    }

    /// Takes every idle connection whose time is over, with the reason.
    pub fn expired(&self, now: Instant) -> Vec<(Taken<'_>, String)> {
        self.take_idle(|conn| conn.overdue(now))
    }

    /// Takes every idle connection, to end it for a reason.
    pub fn all_idle(&self, why: &str) -> Vec<(Taken<'_>, String)> {
        self.take_idle(|_| Some(why.to_owned()))
    }

    fn take_idle(
        &self,
        choose: impl Fn(&SessionConn) -> Option<String>,
    ) -> Vec<(Taken<'_>, String)> {
        let mut table = self.table.lock();
        let mut out = Vec::new();
        for slot in table.slots.values_mut() {
            let Slot::Idle(conn) = &*slot else { continue };
            let Some(why) = choose(conn) else { continue };
            if let Slot::Idle(conn) = std::mem::replace(slot, Slot::Taken("for rollback")) {
                out.push((Taken { sessions: self, conn: Some(conn), listed: true }, why));
            }
        }
        out
    }

    /// Returns how many connections belong to sessions.
    pub fn len(&self) -> usize {
        self.table.lock().slots.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until no connection belongs to a session, `grace` at most; returns whether that came.
    pub async fn wait_empty(&self, grace: Duration) -> bool {
        let empty = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.is_empty() {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(grace, empty).await.is_ok()
    }
}

/// Writes a moment as `2026-01-31 12:00:00.000 UTC`.
fn moment(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let text = vt_topo::records::lock::rfc3339(since.as_secs());
    let text = text.trim_end_matches('Z').replacen('T', " ", 1);
    format!("{text}.{:03} UTC", since.subsec_millis())
}
