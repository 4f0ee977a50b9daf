//! TPC-C's five transactions on four shards, small: warehouses decide on the shard, payments and
//! orders from other warehouses go over several. At the end the specification's conditions of
//! consistency (clause 3.3.2) are asked through the gateway, and sums of what was acknowledged.
//!
//! Start at [`main`]. [`load`] fills, [`client`] runs transactions, [`check`] proves.

mod check;
mod client;
mod load;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use vt_testkit::{LocalCluster, SharedCluster};

use crate::Case;
use crate::check::Outcome;

use client::{Client, Tally};

const HELP: &str = "\
usage: cargo run -p vt-e2e -- tpcc [options]

  --warehouses N   how large (4)
  --clients N      how many at once (4)
  --seconds N      for so long (20)
  --seed S         where chance begins (1)
";

/// Every district has so many customers; the specification says 3000.
const CUSTOMERS: u32 = 30;
/// The specification says 100,000.
const ITEMS: u32 = 200;
const DISTRICTS: u32 = 10;
/// Orders that a district begins with, of which the last third is not delivered.
const ORDERS: u32 = 30;
const SHARDS: [&str; 4] = ["-40", "40-80", "80-c0", "c0-"];

/// What the command line asks for.
#[derive(Clone, Copy, Debug)]
struct Options {
    warehouses: u32,
    clients: u64,
    seconds: u64,
    seed: u64,
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options { warehouses: 4, clients: 4, seconds: 20, seed: 1 };
        let mut args = args.iter();
        while let Some(flag) = args.next() {
            let value = args.next().ok_or_else(|| format!("{flag} wants a value\n{HELP}"))?;
            let number: u64 =
                value.parse().map_err(|_| format!("{flag}: {value:?} is no number"))?;
            match flag.as_str() {
                "--warehouses" => options.warehouses = number.clamp(1, 100) as u32,
                "--clients" => options.clients = number.max(1),
                "--seconds" => options.seconds = number,
                "--seed" => options.seed = number,
                _ => return Err(format!("unknown option {flag}\n{HELP}")),
            }
        }
        Ok(options)
    }
}

/// Runs the workload as the command line says.
pub(crate) fn main(args: &[String]) -> ExitCode {
    if args.iter().any(|arg| arg == "--help") {
        crate::say(HELP.trim_end());
        return ExitCode::SUCCESS;
    }
    match Options::parse(args).and_then(run) {
        Ok(text) => {
            crate::say(&text);
            ExitCode::SUCCESS
        }
        Err(err) => {
            crate::say(&err);
            ExitCode::FAILURE
        }
    }
}

/// What CI runs: few seconds of it; `E2E_SECONDS=60` is the long form.
pub(crate) fn cases() -> Vec<Case> {
    vec![("TPC-C on four shards keeps its conditions", short)]
}

fn short(_: &LocalCluster) -> Outcome {
    let seconds = std::env::var("E2E_SECONDS").ok().and_then(|text| text.parse().ok());
    let options = Options { warehouses: 4, clients: 4, seconds: seconds.unwrap_or(6), seed: 1 };
    run(options).map(|text| crate::say(&text))
}

fn run(options: Options) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(drive(options))
}

async fn drive(options: Options) -> Result<String, String> {
    let cluster = SharedCluster::start(&[("tpcc", &SHARDS)])?;
    let outcome = measure(&cluster, options).await;
    outcome.map_err(|err| format!("seed {}: {err}\n{}", options.seed, cluster.logs()))
}

async fn measure(cluster: &SharedCluster, options: Options) -> Result<String, String> {
    let vschema = include_str!("vschema.json");
    cluster.client(&["ApplyVSchema", "--vschema", vschema, "tpcc"])?;
    let mut conn = connect(cluster).await?;
    load::fill(&mut conn, options.warehouses).await?;
    let clean = check::run(&mut conn, &Tally::default()).await?;
    if !clean.is_empty() {
        return Err(format!("inconsistent before the first transaction:\n{}", clean.join("\n")));
    }
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let mut running = Vec::new();
    for number in 0..options.clients {
        let conn = connect(cluster).await?;
        running.push(Client::new(conn, options.seed + number, options.warehouses).run(until));
    }
    let mut total = Tally::default();
    for tally in futures::future::join_all(running).await {
        total.add(&tally?);
    }
    if total.new_orders == 0 || total.payments == 0 {
        return Err(format!("too little was done: {}", total.text(options.seconds)));
    }
    let broken = check::run(&mut conn, &total).await?;
    let text = total.text(options.seconds);
    if broken.is_empty() { Ok(text) } else { Err(format!("{text}\n{}", broken.join("\n"))) }
}

/// Connects; the gateway hears of the vschema a moment after it is applied.
async fn connect(cluster: &SharedCluster) -> Result<Conn, String> {
    let started = Instant::now();
    loop {
        let options = OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(cluster.gate_port())
            .user(Some("user"))
            .db_name(Some("tpcc"))
            .prefer_socket(false);
        let failed = match Conn::new(options).await {
            Ok(mut conn) => {
                let tables: Result<Vec<mysql_async::Row>, _> =
                    conn.query("show vschema tables").await;
                match tables {
                    Ok(rows) if rows.len() >= 9 => return Ok(conn),
                    Ok(_) => "the vschema does not come".to_owned(),
                    Err(err) => err.to_string(),
                }
            }
            Err(err) => err.to_string(),
        };
        if started.elapsed() > Duration::from_secs(30) {
            return Err(failed);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
