//! Statements that sysbench has no script for, sent by clients of our own.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use vt_mysql::client::{Address, Conn, ConnectParams};

use crate::Outcome;
use crate::cases::{Case, Run, Statement};
use crate::options::Options;
use crate::setup::Target;
use crate::usage;

/// How many bytes of rows are taken at once.
const BATCH_BYTES: usize = 64 << 10;

/// Sends a statement again and again on each connection until time is up.
pub(crate) fn run(
    options: &Options,
    target: &Target,
    case: &Case,
    statement: &Statement,
    runtime: &Runtime,
) -> Outcome<Run> {
    let failed = |err: vt_base::Error| format!("{}: {err}", statement.name);
    let (before, client) = (usage::spent(&target.processes), usage::spent_by_self());
    let limit = Duration::from_secs(options.seconds);
    let started = Instant::now();
    let workers = (0..case.connections).map(|_| work(target, statement, started, limit));
    let workers: Vec<_> = workers.collect();
    let done = runtime.block_on(async {
        let mut set = tokio::task::JoinSet::new();
        for worker in workers {
            set.spawn(worker);
        }
        set.join_all().await
    });
    let seconds = started.elapsed().as_secs_f64();
    let memory = usage::memory(&target.processes);
    let mut spent = usage::between(&before, &usage::spent(&target.processes));
    spent.extend(usage::between(&[client], &[usage::spent_by_self()]));
    let (mut times, mut rows) = (Vec::new(), 0);
    for one in done {
        let (took, gave) = one.map_err(failed)?;
        times.extend(took);
        rows += gave;
    }
    times.sort_unstable();
    let queries = times.len() as u64;
    let counted = if statement.counts_rows { rows } else { queries };
    Ok(Run {
        rate: counted as f64 / seconds,
        median_ms: at(&times, 0.5),
        p99_ms: at(&times, 0.99),
        queries,
        spent,
        memory,
    })
}

fn at(sorted: &[Duration], part: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1)) as f64 * part;
    // In range by the line above; nothing is lost that a report would show.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    sorted.get(place.round() as usize).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
}

/// Works on one connection; returns how long each statement took, and how many rows came.
fn work(
    target: &Target,
    statement: &Statement,
    started: Instant,
    limit: Duration,
) -> impl Future<Output = vt_base::Result<(Vec<Duration>, u64)>> + Send + 'static {
    let (target, statement) = (target.clone(), statement.clone());
    async move {
        let database = if statement.is_sharded { &target.sharded } else { &target.database };
        let mut conn = connect(&target, database).await?;
        if statement.is_streamed && target.is_ours {
            conn.query("set workload = 'olap'", 0).await?;
        }
        let (mut times, mut rows) = (Vec::new(), 0);
        loop {
            let begun = Instant::now();
            let mut result = conn.query_stream(&statement.sql, BATCH_BYTES).await?;
            while let Some(batch) = result.next_batch().await? {
                rows += batch.len() as u64;
            }
            drop(result);
            times.push(begun.elapsed());
            if started.elapsed() >= limit {
                break;
            }
        }
        conn.close().await;
        Ok((times, rows))
    }
}

/// Connects to a target.
pub(crate) async fn connect(target: &Target, database: &str) -> vt_base::Result<Conn> {
    let mut params = ConnectParams::new(Address::tcp("127.0.0.1", target.port), target.user);
    params.database = Some(database.to_owned());
    Conn::connect(params).await
}
