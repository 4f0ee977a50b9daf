//! QUERY_EVENT: a statement logged as text, with what of the session it depends on.

use vt_wire::scan::text;
use vt_wire::{Malformed, Scan};

/// A statement and its surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryEvent {
    /// The connection that ran it.
    pub thread: u32,
    pub exec_seconds: u32,
    /// MySQL's errno, if it failed half-way.
    pub errno: u16,
    /// The default database.
    pub database: String,
    /// The statement's bytes, in the character set of its client.
    pub sql: Vec<u8>,
    pub sql_mode: Option<u64>,
    /// Collation ids of the client, of the connection and of the server.
    pub collations: Option<[u16; 3]>,
    pub time_zone: Option<String>,
}

impl QueryEvent {
    pub(crate) fn read(body: &[u8]) -> Result<QueryEvent, Malformed> {
        const PART: &str = "query event";
        let mut scan = Scan::new(body);
        let mut event = QueryEvent {
            thread: scan.u32(PART)?,
            exec_seconds: scan.u32(PART)?,
            ..QueryEvent::default()
        };
        let name_length = usize::from(scan.u8(PART)?);
        event.errno = scan.u16(PART)?;
        let variables = usize::from(scan.u16(PART)?);
        // What follows a variable that is not known cannot be found.
        let _ = event.read_variables(Scan::new(scan.bytes(variables, PART)?));
        event.database = text(scan.bytes(name_length, PART)?);
        scan.u8(PART)?;
        event.sql = scan.take_rest().to_vec();
        Ok(event)
    }

    fn read_variables(&mut self, mut scan: Scan<'_>) -> Result<(), Malformed> {
        const PART: &str = "status variables";
        while !scan.is_empty() {
            match scan.u8(PART)? {
                0 | 3 | 10 => scan.bytes(4, PART).map(drop)?,
                1 => self.sql_mode = Some(scan.u64(PART)?),
                2 => {
                    let length = usize::from(scan.u8(PART)?);
                    scan.bytes(length + 1, PART)?;
                }
                4 => self.collations = Some([scan.u16(PART)?, scan.u16(PART)?, scan.u16(PART)?]),
                5 => {
                    let length = usize::from(scan.u8(PART)?);
                    self.time_zone = Some(text(scan.bytes(length, PART)?));
                }
                6 => {
                    let length = usize::from(scan.u8(PART)?);
                    scan.bytes(length, PART)?;
                }
                7 | 8 => scan.bytes(2, PART).map(drop)?,
                9 => scan.bytes(8, PART).map(drop)?,
                11 => {
                    for _ in 0..2 {
                        let length = usize::from(scan.u8(PART)?);
                        scan.bytes(length, PART)?;
                    }
                }
                _ => break,
            }
        }
        Ok(())
    }
}
