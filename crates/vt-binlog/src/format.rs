//! FORMAT_DESCRIPTION_EVENT: which server writes, and whether events carry a checksum.

use vt_wire::scan::text;
use vt_wire::{Malformed, Scan};

/// How the events of a stream are laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// `8.4.3`, `9.7.4-2`.
    pub server_version: String,
    /// Events end in a CRC32 of what comes before it.
    pub checksum: bool,
    /// Bytes of each event's fixed part, from kind 1 on.
    pub(crate) fixed_parts: Vec<u8>,
}

/// The length of the server's version, filled with zeroes.
const VERSION_LENGTH: usize = 50;
/// A checksum, and the byte before it that names its kind; in this event both always stand.
const TRAILER: usize = 5;

impl Default for Format {
    /// What is read before a server has told its format: events without checksum.
    fn default() -> Format {
        Format { server_version: String::new(), checksum: false, fixed_parts: Vec::new() }
    }
}

impl Format {
    /// Reads the event's body with its trailer.
    pub(crate) fn read(body: &[u8]) -> Result<Format, Malformed> {
        let mut scan = Scan::new(body);
        if scan.u16("format description")? != 4 {
            return Err(Malformed(
                "format description: a version of the binary log before MySQL 5",
            ));
        }
        let version = scan.bytes(VERSION_LENGTH, "format description")?;
        let end = version.iter().position(|byte| *byte == 0).unwrap_or(version.len());
        scan.u32("format description")?;
        if usize::from(scan.u8("format description")?) != crate::Header::LENGTH {
            return Err(Malformed("format description: header of another length"));
        }
        let rest = scan.rest();
        let (fixed_parts, trailer) = rest
            .len()
            .checked_sub(TRAILER)
            .and_then(|length| rest.split_at_checked(length))
            .ok_or(Malformed("format description"))?;
        let checksum = match trailer[0] {
            0 | 255 => false,
            1 => true,
            _ => return Err(Malformed("format description: a checksum of an unknown kind")),
        };
        Ok(Format {
            server_version: text(&version[..end]),
            checksum,
            fixed_parts: fixed_parts.to_vec(),
        })
    }

    /// Returns the length of the fixed part of a kind of event, if the server told it.
    pub(crate) fn fixed_part(&self, kind: u8) -> Option<u8> {
        self.fixed_parts.get(usize::from(kind).checked_sub(1)?).copied()
    }
}
