//! What is wrong gives MySQL's kind of error, to that client alone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, fails};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("wrong statements and names", wrong_statements),
        ("errors of mysql keep their numbers", mysql_errors),
        ("garbage and truncated packets", garbage),
        ("an oversize packet", oversize),
    ]
}

fn wrong_statements(cluster: &LocalCluster) -> Outcome {
    for (database, sql, part) in [
        ("", "selec 1", "ERROR 1064 (42000)"),
        ("", "select * from customer where", "ERROR 1064 (42000)"),
        ("nowhere", "select 1", "ERROR 1049 (42000)"),
        ("", "use nowhere", "ERROR 1049 (42000)"),
        ("", "select * from nothing_of_the_kind", "nothing_of_the_kind"),
        ("customer", "select nothing from customer where customer_id = 1", "ERROR 1054 (42S22)"),
        ("customer", "insert into customer(email) values ('a', 'b')", "ERROR 1136 (21S01)"),
        ("customer", "load data infile 'f' into table customer", "VT12001"),
        ("customer", "kill 99999999", "ERROR 1094"),
        ("", "create database customer", "ERROR 1007"),
    ] {
        let err = fails(sql, cluster.mysql(database, sql))?;
        contains(sql, &err, part)?;
    }
    equal("goes on", cluster.mysql("", "select 1 + 1")?, "2\n".into())
}

fn mysql_errors(cluster: &LocalCluster) -> Outcome {
    let sql = "insert into customer(customer_id, email) values (1, 'again')";
    contains(sql, &fails(sql, cluster.mysql("customer", sql))?, "ERROR 1062 (23000)")?;
    let sql = "insert into commerce.product(sku, price) values ('SKU-9', 'much')";
    contains(sql, &fails(sql, cluster.mysql("", sql))?, "ERROR 1366 (HY000)")
}

/// Sends bytes after the greeting and returns what the server answers before it closes.
fn send(cluster: &LocalCluster, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let text = |err: std::io::Error| err.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", cluster.port(15306))).map_err(text)?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).map_err(text)?;
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).map_err(text)?;
    stream.write_all(bytes).map_err(text)?;
    stream.shutdown(std::net::Shutdown::Write).map_err(text)?;
    let mut answer = Vec::new();
    // A reset is an answer too.
    let _ = stream.read_to_end(&mut answer);
    Ok(answer)
}

fn garbage(cluster: &LocalCluster) -> Outcome {
    let noise: Vec<u8> =
        (0..5_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for bytes in
        [&noise[..], b"GET / HTTP/1.1\r\n\r\n", &[0xff; 64], &[20, 0, 0, 1, 1], &[], &[0, 0, 0, 0]]
    {
        send(cluster, bytes)?;
    }
    equal("goes on", cluster.mysql("", "select 1")?, "1\n".into())
}

fn oversize(cluster: &LocalCluster) -> Outcome {
    let sql = "select length(repeat('x', 3000000))";
    equal("a big value", cluster.mysql("commerce", sql)?, "3000000\n".into())?;
    let port = cluster.port(15306);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|err| err.to_string())?;
    let answer = runtime.block_on(async {
        use mysql_async::prelude::Queryable;
        let opts = mysql_async::OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(port)
            .user(Some("user"))
            .prefer_socket(false)
            .max_allowed_packet(Some(1 << 30));
        let mut conn = mysql_async::Conn::new(opts).await.map_err(|err| err.to_string())?;
        let sql = format!("select length('{}')", "x".repeat(80 << 20));
        let answer = conn.query_first::<u64, _>(sql).await;
        Ok::<_, String>(format!("{answer:?}"))
    })?;
    contains("80 MiB", &answer, "1153")?;
    equal("goes on", cluster.mysql("", "select 1")?, "1\n".into())
}
