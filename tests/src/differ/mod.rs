//! MySQL as the judge: statements run on one plain mysqld and through the gateway on one, two and
//! four shards, and all must agree on rows, columns, counts, errors and warnings.
//!
//! Start at [`main`], the command `cargo xtask differ`. Statements come from files ([`files`]) or
//! from chance ([`generate`]); [`judge`] runs and compares them, [`shrink`] makes small what fails.

mod answer;
mod bench;
mod compare;
mod files;
mod generate;
mod judge;
mod report;
mod shrink;
mod tokens;
mod world;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use vt_testkit::LocalCluster;
use vt_testkit::tools::repository;

use crate::Case;
use crate::check::Outcome;
use crate::exceptions::Exceptions;
use bench::Bench;
use judge::Judge;
use report::Report;

const HELP: &str = "\
usage: cargo xtask differ [options]

  --slice           what CI compares: the files of tests/diff
  --files WORD      the files of tests/diff whose name has the word ('' is all)
  --wide            the files of tests/diff/wide, which still have faults and are not in CI
  --statements N    so many statements by chance
  --seed S          where chance begins (1)
  --round R         this round of the seed alone
  --per-round N     so many statements share tables (80)
  --sql TEXT        these statements on the tables of tests/diff, with both answers
  --shards 1,2,4    the keyspaces that are compared
  --shrinks N       make so many differences small (40)
  --seconds N       end after so many seconds (36000)
  --strict          differences that are known count too
  --report FILE     write the report there too
";

/// What the command line asks for.
#[derive(Debug)]
struct Options {
    files: Option<String>,
    sql: Option<String>,
    statements: u64,
    seed: u64,
    round: Option<u64>,
    per_round: u64,
    shards: Vec<usize>,
    shrinks: usize,
    seconds: u64,
    strict: bool,
    wide: bool,
    report: Option<String>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options {
            files: None,
            sql: None,
            statements: 0,
            seed: 1,
            round: None,
            per_round: 80,
            shards: vec![1, 2, 4],
            shrinks: 40,
            seconds: 36_000,
            strict: false,
            wide: false,
            report: None,
        };
        let mut args = args.iter();
        while let Some(flag) = args.next() {
            if flag == "--slice" {
                options.files = Some(String::new());
                continue;
            }
            if flag == "--strict" || flag == "--wide" {
                options.strict |= flag == "--strict";
                options.wide |= flag == "--wide";
                continue;
            }
            let value = args.next().ok_or_else(|| format!("{flag} wants a value\n{HELP}"))?;
            let number = || value.parse().map_err(|_| format!("{flag}: {value:?} is no number"));
            match flag.as_str() {
                "--files" => options.files = Some(value.clone()),
                "--sql" => options.sql = Some(value.clone()),
                "--statements" => options.statements = number()?,
                "--seed" => options.seed = number()?,
                "--round" => options.round = Some(number()?),
                "--per-round" => options.per_round = number()?.max(1),
                "--shrinks" => options.shrinks = number()? as usize,
                "--seconds" => options.seconds = number()?,
                "--report" => options.report = Some(value.clone()),
                "--shards" => {
                    let counts: Result<Vec<usize>, _> = value.split(',').map(str::parse).collect();
                    options.shards = counts.map_err(|_| format!("{flag}: {value:?}"))?;
                }
                _ => return Err(format!("unknown option {flag}\n{HELP}")),
            }
        }
        Ok(options)
    }
}

/// Runs the command; fails if something differs that is not known.
pub(crate) fn main(args: &[String]) -> ExitCode {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        crate::say(HELP.trim_end());
        return ExitCode::SUCCESS;
    }
    match Options::parse(args).and_then(|options| run(&options)) {
        Ok(report) => {
            crate::say(report.text().trim_end());
            if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(err) => {
            crate::say(&format!("differ: {err}"));
            ExitCode::FAILURE
        }
    }
}

