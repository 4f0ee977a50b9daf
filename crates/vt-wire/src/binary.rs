//! Values in the binary form of prepared statements, from text and back
//! (protocol page "Binary Protocol Resultset").

mod temporal;

use bytes::Bytes;
use vt_value::{Field, Row, Type};

use crate::put;
use crate::scan::{Malformed, Scan};

/// Type bytes that decide how a value lies in a packet.
mod kind {
    pub(super) const TINY: u8 = 1;
    pub(super) const SHORT: u8 = 2;
    pub(super) const LONG: u8 = 3;
    pub(super) const FLOAT: u8 = 4;
    pub(super) const DOUBLE: u8 = 5;
    pub(super) const NULL: u8 = 6;
    pub(super) const TIMESTAMP: u8 = 7;
    pub(super) const LONGLONG: u8 = 8;
    pub(super) const INT24: u8 = 9;
    pub(super) const DATE: u8 = 10;
    pub(super) const TIME: u8 = 11;
    pub(super) const DATETIME: u8 = 12;
    pub(super) const YEAR: u8 = 13;
    pub(super) const NEW_DATE: u8 = 14;
}

/// The two bits in front of a row's NULL bitmap that mean nothing.
const NULL_BITMAP_OFFSET: usize = 2;

/// Appends the payload of a row in binary form; `row` has the text form.
///
/// Fails where the text is not of the column's type: a client would read garbage.
pub fn encode_row(out: &mut Vec<u8>, fields: &[Field], row: Row<'_>) -> Result<(), Malformed> {
    out.push(0);
    let nulls = out.len();
    out.resize(nulls + (fields.len() + NULL_BITMAP_OFFSET).div_ceil(8), 0);
    let mut columns = row.columns();
    for (index, field) in fields.iter().enumerate() {
        match columns.next().ok_or(Malformed("columns of row"))? {
            Some(text) => encode_value(out, field.typ, text)?,
            None => {
                let bit = index + NULL_BITMAP_OFFSET;
                out[nulls + bit / 8] |= 1 << (bit % 8);
            }
        }
    }
    Ok(())
}

fn encode_value(out: &mut Vec<u8>, typ: Type, text: &[u8]) -> Result<(), Malformed> {
    let wrong = Malformed("value in text form");
    let (kind, _) = typ.to_mysql();
    match kind {
        kind::TINY => put_integer::<1>(out, typ, text),
        kind::SHORT | kind::YEAR => put_integer::<2>(out, typ, text),
        kind::LONG | kind::INT24 => put_integer::<4>(out, typ, text),
        kind::LONGLONG => put_integer::<8>(out, typ, text),
        kind::FLOAT => parse::<f32>(text).map(|number| out.extend(number.to_le_bytes())),
        kind::DOUBLE => parse::<f64>(text).map(|number| out.extend(number.to_le_bytes())),
        kind::DATE | kind::DATETIME | kind::TIMESTAMP => temporal::put_datetime(out, text),
        kind::TIME => temporal::put_time(out, text),
        kind::NULL => None,
        _ => {
            put::lenenc_bytes(out, text);
            Some(())
        }
    }
    .ok_or(wrong)
}

fn parse<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Appends an integer in `N` bytes; fails if it does not fit.
fn put_integer<const N: usize>(out: &mut Vec<u8>, typ: Type, text: &[u8]) -> Option<()> {
    let width = 8 * N as u32;
    let (bytes, fits) = if typ.is_unsigned() {
        let number = parse::<u64>(text)?;
        (number.to_le_bytes(), width == 64 || number >> width == 0)
    } else {
        let number = parse::<i64>(text)?;
        let sign = number >> (width - 1);
        (number.to_le_bytes(), sign == 0 || sign == -1)
    };
    out.extend_from_slice(&bytes[..N]);
    fits.then_some(())
}

/// Takes a value in binary form and returns its text, `None` for the type NULL.
///
/// `scan` goes over the memory of `whole`, which strings share.
pub fn decode_value(
    whole: &Bytes,
    scan: &mut Scan<'_>,
    kind: u8,
    is_unsigned: bool,
) -> Result<Option<Bytes>, Malformed> {
    let part = "binary value";
    let printed = match kind {
        kind::NULL => return Ok(None),
        kind::TINY if is_unsigned => scan.u8(part)?.to_string(),
        kind::TINY => scan.u8(part)?.cast_signed().to_string(),
        kind::SHORT | kind::YEAR if is_unsigned => scan.u16(part)?.to_string(),
        kind::SHORT | kind::YEAR => scan.u16(part)?.cast_signed().to_string(),
        kind::LONG | kind::INT24 if is_unsigned => scan.u32(part)?.to_string(),
        kind::LONG | kind::INT24 => scan.u32(part)?.cast_signed().to_string(),
        kind::LONGLONG if is_unsigned => scan.u64(part)?.to_string(),
        kind::LONGLONG => scan.u64(part)?.cast_signed().to_string(),
        kind::FLOAT => print_float(f32::from_bits(scan.u32(part)?))?,
        kind::DOUBLE => print_float(f64::from_bits(scan.u64(part)?))?,
        kind::DATE | kind::NEW_DATE => temporal::print_date(scan)?,
        kind::DATETIME | kind::TIMESTAMP => temporal::print_datetime(scan)?,
        kind::TIME => temporal::print_time(scan)?,
        _ => return scan.lenenc_bytes(part).map(|bytes| Some(whole.slice_ref(bytes))),
    };
    Ok(Some(printed.into()))
}

/// Prints the shortest digits that give the number back, with an exponent where it is far from one.
fn print_float<F>(number: F) -> Result<String, Malformed>
where
    F: Copy + Into<f64> + std::fmt::Display + std::fmt::LowerExp,
{
    let wide: f64 = number.into();
    if !wide.is_finite() {
        return Err(Malformed("number that is not finite"));
    }
    let size = wide.abs();
    if size == 0.0 || (1e-5..1e15).contains(&size) {
        Ok(number.to_string())
    } else {
        Ok(format!("{number:e}"))
    }
}

#[cfg(test)]
mod tests;
