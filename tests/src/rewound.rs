//! Replicas with transactions that their primary lacks, which lose them: a copy of another tablet's data
//! takes the place of theirs, by a command, or by a vtorc that is told so.

use std::time::Duration;

use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, fails, within};
use crate::durability::{alias, asked};
use crate::failover::web_page;
use crate::killed::{Orchestrator, free_port};
use crate::leases::{primary, rejoined};

const LIMIT: Duration = Duration::from_secs(180);
/// A row that only one replica has.
const ERRANT: &str = "999";
const COMMAND: &str = "RestoreFromBackup";
const BY_CLONE: &str = "--allowed-backup-engines=clone";

pub(crate) fn cases() -> Vec<Case> {
    vec![("errant transactions are rewound where that is asked", rewound)]
}

fn rewound(_: &LocalCluster) -> Outcome {
    let cluster = LocalCluster::up(&["--keyspace", "shop:1", "--replicas", "2"])?;
    let seen = scenes(&cluster);
    seen.map_err(|err| format!("{err}\n{}", cluster.logs()))
}

fn scenes(cluster: &LocalCluster) -> Outcome {
    cluster.mysql("shop", "create table kept (id bigint primary key)")?;
    cluster.mysql("shop", "insert into kept values (1), (2)")?;
    let primary = primary(cluster)?;
    let others: Vec<u32> = (100..103).filter(|uid| *uid != primary).collect();
    let [first, second] = others[..] else { return Err("no two replicas".to_owned()) };

    by_command(cluster, primary, first)?;

    // A vtorc does the same by itself where it is told to.
    let web = free_port()?;
    make_errant(cluster, second)?;
    let _orchestrator = Orchestrator::start(cluster, web, "--restore-tablets-with-errant-gtid")?;
    is_rewound(cluster, second)?;
    within(LIMIT, || {
        let done = web_page(web, "/api/recoveries")?;
        contains("what it did", &done, "\"RecoverErrantGTIDDetected\"")
    })?;
    cluster.mysql("shop", "insert into kept values (3)")?;
    let kept = cluster.mysql("shop", "select id from kept order by id")?;
    equal("what is kept", kept.trim(), &*format!("1\n2\n3\n{ERRANT}"))
}

fn by_command(cluster: &LocalCluster, primary: u32, first: u32) -> Outcome {
    make_errant(cluster, first)?;
    let tablet = alias(first);
    let err = fails("without a backup", cluster.client(&[COMMAND, &tablet]))?;
    contains("without a backup", &err, "there is no backup to restore from")?;
    let err = fails("the primary", cluster.client(&[COMMAND, BY_CLONE, &alias(primary)]))?;
    contains("the primary", &err, "is primary")?;
    let told = cluster.client(&[COMMAND, BY_CLONE, "--dry-run", &tablet])?;
    contains("a dry run", &told, "it would take the data of")?;
    equal("after a dry run", errant_rows(cluster, first)?.as_str(), "1")?;

    let told = cluster.client(&[COMMAND, BY_CLONE, &tablet])?;
    contains("what is lost", &told, "is lost, which the primary")?;
    contains("the end", &told, ", and is REPLICA")?;
    is_rewound(cluster, first)?;
    // The same row, made where rows are made, comes to it as to all others.
    cluster.mysql("shop", &format!("insert into kept values ({ERRANT})"))?;
    within(LIMIT, || equal("it follows", errant_rows(cluster, first)?.as_str(), "1"))
}

/// Writes what the primary does not have, as somebody does who takes a replica for the primary; waits
/// until vtorc names it.
fn make_errant(cluster: &LocalCluster, uid: u32) -> Outcome {
    let tablet = alias(uid);
    let on_it = |sql: &str| cluster.client(&["ExecuteFetchAsDBA", &tablet, sql]).map(drop);
    within(LIMIT, || {
        // vtorc makes a writable replica read-only again.
        on_it("set global super_read_only = off")?;
        on_it("create database if not exists of_its_own")?;
        on_it(&format!("replace into vt_shop.kept values ({ERRANT})"))
    })?;
    within(LIMIT, || {
        let named = web_page(cluster.port(16000), "/api/errant-gtids")?;
        contains("errant transactions", &named, &tablet)
    })
}

fn errant_rows(cluster: &LocalCluster, uid: u32) -> Result<String, String> {
    let sql = format!("select count(*) from vt_shop.kept where id = {ERRANT}");
    asked(cluster, &alias(uid), &sql)
}

/// Waits until a tablet is a replica like the others, and has nothing of its own.
fn is_rewound(cluster: &LocalCluster, uid: u32) -> Outcome {
    let tablet = alias(uid);
    within(LIMIT, || {
        let sql =
            "select count(*) from information_schema.schemata where schema_name = 'of_its_own'";
        equal("databases of its own", asked(cluster, &tablet, sql)?.as_str(), "0")?;
        let tablets = cluster.client(&["GetTablets", "--keyspace", "shop"])?;
        let line = tablets.lines().find(|line| line.starts_with(&tablet)).unwrap_or_default();
        contains("the tablet", line, " replica ")
    })?;
    rejoined(cluster, uid)?;
    within(LIMIT, || {
        let named = web_page(cluster.port(16000), "/api/errant-gtids")?;
        equal("it is errant", named.contains(&tablet), false)
    })
}
