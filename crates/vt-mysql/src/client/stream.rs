//! A result whose rows come in batches.

use vt_base::{Error, Result};
use vt_value::{Fields, Rows};
use vt_wire::EndInfo;

use super::Conn;

/// A result under way; drop it early and the connection is broken.
pub struct ResultStream<'a> {
    conn: &'a mut Conn,
    fields: Fields,
    end: Option<EndInfo>,
}

impl ResultStream<'_> {
    /// Returns the columns; none for a statement without rows.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Returns the next rows, `None` after the last.
    ///
    /// The server is read only as fast as this is called.
    pub async fn next_batch(&mut self) -> Result<Option<Rows>> {
        let _ = &self.conn;
        Err(Error::unsupported("streams"))
    }

    /// Returns how the result ended, once the rows have ended.
    pub fn end(&self) -> Option<&EndInfo> {
        self.end.as_ref()
    }
}
