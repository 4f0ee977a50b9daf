//! From a routing to the shards, and what each of them is sent.

use std::sync::Arc;

use vt_base::{Code, Error, ErrorId};
use vt_eval::Expr;
use vt_plan::{Route, Routing, UpperLimit};
use vt_value::{BindVars, BoundValue, TypedBytes};
use vt_vschema::{Destination, Mapping, ShardMap};

use crate::binds::named;
use crate::limit::row_count;
use crate::lookup::{self, Reading};
use crate::{ExecContext, ShardCall};

/// Returns the calls of a route; none if no shard can have a row for it.
pub(crate) async fn calls(route: &Route, ctx: ExecContext<'_>) -> Result<Vec<ShardCall>, Error> {
    if matches!(route.routing, Routing::Nowhere) {
        return Ok(Vec::new());
    }
    let map = ctx.shards.shards(&route.keyspace)?;
    let limited =
        route.upper_limit.as_ref().map(|limit| with_upper_limit(limit, ctx)).transpose()?;
    let ctx = ExecContext { binds: limited.as_ref().unwrap_or(ctx.binds), ..ctx };
    let call = |shard: usize, binds: &Arc<BindVars>| ShardCall {
        keyspace: route.keyspace.clone(),
        shard: map.shards()[shard].name.clone(),
        sql: route.sql.clone(),
        bind_vars: binds.clone(),
    };
    if let Routing::In { vindex, values, list_var: Some(list_var) } = &route.routing {
        let values = values.typed_list(ctx.binds)?;
        let reading = reading(route);
        let parts = split_list(&map, vindex, &values, reading, ctx).await?;
        // The statement names the part, no longer the list that it is a part of.
        let shared = named(&route.sql, ctx.binds);
        let calls = parts.into_iter().map(|(shard, part)| {
            let mut binds = shared.clone();
            binds.set(list_var.clone(), BoundValue::Tuple(part));
            call(shard, &Arc::new(binds))
        });
        return Ok(calls.collect());
    }
    let shards = shards(&route.routing, &map, reading(route), ctx).await?;
    Ok(shards.into_iter().map(|shard| call(shard, ctx.binds)).collect())
}

/// Returns the bind variables of a statement that goes to a shard as a whole.
pub(crate) fn all_binds(route: &Route, ctx: ExecContext<'_>) -> Result<Arc<BindVars>, Error> {
    let list = match &route.routing {
        Routing::In { values, list_var: Some(list_var), .. } => Some((list_var, values)),
        _ => None,
    };
    let limited =
        route.upper_limit.as_ref().map(|limit| with_upper_limit(limit, ctx)).transpose()?;
    let binds = limited.as_ref().unwrap_or(ctx.binds);
    let Some((list_var, values)) = list else { return Ok(binds.clone()) };
    let mut binds = BindVars::clone(binds);
    // An empty list is not SQL; NULL is in none.
    let mut values = values.typed_list(ctx.binds)?;
    if values.is_empty() {
        values.push(TypedBytes::NULL);
    }
    binds.set(list_var.clone(), BoundValue::Tuple(values));
    Ok(Arc::new(binds))
}

/// Binds how many rows each shard must give for a limit to be cut from all of them.
fn with_upper_limit(limit: &UpperLimit, ctx: ExecContext<'_>) -> Result<Arc<BindVars>, Error> {
    let sum =
        row_count(&limit.count, ctx.binds)?.saturating_add(row_count(&limit.offset, ctx.binds)?);
    let mut binds = BindVars::clone(ctx.binds);
    binds.set(Route::UPPER_LIMIT, TypedBytes::uint64(sum));
    Ok(Arc::new(binds))
}

