//! The collations of Unicode's algorithm: roots, and languages as what differs from them.

use std::collections::BTreeMap;

use vt_collation::{Charset, Collation};

use super::contractions::{self, Contractions};
use super::server::Server;
use super::{Parts, encode};
use crate::sh;

/// The weights of a character or a contraction, level by level.
pub(super) type Weights = Vec<Vec<u16>>;

/// A language that differs in more characters changes a level as a whole.
const ALL: usize = 500_000;

/// Marks characters whose weights follow from the code point, a run of them.
const IMPLICIT: u8 = 0xFF;
/// Marks characters that all weigh the same on the one level, a run of them.
const CONSTANT: u8 = 0xFE;
/// Says that the levels differ in the number of weights; else the byte is that number.
const UNEVEN: u8 = 0xFD;

/// A collation that is asked for all levels, and what its part is called.
pub(super) struct Table {
    pub(super) collation: String,
    part: String,
    root: Option<&'static str>,
    pub(super) levels: usize,
}

/// Returns the tables: roots first.
fn tables() -> Vec<Table> {
    let mut tables = Vec::new();
    let names = Collation::all().filter(|one| one.charset() == Some(Charset::Utf8mb4));
    for name in names.filter_map(Collation::name) {
        let short = name.trim_start_matches("utf8mb4_");
        let (part, root, levels) = match short {
            "unicode_ci" => ("uca400:".to_owned(), None, 1),
            "unicode_520_ci" => ("uca520:".to_owned(), None, 1),
            "0900_as_cs" => ("uca900:".to_owned(), None, 3),
            "bin" | "0900_bin" | "general_ci" => continue,
            _ if short.ends_with("_ks") => ("uca900:ja_ks".to_owned(), Some("ja_0900_as_cs"), 4),
            _ => match (short.strip_suffix("_0900_as_cs"), short.contains("0900")) {
                (Some(language), _) => (format!("uca900:{language}"), Some("0900_as_cs"), 3),
                (None, true) => continue,
                (None, false) => {
                    let language = short.trim_end_matches("_ci");
                    (format!("uca400:{language}"), Some("unicode_ci"), 1)
                }
            },
        };
        tables.push(Table { collation: name.to_owned(), part, root, levels });
    }
    tables.sort_by_key(|table| table.root.is_some());
    tables
}

/// Writes the tables of the parts whose name begins so.
pub(super) fn write(server: &Server, only: &str, parts: &mut Parts) -> Result<(), String> {
    if only.is_empty() {
        check_lesser_levels(server)?;
    }
    let tables = tables();
    let wanted = |table: &Table| table.part.starts_with(only);
    let is_root = |table: &Table| {
        let name = table.collation.trim_start_matches("utf8mb4_");
        tables.iter().any(|other| wanted(other) && other.root == Some(name))
    };
    let mut roots: BTreeMap<String, BTreeMap<u32, Weights>> = BTreeMap::new();
    let mut root_contractions: BTreeMap<String, Contractions> = BTreeMap::new();
    for table in tables.iter().filter(|table| wanted(table) || is_root(table)) {
        let mut own = weights(server, table)?;
        let root = table.root.map(|root| format!("utf8mb4_{root}"));
        let mut all = match root.as_ref().and_then(|root| roots.get(root)) {
            Some(root) => root.clone(),
            None => BTreeMap::new(),
        };
        let cases = if own.len() > ALL { case_weights(&own, &all) } else { BTreeMap::new() };
        if !cases.is_empty() {
            own.retain(|point, weights| {
                all.get(point).is_none_or(|root| with_cases(root, &cases) != *weights)
            });
            all.values_mut().for_each(|weights| *weights = with_cases(weights, &cases));
        }
        all.extend(own.iter().map(|(point, weights)| (*point, weights.clone())));
        let inherited = root.as_ref().and_then(|root| root_contractions.get(root));
        if !wanted(table) {
            roots.insert(table.collation.clone(), all);
            continue;
        }
        let found = contractions::find(server, table, &own, &all, inherited)?;
        let body = encode_table(table, &own, &cases, &found);
        sh::say(&format!(
            "{}: {} characters, {} contractions, {} bytes",
            table.part,
            own.len(),
            found.len(),
            body.len()
        ));
        parts.push((table.part.clone(), body));
        if is_root(table) {
            roots.insert(table.collation.clone(), all);
            root_contractions.insert(table.collation.clone(), found);
        }
    }
    Ok(())
}

