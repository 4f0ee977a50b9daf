//! A result whose rows come in batches.

use vt_base::Result;
use vt_value::{Fields, Rows, RowsBuilder};
use vt_wire::EndInfo;

use super::Conn;
use super::result::{Head, RowOrEnd};

/// A batch grows to so many times its size by rows that have come already.
const BUFFERED_TIMES: usize = 8;

/// A row from this size on is handed over in the memory that it was read into.
pub(super) const LARGE_ROW: usize = 256 << 10;

/// A result under way; drop it before its end and the connection is broken.
pub struct ResultStream<'a> {
    conn: &'a mut Conn,
    fields: Fields,
    batch_bytes: usize,
    /// Rows and bytes of the last batch: about what the next will have.
    usual: (usize, usize),
    end: Option<EndInfo>,
}

impl<'a> ResultStream<'a> {
    pub(super) async fn begin(
        conn: &'a mut Conn,
        head: Head,
        batch_bytes: usize,
    ) -> Result<ResultStream<'a>> {
        let (fields, usual) = (Fields::default(), (0, 0));
        let mut stream = ResultStream { conn, fields, batch_bytes, usual, end: None };
        match head {
            Head::Rows(fields) => stream.fields = fields,
            Head::End(end) => stream.finish(end).await?,
        }
        Ok(stream)
    }

    /// Returns the columns; none for a statement without rows.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Returns the next rows, `None` after the last.
    ///
    /// The server is read only as fast as this is called.
    pub async fn next_batch(&mut self) -> Result<Option<Rows>> {
        if self.end.is_some() {
            return Ok(None);
        }
        let mut rows = RowsBuilder::with_capacity(self.usual.0, self.usual.1);
        while rows.is_empty()
            || rows.byte_len() < self.batch_bytes
            || (rows.byte_len() < BUFFERED_TIMES * self.batch_bytes
                && self.conn.link.has_whole_packet())
        {
            match self.conn.read_row().await? {
                RowOrEnd::Row if rows.is_empty() && self.conn.link.payload().len() >= LARGE_ROW => {
                    let row = self.conn.link.take_payload();
                    let end = row.len();
                    return Ok(Some(Rows::from_parts(row, vec![end])));
                }
                RowOrEnd::Row => rows.push_raw(self.conn.link.payload()),
                RowOrEnd::End(end) => {
                    self.finish(end).await?;
                    break;
                }
            }
        }
        // A little more, lest a few bytes double it all; a single large row says nothing.
        let most = BUFFERED_TIMES * self.batch_bytes;
        let usual = |count: usize| (count + count / 8).min(most);
        self.usual = (usual(rows.len()), usual(rows.byte_len()));
        Ok((!rows.is_empty()).then(|| rows.finish()))
    }

    /// Returns how the result ended, once the rows have ended.
    pub fn end(&self) -> Option<&EndInfo> {
        self.end.as_ref()
    }

    async fn finish(&mut self, end: EndInfo) -> Result<()> {
        while self.conn.has_more() {
            self.conn.skip_result().await?;
        }
        self.conn.finish();
        self.end = Some(end);
        Ok(())
    }
}
