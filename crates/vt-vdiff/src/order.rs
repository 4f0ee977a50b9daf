//! The order of a table's key, as MySQL has it.

use std::cmp::Ordering;

use bytes::Bytes;
use vt_base::{Code, Error, Result};
use vt_value::Value;
use vt_vstream::table::SourceColumn;

use crate::row::Row;

/// A column of a key.
#[derive(Clone, Debug)]
pub struct KeyColumn {
    /// Which of a [`Row`]'s columns it is.
    pub place: usize,
    pub column: SourceColumn,
}

/// The order in which both sides are read.
#[derive(Clone, Debug, Default)]
pub struct KeyOrder(pub Vec<KeyColumn>);

impl KeyOrder {
    /// Returns the order of two rows by their keys: text by its collation, ENUM and SET by their
    /// numbers, NULL first.
    ///
    /// # Errors
    /// A value is none of its column's type, or its collation is not known.
    pub fn compare(&self, a: &Row, b: &Row) -> Result<Ordering> {
        for key in &self.0 {
            let (left, right) = (a.get(key.place), b.get(key.place));
            if left == right {
                continue;
            }
            let (left, right) = (value(key, a)?, value(key, b)?);
            let order = left.compare(&right).ok_or_else(|| unknown(&key.column))?;
            if order != Ordering::Equal {
                return Ok(order);
            }
        }
        Ok(Ordering::Equal)
    }

    /// Returns which of several rows comes first; of equals, the first of them.
    ///
    /// # Errors
    /// As [`KeyOrder::compare`].
    pub fn first<'a>(
        &self,
        rows: impl Iterator<Item = (usize, &'a Row)>,
    ) -> Result<Option<(usize, &'a Row)>> {
        let mut first: Option<(usize, &Row)> = None;
        for (index, row) in rows {
            let earlier = match first {
                Some((_, best)) => self.compare(row, best)? == Ordering::Less,
                None => true,
            };
            if earlier {
                first = Some((index, row));
            }
        }
        Ok(first)
    }

    /// Returns a row's key.
    pub fn key_of(&self, row: &Row) -> Vec<Option<Bytes>> {
        self.0.iter().map(|key| row.bytes(key.place)).collect()
    }
}

fn value(key: &KeyColumn, row: &Row) -> Result<Value> {
    let text = row.bytes(key.place);
    if let Some(number) = key.column.number_of(text.as_deref()) {
        return Ok(Value::UInt(number));
    }
    Value::decode(key.column.field.typ, key.column.collation, text)
}

fn unknown(column: &SourceColumn) -> Error {
    let name = &column.field.name;
    Error::new(Code::FailedPrecondition, format!("the order of key column {name} is not known"))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use vt_value::{Collation, Field, Type};

    use super::*;

    pub(crate) fn column(name: &str, typ: Type, collation: &str) -> SourceColumn {
        let collation = Collation::from_name(collation).unwrap_or(Collation::BINARY);
        SourceColumn { field: Field::new(name, typ), collation, members: None }
    }

    pub(crate) fn order(columns: &[SourceColumn]) -> KeyOrder {
        let key =
            |(place, column): (usize, &SourceColumn)| KeyColumn { place, column: column.clone() };
        KeyOrder(columns.iter().enumerate().map(key).collect())
    }

    fn compare(column: SourceColumn, a: Option<&str>, b: Option<&str>) -> Ordering {
        let row = |text: Option<&str>| Row::of(&[text.map(str::as_bytes)]);
        order(&[column]).compare(&row(a), &row(b)).unwrap()
    }

    #[test]
    fn keys_are_in_the_order_of_their_types() {
        let int = || column("a", Type::INT64, "");
        assert_eq!(compare(int(), Some("9"), Some("10")), Ordering::Less);
        assert_eq!(compare(int(), Some("-9"), Some("-10")), Ordering::Greater);
        assert_eq!(compare(int(), None, Some("-10")), Ordering::Less);
        let text = |collation| column("a", Type::VARCHAR, collation);
        assert_eq!(compare(text("utf8mb4_0900_ai_ci"), Some("b"), Some("B")), Ordering::Equal);
        assert_eq!(compare(text("utf8mb4_0900_ai_ci"), Some("a"), Some("B")), Ordering::Less);
        assert_eq!(compare(text("utf8mb4_bin"), Some("a"), Some("B")), Ordering::Greater);
        // In latin1 the text is other bytes than those that were sent.
        assert_eq!(compare(text("latin1_bin"), Some("é"), Some("ÿ")), Ordering::Less);
        let decimal = column("a", Type::DECIMAL, "");
        assert_eq!(compare(decimal, Some("1.50"), Some("1.5")), Ordering::Equal);
        let members = Some(vec![Bytes::from("z"), Bytes::from("a")]);
        let member = SourceColumn { members, ..column("a", Type::ENUM, "utf8mb4_0900_ai_ci") };
        assert_eq!(compare(member, Some("z"), Some("a")), Ordering::Less);
    }

    #[test]
    fn of_several_rows_the_first_comes_first() {
        let order = order(&[column("a", Type::INT64, "")]);
        let rows = ["7", "5", "5", "6"].map(|text| Row::of(&[Some(text.as_bytes())]));
        let first = order.first(rows.iter().enumerate()).unwrap();
        assert_eq!(first.map(|(index, _)| index), Some(1));
        assert_eq!(order.first(std::iter::empty()).unwrap(), None);
    }

    proptest! {
        #[test]
        fn the_order_of_several_columns_is_that_of_the_first_that_differs(
            a in any::<(i64, i64)>(), b in any::<(i64, i64)>(),
        ) {
            let columns = [column("a", Type::INT64, ""), column("b", Type::INT64, "")];
            let row = |(left, right): (i64, i64)| {
                let texts = [left.to_string(), right.to_string()];
                Row::of(&[Some(texts[0].as_bytes()), Some(texts[1].as_bytes())])
            };
            prop_assert_eq!(order(&columns).compare(&row(a), &row(b)).unwrap(), a.cmp(&b));
        }
    }
}
