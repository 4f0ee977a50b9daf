//! Chaos: clients write while processes are killed, paused and handed over, by a seed; at the end
//! a checker proves what was promised.
//!
//! Start at [`main`]. [`clients`] write and remember what was acknowledged, [`faults`] breaks
//! things, [`check`] compares, [`report`] prints. Links are cut and delayed by proxies, as
//! [`crate::links`] tells; [`disks`] are small file systems of their own.

mod check;
mod clients;
mod disks;
mod faults;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use vt_testkit::LocalCluster;

use clients::Clients;

use crate::links::Links;

const HELP: &str = "\
usage: cargo run -p vt-e2e -- chaos [options]

  --seconds N      break things for so long (30)
  --seed S         which faults, in which order (1)
  --clients N      how many clients write (8)
  --report FILE    write the report there too
";

/// What the command line asks for.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
    pub(crate) clients: u64,
    report: Option<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options { seconds: 30, seed: 1, clients: 8, report: None }
    }
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut args = args.iter();
        while let Some(flag) = args.next() {
            let value = args.next().ok_or_else(|| format!("{flag} wants a value\n{HELP}"))?;
            let number = || value.parse().map_err(|_| format!("{flag}: {value:?} is no number"));
            match flag.as_str() {
                "--seconds" => options.seconds = number()?,
                "--seed" => options.seed = number()?,
                "--clients" => options.clients = number()?,
                "--report" => options.report = Some(value.clone()),
                _ => return Err(format!("unknown option {flag}\n{HELP}")),
            }
        }
        Ok(options)
    }
}

/// Runs chaos as the command line says.
pub(crate) fn main(args: &[String]) -> ExitCode {
    if args.iter().any(|arg| arg == "--help") {
        crate::say(HELP.trim_end());
        return ExitCode::SUCCESS;
    }
    if let Some(code) = disks::begin_again(args) {
        return code;
    }
    match Options::parse(args).and_then(|options| run(&options)) {
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

/// Breaks a cluster of its own for a while; returns the report, or what promise was broken.
pub(crate) fn run(options: &Options) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|err| format!("cannot make a folder: {err}"))?;
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).map_err(|err| format!("{}: {err}", path.display()))?;
        Ok::<String, String>(format!("bank={}", path.display()))
    };
    let schema = file("schema.sql", include_str!("schema.sql"))?;
    let vschema = file("vschema.json", include_str!("vschema.json"))?;
    let args =
        ["--keyspace", "bank:2", "--replicas", "2", "--schema", &schema, "--vschema", &vschema];
    let (cluster, (links, disks)) = LocalCluster::up_proxied(&args, |cluster| {
        let disks = disks::Disks::make(cluster.folder(), &faults::TABLETS)?;
        Ok((Links::make(cluster, &faults::TABLETS)?, disks))
    })?;
    if disks.is_none() {
        crate::say("chaos: no disk is filled: file systems cannot be mounted here");
    }
    clients::fill(&cluster, options)?;
    let clients = Clients::start(cluster.port(15306), options)?;
    let broken = faults::Driver::new((&cluster, &links), disks.as_ref(), &clients, options.seed)
        .run(Duration::from_secs(options.seconds));
    links.heal();
    let seen = clients.finish()?;
    let with_logs = |err: String| format!("{err}\nseed {}\n{}", options.seed, cluster.logs());
    let broken = broken.map_err(with_logs)?;
    let kept = check::read(&cluster, options).map_err(with_logs)?;
    let faults = check::judge(&seen, &kept);
    let text = report::text(options, &broken, &seen, &kept, &faults);
    if let Some(path) = &options.report {
        std::fs::write(path, &text).map_err(|err| format!("{path}: {err}"))?;
    }
    if faults.is_empty() { Ok(text) } else { Err(with_logs(text)) }
}
