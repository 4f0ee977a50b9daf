//! Adding and removing entries of a lookup vindex.

use std::sync::Arc;

use vt_base::{Error, ErrorId, KeyspaceId};
use vt_plan::lookup::{self, InsertHow};
use vt_value::{BindVars, TypedBytes};
use vt_vschema::{BackingColumn, ShardMap, Vindex};

use super::{Access, EntryOf, StoredEntry, consistent, run};
use crate::{CommitOrder, ExecContext, ShardCall};

/// How many entries one statement adds or removes.
const BATCH: usize = 500;
/// How many one removes on a connection beside that which adds: what it finds in a scan of the
/// table it would wait for, and the other for it.
const BATCH_BESIDE: usize = 1;
/// MySQL's number of a duplicate entry.
const DUPLICATE: u16 = 1062;

/// Adds the entries of rows to come.
///
/// # Errors
/// NULL where the vindex does not leave it out; MySQL's 1062 where a unique vindex has the value.
pub(crate) async fn create(
    vindex: &Vindex,
    entries: &[EntryOf],
    ignore: bool,
    ctx: ExecContext<'_>,
) -> Result<(), Error> {
    let access = Access::of(vindex)?;
    let entries = kept(access, entries)?;
    if entries.is_empty() {
        return Ok(());
    }
    let how = match (ignore, access.lookup.autocommit && !vindex.unique) {
        (true, _) => InsertHow::Ignore,
        (false, true) => InsertHow::Upsert,
        (false, false) => InsertHow::Plain,
    };
    let order = match access.lookup.consistent {
        true => CommitOrder::Pre,
        false => CommitOrder::Normal,
    };
    let sql = |rows| lookup::insert(access.lookup, access.backing, rows, how);
    let map = ctx.shards.shards(&access.backing.keyspace.name)?;
    let calls = calls(access, &map, (&entries, BATCH), sql)?;
    match run(ctx, calls, access.writing(order)).await {
        Err(error) if error.errno() == DUPLICATE && access.lookup.consistent => {
            consistent::settle(access, &entries, &error, ctx).await
        }
        other => other.map(drop),
    }
}

/// Removes the entries of rows that go; entries that commit by themselves stay.
pub(crate) async fn remove(
    vindex: &Vindex,
    entries: &[EntryOf],
    ctx: ExecContext<'_>,
) -> Result<(), Error> {
    let access = Access::of(vindex)?;
    if access.lookup.autocommit {
        return Ok(());
    }
    let has_null = |entry: &EntryOf| entry.0.iter().any(TypedBytes::is_null);
    let entries: Vec<&EntryOf> = entries.iter().filter(|entry| !has_null(entry)).collect();
    let (order, batch) = match access.lookup.consistent {
        true => (CommitOrder::Post, BATCH_BESIDE),
        false => (CommitOrder::Normal, BATCH),
    };
    let map = ctx.shards.shards(&access.backing.keyspace.name)?;
    let sql = |rows| lookup::delete(access.backing, rows);
    let calls = calls(access, &map, (&entries, batch), sql)?;
    run(ctx, calls, access.writing(order)).await.map(drop)
}

/// Gives entries other keyspace ids: their rows move.
pub(crate) async fn relocate(
    vindex: &Vindex,
    moved: &[(EntryOf, KeyspaceId)],
    ctx: ExecContext<'_>,
) -> Result<(), Error> {
    let access = Access::of(vindex)?;
    let map = ctx.shards.shards(&access.backing.keyspace.name)?;
    let by_id = access.backing.primary.as_ref();
    if !moved.is_empty() && by_id.is_some_and(|one| one.columns.contains(&BackingColumn::To)) {
        return Err(Error::unsupported(format!(
            "moving a row whose entry of lookup vindex {} would change its shard",
            vindex.name
        )));
    }
    let order = match access.lookup.consistent {
        true => CommitOrder::Pre,
        false => CommitOrder::Normal,
    };
    let sql: Arc<str> = lookup::update_entry(access.backing).into();
    let mut calls = Vec::with_capacity(moved.len());
    for ((from, _), to) in moved {
        if from.iter().any(TypedBytes::is_null) {
            continue;
        }
        let stored = access.stored(&(from.clone(), to.clone()))?;
        let shard = access.shard_of(&map, &stored.from, Some(&stored.to))?;
        let shard = shard.ok_or_else(|| Error::bug("an entry of a lookup without a shard"))?;
        let mut binds = BindVars::new();
        access.bind(&mut binds, 0, &stored);
        calls.push(access.call(&map, shard, &sql, binds));
    }
    run(ctx, calls, access.writing(order)).await.map(drop)
}

/// Returns the entries to add, without those that have NULL.
fn kept<'e>(access: Access<'_>, entries: &'e [EntryOf]) -> Result<Vec<&'e EntryOf>, Error> {
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        if !entry.0.iter().any(TypedBytes::is_null) {
            kept.push(entry);
        } else if !access.lookup.ignore_nulls {
            let columns = access.lookup.from.join(",");
            return Err(Error::vt(ErrorId::VT03028, columns));
        }
    }
    // Always in one order, so that two statements do not wait for each other.
    kept.sort_by(|a, b| {
        let key = |entry: &'e EntryOf| entry.0.iter().map(|value| &value.bytes);
        key(a).cmp(key(b))
    });
    Ok(kept)
}

/// Makes the calls that hand entries to their shards, so many at a time.
fn calls(
    access: Access<'_>,
    map: &ShardMap,
    (entries, batch): (&[&EntryOf], usize),
    sql: impl Fn(usize) -> String,
) -> Result<Vec<ShardCall>, Error> {
    let mut by_shard: Vec<Vec<StoredEntry>> = Vec::new();
    by_shard.resize_with(map.shards().len(), Vec::new);
    for entry in entries {
        let stored = access.stored(entry)?;
        match access.shard_of(map, &stored.from, Some(&stored.to))? {
            Some(shard) => by_shard[shard].push(stored),
            None => return Err(Error::bug("an entry of a lookup vindex without a shard")),
        }
    }
    let mut calls = Vec::new();
    for (shard, entries) in by_shard.iter().enumerate() {
        for batch in entries.chunks(batch) {
            let mut binds = BindVars::new();
            for (row, entry) in batch.iter().enumerate() {
                access.bind(&mut binds, row, entry);
            }
            let sql: Arc<str> = sql(batch.len()).into();
            calls.push(access.call(map, shard, &sql, binds));
        }
    }
    Ok(calls)
}
