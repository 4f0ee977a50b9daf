//! Where a string occurs in another.

use super::Collation;
use super::rules::{Order, Rules};

impl Collation {
    /// Returns the number of the character, counted from 0, at which `needle` first occurs from
    /// character `start` on, as `LOCATE` has it; the outer `None` if MySQL has no such collation.
    ///
    /// What is found is as long in bytes as `needle`.
    pub fn find(self, text: &[u8], needle: &[u8], start: usize) -> Option<Option<usize>> {
        let rules = Rules::of(self)?;
        let mut number = start;
        let mut place = rules.set.offset(text, start);
        if place == text.len() && rules.set.count(text) < start {
            return Some(None);
        }
        loop {
            let Some(part) = text.get(place..).and_then(|rest| rest.get(..needle.len())) else {
                return Some(None);
            };
            if rules.same(part, needle) {
                return Some(Some(number));
            }
            let rest = text.get(place..).unwrap_or_default();
            match rules.set.char_len(rest) {
                0 => return Some(None),
                len => place += len,
            }
            number += 1;
        }
    }
}

impl Rules {
    /// Returns whether two strings of as many bytes are the same where one is looked for.
    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        match &self.order {
            Order::Expanding(_) | Order::Thai(_) | Order::Czech(_) => {
                a.iter().zip(b).all(|(a, b)| self.same_char(&[*a], &[*b]))
            }
            _ => a == b || self.compare(false, [a, b]).is_eq(),
        }
    }
}
