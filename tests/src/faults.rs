//! What goes wrong with a copy is told by its workflow, with the reason; the source stays as it is,
//! and once the reason is gone the same workflow goes on.

use std::time::Duration;

use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, within};

pub(crate) fn cases() -> Vec<Case> {
    vec![("a copy that fails says why, and goes on once that is mended", faults)]
}

const LIMIT: Duration = Duration::from_secs(120);
const SOURCE: u16 = 100;
const TARGET: u16 = 200;
/// The error of a table, and of a disk, that takes no more rows.
const FULL: &str = "create trigger vt_dst.full before insert on vt_dst.packed for each row \
                    signal sqlstate 'HY000' set mysql_errno = 1114, message_text = \
                    'The table ''packed'' is full'";

fn faults(_: &LocalCluster) -> Outcome {
    let cluster = LocalCluster::up(&["--keyspace", "src", "--keyspace", "dst", "--replicas", "0"])?;
    let seen = scenes(&cluster);
    seen.map_err(|err| format!("{err}\n{}", cluster.logs()))
}

fn scenes(cluster: &LocalCluster) -> Outcome {
    let tables = [
        "create table keyless (id int, name varchar(20))",
        "create table typed (id bigint primary key, name varchar(20))",
        "create table packed (id bigint primary key, name varchar(20))",
        "create table purged (id bigint primary key, name varchar(20))",
    ];
    for ddl in tables {
        cluster.client(&["ApplySchema", "--sql", ddl, "src"])?;
    }
    for table in ["keyless", "typed", "packed", "purged"] {
        cluster.mysql("src", &format!("insert into {table} values (1, 'one'), (2, 'two')"))?;
    }
    no_key(cluster)?;
    other_type(cluster)?;
    full_disk(cluster)?;
    purged_log(cluster)?;
    for table in ["keyless", "typed", "packed"] {
        let count = cluster.mysql("src", &format!("select count(*) from src.{table}"))?;
        equal(table, count.trim(), "2")?;
    }
    Ok(())
}

fn verb(cluster: &LocalCluster, table: &str, args: &[&str]) -> Result<String, String> {
    let flags = ["MoveTables", "--workflow", table, "--target-keyspace", "dst"];
    cluster.client(&[&flags[..], args].concat())
}

fn create(cluster: &LocalCluster, table: &str) -> Result<String, String> {
    let quickly = "vreplication-retry-delay=200ms";
    let args = ["create", "--source-keyspace", "src", "--no-routing-rules", "--tables", table];
    verb(cluster, table, &[&args[..], &["--wait=false", "--config-overrides", quickly]].concat())
}

/// Returns all that is known of a workflow.
fn shown(cluster: &LocalCluster, table: &str) -> Result<String, String> {
    cluster.client(&["Workflow", "--keyspace", "dst", "show", "--workflow", table])
}

fn wait_shown(cluster: &LocalCluster, table: &str, wanted: &[&str]) -> Outcome {
    within(LIMIT, || {
        let seen = shown(cluster, table)?;
        wanted.iter().try_for_each(|one| contains(table, &seen, one))
    })
}

fn wait_rows(cluster: &LocalCluster, table: &str, wanted: &str) -> Outcome {
    within(LIMIT, || {
        let count = cluster.mysql("dst", &format!("select count(*) from dst.{table}"))?;
        equal(table, count.trim(), wanted)
    })
}

/// Asks a tablet's own server.
fn ask(cluster: &LocalCluster, uid: u16, sql: &str) -> Result<String, String> {
    let alias = format!("zone1-{uid:010}");
    cluster.client(&["ExecuteFetchAsDBA", "--json", &alias, sql])
}

fn no_key(cluster: &LocalCluster) -> Outcome {
    // The command may refuse it at once; what is made says it in its status.
    if let Err(refused) = create(cluster, "keyless") {
        return contains("keyless", &refused, "key");
    }
    wait_shown(cluster, "keyless", &["\"state\": \"Error\"", "has no primary key"])?;
    contains("status", &verb(cluster, "keyless", &["status"])?, "has no primary key")?;
    verb(cluster, "keyless", &["cancel"]).map(drop)
}

fn other_type(cluster: &LocalCluster) -> Outcome {
    let ddl = "create table typed (id bigint primary key, name int)";
    cluster.client(&["ApplySchema", "--sql", ddl, "dst"])?;
    if let Err(refused) = create(cluster, "typed") {
        return contains("typed", &refused, "name");
    }
    wait_shown(cluster, "typed", &["\"state\": \"Error\"", "column name"])?;
    contains("status", &verb(cluster, "typed", &["status"])?, "column name")?;
    ask(cluster, TARGET, "alter table vt_dst.typed modify name varchar(20)")?;
    verb(cluster, "typed", &["start"])?;
    wait_rows(cluster, "typed", "2")
}

fn full_disk(cluster: &LocalCluster) -> Outcome {
    let ddl = "create table packed (id bigint primary key, name varchar(20))";
    cluster.client(&["ApplySchema", "--sql", ddl, "dst"])?;
    ask(cluster, TARGET, FULL)?;
    create(cluster, "packed")?;
    // A disk may be mended while the workflow tries.
    wait_shown(cluster, "packed", &["is full (errno 1114)", "\"state\": \"Copying\""])?;
    ask(cluster, TARGET, "drop trigger vt_dst.full")?;
    wait_rows(cluster, "packed", "2")
}

fn purged_log(cluster: &LocalCluster) -> Outcome {
    create(cluster, "purged")?;
    wait_rows(cluster, "purged", "2")?;
    wait_shown(cluster, "purged", &["\"state\": \"Running\""])?;
    verb(cluster, "purged", &["stop"])?;
    wait_shown(cluster, "purged", &["\"state\": \"Stopped\""])?;
    cluster.mysql("src", "insert into src.purged values (3, 'three')")?;
    ask(cluster, SOURCE, "flush binary logs")?;
    ask(cluster, SOURCE, "purge binary logs before now() + interval 1 day")?;
    verb(cluster, "purged", &["start"])?;
    wait_shown(cluster, "purged", &["\"state\": \"Error\"", "purged"])?;
    contains("status", &verb(cluster, "purged", &["status"])?, "purged")?;
    let count = cluster.mysql("src", "select count(*) from src.purged")?;
    equal("source", count.trim(), "3")
}
