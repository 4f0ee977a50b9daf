//! `cp1250_czech_cs` and `latin2_czech_cs`: the whole string is weighed once for each level.

use crate::tables::Reader;

/// Ends a level of a key, or begins the next word.
const END: u8 = 1;
const WORD: u8 = 2;
/// Bytes between words under `latin2_czech_cs`.
const BLANKS: [u8; 2] = [b' ', b'\t'];

/// Weights on two levels, or on four.
pub(super) struct Czech {
    levels: Vec<[u8; 256]>,
    /// Two letters that weigh as one, and the weights.
    pairs: Vec<([u8; 2], Vec<u8>)>,
}

impl Czech {
    pub(super) fn open(name: &str) -> Option<Czech> {
        let mut reader = Reader::open(&format!("czech:{name}"))?;
        let count = reader.byte();
        let levels: Option<Vec<[u8; 256]>> =
            (0..count).map(|_| reader.bytes(256).try_into().ok()).collect();
        let levels = levels?;
        let pairs = (0..reader.byte()).map(|_| {
            let letters = [reader.byte(), reader.byte()];
            (letters, reader.bytes(levels.len()).to_vec())
        });
        let pairs = pairs.collect();
        Some(Czech { levels, pairs })
    }

    /// Returns the key of a string.
    pub(super) fn key(&self, text: &[u8]) -> Vec<u8> {
        if self.levels.len() == 4 { self.key_by_words(text) } else { self.key_by_levels(text) }
    }

    fn key_by_levels(&self, text: &[u8]) -> Vec<u8> {
        let mut key = Vec::with_capacity(text.len() * 2);
        for level in 0..self.levels.len() {
            self.weigh(level, text, &mut key);
        }
        key
    }

    /// Words are weighed on the first two levels one by one; blanks at the end count for nothing.
    fn key_by_words(&self, text: &[u8]) -> Vec<u8> {
        let end = text.iter().rposition(|byte| !BLANKS.contains(byte)).map_or(0, |last| last + 1);
        let text = text.get(..end).unwrap_or_default();
        let words: Vec<&[u8]> = self.words(text);
        let mut key = Vec::with_capacity(text.len() * 5);
        for (number, word) in words.iter().enumerate() {
            let after = if number + 1 < words.len() { WORD } else { END };
            for level in 0..2 {
                self.weigh(level, word, &mut key);
                key.push(after);
            }
        }
        for (number, word) in words.iter().enumerate() {
            self.weigh(2, word, &mut key);
            key.push(if number + 1 < words.len() { WORD } else { END });
        }
        for (number, word) in text.split(|byte| BLANKS.contains(byte)).enumerate() {
            if number > 0 {
                key.push(WORD);
            }
            self.weigh(3, word, &mut key);
        }
        key.push(0);
        key
    }

    /// Returns the words; blanks before the first make an empty one.
    fn words<'t>(&self, text: &'t [u8]) -> Vec<&'t [u8]> {
        let mut words: Vec<&[u8]> = Vec::new();
        for (number, word) in text.split(|byte| BLANKS.contains(byte)).enumerate() {
            if !word.is_empty() || number == 0 {
                words.push(word);
            }
        }
        words
    }

    /// Appends the weights on a level.
    fn weigh(&self, level: usize, text: &[u8], key: &mut Vec<u8>) {
        let Some(table) = self.levels.get(level) else { return };
        let mut rest = text;
        while let [first, after @ ..] = rest {
            let pair = rest.first_chunk::<2>();
            let told = pair.and_then(|pair| self.pairs.iter().find(|(letters, _)| letters == pair));
            let weight = match told {
                Some((_, weights)) => {
                    rest = rest.get(2..).unwrap_or_default();
                    weights.get(level).copied().unwrap_or(0)
                }
                None => {
                    rest = after;
                    table[usize::from(*first)]
                }
            };
            if weight != 0 {
                key.push(weight);
            }
        }
    }
}
