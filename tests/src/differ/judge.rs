//! Judges a statement: asks all sides, compares, forgives what is known, and makes what fails small.

use std::collections::BTreeSet;

use crate::exceptions::Exceptions;

use super::answer::{Answer, Statement};
use super::bench::{Bench, Steadiness, TableRows};
use super::compare::{Aspect, RowOrder, details, differing};
use super::report::{Difference, Report};
use super::shrink;
use super::tokens;

/// The reason of what `open.txt` lists.
const OPEN: &str = "open faults, tests/diff/open.txt";
/// How many differences a report lists; the others are counted.
const LISTED_MAX: usize = 500;

/// What a statement came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All sides answered as MySQL, or as is known.
    Agreed,
    /// Some side refuses it.
    Refused,
    Differs,
}

/// The sides, what may differ, and what was seen.
pub(crate) struct Judge {
    pub(crate) bench: Bench,
    pub(crate) known: Exceptions<Aspect>,
    pub(crate) report: Report,
    /// How many differences are made small.
    pub(crate) shrinks: usize,
    /// Statements of the files that differ as yet, and those of them that were seen to.
    pub(crate) open: BTreeSet<String>,
    pub(crate) met: BTreeSet<String>,
}

/// How a statement is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A query: nothing changes.
    Query,
    /// In a transaction that is rolled back; tables are compared in it.
    Tried,
    /// For good; tables are compared after it.
    Done,
    /// Session and transaction statements: run and compared, once.
    Plain,
}

impl Judge {
    /// Runs a statement on all sides and compares.
    pub(crate) async fn run(
        &mut self,
        origin: &str,
        statement: &Statement,
        manner: Manner,
    ) -> Result<Verdict, String> {
        if manner == Manner::Tried {
            self.bench.tell_all("begin").await;
        }
        let (mysql, answers) = self.bench.ask_all(statement).await;
        let mut verdict = Verdict::Agreed;
        let mut wrong = Vec::new();
        for (place, seen) in answers.iter().enumerate() {
            if let (Some(message), true) = (seen.refusal(), mysql.refusal().is_none()) {
                self.report.refuse(message, statement);
                verdict = Verdict::Refused;
                continue;
            }
            match self.compare(statement, &mysql, seen).await? {
                aspects if aspects.is_empty() => {
                    self.report.agreed += 1;
                    self.report.errors += u64::from(mysql.error().is_some());
                }
                aspects => wrong.push((place, aspects, seen.clone())),
            }
        }
        if wrong.is_empty() && verdict == Verdict::Agreed && manner != Manner::Query {
            wrong = self.compare_tables(manner).await?;
        }
        if manner == Manner::Tried {
            self.bench.tell_all("rollback").await;
        }
        if !wrong.is_empty() && self.open.contains(&statement.sql) {
            self.met.insert(statement.sql.clone());
            *self.report.known.entry(OPEN.to_owned()).or_default() += wrong.len() as u64;
            return Ok(Verdict::Differs);
        }
        let mut noted: Vec<Vec<Aspect>> = Vec::new();
        for (place, aspects, seen) in wrong {
            verdict = Verdict::Differs;
            if noted.contains(&aspects) {
                // Another side has the same fault.
                self.report.hidden += 1;
                continue;
            }
            noted.push(aspects.clone());
            let difference = self.difference(origin, statement, (place, aspects, &mysql, seen));
            self.note(difference, place, manner).await?;
        }
        Ok(verdict)
    }

    fn difference(
        &self,
        origin: &str,
        statement: &Statement,
        (place, aspects, mysql, seen): (usize, Vec<Aspect>, &Answer, Answer),
    ) -> Difference {
        Difference {
            origin: origin.to_owned(),
            side: self.bench.gates[place].keyspace.to_owned(),
            aspects,
            statement: statement.clone(),
            original: None,
            mysql: mysql.clone(),
            seen,
            world: Vec::new(),
        }
    }

