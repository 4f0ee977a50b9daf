//! Workflows beside the walkthrough: copies that are shaped, lookup vindexes, moves of shards and of
//! tenants, mirrored reads, and tables of another cluster.

use std::time::Duration;

use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, fails, within};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("sums and reference tables are kept in step", materialized),
        ("a lookup vindex is filled, used, and given back to its streams", lookup_vindex),
        ("tables move shard by shard, by tenant, and from another cluster", elsewhere),
    ]
}

const LIMIT: Duration = Duration::from_secs(90);

/// Waits until a statement has this result.
fn shows(cluster: &LocalCluster, database: &str, sql: &str, wanted: &str) -> Outcome {
    within(LIMIT, || equal(sql, cluster.mysql(database, sql)?.as_str(), wanted))
}

/// Adds tables to the vschema of a keyspace.
fn add_tables(cluster: &LocalCluster, keyspace: &str, tables: &str) -> Outcome {
    let vschema = cluster.client(&["GetVSchema", keyspace])?;
    let place = vschema.find("\"tables\": {").ok_or("a vschema has tables")?;
    let (before, after) = vschema.split_at(place + "\"tables\": {".len());
    let comma = if after.trim_start().starts_with('}') { "" } else { "," };
    let with = format!("{before}{tables}{comma}{after}");
    cluster.client(&["ApplyVSchema", "--vschema", &with, keyspace]).map(drop)
}

fn forget_tables(cluster: &LocalCluster, keyspace: &str, tables: &[&str]) -> Outcome {
    for table in tables {
        cluster.mysql(keyspace, &format!("drop table {table}"))?;
        cluster.mysql(keyspace, &format!("alter vschema drop table {keyspace}.{table}"))?;
    }
    Ok(())
}

fn materialized(cluster: &LocalCluster) -> Outcome {
    let tables = r#""sold": {"column_vindexes": [{"column": "id", "name": "hash"}]},
        "sold_by_unit": {"column_vindexes": [{"column": "unit", "name": "hash"}]},
        "unit": {"type": "reference"}"#;
    add_tables(cluster, "customer", tables)?;
    let sold = "create table sold (id bigint primary key, unit bigint not null, price int)";
    cluster.mysql("customer", sold)?;
    cluster.mysql("commerce", "create table unit (id bigint primary key, name varchar(20))")?;
    cluster.mysql("commerce", "insert into unit values (1, 'piece'), (2, 'dozen')")?;
    let rows: Vec<String> =
        (1..=300).map(|id| format!("({id}, {}, {})", id % 3, id % 11)).collect();
    cluster.mysql("customer", &format!("insert into sold values {}", rows.join(",")))?;
    let settings = r#"[{"target_table": "sold_by_unit",
        "source_expression": "select unit, count(*) as n, sum(price) as total from sold group by unit",
        "create_ddl": "create table sold_by_unit (unit bigint primary key, n bigint, total bigint)"}]"#;
    let make = |workflow: &str, source: &str, what: &[&str]| {
        let args = ["Materialize", "--workflow", workflow, "--target-keyspace", "customer"];
        let create = ["create", "--source-keyspace", source, "--wait"];
        cluster.client(&[&args[..], &create, what].concat())
    };
    make("sums", "customer", &["--table-settings", settings])?;
    make("units", "commerce", &["--reference-tables", "unit"])?;
    let sums = "select unit, n, total from sold_by_unit order by unit";
    let same = || {
        let grouped = "select unit, count(*), sum(price) from sold group by unit order by unit";
        shows(cluster, "customer", sums, &cluster.mysql("customer", grouped)?)
    };
    same()?;
    cluster.mysql("customer", "update sold set unit = 5, price = price + 1 where id < 50")?;
    cluster.mysql("customer", "delete from sold where id between 100 and 120")?;
    cluster.mysql("commerce", "update unit set name = 'each' where id = 1")?;
    same()?;
    for shard in ["customer:-80", "customer:80-"] {
        shows(cluster, shard, "select * from unit order by id", "1\teach\n2\tdozen\n")?;
    }
    // Tables come to a workflow that runs.
    cluster.mysql("commerce", "create table color (id bigint primary key, name varchar(20))")?;
    cluster.mysql("commerce", "insert into color values (1, 'red'), (2, 'blue')")?;
    add_tables(cluster, "customer", r#""color": {"type": "reference"}"#)?;
    let units = ["Materialize", "--workflow", "units", "--target-keyspace", "customer"];
    let update = ["update", "--add-reference-tables", "color,unit", "--wait"];
    cluster.client(&[&units[..], &update].concat())?;
    cluster.mysql("commerce", "insert into color values (3, 'green')")?;
    cluster.mysql("commerce", "insert into unit values (3, 'score')")?;
    for shard in ["customer:-80", "customer:80-"] {
        let (colors, units) = ("select count(*) from color", "select count(*) from unit");
        shows(cluster, shard, colors, "3\n")?;
        shows(cluster, shard, units, "3\n")?;
    }
    // While it is stopped nothing comes, and then all of it.
    let workflow =
        |args: &[&str]| cluster.client(&[&["Workflow", "--keyspace", "customer"], args].concat());
    contains("list", &workflow(&["list"])?, "\"sums\"")?;
    workflow(&["stop", "--workflow", "sums"])?;
    let before = cluster.mysql("customer", sums)?;
    cluster.mysql("customer", "insert into sold values (1001, 1, 7), (1002, 9, 8)")?;
    equal("while it is stopped", cluster.mysql("customer", sums)?, before)?;
    workflow(&["update", "--workflow", "sums", "--tablet-types", "primary"])?;
    workflow(&["start", "--workflow", "sums"])?;
    same()?;
    workflow(&["delete", "--workflow", "sums"])?;
    let args = ["Materialize", "--workflow", "units", "--target-keyspace", "customer", "cancel"];
    cluster.client(&args)?;
    forget_tables(cluster, "customer", &["sold", "sold_by_unit", "unit", "color"])?;
    cluster.mysql("commerce", "drop table color")?;
    cluster.mysql("commerce", "drop table unit").map(drop)
}

