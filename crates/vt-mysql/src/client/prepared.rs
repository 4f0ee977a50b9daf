//! Statements that are prepared once, and run with values that are sent as they are.

use bytes::Bytes;
use vt_base::Result;
use vt_value::QueryResult;
use vt_wire::params::Sent;
use vt_wire::{Capabilities, Command, command};

use super::Conn;
use super::conn::State;
use super::connect::lost;

/// A statement that a server has prepared for one connection.
#[derive(Clone, Copy, Debug)]
pub struct Prepared {
    id: u32,
    params: u16,
}

impl Conn {
    /// Prepares a statement that has no rows; it lasts as long as the connection.
    ///
    /// # Errors
    /// The server refuses the statement, or it has rows.
    pub async fn prepare(&mut self, sql: &str) -> Result<Prepared> {
        let prepare = Command::Prepare(Bytes::copy_from_slice(sql.as_bytes()));
        self.send(|out, capabilities| prepare.encode(out, capabilities)).await?;
        self.read_packet().await?;
        let head = command::decode_prepared(self.link.payload())
            .map_err(|malformed| self.malformed(malformed))?;
        let has_end = !self.capabilities.has(Capabilities::DEPRECATE_EOF);
        for count in [head.params, head.columns] {
            let more = u32::from(has_end && count > 0);
            for _ in 0..u32::from(count) + more {
                self.read_packet().await?;
            }
        }
        if head.columns > 0 {
            self.state = State::Broken;
            return Err(lost("a prepared statement with rows"));
        }
        self.finish();
        Ok(Prepared { id: head.id, params: head.params })
    }

    /// Runs a prepared statement.
    ///
    /// # Errors
    /// The statement fails, or takes another number of values.
    pub async fn execute(
        &mut self,
        statement: Prepared,
        values: &[Sent<'_>],
    ) -> Result<QueryResult> {
        if values.len() != usize::from(statement.params) {
            return Err(vt_base::Error::bug("a prepared statement takes other values"));
        }
        self.send(|out, _| command::encode_execution(out, statement.id, values)).await?;
        let done = self.read_result(0).await?;
        self.finish();
        Ok(done)
    }
}
