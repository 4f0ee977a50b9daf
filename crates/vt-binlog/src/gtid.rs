//! GTID events, and sets of GTIDs in the binary form of the log and of a request for it.

use vt_base::gtid::GtidSet;
use vt_base::gtid::set::{GtidSource, Interval};
use vt_wire::scan::text;
use vt_wire::{Malformed, Scan};

use crate::packed;

/// The id of a transaction, and what the event tells beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gtid {
    pub source: GtidSource,
    pub number: i64,
    /// Transactions with the same value may be applied side by side: the logical clock.
    pub last_committed: i64,
    pub sequence_number: i64,
    /// Microseconds since 1970 of the commit on the server where it was first made; 0 if unknown.
    pub committed_micros: u64,
    /// The bytes of the whole transaction in the log; 0 if unknown.
    pub length: u64,
    /// The transaction holds nothing but rows: no statement of DDL.
    pub only_rows: bool,
}

/// The longest name of a tag.
const TAG_MAX: u64 = 32;
/// The form of a set in which sources may have tags.
const TAGGED: u64 = 1;
/// Flag of a GTID event: the transaction may hold statements logged as text.
const MAY_HAVE_STATEMENTS: u64 = 1;
/// The highest bit of a field tells that the same of the first server follows.
const IMMEDIATE_LOW_BITS: u64 = (1 << 55) - 1;

impl Gtid {
    /// Reads GTID_LOG_EVENT (and its anonymous form, whose id means nothing).
    pub(crate) fn read(body: &[u8]) -> Result<Gtid, Malformed> {
        let mut scan = Scan::new(body);
        let flags = scan.u8("GTID event")?;
        let uuid = uuid_text(scan.bytes(16, "GTID event")?);
        let number = scan.u64("GTID event")?.cast_signed();
        let mut gtid = Gtid {
            source: GtidSource { uuid, tag: String::new() },
            number,
            last_committed: 0,
            sequence_number: 0,
            committed_micros: 0,
            length: 0,
            only_rows: u64::from(flags) & MAY_HAVE_STATEMENTS == 0,
        };
        // The rest came version by version; a log may lack it.
        if scan.is_empty() || scan.u8("GTID event")? != 2 {
            return Ok(gtid);
        }
        gtid.last_committed = scan.u64("GTID event")?.cast_signed();
        gtid.sequence_number = scan.u64("GTID event")?.cast_signed();
        if scan.rest().len() >= 7 {
            let immediate = micros(&mut scan)?;
            gtid.committed_micros = match immediate > IMMEDIATE_LOW_BITS {
                true => micros(&mut scan)?,
                false => immediate,
            };
            if !scan.is_empty() {
                gtid.length = scan.lenenc("GTID event")?;
            }
        }
        Ok(gtid)
    }

    /// Reads GTID_TAGGED_LOG_EVENT: numbered fields, of which unknown ones end what is understood.
    pub(crate) fn read_tagged(body: &[u8]) -> Result<Gtid, Malformed> {
        const PART: &str = "tagged GTID event";
        let mut scan = Scan::new(body);
        if packed::unsigned(&mut scan, PART)? != 1 {
            return Err(Malformed("tagged GTID event: a form of a newer server"));
        }
        packed::unsigned(&mut scan, PART)?;
        let needed = packed::unsigned(&mut scan, PART)?;
        let mut gtid = Gtid {
            source: GtidSource { uuid: String::new(), tag: String::new() },
            number: 0,
            last_committed: 0,
            sequence_number: 0,
            committed_micros: 0,
            length: 0,
            only_rows: false,
        };
        while !scan.is_empty() {
            match packed::unsigned(&mut scan, PART)? {
                0 => gtid.only_rows = packed::unsigned(&mut scan, PART)? & MAY_HAVE_STATEMENTS == 0,
                1 => gtid.source.uuid = spread_uuid(&mut scan)?,
                2 => gtid.number = packed::signed(&mut scan, PART)?,
                3 => gtid.source.tag = tag(&mut scan)?,
                4 => gtid.last_committed = packed::signed(&mut scan, PART)?,
                5 => gtid.sequence_number = packed::signed(&mut scan, PART)?,
                6 => gtid.committed_micros = packed::unsigned(&mut scan, PART)?,
                7 => gtid.committed_micros = packed::unsigned(&mut scan, PART)?,
                8 => gtid.length = packed::unsigned(&mut scan, PART)?,
                9..=11 => {
                    packed::unsigned(&mut scan, PART)?;
                }
                unknown if unknown <= needed => {
                    return Err(Malformed("tagged GTID event: a field of a newer server"));
                }
                _ => break,
            }
        }
        match gtid.source.uuid.is_empty() || gtid.number < 1 {
            true => Err(Malformed("tagged GTID event: no id")),
            false => Ok(gtid),
        }
    }

