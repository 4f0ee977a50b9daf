//! Merging the sorted rows of several shards into one order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use vt_base::Error;
use vt_plan::SortKey;
use vt_value::{Collation, Field, QueryResult, Rows, RowsBuilder};

use crate::keys::{Keys, Purpose};
use crate::sort::KeyedRow;
use crate::step::read_cells;

/// The heads of the sources, the least on top.
pub(crate) struct Heads {
    keys: Arc<Keys>,
    width: usize,
    heap: BinaryHeap<Reverse<KeyedRow>>,
}

impl Heads {
    pub(crate) fn new(merge_by: &[SortKey], fields: &[Field]) -> Result<Heads, Error> {
        let keys = Arc::new(Keys::new(merge_by, fields, Purpose::Order, Collation::UNKNOWN)?);
        Ok(Heads { keys, width: fields.len(), heap: BinaryHeap::new() })
    }

    /// Puts a row of a source at the head of it.
    pub(crate) fn put(&mut self, source: usize, rows: &Rows, index: usize) -> Result<(), Error> {
        let row = rows.get(index);
        let mut cells = Vec::with_capacity(self.width);
        read_cells(row, self.width, &mut cells)?;
        let values = self.keys.take(&cells, rows.data())?;
        let row = rows.data().slice_ref(row.0);
        let keys = self.keys.clone();
        self.heap.push(Reverse(KeyedRow { keys, values, row, place: source as u64 }));
        Ok(())
    }

    /// Moves the least head to `out`; returns the source that it came from.
    pub(crate) fn pop(&mut self, out: &mut RowsBuilder) -> Option<usize> {
        let Reverse(least) = self.heap.pop()?;
        out.push_raw(&least.row);
        Some(least.place as usize)
    }
}

/// Merges whole results.
pub(crate) fn whole(merge_by: &[SortKey], results: &[QueryResult]) -> Result<Rows, Error> {
    let fields = results.iter().map(|result| &result.fields).find(|fields| !fields.is_empty());
    let Some(fields) = fields else { return Ok(Rows::default()) };
    let mut heads = Heads::new(merge_by, fields)?;
    let rows = results.iter().map(|result| result.rows.len()).sum();
    let bytes = results.iter().map(|result| result.rows.data().len()).sum();
    let mut out = RowsBuilder::with_capacity(rows, bytes);
    let mut next = vec![0; results.len()];
    for (source, result) in results.iter().enumerate() {
        if !result.rows.is_empty() {
            heads.put(source, &result.rows, 0)?;
        }
    }
    while let Some(source) = heads.pop(&mut out) {
        next[source] += 1;
        if next[source] < results[source].rows.len() {
            heads.put(source, &results[source].rows, next[source])?;
        }
    }
    Ok(out.finish())
}
