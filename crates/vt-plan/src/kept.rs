//! Rows that a plan makes once and reads in several places, and rows that grow out of themselves.

use std::sync::Arc;

use crate::{Node, SortKey};

/// Runs a definition once and keeps its rows for the body, where [`Node::Kept`] reads them.
#[derive(Clone, Debug)]
pub struct With {
    /// The number that [`Node::Kept`] names the rows by.
    pub slot: usize,
    /// The name of the common table, for explain.
    pub name: Arc<str>,
    pub definition: Node,
    pub body: Node,
}

/// A recursive common table: the rows of a seed, then what a step makes of the rows that came
/// last, until there are none.
#[derive(Clone, Debug)]
pub struct Recurse {
    /// The number by which the step reads the rows that came last.
    pub slot: usize,
    pub name: Arc<str>,
    /// The names of the columns.
    pub columns: Vec<Arc<str>>,
    pub seed: Node,
    pub step: Node,
    /// Keys of all columns where rows that came before are dropped (UNION), none for UNION ALL.
    pub distinct: Option<Vec<SortKey>>,
}
