//! Rows whose primary vindex columns change: each goes from its shard and comes to another.

use vt_base::{Error, KeyspaceId};
use vt_plan::{ChangePlace, Move, MovedColumn, TableChange};
use vt_value::{BindVars, QueryResult, TypedBytes};
use vt_vschema::ShardMap;

use super::rows::{FoundRow, FoundRows};
use super::{KEYS, by_key, call, change_entries, run_calls};
use crate::lookup::{self, EntryOf};
use crate::{ExecContext, ShardCall, route};

/// A row with where it goes.
struct Moving {
    row: FoundRow,
    to_id: KeyspaceId,
}

/// Moves rows: all go before any comes, so that they may take each other's place. Rows that stay
/// where they are change there.
pub(super) async fn run(
    table: &TableChange,
    one: &Move,
    found: FoundRows<'_>,
    map: &ShardMap,
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    let (moving, found) = split(table, one, found)?;
    let mut results = Vec::new();
    if !found.rows.is_empty() {
        change_entries(table, &found, &[], ctx).await?;
        let (prefix, suffix, sets) = &one.stay;
        let calls = by_key(table, &found, map, (prefix, suffix, sets), ctx)?;
        results.push(run_calls(calls, ctx).await?);
    }
    if !moving.is_empty() {
        move_entries(table, &found, &moving, ctx).await?;
        run_calls(deletes(table, one, &found, map, &moving)?, ctx).await?;
        let mut moved = run_calls(inserts(table, one, &found, map, &moving)?, ctx).await?;
        moved.insert_id = 0;
        let rows = moving.len();
        moved.info = format!("Rows matched: {rows}  Changed: {rows}  Warnings: 0").into();
        results.push(moved);
    }
    Ok(route::sum_counts(&mut results))
}

/// Parts the rows that move from those that stay.
fn split<'a>(
    table: &TableChange,
    one: &Move,
    mut found: FoundRows<'a>,
) -> Result<(Vec<Moving>, FoundRows<'a>), Error> {
    let ChangePlace::Vindex { vindex, .. } = &table.place else {
        return Err(Error::bug("a row moves where there are no shards"));
    };
    let places = one.vindex_columns.iter().map(|column| match one.columns.get(*column) {
        Some(MovedColumn::Input(place)) => Ok(*place),
        _ => Err(Error::bug("a vindex column whose new value is not known")),
    });
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let (mut moving, mut staying) = (Vec::new(), Vec::new());
    for row in std::mem::take(&mut found.rows) {
        let to_id = vindex.keyspace_id(&found.values(&row, &places)?)?;
        match row.id.as_ref() == Some(&to_id) {
            true => staying.push(row),
            false => moving.push(Moving { row, to_id }),
        }
    }
    found.rows = staying;
    Ok((moving, found))
}

/// Gives the entries of rows that move their new keyspace ids.
async fn move_entries(
    table: &TableChange,
    found: &FoundRows<'_>,
    moving: &[Moving],
    ctx: ExecContext<'_>,
) -> Result<(), Error> {
    for change in &table.lookups {
        let (mut old, mut new): (Vec<EntryOf>, Vec<EntryOf>) = (Vec::new(), Vec::new());
        let mut moved = Vec::new();
        for one in moving {
            let id = one.row.id.clone();
            let id = id.ok_or_else(|| Error::bug("a row without a keyspace id"))?;
            let places = change.new.as_ref().unwrap_or(&change.old);
            let same = change.same.is_some_and(|place| found.is_true(&one.row, place));
            let entry = (found.values(&one.row, &change.old)?, id);
            // A unique entry cannot go and come again within one statement.
            if change.vindex.unique && (same || *places == change.old) {
                moved.push((entry, one.to_id.clone()));
                continue;
            }
            old.push(entry);
            new.push((found.values(&one.row, places)?, one.to_id.clone()));
        }
        lookup::relocate(&change.vindex, &moved, ctx).await?;
        lookup::remove(&change.vindex, &old, ctx).await?;
        lookup::create(&change.vindex, &new, false, ctx).await?;
    }
    Ok(())
}

fn deletes(
    table: &TableChange,
    one: &Move,
    found: &FoundRows<'_>,
    map: &ShardMap,
    moving: &[Moving],
) -> Result<Vec<ShardCall>, Error> {
    let mut by_shard: Vec<Vec<&FoundRow>> = vec![Vec::new(); map.shards().len()];
    for moved in moving {
        moved.row.shards.iter().for_each(|shard| by_shard[*shard].push(&moved.row));
    }
    let mut calls = Vec::new();
    for (shard, rows) in by_shard.iter().enumerate() {
        for batch in rows.chunks(KEYS) {
            let mut binds = BindVars::new();
            let keys = found.bind_keys(table, batch, &mut binds)?;
            let sql = format!("{}{keys}{}", one.delete.0, one.delete.1);
            calls.push(call(table, map, shard, sql, binds));
        }
    }
    Ok(calls)
}

fn inserts(
    table: &TableChange,
    one: &Move,
    found: &FoundRows<'_>,
    map: &ShardMap,
    moving: &[Moving],
) -> Result<Vec<ShardCall>, Error> {
    let mut by_shard: Vec<Vec<&FoundRow>> = vec![Vec::new(); map.shards().len()];
    for moved in moving {
        by_shard[map.shard_of(&moved.to_id)?].push(&moved.row);
    }
    let mut calls = Vec::new();
    for (shard, rows) in by_shard.iter().enumerate() {
        for batch in rows.chunks(KEYS) {
            let mut binds = BindVars::new();
            let mut texts = Vec::with_capacity(batch.len());
            for (index, row) in batch.iter().enumerate() {
                texts.push(row_text(one, found, row, index, &mut binds)?);
            }
            let sql = format!("{}{}", one.insert, texts.join(", "));
            calls.push(call(table, map, shard, sql, binds));
        }
    }
    Ok(calls)
}

fn row_text(
    one: &Move,
    found: &FoundRows<'_>,
    row: &FoundRow,
    index: usize,
    binds: &mut BindVars,
) -> Result<String, Error> {
    let mut parts = Vec::with_capacity(one.columns.len());
    for (column, source) in one.columns.iter().enumerate() {
        parts.push(match source {
            MovedColumn::Sql(sql) => sql.to_string(),
            MovedColumn::Input(place) => {
                let name = format!("_m{column}_{index}");
                let value: Option<TypedBytes> = found.values(row, &[*place])?.pop();
                binds.set(name.as_str(), value.unwrap_or(TypedBytes::NULL));
                format!(":{name}")
            }
        });
    }
    Ok(format!("({})", parts.join(", ")))
}
