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

/// How a client may ask.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Text,
    Prepared,
    /// As text, in a session whose rows come in pieces.
    Streamed,
}

const WAYS: [Way; 3] = [Way::Text, Way::Prepared, Way::Streamed];

impl Way {
    /// Connects a client that asks so.
    async fn connect(self, cluster: &LocalCluster) -> Result<Conn, String> {
        let mut conn = connect(cluster).await?;
        if self == Way::Streamed {
            conn.query_drop("set workload = 'olap'").await.map_err(text)?;
        }
        Ok(conn)
    }

    async fn ask(self, conn: &mut Conn, sql: &str) -> Result<(), mysql_async::Error> {
        match self {
            Way::Text | Way::Streamed => conn.query_drop(sql).await,
            Way::Prepared => conn.exec_drop(sql, ()).await,
        }
    }
}

fn limits(cluster: &LocalCluster) -> Outcome {
    // 2 to the 14th of rows.
    let others: String = (1..14).map(|copy| format!(" join commerce.product p{copy}")).collect();
    let many = format!("select 1 from commerce.product p0{others}");
    on_runtime(async {
        for way in WAYS {
            let mut conn = way.connect(cluster).await?;
            let sql = "select /*vt+ QUERY_TIMEOUT_MS=200 */ sleep(60) as limited from customer \
                       where customer_id = 1";
            let started = Instant::now();
            let ended = way.ask(&mut conn, sql).await;
            fails(&format!("{way:?}: a limit of time"), ended.map_err(text))?;
            if started.elapsed() > SOON {
                return Err(format!("{way:?}: the limit took {:?}", started.elapsed()));
            }
            nothing_runs(cluster, "limited")?;
            // What comes in pieces is never held whole.
            let ended = way.ask(&mut conn, &many).await.map_err(text);
            let is_free = way == Way::Streamed;
            equal(&format!("{way:?}: as many rows as there are"), ended.is_ok(), is_free)?;
            if let Err(err) = ended {
                contains("a limit of rows", &err, "Row count exceeded 10000")?;
            }
            way.ask(&mut conn, "select 1").await.map_err(text)?;
        }
        Ok(())
    })
}

fn kills(cluster: &LocalCluster) -> Outcome {
    on_runtime(async {
        let mut other = connect(cluster).await?;
        for way in WAYS {
            for (verb, survives) in [("kill query", true), ("kill", false)] {
                let mut conn = way.connect(cluster).await?;
                let id = conn.id();
                let running = tokio::spawn(async move {
                    let sql = "select sleep(60) as killed from customer where customer_id = 1";
                    let ended = way.ask(&mut conn, sql).await;
                    (conn, ended)
                });
                // A kill that comes before the statement would meet nothing.
                if let Err(err) = until_it_runs(cluster, "killed").await {
                    return Err(format!("{err}; its client: {}", end_of(running).await));
                }
                let started = Instant::now();
                other.query_drop(format!("{verb} {id}")).await.map_err(text)?;
                let (mut conn, ended) = running.await.map_err(text)?;
                let what = format!("{way:?}: {verb}");
                if started.elapsed() > SOON {
                    return Err(format!("{what} took {:?}", started.elapsed()));
                }
                match ended {
                    Ok(()) => return Err(format!("{what}: the statement has ended by itself")),
                    Err(err) if survives => contains(&what, &err.to_string(), "1317")?,
                    Err(_) => {}
                }
                let goes_on = conn.query_drop("select 1").await;
                equal(&format!("{what}: the connection goes on"), goes_on.is_ok(), survives)?;
                nothing_runs(cluster, "killed")?;
            }
        }
        Ok(())
    })
}

fn gone(cluster: &LocalCluster) -> Outcome {
    for way in WAYS {
        on_runtime(async {
            let mut conn = way.connect(cluster).await?;
            let running = tokio::spawn(async move {
                let sql = "select sleep(60) as deserted from customer where customer_id = 1";
                way.ask(&mut conn, sql).await
            });
            until_it_runs(cluster, "deserted").await?;
            // The future owns the connection: without it the socket closes in the middle.
            running.abort();
            Ok(())
        })?;
        nothing_runs(cluster, "deserted").map_err(|err| format!("{way:?}: {err}"))?;
    }
    Ok(())
}

