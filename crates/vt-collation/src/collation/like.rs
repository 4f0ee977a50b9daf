//! LIKE.

use std::sync::OnceLock;

use super::Collation;
use super::order::single;
use super::rules::{Order, Rules};
use crate::Charset;
use crate::tables::Runs;

/// Which bytes are alike to LIKE, and to LOCATE, where that does not follow from the weights.
static ALIKE: [[OnceLock<Alike>; 2]; 4] = [const { [const { OnceLock::new() }; 2] }; 4];

/// The least byte that is like each.
pub(super) struct Alike([u8; 256]);

/// Who asks which bytes are alike.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Like = 0,
    Find = 1,
}

/// A piece of a pattern.
#[derive(Clone, Copy)]
enum Piece<'p> {
    /// `%`: any characters.
    Any,
    /// `_`: one character.
    One,
    /// This character.
    Char(&'p [u8]),
}

/// Reads a pattern.
#[derive(Clone, Copy)]
struct Pattern<'p> {
    set: Charset,
    rest: &'p [u8],
    escape: &'p [u8],
}

impl Collation {
    /// Returns whether `text LIKE pattern`; `None` if MySQL has no such collation.
    ///
    /// `escape` is a character in the set of the collation, and empty if there is none.
    pub fn like(self, text: &[u8], pattern: &[u8], escape: &[u8]) -> Option<bool> {
        let rules = Rules::of(self)?;
        Some(rules.like(text, Pattern { set: rules.set, rest: pattern, escape }))
    }
}

impl Rules {
    fn like(&self, text: &[u8], pattern: Pattern<'_>) -> bool {
        let mut pattern = pattern;
        let mut text = text;
        // Where to go on if the characters after the last `%` do not fit here.
        let mut again: Option<(Pattern<'_>, &[u8])> = None;
        loop {
            let mut next = pattern;
            let piece = next.next();
            let char = text.get(..self.set.char_len(text)).unwrap_or_default();
            let after = text.get(char.len()..).unwrap_or_default();
            let fits = match piece {
                None if text.is_empty() => return true,
                None => false,
                Some(Piece::Any) => {
                    again = Some((next, text));
                    pattern = next;
                    continue;
                }
                Some(Piece::One) => !text.is_empty(),
                Some(Piece::Char(wanted)) => !text.is_empty() && self.same_char(char, wanted),
            };
            if fits {
                (pattern, text) = (next, after);
                continue;
            }
            match again {
                Some((rest, from)) if !from.is_empty() => {
                    text = from.get(self.set.char_len(from)..).unwrap_or_default();
                    pattern = rest;
                    again = Some((rest, text));
                }
                _ => return false,
            }
        }
    }

    /// Returns whether two characters are the same to LIKE.
    pub(super) fn same_char(&self, a: &[u8], b: &[u8]) -> bool {
        if a == b {
            return true;
        }
        match (&self.order, a, b) {
            (Order::Bytes | Order::Points, ..) => false,
            (Order::Table(table), [a], [b]) => table[usize::from(*a)] == table[usize::from(*b)],
            (Order::Legacy(legacy), [a], [b]) => legacy.byte(*a) == legacy.byte(*b),
            (Order::Legacy(legacy), ..) => {
                let weight = |char| legacy.weight(self.set, char);
                self.set == Charset::Gb18030 && weight(a) == weight(b)
            }
            (Order::Expanding(_) | Order::Thai(_) | Order::Czech(_), [a], [b]) => {
                self.alike(Purpose::Like).same(*a, *b)
            }
            (Order::Single(table), ..) => match (self.set.decode(a), self.set.decode(b)) {
                (Some((a, _)), Some((b, _))) => single(table, a) == single(table, b),
                _ => false,
            },
            (Order::Uca(table, levels), ..) => match (self.set.decode(a), self.set.decode(b)) {
                (Some((a, _)), Some((b, _))) => table.same_char(a, b, *levels),
                _ => false,
            },
            _ => false,
        }
    }

    /// Returns which bytes are alike where the weights do not tell.
    pub(super) fn alike(&self, purpose: Purpose) -> &'static Alike {
        let (place, name) = match (&self.order, self.set) {
            (Order::Expanding(_), _) => (0, "latin1_german2_ci"),
            (Order::Thai(_), _) => (1, "tis620_thai_ci"),
            (_, Charset::Latin2) => (2, "latin2_czech_cs"),
            _ => (3, "cp1250_czech_cs"),
        };
        ALIKE[place][purpose as usize].get_or_init(|| {
            let part = match purpose {
                Purpose::Like => format!("like:{name}"),
                Purpose::Find => format!("find:{name}"),
            };
            let map = Runs::open(&part).unwrap_or_default();
            let least = |byte: u8| map.get(byte.into()).map_or(byte, |least| least as u8);
            Alike(std::array::from_fn(|byte| least(byte as u8)))
        })
    }
}

impl Alike {
    pub(super) fn same(&self, a: u8, b: u8) -> bool {
        self.0[usize::from(a)] == self.0[usize::from(b)]
    }
}

impl<'p> Pattern<'p> {
    fn take(&mut self) -> &'p [u8] {
        let (char, rest) = self.rest.split_at(self.set.char_len(self.rest).min(self.rest.len()));
        self.rest = rest;
        char
    }

    fn next(&mut self) -> Option<Piece<'p>> {
        let char = self.take();
        if char.is_empty() {
            return None;
        }
        if !self.escape.is_empty() && char == self.escape {
            // At the end of the pattern it stands for itself.
            return Some(Piece::Char(if self.rest.is_empty() { char } else { self.take() }));
        }
        let byte = match (self.set.min_len(), char) {
            (1, [byte]) => Some(*byte),
            (1, _) => None,
            _ => self.set.decode(char).and_then(|(point, _)| u8::try_from(point).ok()),
        };
        Some(match byte {
            Some(b'%') => Piece::Any,
            Some(b'_') => Piece::One,
            _ => Piece::Char(char),
        })
    }
}
