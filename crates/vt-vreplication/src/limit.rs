//! How far the copy of a table has come: changes behind that are left to the copy.

use vt_base::{Error, Result};
use vt_proto::query;
use vt_rpc::convert::field_from_proto;
use vt_value::Value;
use vt_vstream::table::{SourceColumn, at_most, key_value};
use vt_vstream::values_of;

use crate::bound::{Bound, Cells};
use crate::extent::Extent;

/// What of a table has been copied.
#[derive(Debug)]
pub(crate) struct Limit {
    columns: Vec<SourceColumn>,
    ranges: Vec<Range>,
    /// Where the key's columns are among those that come.
    places: Vec<usize>,
}

/// Rows behind one key, up to another.
#[derive(Debug)]
struct Range {
    start: Option<Vec<Value>>,
    last: Vec<Value>,
}

impl Limit {
    /// Reads the keys that a copy has come to.
    ///
    /// # Errors
    /// A key is none, or its columns do not come.
    pub(crate) fn new(extent: &Extent, bound: &Bound) -> Result<Limit> {
        let columns: Vec<SourceColumn> = extent
            .fields
            .iter()
            .map(|field| SourceColumn::of_field(field_from_proto(field)))
            .collect();
        let places = columns.iter().map(|column| {
            let name = &column.field.name;
            bound.field(name).ok_or_else(|| Error::bug(format!("column {name} does not come")))
        });
        let places = places.collect::<Result<_>>()?;
        let mut ranges = Vec::with_capacity(extent.parts.len());
        for part in &extent.parts {
            let Some(last) = &part.last else { continue };
            let start = part.start.as_ref().map(|start| key(&columns, start)).transpose()?;
            ranges.push(Range { start, last: key(&columns, last)? });
        }
        Ok(Limit { columns, ranges, places })
    }

    /// Returns whether a row has been copied already, if it was there.
    ///
    /// # Errors
    /// A value is none of its column's type.
    pub(crate) fn has(&self, row: &Cells<'_>) -> Result<bool> {
        let key = self.places.iter().zip(&self.columns).map(|(place, column)| {
            key_value(column, row.get(*place).map(bytes::Bytes::copy_from_slice))
        });
        let key = key.collect::<Result<Vec<_>>>()?;
        Ok(self.ranges.iter().any(|range| {
            let is_behind = range.start.as_ref().is_none_or(|start| !at_most(&key, start));
            is_behind && at_most(&key, &range.last)
        }))
    }
}

fn key(columns: &[SourceColumn], row: &query::Row) -> Result<Vec<Value>> {
    let values = values_of(row).ok_or_else(|| Error::bug("the last key of a copy is no row"))?;
    if values.len() != columns.len() {
        return Err(Error::bug("the last key of a copy has other columns than it says"));
    }
    values.into_iter().zip(columns).map(|(text, column)| key_value(column, text)).collect()
}

#[cfg(test)]
mod tests {
    use vt_value::Type;

    use super::*;
    use crate::bound::tests::{bound, row};
    use crate::extent::tests::{extent, part};

    #[test]
    fn rows_between_the_keys_of_ranges_are_here() {
        let columns = [("id", Type::INT64), ("name", Type::VARCHAR)];
        let extent = extent(vec![
            part(1, Some("100"), Some("120")),
            part(2, Some("200"), Some("200")),
            part(3, None, Some("9")),
        ]);
        let limit = Limit::new(&extent, &bound("", &columns, &columns)).unwrap();
        let has = |id: &str| {
            let row = row(&[Some(id), Some("x")]);
            limit.has(&Cells::of(&row).unwrap()).unwrap()
        };
        let there: Vec<&str> =
            ["-5", "9", "10", "100", "101", "120", "121", "200", "201"].into_iter().collect();
        let found: Vec<bool> = there.iter().map(|id| has(id)).collect();
        assert_eq!(found, [true, true, false, false, true, true, false, false, false]);
    }
}
