//! Copies of tables that name one another, and copies that follow when the keyspace they come from
//! gets other shards, while clients write.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use crate::Case;
use crate::check::{Outcome, contains, equal, fails, within};

pub(crate) fn cases() -> Vec<Case> {
    vec![("tables come as of one moment, and copies follow other shards", copies)]
}

const LIMIT: Duration = Duration::from_secs(180);
/// The tablets of the keyspaces `family` and `stats`.
const FAMILY: u16 = 100;
const STATS: u16 = 400;
const AUTHORS: u64 = 30_000;

/// Has a cluster of its own: one of its keyspaces ends otherwise than it began.
fn copies(_: &LocalCluster) -> Outcome {
    let keyspaces = ["--keyspace", "family", "--keyspace", "shop:2", "--keyspace", "stats"];
    let cluster = LocalCluster::up_to_grow(&[&keyspaces[..], &["--replicas", "0"]].concat())?;
    let done = of_one_moment(&cluster).and_then(|()| followed(&cluster));
    done.map_err(|err| format!("{err}\n{}", cluster.logs()))
}

/// A client that writes past the gateway until it is told to stop.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64, String>>,
}

impl Writer {
    fn start(socket: PathBuf, database: &str, round: fn(u64) -> Vec<String>) -> Writer {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, database) = (stop.clone(), database.to_owned());
        let thread = std::thread::spawn(move || write(&socket, &database, round, &told));
        Writer { stop, thread }
    }

    fn finish(self) -> Result<u64, String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the writer panicked")?
    }
}

fn write(
    socket: &std::path::Path,
    database: &str,
    round: fn(u64) -> Vec<String>,
    stop: &AtomicBool,
) -> Result<u64, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(async {
        let opts = mysql_async::OptsBuilder::default()
            .socket(Some(socket.display().to_string()))
            .user(Some("vt_dba"))
            .db_name(Some(database));
        let mut conn = mysql_async::Conn::new(opts).await.map_err(|err| err.to_string())?;
        let mut done = 0;
        while !stop.load(Ordering::Relaxed) {
            for sql in round(done) {
                conn.query_drop(&sql).await.map_err(|err| format!("{sql}: {err}"))?;
            }
            done += 1;
        }
        Ok(done)
    })
}

/// Asks a tablet's own server.
fn ask(cluster: &LocalCluster, uid: u16, sql: &str) -> Result<String, String> {
    let alias = format!("zone1-{uid:010}");
    cluster.client(&["ExecuteFetchAsDBA", "--json", &alias, sql])
}

/// Returns what stands between `<` and `>` in an answer.
fn value(cluster: &LocalCluster, uid: u16, expression: &str, rest: &str) -> Result<String, String> {
    let out = ask(cluster, uid, &format!("select concat('<', {expression}, '>') v {rest}"))?;
    let text = out.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    text.map(|(text, _)| text.replace("\\n", "")).ok_or_else(|| format!("no value in {out}"))
}

/// Authors and their books, which go and change with them.
fn books(round: u64) -> Vec<String> {
    let fresh = AUTHORS + 1 + round;
    let old = round * 7919 % AUTHORS + 1;
    vec![
        "begin".to_owned(),
        format!("insert into author values ({fresh}, 'new')"),
        format!(
            "insert into book values ({}, {fresh}, 'a'), ({}, {fresh}, 'b')",
            fresh * 2,
            fresh * 2 + 1
        ),
        "commit".to_owned(),
        format!("delete from author where id = {old}"),
        format!(
            "update author set id = id + 10000000 where id = {}",
            (round * 104729 + 5) % AUTHORS
        ),
        format!("update book set title = concat(title, 'x') where author = {}", fresh - round / 2),
    ]
}