/// Proves that collations that look at fewer levels have the same weights on those.
fn check_lesser_levels(server: &Server) -> Result<(), String> {
    for name in Collation::all().filter_map(Collation::name) {
        let Some(start) = name.strip_suffix("_ai_ci").or(name.strip_suffix("_as_ci")) else {
            continue;
        };
        let full = format!("{start}_as_cs");
        let differing = server.number(&format!(
            "select count(*) from points where weight_string(c collate {name}) <>
             left(weight_string(c collate {full}), length(weight_string(c collate {name})))"
        ))?;
        if differing > 0 {
            return Err(format!("{name}: {differing} characters weigh otherwise than in {full}"));
        }
    }
    Ok(())
}

/// Returns the weights of the characters that differ from the root's, or of all.
fn weights(server: &Server, table: &Table) -> Result<BTreeMap<u32, Weights>, String> {
    let weight = format!("weight_string(c collate {})", table.collation);
    let differing = match table.root {
        Some(root) => format!("where {weight} <> weight_string(c collate utf8mb4_{root})"),
        None => String::new(),
    };
    let rows = server.numbered(&format!("select id, hex({weight}) from points {differing}"))?;
    let split = rows.into_iter().map(|(point, key)| {
        Ok((point, split_levels(&key, table.levels).map_err(|err| format!("{point:X}: {err}"))?))
    });
    split.collect()
}

/// Returns what becomes of the root's weights of the third level in a language that has capitals
/// first; nothing if the language changes no more than other levels.
fn case_weights(own: &BTreeMap<u32, Weights>, root: &BTreeMap<u32, Weights>) -> BTreeMap<u16, u16> {
    let mut votes: BTreeMap<(u16, u16), u32> = BTreeMap::new();
    for (point, weights) in own {
        let (Some([.., from]), [_, _, to]) = (root.get(point).map(Vec::as_slice), &weights[..])
        else {
            continue;
        };
        if from.len() == to.len() {
            for pair in from.iter().zip(to) {
                *votes.entry((*pair.0, *pair.1)).or_default() += 1;
            }
        }
    }
    let mut best: BTreeMap<u16, (u32, u16)> = BTreeMap::new();
    for ((from, to), count) in votes {
        let one = best.entry(from).or_default();
        *one = (*one).max((count, to));
    }
    let map: BTreeMap<u16, u16> = best.into_iter().map(|(from, one)| (from, one.1)).collect();
    if map.iter().all(|(from, to)| from == to) { BTreeMap::new() } else { map }
}

/// Returns the root's weights with those of the third level changed.
fn with_cases(weights: &Weights, cases: &BTreeMap<u16, u16>) -> Weights {
    let mut weights = weights.clone();
    for weight in weights.get_mut(2).into_iter().flatten() {
        *weight = cases.get(weight).copied().unwrap_or(*weight);
    }
    weights
}

/// Takes a key apart at the zeros between the levels, the last of them: on the first level a
/// contraction may have a weight of zero.
pub(super) fn split_levels(key: &[u8], levels: usize) -> Result<Weights, String> {
    let pairs = key.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    let mut rest: Vec<u16> = pairs.collect();
    let zeros = rest.iter().filter(|weight| **weight == 0).count();
    // The fourth level is left out where it has nothing to say.
    let told = if levels == 4 && zeros == 2 { 3 } else { levels };
    let mut weights = vec![Vec::new(); levels];
    for level in weights.iter_mut().take(told).skip(1).rev() {
        let zero = rest.iter().rposition(|weight| *weight == 0);
        let zero = zero.ok_or_else(|| format!("{key:X?} has not {levels} levels"))?;
        *level = rest.split_off(zero + 1);
        rest.truncate(zero);
    }
    weights[0] = rest;
    Ok(weights)
}

