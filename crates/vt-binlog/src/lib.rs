//! MySQL's binary log without I/O: bytes to events, row images to values.
//!
//! Start at [`Decoder`]: it takes the events of one stream in order and gives [`Event`]s. A
//! [`RowsEvent`] is read with the [`TableMap`] that came before it, image by image, cell by cell;
//! [`Column::write_text`] turns a cell into the text that a SELECT would give. [`dump`] makes the
//! request that starts a stream.
//!
//! - Every decoder takes bytes of a stranger: each length is checked before it is read, nothing
//!   panics, and [`Malformed`] names the part that makes no sense.
//! - Rows share the bytes of their event. Values are decoded only when they are asked for.
//! - A compressed transaction is unpacked event by event ([`Payload`]), never as a whole.
//! - Pure: no socket, file, task or clock, and nothing of keyspaces, shards or tablets.
//!
//! Formats: MySQL's source documentation, "Binary Log Event" (`mysql::binlog::event`), and what
//! servers of 8.0 to 9.7 were seen to write.

pub mod dump;
pub mod event;
pub mod gtid;

mod cell;
mod clock;
mod column;
mod decimal;
mod decoder;
mod format;
mod image;
mod json_diff;
mod packed;
mod payload;
mod query;
mod rows;
mod table;

pub use cell::CellError;
pub use column::{Column, ColumnKind};
pub use decoder::Decoder;
pub use event::{Event, Header};
pub use format::Format;
pub use gtid::Gtid;
pub use image::{Cell, Image};
pub use json_diff::apply as apply_json_diff;
pub use payload::{Payload, Unpacked};
pub use query::QueryEvent;
pub use rows::{Change, RowsEvent, RowsKind};
pub use table::TableMap;
pub use vt_wire::Malformed;

#[cfg(test)]
mod tests;