/// What CI compares.
pub(crate) fn cases() -> Vec<Case> {
    vec![("mysql and the shards agree", agree)]
}

fn agree(_: &LocalCluster) -> Outcome {
    let report = Options::parse(&["--slice".to_owned()]).and_then(|options| run(&options))?;
    if report.differences.is_empty() {
        crate::say(&report.summary());
        return Ok(());
    }
    Err(report.text())
}

fn folder() -> PathBuf {
    repository().join("tests/diff")
}

fn run(options: &Options) -> Result<Report, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(compare(options))
}

async fn compare(options: &Options) -> Result<Report, String> {
    let started = Instant::now();
    let bench = Bench::start(&options.shards).await?;
    crate::say(&format!("sides up in {:.1} s", started.elapsed().as_secs_f64()));
    let known = match options.strict {
        true => Exceptions::default(),
        false => Exceptions::read(&folder().join("known.txt"))?,
    };
    let mut judge = Judge {
        bench,
        known,
        report: Report::default(),
        shrinks: options.shrinks,
        open: BTreeSet::new(),
        met: BTreeSet::new(),
    };
    let done = drive(&mut judge, options).await;
    let text = judge.report.text();
    if let Some(path) = &options.report {
        std::fs::write(path, &text).map_err(|err| format!("{path}: {err}"))?;
    }
    done.map_err(|err| format!("{err}\n{}\n{text}", judge.bench.logs()))?;
    Ok(judge.report)
}

async fn drive(judge: &mut Judge, options: &Options) -> Result<(), String> {
    if let Some(sql) = &options.sql {
        return files::show(judge, &folder(), sql).await;
    }
    if let Some(word) = &options.files {
        // To write the list anew, all must be seen.
        if !options.strict && !is_update() {
            judge.open = listed("open.txt").into_iter().collect();
        }
        let files = if options.wide { folder().join("wide") } else { folder() };
        let refused = files::run(judge, &folder(), &files, word).await?;
        let foreign = folder().join("foreign");
        if !options.wide && "foreign".contains(word.as_str()) {
            files::run(judge, &foreign, &foreign, "").await?;
        }
        let open = std::mem::take(&mut judge.open);
        if word.is_empty() && !options.wide {
            check_list("refused.txt", &refused)?;
            let mut differing = std::mem::take(&mut judge.met);
            if is_update() {
                differing
                    .extend(judge.report.differences.drain(..).map(|one| one.run().sql.clone()));
            }
            if is_update() || !open.is_empty() {
                check_list("open.txt", &differing)?;
            }
        }
    }
    if options.statements > 0 {
        let plan = generate::Plan {
            count: options.statements,
            seed: options.seed,
            round: options.round,
            per_round: options.per_round,
            limit: Duration::from_secs(options.seconds),
        };
        generate::run(judge, &plan).await?;
    }
    Ok(())
}

fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// Returns the statements of a list, of which there may be none.
fn listed(name: &str) -> Vec<String> {
    world::statements(&std::fs::read_to_string(folder().join(name)).unwrap_or_default())
}

/// Fails where a list names other statements than were seen; it may only shrink. `UPDATE=1` writes
/// it anew.
fn check_list(name: &str, seen: &BTreeSet<String>) -> Outcome {
    if is_update() {
        let path = folder().join(name);
        let text: String = seen.iter().map(|sql| format!("{sql};\n")).collect();
        return std::fs::write(&path, text).map_err(|err| format!("{}: {err}", path.display()));
    }
    let wanted: BTreeSet<String> = listed(name).into_iter().collect();
    if *seen == wanted {
        return Ok(());
    }
    let more: Vec<&String> = seen.difference(&wanted).collect();
    let fewer: Vec<&String> = wanted.difference(seen).collect();
    Err(format!("{name} is not what was seen\nnot listed: {more:#?}\nno longer: {fewer:#?}"))
}
