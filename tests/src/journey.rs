//! The walkthrough from one unsharded keyspace to four shards and back to one, without a pause
//! between its steps, while clients transfer money between accounts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use crate::Case;
use crate::check::{Outcome, contains, equal, within};

pub(crate) fn cases() -> Vec<Case> {
    vec![("from one shard to four and back, under load", journey)]
}

const LIMIT: Duration = Duration::from_secs(120);
/// A statement that gets no answer for so long will not get one.
const ANSWER: Duration = Duration::from_secs(60);
const ACCOUNTS: u64 = 60;
const BALANCE: u64 = 100;
const CLIENTS: u64 = 4;

/// Clients that move money between accounts of the table `customer`.
struct Load {
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    threads: Vec<JoinHandle<Outcome>>,
}

#[derive(Default)]
struct Counts {
    /// Statements outside a transaction that went through.
    plain: AtomicU64,
    transfers: AtomicU64,
    /// Transactions that ended with an error: one may be in flight when its tables go.
    broken: AtomicU64,
    /// The longest write since it was last looked at, in milliseconds.
    pause: AtomicU64,
}

impl Load {
    fn start(port: u16) -> Load {
        let (stop, counts) = (Arc::<AtomicBool>::default(), Arc::<Counts>::default());
        let threads = (0..CLIENTS).map(|client| {
            let (stop, counts) = (stop.clone(), counts.clone());
            std::thread::spawn(move || run_client(port, client, &stop, &counts))
        });
        Load { threads: threads.collect(), stop, counts: counts.clone() }
    }

    /// Waits until more went through; fails with what ended a client, if one has ended.
    fn progress(&self, what: &str) -> Outcome {
        let done = || {
            let counts = &self.counts;
            counts.plain.load(Ordering::Relaxed) + counts.transfers.load(Ordering::Relaxed)
        };
        let before = done();
        within(LIMIT, || match done() - before {
            0..40 => Err(format!("{what}: the clients do not get on")),
            _ => Ok(()),
        })
    }

    /// Says how long writes stood still at most since the last time.
    fn tell_pause(&self, what: &str) {
        let pause = self.counts.pause.swap(0, Ordering::Relaxed);
        crate::say(&format!("  {what}: the longest write took {pause} ms"));
    }

    fn finish(self) -> Result<Arc<Counts>, String> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().map_err(|_| "a client panicked")??;
        }
        Ok(self.counts)
    }
}

fn run_client(port: u16, client: u64, stop: &AtomicBool, counts: &Counts) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(async {
        let url = format!("mysql://user@127.0.0.1:{port}/?prefer_socket=false");
        let opts = mysql_async::Opts::from_url(&url).map_err(|err| err.to_string())?;
        let mut conn = mysql_async::Conn::new(opts).await.map_err(|err| err.to_string())?;
        for step in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let from = 1 + (step * 7 + client) % ACCOUNTS;
            let to = 1 + (step * 11 + client * 3 + 1) % ACCOUNTS;
            if client.is_multiple_of(2) {
                transfer(&mut conn, from, to, counts).await?;
            } else {
                // Outside a transaction nothing may fail.
                let sql = format!("update customer set hits = hits + 1 where customer_id = {from}");
                timed(&mut conn, &sql, counts).await.map_err(|err| format!("{sql}: {err}"))?;
                counts.plain.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    })
}

async fn timed(conn: &mut mysql_async::Conn, sql: &str, counts: &Counts) -> Outcome {
    let began = Instant::now();
    let done = tokio::time::timeout(ANSWER, conn.query_drop(sql)).await;
    let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    counts.pause.fetch_max(took, Ordering::Relaxed);
    match done {
        Ok(done) => done.map_err(|err| err.to_string()),
        Err(_) => Err(format!("no answer within {ANSWER:?}")),
    }
}

