//! Unicode's algorithm: weights on several levels, contractions, weights that follow from the
//! code point.

mod compare;
mod load;

use std::sync::OnceLock;

use crate::{Charset, Collation};

/// How many levels there are at most.
pub(super) const LEVELS_MAX: usize = 4;
/// How many code points a page has.
const PAGE: usize = 256;
/// How many pages there are.
const PAGES: usize = 0x11_0000 / PAGE;
/// What bytes that are no character weigh.
const BROKEN: u16 = 0xFFFF;
/// What a letter that has no capital usually weighs on the third level.
const SMALL: u16 = 0x02;
/// In the table of ASCII: not one weight, or more than the character decides.
const COMPLEX: u16 = u16::MAX;
/// Collations have ids below this.
const IDS: usize = 324;

/// Tables by the id of the collation that has all of its levels; unfolded when first asked.
static TABLES: [OnceLock<Option<Table>>; IDS] = [const { OnceLock::new() }; IDS];

/// The weights of characters and contractions.
#[derive(Debug)]
pub(super) struct Table {
    levels: usize,
    pages: Box<[Page]>,
    contractions: Contractions,
    /// Whether the last character of a string comes before the first where levels after the
    /// first begin, as it does to MySQL in Japanese.
    wraps: bool,
    /// What a letter that has no capital weighs on the third level.
    small: u16,
    /// The single weights of bytes of ASCII on each level; [`COMPLEX`] where there is more to it,
    /// as for all other bytes.
    ascii: [[u16; 256]; LEVELS_MAX],
    /// Whether every character of ASCII stands for itself and has one weight or none.
    plain_ascii: bool,
}

/// The weights of some code points that follow each other.
#[derive(Clone, Debug)]
enum Page {
    /// They follow from the code point and this.
    Implicit(u16),
    /// All have this one.
    Constant(u16),
    Listed(std::sync::Arc<Listed>),
}

/// Weights of a page one by one.
#[derive(Debug)]
struct Listed {
    /// Where the weights of a level and a character begin, level by level; one more at the end.
    starts: Box<[u16]>,
    weights: Box<[u16]>,
}

/// Characters that weigh otherwise together.
#[derive(Debug, Default)]
struct Contractions {
    /// Whether one may begin with a character, by its lowest bits.
    heads: Vec<bool>,
    /// By their characters.
    all: Vec<Contraction>,
}

#[derive(Debug)]
struct Contraction {
    chars: Box<[u32]>,
    /// Level by level.
    weights: [Box<[u16]>; LEVELS_MAX],
}

/// Weights of a character on a level.
#[derive(Clone, Copy, Debug)]
enum Weights<'a> {
    Listed(&'a [u16]),
    Two([u16; 2]),
    One(u16),
}

impl Table {
    /// Returns the table of a collation that has all levels.
    pub(super) fn of(collation: Collation) -> Option<&'static Table> {
        let cell = TABLES.get(usize::from(collation.0))?;
        cell.get_or_init(|| load::table(collation.name()?)).as_ref()
    }

    /// Returns the number of levels.
    pub(super) fn levels(&self) -> usize {
        self.levels
    }

    /// Returns the weights of a character on a level.
    fn weights(&self, point: u32, level: usize) -> Weights<'_> {
        match self.pages.get(point as usize / PAGE) {
            Some(Page::Listed(listed)) => {
                let place = level * PAGE + point as usize % PAGE;
                let bounds = listed.starts.get(place..place + 2);
                let range = match bounds {
                    Some(&[start, end]) => usize::from(start)..usize::from(end),
                    _ => 0..0,
                };
                Weights::Listed(listed.weights.get(range).unwrap_or_default())
            }
            Some(Page::Constant(weight)) if level == 0 => Weights::One(*weight),
            Some(Page::Implicit(base)) => match level {
                0 => Weights::Two(implicit(*base, point)),
                1 => Weights::One(0x20),
                2 => Weights::One(self.small),
                _ => Weights::Listed(&[]),
            },
            _ => Weights::Listed(&[]),
        }
    }

    /// Returns whether two characters alone weigh the same on so many levels.
    pub(super) fn same_char(&self, a: u32, b: u32, levels: usize) -> bool {
        // What has no weight of its own is like itself alone.
        let constant =
            |point: u32| matches!(self.pages.get(point as usize / PAGE), Some(Page::Constant(_)));
        if constant(a) || constant(b) {
            return a == b;
        }
        let equal = |level| {
            let (mut x, mut y) = ([0; 2], [0; 2]);
            let (a, b) = (self.weights(a, level), self.weights(b, level));
            a.as_slice(&mut x) == b.as_slice(&mut y)
        };
        a == b || (0..levels).all(equal)
    }

    /// Walks along the weights of a string on a level.
    #[inline]
    pub(super) fn walk<'t>(&'t self, set: Charset, text: &'t [u8], level: usize) -> Walk<'t> {
        let mut walk = Walk { table: self, set, rest: text, level, listed: &[], second: None };
        if self.wraps && level > 0 {
            walk.wrap();
        }
        walk
    }
}

