//! Sets of global transaction ids: text form, order and algebra.
//!
//! Form: MySQL manual, "GTID Format and Storage"; a source may carry a tag since MySQL 8.3.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::{Code, Error};

/// Who made a transaction: a server's UUID in lower case, with its tag if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GtidSource {
    pub uuid: String,
    pub tag: String,
}

/// A range of transaction numbers, both ends in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub first: i64,
    pub last: i64,
}

/// A set of transactions; per source, sorted intervals that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GtidSet {
    sources: BTreeMap<GtidSource, Vec<Interval>>,
}

impl GtidSet {
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Returns the sources and their intervals in order.
    pub fn sources(&self) -> impl Iterator<Item = (&GtidSource, &[Interval])> {
        self.sources.iter().map(|(source, intervals)| (source, intervals.as_slice()))
    }

    /// Returns how many transactions the set holds.
    pub fn count(&self) -> u64 {
        let width = |one: &Interval| one.last.abs_diff(one.first) + 1;
        self.sources.values().flatten().map(width).sum()
    }

    /// Adds an interval of one source, merging what it touches.
    pub fn add(&mut self, source: GtidSource, interval: Interval) {
        let intervals = self.sources.entry(source).or_default();
        intervals.push(interval);
        *intervals = merged(std::mem::take(intervals));
    }

    /// Returns the transactions of either set.
    #[must_use]
    pub fn union(&self, other: &GtidSet) -> GtidSet {
        let mut all = self.clone();
        for (source, intervals) in &other.sources {
            let mine = all.sources.entry(source.clone()).or_default();
            mine.extend_from_slice(intervals);
            *mine = merged(std::mem::take(mine));
        }
        all
    }

    /// Returns the transactions of this set that the other lacks.
    #[must_use]
    pub fn subtract(&self, other: &GtidSet) -> GtidSet {
        let mut rest = GtidSet::default();
        for (source, intervals) in &self.sources {
            let minus = other.sources.get(source).map_or(&[][..], Vec::as_slice);
            let left = without(intervals, minus);
            if !left.is_empty() {
                rest.sources.insert(source.clone(), left);
            }
        }
        rest
    }

    /// Returns whether every transaction of the other set is in this one.
    pub fn contains(&self, other: &GtidSet) -> bool {
        other.subtract(self).is_empty()
    }

    /// Returns the transactions of both sets.
    #[must_use]
    pub fn intersect(&self, other: &GtidSet) -> GtidSet {
        self.subtract(&self.subtract(other))
    }
}

/// Sorts intervals and joins those that touch.
fn merged(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable_by_key(|one| one.first);
    let mut out: Vec<Interval> = Vec::with_capacity(intervals.len());
    for one in intervals {
        match out.last_mut() {
            Some(last) if one.first <= last.last.saturating_add(1) => {
                last.last = last.last.max(one.last);
            }
            _ => out.push(one),
        }
    }
    out
}

/// Cuts the intervals of `minus` out of those of `from`; both are sorted.
fn without(from: &[Interval], minus: &[Interval]) -> Vec<Interval> {
    let mut out = Vec::new();
    for one in from {
        let mut first = one.first;
        for cut in minus.iter().filter(|cut| cut.last >= one.first && cut.first <= one.last) {
            if cut.first > first {
                out.push(Interval { first, last: cut.first - 1 });
            }
            first = first.max(cut.last.saturating_add(1));
        }
        if first <= one.last {
            out.push(Interval { first, last: one.last });
        }
    }
    out
}

/// Prints MySQL's text form, `uuid:1-5:7,uuid:tag:1`.
impl fmt::Display for GtidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut previous: Option<&GtidSource> = None;
        for (source, intervals) in &self.sources {
            match previous {
                Some(before) if before.uuid == source.uuid => {}
                Some(_) => write!(f, ",{}", source.uuid)?,
                None => f.write_str(&source.uuid)?,
            }
            if !source.tag.is_empty() {
                write!(f, ":{}", source.tag)?;
            }
            for one in intervals {
                write!(f, ":{}", one.first)?;
                if one.last != one.first {
                    write!(f, "-{}", one.last)?;
                }
            }
            previous = Some(source);
        }
        Ok(())
    }
}

impl FromStr for GtidSet {
    type Err = Error;

    fn from_str(text: &str) -> Result<GtidSet, Error> {
        let mut set = GtidSet::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let mut fields = part.split(':').map(str::trim);
            let uuid = fields.next().unwrap_or_default().to_ascii_lowercase();
            if !is_uuid(&uuid) {
                return Err(malformed(text));
            }
            let mut tag = String::new();
            let mut found = false;
            for field in fields {
                if field.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                    tag = field.to_ascii_lowercase();
                    continue;
                }
                let interval = parse_interval(field).ok_or_else(|| malformed(text))?;
                found = true;
                let source = GtidSource { uuid: uuid.clone(), tag: tag.clone() };
                set.sources.entry(source).or_default().push(interval);
            }
            if !found {
                return Err(malformed(text));
            }
        }
        for intervals in set.sources.values_mut() {
            *intervals = merged(std::mem::take(intervals));
        }
        Ok(set)
    }
}

fn malformed(text: &str) -> Error {
    Error::new(Code::InvalidArgument, format!("invalid GTID set: {text:?}"))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn parse_interval(field: &str) -> Option<Interval> {
    let (first, last) = field.split_once('-').unwrap_or((field, field));
    let interval = Interval { first: first.trim().parse().ok()?, last: last.trim().parse().ok()? };
    (interval.first >= 1 && interval.first <= interval.last).then_some(interval)
}

/// Where a server stands in replication: the transactions that it has, `MySQL56/<set>` in text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub gtid_set: GtidSet,
}

impl Position {
    /// Returns whether a server at this position has everything of the other.
    pub fn at_least(&self, other: &Position) -> bool {
        self.gtid_set.contains(&other.gtid_set)
    }

    pub fn is_empty(&self) -> bool {
        self.gtid_set.is_empty()
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.gtid_set.is_empty() {
            return Ok(());
        }
        write!(f, "MySQL56/{}", self.gtid_set)
    }
}

/// Reads a position with its flavor, `MySQL56/...`; empty text is the empty position.
impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Position, Error> {
        if text.is_empty() {
            return Ok(Position::default());
        }
        let wrong = |what: &str| Error::new(Code::InvalidArgument, format!("{what}: {text:?}"));
        match text.split_once('/') {
            Some(("MySQL56", set)) => Ok(Position { gtid_set: set.parse()? }),
            Some(_) => Err(wrong("unsupported flavor of replication position")),
            None => Err(wrong("replication position lacks a flavor, expecting MySQL56/<GTID set>")),
        }
    }
}

#[cfg(test)]
mod tests;
