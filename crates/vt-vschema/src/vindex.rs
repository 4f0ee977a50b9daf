//! A vindex: a function from the values of columns to places in a keyspace.

use std::sync::Arc;

/// A vindex of a keyspace, by its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vindex {
    pub name: Arc<str>,
    /// The type's name, `hash`.
    pub typ: Arc<str>,
    pub unique: bool,
    /// How dear a look-up is; the planner takes the least.
    pub cost: u32,
}
