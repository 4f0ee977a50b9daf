//! Order and equality of strings.

use std::cmp::Ordering;

use super::Collation;
use super::legacy::Legacy;
use super::rules::{Order, Rules};
use crate::Charset;

/// Is part of what bytes weigh that are no character.
pub(super) const BROKEN: u32 = 0x8000_0000;
/// What characters beyond the first plane weigh where only that has weights.
const REPLACEMENT: u16 = 0xFFFD;

impl Collation {
    /// Returns the order of two strings; `None` if MySQL has no such collation.
    pub fn compare(self, a: &[u8], b: &[u8]) -> Option<Ordering> {
        Rules::of(self).map(|rules| rules.compare(rules.pad, [a, b]))
    }

    /// Returns the order in which `ORDER BY` puts two strings; `None` if MySQL has no such
    /// collation.
    ///
    /// MySQL sorts by keys, and for some old collations these order otherwise than the operators
    /// of comparison do: for big5 and euckr, where spaces weigh otherwise than what keys are padded with,
    /// and for Czech and Thai of one byte.
    pub fn sort_order(self, a: &[u8], b: &[u8]) -> Option<Ordering> {
        Rules::of(self).map(|rules| rules.sort_order([a, b]))
    }

    /// Returns whether two strings are equal; `None` if MySQL has no such collation.
    pub fn equal(self, a: &[u8], b: &[u8]) -> Option<bool> {
        // The same bytes are equal in every collation.
        if a == b {
            return Some(true);
        }
        self.compare(a, b).map(Ordering::is_eq)
    }

    /// Returns whether two strings are equal, spaces at their ends and all; `None` if MySQL has no
    /// such collation.
    pub fn equal_unpadded(self, a: &[u8], b: &[u8]) -> Option<bool> {
        if a == b {
            return Some(true);
        }
        Rules::of(self).map(|rules| rules.compare(false, [a, b]).is_eq())
    }
}

impl Rules {
    fn sort_order(&self, texts: [&[u8]; 2]) -> Ordering {
        let own_keys = match &self.order {
            Order::Legacy(_) => matches!(self.set, Charset::Big5 | Charset::Euckr),
            Order::Table(table) => table[usize::from(b' ')] != b' ',
            Order::Czech(_) => self.set == Charset::Cp1250,
            Order::Thai(_) => texts.iter().any(|text| text.contains(&0)),
            _ => false,
        };
        if !own_keys {
            return self.compare(self.pad, texts);
        }
        let [a, b] = texts.map(|text| {
            let mut key = Vec::new();
            self.put_key(text, false, &mut key);
            key
        });
        compare_bytes([&a, &b], true, |byte| byte)
    }

    /// Compares two strings; if `pad`, the shorter counts as followed by spaces.
    pub(super) fn compare(&self, pad: bool, texts: [&[u8]; 2]) -> Ordering {
        let [a, b] = texts;
        let set = self.set;
        match &self.order {
            Order::Bytes if !pad => a.cmp(b),
            Order::Bytes => compare_bytes(texts, pad, |byte| byte),
            Order::Points if set.keeps_ascii() => compare_bytes(texts, pad, |byte| byte),
            Order::Points => {
                let space = pad.then_some(u32::from(b' '));
                compare_streams(points(set, a), points(set, b), space)
            }
            Order::Table(table) => compare_bytes(texts, pad, |byte| table[usize::from(byte)]),
            Order::Expanding(table) => {
                let space = pad.then(|| table[usize::from(b' ')] as u8);
                compare_streams(expanded(table, a), expanded(table, b), space)
            }
            Order::Thai(thai) => {
                let (a, b) = (thai.key(a), thai.key(b));
                compare_bytes([&a, &b], pad, |byte| byte)
            }
            Order::Czech(czech) if pad => {
                czech.key(without_spaces(a)).cmp(&czech.key(without_spaces(b)))
            }
            Order::Czech(czech) => czech.key(a).cmp(&czech.key(b)),
            Order::Legacy(legacy) => compare_legacy(legacy, set, pad, texts),
            Order::Single(table) => compare_single(table, set, pad, texts),
            Order::Uca(table, levels) => table.compare(set, *levels, pad, texts),
        }
    }
}

