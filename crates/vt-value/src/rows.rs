//! Rows in the form of MySQL's text protocol, kept together in one buffer.
//!
//! Form of a row: protocol page "Text Resultset Row": each value a length-encoded string, NULL the
//! byte `FB`.

use bytes::{Bytes, BytesMut};

/// Rows of a result, one after the other in one shared buffer.
///
/// Cloning shares the bytes. Row `i` is `data[ends[i - 1]..ends[i]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    data: Bytes,
    ends: Vec<usize>,
}

impl Rows {
    /// Makes rows of a buffer and the places where each ends in it.
    ///
    /// Panics unless the ends ascend to the length of the buffer.
    pub fn from_parts(data: Bytes, ends: Vec<usize>) -> Rows {
        assert!(ends.is_sorted(), "rows end in order");
        assert_eq!(ends.last().copied().unwrap_or(0), data.len(), "the last row ends the buffer");
        Rows { data, ends }
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the bytes of all rows together.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// Returns row `index`; panics if there are not so many.
    pub fn get(&self, index: usize) -> Row<'_> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        Row(&self.data[start..self.ends[index]])
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Returns the rows of a range, sharing the bytes; panics if there are not so many.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Rows {
        let start = if range.start == 0 { 0 } else { self.ends[range.start - 1] };
        let ends: Vec<usize> = self.ends[range].iter().map(|end| end - start).collect();
        let length = ends.last().copied().unwrap_or(0);
        Rows { data: self.data.slice(start..start + length), ends }
    }

    /// Keeps the first `count` rows.
    pub fn truncate(&mut self, count: usize) {
        self.ends.truncate(count);
        self.data.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

/// One row as it came; borrowed from its [`Rows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a>(pub &'a [u8]);

impl<'a> Row<'a> {
    /// Returns the values in order; `None` is NULL. Ends early where the bytes are malformed.
    pub fn columns(self) -> Columns<'a> {
        Columns { rest: self.0 }
    }

    /// Returns the bytes of the first `count` columns; `None` if there are fewer.
    pub fn prefix(self, count: usize) -> Option<&'a [u8]> {
        let mut columns = self.columns();
        for _ in 0..count {
            columns.next()?;
        }
        Some(&self.0[..self.0.len() - columns.rest.len()])
    }

    /// Returns the value of column `index`; `None` if it is NULL or not there.
    pub fn column(self, index: usize) -> Option<&'a [u8]> {
        self.columns().nth(index).flatten()
    }
}

/// The values of a row in order.
pub struct Columns<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Columns<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Option<&'a [u8]>> {
        let (head, width): (usize, usize) = match *self.rest.first()? {
            0xfb => {
                self.rest = &self.rest[1..];
                return Some(None);
            }
            0xfc => (3, usize::from(u16::from_le_bytes(self.rest.get(1..3)?.try_into().ok()?))),
            0xfd => {
                let bytes = self.rest.get(1..4)?;
                (4, u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) as usize)
            }
            0xfe => {
                let width = u64::from_le_bytes(self.rest.get(1..9)?.try_into().ok()?);
                (9, usize::try_from(width).ok()?)
            }
            0xff => return None,
            short => (1, usize::from(short)),
        };
        let end = head.checked_add(width)?;
        let value = self.rest.get(head..end)?;
        self.rest = &self.rest[end..];
        Some(Some(value))
    }
}

/// Collects rows, whole or value by value.
#[derive(Default)]
pub struct RowsBuilder {
    data: BytesMut,
    ends: Vec<usize>,
}

impl RowsBuilder {
    /// Makes a builder with room for `rows` rows of `bytes` bytes in all.
    pub fn with_capacity(rows: usize, bytes: usize) -> RowsBuilder {
        RowsBuilder { data: BytesMut::with_capacity(bytes), ends: Vec::with_capacity(rows) }
    }

