//! Statements by chance: each round has tables and rows of its own, then queries and writes.
//!
//! [`schema`] makes tables and rows, [`expr`] expressions of a kind, [`query`] queries, [`lateral`]
//! tables for each row, [`write`] everything that changes rows. The same seed gives the same statements everywhere.

mod expr;
mod grouped;
mod lateral;
mod query;
mod schema;
mod write;

use std::time::{Duration, Instant};

use mysql_async::Value;

use super::answer::Statement;
use super::judge::{Judge, Manner, Verdict};
use super::tokens;
use crate::oracle::Chance;

/// What is to be generated.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) count: u64,
    pub(super) seed: u64,
    /// This round alone.
    pub(super) round: Option<u64>,
    /// How many statements share tables.
    pub(super) per_round: u64,
    pub(super) limit: Duration,
}

/// Runs statements by chance on all sides.
pub(super) async fn run(judge: &mut Judge, plan: &Plan) -> Result<(), String> {
    let started = Instant::now();
    let rounds = plan.count.div_ceil(plan.per_round);
    let rounds = plan.round.map_or(0..rounds, |round| round..round + 1);
    let mut done = 0;
    for round in rounds {
        if started.elapsed() > plan.limit {
            break;
        }
        let mut source = Source::new(plan.seed, round);
        judge.bench.build(source.schema.world.clone()).await?;
        let here = match plan.round {
            Some(_) => plan.per_round.min(plan.count),
            None => plan.per_round.min(plan.count - done),
        };
        for number in 0..here {
            let origin = format!("--seed {} --round {round}, statement {number}", plan.seed);
            source.step(judge, &origin).await?;
        }
        done += here;
        if round % 5 == 4 {
            tell(judge, round, done, started);
        }
    }
    crate::say(&format!("{done} statements in {} s", started.elapsed().as_secs()));
    Ok(())
}

fn tell(judge: &Judge, round: u64, done: u64, started: Instant) {
    let (seconds, summary) = (started.elapsed().as_secs(), judge.report.summary());
    crate::say(&format!("round {round}, {done} statements, {seconds} s: {summary}"));
}

/// The tables of a round, and the chance that makes its statements.
struct Source {
    chance: Chance,
    schema: schema::Schema,
}

impl Source {
    fn new(seed: u64, round: u64) -> Source {
        let mut chance = Chance::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ (round << 20));
        let schema = schema::Schema::by_chance(&mut chance);
        Source { chance, schema }
    }

    fn query(&mut self) -> String {
        query::Maker::new(&mut self.chance, &self.schema).top()
    }

    fn write(&mut self) -> String {
        write::statement(&mut self.chance, &mut self.schema)
    }

    async fn step(&mut self, judge: &mut Judge, origin: &str) -> Result<(), String> {
        match self.chance.below(100) {
            0..70 => {
                let sql = self.query();
                let statement = self.perhaps_prepared(&sql);
                judge.run(origin, &statement, Manner::Query).await?;
            }
            70..94 => {
                let sql = self.write();
                let statement = self.perhaps_prepared(&sql);
                let tried = judge.run(origin, &statement, Manner::Tried).await?;
                if tried == Verdict::Agreed && self.chance.percent(60) {
                    let done = judge.run(origin, &statement, Manner::Done).await?;
                    if done != Verdict::Agreed {
                        judge.align().await?;
                    }
                }
            }
            _ => self.transaction(judge, origin).await?,
        }
        Ok(())
    }

    /// Writes and reads in a transaction, and ends it one way or the other.
    async fn transaction(&mut self, judge: &mut Judge, origin: &str) -> Result<(), String> {
        judge.run(origin, &Statement::text("begin"), Manner::Plain).await?;
        let mut verdict = Verdict::Agreed;
        for _ in 0..2 + self.chance.below(3) {
            let sql = if self.chance.percent(65) { self.write() } else { self.query() };
            if verdict == Verdict::Agreed {
                verdict = judge.run(origin, &Statement::text(&sql), Manner::Plain).await?;
            }
        }
        let end = if self.chance.percent(60) && verdict == Verdict::Agreed {
            "commit"
        } else {
            "rollback"
        };
        let ended = judge.run(origin, &Statement::text(end), Manner::Done).await?;
        if ended != Verdict::Agreed {
            judge.align().await?;
        }
        Ok(())
    }

    /// Makes marks of some literals, or prepares the statement as it is.
    fn perhaps_prepared(&mut self, sql: &str) -> Statement {
        match self.chance.below(10) {
            0..7 => Statement::text(sql),
            7 => Statement::prepared(sql, Vec::new()),
            _ => {
                let mut list = tokens::split(sql);
                let mut values = Vec::new();
                for place in 1..list.len() {
                    let compared =
                        matches!(list[place - 1].as_str(), "=" | "<" | ">" | "<=" | ">=" | "<>");
                    let ends = list.get(place + 1).is_none_or(|next| {
                        matches!(next.as_str(), ")" | "and" | "or" | "order" | "limit" | "group")
                    });
                    if compared
                        && ends
                        && let Some(value) = value_of(&list[place])
                        && self.chance.percent(60)
                    {
                        values.push(value);
                        "?".clone_into(&mut list[place]);
                    }
                }
                Statement::prepared(&tokens::join(&list), values)
            }
        }
    }
}

/// Returns the value of a whole number or of a string without escapes.
fn value_of(token: &str) -> Option<Value> {
    if let Ok(number) = token.parse::<i64>() {
        return Some(Value::Int(number));
    }
    let text = token.strip_prefix('\'')?.strip_suffix('\'')?;
    let plain = !text.contains(['\'', '\\']);
    plain.then(|| Value::Bytes(text.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_statements() {
        let statements = |seed| {
            let mut source = Source::new(seed, 3);
            let mut list = source.schema.world.statements.clone();
            for _ in 0..40 {
                list.push(source.query());
                list.push(source.write());
            }
            list
        };
        assert_eq!(statements(7), statements(7));
        assert_ne!(statements(7), statements(8));
    }

    #[test]
    fn statements_are_grammatical() {
        let mut wrong = Vec::new();
        for round in 0..20 {
            let mut source = Source::new(1, round);
            for _ in 0..50 {
                for sql in [source.query(), source.write()] {
                    let arena = vt_sql::Arena::default();
                    if let Err(err) = vt_sql::parse(&arena, &sql, vt_sql::Modes::default()) {
                        wrong.push(format!("{sql}: {err}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
