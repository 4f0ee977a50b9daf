//! Window functions: what a row comes to by its place among the rows of its partition.
//!
//! A [`WindowCall`] is made once; [`WindowCall::compute`] takes the rows of a partition, in the
//! order of the window's keys, and gives a value for each.

mod frame;
mod kind;

use std::cmp::Ordering;

use vt_base::{Code, Error};
use vt_value::Value;

use crate::aggregate::{Aggregate, AggregateFunc, Options};
use crate::context::Context;
use crate::kind::Kind;
use crate::session::Session;

pub use frame::{Bound, Frame, FrameUnit, Offset};

/// What is computed.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowFunc {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    /// Into so many groups.
    Ntile(u64),
    /// The argument in the row so many further; a second argument where there is none.
    Lead(u64),
    /// The argument in the row so many before.
    Lag(u64),
    FirstValue,
    LastValue,
    /// The argument in this row of the frame, counted from one.
    NthValue(u64),
    /// An aggregate over the frame.
    Aggregate(AggregateFunc),
}

/// A row of a partition: what a call needs of it.
#[derive(Clone, Debug, Default)]
pub struct WindowRow {
    pub args: Vec<Value>,
    /// The values of the window's ORDER BY.
    pub keys: Vec<Value>,
}

/// A call of a window function.
#[derive(Debug)]
pub struct WindowCall {
    func: WindowFunc,
    frame: Frame,
    /// For each key of ORDER BY, whether it descends.
    descending: Vec<bool>,
    aggregate: Option<Aggregate>,
    kind: Kind,
}

impl WindowCall {
    /// Makes a call; without a frame it is that of the manual: all rows to the last peer where
    /// there is an order, else the whole partition.
    ///
    /// # Errors
    /// MySQL's 1210 for arguments that the function does not take, `VT12001` for what cannot be
    /// computed here.
    pub fn new(
        func: WindowFunc,
        args: Vec<Kind>,
        descending: Vec<bool>,
        frame: Option<Frame>,
        limits: (&Session, usize),
    ) -> Result<WindowCall, Error> {
        let (session, memory_max) = limits;
        let wrong = |name: &str| {
            let message = format!("Incorrect arguments to {name}");
            Err(Error::mysql(1210, b"HY000", message).with_code(Code::InvalidArgument))
        };
        match func {
            WindowFunc::Ntile(0) => return wrong("ntile"),
            WindowFunc::NthValue(0) => return wrong("nth_value"),
            WindowFunc::Aggregate(AggregateFunc::GroupConcat) => {
                return Err(Error::unsupported("GROUP_CONCAT() as a window function"));
            }
            _ => {}
        }
        let kind = kind::of(&func, &args, session)?;
        let aggregate = match func {
            WindowFunc::Aggregate(func) => {
                Some(Aggregate::new(func, Options::default(), args, session, memory_max)?)
            }
            _ => None,
        };
        let frame = frame.unwrap_or_else(|| Frame::usual(!descending.is_empty()));
        if frame.unit == FrameUnit::Range && frame.has_offset() && descending.len() != 1 {
            let message = "Window '<unnamed window>' with RANGE N PRECEDING/FOLLOWING frame \
                           requires exactly one deterministic ORDER BY expression, of numeric or \
                           temporal type";
            return Err(Error::mysql(3587, b"HY000", message).with_code(Code::InvalidArgument));
        }
        Ok(WindowCall { func, frame, descending, aggregate, kind })
    }

    /// Returns what is known of the values.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Computes the value for each row of a partition; rows are in the order of their keys.
    pub fn compute(
        &mut self,
        rows: &[WindowRow],
        ctx: &mut Context<'_>,
    ) -> Result<Vec<Value>, Error> {
        let peers = self.peers(rows)?;
        let count = rows.len();
        let argument = |row: usize, place: usize| {
            rows.get(row).and_then(|row| row.args.get(place)).cloned().unwrap_or(Value::Null)
        };
        let ranked = |value: fn(Peers, usize, usize) -> Value| {
            Ok(peers.iter().enumerate().map(|(row, peers)| value(*peers, row, count)).collect())
        };
        match self.func {
            WindowFunc::RowNumber => ranked(|_, row, _| Value::UInt(row as u64 + 1)),
            WindowFunc::Rank => ranked(|peers, _, _| Value::UInt(peers.first as u64 + 1)),
            WindowFunc::DenseRank => ranked(|peers, _, _| Value::UInt(peers.number as u64 + 1)),
            WindowFunc::PercentRank => ranked(|peers, _, count| {
                let others = count.saturating_sub(1);
                Value::Float(if others == 0 { 0.0 } else { peers.first as f64 / others as f64 })
            }),
            WindowFunc::CumeDist => {
                ranked(|peers, _, count| Value::Float(peers.end as f64 / count as f64))
            }
            WindowFunc::Ntile(groups) => Ok(ntile(count, groups)),
            WindowFunc::Lead(by) => Ok((0..count)
                .map(|row| match usize::try_from(by).ok().and_then(|by| row.checked_add(by)) {
                    Some(other) if other < count => argument(other, 0),
                    _ => argument(row, 1),
                })
                .collect()),
            WindowFunc::Lag(by) => Ok((0..count)
                .map(|row| match usize::try_from(by).ok().and_then(|by| row.checked_sub(by)) {
                    Some(other) => argument(other, 0),
                    None => argument(row, 1),
                })
                .collect()),
            WindowFunc::FirstValue | WindowFunc::LastValue | WindowFunc::NthValue(_) => {
                self.of_frame(rows, &peers)
            }
            WindowFunc::Aggregate(_) => self.aggregated(rows, &peers, ctx),
        }
    }