/// Returns the places of the shards that a routing picks, ascending, each once.
async fn shards(
    routing: &Routing,
    map: &ShardMap,
    reading: Reading,
    ctx: ExecContext<'_>,
) -> Result<Vec<usize>, Error> {
    let destinations = match routing {
        Routing::Nowhere => Vec::new(),
        Routing::Unsharded => return only_shard(map).map(|shard| vec![shard]),
        Routing::AnyShard | Routing::By(Destination::AnyShard) => {
            return any_shard(map, ctx).map(|shard| vec![shard]);
        }
        Routing::Scatter => vec![Destination::AllShards],
        Routing::By(destination) => vec![destination.clone()],
        Routing::Equal { vindex, values } if vindex.lookup().is_some() => {
            // The first column alone is looked up.
            let value = values.first().ok_or_else(|| Error::bug("a look-up of nothing"))?;
            lookup::map(vindex, &[value.typed(ctx.binds)?], reading, ctx).await?
        }
        Routing::Equal { vindex, values } | Routing::Prefix { vindex, values } => {
            let destination = match values.as_slice() {
                // The most common statement by far: one value, one shard.
                [value] => vindex.map_row(&[value.typed(ctx.binds)?])?,
                values => vindex.map_row(&evaluated(values, ctx)?)?,
            };
            let is_one = matches!(routing, Routing::Equal { .. }) && vindex.unique;
            if is_one && destination == Destination::AllShards && map.shards().len() > 1 {
                return Err(Error::unsupported(format!(
                    "a value of another type than the column of vindex {}: CAST it",
                    vindex.name
                )));
            }
            return map.resolve(&destination);
        }
        Routing::Between { vindex, low, high } => {
            return map
                .resolve(&vindex.map_between(&low.typed(ctx.binds)?, &high.typed(ctx.binds)?));
        }
        Routing::In { vindex, values, .. } => {
            map_list(vindex, &values.typed_list(ctx.binds)?, reading, ctx).await?
        }
        Routing::MultiEqual { vindex, rows } => {
            let rows = rows.iter().map(|row| evaluated(row, ctx));
            let rows: Vec<Vec<TypedBytes>> = rows.collect::<Result<_, _>>()?;
            vindex.map(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())?
        }
    };
    let mut places = Vec::with_capacity(destinations.len());
    for destination in &destinations {
        places.extend(map.resolve(destination)?);
    }
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

fn evaluated(values: &[Expr], ctx: ExecContext<'_>) -> Result<Vec<TypedBytes>, Error> {
    values.iter().map(|value| value.typed(ctx.binds)).collect()
}

/// Maps single values, by a function or by the table behind a lookup.
async fn map_list(
    vindex: &Mapping,
    values: &[TypedBytes],
    reading: Reading,
    ctx: ExecContext<'_>,
) -> Result<Vec<Destination>, Error> {
    if vindex.lookup().is_some() {
        return lookup::map(vindex, values, reading, ctx).await;
    }
    let rows: Vec<&[TypedBytes]> = values.iter().map(std::slice::from_ref).collect();
    vindex.map(&rows)
}

/// Returns what the route is for: one that changes rows locks the entries that it looks up.
fn reading(route: &Route) -> Reading {
    match route.read_only {
        true => Reading::Rows,
        false => Reading::Change,
    }
}

/// Splits a list of values by shard, in the order of the shards; each part keeps the list's order.
async fn split_list(
    map: &ShardMap,
    vindex: &Mapping,
    values: &[TypedBytes],
    reading: Reading,
    ctx: ExecContext<'_>,
) -> Result<Vec<(usize, Vec<TypedBytes>)>, Error> {
    let mut parts = vec![Vec::new(); map.shards().len()];
    let destinations = map_list(vindex, values, reading, ctx).await?;
    for (value, destination) in values.iter().zip(destinations) {
        for shard in map.resolve(&destination)? {
            parts[shard].push(value.clone());
        }
    }
    Ok(parts.into_iter().enumerate().filter(|(_, part)| !part.is_empty()).collect())
}

/// Returns the shard of a keyspace that is not sharded.
pub(crate) fn only_shard(map: &ShardMap) -> Result<usize, Error> {
    match map.shards().len() {
        1 => Ok(0),
        0 => Err(no_shard(map)),
        _ => {
            let names: Vec<&str> = map.shards().iter().map(|shard| &*shard.name).collect();
            let detail = format!("keyspace {} has shards {}", map.keyspace(), names.join(", "));
            Err(Error::vt(ErrorId::VT09022, detail))
        }
    }
}

/// Returns one of the shards, as the context chooses.
pub(crate) fn any_shard(map: &ShardMap, ctx: ExecContext<'_>) -> Result<usize, Error> {
    ctx.any_shard.checked_rem(map.shards().len()).ok_or_else(|| no_shard(map))
}

fn no_shard(map: &ShardMap) -> Error {
    Error::new(Code::Unavailable, format!("no shard of keyspace {} serves", map.keyspace()))
}