/// Joins levels into a key.
pub(super) fn join_levels(weights: &Weights) -> Vec<u8> {
    let mut key = Vec::new();
    for (number, level) in weights.iter().enumerate() {
        if number > 0 {
            key.extend_from_slice(&[0, 0]);
        }
        key.extend(level.iter().flat_map(|weight| weight.to_be_bytes()));
    }
    key
}

/// Returns the base from which a code point's weights follow, if they do.
fn implicit_base(point: u32, weights: &Weights) -> Option<u16> {
    let [first, second] = weights.first()?.as_slice() else { return None };
    let low = (point & 0x7FFF) as u16 | 0x8000;
    let usual: [&[u16]; 3] = [&[0x20], &[0x02], &[]];
    let plain = weights.iter().skip(1).zip(usual).all(|(level, usual)| level == usual);
    let base = first.checked_sub((point >> 15) as u16)?;
    (plain && *second == low).then_some(base)
}

/// How a character's weights are written.
#[derive(PartialEq)]
enum Form {
    Implicit(u16),
    Constant(u16),
    Listed,
}

fn form(point: u32, weights: &Weights) -> Form {
    match (implicit_base(point, weights), weights.as_slice()) {
        (Some(base), _) => Form::Implicit(base),
        (None, [one]) if one == &[0xFFFD] => Form::Constant(0xFFFD),
        _ => Form::Listed,
    }
}

fn encode_table(
    table: &Table,
    own: &BTreeMap<u32, Weights>,
    cases: &BTreeMap<u16, u16>,
    contractions: &Contractions,
) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut count = 0;
    let mut next = 0;
    let mut last = vec![0; table.levels];
    let mut points = own.iter().peekable();
    while let Some((&point, weights)) = points.next() {
        count += 1;
        encode::number(point - next, &mut entries);
        next = point + 1;
        let one = form(point, weights);
        let (mark, value) = match one {
            Form::Listed => {
                encode_weights(weights, &mut last, &mut entries);
                continue;
            }
            Form::Implicit(base) => (IMPLICIT, base),
            Form::Constant(weight) => (CONSTANT, weight),
        };
        while points
            .next_if(|(other, weights)| **other == next && form(**other, weights) == one)
            .is_some()
        {
            next += 1;
        }
        entries.push(mark);
        encode::number(value.into(), &mut entries);
        encode::number(next - point - 1, &mut entries);
    }
    let mut out = Vec::new();
    encode::number(table.levels as u32, &mut out);
    encode::number(cases.len() as u32, &mut out);
    for (from, to) in cases {
        encode::number((*from).into(), &mut out);
        encode::number((*to).into(), &mut out);
    }
    encode::number(count, &mut out);
    out.extend_from_slice(&entries);
    encode::number(contractions.len() as u32, &mut out);
    let mut last = vec![0; table.levels];
    for (chars, weights) in contractions {
        encode::number(chars.len() as u32, &mut out);
        for point in chars {
            encode::number(*point, &mut out);
        }
        encode_weights(weights, &mut last, &mut out);
    }
    out
}

/// Writes how many weights, and each as the difference to the one before on its level.
fn encode_weights(weights: &Weights, last: &mut [u16], out: &mut Vec<u8>) {
    let first = weights.first().map_or(0, Vec::len);
    let even = weights.iter().all(|level| level.len() == first) && first < usize::from(UNEVEN);
    if even {
        out.push(first as u8);
    } else {
        out.push(UNEVEN);
        for level in weights {
            encode::number(level.len() as u32, out);
        }
    }
    for (level, last) in weights.iter().zip(last) {
        for weight in level {
            encode::difference((*last).into(), (*weight).into(), out);
            *last = *weight;
        }
    }
}
