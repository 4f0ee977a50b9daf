//! What was measured, as tables and as JSON.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use vt_testkit::tools::{Tool, output_of, repository};

use crate::Outcome;
use crate::cases::{Case, Run};
use crate::idle::Idle;
use crate::options::Options;
use crate::setup::Target;

/// All figures of a run of the benchmark.
pub(crate) struct Report {
    pub(crate) machine: Value,
    pub(crate) entries: Vec<Entry>,
    idle: Vec<(&'static str, Idle)>,
    names: Vec<&'static str>,
}

/// A case on every target.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) case: String,
    connections: usize,
    pub(crate) figures: Vec<Figures>,
}

/// A case on one target: medians of its rounds.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) target: &'static str,
    pub(crate) rate: f64,
    pub(crate) median_ms: f64,
    pub(crate) p99_ms: f64,
    /// CPU seconds of each process for 1,000 statements.
    pub(crate) cpu: Vec<(String, f64)>,
    pub(crate) memory: Vec<(String, u64)>,
}

impl Entry {
    pub(crate) fn of(&self, target: &str) -> Option<&Figures> {
        self.figures.iter().find(|one| one.target == target)
    }

    /// Returns a target's throughput as a part of another's.
    pub(crate) fn ratio(&self, target: &str, to: &str) -> Option<f64> {
        let (one, other) = (self.of(target)?, self.of(to)?);
        (other.rate > 0.0).then(|| one.rate / other.rate)
    }

    /// Returns what another's statement costs in CPU, client and all, as a part of what a target's
    /// does: the ratio of throughputs where all share the same busy cores, and steadier than that.
    pub(crate) fn ratio_by_cpu(&self, target: &str, to: &str) -> Option<f64> {
        let all = |one: &Figures| one.cpu.iter().map(|(_, seconds)| seconds).sum::<f64>();
        let (one, other) = (all(self.of(target)?), all(self.of(to)?));
        (one > 0.0).then(|| other / one)
    }
}

impl Report {
    pub(crate) fn new(options: &Options, targets: &[Target]) -> Report {
        let names = targets.iter().map(|target| target.name).collect();
        let machine = machine(options);
        Report { machine, entries: Vec::new(), idle: Vec::new(), names }
    }

    pub(crate) fn add(&mut self, case: &Case, measured: &[(usize, Vec<Run>)]) {
        let figures = measured.iter().map(|(index, runs)| figures(self.names[*index], runs));
        let (figures, connections) = (figures.collect(), case.connections);
        self.entries.push(Entry { case: case.name(), connections, figures });
    }

    pub(crate) fn idle(&mut self, target: &Target, idle: &Idle) {
        crate::say(&format!(
            "  {}: {} connections take {} bytes each ({:.1} MiB before, {:.1} after)",
            target.name,
            idle.connections,
            idle.bytes_each(),
            mib(idle.before),
            mib(idle.after),
        ));
        self.idle.push((target.name, idle.clone()));
    }

    /// Returns the lines of a case.
    pub(crate) fn lines_of(&self, case: &Case) -> String {
        let name = case.name();
        let Some(entry) = self.entries.iter().find(|entry| entry.case == name) else {
            return String::new();
        };
        let mut out = format!("{name}\n");
        for one in &entry.figures {
            let ratio = |to: &str| {
                entry
                    .ratio(one.target, to)
                    .map_or("    -".to_owned(), |ratio| format!("{ratio:5.2}"))
            };
            let used = one.cpu.iter().filter(|(_, seconds)| *seconds >= 0.0005);
            let cpu: Vec<String> =
                used.map(|(name, seconds)| format!("{name} {:.1}", seconds * 1000.0)).collect();
            let memory: Vec<String> = one
                .memory
                .iter()
                .filter(|(name, _)| !name.starts_with("mysqld"))
                .map(|(name, bytes)| format!("{name} {:.0}", mib(*bytes)))
                .collect();
            out.push_str(&format!(
                "  {:<12} {:>10.0}/s  plain {}  router {}  median {:>8.3} ms  p99 {:>8.3} ms  \
                 CPU us/query: {}  MiB: {}\n",
                one.target,
                one.rate,
                ratio("plain"),
                ratio("router"),
                one.median_ms,
                one.p99_ms,
                cpu.join(", "),
                memory.join(", "),
            ));
        }
        out.pop();
        out
    }

