//! UPDATE and DELETE that each shard carries out by itself.

use std::sync::Arc;

use vt_base::Error;
use vt_plan::Write;
use vt_value::{BindVars, BoundValue, QueryResult, TypedBytes};

use crate::route::{self, destinations};
use crate::{Autocommit, CallOptions, ExecContext, node};

/// The list that the rows of the input are bound to.
const INPUT_VAR: &str = "dml_vals";
/// How many rows of the input one statement takes.
const INPUT_BATCH: usize = 1000;

pub(crate) async fn run(write: &Write, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let Some(input) = &write.input else {
        return once(write, ctx, route::options(&write.route)).await;
    };
    let input = node::run(input, ctx).await?;
    if input.fields.len() != 1 {
        let message = format!("changing rows of {} found by several columns", write.table);
        return Err(Error::unsupported(message));
    }
    let typ = input.fields[0].typ;
    let mut values = Vec::with_capacity(input.rows.len());
    for row in input.rows.iter() {
        // NULL is equal to nothing, so it finds no row.
        values.extend(
            row.column(0).map(|cell| TypedBytes::new(typ, input.rows.data().slice_ref(cell))),
        );
    }
    let single = values.len() <= INPUT_BATCH;
    let mut results = Vec::new();
    for batch in values.chunks(INPUT_BATCH) {
        let mut binds = BindVars::clone(ctx.binds);
        binds.set(INPUT_VAR, BoundValue::Tuple(batch.to_vec()));
        let binds = Arc::new(binds);
        let mut how = route::options(&write.route);
        if !single {
            how.autocommit = Autocommit::Never;
        }
        results.push(once(write, ExecContext { binds: &binds, ..ctx }, how).await?);
    }
    Ok(route::sum_counts(&mut results))
}

async fn once(write: &Write, ctx: ExecContext<'_>, how: CallOptions) -> Result<QueryResult, Error> {
    let calls = destinations::calls(&write.route, ctx).await?;
    if calls.is_empty() {
        return Ok(QueryResult::default());
    }
    route::gather(&write.route, ctx.shards.execute(calls, how).await, ctx)
}
