//! Reads that keep their promises though the replica is behind, and the throttler.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, within};

const LIMIT: Duration = Duration::from_secs(120);
/// How often a replica is stopped anew: vtorc starts it again by itself.
const TRIES: u32 = 10;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("a session reads its own writes from replicas", own_writes),
        ("a session never sees less than it has seen", monotonic),
        ("a position that is given is waited for", given_position),
        ("reads are no older than the session allows", bounded),
        ("what a dead gateway had open is ended at once", dead_gateway),
        ("batch work is held back by rules and metrics", throttled),
    ]
}

/// Returns a replica of the keyspace without shards.
fn replica(cluster: &LocalCluster) -> Result<String, String> {
    let tablets = cluster.client(&["GetTablets", "--keyspace", "commerce"])?;
    let line = tablets.lines().find(|line| line.contains(" replica "));
    let alias = line.and_then(|line| line.split(' ').next()).map(str::to_owned);
    alias.ok_or_else(|| format!("no replica:\n{tablets}"))
}

/// Keeps a replica from applying what it receives, so that it is behind.
fn hold(cluster: &LocalCluster) -> Outcome {
    let alias = replica(cluster)?;
    cluster.client(&["ExecuteFetchAsDBA", &alias, "stop replica sql_thread"]).map(drop)
}

fn make(cluster: &LocalCluster, table: &str) -> Outcome {
    cluster.mysql("commerce", &format!("create table {table} (id bigint primary key)"))?;
    // The replica must have it, lest its absence be seen in place of old rows.
    within(LIMIT, || {
        let sql = format!("select count(*) from {table}");
        cluster.mysql("commerce@replica", &sql).map(drop)
    })
}

/// Fails unless reads that promise nothing were seen to be old, and those that do never.
fn old_without_promise(
    cluster: &LocalCluster,
    table: &str,
    promising: impl Fn(u32) -> Result<String, String>,
) -> Outcome {
    let mut has_been_old = false;
    for id in 0..TRIES {
        hold(cluster)?;
        let insert = format!("insert into {table} values ({id})");
        let read = format!("select count(*) from {table} where id = {id}");
        let plain =
            cluster.mysql("commerce", &format!("{insert}; use `commerce@replica`; {read}"))?;
        has_been_old |= plain.trim() == "0";
        equal("rows that a promise makes seen", promising(id)?.trim(), "1")?;
        if has_been_old {
            return Ok(());
        }
    }
    Err("the replica was never behind, so that nothing was shown".to_owned())
}

fn own_writes(cluster: &LocalCluster) -> Outcome {
    make(cluster, "promise_own")?;
    old_without_promise(cluster, "promise_own", |id| {
        let id = id + 1_000;
        cluster.mysql(
            "commerce",
            &format!(
                "set read_consistency = 'session'; begin; insert into promise_own values ({id}); \
                 commit; use `commerce@replica`; select count(*) from promise_own where id = {id}"
            ),
        )
    })?;
    // What a session has read, it does not miss later.
    let monotonic = "set read_consistency = 'session'; insert into promise_own values (5000); \
                     use `commerce@replica`; select count(*) from promise_own; \
                     use commerce; select count(*) from promise_own; \
                     use `commerce@replica`; select count(*) from promise_own";
    let counts = cluster.mysql("commerce", monotonic)?;
    let counts: Vec<u64> = counts.lines().filter_map(|line| line.parse().ok()).collect();
    equal("counts that do not fall", counts.is_sorted() && counts.len() == 3, true)
}

/// Another session writes; this one reads from the primary, then from a replica that is behind.
fn monotonic(cluster: &LocalCluster) -> Outcome {
    make(cluster, "promise_seen")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|err| err.to_string())?;
    let mut conn = runtime.block_on(mysql_async::Conn::new(options(cluster)?)).map_err(text)?;
    runtime.block_on(conn.query_drop("set read_consistency = 'session'")).map_err(text)?;
    let mut count = |target: &str| -> Result<u64, String> {
        let read = async {
            conn.query_drop(format!("use `{target}`")).await?;
            conn.query_first("select count(*) from promise_seen").await
        };
        runtime.block_on(read).map_err(text)?.ok_or_else(|| "no count".to_owned())
    };
    let mut has_been_old = false;
    for id in 0..TRIES {
        hold(cluster)?;
        cluster.mysql("commerce", &format!("insert into promise_seen values ({id})"))?;
        let first = count("commerce")?;
        let plain = cluster.mysql("commerce@replica", "select count(*) from promise_seen")?;
        has_been_old |= plain.trim().parse::<u64>().map_err(|err| err.to_string())? < first;
        let then = count("commerce@replica")?;
        equal("what is read later is not older", then >= first, true)?;
        if has_been_old && id > 1 {
            return Ok(());
        }
    }
    Err("the replica was never behind, so that nothing was shown".to_owned())
}