    /// Returns the table of targets with what was reached.
    pub(crate) fn targets_table(&self) -> String {
        let mut out = String::from(
            "\n| case | goal, processes | reached | goal, one process | reached | MySQL Router |\n\
             |---|--:|--:|--:|--:|--:|\n",
        );
        let ratios = [
            ("point select, plain text", "oltp_point_select c=8", 0.40, 0.55),
            ("point select, prepared", "oltp_point_select prepared c=8", 0.32, 0.45),
            ("read-write transaction", "oltp_read_write c=8", 0.60, 0.70),
            ("rows streamed a second", "stream_rows c=1", 0.85, 0.95),
        ];
        for (label, case, apart, one) in ratios {
            let entry = self.entries.iter().find(|entry| entry.case == case);
            let reached = |target: &str| {
                let ratio = entry.and_then(|entry| entry.ratio(target, "plain"));
                let by_cpu = entry.and_then(|entry| entry.ratio_by_cpu(target, "plain"));
                match (ratio, by_cpu) {
                    (Some(ratio), Some(by_cpu)) => format!("{ratio:.2} (CPU {by_cpu:.2})"),
                    _ => "not measured".to_owned(),
                }
            };
            out.push_str(&format!(
                "| {label} | {apart:.2} | {} | {one:.2} | {} | {} |\n",
                reached("vitrum"),
                reached("one-process"),
                reached("router"),
            ));
        }
        let added = |target: &str| {
            self.added_us(target).map_or("not measured".to_owned(), |us| format!("{us:.0} us"))
        };
        out.push_str(&format!(
            "| added latency of a point select, median, 1 connection | < 80 us | {} | < 35 us | {} \
             | {} |\n",
            added("vitrum"),
            added("one-process"),
            added("router"),
        ));
        let idle = |target: &str| {
            let found = self.idle.iter().find(|(name, _)| *name == target);
            found.map_or("not measured".to_owned(), |(_, idle)| {
                format!("{:.1} KiB", idle.bytes_each() as f64 / 1024.0)
            })
        };
        let (apart, one) = (idle("vitrum"), idle("one-process"));
        out.push_str(&format!("| memory per idle connection | < 12 KiB | {apart} | | {one} | |\n"));
        let loaded = |target: &str| {
            let of = |entry: &Entry| Some(entry.of(target)?.memory.first()?.1);
            let entries = self.entries.iter().filter(|entry| entry.connections == 64);
            entries
                .filter_map(of)
                .max()
                .map_or("not measured".to_owned(), |bytes| format!("{:.0} MiB", mib(bytes)))
        };
        let (apart, one) = (loaded("vitrum"), loaded("one-process"));
        out.push_str(&format!(
            "| gateway's memory, 64 connections | < 100 MiB | {apart} | | {one} | {} |\n",
            loaded("router")
        ));
        out
    }

    /// Returns how much longer a point select of one connection takes than on plain MySQL.
    pub(crate) fn added_us(&self, target: &str) -> Option<f64> {
        let entry = self.entries.iter().find(|one| one.case == "oltp_point_select c=1")?;
        Some((entry.of(target)?.median_ms - entry.of("plain")?.median_ms) * 1000.0)
    }

    /// Writes `latest.json`.
    pub(crate) fn write(&self, folder: &Path) -> Outcome<()> {
        fs::create_dir_all(folder).map_err(|err| format!("{}: {err}", folder.display()))?;
        let path = folder.join("latest.json");
        let text = serde_json::to_string_pretty(&self.json()).map_err(|err| err.to_string())?;
        fs::write(&path, text).map_err(|err| format!("{}: {err}", path.display()))?;
        crate::say(&format!("written: {}", path.display()));
        Ok(())
    }

