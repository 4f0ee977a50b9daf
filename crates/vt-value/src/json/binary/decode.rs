//! Reading the binary form, of which nothing is trusted.

use std::sync::Arc;

use bytes::Bytes;
use vt_base::Error;

use super::{
    DOUBLE, INT16, INT32, INT64, LARGE_ARRAY, LARGE_OBJECT, LITERAL, LITERAL_FALSE, LITERAL_NULL,
    LITERAL_TRUE, Layout, OPAQUE, SMALL_ARRAY, SMALL_OBJECT, STRING, UINT16, UINT32, UINT64,
    scalar,
};
use crate::json::{DEPTH_MAX, Json, too_deep};

pub(super) fn document(bytes: &[u8]) -> Result<Json, Error> {
    match bytes.split_first() {
        None => Ok(Json::Null),
        Some((typ, data)) => {
            // Values may share bytes in a crafted document: what is made is bounded by what came.
            let mut budget = bytes.len();
            value(*typ, data, 0, &mut budget)
        }
    }
}

fn corrupt() -> Error {
    Error::mysql(3145, b"22032", "The JSON binary value contains invalid data.")
}

/// Reads a value of this type at the beginning of the bytes.
fn value(typ: u8, data: &[u8], levels: u8, budget: &mut usize) -> Result<Json, Error> {
    *budget = budget.checked_sub(1).ok_or_else(corrupt)?;
    let layout = match typ {
        SMALL_ARRAY | SMALL_OBJECT => Layout::Small,
        LARGE_ARRAY | LARGE_OBJECT => Layout::Large,
        _ => return self::scalar(typ, data, budget),
    };
    if levels >= DEPTH_MAX {
        return Err(too_deep());
    }
    let width = layout.width();
    let count = number(data, 0, layout)?;
    let size = number(data, width, layout)?;
    let data = data.get(..size).ok_or_else(corrupt)?;
    let object = matches!(typ, SMALL_OBJECT | LARGE_OBJECT);
    let names_width = if object { layout.name_entry() } else { 0 };
    let entries = count.checked_mul(names_width + layout.value_entry()).ok_or_else(corrupt)?;
    if entries.checked_add(2 * width).is_none_or(|end| end > data.len()) {
        return Err(corrupt());
    }
    let first_value = 2 * width + count * names_width;
    let values = (0..count).map(|place| first_value + place * layout.value_entry());
    if !object {
        let items = values.map(|entry| element(data, entry, layout, levels, budget));
        return Json::array(items.collect::<Result<_, Error>>()?);
    }
    let mut members = Vec::with_capacity(count);
    for (place, entry) in values.enumerate() {
        let name = name(data, 2 * width + place * names_width, layout, budget)?;
        members.push((name, element(data, entry, layout, levels, budget)?));
    }
    Json::object(members)
}

fn name(data: &[u8], entry: usize, layout: Layout, budget: &mut usize) -> Result<Arc<str>, Error> {
    let start = number(data, entry, layout)?;
    let length = number(data, entry + layout.width(), Layout::Small)?;
    let end = start.checked_add(length).ok_or_else(corrupt)?;
    *budget = budget.checked_sub(length).ok_or_else(corrupt)?;
    let name = data.get(start..end).ok_or_else(corrupt)?;
    Ok(std::str::from_utf8(name).map_err(|_| corrupt())?.into())
}

/// Reads the value whose entry stands at this place.
fn element(
    data: &[u8],
    entry: usize,
    layout: Layout,
    levels: u8,
    budget: &mut usize,
) -> Result<Json, Error> {
    let typ = *data.get(entry).ok_or_else(corrupt)?;
    let inlined = matches!(typ, LITERAL | INT16 | UINT16)
        || layout == Layout::Large && matches!(typ, INT32 | UINT32);
    let place = match inlined {
        true => entry + 1,
        false => number(data, entry + 1, layout)?,
    };
    value(typ, data.get(place..).ok_or_else(corrupt)?, levels + 1, budget)
}

fn number(data: &[u8], place: usize, layout: Layout) -> Result<usize, Error> {
    let bytes = data.get(place..).ok_or_else(corrupt)?;
    Ok(match layout {
        Layout::Small => u16::from_le_bytes(first(bytes)?) as usize,
        Layout::Large => u32::from_le_bytes(first(bytes)?) as usize,
    })
}

fn first<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Error> {
    bytes.first_chunk().copied().ok_or_else(corrupt)
}

fn scalar(typ: u8, data: &[u8], budget: &mut usize) -> Result<Json, Error> {
    Ok(match typ {
        LITERAL => match first::<1>(data)?[0] {
            LITERAL_NULL => Json::Null,
            LITERAL_TRUE => Json::Bool(true),
            LITERAL_FALSE => Json::Bool(false),
            _ => return Err(corrupt()),
        },
        INT16 => Json::Int(i16::from_le_bytes(first(data)?).into()),
        UINT16 => Json::UInt(u16::from_le_bytes(first(data)?).into()),
        INT32 => Json::Int(i32::from_le_bytes(first(data)?).into()),
        UINT32 => Json::UInt(u32::from_le_bytes(first(data)?).into()),
        INT64 => Json::Int(i64::from_le_bytes(first(data)?)),
        UINT64 => Json::UInt(u64::from_le_bytes(first(data)?)),
        DOUBLE => match f64::from_le_bytes(first(data)?) {
            number if number.is_finite() => Json::Double(number),
            _ => return Err(corrupt()),
        },
        STRING => {
            let text = counted(data, budget)?;
            Json::string(std::str::from_utf8(text).map_err(|_| corrupt())?)
        }
        OPAQUE => {
            let (column, data) = data.split_first().ok_or_else(corrupt)?;
            let bytes = counted(data, budget)?;
            match *column {
                super::COLUMN_DECIMAL => {
                    scalar::decode_decimal(bytes).map(Json::decimal).ok_or_else(corrupt)?
                }
                super::COLUMN_DATE
                | super::COLUMN_TIME
                | super::COLUMN_DATETIME
                | super::COLUMN_TIMESTAMP => scalar::decode_temporal(*column, bytes)
                    .map(Json::Temporal)
                    .ok_or_else(corrupt)?,
                column => Json::opaque(column, Bytes::copy_from_slice(bytes)),
            }
        }
        _ => return Err(corrupt()),
    })
}

/// Returns the bytes that follow their length.
fn counted<'d>(data: &'d [u8], budget: &mut usize) -> Result<&'d [u8], Error> {
    let mut length = 0u64;
    for (place, byte) in data.iter().take(5).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            let length = usize::try_from(length).map_err(|_| corrupt())?;
            *budget = budget.checked_sub(length).ok_or_else(corrupt)?;
            let rest = &data[place + 1..];
            return rest.get(..length).ok_or_else(corrupt);
        }
    }
    Err(corrupt())
}
