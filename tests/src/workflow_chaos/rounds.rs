//! The workflows of one round, step by step: each step is a command that is given again until it
//! succeeds, while something dies.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use vt_testkit::LocalCluster;

use super::Options;
use super::faults::{self, Fault};
use crate::check::Outcome;

/// How the keyspace `away` shards what moves there.
pub(super) const VSCHEMA: &str = r#"{"sharded": true, "vindexes": {"hash": {"type": "hash"}}, "tables": {
    "entry": {"column_vindexes": [{"column": "id", "name": "hash"}]},
    "counter": {"column_vindexes": [{"column": "id", "name": "hash"}]}}}"#;

/// The same without the tables: a name without a keyspace means those that are at home.
pub(super) const NO_TABLES: &str =
    r#"{"sharded": true, "vindexes": {"hash": {"type": "hash"}}, "tables": {}}"#;

/// Within this time a step must be through, its faults included.
pub(super) const WAIT: Duration = Duration::from_secs(240);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
/// One attempt.
const ATTEMPT: Duration = Duration::from_secs(150);
const WORKFLOW: &str = "chaos";

/// What has been done so far, and where the tables are.
pub(super) struct Rounds<'a> {
    cluster: &'a LocalCluster,
    rng: StdRng,
    reshards: bool,
    is_home: bool,
    shards: usize,
    number: u32,
    /// How often each fault came in each step.
    faults: BTreeMap<(String, Fault), u32>,
}

impl<'a> Rounds<'a> {
    pub(super) fn new(cluster: &'a LocalCluster, options: &Options) -> Rounds<'a> {
        Rounds {
            cluster,
            rng: StdRng::seed_from_u64(options.seed),
            reshards: options.reshards,
            is_home: true,
            shards: 2,
            number: 0,
            faults: BTreeMap::new(),
        }
    }

    /// Returns whether the tables are where they were at the beginning, and have been away.
    pub(super) fn is_home(&self) -> bool {
        self.is_home && self.number > 1
    }

    pub(super) fn keyspace(&self) -> &'static str {
        if self.is_home { "home" } else { "away" }
    }

    /// Says which faults came when.
    pub(super) fn report(&self) -> String {
        let mut text = format!("{} rounds; faults:", self.number);
        for ((step, fault), times) in &self.faults {
            text.push_str(&format!("\n  {step}: {fault:?} {times}"));
        }
        text
    }

    /// Does one round, of a kind that can be now.
    pub(super) fn next(&mut self) -> Outcome {
        self.number += 1;
        let done = match !self.is_home && self.reshards && self.rng.random_range(0..2) == 0 {
            true => self.reshard(),
            false => self.move_tables(),
        };
        done.map_err(|err| format!("round {}: {err}", self.number))
    }

    fn reshard(&mut self) -> Outcome {
        let others: Vec<usize> = [1, 2, 3].into_iter().filter(|one| *one != self.shards).collect();
        let shards = others[self.rng.random_range(0..others.len())];
        crate::say(&format!("round {}: away gets {shards} shards", self.number));
        let count = shards.to_string();
        // What was begun is finished by the same command.
        self.step("reshard", |cluster| {
            cluster.vitrum(&["reshard", "away", "--shards", &count, "--yes", "--timeout", "120"])
        })?;
        self.shards = shards;
        Ok(())
    }

    fn move_tables(&mut self) -> Outcome {
        let (from, to) = if self.is_home { ("home", "away") } else { ("away", "home") };
        crate::say(&format!("round {}: from {from} to {to}", self.number));
        if to == "away" {
            // Tables that left have left the VSchema too.
            self.quietly(&["ApplyVSchema", "--vschema", VSCHEMA, "away"])?;
        }
        self.verb(to, "create", &["--source-keyspace", from, "--tables", "entry,counter"])?;
        self.copied(to)?;
        if self.rng.random_range(0..8) == 0 {
            self.verb(to, "cancel", &[])?;
            return match to {
                "away" => self.quietly(&["ApplyVSchema", "--vschema", NO_TABLES, "away"]),
                _ => Ok(()),
            };
        }
        self.compare(to)?;
        if self.rng.random() {
            self.verb(to, "switchtraffic", &["--tablet-types", "rdonly,replica"])?;
        }
        self.verb(to, "switchtraffic", &[])?;
        if self.rng.random() {
            self.verb(to, "reversetraffic", &[])?;
            self.verb(to, "switchtraffic", &[])?;
        }
        self.verb(to, "complete", &[])?;
        self.is_home = !self.is_home;
        Ok(())
    }

