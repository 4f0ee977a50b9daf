//! Runs of sysbench, and what they print.

use std::process::Command;

use vt_testkit::Tool;
use vt_testkit::tools::output_of;

use crate::Outcome;
use crate::cases::{Case, Run};
use crate::options::Options;
use crate::setup::{Setup, Target};
use crate::usage;

/// Makes sysbench's table behind a target.
pub(crate) fn prepare(target: &Target, rows: u64) -> Outcome<()> {
    let tool = Tool::find("sysbench", "sysbench")?;
    let mut command = command(&tool, target, "oltp_read_write", rows);
    output_of(command.args(["--rand-seed=1", "prepare"])).map(drop)
}

/// Runs a script once against a target.
pub(crate) fn run(
    options: &Options,
    setup: &Setup,
    target: &Target,
    case: &Case,
    script: &str,
) -> Outcome<Run> {
    let mut command = command(&setup.sysbench, target, script, options.rows);
    command.args([
        format!("--threads={}", case.connections),
        format!("--time={}", options.seconds),
        format!("--db-ps-mode={}", if case.is_prepared { "auto" } else { "disable" }),
    ]);
    command.args(["--histogram=on", "--report-interval=0", "run"]);
    let (before, client) = (usage::spent(&target.processes), usage::spent_by_children());
    let out = output_of(&mut command)?;
    let mut spent = usage::between(&before, &usage::spent(&target.processes));
    spent.extend(usage::between(&[client], &[usage::spent_by_children()]));
    let memory = usage::memory(&target.processes);
    let queries = number(&out, "total:").ok_or_else(|| format!("no count of queries:\n{out}"))?;
    let seconds: f64 = word_after(&out, "total time:")
        .and_then(|word| word.trim_end_matches('s').parse().ok())
        .ok_or_else(|| format!("no total time:\n{out}"))?;
    let histogram = histogram(&out);
    Ok(Run {
        rate: queries as f64 / seconds,
        median_ms: quantile(&histogram, 0.5),
        p99_ms: quantile(&histogram, 0.99),
        queries,
        spent,
        memory,
    })
}

fn command(tool: &Tool, target: &Target, script: &str, rows: u64) -> Command {
    let mut command = tool.command();
    command.current_dir(tool.folder("usr/share/sysbench"));
    let plugins = tool.folder("usr/lib/x86_64-linux-gnu/libmariadb3/plugin");
    command.env("MARIADB_PLUGIN_DIR", plugins);
    command.arg(format!("{script}.lua"));
    command.args(["--db-driver=mysql", "--mysql-host=127.0.0.1", "--tables=1"]);
    command.args([
        format!("--mysql-port={}", target.port),
        format!("--mysql-user={}", target.user),
        format!("--mysql-db={}", target.database),
        format!("--table-size={rows}"),
    ]);
    // Uniform: the tail of hot rows would measure MySQL's locks. Errors that a retry heals, as
    // deadlocks do, are sysbench's to count.
    command.args(["--auto_inc=off", "--rand-type=uniform", "--mysql-ignore-errors=1213,1020,1205"]);
    command
}

fn word_after<'a>(out: &'a str, what: &str) -> Option<&'a str> {
    let line = out.lines().find(|line| line.trim_start().starts_with(what))?;
    line.trim_start().strip_prefix(what)?.split_whitespace().next()
}

fn number(out: &str, what: &str) -> Option<u64> {
    word_after(out, what)?.parse().ok()
}

/// Reads the lines `  0.123 |*** 45`: milliseconds, and how many took so long.
fn histogram(out: &str) -> Vec<(f64, u64)> {
    let one = |line: &str| {
        let (value, rest) = line.split_once('|')?;
        let count = rest.split_whitespace().next_back()?.parse().ok()?;
        Some((value.trim().parse().ok()?, count))
    };
    out.lines().filter_map(one).collect()
}

/// Returns the value that a part of all does not exceed.
pub(crate) fn quantile(histogram: &[(f64, u64)], part: f64) -> f64 {
    let all: u64 = histogram.iter().map(|(_, count)| count).sum();
    let wanted = part * all as f64;
    let mut seen = 0.0;
    for (value, count) in histogram {
        seen += *count as f64;
        if seen >= wanted {
            return *value;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_read() {
        let out = "Latency histogram (values are in milliseconds)\n       \
                   value  ------------- distribution ------------- count\n       \
                   0.033 |*****                                     10\n       \
                   0.040 |****************************************  80\n       \
                   1.200 |                                          10\n\n\
                   SQL statistics:\n    queries performed:\n        read:    1000\n        \
                   total:                           1234\n    transactions:  1 (0.5 per sec.)\n\n\
                   General statistics:\n    total time:                          2.0005s\n";
        assert_eq!(number(out, "total:"), Some(1234));
        assert_eq!(word_after(out, "total time:"), Some("2.0005s"));
        let histogram = histogram(out);
        assert_eq!(histogram, [(0.033, 10), (0.04, 80), (1.2, 10)]);
        assert_eq!(quantile(&histogram, 0.5), 0.04);
        assert_eq!(quantile(&histogram, 0.99), 1.2);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }
}
