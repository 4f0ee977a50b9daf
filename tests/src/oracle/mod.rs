//! Expressions judged by MySQL: each is computed by a real server and by us, and both must agree
//! on value, type, collation, errors and warnings.
//!
//! Start at [`main`], the command `cargo xtask oracle`. Expressions come from files
//! ([`cases`]) or from chance ([`generate`]).

mod aggregates;
mod answer;
mod files;
mod generate;
mod host;
mod mysql;
mod ours;
mod report;
mod slice;
mod windows;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use vt_testkit::tools::repository;

use crate::exceptions::Exceptions;

use answer::{Answer, Aspect};
use files::Suite;
pub(crate) use generate::Chance;
use generate::Plan;
use host::Host;
use mysql::Server;
use ours::Evaluator;
use report::{Difference, Report};

pub(crate) use slice::cases;

const HELP: &str = "\
usage: cargo xtask oracle [options]

  --slice          what CI compares; UPDATE=1 writes its list of known differences anew
  --cases WORD     only the case files whose name has the word
  --expr TEXT      this expression alone; shows both answers
  --socket FILE    ask the server at this socket; else one is started
  --user NAME      the account to ask it with (root)
  --generate N     so many expressions by chance, in place of the files
  --aggregates N   aggregates and windows over so many tables by chance
  --seed S         where chance begins (1); a difference tells the seed that shows it alone
  --groups WORD    only forms of the groups whose name has the word
  --seconds N      end after so many seconds (3600)
  --shrinks N      make so many differences small (1000); the others are counted
  --of-form N      ... and so many that come to the same form (4)
  --jobs N         ask by so many sessions at once (2)
";

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    cases: String,
    expr: Option<String>,
    socket: Option<String>,
    user: String,
    generate: u64,
    aggregates: u64,
    seed: u64,
    groups: String,
    seconds: u64,
    shrinks: u64,
    of_form: u64,
    jobs: u64,
}

/// A server to ask, and what may differ from it.
pub(crate) struct Oracle {
    pub(crate) server: Server,
    accepted: Exceptions<Aspect>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options {
            user: "root".to_owned(),
            seed: 1,
            seconds: 3600,
            shrinks: 1000,
            of_form: 4,
            jobs: 2,
            ..Options::default()
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().cloned().ok_or_else(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--cases" => options.cases = value()?,
                "--expr" => options.expr = Some(value()?),
                "--socket" => options.socket = Some(value()?),
                "--user" => options.user = value()?,
                "--groups" => options.groups = value()?,
                "--generate" => options.generate = number(&value()?)?,
                "--aggregates" => options.aggregates = number(&value()?)?,
                "--seed" => options.seed = number(&value()?)?,
                "--seconds" => options.seconds = number(&value()?)?,
                "--shrinks" => options.shrinks = number(&value()?)?,
                "--of-form" => options.of_form = number(&value()?)?,
                "--jobs" => options.jobs = number(&value()?)?,
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
    if args.iter().any(|arg| arg == "--slice") {
        return match slice::agree() {
            Ok(()) => ExitCode::SUCCESS,
            Err(err) => {
                crate::say(&err);
                ExitCode::FAILURE
            }
        };
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(|err| err.to_string()).and_then(|runtime| {
        let options = Options::parse(args)?;
        runtime.block_on(run(&options))
    });
    match done {
        Ok(report) => {
            crate::say(report.text().trim_end());
            if report.differing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
    let host = match &options.socket {
        Some(socket) => Host::of_others(socket, &options.user),
        None => Host::start()?,
    };
    ours::hush();
    let mut report = Report::default();
    let mut oracle = host.connect().await?;
    if let Some(expr) = &options.expr {
        for suite in files::parse("command line", &expr.replace("\\n", "\n"))? {
            oracle.show(&suite).await?;
        }
    } else if options.aggregates > 0 {
        aggregates::run(&mut oracle, options.aggregates, options.seed, &mut report).await?;
    } else if options.generate > 0 {
        let plan = Plan {
            count: options.generate,
            seed: options.seed,
            limit: Duration::from_secs(options.seconds),
            shrinks: options.shrinks as usize,
            of_form: options.of_form as usize,
            jobs: options.jobs as usize,
        };
        report = generate::run(&host, plan, &options.groups).await?;
    } else {
        for suite in files::read(&folder(), &options.cases)? {
            oracle.compare(&suite, &mut report).await?;
        }
    }
    Ok(report)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

impl Oracle {
    /// Connects to a server, and reads what may differ from it.
    pub(crate) async fn connect(socket: &str, user: &str) -> Result<Oracle, String> {
        let server = Server::connect(socket, user).await?;
        Ok(Oracle { server, accepted: Exceptions::read(&folder().join("accepted.txt"))? })
    }

    /// Prints both answers.
    async fn show(&mut self, suite: &Suite) -> Result<(), String> {
        let columns = self.server.enter(&suite.surroundings).await?;
        let evaluator = Evaluator::new(&suite.surroundings, &columns, &self.server.facts)?;
        let answers = self.server.ask(&suite.expressions).await?;
        for (expression, mysql) in suite.expressions.iter().zip(answers) {
            let ours = evaluator.ask(expression);
            crate::say(&format!("{expression}\n  mysql  {mysql}\n  ours   {ours}"));
        }
        Ok(())
    }

    /// Compares a suite.
    async fn compare(&mut self, suite: &Suite, report: &mut Report) -> Result<(), String> {
        let columns = self.server.enter(&suite.surroundings).await?;
        let evaluator = Evaluator::new(&suite.surroundings, &columns, &self.server.facts)
            .map_err(|err| format!("{}: {err}", suite.group))?;
        let answers = self.server.ask(&suite.expressions).await?;
        for (expression, mysql) in suite.expressions.iter().zip(answers) {
            let ours = evaluator.ask(expression);
            if let Answer::Refused(why) = &ours {
                report.refused += 1;
                *report.refusals.entry(why.clone()).or_default() += 1;
                continue;
            }
            report.compared += 1;
            let aspects = self.judge(expression, &mysql, &ours, report);
            if !aspects.is_empty() {
                report.count(&aspects);
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

    /// Returns in what the answers differ beyond what is accepted, which is counted.
    pub(crate) fn judge(
        &self,
        expression: &str,
        mysql: &Answer,
        ours: &Answer,
        report: &mut Report,
    ) -> Vec<Aspect> {
        let mut aspects = mysql.differs(ours);
        if aspects.is_empty() {
            return aspects;
        }
        // A pattern may ask for both answers too, each on a line of its own.
        let told = format!("{expression}\nmysql {mysql}\nours {ours}");
        for reason in self.accepted.forgive(&[expression, &told], &mut aspects) {
            *report.accepted.entry(reason).or_default() += 1;
        }
        aspects
    }
}
