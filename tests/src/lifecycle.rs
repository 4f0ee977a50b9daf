//! Processes that die, a cluster that stops and goes on.

use std::time::Duration;

use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use crate::Case;
use crate::check::{Outcome, contains, equal, fails, within};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("a killed replica comes back", killed_replica),
        ("a killed gateway and a killed vtctld come back", killed_servers),
        ("a killed mysqld comes back as primary", killed_mysqld),
        ("stop and go on with the same rows", stop_and_go_on),
        ("gateway and tablets in one process", one_process),
        ("a second cluster on taken ports says so", taken_ports),
    ]
}

const RECOVERY: Duration = Duration::from_secs(120);

fn write(cluster: &LocalCluster) -> Outcome {
    let sql = "update customer set email = 'alice@domain.com' where customer_id = 1; \
               update customer set email = 'dan@domain.com' where customer_id = 4; \
               select count(*) from customer where customer_id < 100";
    equal("write", cluster.mysql("customer", sql)?, "5\n".into())
}

fn killed_replica(cluster: &LocalCluster) -> Outcome {
    cluster.kill("vttablet-201")?;
    within(RECOVERY, || write(cluster))?;
    within(RECOVERY, || {
        let sql =
            "use `customer:-80@replica`; select count(*) from customer where customer_id < 100";
        equal("replica", cluster.mysql("", sql)?, "4\n".into())
    })
}

fn killed_servers(cluster: &LocalCluster) -> Outcome {
    cluster.kill("vtgate")?;
    within(RECOVERY, || write(cluster))?;
    cluster.kill("vtctld")?;
    within(RECOVERY, || equal("tablets", cluster.client(&["GetTablets"])?.lines().count(), 6))
}

fn killed_mysqld(cluster: &LocalCluster) -> Outcome {
    cluster.kill("mysqld-200")?;
    within(RECOVERY, || write(cluster))
}

/// The same data, served by one process and then again by several.
fn one_process(cluster: &LocalCluster) -> Outcome {
    output_of(&mut cluster.vitrum(&["down"]))?;
    cluster.start(&["--one-process"])?;
    let status = output_of(&mut cluster.vitrum(&["status"]))?;
    contains("status", &status, "vtcombo")?;
    if status.contains("vttablet-") {
        return Err(format!("tablets of their own:\n{status}"));
    }
    write(cluster)?;
    let sum = "begin; update customer set email = 'x' where customer_id < 100; rollback; \
               select count(*) from customer where email = 'x'";
    equal("transaction over shards", cluster.mysql("customer", sum)?, "0\n".into())?;
    // The control plane reaches the tablets as ever.
    cluster.client(&["PingTablet", "zone1-0000000200"])?;
    let limit = "set query_timeout = 300; select sleep(20) from customer where customer_id = 1";
    fails("a limit of time", cluster.mysql("customer", limit))?;
    crate::guards::all(cluster)?;
    cluster.kill("vtcombo")?;
    within(RECOVERY, || write(cluster))?;
    output_of(&mut cluster.vitrum(&["down"]))?;
    cluster.start(&[])?;
    within(RECOVERY, || write(cluster))
}

fn stop_and_go_on(cluster: &LocalCluster) -> Outcome {
    contains("down", &output_of(&mut cluster.vitrum(&["down"]))?, "stopped")?;
    contains("status", &output_of(&mut cluster.vitrum(&["status"]))?, "stopped")?;
    cluster.start(&[])?;
    write(cluster)?;
    contains("status", &output_of(&mut cluster.vitrum(&["status"]))?, "cluster ready")?;
    contains("up again", &cluster.start(&[])?, "The cluster is up")
}

fn taken_ports(cluster: &LocalCluster) -> Outcome {
    let folder = cluster.folder().join("second");
    let base = cluster.port(15000).to_string();
    let data = folder.display().to_string();
    let mut command = cluster.vitrum(&["up", "--port-base", &base, "--data", &data]);
    let err = fails("taken ports", output_of(&mut command))?;
    contains("taken ports", &err, "is taken by")?;
    contains("taken ports", &err, "--port-base")
}
