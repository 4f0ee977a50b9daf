//! One image of a row: the cells of the columns that the log has of it.

use vt_value::json::Json;
use vt_wire::{Malformed, Scan};

use crate::{CellError, Column, ColumnKind, TableMap, json_diff};

/// The bytes of a row before or after a change.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    columns: &'a [Column],
    /// A bit a column: whether the image has it.
    present: &'a [u8],
    /// A bit a column that is present: whether it is NULL.
    nulls: &'a [u8],
    /// A bit a JSON column of the table: whether its cell holds changes only. Empty for none.
    partial: &'a [u8],
    cells: &'a [u8],
}

/// What an image has of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// The log does not tell (`binlog_row_image` is not FULL).
    Absent,
    Null,
    /// The value; [`Column::write_text`] reads it.
    Value(&'a [u8]),
    /// Changes to the JSON document before; [`crate::apply_json_diff`] carries them out.
    JsonDiff(&'a [u8]),
}

/// Flag of an updated row: JSON cells may hold changes only.
const PARTIAL_JSON: u64 = 1;

impl<'a> Image<'a> {
    /// Takes an image off the rows of an event. `partial` says whether the flags of partial JSON
    /// stand before it.
    pub(crate) fn take(
        table: &'a TableMap,
        present: &'a [u8],
        partial: bool,
        scan: &mut Scan<'a>,
    ) -> Result<Image<'a>, Malformed> {
        const PART: &str = "row image";
        let columns = &table.columns[..];
        let mut flags: &[u8] = &[];
        if partial && scan.lenenc(PART)? & PARTIAL_JSON != 0 {
            let json = columns.iter().filter(|column| is_json(column)).count();
            flags = scan.bytes(json.div_ceil(8), PART)?;
        }
        let count = (0..columns.len()).filter(|index| bit(present, *index)).count();
        let nulls = scan.bytes(count.div_ceil(8), PART)?;
        let start = scan.rest();
        let mut image = Image { columns, present, nulls, partial: flags, cells: start };
        image.cells = start;
        let mut cells = image.cells();
        for cell in cells.by_ref() {
            cell?;
        }
        let left = cells.scan.rest().len();
        image.cells = scan.bytes(start.len() - left, PART)?;
        Ok(image)
    }

    /// Returns what the image has of each column, in the order of the table.
    pub fn cells(&self) -> Cells<'a> {
        Cells { image: *self, column: 0, present: 0, json: 0, scan: Scan::new(self.cells) }
    }

    /// Appends the row in the form of the text protocol, as [`vt_value::Rows`] holds rows; columns
    /// that are absent become NULL. Changes of JSON are carried out on the document of `before`.
    ///
    /// # Errors
    /// The bytes are malformed, or changes of JSON have no document to change.
    pub fn write_row(
        &self,
        before: Option<&Image<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), CellError> {
        let mut text = Vec::new();
        for (index, cell) in self.cells().enumerate() {
            let column = &self.columns[index];
            text.clear();
            match cell? {
                Cell::Absent | Cell::Null => {
                    out.push(0xfb);
                    continue;
                }
                Cell::Value(raw) => column.write_text(raw, &mut text)?,
                Cell::JsonDiff(raw) => {
                    let old = before.and_then(|image| image.cells().nth(index)).transpose()?;
                    let Some(Cell::Value(old)) = old else {
                        return Err(Malformed("changes of JSON without a document").into());
                    };
                    json_diff::apply(Json::from_binary(old)?, raw)?.write(&mut text);
                }
            }
            vt_wire::put::lenenc_bytes(out, &text);
        }
        Ok(())
    }
}

/// The cells of an image in order.
#[derive(Clone, Debug)]
pub struct Cells<'a> {
    image: Image<'a>,
    column: usize,
    present: usize,
    json: usize,
    scan: Scan<'a>,
}

impl<'a> Iterator for Cells<'a> {
    type Item = Result<Cell<'a>, Malformed>;

    fn next(&mut self) -> Option<Result<Cell<'a>, Malformed>> {
        let column = self.image.columns.get(self.column)?;
        let index = self.column;
        self.column += 1;
        let partial = is_json(column) && {
            self.json += 1;
            bit(self.image.partial, self.json - 1)
        };
        if !bit(self.image.present, index) {
            return Some(Ok(Cell::Absent));
        }
        self.present += 1;
        if bit(self.image.nulls, self.present - 1) {
            return Some(Ok(Cell::Null));
        }
        let cell = column.take(&mut self.scan);
        if cell.is_err() {
            self.column = self.image.columns.len();
        }
        Some(cell.map(|raw| if partial { Cell::JsonDiff(raw) } else { Cell::Value(raw) }))
    }
}

fn is_json(column: &Column) -> bool {
    matches!(column.kind, ColumnKind::Json(_))
}

/// Returns a bit of a map, the lowest first; what is not there is 0.
pub(crate) fn bit(bits: &[u8], index: usize) -> bool {
    bits.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}
