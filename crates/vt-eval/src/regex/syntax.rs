//! The tree of a pattern.

use super::set::CharSet;

/// The deepest that groups may stand within each other: what walks the tree recurses.
pub(super) const DEPTH_MAX: usize = 200;

/// A pattern with what is known of it as a whole.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Node,
    /// How many groups capture, the whole not counted.
    pub(super) groups: usize,
    pub(super) names: Vec<(String, usize)>,
}

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Matches nothing, always.
    Empty,
    Char(char),
    /// One character, already folded.
    CharFolded(char),
    /// Several characters, already folded.
    StringFolded(Vec<char>),
    Dot(Dot),
    Set(CharSet),
    /// `\R`
    LineBreak,
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    Group(usize, Box<Node>),
    Atomic(Box<Node>),
    Look {
        behind: bool,
        negated: bool,
        body: Box<Node>,
    },
    Repeat {
        body: Box<Node>,
        least: u32,
        most: Option<u32>,
        mode: Mode,
    },
    BackReference {
        group: usize,
        ignore_case: bool,
    },
    Assert(Assertion),
}

/// How often is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Greedy,
    Lazy,
    Possessive,
}

/// What `.` matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dot {
    /// All but what ends a line.
    Line,
    /// All but `\n`.
    UnixLine,
    /// All; `\r\n` is one.
    All,
}

/// What matches no characters but a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assertion {
    /// `^` and `\A`
    Start,
    LineStart,
    UnixLineStart,
    /// `$` and `\Z`
    End,
    /// `$` where a line ends at `\n` alone.
    UnixEnd,
    LineEnd,
    UnixLineEnd,
    /// `\z`
    VeryEnd,
    /// `\b`
    Word,
    NotWord,
    /// `\G`
    LastMatch,
}
