//! What a pattern is compiled to.

use super::set::Table;
use super::syntax::{Assertion, Dot};

/// A step of a program. A `register` is a place in the matcher's memory, which backtracking undoes.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Char(char),
    CharFolded(char),
    /// The folded string of this number.
    StringFolded(usize),
    /// The set of this number.
    Set(usize),
    Dot(Dot),
    LineBreak,
    Assert(Assertion),
    BackReference {
        group: usize,
        ignore_case: bool,
    },
    /// As often as the step after this one matches one character, and then on behind it.
    Run {
        least: usize,
        most: usize,
    },
    /// Goes on at `first`, and at `second` if that fails.
    Split {
        first: usize,
        second: usize,
    },
    Jump(usize),
    /// Remembers the place in the text.
    Save {
        register: usize,
    },
    Restore {
        register: usize,
    },
    /// Goes on behind the next step if nothing was matched since the place was remembered.
    Progress {
        register: usize,
    },
    /// Remembers how much there is to go back to.
    Mark {
        register: usize,
    },
    /// Forgets what there was to go back to since the mark.
    Cut {
        register: usize,
    },
    /// The same, and fails.
    CutAndFail {
        register: usize,
    },
    /// Lets the register be a number.
    Set0 {
        register: usize,
        number: usize,
    },
    /// Counts a turn of a loop; `body` is its start, and the place of the last turn is in the next
    /// register.
    Count {
        register: usize,
        least: usize,
        most: Option<usize>,
        body: usize,
        lazy: bool,
    },
    /// Goes back so many characters as the second register says, and more if that fails.
    Behind {
        origin: usize,
        distance: usize,
        most: usize,
    },
    /// Fails anywhere but at the place of the register.
    At {
        register: usize,
    },
    Match,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) sets: Vec<Table>,
    pub(super) strings: Vec<Vec<char>>,
    /// Two for each group, those of the whole match first, and those that loops need.
    pub(super) registers: usize,
    pub(super) groups: usize,
    pub(super) names: Vec<(String, usize)>,
    pub(super) words: Option<Words>,
    /// The fewest characters of a match.
    pub(super) least: usize,
    /// What a match starts with.
    pub(super) first: Option<First>,
}

/// What boundaries of words are found with.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) word: Table,
    pub(super) combining: Table,
}

/// Where a match can start.
#[derive(Clone, Debug)]
pub(super) enum First {
    /// At these characters.
    Set(Table),
    /// At the start of the text alone.
    Start,
}

impl Program {
    /// Returns whether a match may start at a character; `None` is the end of the text.
    pub(super) fn may_start(&self, c: Option<char>) -> bool {
        match &self.first {
            None | Some(First::Start) => true,
            Some(First::Set(set)) => c.is_some_and(|c| set.contains(c)),
        }
    }
}
