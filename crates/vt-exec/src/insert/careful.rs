//! Rows inserted after a look at those that they conflict with, so that entries of lookup vindexes
//! are made for rows that really come, and go with those that are replaced.
//!
//! Rows that surely do not conflict with each other are looked for together, and those that nothing
//! conflicts with are inserted together; all others go one by one.

use std::sync::Arc;

use vt_base::Error;
use vt_eval::Expr;
use vt_plan::{ConflictHow, Conflicts, KeyColumn, ProbePart};
use vt_value::{BindVars, BoundValue, QueryResult, TypedBytes};

use super::distinct;
use super::rows::{self, Source};
use super::sharded::{Batch, Rows};
use crate::binds::named;
use crate::change::{InTransaction, change_keeping, entries_of, has_entry, run_calls};
use crate::{CallOptions, ExecContext, ShardCall, first_error, route};

/// How many rows one statement looks for.
const PROBES: usize = 100;

/// An INSERT with what its rows are.
#[derive(Clone, Copy)]
struct Careful<'a> {
    batch: Batch<'a>,
    conflicts: &'a Conflicts,
}

pub(super) async fn run(
    batch: Batch<'_>,
    conflicts: &Conflicts,
    parentless: &[bool],
) -> Result<QueryResult, Error> {
    let locking = InTransaction(batch.ctx.shards);
    let ctx = ExecContext { shards: &locking, exclusive: true, ..batch.ctx };
    let texts = batch.texts;
    let careful = Careful { batch: Batch { ctx, ..batch }, conflicts };
    let mut left: Vec<usize> =
        (0..texts.len()).filter(|row| parentless.get(*row) != Some(&true)).collect();
    let mut results = Vec::new();
    if left.len() > 1
        && let Some(alone) = careful.conflicting(&left, parentless).await?
    {
        let left_out: Vec<bool> =
            (0..texts.len()).map(|row| alone[row] || parentless.get(row) == Some(&true)).collect();
        results.push(careful.together(&left_out).await?);
        left.retain(|row| alone[*row]);
    }
    for row in left {
        results.extend(careful.one(row).await?);
    }
    Ok(route::sum_counts(&mut results))
}

