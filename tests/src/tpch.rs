//! The 22 queries of TPC-H on few rows: four shards answer as one plain mysqld does.
//!
//! Customers, orders with their lines, parts and suppliers are sharded by their own keys, so that
//! nearly every join leads across shards.

mod data;

use std::path::PathBuf;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row};
use vt_testkit::tools::repository;
use vt_testkit::{LocalCluster, SharedCluster};

use crate::Case;
use crate::check::Outcome;
use crate::four;

/// The tables with the columns that they are sharded by.
const TABLES: [(&str, &str); 8] = [
    ("region", "r_regionkey"),
    ("nation", "n_nationkey"),
    ("supplier", "s_suppkey"),
    ("part", "p_partkey"),
    ("partsupp", "ps_partkey"),
    ("buyer", "c_custkey"),
    ("orders", "o_orderkey"),
    ("lineitem", "l_orderkey"),
];

pub(crate) fn cases() -> Vec<Case> {
    vec![("the queries of TPC-H on four shards give what one mysqld gives", agree)]
}

fn agree(_: &LocalCluster) -> Outcome {
    let cluster = four::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(compare(&cluster))
}

async fn compare(cluster: &SharedCluster) -> Outcome {
    let text = |err: mysql_async::Error| err.to_string();
    let socket = cluster.socket().display().to_string();
    let plain = OptsBuilder::default().socket(Some(socket)).user(Some("root"));
    let mut plain = Conn::new(plain).await.map_err(text)?;
    let mut gate = four::connect(cluster).await?;
    for sql in ["create database tpch", "use tpch"] {
        plain.query_drop(sql).await.map_err(text)?;
    }
    for (table, column) in TABLES {
        let add =
            format!("alter vschema on customer.{table} add vindex `hash`({column}) using hash");
        gate.query_drop(&add).await.map_err(|err| format!("{add}: {err}"))?;
    }
    for sql in statements("schema.sql")?.into_iter().chain(data::inserts()) {
        plain.query_drop(&sql).await.map_err(|err| format!("mysqld: {sql}: {err}"))?;
        gate.query_drop(&sql).await.map_err(|err| format!("gateway: {sql}: {err}"))?;
    }
    let mut wrong = Vec::new();
    for (place, sql) in statements("queries.sql")?.iter().enumerate() {
        let wanted = answer(&mut plain, sql).await;
        let seen = answer(&mut gate, sql).await;
        if wanted.is_err() || wanted != seen {
            wrong.push(format!("Q{}: {sql}\n  mysqld  {wanted:?}\n  cluster {seen:?}", place + 1));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("{} queries differ:\n{}", wrong.len(), wrong.join("\n"))),
    }
}

/// Returns the names of a query's columns and its rows, or its error.
async fn answer(conn: &mut Conn, sql: &str) -> Result<Vec<String>, String> {
    let mut result = conn.query_iter(sql).await.map_err(|err| err.to_string())?;
    let columns = result.columns().unwrap_or_default();
    let names = columns.iter().map(|column| column.name_str().into_owned());
    let mut lines = vec![names.collect::<Vec<_>>().join(", ")];
    let rows: Vec<Row> = result.collect().await.map_err(|err| err.to_string())?;
    lines.extend(rows.into_iter().map(|row| format!("{:?}", row.unwrap())));
    Ok(lines)
}

/// Returns the statements of a file: each ends with `;` at the end of a line.
fn statements(name: &str) -> Result<Vec<String>, String> {
    let path: PathBuf = repository().join("tests/tpch").join(name);
    let text =
        std::fs::read_to_string(&path).map_err(|err| format!("{}: {err}", path.display()))?;
    Ok(text.split(";\n").map(str::trim).filter(|sql| !sql.is_empty()).map(str::to_owned).collect())
}
