//! Rebuilding statements that change rows from their changed parts.

use vt_base::Error;
use vt_sql::ast::{Assignment, Delete, Insert, InsertSource, Limit, Update};

use super::query::rewrite_table_refs;
use super::rewrite::{Rewrite, exprs, option, order_items};

/// Rebuilds an INSERT from its parts, each changed by `r`; the table's name stays.
pub(crate) fn rewrite_insert<'a, R: Rewrite<'a>>(
    r: &mut R,
    insert: &'a Insert<'a>,
) -> Result<&'a Insert<'a>, Error> {
    let source = match insert.source {
        InsertSource::Query(query) => InsertSource::Query(r.query(query)?),
        InsertSource::Values(rows) => {
            let rows: Vec<_> =
                rows.iter().map(|row| exprs(r, row)).collect::<Result<_, Error>>()?;
            InsertSource::Values(r.arena().list(&rows))
        }
    };
    let on_duplicate = rewrite_assignments(r, insert.on_duplicate)?;
    Ok(r.arena().node(Insert { source, on_duplicate, ..*insert }))
}

/// Rebuilds an UPDATE from its parts, each changed by `r`.
pub(crate) fn rewrite_update<'a, R: Rewrite<'a>>(
    r: &mut R,
    update: &'a Update<'a>,
) -> Result<&'a Update<'a>, Error> {
    let tables = rewrite_table_refs(r, update.tables)?;
    let assignments = rewrite_assignments(r, update.assignments)?;
    let filter = option(r, update.filter)?;
    let order_by = order_items(r, update.order_by)?;
    let limit = rewrite_limit(r, update.limit)?;
    Ok(r.arena().node(Update { tables, assignments, filter, order_by, limit, ..*update }))
}

/// Rebuilds a DELETE from its parts, each changed by `r`.
pub(crate) fn rewrite_delete<'a, R: Rewrite<'a>>(
    r: &mut R,
    delete: &'a Delete<'a>,
) -> Result<&'a Delete<'a>, Error> {
    let tables = rewrite_table_refs(r, delete.tables)?;
    let filter = option(r, delete.filter)?;
    let order_by = order_items(r, delete.order_by)?;
    let limit = rewrite_limit(r, delete.limit)?;
    Ok(r.arena().node(Delete { tables, filter, order_by, limit, ..*delete }))
}

fn rewrite_assignments<'a, R: Rewrite<'a>>(
    r: &mut R,
    assignments: &[Assignment<'a>],
) -> Result<&'a [Assignment<'a>], Error> {
    let changed: Vec<Assignment<'a>> = assignments
        .iter()
        .map(|one| Ok(Assignment { value: r.expr(one.value)?, ..*one }))
        .collect::<Result<_, Error>>()?;
    Ok(r.arena().list(&changed))
}

fn rewrite_limit<'a, R: Rewrite<'a>>(
    r: &mut R,
    limit: Option<Limit<'a>>,
) -> Result<Option<Limit<'a>>, Error> {
    match limit {
        None => Ok(None),
        Some(limit) => {
            Ok(Some(Limit { offset: option(r, limit.offset)?, count: r.expr(limit.count)? }))
        }
    }
}
