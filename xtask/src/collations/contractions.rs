//! Characters that weigh otherwise together than one after the other.
//!
//! Pairs are looked for among the letters of Europe, and within pages of 256 code points: in a
//! root in all that have characters of its own, in a language where it changes any. Longer ones
//! are looked for among the letters of ASCII and the characters of the pairs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::server::{Server, hex};
use super::uca::{Table, Weights, join_levels, split_levels};

/// Contractions and their weights.
pub(super) type Contractions = BTreeMap<Vec<u32>, Weights>;

/// Letters and marks of Latin, Greek and Cyrillic.
const LETTERS: [(u32, u32); 9] = [
    (0x41, 0x5A),
    (0x61, 0x7A),
    (0xAA, 0x24F),
    (0x2B0, 0x2FF),
    (0x300, 0x36F),
    (0x370, 0x3FF),
    (0x400, 0x52F),
    (0x1E00, 0x1EFF),
    (0x2C60, 0x2C7F),
];

/// Where no contraction can be: ideographs and syllables.
const PLAIN: [(u32, u32); 4] =
    [(0x3400, 0x9FFF), (0xAC00, 0xFAFF), (0x17000, 0x18AFF), (0x20000, 0x10_FFFF)];

/// Is part of no contraction.
const GUARD: u32 = 0x21;

/// Contractions of three characters are looked for in alphabets up to this.
const LONGER_ALPHABET_MAX: usize = 130;

/// A language with more letters than this has them all in pages.
const OWN_LETTERS_MAX: usize = 1000;

/// Finds the contractions of a table that its root does not have or has with other weights.
pub(super) fn find(
    server: &Server,
    table: &Table,
    own: &BTreeMap<u32, Weights>,
    all: &BTreeMap<u32, Weights>,
    inherited: Option<&Contractions>,
) -> Result<Contractions, String> {
    let plain = |point: &u32| PLAIN.iter().any(|(from, to)| (from..=to).contains(&point));
    let own: BTreeSet<u32> =
        own.iter().filter(|(_, levels)| levels[0] != [0xFFFD]).map(|(point, _)| *point).collect();
    let own: BTreeSet<u32> = own.into_iter().filter(|point| !plain(point)).collect();
    let mut letters: BTreeSet<u32> = LETTERS.iter().flat_map(|(from, to)| *from..=*to).collect();
    if own.len() <= OWN_LETTERS_MAX {
        letters.extend(&own);
    }
    let mut found = Contractions::new();
    pairs(server, table, &letters, all, &mut found)?;
    let pages: BTreeSet<u32> = own.iter().map(|point| point >> 8).collect();
    for page in pages {
        let chars = (page << 8..(page + 1) << 8).filter(|point| all.contains_key(point)).collect();
        pairs(server, table, &chars, all, &mut found)?;
    }
    let mut alphabet: BTreeSet<u32> = (0x41..=0x5A).chain(0x61..=0x7A).collect();
    alphabet.extend(found.keys().flatten());
    if !found.is_empty() && alphabet.len() <= LONGER_ALPHABET_MAX {
        longer(server, table, &alphabet, 3, all, &mut found)?;
    }
    let triples = found.keys().filter(|chars| chars.len() == 3);
    let alphabet: BTreeSet<u32> = triples.flatten().copied().collect();
    if !alphabet.is_empty() && alphabet.len() <= LONGER_ALPHABET_MAX / 3 {
        longer(server, table, &alphabet, 4, all, &mut found)?;
    }
    if let Some(inherited) = inherited {
        found.retain(|chars, weights| inherited.get(chars) != Some(weights));
    }
    Ok(found)
}

/// Fills the table of characters that are tried.
fn fill(
    server: &Server,
    table: &Table,
    chars: &BTreeSet<u32>,
    all: &BTreeMap<u32, Weights>,
) -> Result<(), String> {
    let mut rows = Vec::new();
    for point in chars {
        let (Some(weights), Some(char)) = (all.get(point), char::from_u32(*point)) else {
            continue;
        };
        let mut row = format!("({point}, x'{}'", hex(char.to_string().as_bytes()));
        for level in 0..4 {
            let key = weights.get(level).map(|level| join_levels(&vec![level.clone()]));
            let _ = write!(row, ", x'{}'", hex(&key.unwrap_or_default()));
        }
        rows.push(row + ")");
    }
    if rows.is_empty() {
        rows.push("(0, x'00', '', '', '', '')".to_owned());
    }
    debug_assert!(table.levels <= 4);
    server.ask(&format!(
        "drop table if exists tried;
         create table tried (id int unsigned primary key,
           c varchar(1) character set utf8mb4 collate utf8mb4_bin,
           l0 varbinary(80), l1 varbinary(80), l2 varbinary(80), l3 varbinary(80));
         insert into tried values {}",
        rows.join(",")
    ))?;
    Ok(())
}

