//! INET_ATON, INET6_NTOA and their like: addresses of the internet.

use std::net::{Ipv4Addr, Ipv6Addr};

use vt_base::Error;
use vt_value::Value;

use super::strings::{binary, of_connection, wrong_value};
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("inet6_aton", (1, 1), bytes_kind, inet6_aton),
    Function::new("inet6_ntoa", (1, 1), text6_kind, inet6_ntoa),
    Function::new("inet_aton", (1, 1), number_kind, inet_aton),
    Function::new("inet_ntoa", (1, 1), text_kind, inet_ntoa),
    Function::new("is_ipv4", (1, 1), truth_kind, is_ipv4),
    Function::new("is_ipv4_compat", (1, 1), truth_kind, is_ipv4_compat),
    Function::new("is_ipv4_mapped", (1, 1), truth_kind, is_ipv4_mapped),
    Function::new("is_ipv6", (1, 1), truth_kind, is_ipv6),
];

fn truth_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::truth().with_nullable(signature.any_nullable()))
}

fn number_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::uint(21))
}

fn text_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(of_connection(signature, 31).with_nullable(true))
}

fn text6_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(of_connection(signature, 39).with_nullable(true))
}

fn bytes_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(binary(16).with_nullable(true))
}

/// Reads one to four numbers with points between them; of fewer than four the last is the last of
/// the address, and the first are its first.
fn parse_short(text: &[u8]) -> Option<u64> {
    let (mut address, mut part, mut points) = (0_u64, 0_u64, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                part = part * 10 + u64::from(byte - b'0');
                if part > 255 {
                    return None;
                }
            }
            b'.' => {
                points += 1;
                if points > 3 {
                    return None;
                }
                address = address << 8 | part;
                part = 0;
            }
            _ => return None,
        }
    }
    if !text.last()?.is_ascii_digit() {
        return None;
    }
    let missing = if points == 0 { 0 } else { 3 - points };
    Some(address << (8 * missing) << 8 | part)
}

fn inet_aton(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    match parse_short(&text) {
        Some(address) => Ok(Value::UInt(address)),
        None => wrong_value(call, 0, "string", "inet_aton"),
    }
}

fn inet_ntoa(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(number) = call.int(0)? else { return Ok(Value::Null) };
    match u32::try_from(number.bits_u64()) {
        Ok(address) => Ok(call.made(Ipv4Addr::from(address).to_string())),
        Err(_) => wrong_value(call, 0, "integer", "inet_ntoa"),
    }
}

/// Reads four numbers of one to three digits.
pub(crate) fn parse_v4(text: &[u8]) -> Option<[u8; 4]> {
    let mut parts = text.split(|byte| *byte == b'.');
    let mut address = [0; 4];
    for byte in &mut address {
        let part = parts.next()?;
        let digits = (1..=3).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
        if !digits {
            return None;
        }
        *byte = std::str::from_utf8(part).ok()?.parse().ok()?;
    }
    parts.next().is_none().then_some(address)
}

/// Reads eight groups of one to four digits, the last two perhaps as an IPv4 address, and one run
/// of zeros left out.
pub(crate) fn parse_v6(text: &[u8]) -> Option<[u8; 16]> {
    if !(2..=39).contains(&text.len()) {
        return None;
    }
    let gap = text.windows(2).position(|pair| pair == b"::");
    let (before, after) = match gap {
        Some(place) => (text.get(..place)?, text.get(place + 2..)?),
        None => (text, &[][..]),
    };
    let before = groups(before, gap.is_none())?;
    let after = groups(after, true)?;
    let length = before.len() + after.len();
    if gap.is_none() && length != 16 || gap.is_some() && length > 14 {
        return None;
    }
    let mut address = [0; 16];
    address.get_mut(..before.len())?.copy_from_slice(&before);
    address.get_mut(16 - after.len()..)?.copy_from_slice(&after);
    Some(address)
}

