//! The collation key of a text: the primary weights of its characters, so that letter case,
//! accents and width do not count.
//!
//! The weights are the first level of the root collation of Unicode CLDR (Unicode 6.2), in
//! `collation_weights.txt`, a line for each character or run of characters in hex:
//!
//! - `61 15ef`: U+0061 has the primary weight 15ef; more weights may follow (an expansion), and
//!   none means that the character does not count;
//! - `3400-4dbf 23400`: the first of the run has this weight, each next one more;
//! - `4c+b7 1711`: the characters together have these weights (a contraction).
//!
//! Characters that decompose are not listed: a text is decomposed first. A character that the file
//! lacks has its code point plus 50000 (hex).

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

static WEIGHTS: LazyLock<Weights> =
    LazyLock::new(|| Weights::read(include_str!("collation_weights.txt")));

const UNLISTED: u32 = 0x5_0000;

/// Returns the key of a text without the blanks at its end.
///
/// Bytes that are not UTF-8 have the weight of an unlisted U+FFFD.
pub(crate) fn collation_key(text: &[u8]) -> Vec<u8> {
    let end = text.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    let mut key = Vec::with_capacity(2 * end);
    for chunk in text[..end].utf8_chunks() {
        let valid = chunk.valid();
        let chars: Vec<char> = match valid.is_ascii() {
            true => valid.chars().collect(),
            false => valid.nfd().collect(),
        };
        WEIGHTS.put_key(chars, &mut key);
        if !chunk.invalid().is_empty() {
            put(u32::from(char::REPLACEMENT_CHARACTER) + UNLISTED, &mut key);
        }
    }
    key
}

/// The file, read.
struct Weights {
    /// Runs of characters, ascending: first, last, and the weights of the first.
    runs: Vec<(u32, u32, Box<[u32]>)>,
    contractions: HashMap<Box<[char]>, Box<[u32]>>,
    /// The length of the longest contraction that begins with a character.
    longest: HashMap<char, usize>,
}

impl Weights {
    fn read(file: &str) -> Weights {
        let mut weights =
            Weights { runs: Vec::new(), contractions: HashMap::new(), longest: HashMap::new() };
        for line in file.lines() {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default();
            let values: Box<[u32]> = words.map(hex).collect();
            if name.contains('+') {
                let chars: Box<[char]> =
                    name.split('+').filter_map(|one| char::from_u32(hex(one))).collect();
                let longest = weights.longest.entry(chars[0]).or_default();
                *longest = chars.len().max(*longest);
                weights.contractions.insert(chars, values);
            } else {
                let (first, last) = name.split_once('-').unwrap_or((name, name));
                weights.runs.push((hex(first), hex(last), values));
            }
        }
        weights
    }

    fn put_key(&self, mut chars: Vec<char>, key: &mut Vec<u8>) {
        let mut at = 0;
        while let Some(first) = chars.get(at).copied() {
            match self.contraction(&mut chars, at) {
                Some((length, weights)) => {
                    weights.iter().for_each(|weight| put(*weight, key));
                    at += length;
                }
                None => {
                    self.put_char(u32::from(first), key);
                    at += 1;
                }
            }
        }
    }

    /// Returns the longest contraction that stands at a place, with its length.
    ///
    /// A mark that belongs to it may stand behind marks of other classes that do not; it is taken
    /// out from there (Unicode Technical Standard 10, step S2.1).
    fn contraction(&self, chars: &mut Vec<char>, at: usize) -> Option<(usize, &[u32])> {
        let longest = (*self.longest.get(&chars[at])?).min(chars.len() - at);
        let mut found = (2..=longest)
            .rev()
            .find_map(|length| Some((length, &**self.contractions.get(&chars[at..at + length])?)));
        let mut taken: Vec<char> = chars[at..at + found.map_or(1, |(length, _)| length)].to_vec();
        let contiguous = taken.len();
        let mut place = at + contiguous;
        let mut blocked = 0;
        while let Some(mark) = chars.get(place).copied() {
            let class = canonical_combining_class(mark);
            if class == 0 {
                break;
            }
            taken.push(mark);
            match self.contractions.get(&*taken).filter(|_| class > blocked) {
                Some(weights) => {
                    found = Some((contiguous, weights));
                    chars.remove(place);
                }
                None => {
                    taken.pop();
                    blocked = class;
                    place += 1;
                }
            }
        }
        found
    }

    fn put_char(&self, code: u32, key: &mut Vec<u8>) {
        let after = self.runs.partition_point(|(first, ..)| *first <= code);
        match after.checked_sub(1).map(|index| &self.runs[index]) {
            Some((first, last, weights)) if code <= *last => {
                weights.iter().for_each(|weight| put(weight + (code - first), key));
            }
            _ => put(code + UNLISTED, key),
        }
    }
}

/// Writes a weight in two bytes, or in three with the high bit set.
fn put(weight: u32, key: &mut Vec<u8>) {
    let [_, high, middle, low] = weight.to_be_bytes();
    if weight > 0x7fff {
        key.push(high | 0x80);
    }
    key.extend([middle, low]);
}

fn hex(digits: &str) -> u32 {
    u32::from_str_radix(digits, 16).expect("the file of weights holds nothing but hex numbers")
}
