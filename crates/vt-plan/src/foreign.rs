//! What foreign keys ask of a statement that changes rows, where the gateway looks after them.

use std::sync::Arc;

use vt_eval::Expr;

use crate::Node;

/// The variable that takes a list of the values of a key of one column.
pub const KEY_LIST: &str = "__fk";

/// Returns the variable that takes the value of a key's column.
pub fn key_var(column: usize) -> String {
    format!("__fk{column}")
}

/// Returns the variable that takes the value that a key's column will have.
pub fn new_key_var(column: usize) -> String {
    format!("__fk_new{column}")
}

/// A statement, with those that its changes bring about in tables that refer to its own.
#[derive(Clone, Debug)]
pub struct ForeignKeys {
    pub statement: Node,
    /// Changes of rows that refer to others, by the numbers that [`ChildHow::Change`] has. They
    /// may bring about each other, and themselves.
    pub cascades: Vec<Node>,
}

/// What foreign keys ask of the rows of one table that go or change.
#[derive(Clone, Debug, Default)]
pub struct Dependents {
    pub parents: Vec<ParentCheck>,
    pub children: Vec<ChildAction>,
}

/// Rows that change must find the rows that they will refer to.
#[derive(Clone, Debug)]
pub struct ParentCheck {
    /// Where the values of the key stand that the row will have; with a NULL it refers to none.
    pub new: Vec<usize>,
    /// Where it stands whether they are those that it has: 1 or 0.
    pub same: Option<usize>,
    pub search: KeySearch,
}

/// Finds rows by the values of a key: of one column as [`KEY_LIST`], of several each set of values
/// as [`key_var`].
#[derive(Clone, Debug)]
pub struct KeySearch {
    /// Gives the key's columns of the rows that it finds, locked.
    pub query: Node,
    /// The columns of the key.
    pub width: usize,
    /// What is said if it finds too few rows (a parent), or any (a child).
    pub error: Arc<str>,
}

/// What becomes of the rows that refer to one which goes, or whose key changes.
#[derive(Clone, Debug)]
pub struct ChildAction {
    /// Where the values stand by which others refer to the row.
    pub old: Vec<usize>,
    /// Where those stand that it will have; `None` if the row goes.
    pub new: Option<Vec<usize>>,
    /// Where it stands whether both are the same for MySQL: 1 or 0.
    pub same: Option<usize>,
    pub how: ChildHow,
}

/// How a foreign key acts on the rows that refer to others.
#[derive(Clone, Debug)]
pub enum ChildHow {
    /// If there are any, the statement fails (1451).
    Refuse(KeySearch),
    /// A statement of [`ForeignKeys::cascades`] changes them; a key of one column is given as a
    /// list unless the new values are wanted too.
    Change(usize),
}

/// The rows of an INSERT must find those that they refer to.
#[derive(Clone, Debug)]
pub struct RowParents {
    /// For each row, the values of the key.
    pub rows: Vec<Vec<Expr>>,
    /// For a source of rows: where the columns stand in them.
    pub offsets: Vec<usize>,
    pub search: KeySearch,
    /// The table refers to itself: rows may refer to those that come with them.
    pub is_own: bool,
}
