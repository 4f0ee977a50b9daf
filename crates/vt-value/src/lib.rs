//! MySQL's types, and values as they travel: fields, rows in wire form, bind variables, results.
//!
//! Start at [`QueryResult`], and at [`Value`] for what computes. A row is kept as the bytes of MySQL's text protocol, and nothing here
//! decodes one unless asked ([`Row::columns`]). The crate is pure and knows no SQL text.

pub mod bind;
pub mod decimal;
pub mod field;
pub mod float;
pub mod geometry;
pub mod json;
pub mod result;
pub mod rows;
pub mod temporal;
pub mod types;
pub mod value;

pub use bind::{BindVars, BoundValue, TypedBytes};
pub use decimal::Decimal;
pub use field::{Field, Fields};
pub use result::{Level, Notice, QueryResult, StreamPart};
pub use rows::{Row, Rows, RowsBuilder};
pub use temporal::{Temporal, TemporalKind};
pub use types::Type;
pub use value::Value;
pub use vt_collation::{Charset, Collation};
