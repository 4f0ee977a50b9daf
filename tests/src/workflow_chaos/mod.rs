//! Chaos during workflows: tables move between keyspaces and shards are split and merged, while
//! clients write and processes are killed, by a seed; at the end of each round a checker proves that
//! no row is lost or doubled, and that no workflow is left that needs a hand.
//!
//! Start at [`main`]. [`rounds`] moves and splits, [`faults`] kills, [`clients`] write and remember
//! what was acknowledged, [`check`] compares.

mod check;
mod clients;
mod faults;
mod rounds;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use vt_testkit::LocalCluster;

use crate::Case;
use crate::check::Outcome;
use rounds::Rounds;

/// The shortest run: tables go away and come back, and in each step something dies.
pub(crate) fn cases() -> Vec<Case> {
    vec![("tables move while processes die", |_| {
        run(&Options { seconds: 0, rows: 12_000, reshards: false, ..Options::default() })
    })]
}

const HELP: &str = "\
usage: cargo run -p vt-e2e -- workflows-chaos [options]

  --seconds N      begin rounds for so long (30)
  --seed S         which workflows and which faults, in which order (1)
  --rows N         rows that are copied beside those that clients write (20000)
  --replicas N     replicas of each shard (1)
  --reshards N     0 leaves the splits and merges out, which take a while (1)
";

/// What the command line asks for.
#[derive(Clone, Debug)]
struct Options {
    seconds: u64,
    seed: u64,
    rows: u64,
    replicas: u64,
    /// Shards are split and merged too.
    reshards: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { seconds: 30, seed: 1, rows: 20_000, replicas: 1, reshards: true }
    }
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut args = args.iter();
        while let Some(flag) = args.next() {
            let value = args.next().ok_or_else(|| format!("{flag} wants a value\n{HELP}"))?;
            let number = value.parse().map_err(|_| format!("{flag}: {value:?} is no number"))?;
            match flag.as_str() {
                "--seconds" => options.seconds = number,
                "--seed" => options.seed = number,
                "--rows" => options.rows = number,
                "--replicas" => options.replicas = number,
                "--reshards" => options.reshards = number != 0,
                _ => return Err(format!("unknown option {flag}\n{HELP}")),
            }
        }
        Ok(options)
    }
}

/// Runs as the command line says.
pub(crate) fn main(args: &[String]) -> ExitCode {
    if args.iter().any(|arg| arg == "--help") {
        crate::say(HELP.trim_end());
        return ExitCode::SUCCESS;
    }
    match Options::parse(args).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            crate::say(&err);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Outcome {
    let replicas = options.replicas.to_string();
    let args = ["--keyspace", "home:1", "--keyspace", "away:2", "--replicas", &replicas];
    let cluster = LocalCluster::up_to_grow(&args)?;
    let done = rounds(&cluster, options);
    done.map_err(|err| format!("{err}\nseed {}\n{}", options.seed, cluster.logs()))
}

fn rounds(cluster: &LocalCluster, options: &Options) -> Outcome {
    clients::fill(cluster, options.rows)?;
    let began = Instant::now();
    let time = Duration::from_secs(options.seconds);
    let mut rounds = Rounds::new(cluster, options);
    let mut written = clients::Written::default();
    // At the end all is where it began, so that at least one way has been gone there and back.
    while began.elapsed() < time || !rounds.is_home() {
        let clients = clients::Clients::start(cluster.port(15306), options.seed, &written)?;
        let done = rounds.next();
        written.add(clients.finish()?);
        done?;
        check::all(cluster, options.rows, &written, rounds.keyspace())?;
    }
    crate::say(&rounds.report());
    crate::say(&written.report());
    Ok(())
}