/// Returns a string without the spaces at its end.
pub(super) fn without_spaces(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

/// Compares weights one by one; past the end of a string each is `pad`, or less than all.
fn compare_streams<W: Ord + Copy>(
    mut a: impl Iterator<Item = W>,
    mut b: impl Iterator<Item = W>,
    pad: Option<W>,
) -> Ordering {
    loop {
        let (x, y) = (a.next(), b.next());
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let order = x.or(pad).cmp(&y.or(pad));
        if order.is_ne() {
            return order;
        }
    }
}

/// Compares the weights of bytes.
#[inline]
fn compare_bytes(texts: [&[u8]; 2], pad: bool, weight: impl Fn(u8) -> u8) -> Ordering {
    let [a, b] = texts;
    for (x, y) in a.iter().zip(b) {
        if x != y {
            let order = weight(*x).cmp(&weight(*y));
            if order.is_ne() {
                return order;
            }
        }
    }
    if !pad {
        return a.len().cmp(&b.len());
    }
    let common = a.len().min(b.len());
    let space = weight(b' ');
    let order_of_rest = |rest: Option<&[u8]>| {
        let weights = rest.unwrap_or_default().iter().map(|byte| weight(*byte));
        weights.map(|weight| weight.cmp(&space)).find(|order| order.is_ne())
    };
    let left = order_of_rest(a.get(common..));
    left.or_else(|| order_of_rest(b.get(common..)).map(Ordering::reverse))
        .unwrap_or(Ordering::Equal)
}

/// Returns the code points of a string.
pub(super) fn points(set: Charset, text: &[u8]) -> impl Iterator<Item = u32> {
    set.chars(text).map(move |char| match set.decode(char) {
        Some((point, _)) => point,
        None => BROKEN | char.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)),
    })
}

/// Returns the weights of bytes that have one or two.
pub(super) fn expanded(table: &[u16; 256], text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter().flat_map(|byte| {
        let weight = table[usize::from(*byte)];
        let high = (weight > 0xFF).then_some((weight >> 8) as u8);
        high.into_iter().chain([weight as u8])
    })
}

/// Returns what a code point weighs where only the first plane has weights.
#[inline]
pub(super) fn single(table: &[u16], point: u32) -> u16 {
    table.get(point as usize).copied().unwrap_or(REPLACEMENT)
}

/// Takes from two strings what is of ASCII in both and weighs the same; returns the order if
/// they differ there.
#[inline]
fn compare_ascii<W: Ord>(
    set: Charset,
    texts: [&[u8]; 2],
    weight: impl Fn(u8) -> W,
) -> Result<Ordering, usize> {
    if !set.keeps_ascii() {
        return Err(0);
    }
    let [a, b] = texts;
    for (place, (x, y)) in a.iter().zip(b).enumerate() {
        if !x.is_ascii() || !y.is_ascii() {
            return Err(place);
        }
        if x != y {
            let order = weight(*x).cmp(&weight(*y));
            if order.is_ne() {
                return Ok(order);
            }
        }
    }
    Err(a.len().min(b.len()))
}

fn compare_single(table: &[u16], set: Charset, pad: bool, texts: [&[u8]; 2]) -> Ordering {
    let place = match compare_ascii(set, texts, |byte| single(table, byte.into())) {
        Ok(order) => return order,
        Err(place) => place,
    };
    let space = pad.then(|| u32::from(single(table, b' '.into())));
    let [a, b] = texts.map(|text| text.get(place..).unwrap_or_default());
    compare_streams(weights(table, set, a), weights(table, set, b), space)
}

/// Returns the weights of a string where only the first plane has weights.
pub(super) fn weights(table: &[u16], set: Charset, text: &[u8]) -> impl Iterator<Item = u32> {
    points(set, text).map(|point| match point < BROKEN {
        true => single(table, point).into(),
        false => point,
    })
}

fn compare_legacy(legacy: &Legacy, set: Charset, pad: bool, texts: [&[u8]; 2]) -> Ordering {
    let place = match compare_ascii(set, texts, |byte| legacy.byte(byte)) {
        Ok(order) => return order,
        Err(place) => place,
    };
    let [a, b] = texts.map(|text| text.get(place..).unwrap_or_default());
    let space = pad.then(|| legacy.byte(b' '));
    compare_streams(legacy_weights(legacy, set, a), legacy_weights(legacy, set, b), space)
}

/// Returns the weights of a string in comparisons.
pub(super) fn legacy_weights(
    legacy: &Legacy,
    set: Charset,
    text: &[u8],
) -> impl Iterator<Item = u8> {
    set.chars(text).flat_map(move |char| legacy.compared(set, char).bytes())
}
