//! Makes what fails small: tokens are taken out of the statement and rows out of the tables, as long
//! as the same thing differs.

use std::time::{Duration, Instant};

use super::answer::{Answer, Statement};
use super::bench::TableRows;
use super::compare::Aspect;
use super::judge::{Judge, Manner};
use super::report::{Difference, shape};
use super::tokens;

/// How long a statement is worked on.
const TIME_MAX: Duration = Duration::from_secs(25);
/// The longest run of tokens that is tried at every place; longer ones at fewer.
const RUN_MAX: usize = 12;

/// What must stay the same while a statement gets smaller.
struct Goal {
    place: usize,
    manner: Manner,
    aspect: Aspect,
    mysql: Shape,
    seen: Shape,
    until: Instant,
}

/// An answer's kind, and the error that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Rows,
    Done,
    Error(u16, String),
    Lost,
}

struct Failure {
    aspects: Vec<Aspect>,
    mysql: Answer,
    seen: Answer,
}

fn shape_of(answer: &Answer) -> Shape {
    match answer {
        Answer::Rows(_) => Shape::Rows,
        Answer::Done { .. } => Shape::Done,
        Answer::Error { errno, message, .. } => Shape::Error(*errno, shape(message)),
        Answer::Lost(_) => Shape::Lost,
    }
}

/// Makes a difference small, and writes down the tables that show it.
pub(super) async fn shrink(
    judge: &mut Judge,
    difference: &mut Difference,
    place: usize,
    manner: Manner,
) -> Result<(), String> {
    let Some(aspect) = difference.aspects.first().copied() else { return Ok(()) };
    let goal = Goal {
        place,
        manner,
        aspect,
        mysql: shape_of(&difference.mysql),
        seen: shape_of(&difference.seen),
        until: Instant::now() + TIME_MAX,
    };
    let original = difference.statement.clone();
    if let Some(failure) = fails(judge, &original, &goal).await? {
        let small = shrink_statement(judge, &original, &goal).await?;
        let mut saved = judge.rows().await?;
        saved.retain(|rows| names(&small.sql, &rows.table));
        let rows = shrink_rows(judge, &small, &goal, saved.clone()).await?;
        let seen = fails(judge, &small, &goal).await?.unwrap_or(failure);
        difference.world = world_of(judge, &small.sql, &rows);
        restore(judge, place, &saved).await?;
        difference.original = (small != original).then_some(original);
        difference.statement = small;
        difference.aspects = seen.aspects;
        difference.mysql = seen.mysql;
        difference.seen = seen.seen;
    }
    Ok(())
}

/// Whether a statement fails in the way of the goal.
async fn fails(
    judge: &mut Judge,
    statement: &Statement,
    goal: &Goal,
) -> Result<Option<Failure>, String> {
    let tried = goal.manner == Manner::Tried;
    if tried {
        judge.bench.ask_plain(&Statement::text("begin")).await;
    }
    let mysql = judge.bench.ask_plain(statement).await;
    let mut failure = None;
    if shape_of(&mysql) == goal.mysql {
        failure = compare(judge, statement, mysql, goal).await?;
    }
    if tried {
        judge.bench.ask_plain(&Statement::text("rollback")).await;
    }
    Ok(failure)
}

async fn compare(
    judge: &mut Judge,
    statement: &Statement,
    mysql: Answer,
    goal: &Goal,
) -> Result<Option<Failure>, String> {
    let tried = goal.manner == Manner::Tried;
    if tried {
        judge.bench.ask_gate(goal.place, &Statement::text("begin")).await;
    }
    let seen = judge.bench.ask_gate(goal.place, statement).await;
    let mut failure = None;
    if shape_of(&seen) == goal.seen {
        let aspects = judge.compare(statement, &mysql, &seen).await?;
        if aspects.contains(&goal.aspect) {
            failure = Some(Failure { aspects, mysql, seen });
        } else if goal.aspect == Aspect::Tables {
            let wrong = judge.compare_tables(goal.manner).await?;
            let here = wrong.into_iter().find(|(place, _, _)| *place == goal.place);
            failure = here.map(|(_, aspects, seen)| Failure { aspects, mysql, seen });
        }
    }
    if tried {
        judge.bench.ask_gate(goal.place, &Statement::text("rollback")).await;
    }
    Ok(failure)
}

async fn shrink_statement(
    judge: &mut Judge,
    original: &Statement,
    goal: &Goal,
) -> Result<Statement, String> {
    let mut best = original.clone();
    if best.prepared {
        let text = Statement::text(&with_values(&best));
        if fails(judge, &text, goal).await?.is_some() {
            best = text;
        }
    }
    let mut found = true;
    while found && Instant::now() < goal.until {
        found = false;
        let mut run = tokens::split(&best.sql).len() / 2;
        while run > 0 && Instant::now() < goal.until {
            let mut start = 0;
            while start < tokens::split(&best.sql).len() && Instant::now() < goal.until {
                let mut smaller = None;
                for candidate in candidates(&best, start, run) {
                    if fails(judge, &candidate, goal).await?.is_some() {
                        smaller = Some(candidate);
                        break;
                    }
                }
                match smaller {
                    Some(candidate) => {
                        best = candidate;
                        found = true;
                    }
                    None => start += if run > RUN_MAX { run / 2 } else { 1 },
                }
            }
            run = if run > RUN_MAX { run / 2 } else { run - 1 };
        }
    }
    Ok(best)
}

