//! The cluster's commands against a running cluster.

use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, fails};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("tablets are listed a line each", tablets),
        ("records are printed as json", records),
        ("a keyspace is created and deleted", keyspaces),
        ("a schema is applied and validated", schema),
        ("a shard is handed over and back", hand_over),
        ("wrong commands say what is wrong", wrong),
    ]
}

fn tablets(cluster: &LocalCluster) -> Outcome {
    let out = cluster.client(&["GetTablets"])?;
    equal("lines", out.lines().count(), 6)?;
    let (web, mysql) = (cluster.port(15100), cluster.port(17100));
    let line = out.lines().next().unwrap_or_default();
    let wanted =
        format!("zone1-0000000100 commerce - primary 127.0.0.1:{web} 127.0.0.1:{mysql} [] 20");
    contains("primary", line, &wanted)?;
    equal("time", line.ends_with('Z'), true)?;
    let (web, mysql) = (cluster.port(15101), cluster.port(17101));
    let wanted =
        format!("zone1-0000000101 commerce - replica 127.0.0.1:{web} 127.0.0.1:{mysql} [] <null>");
    equal("replica", out.lines().nth(1).unwrap_or_default().to_owned(), wanted)?;
    let primaries =
        cluster.client(&["GetTablets", "--keyspace", "customer", "--tablet-type", "primary"])?;
    equal("primaries", primaries.lines().count(), 2)
}

fn records(cluster: &LocalCluster) -> Outcome {
    let json = |args: &[&str]| -> Result<serde_json::Value, String> {
        let out = cluster.client(args)?;
        serde_json::from_str(&out).map_err(|err| format!("{args:?}: {err}:\n{out}"))
    };
    let shard = json(&["GetShard", "customer/-80"])?;
    equal("primary", &shard["shard"]["primary_alias"]["uid"], &200.into())?;
    let keyspace = json(&["GetKeyspace", "customer"])?;
    equal("durability", &keyspace["keyspace"]["durability_policy"], &"semi_sync".into())?;
    let vschema = json(&["GetVSchema", "customer"])?;
    equal("vindex", &vschema["vindexes"]["hash"]["type"], &"hash".into())?;
    let graph = json(&["GetSrvKeyspaces", "customer"])?;
    equal("partitions", graph["zone1"]["partitions"].as_array().map(Vec::len), Some(3))?;
    equal("keyspaces", json(&["GetKeyspaces"])?.as_array().map(Vec::len), Some(2))
}

fn keyspaces(cluster: &LocalCluster) -> Outcome {
    cluster.client(&["CreateKeyspace", "--durability-policy", "none", "extra"])?;
    cluster.client(&["CreateShard", "extra/-80"])?;
    contains("listed", &cluster.client(&["FindAllShardsInKeyspace", "extra"])?, "-80")?;
    let again = fails("twice", cluster.client(&["CreateKeyspace", "extra"]))?;
    contains("twice", &again, "already exists")?;
    cluster.client(&["DeleteKeyspace", "--recursive", "extra"])?;
    fails("deleted", cluster.client(&["GetKeyspace", "extra"])).map(drop)
}

fn schema(cluster: &LocalCluster) -> Outcome {
    cluster.client(&[
        "ApplySchema",
        "--sql",
        "create table applied (id bigint primary key)",
        "customer",
    ])?;
    for alias in ["zone1-200", "zone1-300"] {
        contains(alias, &cluster.client(&["GetSchema", "--table-names-only", alias])?, "applied")?;
    }
    cluster.client(&["ValidateSchemaKeyspace", "customer"])?;
    cluster.client(&["ApplySchema", "--sql", "drop table applied", "customer"])?;
    let err =
        fails("bad sql", cluster.client(&["ApplySchema", "--sql", "create tabel x", "customer"]))?;
    contains("bad sql", &err, "syntax")
}

fn hand_over(cluster: &LocalCluster) -> Outcome {
    for (alias, uid) in [("zone1-301", "301"), ("zone1-300", "300")] {
        cluster.client(&["PlannedReparentShard", "customer/80-", "--new-primary", alias])?;
        let primaries = cluster.client(&[
            "GetTablets",
            "--keyspace",
            "customer",
            "--shard",
            "80-",
            "--tablet-type",
            "primary",
        ])?;
        contains("primary", &primaries, &format!("zone1-0000000{uid} customer 80- primary"))?;
        let sql = "update customer set email = 'dan@domain.com' where customer_id = 4; select email from customer where customer_id = 4";
        equal("write after", cluster.mysql("customer", sql)?, "dan@domain.com\n".into())?;
    }
    Ok(())
}

fn wrong(cluster: &LocalCluster) -> Outcome {
    for (args, part) in [
        (&["GetShard", "customer"][..], "keyspace/shard"),
        (&["GetTablet", "zone1-999"], "doesn't exist"),
        (&["GetKeyspaces", "--nonsense"], "nonsense"),
        (&["GetTabletz"], "GetTablet"),
        (&["GenerateShardRanges", "0"], "greater than zero"),
    ] {
        contains(&format!("{args:?}"), &fails("wrong", cluster.client(args))?, part)?;
    }
    equal(
        "ranges",
        cluster.client(&["GenerateShardRanges", "2"])?.split_whitespace().collect::<String>(),
        "[\"-80\",\"80-\"]".into(),
    )
}
