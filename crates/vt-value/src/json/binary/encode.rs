//! Writing the binary form.

use std::sync::Arc;

use vt_base::Error;

use super::{
    DOUBLE, INT16, INT32, INT64, LARGE_ARRAY, LARGE_OBJECT, LITERAL, LITERAL_FALSE, LITERAL_NULL,
    LITERAL_TRUE, Layout, OPAQUE, SMALL_ARRAY, SMALL_OBJECT, STRING, UINT16, UINT32, UINT64,
    scalar,
};
use crate::json::Json;

/// Why a value is not written in a layout.
enum Misfit {
    /// It is too long for the small layout; the large one may hold it.
    TooLong,
    Never(Error),
}

pub(super) fn document(value: &Json) -> Result<Vec<u8>, Error> {
    let mut out = vec![0];
    match append(value, 0, &mut out) {
        Ok(()) => Ok(out),
        Err(Misfit::Never(error)) => Err(error),
        Err(Misfit::TooLong) => Err(value_too_big()),
    }
}

/// `3150`: a value does not fit even the large layout.
fn value_too_big() -> Error {
    Error::mysql(3150, b"22032", "The JSON value is too big to be stored in a JSON column.")
}

/// `3151`: a name's length has 16 bits.
fn name_too_big() -> Error {
    Error::mysql(3151, b"22032", "The JSON object contains a key name that is too long.")
}

/// Appends a value, and puts its type at `type_place`.
fn append(value: &Json, type_place: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let (small, large) = match value {
        Json::Array(_) => (SMALL_ARRAY, LARGE_ARRAY),
        Json::Object(_) => (SMALL_OBJECT, LARGE_OBJECT),
        _ => {
            out[type_place] = append_scalar(value, out).map_err(Misfit::Never)?;
            return Ok(());
        }
    };
    let start = out.len();
    out[type_place] = small;
    match append_nested(value, Layout::Small, out) {
        Err(Misfit::TooLong) => {}
        done => return done,
    }
    out.truncate(start);
    out[type_place] = large;
    append_nested(value, Layout::Large, out)
}

fn append_nested(value: &Json, layout: Layout, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let start = out.len();
    append_number(value.len(), layout, out)?;
    let size_place = out.len();
    append_number(0, layout, out)?;
    match value {
        Json::Array(array) => {
            let entries = reserve_values(array.items().len(), layout, out);
            append_values(array.items().iter(), layout, Places { start, entries }, out)?;
        }
        Json::Object(object) => {
            let members = object.members();
            append_name_entries(members, layout, start, out)?;
            let entries = reserve_values(members.len(), layout, out);
            members.iter().for_each(|(name, _)| out.extend_from_slice(name.as_bytes()));
            let values = members.iter().map(|(_, value)| value);
            append_values(values, layout, Places { start, entries }, out)?;
        }
        _ => {}
    }
    let size = out.len() - start;
    set_number(size, size_place, layout, out)
}

/// Where an array or object begins, and where the entries of its values do.
struct Places {
    start: usize,
    entries: usize,
}

/// Leaves room for the entries of values; returns where it begins.
fn reserve_values(count: usize, layout: Layout, out: &mut Vec<u8>) -> usize {
    let entries = out.len();
    out.resize(entries + count * layout.value_entry(), 0);
    entries
}

/// Appends the entries of names, which will follow the entries of the values.
fn append_name_entries(
    members: &[(Arc<str>, Json)],
    layout: Layout,
    start: usize,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let entries = members.len() * (layout.name_entry() + layout.value_entry());
    let mut distance = out.len() - start + entries;
    for (name, _) in members {
        let length = u16::try_from(name.len()).map_err(|_| Misfit::Never(name_too_big()))?;
        append_number(distance, layout, out)?;
        out.extend_from_slice(&length.to_le_bytes());
        distance += name.len();
    }
    Ok(())
}

fn append_values<'j>(
    values: impl Iterator<Item = &'j Json>,
    layout: Layout,
    Places { start, entries: mut entry }: Places,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    for value in values {
        if !set_inline(value, entry, layout, out) {
            let distance = out.len() - start;
            set_number(distance, entry + 1, layout, out)?;
            append(value, entry, out)?;
            if out.len() - start > layout.max() {
                return Err(Misfit::TooLong);
            }
        }
        entry += layout.value_entry();
    }
    Ok(())
}

