//! MySQL's character sets and collations.
//!
//! Start at [`Collation`]. The crate is pure: it knows bytes and the tables that `cargo xtask
//! collations` has asked of a real mysqld, and nothing of values, SQL, files or sockets.

pub mod collation;

pub use collation::Collation;
