//! Collations judged by MySQL: strings of every script, sorted by a real server and by us under
//! each collation, agree neighbour by neighbour; so do keys, case, LIKE, LOCATE, lengths and
//! conversion.
//!
//! Start at [`main`], the command `cargo xtask collations --judge`. What failed is told with the
//! seed that shows it again.

mod judge;
mod strings;

use std::process::ExitCode;

use mysql_async::{Conn, OptsBuilder};
use vt_collation::Collation;
use vt_testkit::PlainMysql;

const HELP: &str = "\
usage: cargo xtask collations --judge [options]

  --socket FILE     ask the server at this socket; else one is started
  --user NAME       the account to ask it with (root)
  --collation WORD  only collations whose name has the word
  --seed S          where chance begins (1)
  --rounds N        how many sets of strings under each collation (1)
  --strings N       how many strings a set has (120)
";

/// How many differences of a set of strings are shown.
const SHOWN_MAX: usize = 20;

/// What the command line asks for.
pub(crate) struct Options {
    socket: Option<String>,
    user: String,
    collation: String,
    pub(crate) seed: u64,
    pub(crate) rounds: u64,
    pub(crate) strings: usize,
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options {
            socket: None,
            user: "root".to_owned(),
            collation: String::new(),
            seed: 1,
            rounds: 1,
            strings: 120,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let value = args.next().ok_or_else(|| format!("{arg} wants a value\n{HELP}"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{value} is no number"));
            match arg.as_str() {
                "--socket" => options.socket = Some(value.clone()),
                "--user" => options.user = value.clone(),
                "--collation" => options.collation = value.clone(),
                "--seed" => options.seed = number()?,
                "--rounds" => options.rounds = number()?,
                "--strings" => options.strings = number()?.clamp(2, 10_000) as usize,
                _ => return Err(format!("unknown option {arg}\n{HELP}")),
            }
        }
        Ok(options)
    }
}

/// Runs the command; fails if anything differs.
pub(crate) fn main(args: &[String]) -> ExitCode {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        crate::say(HELP.trim_end());
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(|err| err.to_string()).and_then(|runtime| {
        let options = Options::parse(args)?;
        runtime.block_on(run(&options))
    });
    match done {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(err) => {
            crate::say(&format!("collations: {err}"));
            ExitCode::FAILURE
        }
    }
}

/// Judges the collations asked for; returns how many differences there are.
async fn run(options: &Options) -> Result<usize, String> {
    // The server lives until the end of the run.
    let (socket, _started) = match &options.socket {
        Some(socket) => (socket.clone(), None),
        None => {
            let started = PlainMysql::start()?;
            (started.socket().display().to_string(), Some(started))
        }
    };
    let account = OptsBuilder::default()
        .socket(Some(&socket))
        .user(Some(&options.user))
        .max_allowed_packet(None);
    let mut conn = Conn::new(account).await.map_err(|err| format!("{socket}: {err}"))?;
    judge::prepare(&mut conn).await?;
    let (mut judged, mut answers, mut differences) = (0, 0, 0);
    for collation in Collation::all() {
        let name = collation.name().unwrap_or_default();
        if !name.contains(&options.collation) {
            continue;
        }
        judged += 1;
        for round in 0..options.rounds {
            let seed = options.seed.wrapping_add(round);
            let verdict = judge::judge(&mut conn, collation, seed, options.strings).await?;
            answers += verdict.answers;
            differences += verdict.differences.len();
            for difference in verdict.differences.iter().take(SHOWN_MAX) {
                crate::say(&format!("{name}: seed {seed}: {difference}"));
            }
            if verdict.differences.len() > SHOWN_MAX {
                crate::say(&format!("{name}: and {} more", verdict.differences.len() - SHOWN_MAX));
            }
        }
    }
    crate::say(&format!("{judged} collations, {answers} answers, {differences} differences"));
    Ok(differences)
}
