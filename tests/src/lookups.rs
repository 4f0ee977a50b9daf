//! Lookup vindexes of every type on a real cluster: kept right by all that changes rows, read by
//! queries, compared and mended by `vitrum lookups`; and LOAD DATA LOCAL INFILE into such a table.

use vt_testkit::LocalCluster;
use vt_testkit::tools::output_of;

use crate::Case;
use crate::check::{Outcome, contains, equal, fails};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("entries of all types follow their rows", entries_follow),
        ("drifted entries are found and mended", drift_is_mended),
        ("a file of the client goes to its shards", load_data),
    ]
}

/// Each type, with the column that it is over; the types of texts and numbers take turns.
const TYPES: [(&str, &str, &str); 8] = [
    ("lookup", "a", "varchar(20)"),
    ("lookup_unique", "b", "varchar(20)"),
    ("lookup_hash", "c", "bigint"),
    ("lookup_hash_unique", "d", "bigint"),
    ("lookup_unicodeloosemd5_hash", "e", "varchar(20)"),
    ("lookup_unicodeloosemd5_hash_unique", "f", "varchar(20)"),
    ("consistent_lookup", "g", "varchar(20)"),
    ("consistent_lookup_unique", "h", "bigint"),
];

/// Makes the owner `member`, and a table behind each vindex: in the sharded keyspace, and every
/// other one in the unsharded.
fn set_up(cluster: &LocalCluster) -> Outcome {
    let mut vindexes = vec![
        r#""hash": {"type": "hash"}"#.to_owned(),
        r#""xxhash": {"type": "xxhash"}"#.to_owned(),
    ];
    let mut tables = Vec::new();
    let mut columns = vec![r#"{"column": "id", "name": "hash"}"#.to_owned()];
    let mut definition = Vec::new();
    let mut unsharded = Vec::new();
    for (place, (typ, column, sql)) in TYPES.iter().enumerate() {
        let keyspace = if place % 2 == 0 { "customer" } else { "commerce" };
        let unique = typ.contains("unique");
        vindexes.push(format!(
            r#""by_{column}": {{"type": "{typ}", "owner": "member", "params": {{"table": "{keyspace}.by_{column}", "from": "{column}", "to": "place"}}}}"#
        ));
        columns.push(format!(r#"{{"column": "{column}", "name": "by_{column}"}}"#));
        definition.push(format!("{column} {sql} not null, key ({column})"));
        match keyspace {
            "customer" => tables.push(format!(
                r#""by_{column}": {{"column_vindexes": [{{"column": "{column}", "name": "xxhash"}}]}}"#
            )),
            _ => unsharded.push(format!("alter vschema add table commerce.by_{column}")),
        }
        let from = if typ.contains("md5") { "bigint unsigned" } else { sql };
        let to = if typ.contains("hash") { "bigint unsigned" } else { "varbinary(16)" };
        let key = if unique { (*column).to_owned() } else { format!("{column}, place") };
        let table = format!(
            "create table if not exists by_{column} ({column} {from} not null, place {to} not null, primary key ({key}))"
        );
        cluster.mysql(keyspace, &format!("{table}; delete from by_{column}")).or_else(|_| {
            // The sharded table is not known before its vindex is.
            ["customer:-80", "customer:80-"]
                .iter()
                .try_for_each(|shard| cluster.mysql(shard, &table).map(drop))
                .map(|()| String::new())
        })?;
    }
    let vschema = format!(
        r#"{{"sharded": true, "vindexes": {{{}}}, "tables": {{
            "customer": {{"column_vindexes": [{{"column": "customer_id", "name": "hash"}}],
                "auto_increment": {{"column": "customer_id", "sequence": "customer_seq"}}}},
            "corder": {{"column_vindexes": [{{"column": "customer_id", "name": "hash"}}],
                "auto_increment": {{"column": "order_id", "sequence": "order_seq"}}}},
            {}, "member": {{"column_vindexes": [{}]}}}}}}"#,
        vindexes.join(", "),
        tables.join(", "),
        columns.join(", ")
    );
    for alter in unsharded {
        if let Err(err) = cluster.mysql("commerce", &alter) {
            contains("a table of an earlier run", &err, "already")?;
        }
    }
    cluster.client(&["ApplyVSchema", "--vschema", &vschema, "customer"])?;
    let member = format!(
        "create table member (id bigint not null, note varchar(20), {}, primary key (id), unique key (d))",
        definition.join(", ")
    );
    crate::check::within(std::time::Duration::from_secs(60), || {
        cluster.mysql("customer", "drop table if exists member")?;
        cluster.mysql("customer", &member).map(drop)
    })
}

