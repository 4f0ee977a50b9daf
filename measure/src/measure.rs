//! One corpus: every statement through MySQL, our parser and the other.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use sqlparser::dialect::MySqlDialect;
use vt_sql::{Arena, Modes, ast::Statement, parse, to_sql};

use crate::class::Class;
use crate::execute::Executed;
use crate::figures::{self, Figures};
use crate::judge::Judge;
use crate::mysql::Verdict;
use crate::residue::{Fault, Residue};
use crate::shape::{Words, shape};
use crate::{Options, execute, variable};

/// ER_UNKNOWN_SYSTEM_VARIABLE, which ends MySQL's reading before the rest of the statement.
const UNKNOWN_VARIABLE: Verdict = Verdict(1193);

/// Measures, shows the tables, writes the residue; tells whether all goals hold.
pub(crate) fn run(
    name: &str,
    statements: &[String],
    options: &Options,
    judge: &mut Judge,
    (words, modes): (&Words, Modes),
    residue_file: &Path,
) -> Result<bool, String> {
    let mut run = Run {
        classes: BTreeMap::new(),
        residue: Residue::default(),
        executed: Executed::default(),
        unknown: 0,
        quick: options.quick,
        modes,
    };
    let mut arena = Arena::new();
    for sql in statements {
        let Some(verdict) = judge.verdict(sql)? else {
            run.unknown += 1;
            continue;
        };
        arena.reset();
        run.statement(&arena, sql, verdict, words, judge)?;
    }
    let holds = figures::show(name, &run.classes, !options.quick);
    println!("\n{} statements without a verdict", run.unknown);
    if !options.quick {
        run.executed.show();
    }
    run.residue.write(residue_file)?;
    Ok(holds)
}

struct Run {
    classes: BTreeMap<Class, Figures>,
    residue: Residue,
    executed: Executed,
    unknown: u64,
    quick: bool,
    modes: Modes,
}

/// A statement with what is known of it.
struct Case<'s> {
    sql: &'s str,
    class: Class,
    shape: u64,
    verdict: Verdict,
}

impl Run {
    fn statement(
        &mut self,
        arena: &Arena,
        sql: &str,
        verdict: Verdict,
        words: &Words,
        judge: &mut Judge,
    ) -> Result<(), String> {
        let mut hasher = DefaultHasher::new();
        shape(sql, words).hash(&mut hasher);
        let mut case = Case { sql, class: Class::of(sql), shape: hasher.finish(), verdict };
        let parsed = parse(arena, sql, self.modes);
        if verdict == UNKNOWN_VARIABLE && parsed.is_err() {
            let other = judge.verdict(&variable::with_known(sql))?;
            case.verdict = other.filter(|other| other.is_syntax_error()).unwrap_or(verdict);
        }
        let verdict = case.verdict;
        let figures = self.classes.entry(case.class).or_default();
        if verdict.is_syntax_error() {
            figures.rejected.add(case.shape, parsed.is_ok(), parsed.is_err());
            if !self.quick {
                let is_taken = is_taken_by_sqlparser(sql);
                figures.rejected_other.add(case.shape, is_taken, !is_taken);
            }
            if let Ok(statement) = &parsed {
                let reason = format!("read as: {}", to_sql(statement));
                self.residue.add(Fault::Taken, case.class, case.shape, sql, &reason);
            }
            return Ok(());
        }
        // What else MySQL refuses while it reads is to be refused alike.
        let is_alike = parsed.as_ref().err().is_some_and(|err| err.errno() == verdict.0);
        let is_right = parsed.is_ok() || is_alike;
        figures.accepted.add(case.shape, is_right, is_right);
        if !self.quick {
            let is_taken = is_taken_by_sqlparser(sql);
            figures.accepted_other.add(case.shape, is_taken, is_taken);
        }
        match parsed {
            Ok(statement) => self.trip(arena, &case, &statement, judge),
            Err(_) if is_alike => Ok(()),
            Err(err) => {
                let message = err.message();
                let near = message.find("near '").map_or(message, |at| &message[at..]);
                self.residue.add(Fault::Rejected, case.class, case.shape, sql, near);
                Ok(())
            }
        }
    }

    /// Prints the tree, reads the text again, and asks MySQL about it.
    fn trip(
        &mut self,
        arena: &Arena,
        case: &Case<'_>,
        statement: &Statement<'_>,
        judge: &mut Judge,
    ) -> Result<(), String> {
        let figures = self.classes.entry(case.class).or_default();
        let printed = to_sql(statement);
        let again = parse(arena, &printed, self.modes);
        let is_same =
            again.as_ref().is_ok_and(|again| again == statement && to_sql(again) == printed);
        figures.trips.add(case.shape, is_same, is_same);
        if !is_same {
            let reason = match &again {
                Ok(again) => format!("{printed} -- then: {}", to_sql(again)),
                Err(err) => format!("{printed} -- {}", err.message()),
            };
            self.residue.add(Fault::Trip, case.class, case.shape, case.sql, &reason);
        }
        if self.quick {
            return Ok(());
        }
        if let Some(verdict) = judge.verdict(&printed)? {
            let is_same = verdict == case.verdict;
            figures.prints.add(case.shape, is_same, is_same);
            if !is_same {
                let reason = format!("{} became {}: {printed}", case.verdict.0, verdict.0);
                self.residue.add(Fault::Print, case.class, case.shape, case.sql, &reason);
            }
        }
        let (Some(server), Class::Select) = (judge.server(), case.class) else { return Ok(()) };
        if let Some(reason) = execute::compare(server, case.sql, statement, &mut self.executed)? {
            self.residue.add(Fault::Rows, case.class, case.shape, case.sql, &reason);
        }
        Ok(())
    }
}

fn is_taken_by_sqlparser(sql: &str) -> bool {
    let parsed = sqlparser::parser::Parser::parse_sql(&MySqlDialect {}, sql);
    parsed.is_ok_and(|statements| statements.len() == 1)
}
