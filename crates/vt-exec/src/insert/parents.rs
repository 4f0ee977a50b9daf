//! The rows that those of an INSERT refer to, where the gateway looks after foreign keys.

use vt_base::Error;
use vt_plan::RowParents;
use vt_value::TypedBytes;

use super::sharded::Batch;
use crate::foreign;

/// Looks for what rows refer to before they come; returns which of them INSERT IGNORE leaves out.
pub(super) async fn before(batch: Batch<'_>) -> Result<Vec<bool>, Error> {
    let Batch { insert, texts, ctx, .. } = batch;
    let mut parentless = Vec::new();
    for parent in insert.parents.iter().filter(|parent| !parent.is_own) {
        let missing = missing(batch, parent).await?;
        if missing.is_empty() {
            continue;
        }
        if !insert.ignore {
            return Err(foreign::no_parent(&parent.search));
        }
        parentless.resize(texts.len(), false);
        for row in missing {
            parentless[row] = true;
            ctx.shards.warn(1452, parent.search.error.to_string());
        }
    }
    Ok(parentless)
}

/// Looks for what rows of a table that refers to itself refer to: they may come together.
pub(super) async fn after(batch: Batch<'_>) -> Result<(), Error> {
    for parent in batch.insert.parents.iter().filter(|parent| parent.is_own) {
        if !missing(batch, parent).await?.is_empty() {
            return Err(foreign::no_parent(&parent.search));
        }
    }
    Ok(())
}

/// Returns the rows that refer to one that is not there.
async fn missing(batch: Batch<'_>, parent: &RowParents) -> Result<Vec<usize>, Error> {
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    for row in 0..batch.texts.len() {
        let key = batch.key(&parent.rows, &parent.offsets, row)?;
        if !key.iter().any(TypedBytes::is_null) {
            rows.push(row);
            keys.push(key);
        }
    }
    let found = foreign::has_parents(&parent.search, &keys, batch.ctx).await?;
    Ok(rows.into_iter().zip(found).filter(|(_, found)| !found).map(|(row, _)| row).collect())
}
