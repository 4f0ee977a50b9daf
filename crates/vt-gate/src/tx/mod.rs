//! How transactions begin and end, on the shards that they came to.

pub mod begin;
pub mod commit;
mod positions;
mod release;
pub mod rollback;
pub mod savepoint;
pub mod settings;

pub use begin::{BeginOptions, begin};
pub use commit::commit;
pub use release::{release, release_spare};
pub use rollback::{rollback, rollback_on_shards};
