//! Collations: their names, and the order of strings as far as it is known here.
//!
//! Binary orders are known for all strings; of the others, the common ones for strings of ASCII.
//! Where the order is not known, the answer is `None`: the planner then asks MySQL for
//! `weight_string()`, whose bytes compare as the strings do.

mod ascii;
mod case;
mod list;
mod search;
mod table;

use std::cmp::Ordering;
use std::hash::Hasher;

use crate::Charset;

/// A collation by its id; 0 stands for one that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Collation(pub u16);

/// An order of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Of the bytes.
    Binary,
    /// Of the upper-case characters.
    Upper,
    /// Unicode's, before version 9.
    UcaOld,
    /// Unicode's version 9.
    Uca9,
    /// The same; between strings equal so far, lower case is before upper.
    Uca9Case,
    Unknown,
}

/// What a row of the list of collations says.
type Entry = (u16, &'static str, Charset, bool, u8, bool);

impl Collation {
    pub const UNKNOWN: Collation = Collation(0);
    pub const BINARY: Collation = Collation(63);
    pub const ASCII_GENERAL_CI: Collation = Collation(11);
    pub const LATIN1_SWEDISH_CI: Collation = Collation(8);
    pub const UTF8MB3_GENERAL_CI: Collation = Collation(33);
    pub const UTF8MB3_BIN: Collation = Collation(83);
    pub const UTF8MB4_BIN: Collation = Collation(46);
    pub const UTF8MB4_GENERAL_CI: Collation = Collation(45);
    pub const UTF8MB4_0900_AI_CI: Collation = Collation(255);
    pub const UTF8MB4_0900_BIN: Collation = Collation(309);

    /// Returns all collations by id.
    pub fn all() -> impl Iterator<Item = Collation> {
        list::COLLATIONS.iter().map(|entry| Collation(entry.0))
    }

    /// Returns the collation of a name in any letter case; `utf8_` is `utf8mb3_`.
    pub fn from_name(name: &str) -> Option<Collation> {
        let old = name.get(..5).filter(|start| start.eq_ignore_ascii_case("utf8_"));
        let now = old.map(|_| format!("utf8mb3_{}", &name[5..]));
        let name = now.as_deref().unwrap_or(name);
        let named = list::COLLATIONS.iter().find(|entry| entry.1.eq_ignore_ascii_case(name));
        named.map(|entry| Collation(entry.0))
    }

    /// Returns the name; an id that MySQL does not have gives `None`.
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.1)
    }

    /// Returns the character set of the strings.
    pub fn charset(self) -> Option<Charset> {
        self.entry().map(|entry| entry.2)
    }

    /// Returns whether it is the default of its character set.
    pub fn is_default(self) -> bool {
        self.entry().is_some_and(|entry| entry.3)
    }

    /// Returns what `SHOW COLLATION` has in its column `Sortlen`.
    pub fn sort_len(self) -> u8 {
        self.entry().map_or(0, |entry| entry.4)
    }

    /// Returns whether the shorter of two strings counts as if followed by spaces, `PAD SPACE`.
    pub fn pads(self) -> bool {
        self.entry().is_some_and(|entry| entry.5)
    }

    /// Returns whether it is `binary`, or the `_bin` of a character set.
    pub fn is_binary(self) -> bool {
        self.name().is_some_and(|name| name == "binary" || name.ends_with("_bin"))
    }

    fn entry(self) -> Option<&'static Entry> {
        let place = list::COLLATIONS.binary_search_by_key(&self.0, |entry| entry.0).ok()?;
        list::COLLATIONS.get(place)
    }

    /// Returns whether the order of any two strings is known, given that they are UTF-8 where
    /// their character set is not binary.
    pub fn is_exact(self) -> bool {
        // Other binary orders go by the bytes in their own character set, not by those of UTF-8.
        matches!(self.0, 46 | 63 | 65 | 83 | 309)
    }

    fn order_of(self, a: &[u8], b: &[u8]) -> Order {
        let place = table::COLLATIONS.binary_search_by_key(&self.0, |entry| entry.0);
        match place.ok().and_then(|place| table::COLLATIONS.get(place)) {
            Some(entry) if self.is_exact() || (a.is_ascii() && b.is_ascii()) => entry.4,
            _ => Order::Unknown,
        }
    }

    /// Returns the order of two strings; `None` where it is not known.
    pub fn compare(self, a: &[u8], b: &[u8]) -> Option<Ordering> {
        let order = self.order_of(a, b);
        let first = match order {
            Order::Unknown => return None,
            Order::Binary if !self.pads() => a.cmp(b),
            _ => by_weights(order, a, b, self.pads()),
        };
        Some(match order {
            Order::Uca9Case => first.then_with(|| by_case(a, b)),
            _ => first,
        })
    }

    /// Returns whether two strings are equal; `None` where it is not known.
    pub fn equal(self, a: &[u8], b: &[u8]) -> Option<bool> {
        // The same bytes are equal in every collation.
        if a == b { Some(true) } else { self.compare(a, b).map(Ordering::is_eq) }
    }

    /// Appends bytes that are the same for equal strings, and for these alone; returns whether
    /// they are known.
    pub fn write_key(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        let order = self.order_of(text, text);
        if order == Order::Unknown {
            return false;
        }
        let start = out.len();
        out.extend(text.iter().filter_map(|byte| {
            // A rank leaves the high bit free for the case.
            let case = order == Order::Uca9Case && byte.is_ascii_uppercase();
            weight(order, *byte).map(|weight| weight | u8::from(case) << 7)
        }));
        if self.pads() {
            let space = weight(order, b' ');
            while out.len() > start && out.last().copied() == space {
                out.pop();
            }
        }
        true
    }

    /// Feeds a hasher with what is the same for equal strings; returns whether it is known.
    pub fn hash(self, text: &[u8], state: &mut dyn Hasher) -> bool {
        let mut key = Vec::new();
        let known = self.write_key(text, &mut key);
        if known {
            state.write(&key);
        }
        known
    }

    /// Appends `WEIGHT_STRING(text)`; returns whether it is known.
    ///
    /// Where the collation pads, the order of two such keys is that of the strings only if both
    /// were padded to the same number of characters.
    pub fn sort_key(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        if self != Collation::BINARY && self != Collation::UTF8MB4_0900_BIN {
            return false;
        }
        out.extend_from_slice(text);
        true
    }
}

