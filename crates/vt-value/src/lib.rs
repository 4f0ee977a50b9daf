//! MySQL's types, and values as they travel: fields, rows in wire form, bind variables, results.
//!
//! Start at [`QueryResult`]. A row is kept as the bytes of MySQL's text protocol, and nothing here
//! decodes one unless asked ([`Row::columns`]). The crate is pure and knows no SQL text.

pub mod bind;
pub mod field;
pub mod result;
pub mod rows;
pub mod types;

pub use bind::{BindVars, BoundValue, TypedBytes};
pub use field::{Field, Fields};
pub use result::{QueryResult, StreamPart};
pub use rows::{Row, Rows, RowsBuilder};
pub use types::Type;
