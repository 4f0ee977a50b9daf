//! Changes of rows as statements, and what of them waits to be written.

use vt_base::{Error, Result};
use vt_proto::binlogdata::{RowChange, RowEvent};

use crate::bound::{Bound, Cells};
use crate::limit::Limit;
use crate::pipe::Touched;

/// So many bytes of rows go into one insert, about.
const INSERT_BYTES: usize = 512 << 10;

/// A table of the source with where its rows go.
pub(crate) struct Target {
    pub(crate) bound: Bound,
    /// How far the table's copy has come, if it is under way.
    pub(crate) limit: Option<Limit>,
}

/// What is to be written.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) sql: Vec<u8>,
    /// Statements of the transaction here have been sent.
    pub(crate) began: bool,
    /// The transaction of the source is not over.
    pub(crate) half: bool,
    /// The position behind the last transaction that is whole.
    pub(crate) position: String,
    /// The position behind the transaction under way.
    pub(crate) next: String,
    pub(crate) timestamp: i64,
    pub(crate) transactions: u64,
    /// The rows that the statements touch.
    pub(crate) touched: Touched,
}

impl Target {
    /// Writes an event's changes as statements, each with a semicolon behind it, and notes the rows
    /// that they touch.
    ///
    /// # Errors
    /// A change lacks columns, or has values that are none of their types.
    pub(crate) fn write(
        &self,
        event: &RowEvent,
        (out, mut touched): (&mut Vec<u8>, Option<&mut Touched>),
    ) -> Result<Statements> {
        let mut statements = Statements::default();
        let mut inserts: Vec<Cells<'_>> = Vec::new();
        let mut insert_bytes = 0;
        for change in &event.row_changes {
            if partial(change) {
                return Err(Error::unsupported(
                    "rows of the source without all their columns: set binlog_row_image = FULL \
                     and binlog_row_value_options = '' there",
                ));
            }
            let cut = |row: &'_ Option<vt_proto::query::Row>| -> Result<bool> {
                match (row, &self.limit) {
                    (Some(row), Some(limit)) => limit.has(&Cells::of(row)?),
                    (Some(_), None) => Ok(true),
                    (None, _) => Ok(false),
                }
            };
            let (has_before, has_after) = (cut(&change.before)?, cut(&change.after)?);
            let before =
                change.before.as_ref().filter(|_| has_before).map(Cells::of).transpose()?;
            let after = change.after.as_ref().filter(|_| has_after).map(Cells::of).transpose()?;
            if let Some(touched) = &mut touched {
                for row in before.iter().chain(&after) {
                    self.bound.touch(row, touched);
                }
            }
            if let (None, Some(row)) = (&before, &change.after) {
                if let Some(cells) = after {
                    insert_bytes += row.values.len();
                    inserts.push(cells);
                }
                if insert_bytes >= INSERT_BYTES {
                    statements.insert(&self.bound, &mut inserts, out)?;
                    insert_bytes = 0;
                }
                continue;
            }
            statements.insert(&self.bound, &mut inserts, out)?;
            insert_bytes = 0;
            match (before, after) {
                (Some(before), Some(after)) => {
                    let written = self.bound.update(&before, &after, out)?;
                    statements.noops += u64::from(written == 0);
                }
                (Some(before), None) => match self.bound.delete(&before, out)? {
                    true => out.push(b';'),
                    false => statements.noops += 1,
                },
                _ => {}
            }
        }
        statements.insert(&self.bound, &mut inserts, out)?;
        Ok(statements)
    }
}

/// What an event's changes came to.
#[derive(Default)]
pub(crate) struct Statements {
    pub(crate) bulk: u64,
    pub(crate) noops: u64,
}

impl Statements {
    /// Writes the rows that wait as one insert.
    fn insert(
        &mut self,
        bound: &Bound,
        rows: &mut Vec<Cells<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        bound.insert(rows.iter(), out)?;
        out.push(b';');
        self.bulk += u64::from(rows.len() > 1);
        rows.clear();
        Ok(())
    }
}

impl Work {
    /// The transaction of the source is over.
    pub(crate) fn whole(&mut self, timestamp: i64) {
        self.half = false;
        if !self.next.is_empty() {
            self.position = std::mem::take(&mut self.next);
        }
        if timestamp > 0 {
            self.timestamp = timestamp;
        }
        self.transactions += 1;
    }

    pub(crate) fn take_sql(&mut self) -> Vec<u8> {
        let sql = std::mem::take(&mut self.sql);
        if self.began {
            return sql;
        }
        [b"begin;".as_slice(), &sql].concat()
    }
}

/// Returns whether a change lacks columns, or has documents as differences.
fn partial(change: &RowChange) -> bool {
    let lacks = change.data_columns.as_ref().is_some_and(|map| {
        let set: u32 = map.cols.iter().map(|byte| byte.count_ones()).sum();
        i64::from(set) < map.count
    });
    let diffs = change.json_partial_values.as_ref();
    lacks || diffs.is_some_and(|map| map.cols.iter().any(|byte| *byte != 0))
}
