//! Keyspace ids, and the ranges of them that shards own.

use std::fmt;
use std::str::FromStr;

use crate::{Code, Error};

/// A point of a keyspace's key space: bytes of any length, compared bytewise.
pub type KeyspaceId = Vec<u8>;

/// A range of keyspace ids, start in, end out; an empty bound is open.
///
/// Bounds are kept without trailing zero bytes, since `80` and `8000` mean the same point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyRange {
    start: Vec<u8>,
    end: Vec<u8>,
}

impl KeyRange {
    /// Makes a range from its bounds as stored.
    pub fn new(start: &[u8], end: &[u8]) -> KeyRange {
        KeyRange { start: trimmed(start).to_vec(), end: trimmed(end).to_vec() }
    }

    /// The whole key space.
    pub fn full() -> KeyRange {
        KeyRange::default()
    }

    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// Returns the bound that is just outside; empty means that the range has none.
    pub fn end(&self) -> &[u8] {
        &self.end
    }

    pub fn is_full(&self) -> bool {
        self.start.is_empty() && self.end.is_empty()
    }

    /// Returns whether the range holds a keyspace id.
    pub fn contains(&self, id: &[u8]) -> bool {
        self.start.as_slice() <= id && (self.end.is_empty() || id < self.end.as_slice())
    }

    /// Returns whether two ranges have a point in common.
    pub fn intersects(&self, other: &KeyRange) -> bool {
        (self.end.is_empty() || other.start < self.end)
            && (other.end.is_empty() || self.start < other.end)
    }

    /// Returns whether every point of `other` is in this range.
    pub fn contains_range(&self, other: &KeyRange) -> bool {
        self.start <= other.start
            && (self.end.is_empty() || (!other.end.is_empty() && other.end <= self.end))
    }

    /// Reads the range out of a shard's name; the names `0` and `-` stand for the whole.
    pub fn from_shard_name(name: &str) -> Result<KeyRange, Error> {
        if name == "0" {
            return Ok(KeyRange::full());
        }
        name.parse()
    }

    /// Returns the names of `count` shards, equal as far as whole bytes allow: `-55`, `55-aa`, `aa-`.
    pub fn shard_names(count: u32) -> Result<Vec<String>, Error> {
        if count == 0 {
            let message = "shards must be greater than zero";
            return Err(Error::new(Code::InvalidArgument, message));
        }
        let mut width = 1usize;
        while 1u64 << (8 * width) < u64::from(count) {
            width += 1;
        }
        let span = 1u64 << (8 * width);
        let bound = |index: u32| match index {
            0 => String::new(),
            _ if index == count => String::new(),
            _ => format!(
                "{:0width$x}",
                span * u64::from(index) / u64::from(count),
                width = 2 * width
            ),
        };
        Ok((0..count).map(|index| format!("{}-{}", bound(index), bound(index + 1))).collect())
    }
}

/// Cuts the zero bytes off the end; they do not move the point that a bound stands for.
fn trimmed(bound: &[u8]) -> &[u8] {
    let len = bound.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    // A bound of zeroes alone is kept as one byte: as an end it means the empty range, not "open".
    if len == 0 && !bound.is_empty() { &bound[..1] } else { &bound[..len] }
}

/// Prints `-80`, `80-c0`, or `-` for the whole.
impl fmt::Display for KeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.start {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("-")?;
        for byte in &self.end {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for KeyRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<KeyRange, Error> {
        let wrong =
            || Error::new(Code::InvalidArgument, format!("malformed key range spec: {text:?}"));
        let (start, end) = text.split_once('-').ok_or_else(wrong)?;
        let start = decode_hex(start).ok_or_else(wrong)?;
        let end = decode_hex(end).ok_or_else(wrong)?;
        if !end.is_empty() && start >= end {
            let message = format!("out of order keys: {text:?}");
            return Err(Error::new(Code::InvalidArgument, message));
        }
        Ok(KeyRange::new(&start, &end))
    }
}

/// Reads an even number of hex digits; anything else gives `None`.
pub fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|value| value as u8);
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests;
