//! Rows inserted one by one, each after a look at those that it conflicts with, so that entries of
//! lookup vindexes are made for rows that really come, and go with those that are replaced.

use std::sync::Arc;

use vt_base::Error;
use vt_plan::{ConflictHow, Conflicts, Insert};
use vt_value::{BindVars, QueryResult};

use super::rows::{Source, Texts};
use super::sharded::{self, Rows};
use crate::binds::named;
use crate::change::{InTransaction, change_keeping, entries_of, has_entry, run_calls};
use crate::{ExecContext, ShardCall, route};

pub(super) async fn run(
    (insert, conflicts): (&Insert, &Conflicts),
    (source, texts): (Source<'_>, &Texts),
    (binds, parentless): (&BindVars, &[bool]),
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    let locking = InTransaction(ctx.shards);
    let ctx = ExecContext { shards: &locking, exclusive: true, ..ctx };
    let mut results = Vec::new();
    for row in (0..texts.len()).filter(|row| parentless.get(*row) != Some(&true)) {
        let rows = Rows { only: Some(row), without_entries: true, ..Rows::default() };
        let calls = sharded::calls(insert, source, texts, binds, rows, ctx).await?;
        let Some(call) = calls.first() else { continue };
        let found = probe(conflicts, row, call, ctx).await?;
        let calls = match (conflicts.how, found.rows.is_empty()) {
            (ConflictHow::Ignore, false) => {
                let message = format!("Duplicate entry for row {} is left out", row + 1);
                ctx.shards.warn(1062, message);
                continue;
            }
            (ConflictHow::Update, false) => calls,
            (ConflictHow::Replace, false) => {
                // An entry cannot go and come again in one transaction: it would wait for itself.
                let coming = sharded::coming(insert, source, texts, binds, row, ctx).await?;
                let mut kept = entries_of(&conflicts.removal, &found, ctx)?;
                kept.retain(|(vindex, entry)| has_entry(&coming, vindex, entry));
                results.push(change_keeping(&conflicts.removal, &found, &kept, ctx).await?);
                let rows = Rows { only: Some(row), kept: &kept, ..Rows::default() };
                sharded::calls(insert, source, texts, binds, rows, ctx).await?
            }
            (_, true) => with_entries(insert, source, texts, binds, row, ctx).await?,
        };
        results.push(run_calls(calls, ctx).await?);
    }
    Ok(route::sum_counts(&mut results))
}

/// Makes a row's entries, and the call that inserts it.
async fn with_entries(
    insert: &Insert,
    source: Source<'_>,
    texts: &Texts,
    binds: &BindVars,
    row: usize,
    ctx: ExecContext<'_>,
) -> Result<Vec<ShardCall>, Error> {
    let rows = Rows { only: Some(row), ..Rows::default() };
    sharded::calls(insert, source, texts, binds, rows, ctx).await
}

/// Finds the rows that one conflicts with on its shard.
async fn probe(
    conflicts: &Conflicts,
    row: usize,
    call: &ShardCall,
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    let sql = conflicts.probes.get(row).ok_or_else(|| Error::bug("a row without a probe"))?;
    let bind_vars = Arc::new(named(sql, &call.bind_vars));
    let call = ShardCall { sql: sql.clone(), bind_vars, ..call.clone() };
    let how = crate::CallOptions::default();
    let result = ctx.shards.execute(vec![call], how).await.pop();
    result.unwrap_or_else(|| Err(Error::bug("no answer to a probe")))
}
