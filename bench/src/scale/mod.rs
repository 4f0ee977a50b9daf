//! `vt-bench scale`: what a query costs the gateway when it knows many shards and tablets, serves
//! many connections, and has seen many statements; and what tablets cost that nobody asks.
//!
//! The gateway and the topology are real processes. The tablets are simulated in this one: they
//! answer our own transport with one row, and tell of their health as real ones do, so that what
//! is measured is the gateway alone.

pub(crate) mod echo;
mod fleet;
mod world;

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use vt_mysql::client::{Address, Conn, ConnectParams};

use crate::{Outcome, say, usage};
use world::World;

const HELP: &str = "\
usage: vt-bench scale [options]

  --seconds N         how long each measurement takes (default 5)
  --rounds N          how often each pair is measured, in turns (default 3)
  --shards N          shards of the large keyspace (default 256)
  --tablets N         tablets of the large cluster (default 10000)
  --connections N     connections of the crowded gateway (default 10000)
  --statements N      distinct statements of the varied load (default 100000)
  --only WHAT         shards, connections, statements or tablets; may be repeated
";

struct Options {
    seconds: u64,
    rounds: u64,
    shards: usize,
    tablets: usize,
    connections: usize,
    statements: usize,
    only: Vec<String>,
}

impl Options {
    fn read(args: &[String]) -> Outcome<Option<Options>> {
        let mut options = Options {
            seconds: 5,
            rounds: 3,
            shards: 256,
            tablets: 10_000,
            connections: 10_000,
            statements: 100_000,
            only: Vec::new(),
        };
        let mut rest = args.iter();
        while let Some(name) = rest.next() {
            if name == "--help" || name == "-h" {
                return Ok(None);
            }
            let value = rest.next().ok_or_else(|| format!("{name} needs a value\n{HELP}"))?;
            if name == "--only" {
                options.only.push(value.clone());
                continue;
            }
            let number: u64 = value.parse().map_err(|_| format!("{name} {value}: not a number"))?;
            let count = usize::try_from(number.max(1)).unwrap_or(1);
            match name.as_str() {
                "--seconds" => options.seconds = number.max(1),
                "--rounds" => options.rounds = number.max(1),
                "--shards" => options.shards = count.next_power_of_two(),
                "--tablets" => options.tablets = count,
                "--connections" => options.connections = count,
                "--statements" => options.statements = count,
                _ => return Err(format!("unknown option {name}\n{HELP}")),
            }
        }
        Ok(Some(options))
    }

    fn takes(&self, what: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|one| one == what)
    }
}

/// Connections that the load comes from, unless their number is what is measured.
const CONNECTIONS: usize = 64;
/// Distinct statements of the load, unless their number is what is measured.
const STATEMENTS: usize = 10;
/// Most statements under way at the same time.
const AT_ONCE: usize = 64;
/// Queries before those that count, a connection each at least.
const WARM_UP: Duration = Duration::from_secs(2);

/// A load on one cluster.
#[derive(Clone, Copy)]
struct Load {
    connections: usize,
    statements: usize,
    /// How many of the shards are asked; all if none is said.
    shards: Option<usize>,
}

const USUAL: Load = Load { connections: CONNECTIONS, statements: STATEMENTS, shards: None };

/// Shards of the small cluster; of the large one, those that are asked where others are only known.
const SHARDS: usize = 2;
/// Rows of such shards that are asked for in turns.
const IDS: usize = 64;

/// What a load cost.
struct Cost {
    queries: u64,
    seconds: f64,
    /// CPU microseconds of the gateway a query.
    cpu_us: f64,
}

/// Runs the command.
///
/// # Errors
/// A process does not start, or a query fails.
pub(crate) fn main(args: &[String]) -> Outcome<()> {
    let Some(options) = Options::read(args)? else {
        say(HELP.trim_end());
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|err| err.to_string())?;
    runtime.block_on(run(&options))
}

