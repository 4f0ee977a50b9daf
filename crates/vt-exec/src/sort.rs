//! Sorting in memory.

use std::collections::BinaryHeap;
use std::sync::Arc;

use bytes::Bytes;
use vt_base::Error;
use vt_eval::Expr;
use vt_plan::SortKey;
use vt_value::{Fields, Rows, RowsBuilder, Value};

use crate::keys::{Keys, Purpose};
use crate::limit::row_count;
use crate::step::{Step, read_cells};
use crate::{ExecContext, Limits};

pub(crate) struct SortStep {
    fields: Fields,
    keys: Arc<Keys>,
    /// The first rows of the order so far; the last of them on top, to be put out by a smaller.
    kept: BinaryHeap<KeyedRow>,
    /// How many rows are asked for.
    wanted: Option<usize>,
    limits: Limits,
    arrived: u64,
}

/// A row with what it is sorted by.
pub(crate) struct KeyedRow {
    pub(crate) keys: Arc<Keys>,
    pub(crate) values: Vec<Value>,
    pub(crate) row: Bytes,
    /// Among equals, the lesser first: when the row arrived, or which source it is from.
    pub(crate) place: u64,
}

impl Ord for KeyedRow {
    fn cmp(&self, other: &KeyedRow) -> std::cmp::Ordering {
        self.keys.compare(&self.values, &other.values).then(self.place.cmp(&other.place))
    }
}

impl PartialOrd for KeyedRow {
    fn partial_cmp(&self, other: &KeyedRow) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for KeyedRow {
    fn eq(&self, other: &KeyedRow) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for KeyedRow {}

impl SortStep {
    pub(crate) fn new(
        keys: &[SortKey],
        limit: Option<&Expr>,
        input: &Fields,
        ctx: ExecContext<'_>,
    ) -> Result<SortStep, Error> {
        let wanted = limit.map(|limit| row_count(limit, ctx.binds)).transpose()?;
        let connection = ctx.session.connection_collation;
        Ok(SortStep {
            fields: input.clone(),
            keys: Arc::new(Keys::new(keys, input, Purpose::Order, connection)?),
            kept: BinaryHeap::new(),
            wanted: wanted.map(|wanted| usize::try_from(wanted).unwrap_or(usize::MAX)),
            limits: ctx.limits,
            arrived: 0,
        })
    }
}

impl Step for SortStep {
    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn push(&mut self, rows: Rows) -> Result<Rows, Error> {
        let mut cells = Vec::new();
        for row in rows.iter() {
            read_cells(row, self.fields.len(), &mut cells)?;
            let values = self.keys.take(&cells, rows.data())?;
            let row = rows.data().slice_ref(row.0);
            let place = self.arrived;
            self.arrived += 1;
            self.kept.push(KeyedRow { keys: self.keys.clone(), values, row, place });
            if self.wanted.is_some_and(|wanted| self.kept.len() > wanted) {
                self.kept.pop();
            }
            self.limits.check(self.kept.len())?;
        }
        Ok(Rows::default())
    }

    fn finish(&mut self) -> Result<Rows, Error> {
        let sorted = std::mem::take(&mut self.kept).into_sorted_vec();
        let bytes = sorted.iter().map(|keyed| keyed.row.len()).sum();
        let mut out = RowsBuilder::with_capacity(sorted.len(), bytes);
        for keyed in &sorted {
            out.push_raw(&keyed.row);
        }
        Ok(out.finish())
    }
}
