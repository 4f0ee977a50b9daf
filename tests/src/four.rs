//! A keyspace of four shards beside an unsharded one, for workloads that bring tables of their own.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row};
use vt_testkit::SharedCluster;

const SHARDS: [&str; 4] = ["-40", "40-80", "80-c0", "c0-"];

/// A table that is in the VSchema alone: where the gateway names it, it knows the keyspace.
const VSCHEMA: &str = r#"{"sharded": true, "tables": {"known": {"pinned": "00"}}}"#;

/// How long the gateway may take to know a VSchema.
const KNOWN_MAX: Duration = Duration::from_secs(60);

/// Starts the keyspaces `customer`, of four shards, and `commerce`, of one.
pub(crate) fn start() -> Result<SharedCluster, String> {
    let cluster = SharedCluster::start(&[("customer", &SHARDS), ("commerce", &["-"])])?;
    cluster.client(&["ApplyVSchema", "--vschema", "{}", "commerce"])?;
    cluster.client(&["ApplyVSchema", "--vschema", VSCHEMA, "customer"])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let known = runtime.map_err(|err| err.to_string())?.block_on(wait_until_known(&cluster));
    known.map_err(|err| format!("{err}\n{}", cluster.logs()))?;
    Ok(cluster)
}

/// Connects to the sharded keyspace.
pub(crate) async fn connect(cluster: &SharedCluster) -> Result<Conn, String> {
    let options = OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(cluster.gate_port())
        .user(Some("user"))
        .db_name(Some("customer"))
        .prefer_socket(false);
    Conn::new(options).await.map_err(|err| err.to_string())
}

async fn wait_until_known(cluster: &SharedCluster) -> Result<(), String> {
    let started = Instant::now();
    loop {
        let failed = match tables(cluster).await {
            Ok(names) if names.iter().any(|name| name.contains("known")) => return Ok(()),
            Ok(names) => format!("the vschema does not come: {names:?}"),
            Err(err) => err,
        };
        if started.elapsed() > KNOWN_MAX {
            return Err(failed);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn tables(cluster: &SharedCluster) -> Result<Vec<String>, String> {
    let mut conn = connect(cluster).await?;
    let rows: Vec<Row> = conn.query("show vschema tables").await.map_err(|err| err.to_string())?;
    Ok(rows.iter().filter_map(|row| row.get(0)).collect())
}
