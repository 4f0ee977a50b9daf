//! Numbers of changing width: those of MySQL's serialisation library, in which tagged
//! transaction ids are written.
//!
//! Form: the low bits of the first byte that are one tell how many bytes follow; the value stands
//! above the zero that ends them. Eight ones: eight bytes of value follow.

use vt_wire::{Malformed, Scan};

/// Takes an unsigned number.
pub(crate) fn unsigned(scan: &mut Scan<'_>, part: &'static str) -> Result<u64, Malformed> {
    let first = scan.u8(part)?;
    let more = first.trailing_ones() as usize;
    if more == 8 {
        return scan.u64(part);
    }
    let mut bytes = [0; 8];
    bytes[0] = first;
    let tail = scan.bytes(more, part)?;
    // Seven bytes more fill the number to the top; the first one holds no bit of the value then.
    bytes[1..=more].copy_from_slice(tail);
    Ok(u64::from_le_bytes(bytes) >> (more + 1))
}

/// Takes a signed number: its sign is the lowest bit, which turns the others around.
pub(crate) fn signed(scan: &mut Scan<'_>, part: &'static str) -> Result<i64, Malformed> {
    let coded = unsigned(scan, part)?;
    let value = (coded >> 1) as i64;
    Ok(if coded & 1 == 1 { !value } else { value })
}

/// Appends an unsigned number.
pub(crate) fn put_unsigned(value: u64, out: &mut Vec<u8>) {
    let bits = (64 - value.leading_zeros()).max(1);
    let bytes = bits.div_ceil(7);
    if bytes > 8 {
        out.push(0xff);
        out.extend_from_slice(&value.to_le_bytes());
        return;
    }
    let ones = (1u64 << (bytes - 1)) - 1;
    let coded = if bytes == 8 { value << 8 | 0x7f } else { value << bytes | ones };
    out.extend_from_slice(&coded.to_le_bytes()[..bytes as usize]);
}