/// Reads groups with colons between them, the last perhaps an IPv4 address.
fn groups(text: &[u8], last: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(16);
    if text.is_empty() {
        return Some(bytes);
    }
    let mut parts = text.split(|byte| *byte == b':').peekable();
    while let Some(part) = parts.next() {
        if part.contains(&b'.') {
            if !last || parts.peek().is_some() {
                return None;
            }
            bytes.extend(parse_v4(part)?);
            return Some(bytes);
        }
        if !(1..=4).contains(&part.len()) {
            return None;
        }
        let mut group = 0_u16;
        for byte in part {
            group = group << 4 | char::from(*byte).to_digit(16)? as u16;
        }
        bytes.extend(group.to_be_bytes());
    }
    Some(bytes)
}

fn inet6_aton(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    let address = parse_v4(&text).map(Vec::from).or_else(|| parse_v6(&text).map(Vec::from));
    match address {
        Some(address) => Ok(call.made(address)),
        None => wrong_value(call, 0, "string", "inet6_aton"),
    }
}

/// Writes an address of 4 or 16 bytes.
pub(crate) fn write(address: &[u8]) -> Option<String> {
    if let Ok(address) = <[u8; 4]>::try_from(address) {
        return Some(Ipv4Addr::from(address).to_string());
    }
    let address: [u8; 16] = address.try_into().ok()?;
    let groups = Ipv6Addr::from(address).segments();
    let (start, length) = longest_zeros(&groups);
    // What stands for an IPv4 address shows it.
    let shown = match groups {
        [0, 0, 0, 0, 0, 0xffff, ..] => true,
        [0, 0, 0, 0, 0, 0, high, _] => high != 0,
        _ => false,
    };
    let mut text = String::with_capacity(39);
    let mut place = 0;
    while place < 8 {
        if place == start && length > 0 {
            text.push_str("::");
            place += length;
            continue;
        }
        if place > 0 && !text.ends_with(':') {
            text.push(':');
        }
        if place == 6 && shown {
            let [.., a, b, c, d] = address;
            text.push_str(&Ipv4Addr::new(a, b, c, d).to_string());
            break;
        }
        let group = groups.get(place).copied().unwrap_or(0);
        text.push_str(&format!("{group:x}"));
        place += 1;
    }
    Some(text)
}

/// Returns where the longest run of zeros starts, the first of equal ones, and its length.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let (mut best, mut start) = ((0, 0), 0);
    for (place, group) in groups.iter().enumerate() {
        if *group != 0 {
            start = place + 1;
        } else if place + 1 - start > best.1 {
            best = (start, place + 1 - start);
        }
    }
    best
}

fn inet6_ntoa(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let binary = call.arg_kind(0).is_string() && text.collation == vt_value::Collation::BINARY;
    match write(&text.bytes).filter(|_| binary) {
        Some(text) => Ok(call.made(text)),
        None => wrong_value(call, 0, "string", "inet6_ntoa"),
    }
}

/// Returns whether the argument is text: no number is an address.
fn is_text(call: &Call<'_, '_>) -> bool {
    !call.arg_kind(0).typ.is_number()
}

fn is_ipv4(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if !is_text(call) {
        return Ok(Value::Int(0));
    }
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    Ok(Value::from(parse_v4(&text).is_some()))
}

fn is_ipv6(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if !is_text(call) {
        return Ok(Value::Int(0));
    }
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    Ok(Value::from(parse_v6(&text).is_some()))
}

fn is_ipv4_compat(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if !is_text(call) {
        return Ok(Value::Int(0));
    }
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    let (zeros, rest) = text.split_at(text.len().min(12));
    let address = rest.first_chunk().map(|rest| u32::from_be_bytes(*rest));
    let compatible = text.len() == 16 && zeros.iter().all(|byte| *byte == 0);
    Ok(Value::from(compatible && address.is_some_and(|address| address > 1)))
}

fn is_ipv4_mapped(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if !is_text(call) {
        return Ok(Value::Int(0));
    }
    let Some(text) = call.bytes(0)? else { return Ok(Value::Null) };
    let prefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
    Ok(Value::from(text.len() == 16 && text.starts_with(&prefix)))
}

#[cfg(test)]
mod tests;