    /// Makes a difference small, unless there were enough or one like it.
    async fn note(
        &mut self,
        mut difference: Difference,
        place: usize,
        manner: Manner,
    ) -> Result<(), String> {
        let first = difference.aspects.first();
        let same = self.report.differences.iter().filter(|one| one.aspects.first() == first);
        // What is only told about a result must not crowd out wrong results.
        let grave = first.is_some_and(|aspect| aspect.is_grave());
        let share = if grave { self.shrinks } else { self.shrinks / 8 };
        let shrinks = self.report.differences.len() < self.shrinks && same.count() < share;
        if self.report.differences.len() >= LISTED_MAX {
            self.report.hidden += 1;
            return Ok(());
        }
        if shrinks
            && matches!(manner, Manner::Query | Manner::Tried)
            && !difference.aspects.contains(&Aspect::Lost)
        {
            shrink::shrink(self, &mut difference, place, manner).await?;
        }
        let like = |other: &Difference| {
            other.aspects.first() == difference.aspects.first()
                && other.statement.sql == difference.statement.sql
        };
        if self.report.differences.iter().any(like) {
            self.report.hidden += 1;
        } else {
            crate::say(&format!("difference: {}", difference.text()));
            self.report.differences.push(difference);
        }
        Ok(())
    }

    /// Returns in what an answer differs that is not known, nor decided by chance.
    pub(crate) async fn compare(
        &mut self,
        statement: &Statement,
        mysql: &Answer,
        seen: &Answer,
    ) -> Result<Vec<Aspect>, String> {
        let ordered = tokens::is_ordered(&statement.sql);
        let order = if ordered { RowOrder::Matters } else { RowOrder::Free };
        let mut aspects = differing(mysql, seen, order);
        if aspects.is_empty() {
            return Ok(aspects);
        }
        let error =
            |answer: &Answer| answer.error().map_or(String::new(), |(_, text)| text.to_owned());
        let (wanted, given) = (error(mysql), error(seen));
        // A pattern may ask for both, the statement and what is told of the difference.
        let told = format!("{}\n{}", statement.sql, details(mysql, seen));
        for reason in self.known.forgive(&[&told, &wanted, &given], &mut aspects) {
            *self.report.known.entry(reason).or_default() += 1;
        }
        let query = matches!(mysql, Answer::Rows(_)) || matches!(seen, Answer::Rows(_));
        if query && aspects.iter().any(|aspect| aspect.is_grave() || *aspect == Aspect::Warnings) {
            let steadiness = self.bench.steadiness(statement, mysql).await?;
            if steadiness == Steadiness::RowsMove {
                self.report.unsteady += 1;
                aspects.retain(|aspect| {
                    !matches!(
                        aspect,
                        Aspect::Rows | Aspect::Order | Aspect::Kind | Aspect::Warnings
                    )
                });
            } else if steadiness == Steadiness::OrderMoves && aspects.contains(&Aspect::Order) {
                self.report.unsteady += 1;
                aspects.retain(|aspect| *aspect != Aspect::Order);
            }
        }
        Ok(aspects)
    }

    /// Compares what all tables hold.
    pub(crate) async fn compare_tables(
        &mut self,
        manner: Manner,
    ) -> Result<Vec<(usize, Vec<Aspect>, Answer)>, String> {
        let mut wrong: Vec<(usize, Vec<Aspect>, Answer)> = Vec::new();
        if manner == Manner::Plain {
            return Ok(wrong);
        }
        for table in self.bench.world().tables() {
            let select = Statement::text(&format!("select * from {table}"));
            let (mysql, answers) = self.bench.ask_all(&select).await;
            for (place, seen) in answers.into_iter().enumerate() {
                let differs = match (&mysql, &seen) {
                    (Answer::Rows(mine), Answer::Rows(theirs)) => {
                        !super::compare::same_rows(mine, theirs, RowOrder::Free)
                    }
                    _ => true,
                };
                if differs && !wrong.iter().any(|(other, _, _)| *other == place) {
                    wrong.push((place, vec![Aspect::Tables], seen));
                }
            }
        }
        Ok(wrong)
    }

    /// Makes the tables of all keyspaces again what the plain side has.
    pub(crate) async fn align(&mut self) -> Result<(), String> {
        self.bench.tell_all("rollback").await;
        let rows = self.rows().await?;
        for place in 0..self.bench.gates.len() {
            self.bench.refill(Some(place), &rows).await?;
        }
        Ok(())
    }

    /// Returns what the tables of the plain side hold.
    pub(crate) async fn rows(&mut self) -> Result<Vec<TableRows>, String> {
        let mut rows = Vec::new();
        for table in self.bench.world().tables() {
            rows.push(self.bench.rows_of(&table).await?);
        }
        Ok(rows)
    }
}