/// Returns smaller statements: without a run of tokens, without a call or parentheses around
/// something, with a number in place of something in parentheses.
fn candidates(statement: &Statement, start: usize, run: usize) -> Vec<Statement> {
    let list = tokens::split(&statement.sql);
    let end = start + run;
    let mut candidates = Vec::new();
    let mut keep = |kept: Vec<String>, gone: &[(usize, usize)]| {
        let loose = tokens::has_loose_limit(&kept) && !tokens::has_loose_limit(&list);
        if !kept.is_empty() && kept.len() < list.len() && !loose {
            candidates.push(Statement {
                sql: tokens::join(&kept),
                values: values_without(statement, &list, gone),
                prepared: statement.prepared,
            });
        }
    };
    if end <= list.len() && is_balanced(&list[start..end]) {
        keep([&list[..start], &list[end..]].concat(), &[(start, end)]);
    }
    if run == 1
        && list[start] == "("
        && let Some(close) = tokens::closing(&list, start)
    {
        let inner = &list[start + 1..close];
        let rest = &list[close + 1..];
        keep([&list[..start], inner, rest].concat(), &[]);
        let called = start.saturating_sub(1);
        keep([&list[..called], inner, rest].concat(), &[(called, start)]);
        let one = ["1".to_owned()];
        keep([&list[..start], &one, rest].concat(), &[(start, close)]);
        keep([&list[..called], &one, rest].concat(), &[(called, close)]);
    }
    candidates
}

fn is_balanced(list: &[String]) -> bool {
    let mut depth = 0;
    for token in list {
        match token.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// Returns the values of the marks that stay.
fn values_without(
    statement: &Statement,
    list: &[String],
    gone: &[(usize, usize)],
) -> Vec<mysql_async::Value> {
    let marks = list.iter().enumerate().filter(|(_, token)| *token == "?");
    marks
        .zip(&statement.values)
        .filter(|((place, _), _)| !gone.iter().any(|(from, to)| (from..to).contains(&place)))
        .map(|(_, value)| value.clone())
        .collect()
}

/// Returns a statement's text with its values in the places of its marks.
fn with_values(statement: &Statement) -> String {
    let mut values = statement.values.iter();
    let mut list = tokens::split(&statement.sql);
    for token in list.iter_mut().filter(|token| *token == "?") {
        if let Some(value) = values.next() {
            *token = value.as_sql(false);
        }
    }
    tokens::join(&list)
}

async fn restore(judge: &mut Judge, place: usize, rows: &[TableRows]) -> Result<(), String> {
    judge.bench.refill(None, rows).await?;
    judge.bench.refill(Some(place), rows).await
}

/// Takes rows out, halves first, as long as the statement fails.
async fn shrink_rows(
    judge: &mut Judge,
    statement: &Statement,
    goal: &Goal,
    mut best: Vec<TableRows>,
) -> Result<Vec<TableRows>, String> {
    for table in 0..best.len() {
        let mut share = best[table].rows.len();
        while share > 0 && Instant::now() < goal.until {
            let mut start = 0;
            while start < best[table].rows.len() && Instant::now() < goal.until {
                let mut fewer = best[table].clone();
                let end = (start + share).min(fewer.rows.len());
                fewer.rows.drain(start..end);
                // Rows that others refer to cannot go.
                let one = std::slice::from_ref(&fewer);
                let filled = restore(judge, goal.place, one).await;
                if filled.is_ok() && fails(judge, statement, goal).await?.is_some() {
                    best[table] = fewer;
                } else {
                    restore(judge, goal.place, &best[table..=table]).await?;
                    start = end;
                }
            }
            share /= 2;
        }
    }
    Ok(best)
}

fn names(sql: &str, table: &str) -> bool {
    tokens::split(sql).iter().any(|token| token.trim_matches('`') == table)
}

/// Returns the statements that make the tables which a statement names.
fn world_of(judge: &Judge, sql: &str, rows: &[TableRows]) -> Vec<String> {
    let world = judge.bench.world();
    let mut statements = Vec::new();
    for create in world.plain().filter(|sql| sql.starts_with("create table ")) {
        let name = create["create table ".len()..].split([' ', '(']).next().unwrap_or_default();
        if names(sql, name.trim_start_matches("one.")) {
            statements.push(create.clone());
        }
    }
    let vindexes = world.sharded["tables"].as_object().into_iter().flatten();
    for (table, how) in vindexes.filter(|(table, _)| names(sql, table)) {
        statements.push(format!("-- vschema of {table}: {how}"));
    }
    let named = rows.iter().filter(|rows| names(sql, &rows.table));
    statements.extend(named.filter_map(TableRows::insert));
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_smaller_and_keep_the_values_of_their_marks() {
        let values = vec![mysql_async::Value::Int(1), mysql_async::Value::Int(2)];
        let statement = Statement::prepared("select abs(?) + ?", values);
        let texts = |start, run| {
            let list = candidates(&statement, start, run);
            list.into_iter().map(|one| (one.sql, one.values.len())).collect::<Vec<_>>()
        };
        assert_eq!(texts(5, 2), [("select abs(?)".to_owned(), 1)]);
        let seen = texts(2, 1);
        assert!(seen.contains(&("select ? + ?".to_owned(), 2)), "{seen:?}");
        assert!(seen.contains(&("select 1 + ?".to_owned(), 1)), "{seen:?}");
    }

    #[test]
    fn no_limit_loses_its_order() {
        let statement = Statement::text("select a from t order by a limit 1");
        let all: Vec<String> = (1..9)
            .flat_map(|run| (0..9).flat_map(move |start| [(start, run)]))
            .flat_map(|(start, run)| candidates(&statement, start, run))
            .map(|one| one.sql)
            .collect();
        assert!(all.contains(&"select a from t order by a".to_owned()));
        assert!(!all.contains(&"select a from t limit 1".to_owned()));
    }
}
