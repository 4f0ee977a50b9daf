//! How far the copy of a table has come: changes behind that are left to the copy.

use vt_base::{Error, Result};
use vt_proto::query::QueryResult;
use vt_rpc::convert::field_from_proto;
use vt_value::Value;
use vt_vstream::key_of;
use vt_vstream::table::{SourceColumn, at_most, key_value};

use crate::bound::{Bound, Cells};

/// The key of the last row that was copied.
#[derive(Debug)]
pub(crate) struct Limit {
    columns: Vec<SourceColumn>,
    last: Vec<Value>,
    /// Where the key's columns are among those that come.
    places: Vec<usize>,
}

impl Limit {
    /// Reads a key that a copy has come to.
    ///
    /// # Errors
    /// The key is none, or its columns do not come.
    pub(crate) fn new(last: &QueryResult, bound: &Bound) -> Result<Limit> {
        let columns: Vec<SourceColumn> = last
            .fields
            .iter()
            .map(|field| SourceColumn::of_field(field_from_proto(field)))
            .collect();
        let values = key_of(last).ok_or_else(|| Error::bug("the last key of a copy is no row"))?;
        if values.len() != columns.len() {
            return Err(Error::bug("the last key of a copy has other columns than it says"));
        }
        let places = columns.iter().map(|column| {
            let name = &column.field.name;
            bound.field(name).ok_or_else(|| Error::bug(format!("column {name} does not come")))
        });
        let places = places.collect::<Result<_>>()?;
        let last = values.into_iter().zip(&columns).map(|(text, column)| key_value(column, text));
        let last = last.collect::<Result<_>>()?;
        Ok(Limit { columns, last, places })
    }

    /// Returns whether a row has been copied already, if it was there.
    ///
    /// # Errors
    /// A value is none of its column's type.
    pub(crate) fn has(&self, row: &Cells<'_>) -> Result<bool> {
        let key = self.places.iter().zip(&self.columns).map(|(place, column)| {
            key_value(column, row.get(*place).map(bytes::Bytes::copy_from_slice))
        });
        Ok(at_most(&key.collect::<Result<Vec<_>>>()?, &self.last))
    }
}
