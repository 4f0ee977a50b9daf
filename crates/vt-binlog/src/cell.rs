//! Cells: where each ends in a row, and the text that a SELECT would give for it.

use std::fmt::Write as _;

use vt_base::Error;
use vt_value::Temporal;
use vt_value::float::write_f64;
use vt_value::json::Json;
use vt_wire::{Malformed, Scan};

use crate::column::{BINARY, Column, ColumnKind};
use crate::{clock, decimal};

const PART: &str = "cell";

/// Why a cell has no text.
#[derive(Debug)]
pub enum CellError {
    Malformed(Malformed),
    /// A JSON document that cannot be read.
    Json(Error),
}

impl From<Malformed> for CellError {
    fn from(malformed: Malformed) -> CellError {
        CellError::Malformed(malformed)
    }
}

impl From<Error> for CellError {
    fn from(error: Error) -> CellError {
        CellError::Json(error)
    }
}

impl From<CellError> for Error {
    fn from(error: CellError) -> Error {
        match error {
            CellError::Malformed(malformed) => malformed.into(),
            CellError::Json(error) => error,
        }
    }
}

impl Column {
    /// Takes the bytes of a cell that is not NULL, without the length before them.
    pub(crate) fn take<'a>(&self, scan: &mut Scan<'a>) -> Result<&'a [u8], Malformed> {
        let width = match self.kind {
            ColumnKind::Integer(width) | ColumnKind::Enum(width) | ColumnKind::Set(width) => {
                usize::from(width)
            }
            ColumnKind::Float | ColumnKind::OldTimestamp => 4,
            ColumnKind::Double | ColumnKind::OldDatetime => 8,
            ColumnKind::Decimal { precision, scale } => decimal::width(precision, scale),
            ColumnKind::Year => 1,
            ColumnKind::Date | ColumnKind::OldTime => 3,
            ColumnKind::Time(digits) => 3 + clock::fraction_width(digits),
            ColumnKind::Datetime(digits) => 5 + clock::fraction_width(digits),
            ColumnKind::Timestamp(digits) => 4 + clock::fraction_width(digits),
            ColumnKind::Varchar(max) | ColumnKind::Char(max) if max > 255 => {
                usize::from(scan.u16(PART)?)
            }
            ColumnKind::Varchar(_) | ColumnKind::Char(_) => usize::from(scan.u8(PART)?),
            ColumnKind::Blob(width)
            | ColumnKind::Json(width)
            | ColumnKind::Geometry(width)
            | ColumnKind::Vector(width) => length(scan, width)?,
            ColumnKind::Bit(bits) => usize::from(bits.div_ceil(8)),
            ColumnKind::Null => 0,
        };
        scan.bytes(width, PART)
    }

    /// Appends a cell as text, as a SELECT of the text protocol would give it.
    ///
    /// Text stays in the column's character set. A TIMESTAMP is in UTC. FLOAT and DOUBLE have all
    /// their digits, so that the number is kept. An ENUM or SET whose members are not known is a
    /// number.
    ///
    /// # Errors
    /// The bytes are no cell of this column.
    pub fn write_text(&self, raw: &[u8], out: &mut Vec<u8>) -> Result<(), CellError> {
        match self.kind {
            ColumnKind::Integer(_) => self.write_integer(raw, out)?,
            ColumnKind::Float => {
                let number = f32::from_le_bytes(array(raw)?);
                // The shortest digits of the 32 bits; as a double it would grow false ones.
                let shortest = number.to_string().parse::<f64>().unwrap_or(f64::from(number));
                write_f64(shortest, out);
            }
            ColumnKind::Double => write_f64(f64::from_le_bytes(array(raw)?), out),
            ColumnKind::Decimal { precision, scale } => {
                decimal::write_text(raw, precision, scale, out)?;
            }
            ColumnKind::Year => match array::<1>(raw)?[0] {
                0 => out.extend_from_slice(b"0000"),
                year => write_number(u64::from(year) + 1900, out),
            },
            ColumnKind::Bit(_) => out.extend_from_slice(raw),
            ColumnKind::Enum(_) => self.write_enum(unsigned(raw)?, out),
            ColumnKind::Set(_) => self.write_set(unsigned(raw)?, out),
            ColumnKind::Json(_) => Json::from_binary(raw)?.write(out),
            ColumnKind::Char(width) => {
                out.extend_from_slice(raw);
                // The log drops the zeroes at the end of a BINARY.
                if self.collation == BINARY {
                    let missing = usize::from(width).saturating_sub(raw.len());
                    out.resize(out.len() + missing, 0);
                }
            }
            ColumnKind::Varchar(_)
            | ColumnKind::Blob(_)
            | ColumnKind::Geometry(_)
            | ColumnKind::Vector(_) => out.extend_from_slice(raw),
            ColumnKind::Null => {}
            _ => {
                let value = self.temporal(raw)?;
                if !clock::is_sane(&value) {
                    return Err(Malformed("cell: a date or time that is none").into());
                }
                value.write(out);
            }
        }
        Ok(())
    }

    fn write_integer(&self, raw: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let number = unsigned(raw)?;
        if self.unsigned {
            write_number(number, out);
            return Ok(());
        }
        let spare = 64 - 8 * raw.len() as u32;
        let signed = (number << spare).cast_signed() >> spare;
        if signed < 0 {
            out.push(b'-');
        }
        write_number(signed.unsigned_abs(), out);
        Ok(())
    }

    fn write_enum(&self, number: u64, out: &mut Vec<u8>) {
        let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        match (&self.members, place) {
            // Zero is the empty text of a value that was refused.
            (Some(_), None) => {}
            (Some(members), Some(place)) if place < members.len() => {
                out.extend_from_slice(&members[place]);
            }
            _ => write_number(number, out),
        }
    }

    fn write_set(&self, bits: u64, out: &mut Vec<u8>) {
        let Some(members) = &self.members else { return write_number(bits, out) };
        let mut first = true;
        for member in members.iter().enumerate().filter(|(bit, _)| bits >> (bit & 63) & 1 == 1) {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            out.extend_from_slice(member.1);
        }
    }

    fn temporal(&self, raw: &[u8]) -> Result<Temporal, Malformed> {
        let wanted = match self.kind {
            ColumnKind::Date | ColumnKind::OldTime => 3,
            ColumnKind::Time(digits) => 3 + clock::fraction_width(digits),
            ColumnKind::Datetime(digits) => 5 + clock::fraction_width(digits),
            ColumnKind::Timestamp(digits) => 4 + clock::fraction_width(digits),
            ColumnKind::OldTimestamp => 4,
            _ => 8,
        };
        if raw.len() != wanted {
            return Err(Malformed(PART));
        }
        Ok(match self.kind {
            ColumnKind::Date => clock::date(array(raw)?),
            ColumnKind::OldTime => clock::old_time(array(raw)?),
            ColumnKind::Time(digits) => clock::time(raw, digits),
            ColumnKind::Datetime(digits) => clock::datetime(raw, digits),
            ColumnKind::Timestamp(digits) => {
                let (seconds, fraction) = raw.split_at(4);
                clock::timestamp(u32::from_be_bytes(array(seconds)?), fraction, digits)
            }
            ColumnKind::OldTimestamp => clock::timestamp(u32::from_le_bytes(array(raw)?), &[], 0),
            _ => clock::old_datetime(u64::from_le_bytes(array(raw)?))
                .ok_or(Malformed("cell: a date that is none"))?,
        })
    }
}

/// Takes a length of `width` bytes.
fn length(scan: &mut Scan<'_>, width: u8) -> Result<usize, Malformed> {
    let bytes = scan.bytes(usize::from(width), PART)?;
    usize::try_from(unsigned(bytes)?).map_err(|_| Malformed(PART))
}

/// Reads at most eight bytes as a number, the lowest first.
fn unsigned(raw: &[u8]) -> Result<u64, Malformed> {
    let mut wide = [0; 8];
    wide.get_mut(..raw.len()).ok_or(Malformed(PART))?.copy_from_slice(raw);
    Ok(u64::from_le_bytes(wide))
}

fn array<const N: usize>(raw: &[u8]) -> Result<[u8; N], Malformed> {
    raw.try_into().map_err(|_| Malformed(PART))
}

fn write_number(number: u64, out: &mut Vec<u8>) {
    let mut text = String::with_capacity(20);
    write!(text, "{number}").expect("a String takes what is written to it");
    out.extend_from_slice(text.as_bytes());
}
