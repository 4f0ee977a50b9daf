//! A row as it is compared: the compared columns of what a stream sent, in the target's order.

use bytes::Bytes;
use vt_base::{Code, Error, Result};
use vt_proto::query;

/// A row's compared columns. Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    values: Bytes,
    /// Where each column's value lies; `None` is NULL.
    spans: Vec<Option<(usize, usize)>>,
}

impl Row {
    /// Takes the columns at `places`, in this order, out of a row that was sent.
    ///
    /// # Errors
    /// The row is not as long as it says, or has no such column.
    pub fn new(sent: query::Row, places: &[usize]) -> Result<Row> {
        let broken = || Error::new(Code::Internal, "a row was sent that is not whole");
        let mut all = Vec::with_capacity(sent.lengths.len());
        let mut start = 0_usize;
        for length in &sent.lengths {
            let Ok(length) = usize::try_from(*length) else {
                all.push(None);
                continue;
            };
            let end = start.checked_add(length).filter(|end| *end <= sent.values.len());
            let end = end.ok_or_else(broken)?;
            all.push(Some((start, end)));
            start = end;
        }
        let spans = places.iter().map(|place| all.get(*place).copied());
        let spans = spans.collect::<Option<Vec<_>>>().ok_or_else(broken)?;
        Ok(Row { values: sent.values, spans })
    }

    /// Makes a row of values.
    pub fn of(values: &[Option<&[u8]>]) -> Row {
        let mut bytes = Vec::new();
        let spans = values
            .iter()
            .map(|value| {
                value.map(|value| {
                    let start = bytes.len();
                    bytes.extend_from_slice(value);
                    (start, bytes.len())
                })
            })
            .collect();
        Row { values: bytes.into(), spans }
    }

    /// Returns how many columns there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Returns a column's value; `None` is NULL.
    pub fn get(&self, column: usize) -> Option<&[u8]> {
        let (start, end) = self.spans.get(column).copied().flatten()?;
        self.values.get(start..end)
    }

    /// Returns a column's value, sharing the bytes.
    pub fn bytes(&self, column: usize) -> Option<Bytes> {
        let (start, end) = self.spans.get(column).copied().flatten()?;
        Some(self.values.slice(start..end))
    }

    /// Returns how many bytes the row keeps in memory, about.
    pub fn size(&self) -> usize {
        self.values.len() + self.spans.len() * size_of::<Option<(usize, usize)>>()
    }

    /// Returns whether all values are the same bytes.
    pub fn is_same(&self, other: &Row) -> bool {
        self.spans.len() == other.spans.len()
            && (0..self.spans.len()).all(|column| self.get(column) == other.get(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(lengths: &[i64], values: &'static [u8]) -> query::Row {
        query::Row { lengths: lengths.to_vec(), values: Bytes::from_static(values) }
    }

    #[test]
    fn columns_are_taken_in_the_order_that_is_asked_for() {
        let row = Row::new(sent(&[1, -1, 2], b"abc"), &[2, 1, 0]).unwrap();
        assert_eq!((row.get(0), row.get(1), row.get(2)), (Some(&b"bc"[..]), None, Some(&b"a"[..])));
        assert!(row.is_same(&Row::of(&[Some(b"bc"), None, Some(b"a")])));
        assert!(!row.is_same(&Row::of(&[Some(b"bc"), Some(b""), Some(b"a")])));
    }

    #[test]
    fn a_row_that_is_not_whole_is_refused() {
        assert!(Row::new(sent(&[4], b"abc"), &[0]).is_err());
        assert!(Row::new(sent(&[3], b"abc"), &[1]).is_err());
    }
}
