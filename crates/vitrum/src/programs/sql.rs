//! `vitrum sql`: statements read as MySQL reads them, without a server.

mod answer;
mod input;
mod stats;

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use vt_base::{Code, Error, Result};
use vt_collation::Charset;
use vt_sql::{Arena, Modes};

use super::run::{fail, finish, read_flags, say};
use crate::flags::Flags;
use answer::Answer;
use input::{Item, Source};
use stats::Stats;

const TABLE: &str = "\
format\tstring\t\"sql\"
sql-mode\tstring\t
charset\tstring\t\"utf8mb4\"
mysql-version\tstring\t\"8.4.6\"
stats\tbool\t
";

const USAGE: &str = "\
usage: vitrum sql [flags] [FILE...]

Reads statements as MySQL does, and answers a line of JSON for each:
  {\"ok\", \"error\": {\"code\", \"sqlstate\", \"message\", \"position\"}, \"kind\", \"canonical\",
   \"fingerprint\", \"binds\", \"tables\"}
Without files, or for the file -, standard input is read.

The exit status is 0 if all were taken, 1 if one was refused, 2 if input cannot be read.

  --format FORMAT          sql: statements with semicolons between, DELIMITER too (the default);
                           jsonl: {\"sql\": \"...\"} a line
  --sql-mode MODES         as SET sql_mode takes them; what changes the grammar counts
  --charset NAME           the character set of the input (utf8mb4)
  --mysql-version VERSION  the version that version comments are compared with (8.4.6)
  --stats                  print counts by kind, bytes of trees and times to standard error
";

/// The exit status for input that cannot be read.
const UNREADABLE: u8 = 2;

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    #[default]
    Taken,
    Refused,
    Unreadable,
}

/// How statements are read.
struct Reading {
    is_jsonl: bool,
    modes: Modes,
    charset: Charset,
}

pub(super) fn main(args: &[String]) -> ExitCode {
    if args.iter().any(|arg| matches!(arg.as_str(), "--help" | "-help" | "-h")) {
        say(USAGE);
        return ExitCode::SUCCESS;
    }
    match read_flags("vitrum sql", TABLE, args) {
        Ok(Some(flags)) => match run(&flags) {
            Ok(Outcome::Taken) => ExitCode::SUCCESS,
            Ok(Outcome::Refused) => ExitCode::FAILURE,
            Ok(Outcome::Unreadable) => ExitCode::from(UNREADABLE),
            Err(err) => {
                fail(err.message());
                ExitCode::from(UNREADABLE)
            }
        },
        Ok(None) => ExitCode::SUCCESS,
        Err(err) => {
            finish(Err(err));
            ExitCode::from(UNREADABLE)
        }
    }
}

fn run(flags: &Flags) -> Result<Outcome> {
    let reading = reading(flags)?;
    let mut run = Run {
        reading: &reading,
        arena: Arena::new(),
        stats: Stats::default(),
        out: BufWriter::new(std::io::stdout().lock()),
        worst: Outcome::Taken,
    };
    let stdin = ["-".to_owned()];
    let names = if flags.args.is_empty() { &stdin[..] } else { &flags.args };
    for name in names {
        let read = Source::open(name).and_then(|source| run.source(source));
        match read {
            Ok(Flow::On) => {}
            // Nobody reads what we write.
            Ok(Flow::Closed) => return Ok(run.worst),
            Err(err) => {
                fail(&format!("{name}: {}", err.message()));
                run.worst = Outcome::Unreadable;
            }
        }
    }
    // A closed pipe is no reason to fail.
    let _ = run.out.flush();
    if flags.bool("stats") {
        let _ = std::io::stderr().write_all(run.stats.to_string().as_bytes());
    }
    Ok(run.worst)
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message)
}

fn reading(flags: &Flags) -> Result<Reading> {
    let is_jsonl = match flags.string("format").as_str() {
        "sql" => false,
        "jsonl" => true,
        other => return Err(wrong(format!("--format {other}: sql or jsonl"))),
    };
    let mode = flags.string("sql-mode");
    if let Some(unknown) = mode.split(',').map(str::trim).find(|word| !is_mode(word)) {
        return Err(wrong(format!("--sql-mode {unknown}: no mode of MySQL's")));
    }
    let version = flags.string("mysql-version");
    let modes = Modes::from_sql_mode(&mode).with_version(&version);
    let modes = modes.ok_or_else(|| wrong(format!("--mysql-version {version}: as in 8.4.6")))?;
    let name = flags.string("charset");
    let charset = Charset::from_name(&name)
        .ok_or_else(|| wrong(format!("--charset {name}: no character set of MySQL's")))?;
    if !charset.keeps_ascii() {
        return Err(wrong(format!("--charset {name}: MySQL takes no statements in it")));
    }
    Ok(Reading { is_jsonl, modes, charset })
}

fn is_mode(word: &str) -> bool {
    const MODES: &[&str] = &[
        "",
        "DEFAULT",
        "ALLOW_INVALID_DATES",
        "ANSI",
        "ANSI_QUOTES",
        "ERROR_FOR_DIVISION_BY_ZERO",
        "HIGH_NOT_PRECEDENCE",
        "IGNORE_SPACE",
        "NO_AUTO_VALUE_ON_ZERO",
        "NO_BACKSLASH_ESCAPES",
        "NO_DIR_IN_CREATE",
        "NO_ENGINE_SUBSTITUTION",
        "NO_UNSIGNED_SUBTRACTION",
        "NO_ZERO_DATE",
        "NO_ZERO_IN_DATE",
        "ONLY_FULL_GROUP_BY",
        "PAD_CHAR_TO_FULL_LENGTH",
        "PIPES_AS_CONCAT",
        "REAL_AS_FLOAT",
        "STRICT_ALL_TABLES",
        "STRICT_TRANS_TABLES",
        "TIME_TRUNCATE_FRACTIONAL",
        "TRADITIONAL",
    ];
    MODES.iter().any(|mode| mode.eq_ignore_ascii_case(word))
}

/// Whether there is someone who reads on.
#[derive(PartialEq, Eq)]
enum Flow {
    On,
    Closed,
}

struct Run<'r, W: Write> {
    reading: &'r Reading,
    arena: Arena,
    stats: Stats,
    out: W,
    worst: Outcome,
}

impl<W: Write> Run<'_, W> {
    fn source(&mut self, source: Source) -> Result<Flow> {
        let reading = self.reading;
        if reading.is_jsonl {
            return source.each_line(reading, &mut |item| self.item(&item));
        }
        source.each_statement(reading, &mut |item| self.item(&item))
    }

    fn item(&mut self, item: &Item<'_>) -> Flow {
        self.arena.reset();
        let answer = match item {
            Item::Statement(sql) => {
                Answer::to(&self.arena, sql, self.reading.modes, &mut self.stats)
            }
            Item::Broken { error, is_unreadable } => {
                let worst = if *is_unreadable { Outcome::Unreadable } else { Outcome::Refused };
                self.worst = self.worst.max(worst);
                self.stats.refuse();
                Answer::refusal(error, None)
            }
        };
        if !answer.is_taken() {
            self.worst = self.worst.max(Outcome::Refused);
        }
        let written = answer.write(&mut self.out);
        self.stats.trees(self.arena.used());
        if written.is_ok() { Flow::On } else { Flow::Closed }
    }
}

#[cfg(test)]
mod tests;
