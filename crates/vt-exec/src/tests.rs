//! Plans run against shards that are closures.

mod careful;
mod changes;
mod dml;
pub(crate) mod fake;
mod joins;
mod lookups;
mod nodes;
mod properties;
mod routes;
mod shapes;
mod streams;
