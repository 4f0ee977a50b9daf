//! Expressions judged by MySQL: each is computed by a real server and by us, and both must agree
//! on value, type, collation, errors and warnings.
//!
//! Start at [`main`], the command `cargo xtask oracle`. Expressions come from files
//! ([`cases`]) or from a generator.

mod accepted;
mod answer;
mod cases;
mod mysql;
mod ours;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use vt_testkit::PlainMysql;
use vt_testkit::tools::repository;

use accepted::Accepted;
use answer::Answer;
use cases::Suite;
use mysql::Server;
use ours::Evaluator;
use report::{Difference, Report};

const HELP: &str = "\
usage: cargo xtask oracle [options]

  --cases WORD     only the case files whose name has the word
  --expr TEXT      this expression alone; shows both answers
  --socket FILE    ask the server at this socket; else one is started
  --user NAME      the account to ask it with (root)
";

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    cases: String,
    expr: Option<String>,
    socket: Option<String>,
    user: String,
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options { user: "root".to_owned(), ..Options::default() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().cloned().ok_or_else(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--cases" => options.cases = value()?,
                "--expr" => options.expr = Some(value()?),
                "--socket" => options.socket = Some(value()?),
                "--user" => options.user = value()?,
                _ => return Err(format!("unknown option {arg}\n{HELP}")),
            }
        }
        Ok(options)
    }
}

/// Runs the command; fails if something differs that is not accepted.
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
        Ok(report) => {
            crate::say(report.text().trim_end());
            if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(err) => {
            crate::say(&format!("oracle: {err}"));
            ExitCode::FAILURE
        }
    }
}

fn folder() -> PathBuf {
    repository().join("tests/diff/functions")
}

async fn run(options: &Options) -> Result<Report, String> {
    // The server lives until the end of the run.
    let (socket, _started) = match &options.socket {
        Some(socket) => (socket.clone(), None),
        None => {
            let started = PlainMysql::start()?;
            (started.socket().display().to_string(), Some(started))
        }
    };
    let mut server = Server::connect(&socket, &options.user).await?;
    let mut report = Report::default();
    // What a panic says is in the report.
    std::panic::set_hook(Box::new(|_| {}));
    if let Some(expr) = &options.expr {
        let suite = cases::parse("command line", &expr.replace("\\n", "\n"))?;
        for suite in suite {
            show(&mut server, &suite).await?;
        }
        return Ok(report);
    }
    let accepted = Accepted::read(&folder().join("accepted.txt"))?;
    for suite in cases::read(&folder(), &options.cases)? {
        compare(&mut server, &suite, &accepted, &mut report).await?;
    }
    Ok(report)
}

/// Prints both answers.
async fn show(server: &mut Server, suite: &Suite) -> Result<(), String> {
    let columns = server.enter(&suite.surroundings).await?;
    let evaluator = Evaluator::new(&suite.surroundings, &columns)?;
    let answers = server.ask(&suite.expressions).await?;
    for (expression, mysql) in suite.expressions.iter().zip(answers) {
        let ours = evaluator.ask(expression);
        crate::say(&format!("{expression}\n  mysql  {mysql}\n  ours   {ours}"));
    }
    Ok(())
}

/// Compares a suite.
async fn compare(
    server: &mut Server,
    suite: &Suite,
    accepted: &Accepted,
    report: &mut Report,
) -> Result<(), String> {
    let columns = server.enter(&suite.surroundings).await?;
    let evaluator = Evaluator::new(&suite.surroundings, &columns)
        .map_err(|err| format!("{}: {err}", suite.group))?;
    let answers = server.ask(&suite.expressions).await?;
    for (expression, mysql) in suite.expressions.iter().zip(answers) {
        let ours = evaluator.ask(expression);
        if let Answer::Refused(why) = &ours {
            report.refused += 1;
            *report.refusals.entry(why.clone()).or_default() += 1;
            continue;
        }
        report.compared += 1;
        let mut aspects = mysql.differs(&ours);
        if let Some(reason) = accepted.forgive(expression, &mut aspects) {
            *report.accepted.entry(reason).or_default() += 1;
        }
        if !aspects.is_empty() {
            report.differences.push(Difference {
                group: suite.group.clone(),
                expression: expression.clone(),
                directives: suite.surroundings.directives(),
                aspects,
                mysql,
                ours,
            });
        }
    }
    Ok(())
}
