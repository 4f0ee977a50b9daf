//! The log of statements: to a file, and to whoever reads `/debug/querylog`.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::config::QueryLogConfig;

/// How many lines may wait to be written; further ones are dropped and counted.
const WAITING_MAX: usize = 10_000;

/// One statement.
#[derive(Clone, Debug)]
pub struct Entry {
    pub method: &'static str,
    pub user: Arc<str>,
    pub session_uuid: String,
    pub at: SystemTime,
    pub took: Duration,
    pub plan_time: Duration,
    pub execute_time: Duration,
    pub operation: &'static str,
    pub sql: Arc<str>,
    pub shard_calls: u64,
    pub rows_affected: u64,
    pub rows_returned: u64,
    pub error: String,
    pub keyspace: Arc<str>,
    pub tables: Arc<[String]>,
    pub tablet_type: &'static str,
    pub is_plan_cached: bool,
}

/// Where entries go.
pub struct QueryLog {
    config: QueryLogConfig,
    readers: broadcast::Sender<Arc<Entry>>,
    file: Option<mpsc::Sender<Arc<Entry>>>,
    dropped: AtomicU64,
    seen: AtomicU64,
}

/// Writes the file; run it as a task.
pub struct FileWriter {
    path: PathBuf,
    is_json: bool,
    entries: mpsc::Receiver<Arc<Entry>>,
}

impl QueryLog {
    /// Makes the log, and what writes its file if it has one.
    pub fn new(config: QueryLogConfig) -> (QueryLog, Option<FileWriter>) {
        let readers = broadcast::channel(config.buffer_size.max(1)).0;
        let (mut file, mut writer) = (None, None);
        if let Some(path) = config.file.clone() {
            let (sender, entries) = mpsc::channel(WAITING_MAX);
            file = Some(sender);
            writer = Some(FileWriter { path, is_json: config.is_json, entries });
        }
        let (dropped, seen) = (AtomicU64::new(0), AtomicU64::new(0));
        (QueryLog { config, readers, file, dropped, seen }, writer)
    }

    /// Returns whether anybody wants entries, so that none is made for nobody.
    pub fn is_wanted(&self) -> bool {
        self.file.is_some() || self.readers.receiver_count() > 0
    }

    /// Returns the entries from now on; a reader that is slow misses some.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.readers.subscribe()
    }

    pub fn is_json(&self) -> bool {
        self.config.is_json
    }

    /// Adds an entry, if it is one of those to log.
    pub fn add(&self, entry: Entry) {
        if !self.takes(&entry) {
            return;
        }
        let entry = Arc::new(entry);
        let _nobody = self.readers.send(entry.clone());
        if let Some(file) = &self.file
            && file.try_send(entry).is_err()
        {
            let before = self.dropped.fetch_add(1, Ordering::Relaxed);
            if before.is_multiple_of(10_000) {
                tracing::warn!(dropped = before + 1, "query log cannot keep up");
            }
        }
    }

    fn takes(&self, entry: &Entry) -> bool {
        let config = &self.config;
        if config.errors_only && entry.error.is_empty() {
            return false;
        }
        if config.sample_rate > 0.0 {
            // Every nth, so that the part that is logged is exact.
            let period = (1.0 / config.sample_rate.min(1.0)) as u64;
            if self.seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(period.max(1)) {
                return true;
            }
        }
        let rows = entry.rows_affected.max(entry.rows_returned);
        let mut conditions = Vec::new();
        if config.row_threshold > 0 {
            conditions.push(rows >= config.row_threshold);
        }
        if !config.time_threshold.is_zero() {
            conditions.push(entry.took >= config.time_threshold);
        }
        if !config.filter_tag.is_empty() {
            conditions.push(entry.sql.contains(&config.filter_tag));
        }
        match config.any_condition {
            true => conditions.is_empty() || conditions.contains(&true),
            false => conditions.iter().all(|one| *one),
        }
    }
}

impl Entry {
    /// Returns the entry as a line, without its end.
    pub fn line(&self, is_json: bool) -> String {
        if is_json { self.json() } else { self.text() }
    }

    fn json(&self) -> String {
        let end = self.at + self.took;
        json!({
            "Method": self.method,
            "CallInfo": "",
            "Username": &*self.user,
            "ImmediateCaller": &*self.user,
            "Effective Caller": "",
            "Start": seconds(self.at),
            "End": seconds(end),
            "TotalTime": self.took.as_secs_f64(),
            "PlanTime": self.plan_time.as_secs_f64(),
            "ExecuteTime": self.execute_time.as_secs_f64(),
            "CommitTime": 0.0,
            "StmtType": self.operation,
            "SQL": &*self.sql,
            "ShardQueries": self.shard_calls,
            "RowsAffected": self.rows_affected,
            "RowsReturned": self.rows_returned,
            "Error": self.error,
            "TablesUsed": &*self.tables,
            "SessionUUID": self.session_uuid,
            "CachedPlan": self.is_plan_cached,
            "TabletType": self.tablet_type,
            "ActiveKeyspace": &*self.keyspace,
        })
        .to_string()
    }

    fn text(&self) -> String {
        [
            self.method.to_owned(),
            String::new(),
            self.user.to_string(),
            self.user.to_string(),
            seconds(self.at).to_string(),
            seconds(self.at + self.took).to_string(),
            self.took.as_secs_f64().to_string(),
            self.plan_time.as_secs_f64().to_string(),
            self.execute_time.as_secs_f64().to_string(),
            "0".to_owned(),
            self.operation.to_owned(),
            format!("{:?}", self.sql),
            self.shard_calls.to_string(),
            self.rows_affected.to_string(),
            self.rows_returned.to_string(),
            format!("{:?}", self.error),
            format!("{:?}", &*self.tables),
            self.session_uuid.clone(),
            self.is_plan_cached.to_string(),
            self.tablet_type.to_owned(),
            self.keyspace.to_string(),
        ]
        .join("\t")
    }
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

impl FileWriter {
    /// Writes until the log is dropped, or `stop` is cancelled and nothing waits.
    pub async fn run(mut self, stop: CancellationToken) {
        let path = self.path.clone();
        let opened = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        let mut file = match opened {
            Ok(file) => Some(std::io::BufWriter::new(file)),
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "cannot open the query log");
                return;
            }
        };
        let mut batch = Vec::with_capacity(256);
        loop {
            let received = tokio::select! {
                biased;
                count = self.entries.recv_many(&mut batch, 256) => count,
                () = stop.cancelled() => 0,
            };
            if received == 0 {
                return;
            }
            let is_json = self.is_json;
            let lines: String = batch.drain(..).map(|entry| entry.line(is_json) + "\n").collect();
            let Some(mut open) = file.take() else { return };
            // Disks can stall; the runtime must not.
            let written = tokio::task::spawn_blocking(move || {
                let result = open.write_all(lines.as_bytes()).and_then(|()| open.flush());
                (open, result)
            });
            match written.await {
                Ok((open, Ok(()))) => file = Some(open),
                Ok((open, Err(error))) => {
                    tracing::error!(path = %path.display(), %error, "cannot write the query log");
                    file = Some(open);
                }
                Err(_) => return,
            }
        }
    }
}
