//! Character sets of several bytes a character that are not Unicode's own forms.

use std::collections::BTreeMap;

use vt_collation::{Charset, Collation};

use super::server::{Server, hex};
use super::{Parts, encode};

/// Sets whose tables are the same as those of the code points.
const UNICODE: [Charset; 6] = [
    Charset::Utf8mb3,
    Charset::Utf8mb4,
    Charset::Ucs2,
    Charset::Utf16,
    Charset::Utf16le,
    Charset::Utf32,
];

/// Writes the sets of several bytes.
pub(super) fn write(server: &Server, parts: &mut Parts) -> Result<(), String> {
    for set in Charset::all().filter(|set| set.max_len() > 1 && !UNICODE.contains(set)) {
        let mut chars = Vec::new();
        let mut add = |char: &[u8]| {
            if set.whole_len(char) == Some(char.len())
                && let Some(key) = set.key(char)
            {
                chars.push(format!("({key}, x'{}')", hex(char)));
            }
        };
        for first in 0..=255_u8 {
            add(&[first]);
            for second in 0..=255_u8 {
                add(&[first, second]);
                add(&[0x8F, first, second]);
            }
        }
        prepare(server, set, &chars)?;
        if set == Charset::Gb18030 {
            add_four_bytes(server)?;
        }
        write_set(server, set, parts)?;
    }
    Ok(())
}

/// Makes the table of a set's characters and their keys.
pub(super) fn prepare(server: &Server, set: Charset, chars: &[String]) -> Result<(), String> {
    let name = set.name();
    let mut sql = format!(
        "create table {name}_bytes (k int unsigned primary key, b varbinary(4));
         create table {name}_chars (k int unsigned primary key, b varbinary(4),
           c varchar(1) character set {name} collate {name}_bin);"
    );
    for chunk in chars.chunks(4000) {
        sql.push_str(&format!("insert into {name}_bytes values {};", chunk.join(",")));
    }
    sql.push_str(&format!(
        "insert into {name}_chars select k, b, convert(b using {name}) from {name}_bytes"
    ));
    server.ask(&sql).map(|_| ())
}

/// Adds the characters of four bytes, whose keys follow those of two.
fn add_four_bytes(server: &Server) -> Result<(), String> {
    let mut halves = Vec::new();
    for first in 0x81..=0xFE_u8 {
        for second in 0x30..=0x39_u8 {
            halves.push(format!("({}, x'{}')", halves.len(), hex(&[first, second])));
        }
    }
    server.ask(&format!(
        "create table halves (n int unsigned primary key, b varbinary(2));
         insert into halves values {};
         insert into gb18030_chars select 0x10000 + x.n * 1260 + y.n, concat(x.b, y.b),
           convert(concat(x.b, y.b) using gb18030) from halves x, halves y",
        halves.join(",")
    ))?;
    Ok(())
}

/// Writes what a set's characters are in Unicode, their case and their weights.
pub(super) fn write_set(server: &Server, set: Charset, parts: &mut Parts) -> Result<(), String> {
    write_unicode(server, set, parts)?;
    let own = |collation: &Collation| collation.charset() == Some(set);
    let default = set.default_collation();
    let changes = ["upper", "lower"];
    let mut usual = Vec::new();
    for change in changes {
        let map = changed(server, set, default, change)?;
        parts.push((format!("{change}:{}", set.name()), encode::runs(&map)));
        usual.push(map);
    }
    for collation in Collation::all().filter(own) {
        let name = collation.name().unwrap_or_default();
        if name == "gb18030_unicode_520_ci" {
            continue;
        }
        // A set of several bytes has one table of case; to ask again would take long.
        if set.max_len() == 1 {
            for (change, usual) in changes.iter().zip(&usual) {
                let map = changed(server, set, collation, change)?;
                if map != *usual {
                    parts.push((format!("{change}:{name}"), encode::runs(&map)));
                }
            }
        }
        if !name.ends_with("_bin") && !name.ends_with("_czech_cs") {
            parts.push((format!("weight:{name}"), weights(server, set, name)?));
        }
    }
    Ok(())
}

fn number_of(bytes: &[u8]) -> Result<u32, String> {
    let fits = bytes.len() <= 4 && (bytes.len() == 1 || bytes.first() != Some(&0));
    if !fits {
        return Err(format!("{bytes:X?} is no weight"));
    }
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// Returns the weights that are not the bytes of the character, as numbers.
fn weights(server: &Server, set: Charset, name: &str) -> Result<Vec<u8>, String> {
    let rows = server.numbered(&format!(
        "select k, hex(weight_string(c collate {name})) from {}_chars
         where weight_string(c collate {name}) <> b",
        set.name()
    ))?;
    let mut map = BTreeMap::new();
    for (key, weight) in rows {
        map.insert(key, number_of(&weight).map_err(|err| format!("{name}: {key:X}: {err}"))?);
    }
    Ok(encode::runs(&map))
}

fn changed(
    server: &Server,
    set: Charset,
    collation: Collation,
    change: &str,
) -> Result<BTreeMap<u32, u32>, String> {
    let name = collation.name().unwrap_or_default();
    let rows = server.numbered(&format!(
        "select k, hex({change}(c collate {name})) from {}_chars
         where cast({change}(c collate {name}) as binary) <> b",
        set.name()
    ))?;
    let mut map = BTreeMap::new();
    for (key, other) in rows {
        let other = set.key(&other).ok_or_else(|| format!("{name}: {change}({key:X})"))?;
        map.insert(key, other);
    }
    Ok(map)
}

/// Writes the code points of the characters, and where the way back is not the same the
/// character of the code point, plus one; 0 says that there is none.
fn write_unicode(server: &Server, set: Charset, parts: &mut Parts) -> Result<(), String> {
    let name = set.name();
    let rows = server.numbered(&format!(
        "select k, hex(convert(c using utf32)) from {name}_chars
         where k = 0x3f or cast(convert(c using utf32) as binary) <> x'0000003f'"
    ))?;
    let mut there = BTreeMap::new();
    for (key, point) in rows {
        there.insert(key, number_of_point(&point)?);
    }
    let rows = server.numbered(&format!(
        "select id, hex(convert(c using {name})) from points
         where id = 0x3f or cast(convert(c using {name}) as binary) <> '?'"
    ))?;
    let mut back = BTreeMap::new();
    for (point, char) in rows {
        back.insert(point, set.key(&char).ok_or_else(|| format!("{name}: {point:X}"))?);
    }
    let mut exceptions = BTreeMap::new();
    // The least of several characters is the one that is taken when nothing else is said.
    let mut inverse = BTreeMap::new();
    for (&key, &point) in &there {
        inverse.entry(point).or_insert(key);
    }
    for point in inverse.keys().chain(back.keys()) {
        if inverse.get(point) != back.get(point) {
            exceptions.insert(*point, back.get(point).map_or(0, |key| key + 1));
        }
    }
    parts.push((format!("to:{name}"), encode::runs(&there)));
    parts.push((format!("from:{name}"), encode::runs(&exceptions)));
    Ok(())
}

fn number_of_point(utf32: &[u8]) -> Result<u32, String> {
    let four = <[u8; 4]>::try_from(utf32).map_err(|_| format!("{utf32:X?} is no code point"))?;
    Ok(u32::from_be_bytes(four))
}
