//! Rows of the right side by the columns that pairs are equal in.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vt_base::Error;
use vt_plan::{Join, Matching};
use vt_value::{BindVars, BoundValue, Collation, Field, QueryResult, Row, Rows, TypedBytes};

use crate::keys::{Keys, Purpose};
use crate::step::read_cells;
use crate::{ExecContext, node};

/// Runs the right side for some rows of the left.
pub(super) async fn run_right(
    join: &Join,
    matching: &Matching,
    left: &[Field],
    rows: &Rows,
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    let Some(var) = &matching.list_var else { return node::run(&join.right, ctx).await };
    let column = matching.keys.first().map(|(left, _)| left.column);
    let field = column.and_then(|column| left.get(column));
    let (Some(column), Some(field)) = (column, field) else {
        return Err(Error::bug("a join's key outside of its row"));
    };
    let mut seen: HashSet<&[u8]> = HashSet::new();
    let mut values = Vec::new();
    for row in rows.iter() {
        // NULL equals nothing.
        if let Some(cell) = row.column(column)
            && seen.insert(cell)
        {
            values.push(TypedBytes::new(field.typ, rows.data().slice_ref(cell)));
        }
    }
    if values.is_empty() {
        return Ok(QueryResult::default());
    }
    let mut binds = BindVars::clone(ctx.binds);
    binds.set(var.clone(), BoundValue::Tuple(values));
    let binds = Arc::new(binds);
    node::run(&join.right, ExecContext { binds: &binds, ..ctx }).await
}

/// The rows that a right side gave.
pub(super) struct Index {
    rows: Rows,
    places: HashMap<Vec<u8>, Vec<usize>>,
    left: Keys,
    left_columns: Vec<usize>,
    left_width: usize,
    key: Vec<u8>,
}

impl Index {
    pub(super) fn new(
        matching: &Matching,
        result: QueryResult,
        left: &[Field],
    ) -> Result<Index, Error> {
        let (left_keys, right_keys): (Vec<_>, Vec<_>) = matching.keys.iter().cloned().unzip();
        let left_columns = left_keys.iter().map(|key| key.column).collect();
        let mut index = Index {
            rows: result.rows,
            places: HashMap::new(),
            left: Keys::new(&left_keys, left, Purpose::Equality, Collation::UNKNOWN)?,
            left_columns,
            left_width: left.len(),
            key: Vec::new(),
        };
        if index.rows.is_empty() {
            return Ok(index);
        }
        let (fields, unknown) = (&result.fields, Collation::UNKNOWN);
        let right = Keys::new(&right_keys, fields, Purpose::Equality, unknown)?;
        let mut cells = Vec::with_capacity(result.fields.len());
        for (place, row) in index.rows.iter().enumerate() {
            read_cells(row, result.fields.len(), &mut cells)?;
            let null = |key: &vt_plan::SortKey| cells.get(key.column).copied().flatten().is_none();
            if right_keys.iter().any(null) {
                continue;
            }
            let mut key = Vec::new();
            right.write(&cells, index.rows.data(), &mut key)?;
            index.places.entry(key).or_default().push(place);
        }
        Ok(index)
    }

    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the places of the rows that match one of the left.
    pub(super) fn find(&mut self, row: Row<'_>, rows: &Rows) -> Result<Vec<usize>, Error> {
        let mut cells = Vec::with_capacity(self.left_width);
        read_cells(row, self.left_width, &mut cells)?;
        let null = |column: &usize| cells.get(*column).copied().flatten().is_none();
        if self.left_columns.iter().any(null) {
            return Ok(Vec::new());
        }
        self.key.clear();
        self.left.write(&cells, rows.data(), &mut self.key)?;
        Ok(self.places.get(&self.key).cloned().unwrap_or_default())
    }
}
