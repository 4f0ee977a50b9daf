//! A stream's source and the rules of its filter, in the form that the table keeps.

use vt_base::Result;
use vt_proto::binlogdata::BinlogSource;
use vt_proto::query;
use vt_proto::text::{from_text, to_text};

/// Reads the column `source` of `_vt.vreplication`.
///
/// # Errors
/// The text is no source.
pub fn read_source(text: &str) -> Result<BinlogSource> {
    from_text("binlogdata.BinlogSource", text)
}

/// Writes the column `source` of `_vt.vreplication`.
///
/// # Errors
/// None, but for a fault of our own.
pub fn write_source(source: &BinlogSource) -> Result<String> {
    to_text("binlogdata.BinlogSource", source)
}

/// Reads the column `lastpk` of `_vt.copy_state`.
///
/// # Errors
/// The text is no result.
pub fn read_last_key(text: &str) -> Result<query::QueryResult> {
    from_text("query.QueryResult", text)
}

/// Writes the column `lastpk` of `_vt.copy_state`.
///
/// # Errors
/// None, but for a fault of our own.
pub fn write_last_key(last: &query::QueryResult) -> Result<String> {
    to_text("query.QueryResult", last)
}
