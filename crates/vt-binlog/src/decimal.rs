//! DECIMAL cells: groups of nine digits in four bytes each, fewer digits in fewer bytes.
//!
//! The sign is the highest bit, turned around; in negative numbers every bit is.

use vt_wire::Malformed;

/// The bytes of a group of so many digits.
const WIDTH: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];
const GROUP: usize = 9;

/// Returns how many bytes a cell has.
pub(crate) fn width(precision: u8, scale: u8) -> usize {
    let half = |digits: usize| digits / GROUP * 4 + WIDTH[digits % GROUP];
    half(usize::from(precision.saturating_sub(scale))) + half(usize::from(scale))
}

/// Appends a cell as MySQL prints it: no leading zeroes but one, all digits of the scale.
pub(crate) fn write_text(
    raw: &[u8],
    precision: u8,
    scale: u8,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let mut bytes = [0u8; 40];
    let cell = bytes.get_mut(..raw.len()).ok_or(Malformed("decimal"))?;
    cell.copy_from_slice(raw);
    let first = cell.first_mut().ok_or(Malformed("decimal"))?;
    let negative = *first & 0x80 == 0;
    *first ^= 0x80;
    if negative {
        cell.iter_mut().for_each(|byte| *byte = !*byte);
    }
    let (integer, fraction) = (usize::from(precision - scale), usize::from(scale));
    let mut digits = Vec::with_capacity(usize::from(precision));
    let mut rest: &[u8] = cell;
    // Digits that fill no group stand before the point at the front, behind it at the end.
    take_group(&mut rest, integer % GROUP, &mut digits)?;
    for _ in 0..integer / GROUP {
        take_group(&mut rest, GROUP, &mut digits)?;
    }
    for _ in 0..fraction / GROUP {
        take_group(&mut rest, GROUP, &mut digits)?;
    }
    take_group(&mut rest, fraction % GROUP, &mut digits)?;
    if negative {
        out.push(b'-');
    }
    let (before, after) = digits.split_at(integer);
    let zeroes = before.iter().take_while(|digit| **digit == b'0').count();
    match before.len() - zeroes {
        0 => out.push(b'0'),
        _ => out.extend_from_slice(&before[zeroes..]),
    }
    if fraction > 0 {
        out.push(b'.');
        out.extend_from_slice(after);
    }
    Ok(())
}

fn take_group(rest: &mut &[u8], count: usize, digits: &mut Vec<u8>) -> Result<(), Malformed> {
    let (group, tail) = rest.split_at_checked(WIDTH[count]).ok_or(Malformed("decimal"))?;
    *rest = tail;
    let mut number = group.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
    if number >= 10u32.pow(count as u32) {
        return Err(Malformed("decimal: digits"));
    }
    let start = digits.len();
    digits.resize(start + count, b'0');
    for place in digits[start..].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    Ok(())
}
