//! `vitrum import`: the tables of a plain MySQL taken over while they are written to, the way back,
//! and what is refused before anything is done.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use vt_testkit::tools::output_of;
use vt_testkit::{LocalCluster, PlainMysql};

use crate::Case;
use crate::check::{Outcome, contains, equal, within};

pub(crate) fn cases() -> Vec<Case> {
    vec![("a plain MySQL is imported under load, and there is a way back", import)]
}

const LIMIT: Duration = Duration::from_secs(120);
/// A statement that gets no answer for so long will not get one.
const ANSWER: Duration = Duration::from_secs(60);
const CLIENTS: u64 = 3;
/// Between two writes of a client: what is tested is not how many there are.
const PAUSE: Duration = Duration::from_millis(5);
const ACCOUNTS: u64 = 40;
/// MySQL says that it is read-only.
const READ_ONLY: u16 = 1290;

/// How a server is to be whose tables are imported.
const OPTIONS: &[&str] = &[
    "--log-bin=binlog",
    "--server-id=77",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--performance-schema=ON",
    "--innodb-redo-log-capacity=32M",
];

const TABLES: &[&str] = &[
    "create table shop.account (id bigint primary key, name varchar(40) collate \
     utf8mb4_0900_ai_ci, hits bigint not null, key by_name (name))",
    "create table shop.entry (id bigint primary key auto_increment, account_id bigint not null, \
     note json, at datetime(6), price decimal(10, 2), data varbinary(200), key by_at (at))",
];

const VSCHEMA: &str = r#"{"sharded": true, "vindexes": {"hash": {"type": "hash"}}, "tables": {
    "account": {"column_vindexes": [{"column": "id", "name": "hash"}]},
    "entry": {"column_vindexes": [{"column": "id", "name": "hash"}]}}}"#;

/// The import has a cluster of its own, for keyspaces come and go.
fn import(_: &LocalCluster) -> Outcome {
    let cluster = LocalCluster::up_to_grow(&["--keyspace", "main", "--replicas", "0"])?;
    let server = PlainMysql::start_with(OPTIONS)?;
    let runtime = runtime()?;
    runtime.block_on(make_tables(&server))?;
    let importing = Importing { cluster: &cluster, server: &server };
    importing.refusals(&runtime)?;
    let load = Load::start(&cluster, &server);
    let done = importing.journey(&runtime, &load);
    let finished = load.finish();
    if done.is_err() || finished.is_err() {
        crate::say(&cluster.logs());
    }
    // What ended a client is why it got on no more.
    let counts = finished?;
    done?;
    importing.check_rows(&counts)?;
    importing.complete(&runtime, &counts)
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|err| err.to_string())
}

async fn connect(socket: &Path, user: &str, password: &str) -> Result<mysql_async::Conn, String> {
    let opts = mysql_async::OptsBuilder::default()
        .socket(Some(socket.display().to_string()))
        .user(Some(user))
        .pass(Some(password));
    mysql_async::Conn::new(opts).await.map_err(|err| err.to_string())
}

async fn run(server: &PlainMysql, statements: &[&str]) -> Outcome {
    let mut conn = connect(&server.socket(), "root", "").await?;
    for sql in statements {
        conn.query_drop(*sql).await.map_err(|err| format!("{sql}: {err}"))?;
    }
    conn.disconnect().await.map_err(|err| err.to_string())
}

async fn ask(server: &PlainMysql, sql: &str) -> Result<String, String> {
    let mut conn = connect(&server.socket(), "root", "").await?;
    let row: Option<mysql_async::Row> =
        conn.query_first(sql).await.map_err(|err| format!("{sql}: {err}"))?;
    let row = row.ok_or_else(|| format!("{sql}: no row"))?;
    let value = |index| row.get::<Option<String>, _>(index).flatten().unwrap_or_default();
    let values: Vec<String> = (0..row.len()).map(value).collect();
    Ok(values.join("\t"))
}

