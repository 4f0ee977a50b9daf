//! How fast a table is copied: by a workflow, by `mysqldump | mysql`, and by mydumper with
//! myloader, in turns in one run, while a client asks the source for single rows.
//!
//! myloader leaves the target's binary log out unless it is told otherwise, and then replicas of the
//! target get nothing of the load. What a shard needs has it, so the ratio is that to a load with
//! it; the one without is measured and told beside it.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use vt_mysql::client::{Address, Conn, ConnectParams};
use vt_testkit::tools::output_of;
use vt_testkit::{LocalCluster, Tool};

use crate::{Outcome, say};

pub(crate) const HELP: &str = "\
usage: vt-bench copy [options]      how fast a table is copied

  --rows N      rows of the table of small rows (default 1000000)
  --blobs N     rows of the table of large values, 100 kB each (default 2000)
  --rounds N    how often each is copied, in turns (default 2)
  --threads N   threads of mydumper and myloader (default 4)
";

/// Settings of every mysqld: room for the largest statement, and for the rows.
const CNF: &str = "max_allowed_packet = 256M\ninnodb_buffer_pool_size = 192M\n\
                   innodb_redo_log_capacity = 1G\n";
/// Rows of one INSERT that fills a table.
const BATCH: u64 = 5_000;
const BLOB_BYTES: u64 = 100_000;
/// A copy that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(3600);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long single rows are asked for before anything is copied.
const QUIET: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
struct Options {
    rows: u64,
    blobs: u64,
    rounds: usize,
    threads: u64,
}

/// Ways to copy a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Workflow,
    Dump,
    Mydumper,
    /// Without the target's binary log: its replicas get nothing.
    Unlogged,
}

impl Way {
    const ALL: [Way; 4] = [Way::Workflow, Way::Dump, Way::Mydumper, Way::Unlogged];

    fn name(self) -> &'static str {
        match self {
            Way::Workflow => "MoveTables",
            Way::Dump => "mysqldump | mysql",
            Way::Mydumper => "mydumper, myloader",
            Way::Unlogged => "the same, no binlog",
        }
    }
}

/// What one copy took, and how many single rows a second the source gave meanwhile.
#[derive(Clone, Copy, Debug)]
struct Run {
    seconds: f64,
    selects: f64,
}

struct Bench {
    options: Options,
    cluster: LocalCluster,
    runtime: Runtime,
    _folder: TempDir,
}

/// Runs the command `copy`.
pub(crate) fn run(args: &[String]) -> Outcome<()> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        say(HELP.trim_end());
        return Ok(());
    }
    let options = read(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|err| err.to_string())?;
    let folder = tempfile::tempdir().map_err(|err| format!("no folder: {err}"))?;
    let cnf = folder.path().join("copy.cnf");
    std::fs::write(&cnf, CNF).map_err(|err| format!("{}: {err}", cnf.display()))?;
    let mut envs = vec![("EXTRA_MY_CNF", cnf.display().to_string())];
    let unpacked = vt_testkit::tools::repository().join(".deps/mysql/usr");
    if std::env::var_os("VT_MYSQL_ROOT").is_none() && unpacked.is_dir() {
        envs.push(("VT_MYSQL_ROOT", unpacked.display().to_string()));
    }
    say("starting a cluster");
    let up = ["--keyspace", "source", "--keyspace", "target", "--replicas", "0"];
    let cluster = LocalCluster::up_with(&up, &envs)?;
    let bench = Bench { options, cluster, runtime, _folder: folder };
    for (table, rows) in [("small", bench.options.rows), ("blobs", bench.options.blobs)] {
        if rows > 0 {
            bench.fill(table, rows)?;
            bench.measure(table, rows)?;
        }
    }
    Ok(())
}

fn read(args: &[String]) -> Outcome<Options> {
    let mut options = Options { rows: 1_000_000, blobs: 2_000, rounds: 2, threads: 4 };
    let mut rest = args.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{name} needs a value\n{HELP}"))?;
        let number = value.parse::<u64>().map_err(|_| format!("{name} {value}: not a number"))?;
        match name.as_str() {
            "--rows" => options.rows = number,
            "--blobs" => options.blobs = number,
            "--rounds" => options.rounds = usize::try_from(number.max(1)).unwrap_or(1),
            "--threads" => options.threads = number.max(1),
            _ => return Err(format!("unknown option {name}\n{HELP}")),
        }
    }
    Ok(options)
}

impl Bench {
    fn socket(&self, uid: u32) -> String {
        self.cluster.folder().join(format!("vt_{uid:010}/mysql.sock")).display().to_string()
    }

    fn execute(&self, uid: u32, statements: &[String]) -> Outcome<()> {
        let params = ConnectParams::new(Address::unix(self.socket(uid)), "vt_dba");
        self.runtime.block_on(async {
            let mut conn = Conn::connect(params).await.map_err(|err| err.to_string())?;
            for sql in statements {
                let done = conn.query(sql.as_str(), 10).await;
                done.map_err(|err| format!("{}: {err}", &sql[..sql.len().min(80)]))?;
            }
            conn.close().await;
            Ok(())
        })
    }