/// Tables with foreign keys are copied while rows go that others name; a copy that was cut off
/// begins anew.
fn of_one_moment(cluster: &LocalCluster) -> Outcome {
    let author = "create table author (id bigint primary key, name varchar(20))";
    let book = "create table book (id bigint primary key, author bigint not null, \
                title varchar(200), key by_title (title), constraint of_author foreign key (author) \
                references author (id) on delete cascade on update cascade)";
    for sql in [author, book] {
        ask(cluster, FAMILY, sql)?;
    }
    let numbers = |count: u64| {
        format!(
            "(with recursive s (n) as (select 1 union all select n + 1 from s where n < {count}) \
             select n from s) x"
        )
    };
    let deep = "insert /*+ SET_VAR(cte_max_recursion_depth = 1000000) */ into";
    let (authors, books_of) = (numbers(AUTHORS), numbers(AUTHORS * 2));
    ask(cluster, FAMILY, &format!("{deep} author select n, 'old' from {authors}"))?;
    let filled =
        format!("{deep} book select n, 1 + n div 2 % {AUTHORS}, repeat('t', 90) from {books_of}");
    ask(cluster, FAMILY, &filled)?;
    cluster.client(&["ReloadSchemaKeyspace", "family"])?;
    let verb = |args: &[&str]| {
        let name = ["MoveTables", "--workflow", "family", "--target-keyspace", "stats"];
        cluster.client(&[&name, args].concat())
    };
    let create = ["create", "--source-keyspace", "family", "--all-tables", "--atomic-copy"];
    let sharded = ["MoveTables", "--workflow", "merge", "--target-keyspace", "stats"];
    let of_two = ["create", "--source-keyspace", "shop", "--tables", "sold", "--atomic-copy"];
    let socket = cluster.folder().join(format!("vt_{FAMILY:010}/mysql.sock"));
    let writer = Writer::start(socket, "vt_family", books);
    let seen = (|| {
        shop_tables(cluster)?;
        let refused = fails("several shards", cluster.client(&[&sharded[..], &of_two].concat()))?;
        contains("several shards", &refused, "leave --atomic-copy out")?;
        verb(&[&create[..], &["--auto-start=false", "--stop-after-copy"]].concat())?;
        cut_off(cluster)?;
        cluster.client(&["Workflow", "--keyspace", "stats", "start", "--workflow", "family"])?;
        within(LIMIT, || contains("copied", &state_of(cluster)?, "Stopped after copy."))?;
        // What stopped there is of one moment: every book has its author.
        let orphans = "from vt_stats.book b left join vt_stats.author a on a.id = b.author where a.id is null";
        equal(
            "books without authors",
            value(cluster, STATS, "count(*)", orphans)?,
            "0".to_owned(),
        )?;
        let log = ask(cluster, STATS, "select message from _vt.vreplication_log")?;
        contains("log", &log, "they are emptied, and copied anew")?;
        contains("log", &log, "2 tables as of MySQL56/")?;
        cluster.client(&["Workflow", "--keyspace", "stats", "start", "--workflow", "family"])?;
        within(LIMIT, || contains("follows", &state_of(cluster)?, "Running"))?;
        cluster.kill(&format!("vttablet-{STATS}"))
    })();
    let done = writer.finish()?;
    seen?;
    crate::say(&format!("  {done} rounds of writes while it was copied and followed"));
    same(cluster, "author", "id, name")?;
    same(cluster, "book", "id, author, title")?;
    let diff = ["VDiff", "--workflow", "family", "--target-keyspace", "stats", "create", "--wait"];
    within(LIMIT, || contains("vdiff", &cluster.client(&diff)?, "HasMismatch:  false"))?;
    verb(&["switchtraffic"])?;
    cluster.mysql("stats", "delete from author where id < 100")?;
    verb(&["reversetraffic"])?;
    same(cluster, "book", "id, author, title")?;
    verb(&["switchtraffic"])?;
    verb(&["complete"]).map(drop)
}

