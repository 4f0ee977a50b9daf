//! The query log: a line a statement, made only while someone listens.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use tokio::sync::broadcast;
use vt_tablet_api::ExecuteRequest;

use super::errors::write_binds;
use super::plan::PlanType;

/// How many lines may wait for a slow listener; it misses what is beyond.
const QUEUE: usize = 256;

/// What a line tells besides the request.
pub struct Entry<'a> {
    pub method: &'static str,
    pub plan: PlanType,
    pub took: Duration,
    pub mysql: Duration,
    pub rows_affected: u64,
    pub rows_returned: u64,
    pub transaction_id: i64,
    pub error: Option<&'a str>,
}

/// The log.
pub struct QueryLog {
    lines: broadcast::Sender<String>,
    redact: bool,
}

impl QueryLog {
    /// Makes the log; `redact` leaves values out.
    pub fn new(redact: bool) -> QueryLog {
        QueryLog { lines: broadcast::Sender::new(QUEUE), redact }
    }

    /// Listens to the lines of statements from now on.
    pub fn listen(&self) -> broadcast::Receiver<String> {
        self.lines.subscribe()
    }

    /// Returns whether anybody listens.
    pub fn is_wanted(&self) -> bool {
        self.lines.receiver_count() > 0
    }

    /// Tells of a statement.
    pub fn record(&self, request: &ExecuteRequest, entry: &Entry<'_>) {
        if !self.is_wanted() {
            return;
        }
        let mut binds = String::from("{");
        if self.redact {
            binds.push_str("[REDACTED]");
        } else {
            write_binds(&request.bind_vars, &mut binds);
        }
        binds.push('}');
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut line = String::new();
        // Tab-separated: method, caller, effective caller, time, seconds, plan, SQL, binds, ...
        let _ = writeln!(
            line,
            "{}\t{}\t{}\t{}.{:06}\t{:.6}\t{}\t{:?}\t{}\t{:.6}\t{}\t{}\t{}\t{:?}",
            entry.method,
            request.caller.username,
            request.caller.principal,
            now.as_secs(),
            now.subsec_micros(),
            entry.took.as_secs_f64(),
            entry.plan.name(),
            request.sql,
            binds,
            entry.mysql.as_secs_f64(),
            entry.rows_affected,
            entry.rows_returned,
            entry.transaction_id,
            entry.error.unwrap_or_default(),
        );
        // Listeners may go at any moment; their absence is no error.
        drop(self.lines.send(line));
    }
}
