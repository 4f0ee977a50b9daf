//! A keyspace whose writes are to be in two cells: who acknowledges them is in the other one, and
//! without that nothing is acknowledged.
//!
//! The tablet of the other cell is started by hand, as one that takes its data from the primary.

use std::process::{Child, Stdio};
use std::time::Duration;

use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use crate::Case;
use crate::check::{Outcome, equal, within};
use crate::durability::{
    PATIENT, PRIMARY, REPLICA, Waiting, alias, asked, says_that_it_waits, set, variable,
    waits_no_more,
};
use crate::killed::topo_flags;
use crate::leases::primary;

const LIMIT: Duration = Duration::from_secs(180);
/// The tablet of the other cell.
const FAR_UID: u16 = 106;
const FAR: &str = "zone2-0000000106";

pub(crate) fn cases() -> Vec<Case> {
    vec![("a write is acknowledged by the other cell or not at all", other_cell)]
}

fn other_cell(_: &LocalCluster) -> Outcome {
    let args = [&["--keyspace", "shop:1", "--replicas", "1"][..], &PATIENT].concat();
    let cluster = LocalCluster::up(&args)?;
    let seen = scenes(&cluster);
    seen.map_err(|err| format!("{err}\n{}", cluster.logs()))
}

fn scenes(cluster: &LocalCluster) -> Outcome {
    cluster.mysql("shop", "create table kept (id bigint primary key)")?;
    cluster.mysql("shop", "insert into kept values (1)")?;
    let near_primary = primary(cluster)?;
    let near = alias(if near_primary == 100 { 101 } else { 100 });

    let far = FarNode::start(cluster)?;
    // It took its data from the primary, and follows it.
    within(LIMIT, || {
        // What it has came with no binary log.
        let cloned = asked(cluster, FAR, "select @@global.gtid_purged <> ''")?;
        equal("it is a copy", cloned.as_str(), "1")?;
        equal("rows", asked(cluster, FAR, "select count(*) from vt_shop.kept")?.as_str(), "1")
    })?;

    set(cluster, "cross_cell")?;
    within(LIMIT, || {
        let of = |alias: &str, name| variable(cluster, alias, name);
        equal("the primary waits", of(&alias(near_primary), PRIMARY)?.as_str(), "1")?;
        equal("the near replica acknowledges", of(&near, REPLICA)?.as_str(), "0")?;
        equal("the far replica acknowledges", of(FAR, REPLICA)?.as_str(), "1")
    })?;
    write(cluster, 2)?;

    // The other cell is away: the replica beside the primary goes on to receive, and does not count.
    far.mysqlctl("shutdown")?;
    let mut waiting = Waiting::start(cluster, "insert into kept values (1000)")?;
    says_that_it_waits(cluster, near_primary)?;
    let receives = "select service_state from performance_schema.replication_connection_status";
    equal("the near replica receives", asked(cluster, &near, receives)?.as_str(), "ON")?;
    equal("the write is acknowledged", waiting.is_acknowledged()?, false)?;
    equal("the primary stays", primary(cluster)?, near_primary)?;

    far.mysqlctl("start")?;
    within(LIMIT, || equal("the write goes on", waiting.is_acknowledged()?, true))?;
    write(cluster, 3)?;
    waits_no_more(cluster, near_primary)?;
    let rows = || asked(cluster, FAR, "select group_concat(id order by id) from vt_shop.kept");
    within(LIMIT, || equal("what the other cell has", rows()?.as_str(), "1,2,3,1000"))
}

fn write(cluster: &LocalCluster, id: u32) -> Outcome {
    within(LIMIT, || cluster.mysql("shop", &format!("replace into kept values ({id})")).map(drop))
}

/// A mysqld and its tablet in another cell than the cluster's.
struct FarNode<'a> {
    cluster: &'a LocalCluster,
    tablet: Option<Child>,
}

impl<'a> FarNode<'a> {
    fn start(cluster: &'a LocalCluster) -> Result<FarNode<'a>, String> {
        let address = format!("localhost:{}", cluster.topo_port());
        let cell =
            ["AddCellInfo", "--root", "/vitess/zone2", "--server-address", &address, "zone2"];
        cluster.client(&cell)?;
        let mut node = FarNode { cluster, tablet: None };
        node.mysqlctl("init")?;
        let [web, grpc] = [15_000, 16_000].map(|base| (cluster.port(base) + FAR_UID).to_string());
        let mut command = cluster.vitrum(&["vttablet", "--tablet-path", FAR]);
        command.args(topo_flags(cluster)).args(["--port", &web, "--grpc-port", &grpc]);
        command.args(["--tablet-hostname", "127.0.0.1", "--bind-address", "127.0.0.1"]);
        command.args([
            "--init-keyspace",
            "shop",
            "--init-shard",
            "-",
            "--init-tablet-type",
            "replica",
        ]);
        command.args(["--health-check-interval", "1s", "--restore-with-clone"]);
        let log = cluster.folder().join("tmp").join("vttablet-far.log");
        let log = std::fs::File::create(log).map_err(|err| err.to_string())?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        node.tablet = Some(command.spawn().map_err(|err| format!("vttablet: {err}"))?);
        Ok(node)
    }

    fn mysqlctl(&self, verb: &str) -> Outcome {
        let [uid, port] = [FAR_UID, self.cluster.port(17_000) + FAR_UID].map(|one| one.to_string());
        let args = ["mysqlctl", "--tablet-uid", &uid, "--mysql-port", &port, verb];
        let mut command = self.cluster.vitrum(&args);
        let small = self.cluster.folder().join("tmp").join("small.cnf");
        if small.is_file() {
            command.env("EXTRA_MY_CNF", small);
        }
        if verb == "teardown" {
            command.arg("--force");
        }
        output_of(&mut command).map(drop)
    }
}

impl Drop for FarNode<'_> {
    fn drop(&mut self) {
        if let Some(tablet) = &mut self.tablet {
            let _ = tablet.kill();
            let _ = tablet.wait();
        }
        let _ = self.mysqlctl("teardown");
    }
}
