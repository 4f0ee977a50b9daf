//! Primaries that die, hang or are tampered with, under clients that write.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use crate::Case;
use crate::check::{Outcome, contains, equal, within};

const LIMIT: Duration = Duration::from_secs(90);
/// A statement that gets no answer for so long will not get one.
const ANSWER: Duration = Duration::from_secs(60);
const WRITERS: u64 = 4;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("lost primaries are replaced and nothing acknowledged is lost", lost_primaries),
        ("a short run of chaos", short_chaos),
    ]
}

/// Clients that insert numbers, one after the other, and remember which were acknowledged.
struct Writers {
    acknowledged: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<BTreeSet<u64>, String>>>,
}

impl Writers {
    fn start(port: u16) -> Writers {
        let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let threads = (0..WRITERS)
            .map(|writer| {
                let (count, stop) = (acknowledged.clone(), stop.clone());
                std::thread::spawn(move || write_on(port, writer, &count, &stop))
            })
            .collect();
        Writers { acknowledged, stop, threads }
    }

    /// Waits until as many more writes were acknowledged.
    fn progress(&self, what: &str) -> Outcome {
        let before = self.acknowledged.load(Ordering::Relaxed);
        within(LIMIT, || {
            let done = self.acknowledged.load(Ordering::Relaxed) - before;
            if done >= 20 {
                Ok(())
            } else {
                Err(format!("{what}: only {done} writes went through"))
            }
        })
    }

    fn finish(self) -> Result<BTreeSet<u64>, String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = BTreeSet::new();
        for thread in self.threads {
            all.extend(thread.join().map_err(|_| "a writer panicked")??);
        }
        Ok(all)
    }
}

fn write_on(
    port: u16,
    writer: u64,
    count: &AtomicU64,
    stop: &AtomicBool,
) -> Result<BTreeSet<u64>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(async {
        let url = format!("mysql://user@127.0.0.1:{port}/shop?prefer_socket=false");
        let opts = mysql_async::Opts::from_url(&url).map_err(|err| err.to_string())?;
        let (mut acknowledged, mut conn) = (BTreeSet::new(), None);
        for step in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            if conn.is_none() {
                conn = mysql_async::Conn::new(opts.clone()).await.ok();
            }
            let Some(open) = conn.as_mut() else { continue };
            let id = step * WRITERS + writer;
            let sql = format!("insert into kept (id) values ({id})");
            match tokio::time::timeout(ANSWER, open.query_drop(sql)).await {
                Ok(Ok(())) => {
                    acknowledged.insert(id);
                    count.fetch_add(1, Ordering::Relaxed);
                }
                // Its fate is unknown, which is no promise.
                Ok(Err(_)) => conn = None,
                Err(_) => return Err(format!("no answer to insert {id} within {ANSWER:?}")),
            }
        }
        Ok(acknowledged)
    })
}

/// Returns the number of the shard's primary; there must be one and no more.
fn primary(cluster: &LocalCluster) -> Result<u32, String> {
    let tablets = cluster.client(&["GetTablets", "--keyspace", "shop"])?;
    let mut primaries = tablets.lines().filter(|line| line.contains(" primary "));
    let (Some(line), None) = (primaries.next(), primaries.next()) else {
        return Err(format!("not one primary:\n{tablets}"));
    };
    let alias = line.split(' ').next().unwrap_or_default();
    let uid = alias.rsplit('-').next().and_then(|uid| uid.parse().ok());
    uid.ok_or_else(|| format!("no tablet in {line:?}"))
}

fn signal(cluster: &LocalCluster, name: &str, parts: &[String]) -> Outcome {
    let pids = parts.iter().map(|part| Ok(cluster.pid(part)?.to_string()));
    let pids = pids.collect::<Result<Vec<String>, String>>()?;
    output_of(Command::new("kill").arg(name).args(&pids)).map(drop)
}

fn node(uid: u32) -> [String; 2] {
    [format!("mysqld-{uid}"), format!("vttablet-{uid}")]
}

/// Waits until another than `old` is primary.
fn replaced(cluster: &LocalCluster, old: u32) -> Outcome {
    within(LIMIT, || match primary(cluster)? {
        uid if uid == old => Err(format!("{old} is still primary")),
        _ => Ok(()),
    })
}

