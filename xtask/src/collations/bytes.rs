//! Character sets that are not Unicode's: what their characters are there, case, weights.
//!
//! This file has those of one byte a character; they are asked as those of several are.

use vt_collation::Charset;

use super::server::{Server, hex};
use super::{Parts, encode, multibyte};

/// Writes the sets of one byte.
pub(super) fn write(server: &Server, parts: &mut Parts) -> Result<(), String> {
    for set in Charset::all().filter(|set| set.max_len() == 1 && *set != Charset::Binary) {
        let chars: Vec<String> = (0..=255_u8)
            .filter(|byte| set.whole_len(&[*byte]).is_some())
            .map(|byte| format!("({byte}, x'{}')", hex(&[byte])))
            .collect();
        multibyte::prepare(server, set, &chars)?;
        multibyte::write_set(server, set, parts)?;
    }
    write_patterns(server, parts)?;
    write_czech(server, parts)
}

/// Collations under which LIKE and LOCATE compare bytes otherwise than by their weights.
const OWN_PATTERNS: [(&str, &str); 4] = [
    ("latin1", "latin1_german2_ci"),
    ("latin2", "latin2_czech_cs"),
    ("cp1250", "cp1250_czech_cs"),
    ("tis620", "tis620_thai_ci"),
];

/// Writes, for each byte, the least that LIKE takes for it, and that LOCATE finds in its place;
/// where the two are not the same.
fn write_patterns(server: &Server, parts: &mut Parts) -> Result<(), String> {
    for (set, collation) in OWN_PATTERNS {
        let rows = server.numbered(&format!(
            "select a.k, lpad(hex(min(b.k)), 2, '0') from {set}_chars a, {set}_chars b
             where b.k not in (37, 95, 124) and a.c collate {collation} like b.c escape '|'
             group by a.k having a.k <> min(b.k)"
        ))?;
        let map =
            rows.iter().map(|(byte, least)| (*byte, least.first().map_or(0, |b| (*b).into())));
        parts.push((format!("like:{collation}"), encode::runs(&map.collect())));
        let rows = server.numbered(&format!(
            "select a.k, lpad(hex(min(b.k)), 2, '0') from {set}_chars a, {set}_chars b
             where locate(b.c, a.c collate {collation}) = 1
             group by a.k having a.k <> min(b.k)"
        ))?;
        let map =
            rows.iter().map(|(byte, least)| (*byte, least.first().map_or(0, |b| (*b).into())));
        parts.push((format!("find:{collation}"), encode::runs(&map.collect())));
    }
    Ok(())
}

/// Writes the Czech collations: how many levels, 256 weights of each, 0 for none; then how many
/// pairs weigh together otherwise, their bytes and weights.
fn write_czech(server: &Server, parts: &mut Parts) -> Result<(), String> {
    for (set, collation, levels) in
        [("cp1250", "cp1250_czech_cs", 2), ("latin2", "latin2_czech_cs", 4)]
    {
        let key = |a: &str| format!("hex(weight_string({a} collate {collation}))");
        let rows =
            server.numbered(&format!("select k, {} from {set}_chars order by k", key("c")))?;
        let mut all = vec![vec![0; 256]; levels];
        let mut single = Vec::new();
        for (byte, key) in rows {
            let weights = czech_weights(&key, levels)?;
            for (level, weight) in all.iter_mut().zip(&weights) {
                level[byte as usize] = *weight;
            }
            single.push(weights);
        }
        let pairs = server.numbered(&format!(
            "select a.k * 256 + b.k, {} from {set}_chars a, {set}_chars b
             where a.k not in (9, 32) and b.k not in (9, 32)",
            key("concat(a.c, b.c)")
        ))?;
        let mut contractions = Vec::new();
        let mut count = 0;
        for (pair, key) in pairs {
            let both = [pair >> 8, pair & 0xFF].map(|byte| &single[byte as usize]);
            if czech_key(&both, levels) != key {
                count += 1;
                contractions.extend([(pair >> 8) as u8, pair as u8]);
                contractions.extend(czech_weights(&key, levels)?);
            }
        }
        let mut out = vec![levels as u8];
        out.extend(all.into_iter().flatten());
        out.push(count);
        out.extend(contractions);
        parts.push((format!("czech:{collation}"), out));
    }
    Ok(())
}

/// Takes the key of one letter apart: two weights, or four levels with ends between them.
fn czech_weights(key: &[u8], levels: usize) -> Result<Vec<u8>, String> {
    if levels == 2 {
        return Ok(key.to_vec());
    }
    let body = key.strip_suffix(&[0]).ok_or_else(|| format!("{key:X?} has no end"))?;
    let levels = body.split(|byte| *byte == 1).map(|level| level.first().copied().unwrap_or(0));
    Ok(levels.collect())
}

/// Returns the key of letters if they weigh one by one.
fn czech_key(letters: &[&Vec<u8>], levels: usize) -> Vec<u8> {
    let mut key = Vec::new();
    for level in 0..levels {
        let weights = letters.iter().filter_map(|letter| letter.get(level).copied());
        key.extend(weights.filter(|weight| *weight != 0));
        if levels == 4 {
            key.push(u8::from(level < 3));
        }
    }
    key
}
