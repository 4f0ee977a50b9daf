//! What names in a statement mean: tables by the vschema, columns by the scopes around them.

mod collation;
pub(crate) mod columns;
pub(crate) mod joined;
pub(crate) mod scope;
pub(crate) mod tables;

pub(crate) use scope::{Entry, Resolved, Scope, Source, Tables};