fn lookup_vindex(cluster: &LocalCluster) -> Outcome {
    let table = r#""subscriber": {"column_vindexes": [{"column": "id", "name": "hash"}]}"#;
    add_tables(cluster, "customer", table)?;
    cluster
        .mysql("customer", "create table subscriber (id bigint primary key, mail varchar(60))")?;
    let rows: Vec<String> = (1..=200).map(|id| format!("({id}, 'm{id}@x')")).collect();
    cluster.mysql("customer", &format!("insert into subscriber values {}", rows.join(",")))?;
    let verb = |args: &[&str]| {
        let name = ["LookupVindex", "--name", "by_mail", "--table-keyspace", "customer"];
        cluster.client(&[&name, args].concat())
    };
    let create = ["create", "--keyspace", "customer", "--type", "consistent_lookup_unique"];
    let owner = ["--table-owner", "subscriber", "--table-owner-columns", "mail", "--wait"];
    let table = ["--table-name", "subscriber_mail", "--table-vindex-type", "unicode_loose_md5"];
    verb(&[&create[..], &owner, &table].concat())?;
    let entries = "select count(*) from subscriber_mail";
    shows(cluster, "customer", entries, "200\n")?;
    verb(&["externalize", "--keyspace", "customer"])?;
    let plan = |wanted: &str| {
        within(LIMIT, || {
            let sql = "vexplain plan select * from subscriber where mail = 'm7@x'";
            contains("plan", &cluster.mysql("customer", sql)?, wanted)
        })
    };
    plan("by_mail")?;
    cluster.mysql("customer", "insert into subscriber values (900, 'new@x')")?;
    cluster.mysql("customer", "update subscriber set mail = 'other@x' where id = 7")?;
    let found = "select id from subscriber where mail in ('new@x', 'other@x', 'm8@x') order by id";
    shows(cluster, "customer", found, "7\n8\n900\n")?;
    verb(&["internalize", "--keyspace", "customer"])?;
    plan("Scatter")?;
    cluster.mysql("customer", "delete from subscriber where id = 8")?;
    shows(cluster, "customer", entries, "200\n")?;
    verb(&["externalize", "--keyspace", "customer", "--delete"])?;
    let gone = fails("streams", verb(&["complete", "--keyspace", "customer"]))?;
    contains("streams", &gone, "no streams found")?;
    cluster.mysql("customer", "delete from subscriber where id = 900")?;
    shows(cluster, "customer", entries, "199\n")?;
    cluster.mysql("customer", "alter vschema on customer.subscriber drop vindex by_mail")?;
    forget_tables(cluster, "customer", &["subscriber", "subscriber_mail"])
}

