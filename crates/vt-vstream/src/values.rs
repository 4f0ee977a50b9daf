//! The values of a row of the log, as text in utf8mb4.

use bytes::Bytes;
use vt_base::{Error, Result};
use vt_binlog::{Cell, Column, Image, apply_json_diff};
use vt_proto::query;
use vt_value::json::Json;
use vt_value::{Collation, Field, Type};

use crate::plan::Values;
use crate::table::SourceColumn;

/// A row's values, and which of its columns the log has.
#[derive(Debug)]
pub(crate) struct RowValues {
    pub(crate) values: Values,
    pub(crate) present: Vec<bool>,
}

/// Reads an image. `before` has the documents that changes of JSON are made to.
pub(crate) fn read(
    columns: &[Column],
    described: &[SourceColumn],
    image: &Image<'_>,
    before: Option<&Image<'_>>,
) -> Result<RowValues> {
    let mut row = RowValues {
        values: Vec::with_capacity(columns.len()),
        present: Vec::with_capacity(columns.len()),
    };
    for (index, cell) in image.cells().enumerate() {
        let column = &columns[index];
        let cell = cell?;
        row.present.push(cell != Cell::Absent);
        let mut text = Vec::new();
        match cell {
            Cell::Absent | Cell::Null => {
                row.values.push(None);
                continue;
            }
            Cell::Value(raw) => column.write_text(raw, &mut text)?,
            Cell::JsonDiff(raw) => {
                let document = before.and_then(|image| image.cells().nth(index)).transpose()?;
                let Some(Cell::Value(document)) = document else {
                    return Err(Error::unsupported(
                        "binlog_row_value_options=PARTIAL_JSON without binlog_row_image=FULL",
                    ));
                };
                apply_json_diff(Json::from_binary(document)?, raw)?.write(&mut text);
            }
        }
        if let Some(described) = described.get(index) {
            fill_zeroes(&described.field, &mut text);
        }
        row.values.push(Some(in_utf8mb4(column, text)));
    }
    Ok(row)
}

/// Column flag: numbers are printed with zeroes before them.
const ZEROFILL: u16 = 64;

/// Prints a number of a ZEROFILL column as a SELECT does.
fn fill_zeroes(field: &Field, text: &mut Vec<u8>) {
    let width = field.column_length as usize;
    if field.flags & ZEROFILL != 0 && field.typ != Type::YEAR && text.len() < width {
        let missing = width - text.len();
        text.splice(0..0, std::iter::repeat_n(b'0', missing));
    }
}

/// Brings text of a column's own character set to utf8mb4; members of ENUMs are in it already.
fn in_utf8mb4(column: &Column, text: Vec<u8>) -> Bytes {
    let utf8mb4 = Collation::UTF8MB4_BIN.charset();
    let charset = match column.value_type().is_text() && column.members.is_none() {
        true => Collation(column.collation).charset(),
        false => None,
    };
    match (charset, utf8mb4) {
        (Some(charset), Some(utf8mb4)) if charset != utf8mb4 => {
            let mut out = Vec::with_capacity(text.len());
            charset.convert(&text, utf8mb4, &mut out);
            out.into()
        }
        _ => text.into(),
    }
}

/// Makes the message's row of values.
pub(crate) fn to_proto(values: &Values) -> query::Row {
    let size = values.iter().flatten().map(Bytes::len).sum();
    let mut bytes = Vec::with_capacity(size);
    let lengths = values
        .iter()
        .map(|value| match value {
            Some(value) => {
                bytes.extend_from_slice(value);
                value.len() as i64
            }
            None => -1,
        })
        .collect();
    query::Row { lengths, values: bytes.into() }
}
