//! Plans run against shards that are closures.

mod dml;
mod fake;
mod nodes;
mod properties;
mod routes;
mod streams;
