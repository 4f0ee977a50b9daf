//! Plans run against shards that are closures.

mod dml;
pub(crate) mod fake;
mod joins;
mod nodes;
mod properties;
mod routes;
mod shapes;
mod streams;
