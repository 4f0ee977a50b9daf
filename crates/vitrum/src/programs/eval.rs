//! `vitrum eval`: expressions computed as MySQL does, without a server.

mod jsonl;

use std::io::BufRead;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use vt_base::{Code, Error, Result};
use vt_eval::Session;
use vt_planner::PreparedExpression;

use super::run::{fail, finish, read_flags, say};
use crate::flags::Flags;

const TABLE: &str = "\
format\tstring\t\"text\"
sql-mode\tstring\t\"default\"
time-zone\tstring\t\"+00:00\"
collation-connection\tstring\t\"utf8mb4_0900_ai_ci\"
now\tstring\t
seed\tint64\t0
set\tstrings\t
";

const USAGE: &str = "\
usage: vitrum eval [flags] [EXPRESSION...]

Computes each expression as MySQL would and prints its value. Without expressions the lines of
standard input are read: one expression a line, or with --format jsonl one
  {\"expr\": \"a + 1\", \"row\": {\"a\": {\"type\": \"DECIMAL(10,2)\", \"value\": \"1.50\"}}}
a line (\"row\" may be missing, and a value may stand without its type), answered by one
  {\"ok\", \"value\", \"type\", \"collation\", \"flags\", \"warnings\", \"error\"}
a line.

The exit status is 0 if all were computed, 1 if one gave an error, 2 if a line cannot be read.

  --format FORMAT            text or jsonl (text)
  --sql-mode MODES           as SET sql_mode takes them (MySQL's default)
  --time-zone ZONE           +02:00, Europe/Berlin (+00:00)
  --collation-connection C   the collation of strings (utf8mb4_0900_ai_ci)
  --now 'SECONDS'            the moment that NOW() tells, in seconds of UTC since 1970 (the clock)
  --seed N                   where RAND() and its like begin (0)
  --set NAME=VALUE,...       other session variables: div_precision_increment, lc_time_names, ...
";

/// The longest line of input.
const LINE_BYTES_MAX: usize = 16 << 20;
/// The exit status for input that cannot be read.
const UNREADABLE: u8 = 2;

/// What is done with a line that is an expression, and with one that is none.
type Answer = fn(&str, &Session) -> Outcome;
type Unreadable = fn(&Error) -> Outcome;

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    #[default]
    Computed,
    Failed,
    Unreadable,
}

pub(super) fn main(args: &[String]) -> ExitCode {
    if args.iter().any(|arg| matches!(arg.as_str(), "--help" | "-help" | "-h")) {
        say(USAGE);
        return ExitCode::SUCCESS;
    }
    match read_flags("vitrum eval", TABLE, args) {
        Ok(Some(flags)) => match run(&flags) {
            Ok(Outcome::Computed) => ExitCode::SUCCESS,
            Ok(Outcome::Failed) => ExitCode::FAILURE,
            Ok(Outcome::Unreadable) => ExitCode::from(UNREADABLE),
            Err(err) => {
                fail(err.message());
                ExitCode::from(UNREADABLE)
            }
        },
        Ok(None) => ExitCode::SUCCESS,
        Err(err) => finish(Err(err)),
    }
}

fn run(flags: &Flags) -> Result<Outcome> {
    let session = session(flags)?;
    let (answer, unreadable): (Answer, Unreadable) = match flags.string("format").as_str() {
        "text" => (plain, plain_unreadable),
        "jsonl" => (jsonl::answer, jsonl::unreadable),
        other => return Err(wrong(format!("--format {other}: text or jsonl"))),
    };
    if !flags.args.is_empty() {
        if flags.string("format") == "jsonl" {
            return Err(wrong("--format jsonl reads its expressions from standard input"));
        }
        return Ok(flags.args.iter().map(|text| answer(text, &session)).max().unwrap_or_default());
    }
    let mut worst = Outcome::Computed;
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = std::io::Read::take(&mut input, LINE_BYTES_MAX as u64 + 1);
        let read = limited.read_until(b'\n', &mut line);
        let read = read.map_err(|err| wrong(format!("standard input: {err}")))?;
        if read == 0 {
            return Ok(worst);
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(wrong(format!("a line has more than {LINE_BYTES_MAX} bytes")));
        }
        // Bytes that are no text would be another expression if they were replaced.
        let outcome = match std::str::from_utf8(&line).map(str::trim) {
            Ok("") => continue,
            Ok(text) => answer(text, &session),
            Err(_) => unreadable(&wrong("a line is not UTF-8")),
        };
        worst = worst.max(outcome);
    }
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message)
}

/// Makes the session that the flags describe.
fn session(flags: &Flags) -> Result<Session> {
    let mut session = Session { seed: flags.number::<u64>("seed"), ..Session::default() };
    for (flag, variable) in [
        ("sql-mode", "sql_mode"),
        ("time-zone", "time_zone"),
        ("collation-connection", "collation_connection"),
    ] {
        session.set_variable(variable, &flags.string(flag))?;
    }
    match flags.optional("now") {
        Some(seconds) => {
            session.set_variable("timestamp", &seconds)?;
        }
        None => {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let micros = since.unwrap_or(Duration::ZERO).as_micros();
            session.now_micros = i64::try_from(micros).unwrap_or(i64::MAX);
        }
    }
    for setting in flags.list("set") {
        let (name, value) = setting
            .split_once('=')
            .ok_or_else(|| wrong(format!("--set {setting}: NAME=VALUE is wanted")))?;
        if !session.set_variable(name.trim(), value.trim().trim_matches('\''))? {
            return Err(wrong(format!("--set {name}: this variable changes no expression")));
        }
    }
    Ok(session)
}

/// Computes one expression and prints its value; warnings and errors go to standard error.
fn plain(text: &str, session: &Session) -> Outcome {
    let answer =
        PreparedExpression::new(text, &[], session).and_then(|prepared| prepared.answer(&[]));
    match answer {
        Ok(answer) => {
            for warning in &answer.warnings {
                let (level, errno) = (warning.level.name(), warning.errno);
                tell(&format!("{level} {errno}: {}", warning.message));
            }
            match answer.text {
                Some(text) => say(&format!("{}\n", String::from_utf8_lossy(&text))),
                None => say("NULL\n"),
            }
            Outcome::Computed
        }
        Err(err) => {
            let state = String::from_utf8_lossy(&err.sql_state()).into_owned();
            tell(&format!("ERROR {} ({state}): {}", err.errno(), err.message()));
            Outcome::Failed
        }
    }
}

/// Tells of a line that is no expression.
fn plain_unreadable(err: &Error) -> Outcome {
    tell(&format!("ERROR {}: {}", err.errno(), err.message()));
    Outcome::Unreadable
}

fn tell(line: &str) {
    // A closed pipe is no reason to fail.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests;