/// Returns the weights that follow from a code point.
fn implicit(base: u16, point: u32) -> [u16; 2] {
    [base.wrapping_add((point >> 15) as u16), (point & 0x7FFF) as u16 | 0x8000]
}

impl<'a> Weights<'a> {
    fn as_slice<'b>(&self, room: &'b mut [u16; 2]) -> &'b [u16]
    where
        'a: 'b,
    {
        match *self {
            Weights::Listed(listed) => listed,
            Weights::Two(two) => {
                *room = two;
                room
            }
            Weights::One(one) => {
                room[0] = one;
                &room[..1]
            }
        }
    }
}

impl Contractions {
    fn may_begin(&self, point: u32) -> bool {
        self.heads.get((point & 0xFFF) as usize).copied().unwrap_or(false)
    }

    /// Returns the longest contraction at the start of a string, and its length in bytes.
    fn longest(&self, set: Charset, text: &[u8], first: u32) -> Option<(&Contraction, usize)> {
        let start = self.all.partition_point(|one| one.chars[0] < first);
        let candidates = self.all.get(start..)?.iter().take_while(|one| one.chars[0] == first);
        let mut best: Option<(&Contraction, usize)> = None;
        for one in candidates {
            let len = matched(set, text, &one.chars);
            if let Some(len) = len
                && best.is_none_or(|(best, _)| best.chars.len() < one.chars.len())
            {
                best = Some((one, len));
            }
        }
        best
    }
}

/// Returns the length in bytes of the characters if a string begins with them.
fn matched(set: Charset, text: &[u8], chars: &[u32]) -> Option<usize> {
    let mut place = 0;
    for char in chars {
        let (point, len) = set.decode(text.get(place..)?)?;
        if point != *char {
            return None;
        }
        place += len;
    }
    Some(place)
}

/// The weights of a string on a level, one by one.
pub(super) struct Walk<'t> {
    table: &'t Table,
    set: Charset,
    rest: &'t [u8],
    level: usize,
    /// Weights of a character that has been read.
    listed: &'t [u16],
    second: Option<u16>,
}

impl Iterator for Walk<'_> {
    type Item = u16;

    #[inline]
    fn next(&mut self) -> Option<u16> {
        loop {
            if let Some((first, rest)) = self.listed.split_first() {
                self.listed = rest;
                return Some(*first);
            }
            if let Some(second) = self.second.take() {
                return Some(second);
            }
            let Some((point, len)) = self.set.decode(self.rest) else {
                let len = self.set.char_len(self.rest);
                if len == 0 {
                    return None;
                }
                self.skip(len);
                return Some(BROKEN);
            };
            if self.table.contractions.may_begin(point)
                && let Some((one, len)) =
                    self.table.contractions.longest(self.set, self.rest, point)
            {
                self.skip(len);
                self.listed = one.weights.get(self.level).map_or(&[], |weights| weights);
                continue;
            }
            self.skip(len);
            match self.table.weights(point, self.level) {
                Weights::Listed(listed) => self.listed = listed,
                Weights::One(one) => return Some(one),
                Weights::Two([first, second]) => {
                    self.second = Some(second);
                    return Some(first);
                }
            }
        }
    }
}

impl Walk<'_> {
    /// Begins with what the first character weighs after the last one.
    fn wrap(&mut self) {
        let start = self.rest.iter().rposition(|byte| *byte & 0xC0 != 0x80).unwrap_or(0);
        let last = self.set.decode(self.rest.get(start..).unwrap_or_default());
        let (Some((last, _)), Some((first, len))) = (last, self.set.decode(self.rest)) else {
            return;
        };
        let pair =
            self.table.contractions.all.binary_search_by(|one| (*one.chars).cmp(&[last, first]));
        let pair = pair.ok().and_then(|place| self.table.contractions.all.get(place));
        let mut room = [0; 2];
        let own = self.table.weights(last, self.level);
        let weights = pair.and_then(|pair| pair.weights.get(self.level));
        if let Some(rest) = weights.and_then(|all| all.strip_prefix(own.as_slice(&mut room))) {
            self.listed = rest;
            self.skip(len);
        }
    }

    fn skip(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
    }
}
