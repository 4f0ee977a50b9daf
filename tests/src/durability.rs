//! A keyspace whose durability policy is changed while clients write: semi-sync follows on every
//! server, and a primary that cannot reach those who acknowledge blocks, says so, and goes on.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, within};
use crate::failover::web_page;
use crate::leases::primary;

const LIMIT: Duration = Duration::from_secs(120);
const UIDS: [u32; 3] = [100, 101, 102];
/// Tablets that let a commit wait for longer than any scene takes.
pub(crate) const PATIENT: [&str; 4] = [
    "--tablet-flag",
    "queryserver-config-query-timeout=1h",
    "--tablet-flag",
    "queryserver-config-transaction-timeout=1h",
];

pub(crate) fn cases() -> Vec<Case> {
    vec![("a policy that is changed holds on every server", changed)]
}

fn changed(_: &LocalCluster) -> Outcome {
    let args = [&["--keyspace", "shop:1", "--replicas", "2"][..], &PATIENT].concat();
    let cluster = LocalCluster::up(&args)?;
    let seen = scenes(&cluster);
    seen.map_err(|err| format!("{err}\n{}", cluster.logs()))
}

fn scenes(cluster: &LocalCluster) -> Outcome {
    cluster.mysql("shop", "create table kept (id bigint primary key)")?;
    settled(cluster, true)?;
    let writer = Writer::start(cluster)?;
    let changes = [("none", false), ("semi_sync", true)];
    let seen = changes.into_iter().try_for_each(|(policy, waits)| {
        set(cluster, policy)?;
        settled(cluster, waits)?;
        writer.progress()
    });
    // Why a write failed says more than that it did.
    writer.finish(cluster)?;
    seen?;
    blocked(cluster)
}

/// All tablets are in one cell: under `cross_cell` nobody may acknowledge.
fn blocked(cluster: &LocalCluster) -> Outcome {
    let uid = primary(cluster)?;
    set(cluster, "cross_cell")?;
    within(LIMIT, || {
        for replica in UIDS.into_iter().filter(|one| *one != uid) {
            let what = format!("{replica} acknowledges");
            equal(&what, variable(cluster, &alias(replica), REPLICA)?.as_str(), "0")?;
        }
        Ok(())
    })?;
    let mut write = Waiting::start(cluster, "insert into kept values (1000000)")?;
    says_that_it_waits(cluster, uid)?;
    equal("the write is acknowledged", write.is_acknowledged()?, false)?;
    set(cluster, "semi_sync")?;
    settled(cluster, true)?;
    within(LIMIT, || equal("the write goes on", write.is_acknowledged()?, true))?;
    let kept = cluster.mysql("shop", "select count(*) from kept where id = 1000000")?;
    equal("what was acknowledged", kept.trim(), "1")?;
    waits_no_more(cluster, uid)
}

/// Waits until vtorc, the primary's status and its health say that nobody acknowledges.
pub(crate) fn says_that_it_waits(cluster: &LocalCluster, uid: u32) -> Outcome {
    within(LIMIT, || contains("vtorc", &problems(cluster)?, "\"LockedSemiSyncPrimary\""))?;
    within(LIMIT, || {
        let status = cluster.client(&["GetFullStatus", &alias(uid)])?;
        contains("its status", &status, "\"semi_sync_blocked\": true")
    })?;
    within(LIMIT, || {
        contains("its health", &health(cluster, uid)?, "commits wait: no tablet acknowledges")
    })
}

/// Waits until nobody says so any more.
pub(crate) fn waits_no_more(cluster: &LocalCluster, uid: u32) -> Outcome {
    let found = || Ok::<_, String>(problems(cluster)?.contains("LockedSemiSyncPrimary"));
    within(LIMIT, || equal("a problem", found()?, false))?;
    within(LIMIT, || equal("its health", health(cluster, uid)?.contains("commits wait"), false))
}

fn problems(cluster: &LocalCluster) -> Result<String, String> {
    web_page(cluster.port(16000), "/api/problems")
}

fn health(cluster: &LocalCluster, uid: u32) -> Result<String, String> {
    let port = cluster.port(15000) + u16::try_from(uid).unwrap_or(u16::MAX);
    web_page(port, "/debug/status")
}