    /// Gives a command of the workflow until it has succeeded.
    fn verb(&mut self, to: &str, verb: &str, more: &[&str]) -> Outcome {
        let workflow = ["MoveTables", "--workflow", WORKFLOW, "--target-keyspace", to, verb];
        let args = [&workflow, more].concat();
        self.step(verb, |cluster| client(cluster, &args))
    }

    /// Waits until all streams run, while something dies.
    fn copied(&mut self, to: &str) -> Outcome {
        let args = ["MoveTables", "--workflow", WORKFLOW, "--target-keyspace", to];
        let args = [&args[..], &["status", "--wait", "--wait-update-interval", "60s"]].concat();
        self.step("copy", |cluster| client(cluster, &args))
    }

    /// Compares all rows, while something dies.
    fn compare(&mut self, to: &str) -> Outcome {
        let args = ["VDiff", "--workflow", WORKFLOW, "--target-keyspace", to];
        let create = [&args[..], &["create", "--wait", "--wait-update-interval", "60s"]].concat();
        self.step("vdiff", |cluster| client(cluster, &create))?;
        let out = self.cluster.client(&[&args[..], &["show", "last"]].concat())?;
        match out.contains("HasMismatch:  false") && out.contains("State:        completed") {
            true => Ok(()),
            false => Err(format!("the rows differ:\n{out}")),
        }
    }

    /// Gives a command without a fault until it succeeds.
    fn quietly(&mut self, args: &[&str]) -> Outcome {
        crate::check::within(WAIT, || self.cluster.client(args).map(drop))
    }

    /// Gives a command again and again until it succeeds, while something dies.
    fn step(&mut self, name: &str, command: impl Fn(&LocalCluster) -> Command) -> Outcome {
        let began = Instant::now();
        let mut faults = faults::plan(&mut self.rng);
        faults.sort_by_key(|one| one.after);
        for one in &faults {
            *self.faults.entry((name.to_owned(), one.fault)).or_default() += 1;
        }
        let mut faults = faults.into_iter().peekable();
        let (mut told, mut attempts) = (Vec::new(), 0);
        loop {
            attempts += 1;
            let mut running = Attempt::start(command(self.cluster))?;
            let ended = loop {
                if let Some(fault) = faults.next_if(|one| began.elapsed() >= one.after) {
                    told.push(faults::apply(self.cluster, &fault)?);
                }
                if let Some(ended) = running.ended()? {
                    break ended;
                }
                std::thread::sleep(Duration::from_millis(10));
            };
            // A command that was carried out, and whose answer was lost, finds it done.
            let is_done = |text: &str| match name {
                "create" => text.contains("workflow chaos already exists in keyspace"),
                "complete" | "cancel" => {
                    text.contains("no streams found") || text.contains("does not exist in")
                }
                _ => false,
            };
            match ended {
                Ok(()) => break,
                Err(text) if attempts > 1 && is_done(&text) => break,
                Err(text) if began.elapsed() > WAIT => {
                    let told = told.join("; ");
                    return Err(format!("{name} did not succeed in {WAIT:?} ({told}): {text}"));
                }
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
        let took = began.elapsed();
        crate::say(&format!("  {name}: {took:.1?}, {attempts} attempts; {}", told.join("; ")));
        Ok(())
    }
}

fn client(cluster: &LocalCluster, args: &[&str]) -> Command {
    let server = format!("localhost:{}", cluster.port(15999));
    let mut command = cluster.vitrum(&["vtctldclient", "--server", &server]);
    command.args(args);
    command
}

/// One run of a command.
struct Attempt {
    child: std::process::Child,
    began: Instant,
    errors: tempfile::NamedTempFile,
}

impl Attempt {
    fn start(mut command: Command) -> Result<Attempt, String> {
        let errors = tempfile::NamedTempFile::new().map_err(|err| err.to_string())?;
        let file = errors.reopen().map_err(|err| err.to_string())?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        let child = child.map_err(|err| format!("cannot run {command:?}: {err}"))?;
        Ok(Attempt { child, began: Instant::now(), errors })
    }

    /// Returns how it ended, if it has; one that takes too long is ended.
    fn ended(&mut self) -> Result<Option<Outcome>, String> {
        let status = self.child.try_wait().map_err(|err| err.to_string())?;
        let text = || std::fs::read_to_string(self.errors.path()).unwrap_or_default();
        match status {
            Some(status) if status.success() => Ok(Some(Ok(()))),
            Some(_) => Ok(Some(Err(text()))),
            None if self.began.elapsed() > ATTEMPT => {
                self.child
                    .kill()
                    .and_then(|()| self.child.wait())
                    .map_err(|err| err.to_string())?;
                Ok(Some(Err(format!("it had not ended after {ATTEMPT:?}; {}", text()))))
            }
            None => Ok(None),
        }
    }
}