    fn json(&self) -> Value {
        let figures = |entry: &Entry, one: &Figures| {
            json!({
                "target": one.target,
                "per_second": one.rate,
                "to_plain": entry.ratio(one.target, "plain"),
                "to_plain_by_cpu": entry.ratio_by_cpu(one.target, "plain"),
                "to_router": entry.ratio(one.target, "router"),
                "median_ms": one.median_ms,
                "p99_ms": one.p99_ms,
                "cpu_seconds_per_1000": one.cpu.iter().cloned().collect::<Pairs<f64>>().0,
                "memory_bytes": one.memory.iter().cloned().collect::<Pairs<u64>>().0,
            })
        };
        let cases: Vec<Value> = self
            .entries
            .iter()
            .map(|entry| {
                let all: Vec<Value> = entry.figures.iter().map(|one| figures(entry, one)).collect();
                json!({ "case": entry.case, "figures": all })
            })
            .collect();
        let idle: Vec<Value> = self
            .idle
            .iter()
            .map(|(target, idle)| {
                json!({
                    "target": target,
                    "connections": idle.connections,
                    "bytes_each": idle.bytes_each(),
                })
            })
            .collect();
        json!({ "machine": self.machine, "cases": cases, "idle": idle })
    }
}

/// Names with values, as a JSON object.
struct Pairs<T>(Value, std::marker::PhantomData<T>);

impl<T: Into<Value>> FromIterator<(String, T)> for Pairs<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(all: I) -> Pairs<T> {
        let map = all.into_iter().map(|(name, value)| (name, value.into()));
        Pairs(Value::Object(map.collect()), std::marker::PhantomData)
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn figures(target: &'static str, runs: &[Run]) -> Figures {
    let middle = |read: &dyn Fn(&Run) -> f64| median(runs.iter().map(read).collect());
    let per_thousand = |place: usize| {
        middle(&|run: &Run| {
            let spent = run.spent.get(place).map_or(0.0, crate::usage::Spent::total);
            spent * 1000.0 / run.queries.max(1) as f64
        })
    };
    let names = runs.first().map(|run| run.spent.clone()).unwrap_or_default();
    let cpu = names.iter().enumerate();
    Figures {
        target,
        rate: middle(&|run| run.rate),
        median_ms: middle(&|run| run.median_ms),
        p99_ms: middle(&|run| run.p99_ms),
        cpu: cpu.map(|(place, one)| (one.name.clone(), per_thousand(place))).collect(),
        memory: runs.last().map(|run| run.memory.clone()).unwrap_or_default(),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (Some(value), 0) => f64::midpoint(values[middle - 1], *value),
        (Some(value), _) => *value,
        (None, _) => 0.0,
    }
}

/// Returns what the figures depend on besides the program.
fn machine(options: &Options) -> Value {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut git = Command::new("git");
    git.args(["rev-parse", "--short=12", "HEAD"]).current_dir(repository());
    let version = |package: &str, program: &str| {
        let tool = Tool::find(package, program);
        let said = tool.and_then(|tool| output_of(tool.command().arg("--version")));
        said.map(|text| text.lines().next().unwrap_or_default().trim().to_owned()).ok()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({
        "seconds_since_1970": now.as_secs(),
        "cpu": model.trim_start_matches([' ', '\t', ':']),
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "load_before": load.split_whitespace().next(),
        "revision": output_of(&mut git).unwrap_or_default().trim(),
        "mysqld": version("mysql", "mysqld"),
        "sysbench": version("sysbench", "sysbench"),
        "seconds": options.seconds,
        "rounds": options.rounds,
        "rows": options.rows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_values_is_found() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(Vec::new()), 0.0);
    }

    #[test]
    fn ratios_are_to_the_named_target() {
        let one = |target, rate| Figures {
            target,
            rate,
            median_ms: 1.0,
            p99_ms: 2.0,
            cpu: vec![("a".to_owned(), 1.0 / rate), ("client".to_owned(), 1.0 / rate)],
            memory: Vec::new(),
        };
        let figures = vec![one("plain", 200.0), one("vitrum", 50.0)];
        let entry = Entry { case: "a c=8".to_owned(), connections: 8, figures };
        assert_eq!(entry.ratio("vitrum", "plain"), Some(0.25));
        assert_eq!(entry.ratio("vitrum", "router"), None);
        assert_eq!(entry.ratio_by_cpu("vitrum", "plain"), Some(0.25));
    }
}
