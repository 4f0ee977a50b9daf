//! The step that compares the rows of two queries.

use crate::{Node, SortKey};

/// INTERSECT or EXCEPT: keeps rows of the left by whether the right has them too.
#[derive(Clone, Debug)]
pub struct Match {
    pub kind: MatchKind,
    /// `ALL`: a row of the right answers for one of the left; without it the result is distinct.
    pub all: bool,
    pub left: Node,
    pub right: Node,
    /// The columns that are compared, after both sides have come to common types.
    pub columns: Vec<SortKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchKind {
    /// Keeps what the right has too.
    Intersect,
    /// Keeps what the right has not.
    Except,
}
