//! Walking and rebuilding syntax trees.

mod dml;
mod query;
mod rewrite;
mod walk;

pub(crate) use dml::{rewrite_delete, rewrite_insert, rewrite_update};
pub(crate) use query::rewrite_query;
pub(crate) use rewrite::{Rewrite, rewrite_children};
pub(crate) use walk::{Child, any_expr, walk_children, walk_query, walk_select};
