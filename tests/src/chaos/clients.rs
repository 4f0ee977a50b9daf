//! Clients that append, transfer and count, and remember what became of each write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use vt_testkit::LocalCluster;

use super::Options;

/// How many branches there are, and accounts in each.
pub(super) const BRANCHES: u64 = 8;
pub(super) const ACCOUNTS: u64 = 10;
pub(super) const BALANCE: i64 = 1000;
/// An answer that takes longer does not come.
const ANSWER: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);

/// What one client saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) client: u64,
    /// The steps whose entry was acknowledged, and those of which nobody knows.
    pub(super) appended: Vec<u64>,
    pub(super) unknown: Vec<u64>,
    /// How often the counter was raised for sure, and perhaps.
    pub(super) counted: u64,
    pub(super) perhaps_counted: u64,
    pub(super) transfers: u64,
    /// Reads of what the session had just written that a replica, or one in its place, answered.
    pub(super) replica_reads: u64,
    /// Reads that did not see what the same session had written before.
    pub(super) stale: Vec<String>,
    /// Errors by their text without numbers.
    pub(super) errors: BTreeMap<String, u64>,
    /// The longest times from one acknowledged write to the next.
    pub(super) pauses: Vec<Duration>,
    /// Statements that got no answer at all.
    pub(super) unanswered: Vec<String>,
}

/// The clients, at work.
pub(super) struct Clients {
    stop: Arc<AtomicBool>,
    /// Acknowledged writes of all clients, per client.
    acknowledged: Arc<Vec<AtomicU64>>,
    threads: Vec<JoinHandle<Result<Seen, String>>>,
}

/// Makes the rows that clients change.
pub(super) fn fill(cluster: &LocalCluster, options: &Options) -> Result<(), String> {
    let rows =
        |count: u64, row: &dyn Fn(u64) -> String| (0..count).map(row).collect::<Vec<_>>().join(",");
    let accounts = rows(BRANCHES * ACCOUNTS, &|place| {
        format!("({}, {}, {BALANCE})", place / ACCOUNTS, place % ACCOUNTS)
    });
    let counters = rows(options.clients, &|client| format!("({client}, 0)"));
    cluster
        .mysql("bank", &format!("insert into account (branch, id, balance) values {accounts}"))?;
    cluster.mysql("bank", &format!("insert into counter (client, n) values {counters}"))?;
    Ok(())
}

impl Clients {
    pub(super) fn start(port: u16, options: &Options) -> Result<Clients, String> {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged: Arc<Vec<AtomicU64>> =
            Arc::new((0..options.clients).map(|_| AtomicU64::new(0)).collect());
        let url = format!("mysql://user@127.0.0.1:{port}/bank?prefer_socket=false");
        let opts = Opts::from_url(&url).map_err(|err| err.to_string())?;
        let threads = (0..options.clients)
            .map(|client| {
                let worker = Worker {
                    opts: opts.clone(),
                    conn: None,
                    rng: StdRng::seed_from_u64(options.seed.wrapping_mul(1000) + client),
                    seen: Seen { client, ..Seen::default() },
                    last: Instant::now(),
                    acknowledged: acknowledged.clone(),
                };
                let stop = stop.clone();
                std::thread::spawn(move || worker.run(&stop))
            })
            .collect();
        Ok(Clients { stop, acknowledged, threads })
    }

    /// Returns how many writes of each client were acknowledged so far.
    pub(super) fn progress(&self) -> Vec<u64> {
        self.acknowledged.iter().map(|one| one.load(Ordering::Relaxed)).collect()
    }

    pub(super) fn finish(self) -> Result<Vec<Seen>, String> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.threads.into_iter().map(|thread| match thread.join() {
            Ok(seen) => seen,
            Err(_) => Err("a client panicked".to_owned()),
        });
        ended.collect()
    }
}

struct Worker {
    opts: Opts,
    conn: Option<Conn>,
    rng: StdRng,
    seen: Seen,
    last: Instant,
    acknowledged: Arc<Vec<AtomicU64>>,
}