    /// Makes a table at the source and fills it there.
    fn fill(&self, table: &str, rows: u64) -> Outcome<()> {
        say(&format!("filling {table} with {rows} rows"));
        let (columns, values, batch) = match table {
            "small" => (
                "id bigint primary key, k int not null, c char(120) not null, pad char(60) not \
                 null, key k_1 (k)"
                    .to_owned(),
                "n, n * 7919 % 1000003, sha2(n, 256), left(sha2(n + 1, 256), 60)".to_owned(),
                BATCH,
            ),
            _ => (
                "id bigint primary key, data longblob not null".to_owned(),
                format!("n, repeat(unhex(sha2(n, 256)), {BLOB_BYTES} div 32)"),
                50,
            ),
        };
        let mut statements = vec![
            "set session cte_max_recursion_depth = 1000000".to_owned(),
            format!("create table vt_source.{table} ({columns})"),
        ];
        for first in (1..=rows).step_by(usize::try_from(batch).unwrap_or(1)) {
            let last = (first + batch - 1).min(rows);
            statements.push(format!(
                "insert into vt_source.{table} with recursive seq(n) as (select {first} union all \
                 select n + 1 from seq where n < {last}) select {values} from seq"
            ));
        }
        self.execute(100, &statements)
    }

    fn measure(&self, table: &str, rows: u64) -> Outcome<()> {
        let quiet = self.selecting(table, rows, || {
            std::thread::sleep(QUIET);
            Ok(())
        })?;
        say(&format!(
            "{table}: the source gives {:.0} single rows a second by itself",
            quiet.selects
        ));
        let mut all: Vec<(Way, Vec<Run>)> = Way::ALL.map(|way| (way, Vec::new())).into();
        for _ in 0..self.options.rounds {
            for (way, runs) in &mut all {
                self.prepare(table)?;
                match self.selecting(table, rows, || self.copy(*way, table)) {
                    Ok(run) => {
                        self.check(*way, table, rows)?;
                        runs.push(run);
                    }
                    Err(message) => say(&format!("  {}: {message}", way.name())),
                }
                self.clean(*way, table)?;
            }
        }
        self.tell(table, rows, quiet.selects, &all);
        Ok(())
    }

    fn tell(&self, table: &str, rows: u64, quiet: f64, all: &[(Way, Vec<Run>)]) {
        let best = |runs: &[Run]| {
            runs.iter().copied().min_by(|one, two| one.seconds.total_cmp(&two.seconds))
        };
        let of = |wanted: Way| {
            all.iter().find(|(way, _)| *way == wanted).and_then(|(_, runs)| best(runs))
        };
        say(&format!("{table}, {rows} rows, the best of {} rounds:", self.options.rounds));
        for (way, _) in all {
            let Some(run) = of(*way) else { continue };
            say(&format!(
                "  {:<20} {:8.2} s {:10.0} rows/s, single rows at {:3.0} %",
                way.name(),
                run.seconds,
                rows as f64 / run.seconds,
                run.selects / quiet * 100.0
            ));
        }
        let others = [Way::Dump, Way::Mydumper].into_iter().filter_map(of);
        let fastest = others.map(|run| run.seconds).min_by(f64::total_cmp);
        let Some(ours) = of(Way::Workflow) else { return };
        if let Some(fastest) = fastest {
            say(&format!("  ratio to the faster of the others: {:.2}", fastest / ours.seconds));
        }
        if let Some(unlogged) = of(Way::Unlogged) {
            let ratio = unlogged.seconds / ours.seconds;
            say(&format!("  ratio to a load that replicas do not get: {ratio:.2}"));
        }
    }