async fn make_tables(server: &PlainMysql) -> Outcome {
    run(server, &["create database shop"]).await?;
    run(server, TABLES).await?;
    let rows: Vec<String> = (1..=ACCOUNTS).map(|id| format!("({id}, 'Näme {id}', 0)")).collect();
    let accounts = format!("insert into shop.account values {}", rows.join(","));
    let rows: Vec<String> = (1..=500)
        .map(|id| format!("({id}, {}, '{{\"n\": {id}}}', now(6), {id}.25, x'00ff27')", id % 40))
        .collect();
    let entries = format!("insert into shop.entry values {}", rows.join(","));
    run(
        server,
        &[
            &accounts,
            &entries,
            "create user app identified by 'app'",
            "grant select, insert, update, delete on shop.* to app",
            "create user importer identified by 'se:cret'",
            "grant select on shop.* to importer",
        ],
    )
    .await
}

struct Importing<'a> {
    cluster: &'a LocalCluster,
    server: &'a PlainMysql,
}

impl Importing<'_> {
    fn url(&self, account: &str, database: &str) -> String {
        let socket = self.server.socket();
        format!("mysql://{account}@localhost/{database}?socket={}", socket.display())
    }

    fn import(&self, args: &[&str]) -> Result<String, String> {
        output_of(&mut self.cluster.vitrum(&[&["import"], args].concat()))
    }

    fn refused(&self, what: &str, args: &[&str], wanted: &[&str]) -> Result<String, String> {
        match self.import(args) {
            Ok(out) => Err(format!("{what}: it was not refused: {out}")),
            Err(message) => {
                for one in wanted {
                    contains(what, &message, one)?;
                }
                Ok(message)
            }
        }
    }

    /// What cannot be imported is refused before anything is done, with what helps.
    fn refusals(&self, runtime: &tokio::runtime::Runtime) -> Outcome {
        let good = self.url("importer:se%3Acret", "shop");
        let refuse = |what: &str, url: &str, wanted: &[&str]| {
            self.refused(what, &[url, "shop", "--yes"], wanted)
        };
        refuse("wrong password", &self.url("importer:no", "shop"), &["check user and password"])?;
        refuse("no database", &self.url("root", "nowhere"), &["has no database nowhere"])?;
        let away = "mysql://root@localhost/shop?socket=/tmp/vt-no-such.sock";
        refuse("not reachable", away, &["that the server runs"])?;
        refuse("no URL", "postgres://h/d", &["expecting mysql://USER"])?;
        let lacking = refuse("rights", &good, &["lacks rights", "REPLICATION SLAVE"])?;
        self.refused("no terminal", &[&self.url("root", "shop"), "shop"], &["say --yes"])?;
        let wrong = |statements: &[&str]| runtime.block_on(run(self.server, statements));
        wrong(&[
            "set global binlog_row_image = 'MINIMAL'",
            "set global gtid_mode = ON_PERMISSIVE",
            "create table shop.heap (id int)",
            "create table shop.old (id int primary key) engine = MyISAM",
        ])?;
        let root = self.url("root", "shop");
        let wanted = [
            "SET PERSIST binlog_row_image = 'FULL'",
            "SET PERSIST gtid_mode = ON",
            "table heap has no primary key",
            "table old is not kept by InnoDB",
            "nothing was done",
        ];
        refuse("all at once", &root, &wanted)?;
        wrong(&[
            "set global binlog_row_image = 'FULL'",
            "set global gtid_mode = ON",
            "drop table shop.heap",
            "drop table shop.old",
        ])?;
        // The rights that the message asks for are those that it takes.
        let grants: Vec<&str> = lacking
            .split_inclusive(';')
            .filter_map(|text| text.find("GRANT ").map(|at| &text[at..]))
            .filter(|text| text.ends_with(';'))
            .collect();
        equal("grants", grants.len(), 4)?;
        runtime.block_on(run(self.server, &grants))?;
        self.refused("no shards", &[&good, "shop", "--shards", "2", "--yes"], &["--propose"])?;
        let proposed = self.import(&[&good, "shop", "--propose"])?;
        contains("proposal", &proposed, "\"column\": \"id\"")?;
        self.refused("no import", &["shop", "--back", "--yes"], &["nothing is being imported"])?;
        Ok(())
    }

    fn journey(&self, runtime: &tokio::runtime::Runtime, load: &Load) -> Outcome {
        load.progress("at the start")?;
        let file = self.cluster.folder().join("shop.vschema.json");
        std::fs::write(&file, VSCHEMA).map_err(|err| err.to_string())?;
        let file = file.display().to_string();
        let url = self.url("importer:se%3Acret", "shop");
        let args = [&url, "shop", "--shards", "2", "--vschema", &file, "--global-keyspace", "main"];
        let once = [&args[..], &["--no-switch", "--yes"]].concat();
        contains("copied", &self.import(&once)?, "kept in step")?;
        load.progress("copied")?;
        equal("traffic", runtime.block_on(ask(self.server, "select @@read_only"))?, "0".into())?;
        self.refused("too early", &["shop", "--complete", "--yes"], &["has not been switched"])?;
        let url = [&url, "shop", "--global-keyspace", "main", "--yes"];
        let out = self.import(&url)?;
        contains("switched", &out, "goes to shop now")?;
        crate::say(&format!("  {}", out.lines().next().unwrap_or_default()));
        load.progress("switched")?;
        self.refused("too late", &["shop", "--cancel", "--yes"], &["has been switched"])?;
        equal("held", runtime.block_on(ask(self.server, "select @@read_only"))?, "1".into())?;
        let out = self.import(&["shop", "--back", "--yes"])?;
        contains("back", &out, "serves its tables again")?;
        crate::say(&format!("  {}", out.trim()));
        equal("let go", runtime.block_on(ask(self.server, "select @@read_only"))?, "0".into())?;
        load.progress("back")?;
        contains("switched again", &self.import(&url)?, "goes to shop now")?;
        load.progress("switched again")
    }

    /// Every write that was acknowledged is there once, on both sides.
    fn check_rows(&self, counts: &Counts) -> Outcome {
        let (hits, entries) = (counts.hits(), counts.entries());
        crate::say(&format!("  {hits} updates and {entries} rows were acknowledged"));
        let accounts = "select count(*), sum(hits) from account";
        let wanted = format!("{ACCOUNTS}\t{hits}\n");
        equal("accounts", self.cluster.mysql("shop", accounts)?, wanted)?;
        let sql = "select count(*), count(distinct id), sum(price), hex(min(data)) from entry";
        let price = format!("{}.{:02}", 500 * 501 / 2 + 125 + entries, 0);
        let wanted = format!("{0}\t{0}\t{price}\t00FF27\n", 500 + entries);
        equal("entries", self.cluster.mysql("shop", sql)?, wanted)
    }

    /// The way back has had all writes until it is given up; the server keeps its tables.
    fn complete(&self, runtime: &tokio::runtime::Runtime, counts: &Counts) -> Outcome {
        let sql = "select (select sum(hits) from shop.account), (select count(*) from shop.entry)";
        let wanted = format!("{}\t{}", counts.hits(), 500 + counts.entries());
        within(LIMIT, || {
            equal("way back", runtime.block_on(ask(self.server, sql))?, wanted.clone())
        })?;
        contains("complete", &self.import(&["shop", "--complete", "--yes"])?, "complete")?;
        equal("kept", runtime.block_on(ask(self.server, sql))?, wanted)?;
        let databases = "select group_concat(schema_name order by 1) from \
                         information_schema.schemata where schema_name in ('shop', '_vt')";
        equal("left", runtime.block_on(ask(self.server, databases))?, "shop".to_owned())?;
        // The gateway hears of it a little later.
        within(LIMIT, || {
            let shards = self.cluster.mysql("", "show vitess_shards")?;
            equal("shards", shards.contains("shop_import"), false)
        })?;
        let url = self.url("root", "shop");
        let status = self.import(&["shop", "--back", "--yes"]);
        equal("forgotten", status.is_err(), true)?;
        drop(url);
        equal(
            "served",
            self.cluster.mysql("shop", "select count(*) from account")?,
            format!("{ACCOUNTS}\n"),
        )
    }
}

