//! How the tables are written: numbers of variable length, runs, the archive.

use std::collections::BTreeMap;

/// Appends a number, seven bits a byte, the least first; the high bit says that more follow.
pub(super) fn number(mut value: u32, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a difference, its sign in the lowest bit.
pub(super) fn difference(from: u32, to: u32, out: &mut Vec<u8>) {
    let step = to.wrapping_sub(from) as i32;
    number(((step << 1) ^ (step >> 31)) as u32, out);
}

/// Writes a map as runs in which key and value grow together by one: how many runs, and of each
/// the gap to the end of the one before, the difference to the value that would have followed
/// there, and the length less one.
pub(super) fn runs(map: &BTreeMap<u32, u32>) -> Vec<u8> {
    let mut runs: Vec<(u32, u32, u32)> = Vec::new();
    for (&key, &value) in map {
        match runs.last_mut() {
            Some((start, first, len))
                if *start + *len == key && first.wrapping_add(*len) == value =>
            {
                *len += 1;
            }
            _ => runs.push((key, value, 1)),
        }
    }
    let mut out = Vec::new();
    number(runs.len() as u32, &mut out);
    let (mut key, mut value) = (0, 0);
    for (start, first, len) in runs {
        number(start - key, &mut out);
        difference(value, first, &mut out);
        number(len - 1, &mut out);
        (key, value) = (start + len, first.wrapping_add(len));
    }
    out
}

/// Writes the archive: how many parts, of each the name and the length of its body, the bodies.
pub(super) fn archive(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    number(parts.len() as u32, &mut out);
    for (name, body) in parts {
        number(name.len() as u32, &mut out);
        out.extend_from_slice(name.as_bytes());
        number(body.len() as u32, &mut out);
    }
    for (_, body) in parts {
        out.extend_from_slice(body);
    }
    out
}

/// Takes an archive apart.
pub(super) fn parts(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut rest = archive;
    let mut heads = Vec::new();
    for _ in 0..read_number(&mut rest)? {
        let len = read_number(&mut rest)?;
        let name = String::from_utf8_lossy(take(&mut rest, len)?).into_owned();
        heads.push((name, read_number(&mut rest)?));
    }
    heads.into_iter().map(|(name, len)| Ok((name, take(&mut rest, len)?.to_vec()))).collect()
}

fn read_number(rest: &mut &[u8]) -> Result<usize, String> {
    let mut value = 0;
    for shift in (0..32).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= usize::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            break;
        }
    }
    Ok(value)
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], String> {
    let (start, after) = rest.split_at_checked(len).ok_or("the archive is cut off")?;
    *rest = after;
    Ok(start)
}