    /// Begins with a row that already has the form of the text protocol, in its own memory if no
    /// one else has a share in that.
    pub fn of_row(row: Bytes) -> RowsBuilder {
        let ends = vec![row.len()];
        let data = row.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        RowsBuilder { data, ends }
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns how many bytes have been collected.
    pub fn byte_len(&self) -> usize {
        self.data.len()
    }

    /// Adds a row that already has the form of the text protocol.
    pub fn push_raw(&mut self, row: &[u8]) {
        self.data.extend_from_slice(row);
        self.ends.push(self.data.len());
    }

    /// Adds a row of values, `None` for NULL.
    pub fn push<V: AsRef<[u8]>>(&mut self, values: impl IntoIterator<Item = Option<V>>) {
        for value in values {
            self.value(value.as_ref().map(AsRef::as_ref));
        }
        self.end_row();
    }

    /// Adds one value to the row under way.
    pub fn value(&mut self, value: Option<&[u8]>) {
        match value {
            None => self.data.extend_from_slice(&[0xfb]),
            Some(bytes) => {
                put_length(&mut self.data, bytes.len());
                self.data.extend_from_slice(bytes);
            }
        }
    }

    /// Ends the row under way.
    pub fn end_row(&mut self) {
        self.ends.push(self.data.len());
    }

    /// Adds all rows of another result.
    pub fn append(&mut self, rows: &Rows) {
        let base = self.data.len();
        self.data.extend_from_slice(&rows.data);
        self.ends.extend(rows.ends.iter().map(|end| base + end));
    }

    pub fn finish(self) -> Rows {
        Rows { data: self.data.freeze(), ends: self.ends }
    }
}

/// Writes a length-encoded integer (protocol page "Integer Types").
pub fn put_length(out: &mut BytesMut, length: usize) {
    match length {
        0..=250 => out.extend_from_slice(&[length as u8]),
        251..=0xffff => {
            out.extend_from_slice(&[0xfc]);
            out.extend_from_slice(&(length as u16).to_le_bytes());
        }
        0x1_0000..=0xff_ffff => {
            out.extend_from_slice(&[0xfd]);
            out.extend_from_slice(&(length as u32).to_le_bytes()[..3]);
        }
        _ => {
            out.extend_from_slice(&[0xfe]);
            out.extend_from_slice(&(length as u64).to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn malformed_bytes_end_the_values() {
        for bytes in
            [&[0xff][..], &[5, b'a'], &[0xfc, 1], &[0xfe, 255, 255, 255, 255, 255, 255, 255, 255]]
        {
            assert_eq!(Row(bytes).columns().count(), 0, "{bytes:?}");
        }
    }

    #[test]
    fn slices_and_prefixes_share_the_bytes() {
        let mut builder = RowsBuilder::default();
        for number in 0..4 {
            builder.push([Some(number.to_string()), None, Some("x".repeat(number))]);
        }
        let rows = builder.finish();
        let middle = rows.slice(1..3);
        assert_eq!(middle.len(), 2);
        assert_eq!((middle.get(0), middle.get(1)), (rows.get(1), rows.get(2)));
        assert!(rows.slice(4..4).is_empty());
        assert_eq!(rows.get(3).prefix(0), Some(&b""[..]));
        assert_eq!(rows.get(3).prefix(2), Some(&[1, b'3', 0xfb][..]));
        assert_eq!(rows.get(3).prefix(4), None);
    }

    proptest! {
        #[test]
        fn values_come_back(rows in prop::collection::vec(prop::collection::vec(
            prop::option::of(prop::collection::vec(any::<u8>(), 0..400)), 1..5), 0..6))
        {
            let mut builder = RowsBuilder::default();
            for row in &rows {
                builder.push(row.iter().map(Option::as_ref));
            }
            let built = builder.finish();
            let back: Vec<Vec<Option<Vec<u8>>>> = built
                .iter()
                .map(|row| row.columns().map(|value| value.map(<[u8]>::to_vec)).collect())
                .collect();
            prop_assert_eq!(back, rows);
        }
    }
}
