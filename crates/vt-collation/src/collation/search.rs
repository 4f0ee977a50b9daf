//! LIKE, and where a string occurs in another.

use super::Collation;

impl Collation {
    /// Returns whether `text LIKE pattern`; `None` where it is not known.
    ///
    /// Without an escape character `\\` stands for itself.
    pub fn like(self, _text: &[u8], _pattern: &[u8], _escape: Option<char>) -> Option<bool> {
        None
    }

    /// Returns the number of the character, counted from 0, at which `needle` first occurs from
    /// character `start` on, as `LOCATE` has it; the outer `None` where it is not known.
    pub fn find(self, _text: &[u8], _needle: &[u8], _start: usize) -> Option<Option<usize>> {
        None
    }
}
