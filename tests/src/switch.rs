//! Tables that move to a sharded keyspace while clients transfer money between their rows: traffic
//! is switched, back, and again, with the control killed in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, within};

pub(crate) fn cases() -> Vec<Case> {
    vec![("tables move, go back and move again under load", there_and_back)]
}

const LIMIT: Duration = Duration::from_secs(120);
/// A statement that gets no answer for so long will not get one.
const ANSWER: Duration = Duration::from_secs(60);
const ROWS: u64 = 40;
const CLIENTS: u64 = 4;

/// Clients that move money between accounts, and one by one count how often.
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
    /// Transactions that ended with an error.
    broken: AtomicU64,
    /// The longest statement so far, in milliseconds.
    pause: AtomicU64,
    /// Writes may stand still for longer than a statement waits: the control is away.
    may_fail: AtomicBool,
}

impl Load {
    fn start(port: u16) -> Load {
        let (stop, counts) = (Arc::<AtomicBool>::default(), Arc::<Counts>::default());
        let start = |client| {
            let (stop, counts) = (stop.clone(), counts.clone());
            std::thread::spawn(move || run_client(port, client, &stop, &counts))
        };
        let threads = (0..CLIENTS).map(start).collect();
        Load { stop, counts, threads }
    }

    /// Waits until as many more statements went through.
    fn progress(&self, what: &str) -> Outcome {
        let done = || {
            self.counts.plain.load(Ordering::Relaxed)
                + self.counts.transfers.load(Ordering::Relaxed)
        };
        let before = done();
        within(LIMIT, || match done() - before {
            0..40 => Err(format!("{what}: no progress")),
            _ => Ok(()),
        })
    }