fn seen(cluster: &LocalCluster) -> Outcome {
    const TIMES: u64 = 30;
    const FAILURES: u64 = 3;
    let (gateway, tablet) = (cluster.port(15001), cluster.port(15200));
    let routed =
        |page: &serde_json::Value| number(&page["QueryExecutions"]["SELECT.Route.primary"]);
    let refused = |page: &serde_json::Value| sum(&page["VtgateApiErrorCounts"]);
    let run = |page: &serde_json::Value| sum(&page["QueryCounts"]);
    let failed = |page: &serde_json::Value| sum(&page["QueryErrorCounts"]);
    for way in WAYS {
        let told = |err: String| format!("{way:?}: {err}");
        let before = (vars(gateway)?, vars(tablet)?);
        let logs = [Log::open(gateway)?, Log::open(tablet)?];
        on_runtime(async {
            let mut conn = way.connect(cluster).await?;
            for _ in 0..TIMES {
                let sql = "select email as logged from customer where customer_id = 1";
                way.ask(&mut conn, sql).await.map_err(text)?;
            }
            for _ in 0..FAILURES {
                // The servers find out that it cannot be done.
                let sql = "select exp(1000) as failed from customer where customer_id = 1";
                fails("a number that is too large", way.ask(&mut conn, sql).await.map_err(text))?;
            }
            Ok(())
        })
        .map_err(told)?;
        let grown = |what: &str, now: u64, before: u64, least: u64| {
            let counted = now.saturating_sub(before);
            let short = || format!("{way:?}: {what}: {counted} of {least} were counted");
            if counted >= least { Ok(()) } else { Err(short()) }
        };
        within(SOON, || {
            let now = (vars(gateway)?, vars(tablet)?);
            grown("gateway, done", routed(&now.0), routed(&before.0), TIMES)?;
            grown("gateway, failed", refused(&now.0), refused(&before.0), FAILURES)?;
            grown("tablet, done", run(&now.1), run(&before.1), TIMES)?;
            grown("tablet, failed", failed(&now.1), failed(&before.1), FAILURES)
        })?;
        for mut log in logs {
            log.until("email as logged", TIMES).map_err(told)?;
            log.until("as failed", FAILURES).map_err(told)?;
        }
    }
    Ok(())
}

/// The log of statements that a process tells to whoever listens.
struct Log {
    stream: TcpStream,
    told: String,
}

impl Log {
    fn open(web: u16) -> Result<Log, String> {
        let mut stream = TcpStream::connect(("127.0.0.1", web)).map_err(text)?;
        let ask = b"GET /debug/querylog HTTP/1.1\r\nHost: program\r\n\r\n";
        stream.write_all(ask).map_err(text)?;
        stream.set_read_timeout(Some(SOON)).map_err(text)?;
        let mut log = Log { stream, told: String::new() };
        // Once it has answered, it listens.
        log.until("HTTP/1.1 200", 1)?;
        Ok(log)
    }

    /// Reads until a text has come so often.
    fn until(&mut self, part: &str, times: u64) -> Outcome {
        let started = Instant::now();
        while (self.told.matches(part).count() as u64) < times {
            let mut piece = [0; 16 << 10];
            let count = self.stream.read(&mut piece);
            let count = count.map_err(|err| format!("the log: {err}, after:\n{}", self.told))?;
            if count == 0 || started.elapsed() > SOON {
                return Err(format!("the log has too few lines:\n{}", self.told));
            }
            self.told.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
        Ok(())
    }
}

/// Returns what a process counts.
pub(crate) fn vars(web: u16) -> Result<serde_json::Value, String> {
    let mut stream = TcpStream::connect(("127.0.0.1", web)).map_err(text)?;
    let ask = b"GET /debug/vars HTTP/1.1\r\nHost: program\r\nConnection: close\r\n\r\n";
    stream.write_all(ask).map_err(text)?;
    let mut page = String::new();
    stream.read_to_string(&mut page).map_err(text)?;
    let body = page.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let start = body.find('{').ok_or_else(|| format!("no JSON in:\n{page}"))?;
    let end = body.rfind('}').ok_or_else(|| format!("no JSON in:\n{page}"))?;
    serde_json::from_str(&body[start..=end]).map_err(text)
}

fn number(value: &serde_json::Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Returns the sum of the counts under all labels.
fn sum(value: &serde_json::Value) -> u64 {
    value.as_object().map_or(0, |counts| counts.values().map(number).sum())
}

/// Waits until no statement with the word runs on the shard's server.
fn nothing_runs(cluster: &LocalCluster, word: &str) -> Outcome {
    within(SOON, || match running(cluster, word)? {
        0 => Ok(()),
        count => Err(format!("{count} statements named {word} still run")),
    })
}

/// Tells how a statement has ended, if it has.
async fn end_of<T>(running: tokio::task::JoinHandle<(Conn, mysql_async::Result<T>)>) -> String {
    if !running.is_finished() {
        return "under way".to_owned();
    }
    match running.await {
        Ok((_, Ok(_))) => "done".to_owned(),
        Ok((_, Err(err))) => err.to_string(),
        Err(err) => err.to_string(),
    }
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
