//! MySQL's binary form of JSON: how tables and the binary log store documents.
//!
//! A value is a byte for its type and what follows; an array or object begins with its number of
//! elements and its size, then come entries of fixed width that point to names and values by their
//! distance from that beginning. Numbers and distances are little-endian, with 16 bits in the small
//! layout and 32 in the large one; values that fit stand in their entry.

mod decode;
mod encode;
mod scalar;

use vt_base::Error;

use super::Json;

const SMALL_OBJECT: u8 = 0x00;
const LARGE_OBJECT: u8 = 0x01;
const SMALL_ARRAY: u8 = 0x02;
const LARGE_ARRAY: u8 = 0x03;
const LITERAL: u8 = 0x04;
const INT16: u8 = 0x05;
const UINT16: u8 = 0x06;
const INT32: u8 = 0x07;
const UINT32: u8 = 0x08;
const INT64: u8 = 0x09;
const UINT64: u8 = 0x0a;
const DOUBLE: u8 = 0x0b;
const STRING: u8 = 0x0c;
const OPAQUE: u8 = 0x0f;

const LITERAL_NULL: u8 = 0x00;
const LITERAL_TRUE: u8 = 0x01;
const LITERAL_FALSE: u8 = 0x02;

/// The column types that scalars of MySQL's own are stored as.
const COLUMN_DATE: u8 = 10;
const COLUMN_TIME: u8 = 11;
const COLUMN_DATETIME: u8 = 12;
const COLUMN_TIMESTAMP: u8 = 7;
const COLUMN_DECIMAL: u8 = 246;

/// How wide the numbers and distances of an array or object are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Small,
    Large,
}

impl Layout {
    fn width(self) -> usize {
        match self {
            Layout::Small => 2,
            Layout::Large => 4,
        }
    }

    /// Returns the greatest distance.
    fn max(self) -> usize {
        match self {
            Layout::Small => u16::MAX as usize,
            Layout::Large => u32::MAX as usize,
        }
    }

    /// Returns the width of the entry that points to a name: distance and length.
    fn name_entry(self) -> usize {
        self.width() + 2
    }

    /// Returns the width of the entry of a value: its type, and itself or its distance.
    fn value_entry(self) -> usize {
        self.width() + 1
    }
}

impl Json {
    /// Writes the document in binary form.
    ///
    /// # Errors
    /// A name is longer than 65,535 bytes, or a value than 4 GB.
    pub fn to_binary(&self) -> Result<Vec<u8>, Error> {
        encode::document(self)
    }

    /// Reads a document in binary form; no bytes at all are the null of old tables.
    ///
    /// # Errors
    /// The bytes are no such document, or it nests too deep.
    pub fn from_binary(bytes: &[u8]) -> Result<Json, Error> {
        decode::document(bytes)
    }
}

#[cfg(test)]
mod tests;
