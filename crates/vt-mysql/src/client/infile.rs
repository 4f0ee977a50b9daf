//! Loading rows as a file that the client has: `LOAD DATA LOCAL INFILE`.

use vt_base::Result;
use vt_value::QueryResult;
use vt_wire::infile;

use super::Conn;
use super::conn::State;
use super::connect::lost;

/// The file is sent in packets of so many bytes: servers take longer ones, but not without limit.
const PACKET_BYTES: usize = 128 << 10;

impl Conn {
    /// Runs one `LOAD DATA LOCAL INFILE` whose file is what is given here, whatever its name.
    ///
    /// The connection must have been asked for with `LOCAL_FILES`. MySQL turns errors of rows into
    /// warnings: whoever wants all rows has to look at their count and at that of the warnings.
    ///
    /// # Errors
    /// The statement fails, or asks for no file; in that case the connection is broken.
    pub async fn load_local(&mut self, sql: impl AsRef<[u8]>, file: &[u8]) -> Result<QueryResult> {
        self.send_query(sql.as_ref()).await?;
        self.read_packet().await?;
        if infile::decode_request(self.link.payload()).is_none() {
            self.state = State::Broken;
            return Err(lost("an answer to LOAD DATA that asks for no file"));
        }
        for part in file.chunks(PACKET_BYTES) {
            self.send_part(part).await?;
        }
        self.send_part(&[]).await?;
        let loaded = self.read_result(0).await?;
        self.finish();
        Ok(loaded)
    }

    async fn send_part(&mut self, part: &[u8]) -> Result<()> {
        self.link.put(|out| out.extend_from_slice(part));
        if let Err(error) = self.link.flush().await {
            self.state = State::Broken;
            return Err(lost(error));
        }
        Ok(())
    }
}
