//! Clients that move money between the rows of a table and count, while something is done to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::check::{Outcome, within};

/// How long the clients may take to get on.
const LIMIT: Duration = Duration::from_secs(120);
/// A statement that gets no answer for so long will not get one.
const ANSWER: Duration = Duration::from_secs(60);
const CLIENTS: u64 = 4;
/// So many statements more are progress.
const PROGRESS: u64 = 40;

/// The table that clients change: it has the columns `balance` and `hits`, and rows from 1 on.
#[derive(Clone, Copy)]
pub(crate) struct Accounts {
    pub(crate) table: &'static str,
    pub(crate) key: &'static str,
    pub(crate) rows: u64,
}

/// The clients, at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    threads: Vec<JoinHandle<Outcome>>,
}

#[derive(Default)]
struct Counts {
    plain: AtomicU64,
    transfers: AtomicU64,
    broken: AtomicU64,
    /// The longest statement since it was last looked at, in milliseconds.
    pause: AtomicU64,
    may_fail: AtomicBool,
}

/// What the clients did.
pub(crate) struct Done {
    /// Updates outside a transaction that went through.
    pub(crate) plain: u64,
    pub(crate) transfers: u64,
    /// Transactions that ended with an error: one may be in flight when its table goes.
    pub(crate) broken: u64,
}

impl Load {
    /// Starts clients that name no keyspace: wherever the table is, they find it.
    pub(crate) fn start(port: u16, accounts: Accounts) -> Load {
        let (stop, counts) = (Arc::<AtomicBool>::default(), Arc::<Counts>::default());
        let start = |number| {
            let (stop, counts) = (stop.clone(), counts.clone());
            let client = Client { accounts, number, counts };
            std::thread::spawn(move || client.run(port, &stop))
        };
        let threads = (0..CLIENTS).map(start).collect();
        Load { stop, counts, threads }
    }

    /// Waits until more went through.
    pub(crate) fn progress(&self, what: &str) -> Outcome {
        let done = || {
            let counts = &self.counts;
            counts.plain.load(Ordering::Relaxed) + counts.transfers.load(Ordering::Relaxed)
        };
        let before = done();
        within(LIMIT, || match done() - before {
            0..PROGRESS => Err(format!("{what}: the clients do not get on")),
            _ => Ok(()),
        })
    }

    /// Says whether writes may stand still for longer than a statement waits, and so fail.
    pub(crate) fn may_fail(&self, may: bool) {
        self.counts.may_fail.store(may, Ordering::Relaxed);
    }

    /// Returns the longest statement since the last time.
    pub(crate) fn take_pause(&self) -> Duration {
        Duration::from_millis(self.counts.pause.swap(0, Ordering::Relaxed))
    }

    /// Ends the clients; fails with what ended one of them before.
    pub(crate) fn finish(self) -> Result<Done, String> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().map_err(|_| "a client panicked")??;
        }
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = &self.counts;
        Ok(Done {
            plain: count(&counts.plain),
            transfers: count(&counts.transfers),
            broken: count(&counts.broken),
        })
    }
}

impl Done {
    /// Says how much it was.
    pub(crate) fn say(&self) {
        crate::say(&format!(
            "  {} transfers ({} broken off), {} single updates",
            self.transfers, self.broken, self.plain
        ));
    }
}

struct Client {
    accounts: Accounts,
    number: u64,
    counts: Arc<Counts>,
}

impl Client {
    fn run(&self, port: u16, stop: &AtomicBool) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|err| err.to_string())?.block_on(async {
            let url = format!("mysql://user@127.0.0.1:{port}/?prefer_socket=false");
            let opts = mysql_async::Opts::from_url(&url).map_err(|err| err.to_string())?;
            let mut conn = Conn::new(opts).await.map_err(|err| err.to_string())?;
            for step in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                self.turn(&mut conn, step).await?;
            }
            Ok(())
        })
    }

    async fn turn(&self, conn: &mut Conn, step: u64) -> Outcome {
        let Accounts { table, key, rows } = self.accounts;
        let from = 1 + (step * 7 + self.number) % rows;
        let to = 1 + (step * 11 + self.number * 3 + 1) % rows;
        if self.number.is_multiple_of(2) {
            return self.transfer(conn, from, to).await;
        }
        // Outside a transaction nothing may fail, unless it began or ended while it may.
        let may_fail = || self.counts.may_fail.load(Ordering::Relaxed);
        let could_fail = may_fail();
        let sql = format!("update {table} set hits = hits + 1 where {key} = {from}");
        match self.timed(conn, &sql).await {
            Ok(()) => self.counts.plain.fetch_add(1, Ordering::Relaxed),
            Err(_) if could_fail || may_fail() => 0,
            Err(err) => return Err(format!("{sql}: {err}")),
        };
        Ok(())
    }

    async fn timed(&self, conn: &mut Conn, sql: &str) -> Outcome {
        let began = Instant::now();
        let done = tokio::time::timeout(ANSWER, conn.query_drop(sql)).await;
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.counts.pause.fetch_max(took, Ordering::Relaxed);
        match done {
            Ok(done) => done.map_err(|err| err.to_string()),
            Err(_) => Err(format!("no answer within {ANSWER:?}")),
        }
    }

    async fn transfer(&self, conn: &mut Conn, from: u64, to: u64) -> Outcome {
        let Accounts { table, key, .. } = self.accounts;
        // In one order, so that two transfers do not wait for each other.
        let (low, high) = (from.min(to), from.max(to));
        if low == high {
            return Ok(());
        }
        let change = |id: u64| {
            let sign = if id == from { "-" } else { "+" };
            format!("update {table} set balance = balance {sign} 1 where {key} = {id}")
        };
        for sql in ["begin".to_owned(), change(low), change(high), "commit".to_owned()] {
            if let Err(err) = self.timed(conn, &sql).await {
                if err.starts_with("no answer") {
                    return Err(format!("{sql}: {err}"));
                }
                self.counts.broken.fetch_add(1, Ordering::Relaxed);
                return self.timed(conn, "rollback").await;
            }
        }
        self.counts.transfers.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
