//! Collations: what the server tells of them; what they do is in the files below.

mod case;
mod czech;
mod find;
mod keys;
mod legacy;
mod like;
mod list;
mod order;
mod rules;
mod sink;
mod thai;
mod uca;

use crate::Charset;

/// A collation by its id; 0 stands for one that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Collation(pub u16);

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

    /// Returns whether the order of any two strings is known.
    pub fn is_exact(self) -> bool {
        self.entry().is_some()
    }
}

#[cfg(test)]
mod tests;
