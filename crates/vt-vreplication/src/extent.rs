//! How far the copy of a table has come, and how that is kept.
//!
//! `_vt.copy_state` has a row for a table that is copied. The last of them has the key up to which
//! the table is here from its beginning, as Vitess keeps it. Where several ranges of the table are
//! copied at once, rows before it have two keys each: rows behind the first of these are here, up
//! to the second. A range ends where the next one begins, the last with the table.

use std::collections::BTreeMap;

use vt_base::{Error, Result};
use vt_mysql::Conn;
use vt_proto::binlogdata::VStreamRowsRange;
use vt_proto::query::{self, QueryResult};

use crate::spec::{read_last_key, write_last_key};
use crate::store::{number, quote, text};
use crate::stream::Stream;
use crate::trouble::{Outcome, Trouble};

/// A stream has at most so many tables, and ranges of them.
const ROWS_MAX: usize = 200_000;

/// What tables still have to be copied, and what of them is here.
pub(crate) type Copying = BTreeMap<String, Extent>;

/// What of a table is here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extent {
    /// The columns of its keys.
    pub(crate) fields: Vec<query::Field>,
    /// In the order of the key; the first begins with the table.
    pub(crate) parts: Vec<Part>,
}

/// A row of `_vt.copy_state`: a range of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Part {
    pub(crate) id: i64,
    /// What the row has.
    pub(crate) text: Option<String>,
    /// The key behind which the range begins.
    pub(crate) start: Option<query::Row>,
    /// The key up to which the range is here.
    pub(crate) last: Option<query::Row>,
}

impl Part {
    /// Writes what the row has once the range is here up to a key.
    pub(crate) fn text_with(&self, last: query::Row, fields: &[query::Field]) -> Result<String> {
        let rows = self.start.iter().cloned().chain([last]).collect();
        write_last_key(&QueryResult { fields: fields.to_vec(), rows, ..QueryResult::default() })
    }
}

impl Extent {
    /// Reads the rows of a table, which come in the order of their ids.
    fn of(rows: Vec<(i64, Option<String>)>) -> Result<Extent> {
        let mut extent = Extent::default();
        let count = rows.len();
        for (index, (id, text)) in rows.into_iter().enumerate() {
            let is_first = index + 1 == count;
            let keys = text.as_deref().map(read_last_key).transpose()?;
            let (mut start, mut last) = (None, None);
            if let Some(keys) = keys {
                let mut rows = keys.rows.into_iter();
                (start, last) = match (is_first, rows.next(), rows.next()) {
                    (true, last, _) => (None, last),
                    (false, Some(start), Some(last)) => (Some(start), Some(last)),
                    // Of what came before the last row nothing else counts.
                    (false, ..) => continue,
                };
                extent.fields = keys.fields;
            } else if !is_first {
                continue;
            }
            let part = Part { id, text, start, last };
            match is_first {
                true => extent.parts.insert(0, part),
                false => extent.parts.push(part),
            }
        }
        Ok(extent)
    }

    /// Returns whether the table is under way.
    pub(crate) fn has_begun(&self) -> bool {
        self.parts.iter().any(|part| part.last.is_some())
    }

    /// Returns the parts that are not whole yet, and what of the table they lack.
    pub(crate) fn rest(&self) -> Vec<(Part, VStreamRowsRange)> {
        let ends = self.parts.iter().skip(1).map(|next| next.start.clone()).chain([None]);
        let rest = self.parts.iter().zip(ends).map(|(part, up_to)| {
            let range = VStreamRowsRange { after: part.last.clone(), up_to };
            (part.clone(), range)
        });
        rest.filter(|(_, range)| range.up_to.is_none() || range.after != range.up_to).collect()
    }

    /// Returns where the first part has come to, as it is asked for.
    pub(crate) fn first_key(&self) -> Option<QueryResult> {
        let last = self.parts.first()?.last.clone()?;
        Some(QueryResult {
            fields: self.fields.clone(),
            rows: vec![last],
            ..QueryResult::default()
        })
    }