async fn transfer(conn: &mut mysql_async::Conn, from: u64, to: u64, counts: &Counts) -> Outcome {
    // In one order, so that two transfers do not wait for each other.
    let change = |id: u64| {
        let sign = if id == from { "-" } else { "+" };
        format!("update customer set balance = balance {sign} 1 where customer_id = {id}")
    };
    let (low, high) = (from.min(to), from.max(to));
    if low == high {
        return Ok(());
    }
    for sql in ["begin".to_owned(), change(low), change(high), "commit".to_owned()] {
        if let Err(err) = timed(conn, &sql, counts).await {
            if err.starts_with("no answer") {
                return Err(format!("{sql}: {err}"));
            }
            counts.broken.fetch_add(1, Ordering::Relaxed);
            return timed(conn, "rollback", counts).await;
        }
    }
    counts.transfers.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// The journey has a cluster of its own: its keyspaces end otherwise than they began.
fn journey(_: &LocalCluster) -> Outcome {
    let args = ["--keyspace", "commerce", "--keyspace", "customer", "--replicas", "0"];
    let cluster = LocalCluster::up_to_grow(&args)?;
    make_tables(&cluster)?;
    let load = Load::start(cluster.port(15306));
    let travelled = travel(&cluster, &load);
    let finished = load.finish();
    if travelled.is_err() || finished.is_err() {
        crate::say(&cluster.logs());
    }
    // What ended a client is why it got on no more.
    let counts = finished?;
    travelled?;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (transfers, broken) = (count(&counts.transfers), count(&counts.broken));
    let plain = count(&counts.plain);
    crate::say(&format!("  {transfers} transfers ({broken} broken off), {plain} single updates"));
    check_sums(&cluster, plain)
}

fn make_tables(cluster: &LocalCluster) -> Outcome {
    let customer = "create table customer (customer_id bigint primary key, \
                    email varchar(128) collate utf8mb4_0900_ai_ci, balance bigint not null, \
                    hits bigint not null, key by_email (email))";
    let corder = "create table corder (order_id bigint primary key, customer_id bigint, \
                  sku varbinary(128), price decimal(10, 2), note json, at datetime(6))";
    for sql in [customer, corder] {
        cluster.mysql("commerce", sql)?;
    }
    let rows: Vec<String> =
        (1..=ACCOUNTS).map(|id| format!("({id}, 'Näme{id}@domain.com', {BALANCE}, 0)")).collect();
    let columns = "customer(customer_id, email, balance, hits)";
    cluster.mysql("commerce", &format!("insert into {columns} values {}", rows.join(",")))?;
    let rows: Vec<String> = (1..=300)
        .map(|id| {
            let customer = 1 + id % ACCOUNTS;
            format!("({id}, {customer}, 'SKU-{id}', {id}.25, '{{\"n\": {id}}}', now(6))")
        })
        .collect();
    let columns = "corder(order_id, customer_id, sku, price, note, at)";
    cluster.mysql("commerce", &format!("insert into {columns} values {}", rows.join(",")))?;
    Ok(())
}

fn travel(cluster: &LocalCluster, load: &Load) -> Outcome {
    load.progress("at the start")?;
    move_tables(cluster, load)?;
    let vschema = cluster.folder().join("customer.json");
    let json = r#"{"sharded": true, "vindexes": {"hash": {"type": "hash"}}, "tables": {
        "customer": {"column_vindexes": [{"column": "customer_id", "name": "hash"}]},
        "corder": {"column_vindexes": [{"column": "customer_id", "name": "hash"}]}}}"#;
    std::fs::write(&vschema, json).map_err(|err| err.to_string())?;
    let vschema = vschema.display().to_string();
    for (shards, more) in [("2", &["--vschema", &vschema][..]), ("4", &[]), ("1", &[])] {
        let args = [&["reshard", "customer", "--shards", shards, "--yes"], more].concat();
        let out = output_of(&mut cluster.vitrum(&args))?;
        contains("resharded", &out, "customer has the shards")?;
        crate::say(&format!("  {}", out.trim()));
        load.tell_pause(&format!("{shards} shards"));
        load.progress(shards)?;
        let seen = cluster.mysql("", "show vitess_shards")?;
        let seen = seen.lines().filter(|line| line.starts_with("customer/")).count();
        equal("shards", seen.to_string().as_str(), shards)?;
    }
    Ok(())
}

fn move_tables(cluster: &LocalCluster, load: &Load) -> Outcome {
    let workflow = ["--workflow", "commerce2customer", "--target-keyspace", "customer"];
    let verb = |args: &[&str]| cluster.client(&[&["MoveTables"], &workflow[..], args].concat());
    verb(&["create", "--source-keyspace", "commerce", "--tables", "customer,corder"])?;
    let diff = |args: &[&str]| cluster.client(&[&["VDiff"], &workflow[..], args].concat());
    // It waits by itself until the copy follows.
    let summary = diff(&["create", "--wait", "--wait-update-interval", "10s"])?;
    contains("vdiff", &summary, "HasMismatch:  false")?;
    contains("vdiff", &summary, "State:        completed")?;
    verb(&["switchtraffic", "--tablet-types", "rdonly,replica"])?;
    load.progress("reads switched")?;
    load.tell_pause("until reads are switched");
    let out = verb(&["switchtraffic", "--tablet-types", "primary"])?;
    contains("switched", &out, "All Reads Switched. Writes Switched")?;
    load.progress("writes switched")?;
    load.tell_pause("writes to the new keyspace");
    verb(&["complete"])?;
    load.progress("completed")
}

/// Not a cent is lost or made, and every update that was acknowledged is there once.
fn check_sums(cluster: &LocalCluster, plain: u64) -> Outcome {
    let sql = "select sum(balance), sum(hits), count(*) from customer";
    let seen = cluster.mysql("customer", sql)?;
    equal("sums", seen, format!("{}\t{plain}\t{ACCOUNTS}\n", ACCOUNTS * BALANCE))?;
    let sql = "select count(*), sum(price), sum(note->'$.n') from corder";
    equal("orders", cluster.mysql("customer", sql)?, "300\t45225.00\t45150\n".to_owned())
}
