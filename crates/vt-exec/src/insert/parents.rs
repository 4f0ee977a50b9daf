//! The rows that those of an INSERT refer to, where the gateway looks after foreign keys.

use vt_base::Error;
use vt_plan::{Insert, RowParents};
use vt_value::{BindVars, TypedBytes};

use super::rows::Source;
use super::sharded::select_value;
use crate::{ExecContext, foreign};

/// Looks for what rows refer to before they come; returns which of them INSERT IGNORE leaves out.
pub(super) async fn before(
    insert: &Insert,
    source: Source<'_>,
    count: usize,
    binds: &BindVars,
    ctx: ExecContext<'_>,
) -> Result<Vec<bool>, Error> {
    let mut parentless = Vec::new();
    for parent in insert.parents.iter().filter(|parent| !parent.is_own) {
        let missing = missing(insert, parent, source, count, binds, ctx).await?;
        if missing.is_empty() {
            continue;
        }
        if !insert.ignore {
            return Err(foreign::no_parent(&parent.search));
        }
        parentless.resize(count, false);
        for row in missing {
            parentless[row] = true;
            ctx.shards.warn(1452, parent.search.error.to_string());
        }
    }
    Ok(parentless)
}

/// Looks for what rows of a table that refers to itself refer to: they may come together.
pub(super) async fn after(
    insert: &Insert,
    source: Source<'_>,
    count: usize,
    binds: &BindVars,
    ctx: ExecContext<'_>,
) -> Result<(), Error> {
    for parent in insert.parents.iter().filter(|parent| parent.is_own) {
        if !missing(insert, parent, source, count, binds, ctx).await?.is_empty() {
            return Err(foreign::no_parent(&parent.search));
        }
    }
    Ok(())
}

/// Returns the rows that refer to one that is not there.
async fn missing(
    insert: &Insert,
    parent: &RowParents,
    source: Source<'_>,
    count: usize,
    binds: &BindVars,
    ctx: ExecContext<'_>,
) -> Result<Vec<usize>, Error> {
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    for row in 0..count {
        let key: Vec<TypedBytes> = match source {
            Source::Values => {
                let exprs = parent.rows.get(row);
                let exprs = exprs.ok_or_else(|| Error::bug("a row without a key"))?;
                exprs.iter().map(|expr| expr.typed(binds)).collect::<Result<_, _>>()?
            }
            Source::Select { .. } => parent
                .offsets
                .iter()
                .map(|column| select_value(insert, source, row, *column, binds))
                .collect::<Result<_, _>>()?,
        };
        if !key.iter().any(TypedBytes::is_null) {
            rows.push(row);
            keys.push(key);
        }
    }
    let found = foreign::has_parents(&parent.search, &keys, ctx).await?;
    Ok(rows.into_iter().zip(found).filter(|(_, found)| !found).map(|(row, _)| row).collect())
}
