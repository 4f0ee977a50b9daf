//! Which shard each row of an INSERT goes to.

use std::sync::Arc;

use vt_base::{Error, ErrorId};
use vt_plan::{Insert, VindexColumn};
use vt_value::{BindVars, TypedBytes};
use vt_vschema::Destination;

use super::rows::{Source, Texts};
use crate::{ExecContext, ShardCall, binds::named};

/// Returns the variable that a row's value of a vindex column is bound to.
pub(crate) fn name(column: &str, row: usize) -> String {
    format!("_{column}_{row}")
}

/// Binds the vindex columns and returns one call for each shard that gets rows.
pub(crate) fn calls(
    insert: &Insert,
    vindexes: &[VindexColumn],
    source: Source<'_>,
    texts: &Texts,
    mut binds: BindVars,
    ctx: ExecContext<'_>,
) -> Result<Vec<ShardCall>, Error> {
    let Some((primary, others)) = vindexes.split_first() else {
        return Err(Error::vt(ErrorId::VT09001, &insert.table));
    };
    let map = ctx.shards.shards(&insert.keyspace)?;
    let mut kept: Vec<bool> = vec![true; texts.len()];
    let ids = keyspace_ids(insert, primary, source, texts.len(), &mut binds)?;
    for other in others {
        check(insert, other, source, &ids, &mut kept, &mut binds)?;
    }
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); map.shards().len()];
    for (row, id) in ids.iter().enumerate() {
        if let (Some(id), true) = (id, kept[row]) {
            rows_of[map.shard_of(id)?].push(row);
        }
    }
    let filled: Vec<(usize, Vec<usize>)> =
        rows_of.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()).collect();
    let several = filled.len() > 1;
    let binds = Arc::new(binds);
    let calls = filled.into_iter().map(|(shard, rows)| {
        let sql = texts.statement(insert, &rows);
        let bind_vars = if several { Arc::new(named(&sql, &binds)) } else { binds.clone() };
        let shard = map.shards()[shard].name.clone();
        ShardCall { keyspace: insert.keyspace.clone(), shard, sql, bind_vars }
    });
    Ok(calls.collect())
}

/// Returns each row's values for the columns of a vindex, and binds them.
fn values(
    insert: &Insert,
    vindex: &VindexColumn,
    source: Source<'_>,
    count: usize,
    binds: &mut BindVars,
) -> Result<Vec<Vec<TypedBytes>>, Error> {
    let mut all = Vec::with_capacity(count);
    for row in 0..count {
        let values: Vec<TypedBytes> = match source {
            Source::Values => {
                let exprs = vindex.rows.get(row);
                let exprs = exprs.ok_or_else(|| Error::bug("a row without vindex values"))?;
                exprs.iter().map(|expr| expr.typed(binds)).collect::<Result<_, _>>()?
            }
            Source::Select { .. } => vindex
                .offsets
                .iter()
                .map(|column| select_value(insert, source, row, *column, binds))
                .collect::<Result<_, _>>()?,
        };
        for (column, value) in vindex.columns.iter().zip(&values) {
            binds.set(name(column, row), value.clone());
        }
        all.push(values);
    }
    Ok(all)
}

/// Returns a value of a query's row, or the id that stands in its place or behind its end.
fn select_value(
    insert: &Insert,
    source: Source<'_>,
    row: usize,
    column: usize,
    binds: &BindVars,
) -> Result<TypedBytes, Error> {
    let Source::Select { fields, .. } = source else {
        return Err(Error::bug("a value of a row that is text"));
    };
    let auto = insert.auto_increment.as_ref();
    if auto.is_some_and(|auto| column == auto.offset.unwrap_or(fields.len())) {
        return vt_eval::Expr::Bind(super::ids::name(row).into()).typed(binds);
    }
    source.value(row, column)
}

/// Maps each row through the primary vindex; `None` where INSERT IGNORE drops the row.
fn keyspace_ids(
    insert: &Insert,
    primary: &VindexColumn,
    source: Source<'_>,
    count: usize,
    binds: &mut BindVars,
) -> Result<Vec<Option<Vec<u8>>>, Error> {
    let values = values(insert, primary, source, count, binds)?;
    let rows: Vec<&[TypedBytes]> = values.iter().map(Vec::as_slice).collect();
    let mut ids = Vec::with_capacity(count);
    for (row, destination) in primary.vindex.map(&rows)?.into_iter().enumerate() {
        ids.push(match destination {
            Destination::KeyspaceId(id) => Some(id),
            Destination::None if insert.ignore => None,
            Destination::None => {
                return Err(Error::vt(ErrorId::VT09023, tuple(&values[row])));
            }
            _ => return Err(Error::vt(ErrorId::VT09024, tuple(&values[row]))),
        });
    }
    Ok(ids)
}

/// Checks that a further vindex maps each row to where the primary one put it.
fn check(
    insert: &Insert,
    vindex: &VindexColumn,
    source: Source<'_>,
    ids: &[Option<Vec<u8>>],
    kept: &mut [bool],
    binds: &mut BindVars,
) -> Result<(), Error> {
    let values = values(insert, vindex, source, ids.len(), binds)?;
    for (row, (values, id)) in values.iter().zip(ids).enumerate() {
        let Some(id) = id else { continue };
        if values.iter().any(TypedBytes::is_null) || vindex.vindex.verify(values, id)? {
            continue;
        }
        if !insert.ignore {
            let message = format!(
                "values {} for column [{}] does not map to keyspace ids",
                tuple(values),
                vindex.columns.join(" ")
            );
            return Err(Error::new(vt_base::Code::Unknown, message));
        }
        kept[row] = false;
    }
    Ok(())
}

/// Writes values as messages show them: `[INT64(1) VARCHAR("a")]`.
fn tuple(values: &[TypedBytes]) -> String {
    let shown = values.iter().map(|value| match value.typ {
        typ if value.is_null() => format!("{typ}(NULL)"),
        typ if typ.is_quoted() => {
            format!("{typ}({:?})", String::from_utf8_lossy(&value.bytes))
        }
        typ => format!("{typ}({})", String::from_utf8_lossy(&value.bytes)),
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(" "))
}