/// Leaves the tables of a workflow that has not begun as a copy that died leaves them.
fn cut_off(cluster: &LocalCluster) -> Outcome {
    let at = value(cluster, FAMILY, "@@global.gtid_executed", "")?;
    for sql in [
        "insert into _vt.copy_state (vrepl_id, table_name) select id, 'author' from _vt.vreplication",
        "insert into _vt.copy_state (vrepl_id, table_name) select id, 'book' from _vt.vreplication",
        &format!("update _vt.vreplication set pos = 'MySQL56/{at}'"),
        "insert into vt_stats.author values (77, 'half'), (99999999, 'half')",
        "insert into vt_stats.book values (7, 99999999, 'half')",
    ] {
        ask(cluster, STATS, sql)?;
    }
    Ok(())
}

fn state_of(cluster: &LocalCluster) -> Result<String, String> {
    ask(cluster, STATS, "select state, message from _vt.vreplication where workflow = 'family'")
}

/// Waits until a table has the same rows at both sides.
fn same(cluster: &LocalCluster, table: &str, columns: &str) -> Outcome {
    let sums = format!("count(*), ' ', coalesce(sum(crc32(concat_ws('|', {columns}))), 0)");
    within(LIMIT, || {
        let source = value(cluster, FAMILY, &sums, &format!("from vt_family.{table}"))?;
        let target = value(cluster, STATS, &sums, &format!("from vt_stats.{table}"))?;
        equal(&format!("rows and sums of {table} (target, source)"), target, source)
    })
}

fn shop_tables(cluster: &LocalCluster) -> Outcome {
    let vschema = r#"{"sharded": true, "vindexes": {"hash": {"type": "hash"}}, "tables": {
        "sold": {"column_vindexes": [{"column": "id", "name": "hash"}]},
        "brought": {"column_vindexes": [{"column": "id", "name": "hash"}]}}}"#;
    cluster.client(&["ApplyVSchema", "--vschema", vschema, "shop"])?;
    let sold =
        "create table sold (id bigint primary key, unit bigint not null, price int not null)";
    cluster.mysql("shop", sold)?;
    let rows: Vec<String> =
        (1..=2000).map(|id| format!("({id}, {}, {})", id % 7, id % 11)).collect();
    cluster.mysql("shop", &format!("insert into sold values {}", rows.join(","))).map(drop)
}

/// Copies of a keyspace follow it from two shards to three and to one; one that is stopped keeps the
/// old shards.
fn followed(cluster: &LocalCluster) -> Outcome {
    let plain = r#"[{"target_table": "sold", "source_expression": "select * from sold",
        "create_ddl": "copy"}]"#;
    let sums = r#"[{"target_table": "by_unit",
        "source_expression": "select unit, count(*) as n, sum(price) as total from sold group by unit",
        "create_ddl": "create table by_unit (unit bigint primary key, n bigint, total bigint)"}]"#;
    for (workflow, settings) in [("plain", plain), ("sums", sums)] {
        let args = ["Materialize", "--workflow", workflow, "--target-keyspace", "stats"];
        let create =
            ["create", "--source-keyspace", "shop", "--wait", "--table-settings", settings];
        cluster.client(&[&args[..], &create].concat())?;
    }
    brought(cluster)?;
    let mut next = 2001;
    let mut write = || {
        let values = format!("({next}, {}, 5), ({}, 3, 9)", next % 7, next + 1);
        next += 2;
        cluster.mysql("shop", &format!("insert into sold values {values}"))?;
        cluster.mysql(
            "shop",
            &format!("update sold set price = price + 1 where id = {}", next % 97),
        )?;
        cluster.mysql("shop", &format!("delete from sold where id = {}", next % 89 + 300))?;
        let values = format!("({next}, 1), ({}, 2), ({}, 3)", next + 100_000, next + 200_000);
        cluster.mysql("stats", &format!("insert into brought values {values}"))?;
        cluster.mysql("stats", "update brought set n = n + 1").map(drop)
    };
    let same = || {
        within(LIMIT, || {
            for (ours, theirs) in [
                (
                    "select count(*), sum(id), sum(price) from sold",
                    "select count(*), sum(id), sum(price) from sold",
                ),
                (
                    "select unit, n, total from by_unit order by unit",
                    "select unit, count(*), sum(price) from sold group by unit order by unit",
                ),
            ] {
                equal(ours, cluster.mysql("stats", ours)?, cluster.mysql("shop", theirs)?)?;
            }
            let all = "select count(*), sum(id), sum(n) from brought";
            equal(all, cluster.mysql("shop", all)?, cluster.mysql("stats", all)?)
        })
    };
    write()?;
    same()?;
    side_by_side(cluster)?;
    same()?;
    for (shards, wanted) in [("3", 3), ("1", 1)] {
        let args = ["reshard", "shop", "--shards", shards, "--yes"];
        if shards == "1" {
            stopped_in_the_way(cluster, &args)?;
        }
        output_of(&mut cluster.vitrum(&args))?;
        write()?;
        same()?;
        for workflow in ["plain", "sums"] {
            let count = format!(
                "from _vt.vreplication where workflow = '{workflow}' and state = 'Running'"
            );
            equal("streams", value(cluster, STATS, "count(*)", &count)?, wanted.to_string())?;
        }
        let log = ask(cluster, STATS, "select message from _vt.vreplication_log")?;
        contains("log", &log, "journal ")?;
    }
    Ok(())
}

