//! How long a shard takes no writes when its primary changes: planned, and by `kill -9` of its
//! server or of its whole node. Run many times, it prints the distributions.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use parking_lot::Mutex;
use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

const HELP: &str = "\
usage: cargo run -p vt-e2e -- reparents [options]

  --runs N         how often the primary is changed in each way (20)
  --logs FOLDER    the cluster's logs are copied there, which must not exist yet
";
/// How long a change may take before the run counts as failed.
const LIMIT: Duration = Duration::from_secs(90);

/// Measures as the command line says.
pub(crate) fn main(args: &[String]) -> ExitCode {
    let Some(options) = Options::read(args) else {
        crate::say(HELP.trim_end());
        return ExitCode::FAILURE;
    };
    match measure(&options) {
        Ok(text) => {
            crate::say(&text);
            ExitCode::SUCCESS
        }
        Err(err) => {
            crate::say(&err);
            ExitCode::FAILURE
        }
    }
}

/// A client that writes all the time, and remembers when writes were acknowledged.
struct Writer {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<Instant>>>,
    errors: Arc<Mutex<Vec<(Instant, String)>>>,
    thread: JoinHandle<()>,
}

impl Writer {
    fn start(port: u16) -> Result<Writer, String> {
        let url = format!("mysql://user@127.0.0.1:{port}/shop?prefer_socket=false");
        let opts = mysql_async::Opts::from_url(&url).map_err(|err| err.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|err| err.to_string())?;
        let stop = Arc::new(AtomicBool::new(false));
        let (acknowledged, errors) = (Arc::<Mutex<Vec<Instant>>>::default(), Arc::default());
        let shared = (stop.clone(), acknowledged.clone(), Arc::clone(&errors));
        let thread = std::thread::spawn(move || runtime.block_on(write(opts, shared)));
        Ok(Writer { stop, acknowledged, errors, thread })
    }

    /// Waits for a write that is acknowledged after a moment; returns the longest time without one
    /// since then, with its end.
    fn gap_after(&self, from: Instant, settled: Duration) -> Result<(Duration, Instant), String> {
        let until = Instant::now() + LIMIT;
        loop {
            std::thread::sleep(Duration::from_millis(20));
            let all = self.acknowledged.lock().clone();
            let start = all.iter().rev().find(|at| **at < from).copied().unwrap_or(from);
            let after: Vec<Instant> = all.into_iter().filter(|at| *at >= from).collect();
            if after.last().is_some_and(|last| last.duration_since(from) >= settled) {
                let mut before = start;
                let mut longest = (Duration::ZERO, from);
                for at in after {
                    longest = longest.max((at.duration_since(before), at));
                    before = at;
                }
                return Ok(longest);
            }
            if Instant::now() > until {
                return Err(format!("no write was acknowledged for {LIMIT:?}"));
            }
        }
    }
}

type Shared = (Arc<AtomicBool>, Arc<Mutex<Vec<Instant>>>, Arc<Mutex<Vec<(Instant, String)>>>);

async fn write(opts: mysql_async::Opts, (stop, acknowledged, errors): Shared) {
    let mut conn = None;
    for id in 0u64.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if conn.is_none() {
            conn = mysql_async::Conn::new(opts.clone()).await.ok();
        }
        let Some(open) = conn.as_mut() else { continue };
        match open.query_drop(format!("insert into written (id) values ({id})")).await {
            Ok(()) => acknowledged.lock().push(Instant::now()),
            Err(err) => {
                errors.lock().push((Instant::now(), err.to_string()));
                conn = None;
            }
        }
    }
}