    fn of_frame(&self, rows: &[WindowRow], peers: &[Peers]) -> Result<Vec<Value>, Error> {
        let mut values = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let frame = self.frame.of(row, rows, peers, &self.descending)?;
            let chosen = match self.func {
                WindowFunc::FirstValue => Some(frame.start),
                WindowFunc::LastValue => frame.end.checked_sub(1),
                WindowFunc::NthValue(number) => usize::try_from(number - 1)
                    .ok()
                    .and_then(|number| frame.start.checked_add(number)),
                _ => None,
            };
            let chosen = chosen.filter(|chosen| frame.contains(chosen));
            let value = chosen.and_then(|chosen| rows[chosen].args.first().cloned());
            values.push(value.unwrap_or(Value::Null));
        }
        Ok(values)
    }

    /// Computes an aggregate over the frame of each row.
    ///
    /// While frames begin at the same row, each goes on from the one before. A frame that begins
    /// later is summed up anew, which also keeps sums of doubles as exact as they can be.
    fn aggregated(
        &mut self,
        rows: &[WindowRow],
        peers: &[Peers],
        ctx: &mut Context<'_>,
    ) -> Result<Vec<Value>, Error> {
        let Some(mut aggregate) = self.aggregate.take() else {
            return Err(Error::bug("an aggregate that is none"));
        };
        let mut values = Vec::with_capacity(rows.len());
        let mut state = aggregate.start();
        let mut done = 0..0;
        for row in 0..rows.len() {
            let frame = self.frame.of(row, rows, peers, &self.descending)?;
            if frame.start != done.start || frame.end < done.end {
                state = aggregate.start();
                done = frame.start..frame.start;
            }
            for inside in rows.get(done.end..frame.end).unwrap_or_default() {
                aggregate.add(&mut state, &inside.args, ctx)?;
            }
            done.end = done.end.max(frame.end);
            let value = aggregate.value_so_far(&state, ctx)?;
            values.push(held(aggregate.shown(value)));
        }
        self.aggregate = Some(aggregate);
        Ok(values)
    }

    /// Finds for each row the rows with the same keys; without an order all rows are peers.
    fn peers(&self, rows: &[WindowRow]) -> Result<Vec<Peers>, Error> {
        let mut peers = Vec::with_capacity(rows.len());
        let (mut first, mut number) = (0, 0);
        while first < rows.len() {
            let mut end = first + 1;
            while let Some(row) = rows.get(end) {
                let order = compare_keys(&rows[first].keys, &row.keys, &self.descending);
                match order {
                    Some(Ordering::Equal) => end += 1,
                    Some(_) => break,
                    None => return Err(Error::unsupported("a window in an order that is unknown")),
                }
            }
            peers.extend((first..end).map(|_| Peers { first, end, number }));
            (first, number) = (end, number + 1);
        }
        Ok(peers)
    }
}

/// Returns a value as a column of a temporary table holds it: of a sum no more than 65
/// digits, and nothing beyond the greatest double.
fn held(value: Value) -> Value {
    match value {
        Value::Decimal(number) => Value::Decimal(number.clamped()),
        Value::Float(number) => Value::Float(number.clamp(f64::MIN, f64::MAX)),
        other => other,
    }
}

/// The rows with the same keys as a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peers {
    first: usize,
    end: usize,
    /// How many groups of peers are before.
    number: usize,
}

/// Returns the order of two rows by their keys; `None` where it is not known.
pub fn compare_keys(a: &[Value], b: &[Value], descending: &[bool]) -> Option<Ordering> {
    for ((a, b), descending) in a.iter().zip(b).zip(descending) {
        // MySQL does not order arrays and objects either.
        let nested = |value: &Value| {
            matches!(
                value,
                Value::Json(vt_value::json::Json::Array(_) | vt_value::json::Json::Object(_))
            )
        };
        if nested(a) || nested(b) {
            return None;
        }
        let order = a.compare(b)?;
        let order = if *descending { order.reverse() } else { order };
        if order.is_ne() {
            return Some(order);
        }
    }
    Some(Ordering::Equal)
}

/// The first groups have one row more where the rows do not divide evenly.
fn ntile(count: usize, groups: u64) -> Vec<Value> {
    let total = count as u64;
    let (size, larger) = (total / groups, total % groups);
    let mut values = Vec::with_capacity(count);
    for group in 0..groups.min(total) {
        let size = size + u64::from(group < larger);
        values.extend((0..size).map(|_| Value::UInt(group + 1)));
    }
    values
}

#[cfg(test)]
mod tests;
