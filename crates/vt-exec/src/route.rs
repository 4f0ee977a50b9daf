//! The step that sends a statement to shards.

pub(crate) mod destinations;
pub(crate) mod merge;

use std::sync::Arc;

use vt_base::{Code, Error};
use vt_plan::Route;
use vt_value::{BindVars, Fields, QueryResult, RowsBuilder};

use crate::binds::with_nulls;
use crate::{Autocommit, CallOptions, ExecContext, ShardCall, first_error};

/// Runs a route that gives rows.
pub(crate) async fn run(route: &Route, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let mut calls = destinations::calls(route, ctx).await?;
    if calls.is_empty() {
        // No shard has a row for it, but an aggregate gives one even so: any shard knows.
        calls.push(any_call(route, &route.sql, destinations::all_binds(route, ctx)?, ctx)?);
    }
    let results = ctx.shards.execute(calls, options(route)).await;
    gather(route, results, ctx)
}

/// Makes one result of those of the shards.
pub(crate) fn gather(
    route: &Route,
    mut results: Vec<Result<QueryResult, Error>>,
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    if results.len() == 1
        && let Some(result) = results.pop()
    {
        let result = result?;
        ctx.limits.check(result.rows.len())?;
        return Ok(result);
    }
    let mut results = successes(route, results, ctx)?;
    if route.copies {
        results.truncate(1);
    }
    ctx.limits.check(results.iter().map(|result| result.rows.len()).sum())?;
    let rows = if route.merge_by.is_empty() || results.len() < 2 {
        appended(&results)
    } else {
        merge::whole(&route.merge_by, &results)?
    };
    let mut total = sum_counts(&mut results);
    total.rows = rows;
    Ok(total)
}

/// Returns the results of the shards that answered; the failures are an error, or warnings where
/// the route says so and some shard answered.
fn successes(
    route: &Route,
    results: Vec<Result<QueryResult, Error>>,
    ctx: ExecContext<'_>,
) -> Result<Vec<QueryResult>, Error> {
    let Some(error) = first_error(&results) else {
        return Ok(results.into_iter().flatten().collect());
    };
    if !route.errors_as_warnings || results.iter().all(Result::is_err) {
        return Err(error.clone());
    }
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        ctx.shards.warn(error.errno(), error.message().to_owned());
    }
    Ok(results.into_iter().flatten().collect())
}

fn appended(results: &[QueryResult]) -> vt_value::Rows {
    let mut filled = results.iter().filter(|result| !result.rows.is_empty());
    if let (Some(only), None) = (filled.next(), filled.next()) {
        return only.rows.clone();
    }
    let rows = results.iter().map(|result| result.rows.len()).sum();
    let bytes = results.iter().map(|result| result.rows.data().len()).sum();
    let mut all = RowsBuilder::with_capacity(rows, bytes);
    results.iter().for_each(|result| all.append(&result.rows));
    all.finish()
}

/// Adds up what results say of rows changed, ids and warnings; the fields are those of the first
/// that has any.
pub(crate) fn sum_counts(results: &mut [QueryResult]) -> QueryResult {
    let mut total = QueryResult::default();
    for result in results {
        if total.fields.is_empty() {
            total.fields = std::mem::take(&mut result.fields);
        }
        total.rows_affected += result.rows_affected;
        if total.insert_id == 0 {
            total.insert_id = result.insert_id;
        }
        total.insert_id_changed |= result.insert_id_changed;
        total.warnings = total.warnings.saturating_add(result.warnings);
        total.status_flags |= result.status_flags;
        total.info = sum_info(&total.info, &result.info);
    }
    total
}

/// Adds up texts such as `Records: 2  Duplicates: 0  Warnings: 0` where the words agree.
fn sum_info(a: &Arc<str>, b: &Arc<str>) -> Arc<str> {
    if a.is_empty() {
        return b.clone();
    }
    let mut others = b.split(' ');
    let mut words = Vec::new();
    for word in a.split(' ') {
        let other = others.next().unwrap_or_default();
        match (word.parse::<u64>(), other.parse::<u64>()) {
            (Ok(number), Ok(more)) => words.push(number.saturating_add(more).to_string()),
            _ if word == other => words.push(word.to_owned()),
            _ => return a.clone(),
        }
    }
    words.join(" ").into()
}

pub(crate) fn options(route: &Route) -> CallOptions {
    let autocommit = match route.multi_shard_autocommit {
        true => Autocommit::EachShard,
        false => Autocommit::IfSingle,
    };
    CallOptions {
        read_only: route.read_only,
        autocommit,
        timeout_ms: route.timeout_ms,
        keep_going: route.errors_as_warnings,
        ..CallOptions::default()
    }
}

/// Makes the call of a statement that any shard answers alike.
pub(crate) fn any_call(
    route: &Route,
    sql: &Arc<str>,
    bind_vars: Arc<BindVars>,
    ctx: ExecContext<'_>,
) -> Result<ShardCall, Error> {
    let map = ctx.shards.shards(&route.keyspace)?;
    let shard = map.shards()[destinations::any_shard(&map, ctx)?].name.clone();
    Ok(ShardCall { keyspace: route.keyspace.clone(), shard, sql: sql.clone(), bind_vars })
}

/// Asks a shard for the fields that the route's rows have.
pub(crate) async fn fields(route: &Route, ctx: ExecContext<'_>) -> Result<Fields, Error> {
    if route.field_sql.is_empty() {
        return Ok(Fields::default());
    }
    // Fields are asked for before a statement has its values, too.
    let binds = with_nulls(&route.field_sql, ctx.binds);
    let call = any_call(route, &route.field_sql, binds, ctx)?;
    let how = CallOptions { read_only: true, ..options(route) };
    let result = ctx.shards.execute(vec![call], how).await.pop();
    let nothing = || Err(Error::new(Code::Internal, "no answer to a call"));
    Ok(result.unwrap_or_else(nothing)?.fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infos_add_up() {
        let sum = |a: &str, b: &str| sum_info(&a.into(), &b.into()).to_string();
        assert_eq!(
            sum(
                "Records: 2  Duplicates: 0  Warnings: 1",
                "Records: 40  Duplicates: 3  Warnings: 0"
            ),
            "Records: 42  Duplicates: 3  Warnings: 1"
        );
        assert_eq!(sum("", "Rows matched: 1"), "Rows matched: 1");
        assert_eq!(sum("Rows matched: 1", ""), "Rows matched: 1");
    }
}