    /// Does something while a client asks the source for single rows.
    fn selecting(&self, table: &str, rows: u64, act: impl FnOnce() -> Outcome<()>) -> Outcome<Run> {
        let stop = Arc::<AtomicBool>::default();
        let count = Arc::<AtomicU64>::default();
        let params = ConnectParams::new(Address::unix(self.socket(100)), "vt_dba");
        let (ended, counted, table) = (stop.clone(), count.clone(), table.to_owned());
        let asking = self.runtime.spawn(async move {
            let mut conn = Conn::connect(params).await?;
            let mut id = 1;
            while !ended.load(Ordering::Relaxed) {
                id = (id * 7919 + 17) % rows + 1;
                let sql = format!("select id from vt_source.{table} where id = {id}");
                conn.query(sql, 1).await?;
                counted.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<(), vt_base::Error>(())
        });
        let started = Instant::now();
        let done = act();
        let seconds = started.elapsed().as_secs_f64();
        let selects = count.load(Ordering::Relaxed) as f64 / seconds;
        stop.store(true, Ordering::Relaxed);
        let asked = self.runtime.block_on(asking).map_err(|err| err.to_string())?;
        done?;
        asked.map_err(|err| format!("single rows: {err}"))?;
        Ok(Run { seconds, selects })
    }

    fn prepare(&self, table: &str) -> Outcome<()> {
        let statements = [
            "drop database if exists copied".to_owned(),
            "create database copied".to_owned(),
            format!("drop table if exists vt_target.{table}"),
        ];
        self.execute(200, &statements)
    }

    fn copy(&self, way: Way, table: &str) -> Outcome<()> {
        match way {
            Way::Workflow => self.move_table(table),
            Way::Dump => self.dump(table),
            Way::Mydumper => self.mydumper(table, &["--enable-binlog"]),
            Way::Unlogged => self.mydumper(table, &[]),
        }
    }

    fn move_table(&self, table: &str) -> Outcome<()> {
        let workflow = ["MoveTables", "--workflow", "copy", "--target-keyspace", "target"];
        let verb = |args: &[&str]| self.cluster.client(&[&workflow, args].concat());
        let create = ["create", "--source-keyspace", "source", "--defer-secondary-keys"];
        verb(&[&create[..], &["--tables", table]].concat())?;
        let began = Instant::now();
        loop {
            let status = verb(&["status", "--format", "json"])?;
            let status: serde_json::Value =
                serde_json::from_str(&status).map_err(|err| format!("status: {err}"))?;
            let streams = status["shard_streams"].as_object();
            let mut states = streams
                .into_iter()
                .flat_map(|shards| shards.values())
                .flat_map(|shard| shard["streams"].as_array().into_iter().flatten())
                .map(|stream| stream["status"].as_str().unwrap_or_default());
            if states.clone().any(|state| state == "Error") {
                return Err(format!("the workflow failed: {status}"));
            }
            if states.clone().count() > 0 && states.all(|state| state == "Running") {
                return Ok(());
            }
            if began.elapsed() > LIMIT {
                return Err("the workflow does not end".to_owned());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn dump(&self, table: &str) -> Outcome<()> {
        let (from, to) = (self.socket(100), self.socket(200));
        let mut dump = Tool::find("mysql", "mysqldump")?.command();
        dump.args(["--no-defaults", "-S", &from, "-u", "vt_dba", "--single-transaction"]);
        dump.args(["--set-gtid-purged=OFF", "--hex-blob", "vt_source", table]);
        let mut dumping = dump
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|err| format!("mysqldump: {err}"))?;
        let out = dumping.stdout.take().ok_or("mysqldump has no output")?;
        let mut load = Tool::find("mysql", "mysql")?.command();
        load.args(["--no-defaults", "-S", &to, "-u", "vt_dba", "copied"]).stdin(out);
        output_of(&mut load)?;
        let ended = dumping.wait().map_err(|err| err.to_string())?;
        if ended.success() { Ok(()) } else { Err(format!("mysqldump: {ended}")) }
    }

    fn mydumper(&self, table: &str, more: &[&str]) -> Outcome<()> {
        let folder = tempfile::tempdir().map_err(|err| err.to_string())?;
        let (place, threads) =
            (folder.path().display().to_string(), self.options.threads.to_string());
        let account = |tool: &Tool, uid: u32| -> Command {
            let mut command = tool.command();
            let plugins = tool.folder("usr/lib/x86_64-linux-gnu/libmariadb3/plugin");
            command.env("MARIADB_PLUGIN_DIR", plugins);
            command.args(["-S", &self.socket(uid), "-u", "vt_dba", "-t", &threads]);
            command
        };
        let mut dump = account(&Tool::find("mydumper", "mydumper")?, 100);
        let rows = if table == "small" { "100000" } else { "100" };
        dump.args(["-B", "vt_source", "-T", table, "-o", &place, "--rows", rows]);
        output_of(&mut dump)?;
        let mut load = account(&Tool::find("mydumper", "myloader")?, 200);
        load.args(["-B", "copied", "-s", "vt_source", "-d", &place, "--overwrite-tables"]);
        load.args(more);
        output_of(&mut load).map(drop)
    }

    /// Makes sure that all rows are there: a tool that gives up half way must not win.
    fn check(&self, way: Way, table: &str, rows: u64) -> Outcome<()> {
        let database = if way == Way::Workflow { "vt_target" } else { "copied" };
        let params = ConnectParams::new(Address::unix(self.socket(200)), "vt_dba");
        let seen = self.runtime.block_on(async {
            let mut conn = Conn::connect(params).await?;
            conn.query(format!("select count(*) from {database}.{table}"), 1).await
        });
        let seen = seen.map_err(|err| err.to_string())?;
        let row = seen.rows.iter().next();
        let text = row.and_then(|row| row.column(0)).unwrap_or_default();
        match text == rows.to_string().as_bytes() {
            true => Ok(()),
            false => {
                Err(format!("{}: {} rows of {rows}", way.name(), String::from_utf8_lossy(text)))
            }
        }
    }

    fn clean(&self, way: Way, table: &str) -> Outcome<()> {
        if way == Way::Workflow {
            let workflow = ["MoveTables", "--workflow", "copy", "--target-keyspace", "target"];
            self.cluster.client(&[&workflow[..], &["cancel"]].concat())?;
        }
        self.prepare(table)
    }
}