/// Names a tablet of the cluster's own cell.
pub(crate) fn alias(uid: u32) -> String {
    format!("zone1-{uid:010}")
}

pub(crate) const PRIMARY: &str = "rpl_semi_sync_source_enabled";
pub(crate) const REPLICA: &str = "rpl_semi_sync_replica_enabled";

pub(crate) fn set(cluster: &LocalCluster, policy: &str) -> Outcome {
    let policy = format!("--durability-policy={policy}");
    cluster.client(&["SetKeyspaceDurabilityPolicy", &policy, "shop"]).map(drop)
}

/// Waits until the primary waits for replicas, and they acknowledge, or nobody does.
fn settled(cluster: &LocalCluster, waits: bool) -> Outcome {
    let wanted = if waits { "1" } else { "0" };
    within(LIMIT, || {
        let primary = primary(cluster)?;
        for uid in UIDS {
            let name = if uid == primary { PRIMARY } else { REPLICA };
            let seen = variable(cluster, &alias(uid), name)?;
            equal(&format!("{name} of {uid}"), seen.as_str(), wanted)?;
        }
        Ok(())
    })
}

/// Returns a variable of a tablet's own server.
pub(crate) fn variable(cluster: &LocalCluster, alias: &str, name: &str) -> Result<String, String> {
    asked(cluster, alias, &format!("select @@global.{name} as v"))
}

/// Returns the one value that a tablet's own server gives.
pub(crate) fn asked(cluster: &LocalCluster, alias: &str, sql: &str) -> Result<String, String> {
    let reply = cluster.client(&["ExecuteFetchAsDBA", "--json", alias, sql])?;
    let reply: serde_json::Value = serde_json::from_str(&reply).map_err(|err| err.to_string())?;
    let value = match &reply["rows"][0][0] {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    value.ok_or_else(|| format!("no value in {reply}"))
}

/// A statement that may have to wait.
pub(crate) struct Waiting(Child);

impl Waiting {
    pub(crate) fn start(cluster: &LocalCluster, sql: &str) -> Result<Waiting, String> {
        let mut command = cluster.mysql_command("shop", sql)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Waiting).map_err(|err| err.to_string())
    }

    pub(crate) fn is_acknowledged(&mut self) -> Result<bool, String> {
        let ended = self.0.try_wait().map_err(|err| err.to_string())?;
        Ok(ended.is_some_and(|status| status.success()))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A client that writes all the time; no write of it may fail.
struct Writer {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<Result<(), String>>,
}

impl Writer {
    fn start(cluster: &LocalCluster) -> Result<Writer, String> {
        use mysql_async::prelude::Queryable;
        let url =
            format!("mysql://user@127.0.0.1:{}/shop?prefer_socket=false", cluster.port(15306));
        let opts = mysql_async::Opts::from_url(&url).map_err(|err| err.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|err| err.to_string())?;
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (ended, count) = (stop.clone(), written.clone());
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let mut conn = mysql_async::Conn::new(opts).await.map_err(|err| err.to_string())?;
                while !ended.load(Ordering::Relaxed) {
                    let id = count.load(Ordering::Relaxed);
                    let sql = format!("insert into kept values ({id})");
                    conn.query_drop(sql).await.map_err(|err| format!("write {id}: {err}"))?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        });
        Ok(Writer { stop, written, thread })
    }

    /// Waits until more was acknowledged, or a write has failed.
    fn progress(&self) -> Outcome {
        let before = self.written.load(Ordering::Relaxed);
        within(LIMIT, || {
            let more = self.written.load(Ordering::Relaxed) > before + 5;
            equal("writes go on", more || self.thread.is_finished(), true)
        })?;
        equal("a write failed", self.thread.is_finished(), false)
    }

    /// Checks that no write failed and none is missing.
    fn finish(self, cluster: &LocalCluster) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the writer panicked")??;
        let kept = cluster.mysql("shop", "select count(*) from kept")?;
        equal(
            "what is kept",
            kept.trim(),
            self.written.load(Ordering::Relaxed).to_string().as_str(),
        )
    }
}
