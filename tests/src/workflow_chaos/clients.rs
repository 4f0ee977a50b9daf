//! Clients that append, delete and count, and remember what became of each write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use vt_testkit::LocalCluster;

use crate::check::Outcome;

const CLIENTS: u64 = 4;
/// Counters of one client.
const COUNTERS: u64 = 10;
/// An answer that takes longer does not come.
const ANSWER: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);
/// Between two writes: what is tested is not how many there are.
const PAUSE: Duration = Duration::from_millis(5);
/// Rows of one INSERT that fills the table.
const FILL_ROWS: u64 = 1000;

/// What became of the writes of all clients.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Entries that are there for sure, or for sure not.
    pub(super) kept: BTreeSet<u64>,
    pub(super) gone: BTreeSet<u64>,
    /// Entries of which nobody knows.
    pub(super) unknown: BTreeSet<u64>,
    /// For each counter how often it was raised for sure, and perhaps once more.
    pub(super) counters: BTreeMap<u64, (u64, u64)>,
    /// Errors by their text without numbers.
    errors: BTreeMap<String, u64>,
    last: u64,
}

impl Written {
    pub(super) fn add(&mut self, more: Vec<Written>) {
        for one in more {
            self.kept.extend(one.kept);
            self.gone.extend(one.gone);
            self.unknown.extend(one.unknown);
            for (counter, (sure, perhaps)) in one.counters {
                let sum = self.counters.entry(counter).or_default();
                *sum = (sum.0 + sure, sum.1 + perhaps);
            }
            for (text, times) in one.errors {
                *self.errors.entry(text).or_default() += times;
            }
            self.last = self.last.max(one.last);
        }
    }

    pub(super) fn report(&self) -> String {
        let counted: u64 = self.counters.values().map(|(sure, _)| sure).sum();
        let mut text = format!(
            "{} entries kept, {} deleted, {} unknown, {counted} counts",
            self.kept.len(),
            self.gone.len(),
            self.unknown.len()
        );
        for (error, times) in &self.errors {
            text.push_str(&format!("\n  {times} x {error}"));
        }
        text
    }
}

/// Makes the tables in the keyspace `home`, and says that `away` is sharded.
pub(super) fn fill(cluster: &LocalCluster, rows: u64) -> Outcome {
    let tables = "create table entry (id bigint primary key, client int not null, \
                  note varchar(300) not null, key by_client (client)); \
                  create table counter (id bigint primary key, n bigint not null)";
    cluster.mysql("home", tables)?;
    for first in (0..rows).step_by(usize::try_from(FILL_ROWS).unwrap_or(1)) {
        let ids = first + 1..=(first + FILL_ROWS).min(rows);
        let values: Vec<String> = ids.map(|id| format!("({id}, -1, repeat('x', 200))")).collect();
        cluster.mysql("home", &format!("insert into entry values {}", values.join(",")))?;
    }
    let values: Vec<String> = (0..CLIENTS * COUNTERS).map(|id| format!("({id}, 0)")).collect();
    cluster.mysql("home", &format!("insert into counter values {}", values.join(",")))?;
    cluster.client(&["ApplyVSchema", "--vschema", super::rounds::NO_TABLES, "away"]).map(drop)
}

/// The clients, at work.
pub(super) struct Clients {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<Written, String>>>,
}

impl Clients {
    /// Starts clients whose entries come behind those that were written.
    pub(super) fn start(port: u16, seed: u64, written: &Written) -> Result<Clients, String> {
        let stop = Arc::new(AtomicBool::new(false));
        let url = format!("mysql://user@127.0.0.1:{port}/?prefer_socket=false");
        let opts = Opts::from_url(&url).map_err(|err| err.to_string())?;
        let first = written.last.max(1_000_000) / CLIENTS + 1;
        let start = |client| {
            let worker = Worker {
                opts: opts.clone(),
                conn: None,
                client,
                next: first,
                rng: StdRng::seed_from_u64(seed.wrapping_mul(1000) + client),
                written: Written::default(),
            };
            let stop = stop.clone();
            std::thread::spawn(move || worker.run(&stop))
        };
        Ok(Clients { threads: (0..CLIENTS).map(start).collect(), stop })
    }

    pub(super) fn finish(self) -> Result<Vec<Written>, String> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.threads.into_iter().map(|thread| match thread.join() {
            Ok(written) => written,
            Err(_) => Err("a client panicked".to_owned()),
        });
        ended.collect()
    }
}

struct Worker {
    opts: Opts,
    conn: Option<Conn>,
    client: u64,
    next: u64,
    rng: StdRng,
    written: Written,
}

impl Worker {
    fn run(mut self, stop: &AtomicBool) -> Result<Written, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|err| err.to_string())?;
        runtime.block_on(async {
            while !stop.load(Ordering::Relaxed) {
                if self.connect().await {
                    self.turn().await;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Ok(self.written)
    }

    async fn connect(&mut self) -> bool {
        if self.conn.is_none()
            && let Ok(Ok(conn)) = tokio::time::timeout(CONNECT, Conn::new(self.opts.clone())).await
        {
            self.conn = Some(conn);
        }
        self.conn.is_some()
    }

    async fn turn(&mut self) {
        match self.rng.random_range(0..5) {
            0 | 1 => self.append().await,
            2 => self.delete().await,
            _ => self.count().await,
        }
    }

    async fn append(&mut self) {
        let id = self.next * CLIENTS + self.client;
        self.next += 1;
        self.written.last = id;
        let client = self.client;
        let sql = format!(
            "insert into entry (id, client, note) values ({id}, {client}, repeat('y', {}))",
            id % 300
        );
        match self.ask(&sql).await {
            true => self.written.kept.insert(id),
            false => self.written.unknown.insert(id),
        };
    }

    /// Deletes an entry that is there.
    async fn delete(&mut self) {
        let Some(id) = self.written.kept.pop_first() else { return };
        match self.ask(&format!("delete from entry where id = {id}")).await {
            true => self.written.gone.insert(id),
            false => self.written.unknown.insert(id),
        };
    }

    async fn count(&mut self) {
        let counter = self.client * COUNTERS + self.rng.random_range(0..COUNTERS);
        let done = self.ask(&format!("update counter set n = n + 1 where id = {counter}")).await;
        let (sure, perhaps) = self.written.counters.entry(counter).or_default();
        *(if done { sure } else { perhaps }) += 1;
    }

    /// Runs a statement; false where its fate is unknown, and the connection is given up.
    async fn ask(&mut self, sql: &str) -> bool {
        let Some(conn) = self.conn.as_mut() else { return false };
        let text = match tokio::time::timeout(ANSWER, conn.query_drop(sql)).await {
            Ok(Ok(())) => return true,
            Ok(Err(err)) => err.to_string(),
            Err(_) => format!("no answer within {ANSWER:?}"),
        };
        let text = text.split(": Sql:").next().unwrap_or_default();
        let plain: String = text.chars().filter(|one| !one.is_ascii_digit()).take(160).collect();
        *self.written.errors.entry(plain).or_default() += 1;
        self.conn = None;
        false
    }
}
