//! The demo as the README shows it.

use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("rows lie on their shards", rows_lie_on_their_shards),
        ("an insert without an id takes one from the sequence", insert_takes_an_id),
        ("aggregates, order and limits over shards", over_shards),
        ("a join on one shard and across keyspaces", joins),
        ("unqualified names are found", unqualified_names),
        ("databases, tables and tablets are shown", shown),
        ("ddl reaches all shards", ddl),
    ]
}

fn rows_lie_on_their_shards(cluster: &LocalCluster) -> Outcome {
    equal(
        "count",
        cluster.mysql("", "select count(*) from customer.customer where customer_id < 100")?,
        "5\n".into(),
    )?;
    let of = |shard: &str| {
        let sql = format!(
            "use `{shard}`; select customer_id from customer where customer_id < 100 order by 1"
        );
        cluster.mysql("", &sql)
    };
    equal("-80", of("customer:-80")?, "1\n2\n3\n5\n".into())?;
    equal("80-", of("customer/80-")?, "4\n".into())?;
    equal(
        "-80 by replica",
        {
            let sql =
                "use `customer:-80@replica`; select count(*) from customer where customer_id < 100";
            cluster.mysql("", sql)?
        },
        "4\n".into(),
    )
}

fn insert_takes_an_id(cluster: &LocalCluster) -> Outcome {
    let sql = "insert into customer(email) values ('new@domain.com'); select last_insert_id(); \
               select email from customer where customer_id = last_insert_id(); \
               delete from customer where customer_id = last_insert_id()";
    let out = cluster.mysql("customer", sql)?;
    let mut lines = out.lines();
    let id: u64 =
        lines.next().unwrap_or_default().parse().map_err(|err| format!("{out:?}: {err}"))?;
    if id < 1000 {
        return Err(format!("id {id} is not from the sequence, which starts at 1000"));
    }
    equal("row", lines.next(), Some("new@domain.com"))
}

fn over_shards(cluster: &LocalCluster) -> Outcome {
    let ask = |sql: &str| cluster.mysql("customer", sql);
    equal(
        "order",
        ask(
            "select customer_id from customer where customer_id < 100 order by customer_id desc limit 2, 2",
        )?,
        "3\n2\n".into(),
    )?;
    equal(
        "group",
        ask(
            "select sku, count(*), sum(price), min(order_id), max(order_id), avg(price) from corder where order_id < 100 group by sku order by sku",
        )?,
        "SKU-1001\t1\t100\t1\t1\t100.0000\nSKU-1002\t4\t120\t2\t5\t30.0000\n".into(),
    )?;
    equal(
        "in",
        ask("select email from customer where customer_id in (1, 4) order by customer_id")?,
        "alice@domain.com\ndan@domain.com\n".into(),
    )?;
    equal(
        "distinct",
        ask("select distinct sku from corder where order_id < 100 order by sku")?,
        "SKU-1001\nSKU-1002\n".into(),
    )?;
    equal(
        "having",
        ask("select sku from corder where order_id < 100 group by sku having count(*) > 1")?,
        "SKU-1002\n".into(),
    )?;
    equal("none", ask("select email from customer where customer_id = 77")?, String::new())
}

fn joins(cluster: &LocalCluster) -> Outcome {
    let sql = "select c.email, o.sku from customer c join corder o on c.customer_id = o.customer_id \
               where c.customer_id = 4";
    equal("one shard", cluster.mysql("customer", sql)?, "dan@domain.com\tSKU-1002\n".into())?;
    let sql = "select o.order_id, p.description from customer.corder o join commerce.product p on o.sku = p.sku \
               where o.order_id < 100 order by o.order_id limit 2";
    equal("two keyspaces", cluster.mysql("", sql)?, "1\tMonitor\n2\tKeyboard\n".into())
}

fn unqualified_names(cluster: &LocalCluster) -> Outcome {
    equal(
        "product",
        cluster.mysql("", "select description from product where sku = 'SKU-1001'")?,
        "Monitor\n".into(),
    )?;
    equal(
        "customer",
        cluster.mysql("", "select email from customer where customer_id = 2")?,
        "bob@domain.com\n".into(),
    )
}

fn shown(cluster: &LocalCluster) -> Outcome {
    let databases = cluster.mysql("", "show databases")?;
    for name in ["commerce", "customer"] {
        contains("show databases", &databases, name)?;
    }
    equal(
        "shards",
        cluster.mysql("", "show vitess_shards")?,
        "commerce/-\ncustomer/-80\ncustomer/80-\n".into(),
    )?;
    let tablets = cluster.mysql("", "show vitess_tablets")?;
    equal("tablets", tablets.lines().count(), 6)?;
    contains("tablets", &tablets, "zone1\tcustomer\t-80\tPRIMARY\tSERVING\tzone1-0000000200")?;
    equal("tables", cluster.mysql("customer", "show tables")?, "corder\ncustomer\n".into())?;
    contains(
        "create",
        &cluster.mysql("customer", "show create table customer")?,
        "`customer_id` bigint NOT NULL",
    )?;
    equal("version", cluster.mysql("", "select @@version")?, "8.4.6-Vitess\n".into())
}

fn ddl(cluster: &LocalCluster) -> Outcome {
    cluster.mysql("customer", "create table ddl_t (id bigint primary key, v varchar(10))")?;
    for shard in ["-80", "80-"] {
        let sql = format!("use `customer:{shard}`; select count(*) from ddl_t");
        equal(shard, cluster.mysql("", &sql)?, "0\n".into())?;
    }
    cluster.mysql("customer", "alter table ddl_t add column w int")?;
    contains("altered", &cluster.mysql("customer:80-", "show create table ddl_t")?, "`w` int")?;
    cluster.mysql("customer", "drop table ddl_t").map(drop)
}