/// What was acknowledged.
#[derive(Default)]
struct Counts {
    hits: AtomicU64,
    entries: AtomicU64,
}

impl Counts {
    fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    fn entries(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }
}

/// Clients that write to the server for as long as it takes their writes, and else to the gateway.
struct Load {
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    threads: Vec<JoinHandle<Outcome>>,
}

impl Load {
    fn start(cluster: &LocalCluster, server: &PlainMysql) -> Load {
        let (stop, counts) = (Arc::<AtomicBool>::default(), Arc::<Counts>::default());
        let threads = (0..CLIENTS).map(|client| {
            let (stop, counts) = (stop.clone(), counts.clone());
            let (socket, port) = (server.socket(), cluster.port(15306));
            std::thread::spawn(move || {
                let client = Client { client, socket, port, counts };
                runtime()?.block_on(client.run(&stop))
            })
        });
        Load { threads: threads.collect(), stop, counts: counts.clone() }
    }

    /// Waits until more went through; fails with what ended a client, if one has ended.
    fn progress(&self, what: &str) -> Outcome {
        let done = || self.counts.hits() + self.counts.entries();
        let before = done();
        within(LIMIT, || match done() - before {
            0..40 => Err(format!("{what}: the clients do not get on")),
            _ => Ok(()),
        })
    }

