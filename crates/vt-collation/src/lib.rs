//! MySQL's character sets and collations.
//!
//! Start at [`Collation`], a number as MySQL gives it: order, keys, hash, case, LIKE and search of
//! strings. [`Charset`] says where characters begin and end, what they are in Unicode, and turns
//! strings of one set into another.
//!
//! A string is bytes in the character set of its collation. Nothing here fails: broken bytes are
//! characters of one byte as they are to MySQL, and an unknown collation answers `None`.
//!
//! The tables were asked of a real server by `cargo xtask collations` (`tables/README.md` tells
//! their form); each unfolds when it is first used. The crate is pure: it knows nothing of values,
//! SQL, files or sockets, and not the rules of coercibility, only what they need
//! ([`Charset::holds`], [`Charset::is_ascii`], [`Collation::is_binary`]).

pub mod charset;
pub mod collation;
mod tables;

pub use charset::{Charset, Conversion};
pub use collation::Collation;