/// Makes the values of a row; rows of other numbers share none.
fn row(id: u32) -> String {
    format!(
        "({id}, 'n', 'a{id}', 'b{id}', {}, {}, 'É{id}', 'f{id}', 'g{id}', {})",
        1000 + id,
        2000 + id,
        3000 + id
    )
}

const COLUMNS: &str = "insert into member (id, note, a, b, c, d, e, f, g, h) values ";

/// Asks the command whether all entries agree with their rows.
fn compare(cluster: &LocalCluster, mend: &[&str]) -> Result<String, String> {
    let port = cluster.port(15306).to_string();
    let mut command = cluster.vitrum(&["lookups", "--mysql-port", &port, "--mysql-user", "user"]);
    output_of(command.args(mend).arg("customer"))
}

/// Fails unless every vindex finds the row, and has as many entries as there are rows.
fn finds(cluster: &LocalCluster, id: u32, rows: usize) -> Outcome {
    let wanted = [
        ("a", format!("'a{id}'")),
        ("b", format!("'b{id}'")),
        ("c", (1000 + id).to_string()),
        ("d", (2000 + id).to_string()),
        ("e", format!("'É{id}'")),
        ("f", format!("'f{id}'")),
        ("g", format!("'g{id}'")),
        ("h", (3000 + id).to_string()),
    ];
    for (column, value) in wanted {
        let sql = format!("select id from member where {column} = {value}");
        equal(&sql, cluster.mysql("customer", &sql)?, format!("{id}\n"))?;
        let plan = cluster.mysql("customer", &format!("vexplain plan {sql}"))?;
        contains(&sql, &plan, &format!("by_{column}"))?;
    }
    for (place, (_, column, _)) in TYPES.iter().enumerate() {
        let keyspace = if place % 2 == 0 { "customer" } else { "commerce" };
        let sql = format!("select count(*) from by_{column}");
        equal(&sql, cluster.mysql(keyspace, &sql)?, format!("{rows}\n"))?;
    }
    compare(cluster, &[]).map(drop)
}

fn entries_follow(cluster: &LocalCluster) -> Outcome {
    set_up(cluster)?;
    let ask = |sql: &str| cluster.mysql("customer", sql);
    ask(&format!("{COLUMNS}{}", (1..=8).map(row).collect::<Vec<_>>().join(", ")))?;
    finds(cluster, 3, 8)?;
    // A duplicate of the primary key, and of a unique lookup, leaves nothing behind.
    fails("a duplicate key", ask(&format!("{COLUMNS}{}", row(3))))?;
    let taken = row(20).replace("'b20'", "'b5'");
    contains("a taken value", &fails("it", ask(&format!("{COLUMNS}{taken}")))?, "1062")?;
    finds(cluster, 5, 8)?;
    // IGNORE leaves out the row that is there; the new one comes with its entries.
    let insert = COLUMNS.replace("insert", "insert ignore");
    ask(&format!("{insert}{}, {}", row(4), row(9)))?;
    finds(cluster, 9, 9)?;
    // REPLACE takes away what conflicts, by the primary key and by a unique key of the shard.
    ask(&format!("{}{}", COLUMNS.replace("insert", "replace"), row(9).replace("'g9'", "'g99'")))?;
    equal("replaced", ask("select id from member where g = 'g99'")?, "9\n".into())?;
    equal("gone", ask("select count(*) from by_g where g = 'g9'")?, "0\n".into())?;
    ask(&format!("{}{}", COLUMNS.replace("insert", "replace"), row(9)))?;
    finds(cluster, 9, 9)?;
    ask(&format!("{COLUMNS}{} on duplicate key update note = 'seen'", row(2)))?;
    equal("updated", ask("select note from member where id = 2")?, "seen\n".into())?;
    finds(cluster, 2, 9)?;
    // Values move with their rows.
    ask(
        "update member set a = 'x', b = 'y', c = 1, d = 2, e = 'z', f = 'v', g = 'w', h = 3 where id = 6",
    )?;
    let seen = ask(
        "select count(*) from member where a = 'x' and b = 'y' and c = 1 and d = 2 and e = 'Z' and f = 'V' and g = 'w' and h = 3",
    )?;
    equal("changed", seen, "1\n".into())?;
    // One transaction could not do both: entries of new rows commit before those that go.
    ask(&format!("delete from member where id = 6; {COLUMNS}{}", row(6)))?;
    finds(cluster, 6, 9)?;
    ask("begin; delete from member where id in (1, 2, 3); rollback")?;
    finds(cluster, 1, 9)?;
    // A change of the primary vindex moves the row to another shard; entries point there.
    ask("update member set id = 104 where id = 4")?;
    equal("moved", ask("select id from member where b = 'b4'")?, "104\n".into())?;
    compare(cluster, &[])?;
    ask("delete from member where a in ('a1', 'a104') or h = 3007 or note = 'seen'")?;
    finds(cluster, 8, 6)
}