fn text(err: mysql_async::Error) -> String {
    err.to_string()
}

fn options(cluster: &LocalCluster) -> Result<mysql_async::Opts, String> {
    let port = cluster.port(15306);
    let url = format!("mysql://user@127.0.0.1:{port}/commerce?prefer_socket=false");
    mysql_async::Opts::from_url(&url).map_err(|err| err.to_string())
}

fn given_position(cluster: &LocalCluster) -> Outcome {
    make(cluster, "promise_given")?;
    old_without_promise(cluster, "promise_given", |id| {
        let told = cluster.mysql("commerce", "show global gtid_executed")?;
        let position = told.split('\t').nth(1).unwrap_or_default();
        cluster.mysql(
            "commerce@replica",
            &format!(
                "set read_after_write_gtid = '{position}', read_after_write_timeout = 0.2; \
                 select count(*) from promise_given where id = {id}"
            ),
        )
    })
}

fn bounded(cluster: &LocalCluster) -> Outcome {
    make(cluster, "promise_bound")?;
    old_without_promise(cluster, "promise_bound", |id| {
        cluster.mysql(
            "commerce@replica",
            &format!(
                "select sleep(1.1) into @slept; set max_replication_lag = 1; \
                 select count(*) from promise_bound where id = {id}"
            ),
        )
    })
}

/// A transaction may be idle for 30 s before its tablet ends it; this one must go sooner.
fn dead_gateway(cluster: &LocalCluster) -> Outcome {
    cluster.mysql("commerce", "create table promise_lock (id bigint primary key)")?;
    let opts = options(cluster)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|err| err.to_string())?;
    let held = runtime.block_on(async {
        let mut conn = mysql_async::Conn::new(opts).await?;
        conn.query_drop("begin").await?;
        conn.query_drop("insert into promise_lock values (1)").await?;
        Ok::<_, mysql_async::Error>(conn)
    });
    let held = held.map_err(text)?;
    cluster.kill("vtgate")?;
    let killed = Instant::now();
    within(LIMIT, || cluster.mysql("commerce", "insert into promise_lock values (1)").map(drop))?;
    drop(held);
    let took = killed.elapsed();
    if took > Duration::from_secs(15) {
        return Err(format!("the lock was held for {took:?} after its gateway had died"));
    }
    Ok(())
}

fn throttled(cluster: &LocalCluster) -> Outcome {
    let tablets = cluster.client(&["GetTablets", "--keyspace", "commerce"])?;
    let line = tablets.lines().find(|line| line.contains(" primary "));
    let primary = line.and_then(|line| line.split(' ').next()).unwrap_or_default().to_owned();
    let check = |app: &str| {
        cluster.client(&["CheckThrottler", "--app-name", app, "--request-heartbeats", &primary])
    };
    cluster.client(&["UpdateThrottlerConfig", "--enable", "--threshold", "30", "commerce"])?;
    within(LIMIT, || contains("a shard that is well", &check("test")?, "test is granted access"))?;
    let rule = ["UpdateThrottlerConfig", "--throttle-app", "test", "commerce"];
    cluster.client(&rule)?;
    within(LIMIT, || contains("a rule", &check("test")?, "test is explicitly denied access"))?;
    let apps = cluster.mysql("commerce", "show vitess_throttled_apps")?;
    contains("rules in SQL", &apps, "test\t")?;
    cluster.client(&["UpdateThrottlerConfig", "--unthrottle-app", "test", "commerce"])?;
    let query = ["--custom-query", "select 70", "--threshold", "50"];
    cluster.client(&[&["UpdateThrottlerConfig"], &query[..], &["commerce"]].concat())?;
    let why = "test is denied access due to self/custom metric value 70 exceeding threshold 50";
    within(LIMIT, || contains("a metric of one's own", &check("test")?, why))?;
    let status = cluster.mysql("commerce", "show vitess_throttler status")?;
    equal("status in SQL", status.trim(), "-\t1\t50\tselect 70")?;
    let off = ["UpdateThrottlerConfig", "--disable", "--custom-query", "", "commerce"];
    cluster.client(&off)?;
    within(LIMIT, || contains("switched off", &check("test")?, "test is granted access"))
}
