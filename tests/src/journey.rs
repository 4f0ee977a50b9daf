//! The walkthrough from one unsharded keyspace to four shards and back to one, without a pause
//! between its steps, while clients transfer money between accounts.

use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use crate::Case;
use crate::check::{Outcome, contains, equal};
use crate::transfers::{Accounts, Load};

pub(crate) fn cases() -> Vec<Case> {
    vec![("from one shard to four and back, under load", journey)]
}

const ACCOUNTS: u64 = 60;
const BALANCE: u64 = 100;

/// The journey has a cluster of its own: its keyspaces end otherwise than they began.
fn journey(_: &LocalCluster) -> Outcome {
    let args = ["--keyspace", "commerce", "--keyspace", "customer", "--replicas", "0"];
    let cluster = LocalCluster::up_to_grow(&args)?;
    make_tables(&cluster)?;
    let load = Load::start(
        cluster.port(15306),
        Accounts { table: "customer", key: "customer_id", rows: ACCOUNTS },
    );
    let travelled = travel(&cluster, &load);
    let finished = load.finish();
    if travelled.is_err() || finished.is_err() {
        crate::say(&cluster.logs());
    }
    // What ended a client is why it got on no more.
    let done = finished?;
    travelled?;
    done.say();
    check_sums(&cluster, done.plain)
}

fn make_tables(cluster: &LocalCluster) -> Outcome {
    let customer = "create table customer (customer_id bigint primary key, \
                    email varchar(128) collate utf8mb4_0900_ai_ci, balance bigint not null, \
                    hits bigint not null, key by_email (email))";
    let corder = "create table corder (order_id bigint primary key, customer_id bigint, \
                  sku varbinary(128), price decimal(10, 2), note json, at datetime(6))";
    for sql in [customer, corder] {
        cluster.mysql("commerce", sql)?;
    }
    let rows: Vec<String> =
        (1..=ACCOUNTS).map(|id| format!("({id}, 'Näme{id}@domain.com', {BALANCE}, 0)")).collect();
    let columns = "customer(customer_id, email, balance, hits)";
    cluster.mysql("commerce", &format!("insert into {columns} values {}", rows.join(",")))?;
    let rows: Vec<String> = (1..=300)
        .map(|id| {
            let customer = 1 + id % ACCOUNTS;
            format!("({id}, {customer}, 'SKU-{id}', {id}.25, '{{\"n\": {id}}}', now(6))")
        })
        .collect();
    let columns = "corder(order_id, customer_id, sku, price, note, at)";
    cluster.mysql("commerce", &format!("insert into {columns} values {}", rows.join(",")))?;
    Ok(())
}

fn travel(cluster: &LocalCluster, load: &Load) -> Outcome {
    load.progress("at the start")?;
    move_tables(cluster, load)?;
    let vschema = cluster.folder().join("customer.json");
    let json = r#"{"sharded": true, "vindexes": {"hash": {"type": "hash"}}, "tables": {
        "customer": {"column_vindexes": [{"column": "customer_id", "name": "hash"}]},
        "corder": {"column_vindexes": [{"column": "customer_id", "name": "hash"}]}}}"#;
    std::fs::write(&vschema, json).map_err(|err| err.to_string())?;
    let vschema = vschema.display().to_string();
    for (shards, more) in [("2", &["--vschema", &vschema][..]), ("4", &[]), ("1", &[])] {
        let args = [&["reshard", "customer", "--shards", shards, "--yes"], more].concat();
        let out = output_of(&mut cluster.vitrum(&args))?;
        contains("resharded", &out, "customer has the shards")?;
        crate::say(&format!("  {}", out.trim()));
        tell_pause(load, &format!("{shards} shards"));
        load.progress(shards)?;
        let seen = cluster.mysql("", "show vitess_shards")?;
        let seen = seen.lines().filter(|line| line.starts_with("customer/")).count();
        equal("shards", seen.to_string().as_str(), shards)?;
    }
    Ok(())
}

/// Says how long writes stood still at most since the last time.
fn tell_pause(load: &Load, what: &str) {
    crate::say(&format!("  {what}: the longest write took {:?}", load.take_pause()));
}

fn move_tables(cluster: &LocalCluster, load: &Load) -> Outcome {
    let workflow = ["--workflow", "commerce2customer", "--target-keyspace", "customer"];
    let verb = |args: &[&str]| cluster.client(&[&["MoveTables"], &workflow[..], args].concat());
    verb(&["create", "--source-keyspace", "commerce", "--tables", "customer,corder"])?;
    let diff = |args: &[&str]| cluster.client(&[&["VDiff"], &workflow[..], args].concat());
    // It waits by itself until the copy follows.
    let summary = diff(&["create", "--wait", "--wait-update-interval", "10s"])?;
    contains("vdiff", &summary, "HasMismatch:  false")?;
    contains("vdiff", &summary, "State:        completed")?;
    verb(&["switchtraffic", "--tablet-types", "rdonly,replica"])?;
    load.progress("reads switched")?;
    tell_pause(load, "until reads are switched");
    let out = verb(&["switchtraffic", "--tablet-types", "primary"])?;
    contains("switched", &out, "All Reads Switched. Writes Switched")?;
    load.progress("writes switched")?;
    tell_pause(load, "writes to the new keyspace");
    verb(&["complete"])?;
    load.progress("completed")
}

/// Not a cent is lost or made, and every update that was acknowledged is there once.
fn check_sums(cluster: &LocalCluster, plain: u64) -> Outcome {
    let sql = "select sum(balance), sum(hits), count(*) from customer";
    let seen = cluster.mysql("customer", sql)?;
    equal("sums", seen, format!("{}\t{plain}\t{ACCOUNTS}\n", ACCOUNTS * BALANCE))?;
    let sql = "select count(*), sum(price), sum(note->'$.n') from corder";
    equal("orders", cluster.mysql("customer", sql)?, "300\t45225.00\t45150\n".to_owned())
}
