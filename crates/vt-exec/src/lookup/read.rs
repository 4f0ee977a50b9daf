//! Asking the table behind a lookup vindex where values lie.

use std::collections::HashMap;
use std::sync::Arc;

use vt_base::{Code, Error, KeyspaceId};
use vt_plan::lookup;
use vt_value::{BindVars, BoundValue, QueryResult, TypedBytes};
use vt_vschema::{Destination, Vindex};

use super::{Access, EntryOf, run};
use crate::{ExecContext, ShardCall};

/// What a look-up is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Rows,
    /// Rows are changed: inside a transaction the entries are locked.
    Change,
}

/// Returns where each value lies.
///
/// # Errors
/// The table has several entries for a value of a unique vindex; what a shard says.
pub(crate) async fn map(
    vindex: &Vindex,
    values: &[TypedBytes],
    reading: Reading,
    ctx: ExecContext<'_>,
) -> Result<Vec<Destination>, Error> {
    let access = Access::of(vindex)?;
    if access.lookup.write_only {
        return Ok(vec![Destination::AllShards; values.len()]);
    }
    let mut asked: Vec<TypedBytes> = Vec::with_capacity(values.len());
    let mut place_of: HashMap<TypedBytes, usize> = HashMap::new();
    for value in values.iter().filter(|value| !value.is_null()) {
        let value = access.lookup.from_value(value);
        place_of.entry(value).or_insert_with_key(|value| {
            asked.push(value.clone());
            asked.len() - 1
        });
    }
    let found = look_up(access, &asked, reading, ctx).await?;
    let one = |value: &TypedBytes| {
        if value.is_null() {
            // Nothing is equal to NULL; the planner does not look `IS NULL` up.
            return Ok(Destination::None);
        }
        let place = place_of.get(&access.lookup.from_value(value));
        let ids = place.and_then(|place| found.get(*place)).map_or(&[][..], Vec::as_slice);
        match ids {
            [] => Ok(Destination::None),
            [id] => Ok(Destination::KeyspaceId(id.clone())),
            several if !vindex.unique => Ok(Destination::KeyspaceIds(several.to_vec())),
            _ => Err(Error::new(
                Code::Unknown,
                format!(
                    "Lookup.Map: unexpected multiple results from vindex {}: {}",
                    access.lookup.table,
                    String::from_utf8_lossy(&value.bytes)
                ),
            )),
        }
    };
    values.iter().map(one).collect()
}

/// Returns which entries the table has; those with NULL count as had.
pub(crate) async fn verify(
    vindex: &Vindex,
    entries: &[EntryOf],
    ctx: ExecContext<'_>,
) -> Result<Vec<bool>, Error> {
    let access = Access::of(vindex)?;
    let mut agree = vec![true; entries.len()];
    if access.lookup.write_only || access.lookup.no_verify {
        return Ok(agree);
    }
    let map = ctx.shards.shards(&access.backing.keyspace.name)?;
    let sql: Arc<str> = lookup::verify(access.backing).into();
    let (mut calls, mut call_of) = (Vec::new(), Vec::new());
    for (place, entry) in entries.iter().enumerate() {
        if entry.0.iter().any(TypedBytes::is_null) {
            continue;
        }
        let stored = access.stored(entry)?;
        let shard = access.shard_of(&map, &stored.from, Some(&stored.to))?;
        let shard = shard.ok_or_else(|| Error::bug("an entry of a lookup without a shard"))?;
        let mut binds = BindVars::new();
        access.bind(&mut binds, 0, &stored);
        calls.push(access.call(&map, shard, &sql, binds));
        call_of.push(place);
    }
    let results = run(ctx, calls, access.reading()).await?;
    for (result, place) in results.iter().zip(call_of) {
        agree[place] = !result.rows.is_empty();
    }
    Ok(agree)
}

/// Returns the keyspace ids of each value.
async fn look_up(
    access: Access<'_>,
    values: &[TypedBytes],
    reading: Reading,
    ctx: ExecContext<'_>,
) -> Result<Vec<Vec<KeyspaceId>>, Error> {
    let map = ctx.shards.shards(&access.backing.keyspace.name)?;
    let locked = reading == Reading::Change && ctx.exclusive && !access.lookup.autocommit;
    let sql: Arc<str> = lookup::select(access.lookup, access.backing, locked).into();
    // Texts are equal by the column's collation, which MySQL alone knows: each is asked for alone,
    // unless the vindex says otherwise.
    let together = access.lookup.batch_lookup || values.iter().all(|one| one.typ.is_integral());
    let groups: Vec<Vec<usize>> = match together {
        true => vec![(0..values.len()).collect()],
        false => (0..values.len()).map(|place| vec![place]).collect(),
    };
    let mut calls: Vec<ShardCall> = Vec::new();
    let mut group_of: Vec<Vec<usize>> = Vec::new();
    for group in groups {
        let mut by_shard: Vec<Vec<usize>> = vec![Vec::new(); map.shards().len()];
        for place in group {
            match access.shard_of(&map, std::slice::from_ref(&values[place]), None)? {
                Some(shard) => by_shard[shard].push(place),
                None => by_shard.iter_mut().for_each(|part| part.push(place)),
            }
        }
        for (shard, part) in by_shard.into_iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            let list = part.iter().map(|place| values[*place].clone()).collect();
            let mut binds = BindVars::new();
            binds.set(lookup::VALUES, BoundValue::Tuple(list));
            calls.push(access.call(&map, shard, &sql, binds));
            group_of.push(part);
        }
    }
    let results = run(ctx, calls, access.reading()).await?;
    ctx.limits.check(results.iter().map(|result| result.rows.len()).sum())?;
    let mut found = vec![Vec::new(); values.len()];
    for (result, group) in results.iter().zip(&group_of) {
        sort_in(access, result, group, values, &mut found);
    }
    Ok(found)
}

/// Gives the rows of a result to the values that they are about.
fn sort_in(
    access: Access<'_>,
    result: &QueryResult,
    group: &[usize],
    values: &[TypedBytes],
    found: &mut [Vec<KeyspaceId>],
) {
    for row in result.rows.iter() {
        let (Some(value), Some(to)) = (row.column(0), row.column(1)) else { continue };
        let Some(id) = access.lookup.keyspace_id(to) else { continue };
        let mut exact = group.iter().filter(|place| *values[**place].bytes == *value).peekable();
        // A text that no value is, byte by byte, is equal to some by its collation: each may be it.
        let places: Vec<usize> = match exact.peek() {
            Some(_) => exact.copied().collect(),
            None => group.to_vec(),
        };
        for place in places {
            if !found[place].contains(&id) {
                found[place].push(id.clone());
            }
        }
    }
}
