//! The step that brings two inputs together, a row of the left at a time.

use std::sync::Arc;

use vt_eval::Expr;

use crate::{Node, SortKey};

/// Brings rows of the right to each row of the left.
///
/// Without [`Join::matching`] the right side runs once for each set of values of `vars`; rows of
/// the left that bind the same values share a run.
#[derive(Clone, Debug)]
pub struct Join {
    pub kind: JoinKind,
    pub left: Node,
    pub right: Node,
    /// The columns of the result.
    pub columns: Vec<JoinColumn>,
    /// Bind variables of the right side, each with the column of the left that fills it.
    pub vars: Vec<(Arc<str>, usize)>,
    /// What a pair of rows must fulfil besides.
    pub predicate: Option<Predicate>,
    pub matching: Option<Matching>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    Inner,
    /// Rows of the left that match nothing come with NULLs.
    Left,
    /// Rows of the left that match something, once.
    Semi,
    /// Rows of the left that match nothing.
    Anti,
    /// Rows of the left once, each with the one row that the right side gives for it, or NULLs;
    /// more than one row is MySQL's error 1242.
    Value,
    /// Rows of the left once, each with a truth value as the only column of the right: whether the
    /// predicate holds for any row of the right, NULL where only an unknown speaks for it.
    Any,
    /// The same for whether it holds for all of them.
    All,
}

/// Where a column of a join comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinColumn {
    Left(usize),
    Right(usize),
}

/// A condition over a row of the left and one of the right.
#[derive(Clone, Debug)]
pub struct Predicate {
    /// Its columns are places in `columns`.
    pub expr: Expr,
    pub columns: Vec<JoinColumn>,
}

/// How rows of both sides find each other by columns that are equal.
///
/// The right side runs once for many rows of the left, and what it gives is looked up.
#[derive(Clone, Debug)]
pub struct Matching {
    /// Columns of the left and of the right that are equal in a pair, one or more.
    pub keys: Vec<(SortKey, SortKey)>,
    /// The bind variable of the right side that takes a list: the values of the first key in the
    /// rows that are joined at a time. Without it the right side runs once for all.
    pub list_var: Option<Arc<str>>,
}

impl Join {
    /// Makes a join whose right side runs for the values of `vars`.
    pub fn new(kind: JoinKind, left: Node, right: Node, columns: Vec<JoinColumn>) -> Join {
        let (vars, predicate, matching) = (Vec::new(), None, None);
        Join { kind, left, right, columns, vars, predicate, matching }
    }
}