/// Finds the pairs that do not weigh as their characters do.
///
/// A guard follows them, for in Japanese the last character of a string changes the first.
fn pairs(
    server: &Server,
    table: &Table,
    chars: &BTreeSet<u32>,
    all: &BTreeMap<u32, Weights>,
    found: &mut Contractions,
) -> Result<(), String> {
    fill(server, table, chars, all)?;
    let guard = all.get(&GUARD).ok_or("the guard has no weights")?;
    let guarded = |level: usize| {
        let own = guard.get(level).map(|own| join_levels(&vec![own.clone()])).unwrap_or_default();
        format!("a.l{level}, b.l{level}, x'{}'", hex(&own))
    };
    let mut sum = (0..table.levels.min(3)).map(guarded).collect::<Vec<_>>().join(", x'0000', ");
    if table.levels == 4 {
        sum.push_str(", if(concat(a.l3, b.l3) = '', '', concat(x'0000', a.l3, b.l3))");
    }
    let weight = format!("weight_string(concat(a.c, b.c, '!') collate {})", table.collation);
    let rows = server.ask(&format!(
        "select a.id, b.id, hex({weight}) from tried a, tried b where {weight} <> concat({sum})"
    ))?;
    for row in rows {
        let [first, second, key] = row.as_slice() else { return Err(format!("{row:?}")) };
        let number = |text: &str| text.parse::<u32>().map_err(|err| format!("{text:?}: {err}"));
        let mut weights = split_levels(&super::server::unhex(key)?, table.levels)
            .map_err(|err| format!("{}: {first} and {second}: {err}", table.collation))?;
        for (level, guard) in weights.iter_mut().zip(guard) {
            let len = level.strip_suffix(guard.as_slice()).map(<[u16]>::len);
            level.truncate(len.ok_or_else(|| format!("{first} and {second} take the guard in"))?);
        }
        found.insert(vec![number(first)?, number(second)?], weights);
    }
    Ok(())
}

/// Finds the contractions of a number of characters among the strings of an alphabet.
fn longer(
    server: &Server,
    table: &Table,
    alphabet: &BTreeSet<u32>,
    len: usize,
    all: &BTreeMap<u32, Weights>,
    found: &mut Contractions,
) -> Result<(), String> {
    fill(server, table, alphabet, all)?;
    let names: Vec<String> = (0..len).map(|place| format!("t{place}")).collect();
    let each =
        |form: &str| -> Vec<String> { names.iter().map(|name| form.replace('#', name)).collect() };
    let rows = server.ask(&format!(
        "select {}, hex(weight_string(concat({}) collate {})) from {}",
        each("#.id").join(", "),
        each("#.c").join(", "),
        table.collation,
        each("tried #").join(", ")
    ))?;
    let mut new = Contractions::new();
    for row in rows {
        let Some((key, chars)) = row.split_last() else { continue };
        let chars = chars.iter().map(|text| text.parse::<u32>().map_err(|err| err.to_string()));
        let chars = chars.collect::<Result<Vec<u32>, String>>()?;
        let weights = split_levels(&super::server::unhex(key)?, table.levels)?;
        if weigh(&chars, all, found, table.levels) != weights {
            new.insert(chars, weights);
        }
    }
    found.extend(new);
    Ok(())
}

/// Returns the weights of a string, the longest contraction taken at each place.
fn weigh(
    chars: &[u32],
    all: &BTreeMap<u32, Weights>,
    found: &Contractions,
    levels: usize,
) -> Weights {
    let mut sum = vec![Vec::new(); levels];
    let mut place = 0;
    while place < chars.len() {
        let longest = (2..=chars.len() - place)
            .rev()
            .find_map(|len| found.get(&chars[place..place + len]).map(|weights| (len, weights)));
        let (len, weights) = match longest {
            Some((len, weights)) => (len, Some(weights)),
            None => (1, all.get(&chars[place])),
        };
        for (sum, level) in sum.iter_mut().zip(weights.into_iter().flatten()) {
            sum.extend_from_slice(level);
        }
        place += len;
    }
    sum
}
