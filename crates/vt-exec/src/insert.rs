//! INSERT and REPLACE: ids from the sequence, then each row to its shard.

mod careful;
mod distinct;
mod ids;
mod parents;
mod rows;
mod sharded;

use std::sync::Arc;

use vt_base::Error;
use vt_plan::{Insert, InsertRouting, InsertSource};
use vt_value::{BindVars, QueryResult};
use vt_vschema::ServingShard;

use crate::change::InTransaction;
use crate::route::{self, destinations};
use crate::{Autocommit, CallOptions, ExecContext, ShardCall, first_error, node};
use rows::{Source, Texts};
use sharded::{Batch, Rows};

/// How many rows that a query gave go in one round of statements.
const SELECT_BATCH: usize = 1000;

pub(crate) async fn run(insert: &Insert, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    if insert.parents.is_empty() {
        return insert_all(insert, ctx).await;
    }
    // Parents stay locked until the rows that refer to them are committed.
    let locking = InTransaction(ctx.shards);
    insert_all(insert, ExecContext { shards: &locking, exclusive: true, ..ctx }).await
}

async fn insert_all(insert: &Insert, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let InsertSource::Select(input) = &insert.source else {
        return send(insert, Source::Values, options(insert), ctx).await;
    };
    let selected = node::run(input, ctx).await?;
    let mut how = options(insert);
    if selected.rows.len() > SELECT_BATCH {
        how.autocommit = Autocommit::Never;
    }
    let mut results = Vec::new();
    for start in (0..selected.rows.len()).step_by(SELECT_BATCH) {
        let end = selected.rows.len().min(start + SELECT_BATCH);
        let rows = selected.rows.slice(start..end);
        let source = Source::Select { fields: &selected.fields, rows: &rows };
        results.push(send(insert, source, how, ctx).await?);
    }
    Ok(route::sum_counts(&mut results))
}

fn options(insert: &Insert) -> CallOptions {
    let autocommit = match insert.multi_shard_autocommit {
        true => Autocommit::EachShard,
        false => Autocommit::IfSingle,
    };
    CallOptions { autocommit, timeout_ms: insert.timeout_ms, ..CallOptions::default() }
}

/// Inserts the rows of a source with one statement a shard.
async fn send(
    insert: &Insert,
    source: Source<'_>,
    how: CallOptions,
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    let mut binds = BindVars::clone(ctx.binds);
    let mut texts = rows::texts(insert, source, &mut binds)?;
    let first_id = match &insert.auto_increment {
        Some(auto) => ids::bind(auto, source, &mut texts, &mut binds, ctx).await?,
        None => None,
    };
    let batch = Batch { insert, source, texts: &texts, binds: &binds, ctx };
    let parentless = parents::before(batch).await?;
    let mut total = send_rows(batch, &parentless, how).await?;
    parents::after(batch).await?;
    batch.tell_rows(&mut total);
    if let Some(id) = first_id {
        total.insert_id = id;
    }
    Ok(total)
}

async fn send_rows(
    batch: Batch<'_>,
    parentless: &[bool],
    how: CallOptions,
) -> Result<QueryResult, Error> {
    let Batch { insert, texts, binds, ctx, .. } = batch;
    if let Some(conflicts) = &insert.conflicts {
        return careful::run(batch, conflicts, parentless).await;
    }
    let calls = match &insert.routing {
        InsertRouting::Unsharded => {
            let map = ctx.shards.shards(&insert.keyspace)?;
            let only = destinations::only_shard(&map)?;
            whole(insert, texts, binds.clone(), map.shards().get(only).as_slice())
        }
        InsertRouting::Copies => {
            let map = ctx.shards.shards(&insert.keyspace)?;
            whole(insert, texts, binds.clone(), &map.shards().iter().collect::<Vec<_>>())
        }
        InsertRouting::Sharded(_) => {
            batch.calls(Rows { left_out: parentless, ..Rows::default() }).await?
        }
    };
    if calls.is_empty() {
        return Ok(QueryResult::default());
    }
    let results = ctx.shards.execute(calls, how).await;
    if let Some(error) = first_error(&results) {
        return Err(error.clone());
    }
    let mut results: Vec<QueryResult> = results.into_iter().flatten().collect();
    results.iter_mut().for_each(|result| batch.tell_row(result));
    if matches!(insert.routing, InsertRouting::Copies) {
        results.truncate(1);
    }
    Ok(match (results.pop(), results.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            results.extend(last);
            route::sum_counts(&mut results)
        }
    })
}

/// Makes the calls that give all rows to each of some shards.
fn whole(
    insert: &Insert,
    texts: &Texts,
    binds: BindVars,
    shards: &[&ServingShard],
) -> Vec<ShardCall> {
    let all: Vec<usize> = (0..texts.len()).collect();
    let (sql, bind_vars) = (texts.statement(insert, &all), Arc::new(binds));
    let call = |shard: &&ServingShard| ShardCall {
        keyspace: insert.keyspace.clone(),
        shard: shard.name.clone(),
        sql: sql.clone(),
        bind_vars: bind_vars.clone(),
    };
    shards.iter().map(call).collect()
}
