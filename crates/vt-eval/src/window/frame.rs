//! Frames: which rows of its partition a row looks at.

use std::cmp::Ordering;
use std::ops::Range;

use vt_base::{Code, Error};
use vt_value::temporal::{Interval, Unit, add_interval};
use vt_value::{Temporal, TemporalKind, Value};

use super::{Peers, WindowRow};

/// What the offsets of a frame count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameUnit {
    Rows,
    /// Distances of the key's values.
    Range,
}

/// How far a frame reaches.
#[derive(Clone, Debug)]
pub enum Bound {
    UnboundedPreceding,
    Preceding(Offset),
    CurrentRow,
    Following(Offset),
    UnboundedFollowing,
}

/// A distance.
#[derive(Clone, Debug)]
pub enum Offset {
    Rows(u64),
    /// A number that is added to the key.
    Number(Value),
    Interval(Interval, Unit),
}

/// The frame of a window.
#[derive(Clone, Debug)]
pub struct Frame {
    pub unit: FrameUnit,
    pub start: Bound,
    pub end: Bound,
}

impl Frame {
    /// Returns the frame of a window that names none.
    pub fn usual(ordered: bool) -> Frame {
        let end = if ordered { Bound::CurrentRow } else { Bound::UnboundedFollowing };
        Frame { unit: FrameUnit::Range, start: Bound::UnboundedPreceding, end }
    }

    /// Returns whether a bound is a distance.
    pub fn has_offset(&self) -> bool {
        let offset = |bound: &Bound| matches!(bound, Bound::Preceding(_) | Bound::Following(_));
        offset(&self.start) || offset(&self.end)
    }

    /// Returns the rows that a row looks at, none where the frame ends before it begins.
    pub(super) fn of(
        &self,
        row: usize,
        rows: &[WindowRow],
        peers: &[Peers],
        descending: &[bool],
    ) -> Result<Range<usize>, Error> {
        let peers = peers.get(row).ok_or_else(|| Error::bug("a row outside of its partition"))?;
        let place = Place { row, rows, peers: *peers, descending };
        let (start, end) = match self.unit {
            FrameUnit::Rows => (place.row_start(&self.start), place.row_end(&self.end)),
            FrameUnit::Range => {
                let start = place.value_start(&self.start)?;
                // Behind all rows no end is looked for, and none is out of range.
                let is_empty = start >= rows.len();
                (start, if is_empty { start } else { place.value_end(&self.end)? })
            }
        };
        let count = rows.len();
        let (start, end) = (start.min(count), end.min(count));
        Ok(if start < end { start..end } else { start..start })
    }
}

/// A row in its partition.
struct Place<'p> {
    row: usize,
    rows: &'p [WindowRow],
    peers: Peers,
    descending: &'p [bool],
}

impl Place<'_> {
    fn row_start(&self, bound: &Bound) -> usize {
        match bound {
            Bound::UnboundedPreceding => 0,
            Bound::Preceding(offset) => self.row.saturating_sub(rows_of(offset)),
            Bound::CurrentRow => self.row,
            Bound::Following(offset) => self.row.saturating_add(rows_of(offset)),
            Bound::UnboundedFollowing => self.rows.len(),
        }
    }

    fn row_end(&self, bound: &Bound) -> usize {
        let next = self.row + 1;
        match bound {
            Bound::UnboundedPreceding => 0,
            Bound::Preceding(offset) => next.saturating_sub(rows_of(offset)),
            Bound::CurrentRow => next,
            Bound::Following(offset) => next.saturating_add(rows_of(offset)),
            Bound::UnboundedFollowing => self.rows.len(),
        }
    }

    fn value_start(&self, bound: &Bound) -> Result<usize, Error> {
        match bound {
            Bound::UnboundedPreceding => Ok(0),
            Bound::CurrentRow => Ok(self.peers.first),
            Bound::UnboundedFollowing => Ok(self.rows.len()),
            Bound::Preceding(offset) => self.reach(offset, true, Ordering::is_lt),
            Bound::Following(offset) => self.reach(offset, false, Ordering::is_lt),
        }
    }

    fn value_end(&self, bound: &Bound) -> Result<usize, Error> {
        match bound {
            Bound::UnboundedPreceding => Ok(0),
            Bound::CurrentRow => Ok(self.peers.end),
            Bound::UnboundedFollowing => Ok(self.rows.len()),
            Bound::Preceding(offset) => self.reach(offset, true, Ordering::is_le),
            Bound::Following(offset) => self.reach(offset, false, Ordering::is_le),
        }
    }

    /// Returns how many rows lie before the key at a distance, by the test of their order to it.
    fn reach(
        &self,
        offset: &Offset,
        preceding: bool,
        before: fn(Ordering) -> bool,
    ) -> Result<usize, Error> {
        let descends = self.descending.first().copied().unwrap_or(false);
        let none = || Error::bug("a range without a key");
        let key = self.rows.get(self.row).and_then(|row| row.keys.first()).ok_or_else(none)?;
        let limit = match key {
            // Of NULL only NULL is at any distance.
            Value::Null => Some(Value::Null),
            key => moved(key, offset, preceding != descends)?,
        };
        let Some(limit) = limit else {
            return Err(Error::unsupported("a range that reaches beyond all dates"));
        };
        let mut unknown = false;
        let place = self.rows.partition_point(|row| {
            let order = row.keys.first().and_then(|key| key.compare(&limit));
            let order = order.unwrap_or_else(|| {
                unknown = true;
                Ordering::Equal
            });
            before(if descends { order.reverse() } else { order })
        });
        if unknown {
            return Err(Error::unsupported("a range of values whose order is unknown"));
        }
        Ok(place)
    }
}