async fn run(options: &Options) -> Outcome<()> {
    say("two shards, two tablets");
    let small = World::start(SHARDS, SHARDS).await?;
    let narrow = Load { shards: Some(SHARDS), ..USUAL };
    if options.takes("shards") {
        say(&format!("{} shards, as many tablets", options.shards));
        let sharded = World::start(options.shards, options.shards).await?;
        let name = options.shards.to_string();
        let few = (&small, narrow, "2");
        compare(options, "shards known", few, (&sharded, narrow, &name)).await?;
        compare(options, "shards asked", few, (&sharded, USUAL, &name)).await?;
    }
    if options.takes("connections") {
        let crowd = Load { connections: options.connections, ..USUAL };
        let few = Load { connections: 100, ..USUAL };
        let name = options.connections.to_string();
        compare(options, "connections", (&small, few, "100"), (&small, crowd, &name)).await?;
        let (seconds, rounds) = (options.seconds, options.rounds);
        echo::compare(few.connections, crowd.connections, seconds, rounds).await?;
    }
    if options.takes("statements") {
        let varied = Load { statements: options.statements, ..USUAL };
        let name = options.statements.to_string();
        compare(options, "statements", (&small, USUAL, "10"), (&small, varied, &name)).await?;
    }
    if options.takes("tablets") {
        say(&format!("{} shards with {} tablets", options.shards, options.tablets));
        let one_each = World::start(options.shards, options.shards).await?;
        let alone = usage::resident(small.gateway());
        let large = World::start(options.shards, options.tablets).await?;
        large.quiet().await?;
        idle_cost(&large, options.tablets, alone).await;
        let names = (options.shards.to_string(), options.tablets.to_string());
        let (few, many) = ((&one_each, narrow, &*names.0), (&large, narrow, &*names.1));
        compare(options, "tablets", few, many).await?;
    }
    Ok(())
}

/// Measures two loads in turns, and tells what they cost.
async fn compare(
    options: &Options,
    what: &str,
    one: (&World, Load, &str),
    other: (&World, Load, &str),
) -> Outcome<()> {
    let mut crowds = [Crowd::open(one.0, one.1).await?, Crowd::open(other.0, other.1).await?];
    let sums = in_turns(&mut crowds, options.seconds, options.rounds).await?;
    let rate = |costs: &[Cost]| {
        let queries: u64 = costs.iter().map(|cost| cost.queries).sum();
        queries as f64 / costs.iter().map(|cost| cost.seconds).sum::<f64>()
    };
    let (first, second) = (median_us(&sums[0]), median_us(&sums[1]));
    say(&format!(
        "{what:<13} {:>7}: {first:>6.1} us of CPU a query, {:>8.0}/s   {:>7}: {second:>6.1} us, \
         {:>8.0}/s   ratio {:.2}",
        one.2,
        rate(&sums[0]),
        other.2,
        rate(&sums[1]),
        second / first
    ));
    Ok(())
}

/// What asks a server for a while; each of its connections in its turn.
trait Asks {
    /// Asks for so long, and returns what it cost.
    async fn ask(&mut self, time: Duration) -> Outcome<Cost>;
}

/// Measures two loads in turns, each for so many seconds in each of the rounds, so that the drift
/// of the machine cancels.
async fn in_turns(
    crowds: &mut [impl Asks; 2],
    seconds: u64,
    rounds: u64,
) -> Outcome<[Vec<Cost>; 2]> {
    let mut costs = [Vec::new(), Vec::new()];
    for crowd in &mut *crowds {
        crowd.ask(WARM_UP).await?;
    }
    for round in 0..rounds {
        for turn in 0..2 {
            let index = (turn + round as usize) % 2;
            costs[index].push(crowds[index].ask(Duration::from_secs(seconds)).await?);
        }
    }
    Ok(costs)
}

/// Returns what a query cost in the measurement that stands in the middle.
fn median_us(costs: &[Cost]) -> f64 {
    let mut each: Vec<f64> = costs.iter().map(|cost| cost.cpu_us).collect();
    each.sort_by(f64::total_cmp);
    each.get(each.len() / 2).copied().unwrap_or_default()
}