fn drift_is_mended(cluster: &LocalCluster) -> Outcome {
    set_up(cluster)?;
    let ask = |keyspace: &str, sql: &str| cluster.mysql(keyspace, sql);
    ask("customer", &format!("{COLUMNS}{}", (1..=6).map(row).collect::<Vec<_>>().join(", ")))?;
    compare(cluster, &[])?;
    // Entries that are missing, that no row has, and that point to where no row is.
    ask("customer", "delete from by_a where a = 'a1'")?;
    ask("commerce", "delete from by_h where h = 3002")?;
    ask("commerce", "insert into by_b (b, place) values ('none', x'166b40b44aba4bd6')")?;
    ask("customer", "insert into by_e (e, place) values (5, 3)")?;
    ask("commerce", "update by_d set place = 77 where d = 2005")?;
    // Its row may still be found: where no entry tells a shard any one is asked, and it may have it.
    equal("lost", ask("commerce", "select count(*) from by_h where h = 3002")?, "0\n".into())?;
    let told = fails("faults", compare(cluster, &[]))?;
    for fault in [
        "by_a: row without entry: ('a1')",
        "by_h: row without entry: (3002)",
        "by_b: entry without row: ('none')",
        "by_e: entry without row: (5)",
        "by_d: entry elsewhere: (2005)",
    ] {
        contains("told", &told, fault)?;
    }
    compare(cluster, &["--mend"])?;
    finds(cluster, 1, 6)?;
    finds(cluster, 2, 6)?;
    finds(cluster, 5, 6)?;
    // Half of a move: the row is on a shard to which its primary vindex does not lead.
    let stray = format!("{COLUMNS}{}", row(4)).replace("member", "member /* aside */");
    let lost = ask("customer:-80", "select count(*) from member where id = 4")?;
    let wrong = if lost.trim() == "1" { "customer:80-" } else { "customer:-80" };
    ask(wrong, &stray)?;
    let told = fails("a stray row", compare(cluster, &["--mend"]))?;
    contains("told", &told, "row on a wrong shard: (4)")?;
    ask(wrong, "delete from member where id = 4")?;
    compare(cluster, &[]).map(drop)
}

fn load_data(cluster: &LocalCluster) -> Outcome {
    set_up(cluster)?;
    let path = cluster.folder().join("members.csv");
    let mut lines = vec!["id,note,rest".to_owned()];
    for id in 1..=60 {
        lines.push(format!("{id},\"it is \"\"{id}\"\"\",{id}"));
    }
    std::fs::write(&path, lines.join("\n")).map_err(|err| err.to_string())?;
    let load = |how: &str| {
        format!(
            "load data local infile '{}' {how} into table member fields terminated by ',' \
             optionally enclosed by '\"' ignore 1 lines (id, note, @n) set a = concat('a', @n), \
             b = concat('b', @n), c = 1000 + @n, d = 2000 + @n, e = concat('É', @n), \
             f = concat('f', @n), g = concat('g', @n), h = 3000 + @n",
            path.display()
        )
    };
    let run = |sql: &str| {
        let mut command = cluster.mysql_command("customer", sql)?;
        output_of(command.arg("--local-infile=1"))
    };
    run(&load(""))?;
    let note = run("select note from member where id = 37")?;
    equal("a field in quotes", note, "it is \"37\"\n".into())?;
    finds(cluster, 42, 60)?;
    for shard in ["customer:-80", "customer:80-"] {
        let count = cluster.mysql(shard, "select count(*) from member")?;
        let count: u32 = count.trim().parse().map_err(|_| format!("{shard}: {count}"))?;
        if !(10..50).contains(&count) {
            return Err(format!("{shard} has {count} rows of 60"));
        }
    }
    // Rows that are there stay; with REPLACE they come anew.
    run("update member set note = 'old' where id < 3")?;
    run(&load(""))?;
    let old = "select count(*) from member where note = 'old'";
    equal("left out", run(old)?, "2\n".into())?;
    run(&load("replace"))?;
    equal("replaced", run(old)?, "0\n".into())?;
    finds(cluster, 2, 60)?;
    run("drop table member").map(drop)
}