    /// Returns the longest statement since the last time.
    fn take_pause(&self) -> Duration {
        Duration::from_millis(self.counts.pause.swap(0, Ordering::Relaxed))
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
            let (from, to) = (1 + (step * 7 + client) % ROWS, 1 + (step * 11 + client * 3) % ROWS);
            // A transaction may be in flight when its table goes; no other statement may fail.
            let done = if client.is_multiple_of(2) {
                transfer(&mut conn, from, to, counts).await
            } else {
                let sql = format!("update account set hits = hits + 1 where id = {from}");
                let done = timed(&mut conn, &sql, counts).await;
                counts.plain.fetch_add(u64::from(done.is_ok()), Ordering::Relaxed);
                match done {
                    Err(_) if counts.may_fail.load(Ordering::Relaxed) => Ok(()),
                    done => done.map_err(|err| format!("{sql}: {err}")),
                }
            };
            done?;
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
    let statements = [
        "begin".to_owned(),
        format!("update account set balance = balance - 1 where id = {from}"),
        format!("update account set balance = balance + 1 where id = {to}"),
        "commit".to_owned(),
    ];
    for sql in &statements {
        if let Err(err) = timed(conn, sql, counts).await {
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

fn make(cluster: &LocalCluster) -> Outcome {
    let columns = "id bigint primary key, balance int not null, hits int not null";
    cluster.mysql("commerce", &format!("create table account ({columns})"))?;
    let rows: Vec<String> = (1..=ROWS).map(|id| format!("({id}, 100, 0)")).collect();
    let sql = format!("insert into account(id, balance, hits) values {}", rows.join(","));
    cluster.mysql("commerce", &sql)?;
    let vschema = cluster.client(&["GetVSchema", "customer"])?;
    let table =
        r#""tables": { "account": {"column_vindexes": [{"column": "id", "name": "hash"}]},"#;
    let with = vschema.replacen("\"tables\": {", table, 1);
    contains("vschema", &with, "account")?;
    cluster.client(&["ApplyVSchema", "--vschema", &with, "customer"]).map(drop)
}

fn verb(cluster: &LocalCluster, args: &[&str]) -> Result<String, String> {
    let workflow = ["MoveTables", "--workflow", "move", "--target-keyspace", "customer"];
    cluster.client(&[&workflow, args].concat())
}

/// Returns the sums of all accounts.
fn sums(cluster: &LocalCluster) -> Result<(i64, u64), String> {
    let out = cluster.mysql("", "select sum(balance), sum(hits) from account")?;
    let mut words = out.split_whitespace();
    let sum = words.next().and_then(|word| word.parse().ok());
    let hits = words.next().and_then(|word| word.parse().ok());
    sum.zip(hits).ok_or_else(|| format!("no sums: {out}"))
}

fn there_and_back(cluster: &LocalCluster) -> Outcome {
    make(cluster)?;
    let create = ["create", "--source-keyspace", "commerce", "--tables", "account"];
    verb(cluster, &create)?;
    // Clients name no keyspace: wherever the table is, they find it.
    let load = Load::start(cluster.port(15306));
    let seen = scenes(cluster, &load);
    let counts = load.finish()?;
    seen?;
    let (plain, broken) =
        (counts.plain.load(Ordering::Relaxed), counts.broken.load(Ordering::Relaxed));
    let transfers = counts.transfers.load(Ordering::Relaxed);
    crate::say(&format!("  {transfers} transfers ({broken} broken off), {plain} single updates"));
    equal("sums", sums(cluster)?, (100 * ROWS.cast_signed(), plain))?;
    let left = cluster.mysql("commerce", "show tables like 'account'")?;
    equal("tables left at the source", left, String::new())?;
    let rows = cluster.mysql("customer", "select count(*) from account")?;
    equal("rows", rows, format!("{ROWS}\n"))
}

fn scenes(cluster: &LocalCluster, load: &Load) -> Outcome {
    load.progress("while rows are copied")?;
    // Until all is copied it is refused, and nothing happens.
    within(LIMIT, || {
        verb(cluster, &["switchtraffic", "--tablet-types", "replica,rdonly"]).map(drop)
    })?;
    let state = |wanted: &str| {
        let out = verb(cluster, &["status"])?;
        contains("state", &out, wanted)
    };
    state("All Reads Switched. Writes Not Switched")?;
    load.take_pause();
    for (args, wanted) in [
        (["switchtraffic", "--tablet-types", "primary"], "Writes Switched"),
        (["reversetraffic", "--tablet-types", "primary"], "Writes Not Switched"),
        (["switchtraffic", "--tablet-types", "primary"], "Writes Switched"),
    ] {
        load.progress(args[0])?;
        verb(cluster, &args)?;
        load.progress(wanted)?;
        state(wanted)?;
        crate::say(&format!("  {}: longest statement {:?}", args[0], load.take_pause()));
    }
    load.counts.may_fail.store(true, Ordering::Relaxed);
    killed(cluster, load)?;
    load.counts.may_fail.store(false, Ordering::Relaxed);
    verb(cluster, &["switchtraffic"])?;
    verb(cluster, &["complete"])?;
    load.progress("after the end")?;
    let gone = verb(cluster, &["status"]).err().unwrap_or_default();
    contains("no workflow is left", &gone, "no streams found")
}

/// Kills the control in the middle of switches; the same command, given again, finishes each.
fn killed(cluster: &LocalCluster, load: &Load) -> Outcome {
    for (args, delay) in [
        (["reversetraffic", "--tablet-types", "primary"], 60),
        (["switchtraffic", "--tablet-types", "primary"], 250),
    ] {
        let server = format!("localhost:{}", cluster.port(15999));
        let workflow = ["MoveTables", "--workflow", "move", "--target-keyspace", "customer"];
        let mut command = cluster.vitrum(&["vtctldclient", "--server", &server]);
        let mut command = {
            command.args(workflow).args(args);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            command.spawn().map_err(|err| err.to_string())?
        };
        std::thread::sleep(Duration::from_millis(delay));
        cluster.kill("vtctld")?;
        command.wait().map_err(|err| err.to_string())?;
        within(LIMIT, || verb(cluster, &args).map(drop))?;
        load.progress(args[0])?;
        let wanted =
            if args[0] == "switchtraffic" { "Writes Switched" } else { "Writes Not Switched" };
        contains("state", &verb(cluster, &["status"])?, wanted)?;
        crate::say(&format!("  {} with the control killed: {:?}", args[0], load.take_pause()));
    }
    Ok(())
}