    /// Writes down that the table is copied in these ranges, the first of which goes on where the
    /// table's only part has come to; returns the ranges' parts.
    pub(crate) async fn divide(
        &self,
        stream: &Stream,
        conn: &mut Conn,
        (table, ranges): (&str, &[VStreamRowsRange]),
        fields: &[query::Field],
    ) -> Outcome<Vec<Part>> {
        let [only] = self.parts.as_slice() else {
            return Err(Error::bug("a table is divided that has ranges already").into());
        };
        let states = stream.store.table("copy_state");
        let mut parts = Vec::with_capacity(ranges.len());
        conn.query("begin", 0).await?;
        for range in ranges.iter().skip(1) {
            let start = range.after.clone();
            let last = start.clone().ok_or_else(|| Error::bug("a range begins nowhere"))?;
            let part = Part { start, last: Some(last.clone()), ..Part::default() };
            parts.push(Part { text: Some(part.text_with(last, fields)?), ..part });
        }
        // The row that counts for who knows of no ranges comes last.
        parts.push(Part { id: 0, ..only.clone() });
        for part in &mut parts {
            let sql = format!(
                "insert into {states} (vrepl_id, table_name, lastpk) values ({}, {}, {})",
                stream.id,
                quote(table),
                part.text.as_deref().map_or_else(|| "null".to_owned(), quote)
            );
            let made = conn.query(sql, 0).await?;
            part.id = i64::try_from(made.insert_id).map_err(|_| Error::bug("the id of a range"))?;
        }
        let sql = format!(
            "delete from {states} where id = {} and lastpk <=> {}",
            only.id,
            only.text.as_deref().map_or_else(|| "null".to_owned(), quote)
        );
        if conn.query(sql, 0).await?.rows_affected != 1 {
            conn.query("rollback", 0).await?;
            return Err(Trouble::Moved);
        }
        conn.query("commit", 0).await?;
        parts.rotate_right(1);
        Ok(parts)
    }
}

/// Reads what still has to be copied.
pub(crate) async fn load(stream: &Stream, conn: &mut Conn) -> Outcome<Copying> {
    let sql = format!(
        "select id, table_name, lastpk from {} where vrepl_id = {} order by id",
        stream.store.table("copy_state"),
        stream.id
    );
    let found = conn.query(sql, ROWS_MAX).await?;
    let mut rows: BTreeMap<String, Vec<(i64, Option<String>)>> = BTreeMap::new();
    for row in found.rows.iter() {
        let keys = row.column(2).map(|_| text(row, 2)).filter(|keys| !keys.is_empty());
        rows.entry(text(row, 1)).or_default().push((number(row, 0), keys));
    }
    let mut copying = Copying::new();
    for (table, rows) in rows {
        copying.insert(table, Extent::of(rows)?);
    }
    Ok(copying)
}

#[cfg(test)]
pub(crate) mod tests {
    use vt_value::{Field, Type};

    use super::*;
    use crate::bound::tests::row;

    pub(crate) fn fields() -> Vec<query::Field> {
        let field = Field::new("id", Type::INT64);
        vec![vt_rpc::convert::field_to_proto(&field, vt_rpc::convert::Included::All)]
    }

    /// Writes a row of the table as the copy writes it.
    pub(crate) fn part(id: i64, start: Option<&str>, last: Option<&str>) -> (i64, Option<String>) {
        let start = start.map(|key| row(&[Some(key)]));
        let part = Part { start, ..Part::default() };
        (id, last.map(|key| part.text_with(row(&[Some(key)]), &fields()).unwrap()))
    }

    fn shown(range: &VStreamRowsRange) -> (String, String) {
        let key = |row: &Option<query::Row>| {
            row.as_ref().map_or("-".to_owned(), |row| String::from_utf8_lossy(&row.values).into())
        };
        (key(&range.after), key(&range.up_to))
    }

    pub(crate) fn extent(rows: Vec<(i64, Option<String>)>) -> Extent {
        Extent::of(rows).unwrap()
    }

    #[test]
    fn what_is_left_of_ranges_is_read() {
        let ranges = extent(vec![
            part(2, Some("100"), Some("200")),
            part(3, Some("200"), Some("250")),
            part(4, None, Some("7")),
        ]);
        let ids: Vec<i64> = ranges.parts.iter().map(|part| part.id).collect();
        assert_eq!(ids, [4, 2, 3]);
        // The second is whole.
        let rest: Vec<_> = ranges.rest().iter().map(|(_, range)| shown(range)).collect();
        let texts = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect()
        };
        assert_eq!(rest, texts(&[("7", "100"), ("250", "-")]));
        // One that has not begun is asked for from the beginning.
        let fresh = extent(vec![part(2, Some("100"), Some("100")), (3, None)]);
        assert!(fresh.has_begun() && fresh.first_key().is_none());
        let rest: Vec<_> = fresh.rest().iter().map(|(_, range)| shown(range)).collect();
        assert_eq!(rest, texts(&[("-", "100"), ("100", "-")]));
    }

    #[test]
    fn rows_that_others_wrote_are_read_as_they_are_meant() {
        // Vitess adds a row for each batch, and the last one counts.
        let grown = extent(vec![(1, None), part(2, None, Some("10")), part(3, None, Some("20"))]);
        assert_eq!(grown.parts.len(), 1);
        assert_eq!(grown.parts[0].last, Some(row(&[Some("20")])));
        assert_eq!(grown.first_key().unwrap().rows, [row(&[Some("20")])]);
        let fresh = extent(vec![(1, None)]);
        assert!(!fresh.has_begun());
        assert_eq!(fresh.rest().len(), 1);
        assert!(Extent::of(vec![(1, Some("nonsense{".to_owned()))]).is_err());
    }
}