/// Returns what a character weighs in an order; nothing if it is ignored there.
fn weight(order: Order, byte: u8) -> Option<u8> {
    let ranked = |table: &[u8; 128]| {
        table.get(usize::from(byte)).copied().filter(|rank| *rank != ascii::IGNORED)
    };
    match order {
        Order::Binary => Some(byte),
        Order::Upper => Some(byte.to_ascii_uppercase()),
        Order::UcaOld => ranked(&ascii::UCA_OLD),
        Order::Uca9 | Order::Uca9Case => ranked(&ascii::UCA_9),
        Order::Unknown => None,
    }
}

/// Compares weight by weight; the end of the shorter counts as spaces if `pad`, else as less.
fn by_weights(order: Order, a: &[u8], b: &[u8], pad: bool) -> Ordering {
    let end = if pad { weight(order, b' ') } else { None };
    let mut a = a.iter().filter_map(|byte| weight(order, *byte));
    let mut b = b.iter().filter_map(|byte| weight(order, *byte));
    loop {
        let (x, y) = (a.next(), b.next());
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let found = x.or(end).cmp(&y.or(end));
        if found.is_ne() {
            return found;
        }
    }
}

/// Compares the case of strings that are equal but for it.
fn by_case(a: &[u8], b: &[u8]) -> Ordering {
    let upper = |text: &'_ [u8]| -> Vec<bool> {
        let weighing = text.iter().filter(|byte| weight(Order::Uca9, **byte).is_some());
        weighing.map(u8::is_ascii_uppercase).collect()
    };
    upper(a).cmp(&upper(b))
}

#[cfg(test)]
mod tests;
