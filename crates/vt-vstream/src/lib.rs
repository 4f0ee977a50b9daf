//! The source side of streams: what changes in a mysqld, and what its tables hold, filtered and
//! shaped by rules.
//!
//! Start at [`Source`]: [`Source::stream`] follows the binary log from a position, and
//! [`Source::copy_rows`] reads a table in the order of its key, or several ranges of the key side by
//! side (`ranges.rs`), in one consistent snapshot whose position it tells; [`Source::copy_and_stream`] does both, one after the other. `filter.rs` reads rules, `plan.rs` makes of a rule and a table what is sent,
//! `translate.rs` makes events for readers of events of the log (both are pure).
//!
//! - A stream is as slow as its reader: nothing is read that cannot be handed on.
//! - Values are text in utf8mb4, times in UTC, whatever the table's character set and the server's
//!   zone are; both ways, the log and the copy, give the same text for the same value.
//! - What cannot be streamed is an error that names it; no row is left out in silence.
//!
//! Knows neither the topology nor who reads; the vschema comes as an argument.

pub mod filter;
pub mod plan;
pub mod table;

mod copy;
mod full;
mod ranges;
mod results;
mod source;
mod stream;
mod translate;
mod values;
mod vindexes;

pub use copy::{CopyPart, CopySpec, key_of, values_of};
pub use full::FullSpec;
pub use plan::{TablePlan, Values};
pub use ranges::{KeyRange, RANGES_MAX};
pub use results::TablesSpec;
pub use source::Source;
pub use stream::StreamSpec;
pub use table::SourceTable;
pub use vindexes::Vindexes;
