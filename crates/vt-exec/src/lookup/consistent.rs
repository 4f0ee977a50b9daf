//! Duplicate entries of a consistent lookup vindex: one that no row has any more is taken over.
//!
//! Entries commit before their rows come and after their rows have gone, so that a failure may
//! leave an entry without a row, and never a row without its entry.

use std::collections::HashSet;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::lookup::{self, InsertHow};
use vt_value::{BindVars, QueryResult, TypedBytes};
use vt_vschema::{BackingColumn, Destination};

use super::{Access, EntryOf, StoredEntry, run};
use crate::{Autocommit, CallOptions, CommitOrder, ExecContext, ShardCall};

/// Adds entries one by one after adding them together met a duplicate.
pub(super) async fn settle(
    access: Access<'_>,
    entries: &[&EntryOf],
    duplicate: &Error,
    ctx: ExecContext<'_>,
) -> Result<(), Error> {
    let by_id = access.backing.primary.as_ref();
    if by_id.is_some_and(|primary| primary.columns.contains(&BackingColumn::To)) {
        // An entry that changes its keyspace id would have to change its shard.
        return Err(duplicate.clone());
    }
    let mut seen: HashSet<&[TypedBytes]> = HashSet::with_capacity(entries.len());
    for entry in entries {
        if !seen.insert(&entry.0) {
            return Err(duplicate.clone());
        }
        settle_one(access, entry, duplicate, ctx).await?;
    }
    Ok(())
}

async fn settle_one(
    access: Access<'_>,
    entry: &EntryOf,
    duplicate: &Error,
    ctx: ExecContext<'_>,
) -> Result<(), Error> {
    let stored = access.stored(entry)?;
    let lock: Arc<str> = lookup::lock_entry(access.backing).into();
    let held = on_entry(access, &lock, &stored, ctx).await?;
    let mut rows = held.iter().flat_map(|result| result.rows.iter());
    let Some(row) = rows.next() else {
        let insert = lookup::insert(access.lookup, access.backing, 1, InsertHow::Plain);
        return on_entry(access, &insert.into(), &stored, ctx).await.map(drop);
    };
    if rows.next().is_some() && access.vindex.unique {
        let message = format!("unexpected rows of consistent lookup vindex {}", access.vindex.name);
        return Err(Error::new(vt_base::Code::Unknown, message));
    }
    let id = row.column(0).and_then(|held| access.lookup.keyspace_id(held));
    let id = id.ok_or_else(|| duplicate.clone())?;
    if has_row(access, &id, &stored, ctx).await? {
        return Err(duplicate.clone());
    }
    if id == entry.1 {
        return Ok(());
    }
    let update: Arc<str> = lookup::update_entry(access.backing).into();
    on_entry(access, &update, &stored, ctx).await.map(drop)
}

/// Runs a statement about one entry, in the transaction that commits first.
async fn on_entry(
    access: Access<'_>,
    sql: &Arc<str>,
    stored: &StoredEntry,
    ctx: ExecContext<'_>,
) -> Result<Vec<QueryResult>, Error> {
    let map = ctx.shards.shards(&access.backing.keyspace.name)?;
    let mut binds = BindVars::new();
    access.bind(&mut binds, 0, stored);
    let shards = match access.shard_of(&map, &stored.from, Some(&stored.to))? {
        Some(shard) => vec![shard],
        None => (0..map.shards().len()).collect(),
    };
    let calls: Vec<ShardCall> =
        shards.into_iter().map(|shard| access.call(&map, shard, sql, binds.clone())).collect();
    run(ctx, calls, access.writing(CommitOrder::Pre)).await
}

/// Returns whether a row with the entry's values is where the entry says, waiting for a transaction
/// that is about to add or remove it.
async fn has_row(
    access: Access<'_>,
    id: &[u8],
    stored: &StoredEntry,
    ctx: ExecContext<'_>,
) -> Result<bool, Error> {
    let Some(owner) = &access.backing.owner else { return Ok(true) };
    let map = ctx.shards.shards(&owner.keyspace.name)?;
    let sql: Arc<str> = lookup::lock_owner(owner).into();
    let mut binds = BindVars::new();
    access.bind(&mut binds, 0, stored);
    let mut calls = Vec::new();
    for shard in map.resolve(&Destination::KeyspaceId(id.to_vec()))? {
        calls.push(ShardCall {
            keyspace: owner.keyspace.name.clone(),
            shard: map.shards()[shard].name.clone(),
            sql: sql.clone(),
            bind_vars: Arc::new(binds.clone()),
        });
    }
    let how = CallOptions { autocommit: Autocommit::Never, ..CallOptions::default() };
    let results = run(ctx, calls, how).await?;
    Ok(results.iter().any(|result| !result.rows.is_empty()))
}