/// Puts a value into its entry, if it fits there.
fn set_inline(value: &Json, entry: usize, layout: Layout, out: &mut [u8]) -> bool {
    let (typ, number) = match value {
        Json::Null => (LITERAL, i64::from(LITERAL_NULL)),
        Json::Bool(true) => (LITERAL, i64::from(LITERAL_TRUE)),
        Json::Bool(false) => (LITERAL, i64::from(LITERAL_FALSE)),
        Json::Int(number) => match int_type(*number) {
            INT32 if layout == Layout::Small => return false,
            INT64 => return false,
            typ => (typ, *number),
        },
        Json::UInt(number) => match uint_type(*number) {
            UINT32 if layout == Layout::Small => return false,
            UINT64 => return false,
            typ => (typ, *number as i64),
        },
        _ => return false,
    };
    out[entry] = typ;
    let width = layout.width();
    out[entry + 1..=entry + width].copy_from_slice(&number.to_le_bytes()[..width]);
    true
}

fn append_number(number: usize, layout: Layout, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let place = out.len();
    out.resize(place + layout.width(), 0);
    set_number(number, place, layout, out)
}

fn set_number(number: usize, place: usize, layout: Layout, out: &mut [u8]) -> Result<(), Misfit> {
    if number > layout.max() {
        return Err(match layout {
            Layout::Small => Misfit::TooLong,
            Layout::Large => Misfit::Never(value_too_big()),
        });
    }
    let width = layout.width();
    out[place..place + width].copy_from_slice(&number.to_le_bytes()[..width]);
    Ok(())
}

fn int_type(number: i64) -> u8 {
    match (i16::try_from(number), i32::try_from(number)) {
        (Ok(_), _) => INT16,
        (_, Ok(_)) => INT32,
        _ => INT64,
    }
}

fn uint_type(number: u64) -> u8 {
    match (u16::try_from(number), u32::try_from(number)) {
        (Ok(_), _) => UINT16,
        (_, Ok(_)) => UINT32,
        _ => UINT64,
    }
}

/// Appends a scalar; returns its type.
fn append_scalar(value: &Json, out: &mut Vec<u8>) -> Result<u8, Error> {
    match value {
        Json::Null => out.push(LITERAL_NULL),
        Json::Bool(true) => out.push(LITERAL_TRUE),
        Json::Bool(false) => out.push(LITERAL_FALSE),
        Json::Int(number) => {
            let typ = int_type(*number);
            out.extend_from_slice(&number.to_le_bytes()[..width_of(typ)]);
            return Ok(typ);
        }
        Json::UInt(number) => {
            let typ = uint_type(*number);
            out.extend_from_slice(&number.to_le_bytes()[..width_of(typ)]);
            return Ok(typ);
        }
        Json::Double(number) => {
            out.extend_from_slice(&number.to_le_bytes());
            return Ok(DOUBLE);
        }
        Json::String(text) => {
            append_length(text.len(), out)?;
            out.extend_from_slice(text.as_bytes());
            return Ok(STRING);
        }
        Json::Decimal(number) => {
            append_opaque(super::COLUMN_DECIMAL, &scalar::encode_decimal(number), out)?;
            return Ok(OPAQUE);
        }
        Json::Temporal(temporal) => {
            let (column, bytes) = scalar::encode_temporal(temporal);
            append_opaque(column, &bytes, out)?;
            return Ok(OPAQUE);
        }
        Json::Opaque(column, bytes) => {
            append_opaque(*column, bytes, out)?;
            return Ok(OPAQUE);
        }
        Json::Array(_) | Json::Object(_) => return Err(Error::bug("an array is no scalar")),
    }
    Ok(LITERAL)
}

fn width_of(typ: u8) -> usize {
    match typ {
        INT16 | UINT16 => 2,
        INT32 | UINT32 => 4,
        _ => 8,
    }
}

fn append_opaque(column: u8, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    out.push(column);
    append_length(bytes.len(), out)?;
    out.extend_from_slice(bytes);
    Ok(())
}

/// Appends a length in groups of seven bits, the lowest first.
fn append_length(length: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut rest = u32::try_from(length).map_err(|_| value_too_big())?;
    while rest > 0x7f {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
    Ok(())
}