fn primary(cluster: &LocalCluster) -> Result<String, String> {
    let until = Instant::now() + LIMIT;
    loop {
        let tablets = cluster.client(&["GetTablets", "--keyspace", "shop"])?;
        let primaries: Vec<&str> =
            tablets.lines().filter(|line| line.contains(" primary ")).collect();
        if let [one] = primaries[..] {
            return Ok(one.split(' ').next().unwrap_or_default().to_owned());
        }
        if Instant::now() > until {
            return Err(format!("not one primary:\n{tablets}"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until every tablet of the shard follows, so that one run does not disturb the next.
fn settle(cluster: &LocalCluster) -> Result<(), String> {
    let until = Instant::now() + LIMIT;
    loop {
        let shown = cluster.mysql("shop", "show vitess_replication_status")?;
        let well = |line: &&str| {
            line.contains("\"EventStreamRunning\":\"Yes\"")
                && line.contains("\"EventApplierRunning\":\"Yes\"")
        };
        if shown.lines().filter(well).count() == 2 {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("the shard does not come back to itself:\n{shown}"));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What is measured, and how.
struct Options {
    runs: usize,
    /// Where the cluster's logs go, for a run that took long.
    logs: Option<PathBuf>,
}

impl Options {
    fn read(args: &[String]) -> Option<Options> {
        let mut options = Options { runs: 20, logs: None };
        for pair in args.chunks(2) {
            match pair {
                [flag, value] if flag == "--runs" => options.runs = value.parse().ok()?,
                [flag, value] if flag == "--logs" => options.logs = Some(value.into()),
                _ => return None,
            }
        }
        Some(options)
    }
}

/// A cluster with a client that writes to it.
struct Bench {
    cluster: LocalCluster,
    writer: Writer,
}

/// What planned changes took.
#[derive(Default)]
struct Planned {
    /// The longest time without an acknowledged write.
    pauses: Vec<Duration>,
    /// From the start of the command to the end of that pause.
    firsts: Vec<Duration>,
    /// How long the command ran.
    commands: Vec<Duration>,
    errors: usize,
}

fn measure(options: &Options) -> Result<String, String> {
    let cluster = LocalCluster::up(&["--keyspace", "shop:1", "--replicas", "2"])?;
    cluster.mysql("shop", "create table written (id bigint primary key)")?;
    let writer = Writer::start(cluster.port(15306))?;
    let bench = Bench { cluster, writer };
    let measured = bench.all(options.runs);
    if let Some(folder) = &options.logs {
        let logs = bench.cluster.folder().join("tmp");
        output_of(Command::new("cp").arg("-r").args([&logs, folder]))?;
    }
    let text = measured.map_err(|err| format!("{err}\n{}", bench.cluster.logs()))?;
    bench.writer.stop.store(true, Ordering::Relaxed);
    bench.writer.thread.join().map_err(|_| "the writer panicked")?;
    Ok(text)
}

impl Bench {
    fn all(&self, runs: usize) -> Result<String, String> {
        let mut planned = Planned::default();
        for _ in 0..runs {
            self.hand_over(&mut planned)?;
        }
        let mut servers = Vec::new();
        for _ in 0..runs {
            servers.push(self.kill("mysqld", &["mysqld"])?);
        }
        let mut nodes = Vec::new();
        for _ in 0..runs {
            nodes.push(self.kill("node", &["vttablet", "mysqld"])?);
        }
        Ok([
            "| change of primary | runs | median | p99 | longest |\n|---|--:|--:|--:|--:|\n",
            &line("planned: longest time without an acknowledged write", planned.pauses),
            &line("planned: from its start to the first write on the new primary", planned.firsts),
            &line("planned: the command itself", planned.commands),
            &line("`kill -9` of mysqld: to the first write on the new primary", servers),
            &line("`kill -9` of the node: to the first write on the new primary", nodes),
            &format!("{} errors of the client in planned changes\n", planned.errors),
        ]
        .concat())
    }

    fn hand_over(&self, planned: &mut Planned) -> Result<(), String> {
        settle(&self.cluster)?;
        let old = primary(&self.cluster)?;
        let (errors, from) = (self.writer.errors.lock().len(), Instant::now());
        self.cluster.client(&["PlannedReparentShard", "--avoid-primary", &old, "shop/-"])?;
        let took = from.elapsed();
        let (pause, end) = self.writer.gap_after(from, took + Duration::from_millis(500))?;
        let first = end.duration_since(from);
        crate::say(&format!("planned from {old}: {pause:.2?}, {first:.2?} from its start"));
        planned.pauses.push(pause);
        planned.firsts.push(first);
        planned.commands.push(took);
        planned.errors += self.writer.errors.lock().len() - errors;
        Ok(())
    }

    /// Kills parts of the primary's node; returns how long it took until a write was acknowledged.
    fn kill(&self, what: &str, parts: &[&str]) -> Result<Duration, String> {
        settle(&self.cluster)?;
        let old = primary(&self.cluster)?;
        let uid: u32 = old.rsplit('-').next().and_then(|uid| uid.parse().ok()).unwrap_or_default();
        let pid =
            |part: &&str| self.cluster.pid(&format!("{part}-{uid}")).map(|pid| pid.to_string());
        let pids = parts.iter().map(pid).collect::<Result<Vec<_>, _>>()?;
        let from = Instant::now();
        output_of(Command::new("kill").arg("-9").args(&pids))?;
        let (_, at) = self.writer.gap_after(from, Duration::from_secs(3))?;
        let took = at.duration_since(from);
        crate::say(&format!("{what} of {old} killed: {took:.2?}"));
        Ok(took)
    }
}

fn line(what: &str, mut took: Vec<Duration>) -> String {
    took.sort();
    let at = |part: f64| {
        let place = (took.len() as f64 * part).ceil() as usize;
        took.get(place.saturating_sub(1)).copied().unwrap_or_default()
    };
    let (median, late, longest) = (at(0.5), at(0.99), at(1.0));
    format!("| {what} | {} | {median:.2?} | {late:.2?} | {longest:.2?} |\n", took.len())
}
