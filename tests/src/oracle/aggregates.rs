//! Aggregates over generated tables: every aggregate of every column, and windows over each.

use vt_base::{Error, ErrorId};
use vt_eval::aggregate::{Aggregate, AggregateFunc, Options};
use vt_eval::{Context, Kind};

use super::Oracle;
use super::answer::{Answer, Aspect};
use super::files::Surroundings;
use super::generate::{Chance, Table};
use super::ours::Evaluator;
use super::report::{Difference, Report};
use super::windows;

/// What a group may hold.
const MEMORY_MAX: usize = 64 << 20;

const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "bit_and",
    "bit_or",
    "bit_xor",
    "var_pop",
    "var_samp",
    "std",
    "stddev_samp",
    "group_concat",
    "json_arrayagg",
];

const DISTINCT: &[&str] = &["count", "sum", "avg", "group_concat"];

/// Compares so many tables.
pub(super) async fn run(
    oracle: &mut Oracle,
    tables: u64,
    seed: u64,
    report: &mut Report,
) -> Result<(), String> {
    for number in 0..tables {
        let mut chance = Chance::new(seed.wrapping_add(number));
        // Under other modes MySQL refuses some dates where it copies rows to a temporary table.
        let variables = vec![("sql_mode".to_owned(), "''".to_owned())];
        let mut surroundings = Surroundings { variables, ..Surroundings::default() };
        Table::by_chance(&mut chance).put(&mut surroundings);
        let columns = oracle.server.enter(&surroundings).await?;
        let evaluator = Evaluator::new(&surroundings, &columns, &oracle.server.facts)?;
        let (mut texts, mut answers) = (Vec::new(), Vec::new());
        for (place, column) in columns.iter().enumerate() {
            for (distinct, names) in [(false, AGGREGATES), (true, DISTINCT)] {
                for name in names {
                    let word = if distinct { "distinct " } else { "" };
                    texts.push(format!("{name}({word}{})", column.name));
                    answers.push(told(aggregated(&evaluator, name, distinct, place)));
                }
            }
            let kind = kind(&evaluator, place).map_err(|err| err.to_string())?;
            for window in windows::by_chance(&column.name, &kind, &mut chance) {
                answers.push(told(windows::computed(&evaluator, &window, kind.clone(), place)));
                texts.push(window.text);
            }
        }
        let mysql = oracle.server.ask(&texts).await?;
        for ((text, mysql), ours) in texts.into_iter().zip(mysql).zip(answers) {
            if matches!(ours, Answer::Refused(_)) {
                report.refused += 1;
                continue;
            }
            report.compared += 1;
            let mut aspects = oracle.judge(&text, &mysql, &ours, report);
            // A message names the column in another way where no statement was read.
            let same = matches!((&mysql, &ours), (Answer::Error { errno: a, .. }, Answer::Error { errno: b, .. }) if a == b);
            aspects.retain(|aspect| !(same && *aspect == Aspect::Error));
            if !aspects.is_empty() {
                report.count(&aspects);
                report.differences.push(Difference {
                    group: "aggregates".to_owned(),
                    expression: text,
                    directives: surroundings.directives(),
                    aspects,
                    mysql,
                    ours,
                });
            }
        }
    }
    Ok(())
}

fn told(answer: Result<Answer, Error>) -> Answer {
    match answer {
        Ok(answer) => answer,
        Err(err) if err.id() == Some(ErrorId::VT12001) => Answer::Refused(err.message().to_owned()),
        Err(err) => Answer::Error { errno: err.errno(), message: err.message().to_owned() },
    }
}

fn kind(evaluator: &Evaluator, place: usize) -> Result<Kind, Error> {
    let kind = evaluator.columns().get(place).and_then(|column| column.kind.clone());
    kind.ok_or_else(|| Error::bug("a column of no kind"))
}

fn aggregated(
    evaluator: &Evaluator,
    name: &str,
    distinct: bool,
    place: usize,
) -> Result<Answer, Error> {
    let session = evaluator.session();
    let func = AggregateFunc::from_name(name).ok_or_else(|| Error::bug("no aggregate"))?;
    let options = Options { distinct, ..Options::default() };
    let kinds = vec![kind(evaluator, place)?];
    let mut aggregate = Aggregate::new(func, options, kinds, session, MEMORY_MAX)?;
    let mut ctx = Context::new(session);
    let mut state = aggregate.start();
    for row in evaluator.rows() {
        aggregate.add(&mut state, &row[place..=place], &mut ctx)?;
    }
    let value = aggregate.finish(state, &mut ctx)?;
    let value = aggregate.shown(value);
    Ok(Evaluator::rows_answer(aggregate.kind(), &[value], &mut ctx))
}