/// Asks a tablet's own server.
fn ask(cluster: &LocalCluster, uid: u32, sql: &str) -> Result<String, String> {
    let alias = format!("zone1-{uid:010}");
    cluster.client(&["ExecuteFetchAsDBA", "--json", &alias, sql])
}

/// Waits until a tablet follows the primary, and takes no writes.
fn follows(cluster: &LocalCluster, uid: u32) -> Outcome {
    within(LIMIT, || {
        let primary = primary(cluster)?;
        let port = cluster.port(15000) + 2000 + u16::try_from(primary).unwrap_or(u16::MAX);
        let sql = "select concat_ws(' ', @@super_read_only, c.port, c_io.service_state, \
                   a.service_state) as seen \
                   from performance_schema.replication_connection_configuration c, \
                   performance_schema.replication_connection_status c_io, \
                   performance_schema.replication_applier_status a";
        contains("a follower", &ask(cluster, uid, sql)?, &format!("1 {port} ON ON"))
    })
}

fn recoveries(cluster: &LocalCluster) -> Result<String, String> {
    web_page(cluster.port(16000), "/api/recoveries")
}

/// Returns a page of a program of this machine.
pub(crate) fn web_page(port: u16, path: &str) -> Result<String, String> {
    let url = format!("http://127.0.0.1:{port}{path}");
    let script = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())";
    output_of(Command::new("python3").args(["-c", script, &url]))
}

fn lost_primaries(_: &LocalCluster) -> Outcome {
    let cluster = LocalCluster::up(&["--keyspace", "shop:1", "--replicas", "2"])?;
    cluster.mysql("shop", "create table kept (id bigint primary key)")?;
    let writers = Writers::start(cluster.port(15306));
    let seen = scenes(&cluster, &writers).map_err(|err| {
        let history = recoveries(&cluster).unwrap_or_else(|err| err);
        format!("{err}\n--- recoveries\n{history}\n{}", cluster.logs())
    });
    let acknowledged = writers.finish()?;
    seen?;
    let rows = cluster.mysql("shop", "select id from kept")?;
    let kept: BTreeSet<u64> = rows.lines().filter_map(|line| line.parse().ok()).collect();
    let lost: Vec<&u64> = acknowledged.difference(&kept).collect();
    equal("acknowledged writes that are lost", lost, Vec::new())
}

fn short_chaos(_: &LocalCluster) -> Outcome {
    crate::chaos::run(&crate::chaos::Options::default()).map(|report| crate::say(&report))
}

fn scenes(cluster: &LocalCluster, writers: &Writers) -> Outcome {
    writers.progress("before")?;

    let first = primary(cluster)?;
    signal(cluster, "-KILL", &node(first))?;
    replaced(cluster, first)?;
    writers.progress("after the death of a node")?;
    follows(cluster, first)?;

    // Paused, it neither answers nor closes its connections.
    let second = primary(cluster)?;
    signal(cluster, "-STOP", &node(second))?;
    let went_on = replaced(cluster, second).and_then(|()| writers.progress("beside a paused node"));
    signal(cluster, "-CONT", &node(second))?;
    went_on?;
    follows(cluster, second)?;

    let third = primary(cluster)?;
    ask(cluster, second, "stop replica")?;
    ask(cluster, second, "set global super_read_only = 0, global read_only = 0")?;
    follows(cluster, second)?;
    equal("nobody else became primary", primary(cluster)?, third)?;

    // It would notice the loss of its source only after the time in which it should have.
    ask(cluster, second, "set global replica_net_timeout = 20")?;
    within(LIMIT, || {
        let sql = "select concat('every ', round(heartbeat_interval)) as seen \
                   from performance_schema.replication_connection_configuration";
        contains("the heartbeat", &ask(cluster, second, sql)?, "every 10")
    })?;
    follows(cluster, second)?;

    // People forbid it: the primary's server comes back by itself, and stays primary.
    cluster.client(&["SetVtorcEmergencyReparent", "--disable", "shop", "-"])?;
    signal(cluster, "-KILL", &node(third)[..1])?;
    writers.progress("after a server came back")?;
    equal("the primary stays", primary(cluster)?, third)?;
    contains("recoveries", &recoveries(cluster)?, "\"RecoverDeadPrimary\"")
}
