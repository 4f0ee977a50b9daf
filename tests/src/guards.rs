//! What guards queries holds on the quick path too: limits of time and rows, kills, cancellation,
//! metrics, the log. The same for gateway and tablets as processes of their own and as one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::{Outcome, contains, equal, fails, within};

/// How soon something that was stopped must have ended; the statements here would take far longer.
const SOON: Duration = Duration::from_secs(60);

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("limits of time and rows end a query", limits),
        ("kills reach a query on its way", kills),
        ("a client that goes away takes its query along", gone),
        ("metrics and the log have what ran", seen),
    ]
}

/// All of it, for a cluster of another form.
pub(crate) fn all(cluster: &LocalCluster) -> Outcome {
    for (name, run) in cases() {
        run(cluster).map_err(|err| format!("{name}: {err}"))?;
    }
    Ok(())
}

fn limits(cluster: &LocalCluster) -> Outcome {
    let sql = "select /*vt+ QUERY_TIMEOUT_MS=200 */ sleep(60) as limited from customer \
               where customer_id = 1";
    fails("a limit of time", cluster.mysql("customer", sql))?;
    nothing_runs(cluster, "limited")?;
    // 2 to the 14th of rows.
    let others: String = (1..14).map(|copy| format!(" join product p{copy}")).collect();
    let sql = format!("select 1 from product p0{others}");
    let err = fails("a limit of rows", cluster.mysql("commerce", &sql))?;
    contains("a limit of rows", &err, "Row count exceeded 10000")?;
    equal("goes on", cluster.mysql("commerce", "select 1")?, "1\n".into())
}

fn kills(cluster: &LocalCluster) -> Outcome {
    on_runtime(async {
        let mut other = connect(cluster).await?;
        for (verb, survives) in [("kill query", true), ("kill", false)] {
            let mut conn = connect(cluster).await?;
            let id = conn.id();
            let running = tokio::spawn(async move {
                let sql = "select sleep(60) as killed from customer where customer_id = 1";
                let ended = conn.query_drop(sql).await;
                (conn, ended)
            });
            // A kill that comes before the statement would meet nothing.
            if let Err(err) = until_it_runs(cluster, "killed").await {
                let end = running.is_finished().then_some(running);
                let end = match end {
                    Some(running) => format!("{:?}", running.await.map(|(_, ended)| ended)),
                    None => "under way".to_owned(),
                };
                return Err(format!("{err}; its client: {end}"));
            }
            let started = Instant::now();
            other.query_drop(format!("{verb} {id}")).await.map_err(text)?;
            let (mut conn, ended) = running.await.map_err(text)?;
            if started.elapsed() > SOON {
                return Err(format!("{verb} took {:?}", started.elapsed()));
            }
            match ended {
                Ok(()) => return Err(format!("{verb}: the statement has ended by itself")),
                Err(err) if survives => contains(verb, &err.to_string(), "1317")?,
                Err(_) => {}
            }
            let goes_on = conn.query_drop("select 1").await;
            equal(&format!("{verb}: the connection goes on"), goes_on.is_ok(), survives)?;
            nothing_runs(cluster, "killed")?;
        }
        Ok(())
    })
}

fn gone(cluster: &LocalCluster) -> Outcome {
    on_runtime(async {
        let mut conn = connect(cluster).await?;
        let running = tokio::spawn(async move {
            let sql = "select sleep(60) as deserted from customer where customer_id = 1";
            conn.query_drop(sql).await
        });
        until_it_runs(cluster, "deserted").await?;
        // The future owns the connection: without it the socket closes in the middle.
        running.abort();
        Ok(())
    })?;
    nothing_runs(cluster, "deserted")
}

fn seen(cluster: &LocalCluster) -> Outcome {
    const TIMES: u64 = 30;
    let web = cluster.port(15001);
    let before = selects(web)?;
    let mut log = TcpStream::connect(("127.0.0.1", web)).map_err(text)?;
    log.write_all(b"GET /debug/querylog HTTP/1.1\r\nHost: gateway\r\n\r\n").map_err(text)?;
    log.set_read_timeout(Some(SOON)).map_err(text)?;
    let mut first = [0; 512];
    let head = log.read(&mut first).map_err(text)?;
    on_runtime(async {
        let mut conn = connect(cluster).await?;
        for _ in 0..TIMES {
            let sql = "select email as logged from customer where customer_id = 1";
            conn.query_drop(sql).await.map_err(text)?;
        }
        Ok(())
    })?;
    within(SOON, || {
        let counted = selects(web)? - before;
        if counted >= TIMES { Ok(()) } else { Err(format!("{counted} of {TIMES} were counted")) }
    })?;
    let mut told = String::from_utf8_lossy(&first[..head]).into_owned();
    let started = Instant::now();
    while (told.matches("email as logged").count() as u64) < TIMES {
        let mut piece = [0; 16 << 10];
        let count =
            log.read(&mut piece).map_err(|err| format!("the log: {err}, after:\n{told}"))?;
        if count == 0 || started.elapsed() > SOON {
            return Err(format!("the log has too few lines:\n{told}"));
        }
        told.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    Ok(())
}

/// Returns how many reads of primaries a gateway has counted.
fn selects(web: u16) -> Result<u64, String> {
    let mut stream = TcpStream::connect(("127.0.0.1", web)).map_err(text)?;
    let ask = b"GET /debug/vars HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n";
    stream.write_all(ask).map_err(text)?;
    let mut page = String::new();
    stream.read_to_string(&mut page).map_err(text)?;
    let body = page.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let start = body.find('{').ok_or_else(|| format!("no JSON in:\n{page}"))?;
    let end = body.rfind('}').ok_or_else(|| format!("no JSON in:\n{page}"))?;
    let vars: serde_json::Value = serde_json::from_str(&body[start..=end]).map_err(text)?;
    Ok(vars["QueryExecutions"]["SELECT.Route.primary"].as_u64().unwrap_or(0))
}

/// Waits until no statement with the word runs on the shard's server.
fn nothing_runs(cluster: &LocalCluster, word: &str) -> Outcome {
    within(SOON, || match running(cluster, word)? {
        0 => Ok(()),
        count => Err(format!("{count} statements named {word} still run")),
    })
}

async fn until_it_runs(cluster: &LocalCluster, word: &str) -> Outcome {
    let started = Instant::now();
    while running(cluster, word)? == 0 {
        if started.elapsed() > SOON {
            return Err(format!("{word} does not begin to run"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Returns how many statements with a word run on the server of customer 1.
fn running(cluster: &LocalCluster, word: &str) -> Result<u64, String> {
    let sql = format!(
        "select concat('count=', count(*)) as found from information_schema.processlist \
         where info like '%as {word} from%' and id <> connection_id()"
    );
    let fetched = cluster.client(&["ExecuteFetchAsDBA", "zone1-0000000200", &sql])?;
    let count = fetched.split("count=").nth(1).ok_or_else(|| format!("no count in {fetched}"))?;
    let digits: String = count.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().map_err(text)
}

async fn connect(cluster: &LocalCluster) -> Result<Conn, String> {
    let options = OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(cluster.port(15306))
        .user(Some("user"))
        .db_name(Some("customer"))
        .prefer_socket(false);
    Conn::new(options).await.map_err(text)
}

fn on_runtime(doing: impl Future<Output = Outcome>) -> Outcome {
    // Two threads: the client of the control plane blocks one of them.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(text)?;
    runtime.block_on(doing)
}

fn text(err: impl std::fmt::Display) -> String {
    err.to_string()
}