    fn finish(self) -> Result<Arc<Counts>, String> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().map_err(|_| "a client panicked")??;
        }
        Ok(self.counts)
    }
}

struct Client {
    client: u64,
    socket: std::path::PathBuf,
    port: u16,
    counts: Arc<Counts>,
}

impl Client {
    async fn run(&self, stop: &AtomicBool) -> Outcome {
        let mut direct = connect(&self.socket, "app", "app").await?;
        let url = format!("mysql://user@127.0.0.1:{}/?prefer_socket=false", self.port);
        let opts = mysql_async::Opts::from_url(&url).map_err(|err| err.to_string())?;
        let mut gate = mysql_async::Conn::new(opts).await.map_err(|err| err.to_string())?;
        for step in self.client.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let sql = match step % 3 {
                0 => "insert into shop.entry (account_id, note, price, data) values \
                      (1, '{\"n\": 1}', 1.00, x'61')"
                    .to_owned(),
                _ => format!(
                    "update shop.account set hits = hits + 1 where id = {}",
                    1 + step % ACCOUNTS
                ),
            };
            match write(&mut direct, &sql).await {
                Ok(()) => {}
                Err(Failed::ReadOnly) => match write(&mut gate, &sql.replace("shop.", "")).await {
                    Ok(()) => {}
                    // Traffic went back between the two.
                    Err(Failed::ReadOnly) => continue,
                    Err(Failed::Other(err)) => return Err(format!("{sql}: {err}")),
                },
                Err(Failed::Other(err)) => return Err(format!("{sql} at the server: {err}")),
            }
            let counter = if step % 3 == 0 { &self.counts.entries } else { &self.counts.hits };
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

enum Failed {
    ReadOnly,
    Other(String),
}

async fn write(conn: &mut mysql_async::Conn, sql: &str) -> Result<(), Failed> {
    match tokio::time::timeout(ANSWER, conn.query_drop(sql)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(mysql_async::Error::Server(err))) if err.code == READ_ONLY => Err(Failed::ReadOnly),
        Ok(Err(err)) => Err(Failed::Other(err.to_string())),
        Err(_) => Err(Failed::Other(format!("no answer within {ANSWER:?}"))),
    }
}
