//! Order and keys by weights.

use std::cmp::Ordering;

use super::{COMPLEX, LEVELS_MAX, Table};
use crate::Charset;

/// How many bytes are compared at once where strings begin alike.
const CHUNK: usize = 8;

impl Table {
    /// Compares strings on so many levels; with `pad` the shorter is followed by spaces.
    pub(in crate::collation) fn compare(
        &self,
        set: Charset,
        levels: usize,
        pad: bool,
        texts: [&[u8]; 2],
    ) -> Ordering {
        let ascii = set.keeps_ascii();
        let mut order = Ordering::Equal;
        for level in 0..levels.min(LEVELS_MAX) {
            order = match ascii && !(self.wraps && level > 0) {
                true => self.compare_ascii(set, level, pad, texts),
                false => self.compare_level(set, level, pad, texts),
            };
            if order.is_ne() || texts[0] == texts[1] {
                break;
            }
        }
        order
    }

    /// Compares on a level, quickly while both strings are of simple characters of ASCII.
    fn compare_ascii(&self, set: Charset, level: usize, pad: bool, texts: [&[u8]; 2]) -> Ordering {
        let [mut a, mut b] = texts;
        if self.plain_ascii {
            while let (Some((x, x_rest)), Some((y, y_rest))) =
                (a.split_first_chunk::<CHUNK>(), b.split_first_chunk::<CHUNK>())
                && x == y
                && x.is_ascii()
            {
                (a, b) = (x_rest, y_rest);
            }
        }
        let weights = &self.ascii[level];
        let mut same = 0;
        for (x, y) in a.iter().zip(b) {
            let (x, y) = (weights[usize::from(*x)], weights[usize::from(*y)]);
            // One that weighs nothing, or more than once, is not for this loop.
            if x.wrapping_sub(1) >= COMPLEX - 1 || y.wrapping_sub(1) >= COMPLEX - 1 {
                break;
            }
            if x != y {
                return x.cmp(&y);
            }
            same += 1;
        }
        let [a, b] = [a, b].map(|text| text.get(same..).unwrap_or_default());
        if a.is_empty() && b.is_empty() {
            return Ordering::Equal;
        }
        self.compare_level(set, level, pad, [a, b])
    }

    fn compare_level(&self, set: Charset, level: usize, pad: bool, texts: [&[u8]; 2]) -> Ordering {
        let mut a = self.walk(set, texts[0], level);
        let mut b = self.walk(set, texts[1], level);
        let space = if pad { self.space() } else { 0 };
        loop {
            let (x, y) = (a.next(), b.next());
            if x.is_none() && y.is_none() {
                return Ordering::Equal;
            }
            let order = x.unwrap_or(space).cmp(&y.unwrap_or(space));
            if order.is_ne() {
                return order;
            }
        }
    }

    /// Returns what a space weighs on the first level.
    pub(in crate::collation) fn space(&self) -> u16 {
        self.ascii[0][usize::from(b' ')]
    }

    /// Hands over the weights level by level, with a zero before each level but the first as
    /// `WEIGHT_STRING` has it.
    pub(in crate::collation) fn key(
        &self,
        set: Charset,
        levels: usize,
        text: &[u8],
        mut put: impl FnMut(u16),
    ) {
        let plain = self.plain_ascii && set.keeps_ascii() && text.is_ascii();
        for level in 0..levels.min(LEVELS_MAX) {
            if plain {
                let weights = &self.ascii[level];
                let told = text.iter().map(|byte| weights[usize::from(*byte)]);
                if level > 0 && level < 3 {
                    put(0);
                }
                told.filter(|weight| *weight != 0).for_each(&mut put);
                continue;
            }
            let mut walk = self.walk(set, text, level).peekable();
            // The fourth level is there only if it says something.
            if level > 0 && (level < 3 || walk.peek().is_some()) {
                put(0);
            }
            walk.for_each(&mut put);
        }
    }
}
