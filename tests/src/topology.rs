//! The topology as etcd's own client sees it.

use vt_testkit::LocalCluster;
use vt_testkit::tools::{Tool, output_of};

use crate::Case;
use crate::check::{Outcome, contains, equal};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("a cluster on a real etcd", real_etcd),
        ("etcdctl lists the keys", keys),
        ("a gateway goes on while the topology is away", outage),
    ]
}

fn etcdctl(cluster: &LocalCluster, args: &[&str]) -> Result<String, String> {
    let mut command = Tool::find("etcd", "etcdctl")?.command();
    let endpoint = format!("localhost:{}", cluster.topo_port());
    command.env("ETCDCTL_API", "3").args(["--endpoints", &endpoint]).args(args);
    output_of(&mut command)
}

fn keys(cluster: &LocalCluster) -> Outcome {
    let out = etcdctl(cluster, &["get", "", "--prefix", "--keys-only"])?;
    for key in [
        "/vitess/global/cells/zone1/CellInfo",
        "/vitess/global/keyspaces/commerce/Keyspace",
        "/vitess/global/keyspaces/commerce/VSchema",
        "/vitess/global/keyspaces/commerce/shards/-/Shard",
        "/vitess/global/keyspaces/customer/shards/-80/Shard",
        "/vitess/zone1/SrvVSchema",
        "/vitess/zone1/keyspaces/customer/SrvKeyspace",
        "/vitess/zone1/keyspaces/customer/shards/80-/ShardReplication",
        "/vitess/zone1/tablets/zone1-0000000100/Tablet",
    ] {
        if !out.lines().any(|line| line == key) {
            return Err(format!("no key {key} in:\n{out}"));
        }
    }
    contains("health", &etcdctl(cluster, &["endpoint", "status"])?, "localhost")?;
    etcdctl(cluster, &["put", "/test/a", "b"])?;
    equal("get", etcdctl(cluster, &["get", "/test/a", "--print-value-only"])?, "b\n".into())?;
    equal("del", etcdctl(cluster, &["del", "/test/a"])?, "1\n".into())
}

fn outage(cluster: &LocalCluster) -> Outcome {
    let pid = cluster.pid("topo")?.to_string();
    let signal =
        |name: &str| output_of(std::process::Command::new("kill").args([name, &pid])).map(drop);
    signal("-STOP")?;
    let seen = (0..5).try_for_each(|_| {
        let sql = "select count(*) from customer where customer_id < 100";
        equal("during", cluster.mysql("customer", sql)?, "5\n".into())
    });
    signal("-CONT")?;
    seen
}

/// Ends a process with the test.
struct Ending(std::process::Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn real_etcd(cluster: &LocalCluster) -> Outcome {
    let (client, peer) = (cluster.port(15900), cluster.port(15901));
    let address = format!("127.0.0.1:{client}");
    let folder = cluster.folder().join("etcd");
    let mut command = Tool::find("etcd", "etcd")?.command();
    command.arg("--data-dir").arg(&folder).args(["--log-level", "error"]);
    for (name, port) in [("client", client), ("peer", peer)] {
        let url = format!("http://127.0.0.1:{port}");
        let advertise = if name == "peer" { "initial-advertise-peer" } else { "advertise-client" };
        command.args([format!("--listen-{name}-urls={url}"), format!("--{advertise}-urls={url}")]);
    }
    command.arg(format!("--initial-cluster=default=http://127.0.0.1:{peer}"));
    let _etcd = Ending(command.spawn().map_err(|err| format!("etcd: {err}"))?);
    let other = LocalCluster::up(&["--keyspace", "main", "--replicas", "0", "--etcd", &address])?;
    let sql = "create table t (id bigint primary key); insert into t values (7); select id from t";
    equal("rows", other.mysql("main", sql)?, "7\n".into())?;
    let mut list = Tool::find("etcd", "etcdctl")?.command();
    list.env("ETCDCTL_API", "3").args([
        "--endpoints",
        &address,
        "get",
        "",
        "--prefix",
        "--keys-only",
    ]);
    contains("keys", &output_of(&mut list)?, "/vitess/global/keyspaces/main/shards/-/Shard")
}
