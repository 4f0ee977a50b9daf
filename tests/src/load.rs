//! Many at once: sysbench, and thousands of connections.

use std::process::Command;
use std::time::Duration;

use vt_testkit::LocalCluster;
use vt_testkit::tools::{Tool, output_of};

use crate::Case;
use crate::check::{Outcome, equal};

pub(crate) fn cases() -> Vec<Case> {
    vec![("sysbench on a sharded keyspace", sysbench), ("two thousand connections", connections)]
}

/// Seconds of each sysbench run; `E2E_SECONDS=60` is the long form.
fn seconds() -> String {
    std::env::var("E2E_SECONDS").unwrap_or_else(|_| "8".to_owned())
}

fn sysbench(cluster: &LocalCluster) -> Outcome {
    let vschema = r#"{"sharded": true, "vindexes": {"hash": {"type": "hash"}}, "tables": {
        "customer": {"column_vindexes": [{"column": "customer_id", "name": "hash"}],
            "auto_increment": {"column": "customer_id", "sequence": "customer_seq"}},
        "corder": {"column_vindexes": [{"column": "customer_id", "name": "hash"}],
            "auto_increment": {"column": "order_id", "sequence": "order_seq"}},
        "sbtest1": {"column_vindexes": [{"column": "id", "name": "hash"}]}}}"#;
    cluster.client(&["ApplyVSchema", "--vschema", vschema, "customer"])?;
    let tool = Tool::find("sysbench", "sysbench")?;
    let port = cluster.port(15306).to_string();
    let run = |args: &[&str]| {
        let mut command = tool.command();
        command.current_dir(tool.folder("usr/share/sysbench"));
        command.args(["oltp_read_write.lua", "--db-driver=mysql", "--mysql-host=127.0.0.1"]);
        command.args([
            "--mysql-user=user",
            "--mysql-db=customer",
            "--tables=1",
            "--table-size=2000",
        ]);
        // Uniform: the tail of hot rows would measure MySQL's deadlocks, not us.
        command.args(["--threads=8", "--auto_inc=off", "--rand-type=uniform"]);
        command.arg(format!("--mysql-port={port}")).args(args);
        output_of(&mut command)
    };
    run(&["prepare"])?;
    let time = format!("--time={}", seconds());
    let ran = ["--db-ps-mode=auto", "--db-ps-mode=disable"].into_iter().try_for_each(|mode| {
        let out = run(&[&time, mode, "run"])?;
        let number = |what: &str| {
            let line = out.lines().find(|line| line.contains(what)).unwrap_or_default();
            let word = line.split_whitespace().nth(what.split(' ').count());
            word.and_then(|word| word.parse::<u64>().ok()).ok_or_else(|| format!("{what}:\n{out}"))
        };
        // Sysbench takes a deadlock of InnoDB in its stride and counts it; all else ends it.
        let (done, ignored) = (number("transactions:")?, number("ignored errors:")?);
        if done == 0 || ignored * 100 > done {
            return Err(format!("{mode}: {done} transactions, {ignored} errors"));
        }
        Ok(())
    });
    ran?;
    cluster.mysql("customer", "drop table sbtest1").map(drop)
}

fn connections(cluster: &LocalCluster) -> Outcome {
    use mysql_async::prelude::Queryable;
    // Both ends of each connection are ours or the gateway's: the limit is per process.
    let limit = output_of(Command::new("sh").args(["-c", "ulimit -n"]))?;
    if limit.trim().parse::<u32>().is_ok_and(|limit| limit < 2500) {
        return Err(format!("open files are limited to {}; raise it with ulimit -n", limit.trim()));
    }
    let port = cluster.port(15306);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|err| err.to_string())?;
    runtime.block_on(async {
        let opts = mysql_async::OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(port)
            .user(Some("user"))
            .db_name(Some("customer"))
            .prefer_socket(false);
        let mut conns = Vec::new();
        for _ in 0..2000 {
            let conn =
                tokio::time::timeout(Duration::from_secs(30), mysql_async::Conn::new(opts.clone()));
            let conn = conn.await.map_err(|_| "no greeting within 30 s".to_owned())?;
            conns.push(conn.map_err(|err| format!("connection {}: {err}", conns.len()))?);
        }
        for (index, conn) in conns.iter_mut().enumerate().step_by(100) {
            let answer: Option<String> = conn
                .query_first("select email from customer where customer_id = 4")
                .await
                .map_err(|err| format!("connection {index}: {err}"))?;
            equal("answer", answer.as_deref(), Some("dan@domain.com"))?;
        }
        Ok(())
    })
}
