//! Rows events: what was written, changed or deleted in one table.

use bytes::Bytes;
use vt_wire::{Malformed, Scan};

use crate::event::kind;
use crate::table::table_id;
use crate::{Format, Image, TableMap};

/// What happened to the rows of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsKind {
    Write,
    Update,
    Delete,
}

/// Rows of one table that one statement touched, or a part of them.
#[derive(Clone, Debug)]
pub struct RowsEvent {
    pub kind: RowsKind,
    /// The number of the [`TableMap`] that the rows are to be read with.
    pub table: u64,
    /// The statement ends here: the numbers of its tables mean nothing any more.
    pub ends_statement: bool,
    /// As the event has them.
    pub flags: u16,
    partial: bool,
    columns: usize,
    /// A bit a column: whether images before and after the change have it.
    before: Bytes,
    after: Bytes,
    rows: Bytes,
}

/// A row that was touched; what is inserted has no image before, what is deleted none after.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub before: Option<Image<'a>>,
    pub after: Option<Image<'a>>,
}

const PART: &str = "rows event";
const ENDS_STATEMENT: u16 = 1;

impl RowsEvent {
    pub(crate) fn read(number: u8, body: &Bytes, format: &Format) -> Result<RowsEvent, Malformed> {
        let mut scan = Scan::new(body);
        let table = table_id(&mut scan, format.fixed_part(number) == Some(6))?;
        let flags = scan.u16(PART)?;
        let rows_kind = match number {
            kind::WRITE_ROWS | kind::WRITE_ROWS_V1 => RowsKind::Write,
            kind::DELETE_ROWS | kind::DELETE_ROWS_V1 => RowsKind::Delete,
            _ => RowsKind::Update,
        };
        if number >= kind::WRITE_ROWS {
            // The length of what is added counts its own two bytes.
            let extra = usize::from(scan.u16(PART)?);
            scan.bytes(extra.checked_sub(2).ok_or(Malformed(PART))?, PART)?;
        }
        let columns = usize::try_from(scan.lenenc(PART)?).map_err(|_| Malformed(PART))?;
        let first = scan.bytes(columns.div_ceil(8), PART)?;
        let second = match rows_kind {
            RowsKind::Update => scan.bytes(columns.div_ceil(8), PART)?,
            _ => first,
        };
        Ok(RowsEvent {
            kind: rows_kind,
            table,
            ends_statement: flags & ENDS_STATEMENT != 0,
            flags,
            partial: number == kind::PARTIAL_UPDATE_ROWS,
            columns,
            before: body.slice_ref(first),
            after: body.slice_ref(second),
            rows: body.slice_ref(scan.rest()),
        })
    }

    /// Returns the rows in order; the first malformed one ends them.
    ///
    /// # Errors
    /// The table has another number of columns.
    pub fn changes<'a>(&'a self, table: &'a TableMap) -> Result<Changes<'a>, Malformed> {
        if table.columns.len() != self.columns {
            return Err(Malformed("rows event: its table has other columns"));
        }
        // No image has no bytes but that of a table without columns, which MySQL has not.
        if self.columns == 0 {
            return Err(Malformed("rows event: no columns"));
        }
        Ok(Changes { event: self, table, scan: Scan::new(&self.rows) })
    }

    /// Returns how many bytes the rows have.
    pub fn size(&self) -> usize {
        self.rows.len()
    }
}

/// The rows of an event, one after the other.
#[derive(Clone, Debug)]
pub struct Changes<'a> {
    event: &'a RowsEvent,
    table: &'a TableMap,
    scan: Scan<'a>,
}

impl<'a> Changes<'a> {
    fn take(&mut self) -> Result<Change<'a>, Malformed> {
        let (event, table) = (self.event, self.table);
        let scan = &mut self.scan;
        let left = scan.rest().len();
        let before = match event.kind {
            RowsKind::Write => None,
            _ => Some(Image::take(table, &event.before, false, scan)?),
        };
        let after = match event.kind {
            RowsKind::Delete => None,
            _ => Some(Image::take(table, &event.after, event.partial, scan)?),
        };
        // A stranger's row of no bytes would never end.
        match scan.rest().len() < left {
            true => Ok(Change { before, after }),
            false => Err(Malformed("rows event: a row without bytes")),
        }
    }
}

impl<'a> Iterator for Changes<'a> {
    type Item = Result<Change<'a>, Malformed>;

    fn next(&mut self) -> Option<Result<Change<'a>, Malformed>> {
        if self.scan.is_empty() {
            return None;
        }
        let change = self.take();
        if change.is_err() {
            self.scan.take_rest();
        }
        Some(change)
    }
}
