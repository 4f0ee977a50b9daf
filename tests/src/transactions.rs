//! Transactions over one shard and over several.

use std::time::Duration;

use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, fails, within};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("both shards commit", both_shards_commit),
        ("both shards roll back", both_shards_roll_back),
        ("savepoints hold over both shards", savepoints),
        ("a client that dies leaves nothing behind", dead_client),
        ("single mode refuses a second shard", single_mode),
        ("many rows in one insert go to their shards", many_rows),
    ]
}

/// The sum of prices of orders with ids from a range that belongs to one test.
fn sum(cluster: &LocalCluster, from: u32) -> Result<String, String> {
    let sql = format!(
        "select coalesce(sum(price), 0) from corder where order_id between {from} and {}",
        from + 99
    );
    cluster.mysql("customer", &sql).map(|out| out.trim().to_owned())
}

fn insert(id: u32, customer: u32) -> String {
    format!(
        "insert into corder(order_id, customer_id, sku, price) values ({id}, {customer}, 'x', 10);"
    )
}

fn both_shards_commit(cluster: &LocalCluster) -> Outcome {
    let sql = format!("begin; {} {} commit", insert(20_000, 1), insert(20_001, 4));
    cluster.mysql("customer", &sql)?;
    equal("committed", sum(cluster, 20_000)?, "20".into())
}

fn both_shards_roll_back(cluster: &LocalCluster) -> Outcome {
    let seen = "select sum(price) from corder where order_id between 20100 and 20199;";
    let sql = format!("begin; {} {} {seen} rollback", insert(20_100, 1), insert(20_101, 4));
    equal("within", cluster.mysql("customer", &sql)?, "20\n".into())?;
    equal("after", sum(cluster, 20_100)?, "0".into())
}

fn savepoints(cluster: &LocalCluster) -> Outcome {
    let sql = format!(
        "begin; {} savepoint a; {} {} rollback to a; {} commit",
        insert(20_200, 1),
        insert(20_201, 4),
        insert(20_202, 1),
        insert(20_203, 4)
    );
    cluster.mysql("customer", &sql)?;
    let ids = cluster.mysql(
        "customer",
        "select order_id from corder where order_id between 20200 and 20299 order by 1",
    )?;
    equal("kept", ids, "20200\n20203\n".into())
}

fn dead_client(cluster: &LocalCluster) -> Outcome {
    let sql = format!("begin; {} {} select sleep(60)", insert(20_300, 1), insert(20_301, 4));
    let mut client =
        cluster.mysql_command("customer", &sql)?.spawn().map_err(|err| err.to_string())?;
    std::thread::sleep(Duration::from_millis(1500));
    client.kill().map_err(|err| err.to_string())?;
    let _ = client.wait();
    // The rows' locks are free again, and the rows are gone.
    within(Duration::from_secs(60), || {
        let sql = format!(
            "set innodb_lock_wait_timeout = 1; {} delete from corder where order_id = 20301",
            insert(20_301, 4)
        );
        cluster.mysql("customer", &sql).map(drop)
    })?;
    equal("after", sum(cluster, 20_300)?, "0".into())
}

fn single_mode(cluster: &LocalCluster) -> Outcome {
    let sql = format!(
        "set transaction_mode = 'single'; begin; {} {} commit",
        insert(20_400, 1),
        insert(20_401, 4)
    );
    let err = fails("second shard", cluster.mysql("customer", &sql))?;
    contains("text", &err, "multi-db transaction")?;
    equal("after", sum(cluster, 20_400)?, "0".into())
}

fn many_rows(cluster: &LocalCluster) -> Outcome {
    let rows: Vec<String> =
        (0..50).map(|i| format!("({}, {}, 'x', 1)", 20_500 + i, 1 + i % 9)).collect();
    let sql =
        format!("insert into corder(order_id, customer_id, sku, price) values {}", rows.join(","));
    cluster.mysql("customer", &sql)?;
    equal("sum", sum(cluster, 20_500)?, "50".into())?;
    let at = |shard: &str| {
        let sql = "select count(*) from corder where order_id between 20500 and 20599";
        cluster
            .mysql(&format!("customer:{shard}"), sql)
            .and_then(|out| out.trim().parse::<u32>().map_err(|err| err.to_string()))
    };
    let (low, high) = (at("-80")?, at("80-")?);
    if low == 0 || high == 0 || low + high != 50 {
        return Err(format!("{low} rows on -80 and {high} on 80-"));
    }
    let sql = "update corder set price = 3 where order_id between 20500 and 20599; select row_count(); delete from corder where order_id between 20500 and 20599; select row_count()";
    equal("update and delete", cluster.mysql("customer", sql)?, "50\n50\n".into())
}