/// What a stream that was stopped has missed is applied side by side, and whatever dies then,
/// nothing is lost or comes twice.
fn side_by_side(cluster: &LocalCluster) -> Outcome {
    let workflow = |verb: &str| {
        cluster.client(&["Workflow", "--keyspace", "stats", verb, "--workflow", "plain"])
    };
    let missed = |change: &str| {
        for first in (0..20).map(|part| 1_000_000 + part * 3000) {
            let last = first + 2999;
            let sql = match change {
                "insert" => {
                    let rows = (first..=last).map(|id| format!("({id}, {}, 1)", id % 7));
                    format!("insert into sold values {}", rows.collect::<Vec<_>>().join(","))
                }
                _ => {
                    format!("update sold set price = price + 1 where id between {first} and {last}")
                }
            };
            cluster.mysql("shop", &sql)?;
        }
        Ok::<(), String>(())
    };
    workflow("stop")?;
    missed("insert")?;
    missed("update")?;
    workflow("start")?;
    let port = cluster.port(15000 + STATS);
    within(LIMIT, || {
        let vars = crate::guards::vars(port)?.to_string();
        contains("transactions side by side", &vars, "plain.beside")
    })?;
    workflow("stop")?;
    missed("update")?;
    workflow("start")?;
    for part in ["vttablet", "mysqld", "vttablet"] {
        std::thread::sleep(Duration::from_millis(700));
        cluster.kill(&format!("{part}-{STATS}"))?;
    }
    Ok(())
}

/// Rows come into the keyspace that gets other shards, too.
fn brought(cluster: &LocalCluster) -> Outcome {
    cluster.mysql("stats", "create table brought (id bigint primary key, n int not null)")?;
    let rows: Vec<String> = (1..=500).map(|id| format!("({id}, {})", id % 5)).collect();
    cluster.mysql("stats", &format!("insert into brought values {}", rows.join(",")))?;
    let args = ["Materialize", "--workflow", "into", "--target-keyspace", "shop"];
    let settings = r#"[{"target_table": "brought", "source_expression": "select * from brought",
        "create_ddl": "copy"}]"#;
    let create = ["create", "--source-keyspace", "stats", "--wait", "--table-settings", settings];
    cluster.client(&[&args[..], &create].concat()).map(drop)
}

/// A stream that is stopped is named by the reshard whose shards it comes from.
fn stopped_in_the_way(cluster: &LocalCluster, reshard: &[&str]) -> Outcome {
    let workflow = |verb: &str| {
        cluster.client(&["Workflow", "--keyspace", "stats", verb, "--workflow", "plain"])
    };
    workflow("stop")?;
    let refused = fails("a stopped stream", output_of(&mut cluster.vitrum(reshard)))?;
    contains(
        "a stopped stream",
        &refused,
        "of workflow stats.plain (Stopped) comes from shard shop/",
    )?;
    contains("a stopped stream", &refused, "Workflow --keyspace stats start --workflow plain")?;
    workflow("start").map(drop)
}
