//! Views of a keyspace, as schema tracking found them.

use std::sync::Arc;

/// A view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub name: Arc<str>,
    /// The statement that makes it, as MySQL writes it: its tables have no keyspace.
    pub definition: Arc<str>,
}