impl Careful<'_> {
    /// Returns which rows conflict with such as are there; `None` where rows may conflict with each
    /// other, or where what happens to one may matter to another.
    async fn conflicting(
        &self,
        wanted: &[usize],
        parentless: &[bool],
    ) -> Result<Option<Vec<bool>>, Error> {
        let Careful { batch: Batch { insert, texts, binds, ctx, .. }, conflicts } = *self;
        let rows = Rows { left_out: parentless, without_entries: true, ..Rows::default() };
        let divided = self.batch.divide(rows).await?;
        let value_of = |column: &KeyColumn, row: usize| match column.offset {
            Some(offset) => self.batch.select_value(row, offset).ok(),
            None => given(column.values.get(row)?.as_ref()?, [&divided.own_binds, binds]),
        };
        if !distinct::are_distinct(&conflicts.keys, wanted, &value_of) {
            return Ok(None);
        }
        let mut calls = Vec::new();
        for (shard, rows) in &divided.by_shard {
            for rows in rows.chunks(PROBES) {
                let mut probes = Vec::with_capacity(rows.len());
                for row in rows {
                    probes.push(format!("({})", self.probe_of(*row)?));
                }
                let sql = probes.join(" union all ").into();
                calls.push(divided.call(insert, *shard, sql, binds));
            }
        }
        let results = ctx.shards.execute(calls, CallOptions::default()).await;
        if let Some(error) = first_error(&results) {
            return Err(error.clone());
        }
        let mut conflicting = vec![false; texts.len()];
        for found in results.into_iter().flatten().filter(|found| !found.rows.is_empty()) {
            if conflicts.how != ConflictHow::Ignore {
                // What is changed or removed for one row may be in the way of the next, or not.
                return Ok(None);
            }
            for row in found.rows.iter() {
                let number = row.column(0).and_then(|text| std::str::from_utf8(text).ok());
                let number = number.and_then(|text| text.parse::<usize>().ok());
                let place = number.and_then(|number| conflicting.get_mut(number));
                *place.ok_or_else(|| Error::bug("a probe without its row"))? = true;
            }
        }
        Ok(Some(conflicting))
    }

    /// Returns the statement that finds the rows that one conflicts with.
    fn probe_of(&self, row: usize) -> Result<Arc<str>, Error> {
        let Batch { insert, source, .. } = self.batch;
        let (Some(probe), Source::Select { fields, .. }) = (&self.conflicts.selected, source)
        else {
            let probe = self.conflicts.probes.get(row).cloned();
            return probe.ok_or_else(|| Error::bug("a row without a probe"));
        };
        let mut sql = probe.start.to_string();
        for (part, text) in &probe.parts {
            match part {
                ProbePart::Row => sql.push_str(&row.to_string()),
                ProbePart::Column(column) => {
                    sql.push(':');
                    sql.push_str(&rows::name(insert, row, *column, fields.len()));
                }
            }
            sql.push_str(text);
        }
        Ok(sql.into())
    }

    /// Inserts all rows but some, with their entries.
    async fn together(&self, left_out: &[bool]) -> Result<QueryResult, Error> {
        let calls = self.batch.calls(Rows { left_out, ..Rows::default() }).await?;
        run_calls(calls, self.batch.ctx).await
    }

    /// Inserts one row, or does what is to be done where it conflicts.
    async fn one(&self, row: usize) -> Result<Vec<QueryResult>, Error> {
        let Careful { batch, conflicts } = *self;
        let ctx = batch.ctx;
        let mut results = Vec::new();
        let rows = Rows { only: Some(row), without_entries: true, ..Rows::default() };
        let calls = batch.calls(rows).await?;
        let Some(call) = calls.first() else { return Ok(results) };
        let found = self.probe(row, call).await?;
        let calls = match (conflicts.how, found.rows.is_empty()) {
            (ConflictHow::Ignore, false) => {
                // The shard says why it leaves the row out.
                let left_out = run_calls(calls, ctx).await?;
                if left_out.rows_affected > 0 {
                    // It was found by what MySQL takes for equal, and is not.
                    batch.calls(Rows { only: Some(row), ..Rows::default() }).await?;
                }
                results.push(left_out);
                return Ok(results);
            }
            (ConflictHow::Update, false) => calls,
            (ConflictHow::Replace, false) => {
                // An entry cannot go and come again in one transaction: it would wait for itself.
                let coming = batch.coming(row).await?;
                let mut kept = entries_of(&conflicts.removal, &found, ctx)?;
                kept.retain(|(vindex, entry)| has_entry(&coming, vindex, entry));
                results.push(change_keeping(&conflicts.removal, &found, &kept, ctx).await?);
                batch.calls(Rows { only: Some(row), kept: &kept, ..Rows::default() }).await?
            }
            // The row's entries come first.
            (_, true) => batch.calls(Rows { only: Some(row), ..Rows::default() }).await?,
        };
        let mut done = run_calls(calls, ctx).await?;
        batch.tell_row(&mut done);
        results.push(done);
        Ok(results)
    }

    /// Finds the rows that one conflicts with on its shard.
    async fn probe(&self, row: usize, call: &ShardCall) -> Result<QueryResult, Error> {
        let sql = self.probe_of(row)?;
        let bind_vars = Arc::new(named(&sql, &call.bind_vars));
        let call = ShardCall { sql, bind_vars, ..call.clone() };
        let result = self.batch.ctx.shards.execute(vec![call], CallOptions::default()).await.pop();
        result.unwrap_or_else(|| Err(Error::bug("no answer to a probe")))
    }
}

/// Returns what a literal is, or what a variable stands for.
fn given(value: &Expr, binds: [&BindVars; 2]) -> Option<TypedBytes> {
    match value {
        Expr::Literal(value) => Some(value.clone()),
        Expr::Bind(name) => match binds.iter().find_map(|set| set.get(name))? {
            BoundValue::One(value) => Some(value.clone()),
            BoundValue::Tuple(_) => None,
        },
        _ => None,
    }
}