/// Tells what tablets cost a gateway that has no queries.
async fn idle_cost(world: &World, tablets: usize, alone: u64) {
    const WATCHED: Duration = Duration::from_secs(20);
    let before = cpu_seconds(world);
    tokio::time::sleep(WATCHED).await;
    let spent = cpu_seconds(world) - before;
    let memory = usage::resident(world.gateway());
    say(&format!(
        "{tablets} tablets without queries: {:.1} MiB of memory ({:.1} with two tablets), {:.2} % \
         of a core",
        memory as f64 / f64::from(1 << 20),
        alone as f64 / f64::from(1 << 20),
        100.0 * spent / WATCHED.as_secs_f64()
    ));
}

fn cpu_seconds(world: &World) -> f64 {
    let process = usage::Process { name: "vtgate".to_owned(), pid: world.gateway() };
    usage::spent(&[process]).iter().map(usage::Spent::total).sum()
}

/// Open connections that ask in turns.
struct Crowd<'w> {
    world: &'w World,
    load: Load,
    /// The rows to ask for; any if there are none.
    ids: Vec<u64>,
    /// A part of the connections for each that asks at the same time.
    parts: Vec<tokio::sync::Mutex<Vec<Conn>>>,
}

impl<'w> Crowd<'w> {
    async fn open(world: &'w World, load: Load) -> Outcome<Crowd<'w>> {
        let ids = match load.shards {
            Some(count) => world.ids_of(count, IDS).await?,
            None => Vec::new(),
        };
        let mut set = JoinSet::new();
        let askers = load.connections.min(AT_ONCE);
        for asker in 0..askers {
            let count = load.connections / askers + usize::from(asker < load.connections % askers);
            let port = world.mysql_port();
            set.spawn(async move {
                let mut conns = Vec::with_capacity(count);
                for _ in 0..count {
                    let mut params = ConnectParams::new(Address::tcp("127.0.0.1", port), "user");
                    params.database = Some("scale".to_owned());
                    conns.push(Conn::connect(params).await?);
                }
                Ok::<_, vt_base::Error>(conns)
            });
        }
        let mut parts = Vec::new();
        for opened in set.join_all().await {
            parts.push(tokio::sync::Mutex::new(opened.map_err(|err| err.to_string())?));
        }
        Ok(Crowd { world, load, ids, parts })
    }

    /// Returns the statement of a turn, for a row that chance could have taken. There are as many
    /// shapes as the load has statements.
    fn statement(&self, turn: usize) -> String {
        let number = turn % self.load.statements;
        let chance = (turn as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let id = match self.ids.len() {
            0 => chance,
            count => self.ids[usize::try_from(chance).unwrap_or_default() % count],
        };
        format!("select v as v{number} from t where id = {id}")
    }
}

impl Asks for Crowd<'_> {
    /// Each statement comes in its turn too.
    async fn ask(&mut self, time: Duration) -> Outcome<Cost> {
        let (cpu, started) = (cpu_seconds(self.world), Instant::now());
        let this = &*self;
        let asking = this.parts.iter().enumerate().map(|(asker, part)| async move {
            let mut conns = part.lock().await;
            let (mut queries, mut turn) = (0_u64, asker);
            while started.elapsed() < time {
                for conn in conns.iter_mut() {
                    let sql = this.statement(turn);
                    let rows = conn.query(&sql, 10).await.map_err(|err| err.to_string())?.rows;
                    if rows.len() != 1 {
                        return Err(format!("{sql}: {} rows", rows.len()));
                    }
                    queries += 1;
                    turn += this.parts.len();
                    if started.elapsed() >= time {
                        break;
                    }
                }
            }
            Ok::<u64, String>(queries)
        });
        let mut queries = 0;
        for asked in futures::future::join_all(asking).await {
            queries += asked?;
        }
        let cpu_us = 1e6 * (cpu_seconds(self.world) - cpu) / queries.max(1) as f64;
        Ok(Cost { queries, seconds: started.elapsed().as_secs_f64(), cpu_us })
    }
}
