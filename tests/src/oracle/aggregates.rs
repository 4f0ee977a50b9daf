//! Aggregates over generated tables: every aggregate of every column, and what ranks tell.

use vt_base::{Error, ErrorId};
use vt_eval::aggregate::{Aggregate, AggregateFunc, Options};
use vt_eval::window::{WindowCall, WindowFunc, WindowRow};
use vt_eval::{Context, Kind};
use vt_value::Value;

use super::Oracle;
use super::answer::{Answer, Aspect};
use super::files::Surroundings;
use super::generate::{Chance, Table};
use super::ours::Evaluator;
use super::report::{Difference, Report};

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
        let mut surroundings = Surroundings::default();
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
            for (name, func) in [
                ("rank", WindowFunc::Rank),
                ("dense_rank", WindowFunc::DenseRank),
                ("percent_rank", WindowFunc::PercentRank),
                ("cume_dist", WindowFunc::CumeDist),
            ] {
                texts.push(format!("{name}() over (order by {})", column.name));
                answers.push(told(ranked(&evaluator, func, place)));
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

fn ranked(evaluator: &Evaluator, func: WindowFunc, place: usize) -> Result<Answer, Error> {
    let session = evaluator.session();
    let mut rows: Vec<WindowRow> = evaluator
        .rows()
        .iter()
        .map(|row| WindowRow { args: Vec::new(), keys: vec![row[place].clone()] })
        .collect();
    let mut unknown = false;
    rows.sort_by(|a, b| {
        let order = vt_eval::window::compare_keys(&a.keys, &b.keys, &[false]);
        order.unwrap_or_else(|| {
            unknown = true;
            std::cmp::Ordering::Equal
        })
    });
    if unknown {
        return Err(Error::unsupported("an order that is unknown"));
    }
    let mut call = WindowCall::new(func, Vec::new(), vec![false], None, (session, usize::MAX))?;
    let mut ctx = Context::new(session);
    let values: Vec<Value> = call.compute(&rows, &mut ctx)?;
    Ok(Evaluator::rows_answer(call.kind(), &values, &mut ctx))
}