fn rows_of(offset: &Offset) -> usize {
    match offset {
        Offset::Rows(count) => usize::try_from(*count).unwrap_or(usize::MAX),
        Offset::Number(_) | Offset::Interval(..) => 0,
    }
}

/// Returns a key less or more a distance; `None` beyond all dates.
fn moved(key: &Value, offset: &Offset, less: bool) -> Result<Option<Value>, Error> {
    match (key, offset) {
        (Value::Temporal(temporal), Offset::Interval(interval, unit)) => {
            let (_, month, day) = temporal.ymd();
            if temporal.kind != TemporalKind::Time && (month == 0 || day == 0) {
                return Err(Error::unsupported("a range around a date that is none"));
            }
            let interval = if less { interval.negated() } else { *interval };
            let moved: Option<Temporal> = add_interval(*temporal, interval, *unit);
            Ok(moved.map(Value::Temporal))
        }
        (key, Offset::Number(number)) => added(key, number, less).map(Some),
        (key, Offset::Rows(count)) => added(key, &Value::UInt(*count), less).map(Some),
        (key, Offset::Interval(..)) => {
            Err(Error::unsupported(format_args!("an interval from a {}", key.typ())))
        }
    }
}

fn added(key: &Value, number: &Value, less: bool) -> Result<Value, Error> {
    if let (Value::Int(_) | Value::UInt(_), Value::Int(_) | Value::UInt(_)) = (key, number) {
        return integer(key, number, less);
    }
    if let (Some(key), Some(number)) = (key.to_decimal(), number.to_decimal()) {
        let sum = if less { key.sub(&number) } else { key.add(&number) };
        // Beyond 65 digits no key lies.
        return Ok(Value::Decimal(sum.unwrap_or_else(|| vt_value::Decimal::max_value(less))));
    }
    match (key, number.to_f64()) {
        (Value::Float(key), Some(number)) => {
            Ok(Value::Float(if less { key - number } else { key + number }))
        }
        _ => Err(Error::unsupported(format_args!("a range of {} values", key.typ()))),
    }
}

/// Adds integers as MySQL's operators do: the sum of a key without sign has none either, and it
/// must fit.
fn integer(key: &Value, number: &Value, less: bool) -> Result<Value, Error> {
    let wide = |value: &Value| match value {
        Value::UInt(value) => i128::from(*value),
        Value::Int(value) => i128::from(*value),
        _ => 0,
    };
    let (one, other) = (wide(key), wide(number));
    let sum = if less { one - other } else { one + other };
    let fitting = match key {
        Value::UInt(_) => u64::try_from(sum).ok().map(Value::UInt),
        _ => i64::try_from(sum).ok().map(Value::Int),
    };
    fitting.ok_or_else(|| {
        let kind = if matches!(key, Value::UInt(_)) { "BIGINT UNSIGNED" } else { "BIGINT" };
        let sign = if less { '-' } else { '+' };
        let message = format!("{kind} value is out of range in '({one} {sign} {other})'");
        Error::mysql(1690, b"22003", message).with_code(Code::InvalidArgument)
    })
}
