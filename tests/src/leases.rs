//! Primaries that do not know that they were replaced: paused, or cut off from all but those who
//! still ask them. They are asked on their own ports, as a gateway would that is cut off with them.

use std::process::Command;
use std::time::Duration;

use tonic::transport::Channel;
use vt_proto::query::{BoundQuery, ExecuteRequest, Target};
use vt_proto::topodata::TabletType;
use vt_rpc::queryservice::query_client::QueryClient;
use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use crate::Case;
use crate::check::{Outcome, equal, within};
use crate::links::{Effect, Links, Part, With};

const LIMIT: Duration = Duration::from_secs(90);
/// How long one answer of the old primary is waited for.
const ANSWER: Duration = Duration::from_secs(5);
/// How many reads are under way while it wakes up.
const READERS: usize = 16;
const UIDS: [u32; 3] = [100, 101, 102];

pub(crate) fn cases() -> Vec<Case> {
    vec![("a primary that was replaced neither writes nor reads", replaced_primaries)]
}

fn replaced_primaries(_: &LocalCluster) -> Outcome {
    let args = ["--keyspace", "shop:1", "--replicas", "2"];
    let (cluster, links) = LocalCluster::up_proxied(&args, |cluster| Links::make(cluster, &UIDS))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|err| err.to_string())?;
    let seen = scenes(&cluster, &links, &runtime);
    links.heal();
    seen.map_err(|err| format!("{err}\n{}", cluster.logs()))
}

fn scenes(cluster: &LocalCluster, links: &Links, runtime: &tokio::runtime::Runtime) -> Outcome {
    cluster.mysql("shop", "create table kept (id bigint primary key)")?;
    cluster.mysql("shop", "insert into kept values (1)")?;

    // Cut off from everybody, and asked by one who is cut off with it.
    let first = primary(cluster)?;
    let direct = Direct::new(cluster, first, runtime)?;
    within(LIMIT, || equal("before", direct.now(READ), Ok(1)))?;
    links.disturb(Part::Node(first), With::Everybody, Effect::Cut);
    replaced(cluster, first)?;
    cluster.mysql("shop", "insert into kept values (2)")?;
    stale(direct.now(READ), 2)?;
    written(direct.now("insert into kept values (1000)"))?;
    links.heal();
    rejoined(cluster, first)?;

    // Paused, with questions that come while it cannot answer.
    let second = primary(cluster)?;
    let direct = Direct::new(cluster, second, runtime)?;
    within(LIMIT, || equal("before the pause", direct.now(READ), Ok(2)))?;
    signal(cluster, "-STOP", second)?;
    let seen = replaced(cluster, second).and_then(|()| {
        cluster.mysql("shop", "insert into kept values (3)")?;
        let reads: Vec<_> = (0..READERS).map(|_| direct.later(READ)).collect();
        let write = direct.later("insert into kept values (1001)");
        // They are to be there before it wakes up.
        std::thread::sleep(Duration::from_millis(300));
        signal(cluster, "-CONT", second)?;
        for read in reads {
            stale(direct.end(read), 3)?;
        }
        written(direct.end(write))
    });
    // Where it failed earlier, it is still paused.
    signal(cluster, "-CONT", second)?;
    seen?;
    rejoined(cluster, second)?;
    let kept = cluster.mysql("shop", "select id from kept order by id")?;
    equal("what is kept", kept.trim(), "1\n2\n3")
}

const READ: &str = "select max(id) from kept";

/// What the old primary answered: a number, or why not.
type Answer = Result<u64, String>;

fn stale(answer: Answer, newest: u64) -> Outcome {
    match answer {
        Ok(number) if number < newest => {
            Err(format!("the old primary told {number} when {newest} was acknowledged"))
        }
        _ => Ok(()),
    }
}

fn written(answer: Answer) -> Outcome {
    match answer {
        Ok(_) => Err("the old primary acknowledged a write".to_owned()),
        Err(_) => Ok(()),
    }
}