/// Has a cluster of its own: rules for keyspaces and shards would lead other tests astray.
fn elsewhere(demo: &LocalCluster) -> Outcome {
    let args =
        ["--keyspace", "old:2", "--keyspace", "new:2", "--keyspace", "solo", "--replicas", "0"];
    let cluster = LocalCluster::up_to_grow(&args)?;
    let done = shard_by_shard(&cluster)
        .and_then(|()| tenants(&cluster))
        .and_then(|()| from_another(&cluster, demo));
    done.map_err(|err| format!("{err}\n{}", cluster.logs()))
}

fn hashed(table: &str) -> String {
    format!(r#""{table}": {{"column_vindexes": [{{"column": "id", "name": "hash"}}]}}"#)
}

/// Says how a keyspace shards tables.
fn shard(cluster: &LocalCluster, keyspace: &str, more: &str, tables: &[&str]) -> Outcome {
    let tables: Vec<String> = tables.iter().map(|table| hashed(table)).collect();
    let vschema = format!(
        r#"{{"sharded": true, {more} "vindexes": {{"hash": {{"type": "hash"}}}}, "tables": {{{}}}}}"#,
        tables.join(",")
    );
    cluster.client(&["ApplyVSchema", "--vschema", &vschema, keyspace]).map(drop)
}

fn shard_by_shard(cluster: &LocalCluster) -> Outcome {
    shard(cluster, "old", "", &["item", "part"])?;
    shard(cluster, "new", "", &["item", "part"])?;
    for table in ["item", "part", "scrap"] {
        let sql = format!("create table {table} (id bigint primary key, n int)");
        match table {
            "scrap" => cluster.mysql("old:-80", &sql)?,
            _ => cluster.mysql("old", &sql)?,
        };
    }
    cluster.mysql("old", "insert into item values (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)")?;
    let verb = |workflow: &str, args: &[&str]| {
        let name = ["MoveTables", "--workflow", workflow, "--target-keyspace", "new"];
        cluster.client(&[&name, args].concat())
    };
    let create = ["create", "--source-keyspace", "old", "--wait"];
    let all = ["--all-tables", "--exclude-tables", "scrap", "--source-shards=-80"];
    verb("lower", &[&create[..], &all].concat())?;
    mirrored(cluster)?;
    // It is switched shard by shard: those of the other go on at the source.
    verb("lower", &["switchtraffic"])?;
    contains("state", &verb("lower", &["status"])?, "Writes partially switched, for shards: -80")?;
    cluster.mysql("old", "insert into item values (6, 6), (7, 7), (10, 10)")?;
    shows(cluster, "new", "select count(*), sum(n) from item", "8\t38\n")?;
    let early = fails("complete", verb("lower", &["complete"]))?;
    contains("complete", &early, "still served from keyspace old for shards 80-")?;
    verb("lower", &["reversetraffic"])?;
    cluster.mysql("new", "update item set n = n + 1")?;
    verb("lower", &["switchtraffic"])?;
    let tables = ["--tables", "item,part", "--source-shards", "80-"];
    verb("upper", &[&create[..], &tables].concat())?;
    let unknown = fails("shards", verb("upper", &["switchtraffic", "--shards", "40-80"]))?;
    contains("shards", &unknown, "no streams into shard 40-80; there are 80-")?;
    verb("upper", &["switchtraffic", "--shards", "80-", "--force"])?;
    contains("state", &verb("upper", &["status"])?, "All Writes Switched")?;
    verb("lower", &["complete"])?;
    verb("upper", &["complete"])?;
    shows(cluster, "", "select count(*), sum(n) from item", "8\t46\n")?;
    contains("rules", &cluster.client(&["GetShardRoutingRules"])?, "\"rules\": []")?;
    equal("tables left", cluster.mysql("old:80-", "show tables")?.as_str(), "")
}

/// Reads of the source are also sent to the target, whose answers nobody sees.
fn mirrored(cluster: &LocalCluster) -> Outcome {
    let mirror = |percent: &str| {
        let name = ["MoveTables", "--workflow", "lower", "--target-keyspace", "new"];
        cluster.client(&[&name[..], &["mirrortraffic", "--percent", percent]].concat())?;
        cluster.client(&["GetMirrorRules"])
    };
    contains("refused", &fails("by shard", mirror("50"))?, "it moves no whole tables")
}

fn tenants(cluster: &LocalCluster) -> Outcome {
    let spec = r#""multi_tenant_spec": {"tenant_id_column_name": "tenant", "tenant_id_column_type": "INT64"},"#;
    shard(cluster, "new", spec, &["item", "part", "note"])?;
    let table = "create table note (tenant bigint, id bigint, n int, primary key (tenant, id))";
    for keyspace in ["solo", "new"] {
        cluster.mysql(keyspace, table)?;
    }
    cluster.mysql("new", "insert into note values (1, 1, 1)")?;
    cluster.mysql("solo", "insert into note values (2, 1, 5), (2, 2, 6)")?;
    let verb = |args: &[&str]| {
        let name = ["MoveTables", "--workflow", "tenant2", "--target-keyspace", "new"];
        cluster.client(&[&name, args].concat())
    };
    let create =
        ["create", "--source-keyspace", "solo", "--tables", "note", "--tenant-id", "2", "--wait"];
    verb(&create)?;
    shows(cluster, "new", "select count(*) from note", "3\n")?;
    // Giving up takes away what was copied, and nothing of others.
    verb(&["cancel"])?;
    shows(cluster, "new", "select * from note", "1\t1\t1\n")?;
    contains("rules", &cluster.client(&["GetKeyspaceRoutingRules"])?, "\"rules\": []")?;
    verb(&create)?;
    verb(&["switchtraffic"])?;
    cluster.mysql("solo", "insert into note values (2, 3, 7)")?;
    shows(cluster, "new", "select sum(n) from note where tenant = 2", "18\n")?;
    verb(&["reversetraffic"])?;
    cluster.mysql("solo", "update note set n = n + 1")?;
    shows(cluster, "solo", "select sum(n) from note", "21\n")?;
    verb(&["switchtraffic"])?;
    verb(&["complete"])?;
    shows(
        cluster,
        "new",
        "select tenant, sum(n) from note group by tenant order by tenant",
        "1\t1\n2\t21\n",
    )?;
    contains("rules", &cluster.client(&["GetKeyspaceRoutingRules"])?, "\"rules\": []")
}

fn from_another(cluster: &LocalCluster, demo: &LocalCluster) -> Outcome {
    let topo = format!("localhost:{}", demo.topo_port());
    let mount = ["Mount", "register", "--name", "demo", "--topo-type", "etcd2"];
    let place = ["--topo-server", &topo, "--topo-root", "/vitess/global"];
    cluster.client(&[&mount[..], &place].concat())?;
    demo.mysql("customer", "create table abroad (id bigint primary key, n int)")?;
    demo.mysql("customer", "alter vschema on customer.abroad add vindex `hash`(id)")?;
    demo.mysql("customer", "insert into abroad values (1, 1), (2, 2), (3, 3), (4, 4)")?;
    shard(cluster, "new", "", &["item", "part", "note", "abroad"])?;
    let verb = |args: &[&str]| {
        let name = ["Migrate", "--workflow", "import", "--target-keyspace", "new"];
        cluster.client(&[&name, args].concat())
    };
    let create = ["create", "--mount-name", "demo", "--source-keyspace", "customer"];
    verb(&[&create[..], &["--tables", "abroad", "--wait"]].concat())?;
    demo.mysql("customer", "update abroad set n = n + 10; insert into abroad values (9, 9)")?;
    shows(cluster, "new", "select count(*), sum(n) from abroad", "5\t59\n")?;
    verb(&["complete"])?;
    cluster.client(&["Mount", "unregister", "--name", "demo"])?;
    shows(cluster, "new", "select count(*) from abroad", "5\n")?;
    forget_tables(demo, "customer", &["abroad"])
}
