//! Where a string occurs in another.

use super::Collation;
use super::like::Purpose;
use super::order::{legacy_weights, weights};
use super::rules::{Order, Rules};

impl Collation {
    /// Returns the number of the character, counted from 0, at which `needle` first occurs from
    /// character `start` on, as `LOCATE` has it; the outer `None` if MySQL has no such collation.
    ///
    /// What is found need not be as long as `needle`: it begins with the same weights.
    pub fn find(self, text: &[u8], needle: &[u8], start: usize) -> Option<Option<usize>> {
        let rules = Rules::of(self)?;
        let mut place = rules.set.offset(text, start);
        if needle.is_empty() {
            let inside = place < text.len() || rules.set.count(text) == start;
            return Some(inside.then_some(start));
        }
        let mut number = start;
        while let Some(rest) = text.get(place..).filter(|rest| !rest.is_empty()) {
            if rules.begins(rest, needle) {
                return Some(Some(number));
            }
            place += rules.set.char_len(rest);
            number += 1;
        }
        Some(None)
    }
}

impl Rules {
    /// Returns whether a string begins with the weights of another.
    fn begins(&self, text: &[u8], needle: &[u8]) -> bool {
        let set = self.set;
        match &self.order {
            Order::Bytes | Order::Points => text.starts_with(needle),
            Order::Table(table) => {
                let same = |(a, b): (&u8, &u8)| table[usize::from(*a)] == table[usize::from(*b)];
                needle.len() <= text.len() && text.iter().zip(needle).all(same)
            }
            Order::Expanding(_) | Order::Thai(_) | Order::Czech(_) => {
                let found = self.alike(Purpose::Find);
                let same = |(a, b): (&u8, &u8)| found.same(*a, *b);
                needle.len() <= text.len() && text.iter().zip(needle).all(same)
            }
            // The server does not look where fewer bytes are left than are looked for.
            Order::Legacy(legacy) => {
                needle.len() <= text.len()
                    && is_prefix(
                        legacy_weights(legacy, set, text),
                        legacy_weights(legacy, set, needle),
                    )
            }
            Order::Single(table) => {
                is_prefix(weights(table, set, text), weights(table, set, needle))
            }
            Order::Uca(table, levels) => (0..*levels).all(|level| {
                is_prefix(table.walk(set, text, level), table.walk(set, needle, level))
            }),
        }
    }
}

/// Returns whether the second is the beginning of the first.
fn is_prefix<W: PartialEq>(
    mut all: impl Iterator<Item = W>,
    mut start: impl Iterator<Item = W>,
) -> bool {
    start.all(|wanted| all.next() == Some(wanted))
}
