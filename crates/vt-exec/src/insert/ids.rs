//! Ids from a sequence, for the rows that give none.

use std::sync::Arc;

use vt_base::{Error, Result};
use vt_plan::AutoIncrement;
use vt_value::{BindVars, TypedBytes};

use super::rows::{Source, Texts};
use crate::route::destinations;
use crate::{Autocommit, CallOptions, ExecContext, ShardCall};

/// Returns the variable that a row's id is bound to.
pub(crate) fn name(row: usize) -> String {
    format!("__seq{row}")
}

/// Binds an id for every row; returns the first that the sequence gave.
pub(crate) async fn bind(
    auto: &AutoIncrement,
    source: Source<'_>,
    texts: &mut Texts,
    binds: &mut BindVars,
    ctx: ExecContext<'_>,
) -> Result<Option<u64>> {
    let given: Vec<Option<TypedBytes>> = match source {
        Source::Values => auto
            .values
            .iter()
            .map(|value| value.typed(ctx.binds).map(Some))
            .collect::<Result<_>>()?,
        Source::Select { rows, .. } => match auto.offset {
            Some(column) => (0..rows.len())
                .map(|row| source.value(row, column).map(Some))
                .collect::<Result<_>>()?,
            None => {
                (0..rows.len()).for_each(|row| texts.append(row, &name(row)));
                vec![None; rows.len()]
            }
        },
    };
    let missing = given.iter().filter(|value| needs_id(value.as_ref())).count();
    let first = if missing == 0 { None } else { Some(fetch(auto, missing, ctx).await?) };
    let mut next = first.unwrap_or(0);
    for (row, value) in given.into_iter().enumerate() {
        let value = match value {
            Some(value) if !needs_id(Some(&value)) => value,
            _ => {
                next += 1;
                TypedBytes::uint64(next - 1)
            }
        };
        binds.set(name(row), value);
    }
    Ok(first)
}

/// Returns whether a row wants an id: it gives none, NULL, or a zero.
fn needs_id(value: Option<&TypedBytes>) -> bool {
    let is_zero = |value: &TypedBytes| {
        !value.bytes.is_empty() && value.bytes.iter().all(|byte| *byte == b'0')
    };
    value.is_none_or(|value| value.is_null() || is_zero(value))
}

/// Takes so many ids, one after the other, from the sequence; returns the first.
async fn fetch(auto: &AutoIncrement, count: usize, ctx: ExecContext<'_>) -> Result<u64> {
    let map = ctx.shards.shards(&auto.keyspace)?;
    let mut binds = BindVars::new();
    binds.set("n", TypedBytes::int64(count as i64));
    let call = ShardCall {
        keyspace: auto.keyspace.clone(),
        shard: map.shards()[destinations::only_shard(&map)?].name.clone(),
        sql: auto.sql.clone(),
        bind_vars: Arc::new(binds),
    };
    let how = CallOptions {
        autocommit: Autocommit::EachShard,
        outside_transaction: true,
        ..CallOptions::default()
    };
    let result = ctx.shards.execute(vec![call], how).await.pop();
    let result = result.ok_or_else(|| Error::bug("no answer from the sequence"))??;
    let id = result.rows.iter().next().and_then(|row| row.column(0));
    let id = id.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    id.filter(|first: &u64| first.checked_add(count as u64).is_some())
        .ok_or_else(|| Error::bug(format_args!("sequence of '{}' gave no id", auto.sql)))
}