    /// Adds the transaction to a set.
    pub fn add_to(&self, set: &mut GtidSet) {
        set.add(self.source.clone(), Interval { first: self.number, last: self.number });
    }
}

fn micros(scan: &mut Scan<'_>) -> Result<u64, Malformed> {
    let bytes = scan.bytes(7, "GTID event")?;
    let mut wide = [0; 8];
    wide[..7].copy_from_slice(bytes);
    Ok(u64::from_le_bytes(wide))
}

fn spread_uuid(scan: &mut Scan<'_>) -> Result<String, Malformed> {
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        let value = packed::unsigned(scan, "tagged GTID event")?;
        *byte = u8::try_from(value).map_err(|_| Malformed("tagged GTID event: UUID"))?;
    }
    Ok(uuid_text(&bytes))
}

fn tag(scan: &mut Scan<'_>) -> Result<String, Malformed> {
    let length = packed::unsigned(scan, "tag of a GTID")?;
    if length > TAG_MAX {
        return Err(Malformed("tag of a GTID: too long"));
    }
    Ok(text(scan.bytes(length as usize, "tag of a GTID")?))
}

/// Writes sixteen bytes as a UUID in lower case.
fn uuid_text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).expect("a nibble is a digit"));
        }
    }
    out
}

/// Reads a set as PREVIOUS_GTIDS_LOG_EVENT has it.
///
/// # Errors
/// The bytes are no such set.
pub fn read_set(bytes: &[u8]) -> Result<GtidSet, Malformed> {
    const PART: &str = "set of GTIDs";
    let mut scan = Scan::new(bytes);
    let head = scan.u64(PART)?;
    let tagged = match head >> 56 {
        0 => false,
        TAGGED => true,
        _ => return Err(Malformed("set of GTIDs: a form of a newer server")),
    };
    let count = if tagged { head << 8 >> 16 } else { head };
    let mut set = GtidSet::default();
    for _ in 0..count {
        let uuid = uuid_text(scan.bytes(16, PART)?);
        let tag = if tagged { tag(&mut scan)? } else { String::new() };
        let source = GtidSource { uuid, tag };
        for _ in 0..scan.u64(PART)? {
            let first = scan.u64(PART)?.cast_signed();
            let end = scan.u64(PART)?.cast_signed();
            if first < 1 || end <= first {
                return Err(Malformed("set of GTIDs: an interval"));
            }
            set.add(source.clone(), Interval { first, last: end - 1 });
        }
    }
    Ok(set)
}

/// Appends a set in the same form: the older one where no source has a tag, for older servers.
pub fn write_set(set: &GtidSet, out: &mut Vec<u8>) {
    let tagged = set.sources().any(|(source, _)| !source.tag.is_empty());
    let count = set.sources().count() as u64;
    let head = if tagged { TAGGED << 56 | count << 8 | TAGGED } else { count };
    out.extend_from_slice(&head.to_le_bytes());
    for (source, intervals) in set.sources() {
        let digits = source.uuid.bytes().filter(|byte| *byte != b'-').collect::<Vec<_>>();
        let nibble = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
        out.extend(digits.chunks(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])));
        if tagged {
            packed::put_unsigned(source.tag.len() as u64, out);
            out.extend_from_slice(source.tag.as_bytes());
        }
        out.extend_from_slice(&(intervals.len() as u64).to_le_bytes());
        for one in intervals {
            out.extend_from_slice(&one.first.to_le_bytes());
            out.extend_from_slice(&one.last.saturating_add(1).to_le_bytes());
        }
    }
}