impl Worker {
    fn run(mut self, stop: &AtomicBool) -> Result<Seen, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|err| err.to_string())?;
        runtime.block_on(async {
            for step in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                self.turn(step).await;
            }
        });
        Ok(self.seen)
    }

    async fn turn(&mut self, step: u64) {
        if self.conn.is_none() {
            match tokio::time::timeout(CONNECT, Conn::new(self.opts.clone())).await {
                Ok(Ok(conn)) => {
                    self.conn = Some(conn);
                    // Reads from replicas must not miss what this session wrote or read.
                    if !self.ask("set read_consistency = 'session'").await {
                        return;
                    }
                }
                Ok(Err(err)) => {
                    self.note(&err.to_string());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    return;
                }
                Err(_) => return self.note("no connection in time"),
            }
        }
        match self.rng.random_range(0..10) {
            0..5 => self.append(step).await,
            5..8 => self.transfer().await,
            _ => self.count().await,
        }
    }

    async fn append(&mut self, step: u64) {
        let client = self.seen.client;
        let sql = format!("insert into entry (client, step) values ({client}, {step})");
        if !self.ask(&sql).await {
            return self.seen.unknown.push(step);
        }
        self.seen.appended.push(step);
        self.acknowledge();
        let sql = format!("select count(*) from entry where client = {client} and step = {step}");
        let from = if self.rng.random_range(0..2) == 0 { "bank@replica" } else { "bank" };
        if let Some(count) = self.number_from(from, &sql).await
            && count != 1
        {
            self.seen.stale.push(format!("entry {client}/{step} was read {count} times at {from}"));
        }
    }

    /// Moves money inside a branch, which lies on one shard.
    async fn transfer(&mut self) {
        let branch = self.rng.random_range(0..BRANCHES);
        let from = self.rng.random_range(0..ACCOUNTS);
        let to = (from + self.rng.random_range(1..ACCOUNTS)) % ACCOUNTS;
        let sum = self.rng.random_range(1..50);
        let update = |sign: char, id: u64| {
            format!(
                "update account set balance = balance {sign} {sum} where branch = {branch} and id = {id}"
            )
        };
        // In order of id, so that two transfers do not wait for each other.
        let mut both = [(from, update('-', from)), (to, update('+', to))];
        both.sort_by_key(|one| one.0);
        for sql in ["begin", &both[0].1, &both[1].1, "commit"] {
            if !self.ask(sql).await {
                // The connection is gone, and the transaction with it.
                self.conn = None;
                return;
            }
        }
        self.seen.transfers += 1;
        self.acknowledge();
    }

    async fn count(&mut self) {
        let client = self.seen.client;
        let sql = format!("update counter set n = n + 1 where client = {client}");
        if !self.ask(&sql).await {
            self.seen.perhaps_counted += 1;
            return;
        }
        self.seen.counted += 1;
        self.acknowledge();
        let most = self.seen.counted + self.seen.perhaps_counted;
        let sql = format!("select n from counter where client = {client}");
        let from = if self.rng.random_range(0..2) == 0 { "bank@replica" } else { "bank" };
        if let Some(n) = self.number_from(from, &sql).await
            && !(self.seen.counted..=most).contains(&n)
        {
            let least = self.seen.counted;
            self.seen
                .stale
                .push(format!("counter {client} was read as {n}, not {least} to {most}"));
        }
    }

    fn acknowledge(&mut self) {
        let pause = self.last.elapsed();
        self.last = Instant::now();
        if pause >= Duration::from_millis(200) {
            self.seen.pauses.push(pause);
        }
        if let Some(count) = self.acknowledged.get(self.seen.client as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Runs a statement; false where its fate is unknown, and the connection is given up.
    async fn ask(&mut self, sql: &str) -> bool {
        let Some(conn) = self.conn.as_mut() else { return false };
        match tokio::time::timeout(ANSWER, conn.query_drop(sql)).await {
            Ok(Ok(())) => return true,
            Ok(Err(err)) => self.note(&err.to_string()),
            Err(_) => self.seen.unanswered.push(sql.to_owned()),
        }
        self.conn = None;
        false
    }

    /// Reads a number from tablets of a type, and comes back to the primaries.
    async fn number_from(&mut self, target: &str, sql: &str) -> Option<u64> {
        if target == "bank" {
            return self.number(sql).await;
        }
        if !self.ask(&format!("use `{target}`")).await {
            return None;
        }
        let number = self.number(sql).await;
        self.seen.replica_reads += u64::from(number.is_some());
        if self.conn.is_some() {
            // The next statement writes, which only a primary takes.
            self.ask("use bank").await;
        }
        number
    }

    /// Reads a number; `None` where there was no answer.
    async fn number(&mut self, sql: &str) -> Option<u64> {
        let conn = self.conn.as_mut()?;
        match tokio::time::timeout(ANSWER, conn.query_first::<u64, _>(sql)).await {
            Ok(Ok(number)) => return number,
            Ok(Err(err)) => self.note(&err.to_string()),
            Err(_) => self.seen.unanswered.push(sql.to_owned()),
        }
        self.conn = None;
        None
    }

    /// Counts an error by the part of its text that does not change.
    fn note(&mut self, text: &str) {
        let text = text.split(": Sql:").next().unwrap_or(text);
        let plain: String = text.chars().filter(|one| !one.is_ascii_digit()).take(160).collect();
        *self.seen.errors.entry(plain).or_default() += 1;
    }
}
