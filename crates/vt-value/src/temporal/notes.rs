//! What was seen while a value was read: the caller makes warnings or errors of it.

/// What was seen while a value was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    bits: u8,
    /// The first delimiter that MySQL would rather not see.
    pub deprecation: Option<Deprecation>,
}

/// A delimiter that is taken, with warning 4095 or 4096.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deprecation {
    pub delimiter: u8,
    /// Its place in the text, in bytes.
    pub position: usize,
    /// The delimiter that should stand there; `None` where none should.
    pub standard: Option<u8>,
}

impl Notes {
    /// Something stands behind the value, or it is no value at all.
    pub const TRUNCATED: Notes = Notes::of(1);
    /// A part, or the whole, is beyond its range.
    pub const OUT_OF_RANGE: Notes = Notes::of(2);
    /// It is 0000-00-00, which is refused.
    pub const ZERO_DATE: Notes = Notes::of(4);
    /// Month or day are zero, which is refused.
    pub const ZERO_IN_DATE: Notes = Notes::of(8);
    /// Rounding led beyond the last DATETIME (warning 1441).
    pub const OVERFLOW: Notes = Notes::of(16);

    const fn of(bits: u8) -> Notes {
        Notes { bits, deprecation: None }
    }

    /// Nothing was seen.
    pub const NONE: Notes = Notes::of(0);

    /// Returns whether a warning 1292 is due.
    pub fn is_bad(&self) -> bool {
        self.bits != 0
    }

    /// Returns whether any of the others' notes are among these.
    pub fn has(&self, other: Notes) -> bool {
        self.bits & other.bits != 0
    }

    /// Returns both together.
    #[must_use]
    pub const fn and(self, other: Notes) -> Notes {
        Notes { bits: self.bits | other.bits, ..self }
    }

    /// Adds notes.
    pub fn add(&mut self, other: Notes) {
        self.bits |= other.bits;
        self.deprecation = self.deprecation.or(other.deprecation);
    }

    /// Notes a delimiter, if it is the first.
    pub(super) fn deprecate(&mut self, delimiter: u8, position: usize, standard: Option<u8>) {
        self.deprecation.get_or_insert(Deprecation { delimiter, position, standard });
    }
}