/// A tablet's query service, asked as that of a primary.
struct Direct<'a> {
    runtime: &'a tokio::runtime::Runtime,
    client: QueryClient<Channel>,
}

impl<'a> Direct<'a> {
    fn new(
        cluster: &LocalCluster,
        uid: u32,
        runtime: &'a tokio::runtime::Runtime,
    ) -> Result<Direct<'a>, String> {
        let port = u32::from(cluster.port(16000)) + uid;
        let endpoint = Channel::from_shared(format!("http://127.0.0.1:{port}"));
        let endpoint = endpoint.map_err(|err| err.to_string())?;
        let _inside = runtime.enter();
        Ok(Direct { runtime, client: QueryClient::new(endpoint.connect_lazy()) })
    }

    fn later(&self, sql: &str) -> tokio::task::JoinHandle<Answer> {
        let (mut client, sql) = (self.client.clone(), sql.to_owned());
        self.runtime.spawn(async move {
            let request = ExecuteRequest {
                target: Some(Target {
                    keyspace: "shop".to_owned(),
                    shard: "-".to_owned(),
                    tablet_type: TabletType::Primary.into(),
                    ..Target::default()
                }),
                query: Some(BoundQuery { sql, ..BoundQuery::default() }),
                ..ExecuteRequest::default()
            };
            match tokio::time::timeout(ANSWER, client.execute(request)).await {
                Err(_) => Err("no answer".to_owned()),
                Ok(Err(status)) => Err(status.to_string()),
                Ok(Ok(reply)) => {
                    let rows = reply.into_inner().result.unwrap_or_default().rows;
                    let value = rows.first().map(|row| row.values.to_vec()).unwrap_or_default();
                    let text = String::from_utf8_lossy(&value).into_owned();
                    // A write has no rows.
                    if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| text) }
                }
            }
        })
    }

    fn end(&self, asked: tokio::task::JoinHandle<Answer>) -> Answer {
        self.runtime.block_on(asked).map_err(|err| err.to_string())?
    }

    fn now(&self, sql: &str) -> Answer {
        self.end(self.later(sql))
    }
}

fn primaries(cluster: &LocalCluster) -> Result<Vec<u32>, String> {
    let tablets = cluster.client(&["GetTablets", "--keyspace", "shop"])?;
    let lines = tablets.lines().filter(|line| line.contains(" primary "));
    let uid = |line: &str| line.split(' ').next()?.rsplit('-').next()?.parse().ok();
    Ok(lines.filter_map(uid).collect())
}

pub(crate) fn primary(cluster: &LocalCluster) -> Result<u32, String> {
    let mut found = 0;
    within(LIMIT, || match primaries(cluster)?[..] {
        [one] => {
            found = one;
            Ok(())
        }
        ref all => Err(format!("not one primary: {all:?}")),
    })?;
    Ok(found)
}

/// Waits until another tablet is primary; the old one's record may say still that it is.
pub(crate) fn replaced(cluster: &LocalCluster, old: u32) -> Outcome {
    within(LIMIT, || match primaries(cluster)?.iter().any(|uid| *uid != old) {
        true => Ok(()),
        false => Err(format!("{old} is not replaced")),
    })
}

/// Waits until a tablet is a replica that follows, so that the next scene finds three.
pub(crate) fn rejoined(cluster: &LocalCluster, uid: u32) -> Outcome {
    within(LIMIT, || {
        let shown = cluster.mysql("shop", "show vitess_replication_status")?;
        let well = |line: &&str| {
            line.contains("\"EventStreamRunning\":\"Yes\"")
                && line.contains("\"EventApplierRunning\":\"Yes\"")
        };
        equal(&format!("{uid} is back: followers"), shown.lines().filter(well).count(), 2)
    })
}

fn signal(cluster: &LocalCluster, name: &str, uid: u32) -> Outcome {
    for part in [format!("vttablet-{uid}"), format!("mysqld-{uid}")] {
        let pid = cluster.pid(&part)?.to_string();
        output_of(Command::new("kill").args([name, &pid]))?;
    }
    Ok(())
}
