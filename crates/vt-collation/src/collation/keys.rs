//! Keys and hashes: bytes that stand for a string.

use std::hash::Hasher;

use super::Collation;
use super::order::{BROKEN, expanded, points, single, weights, without_spaces};
use super::rules::{Order, Rules};
use super::sink::{Hashing, Sink, Trimming};

impl Collation {
    /// Appends bytes that are the same for equal strings, and for these alone; returns whether
    /// they are known, which they are for every collation that MySQL has.
    pub fn write_key(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        let rules = Rules::of(self);
        if let Some(rules) = rules {
            rules.put_key(text, rules.pad, out);
        }
        rules.is_some()
    }

    /// Feeds a hasher with what is the same for equal strings; returns whether it is known.
    pub fn hash(self, text: &[u8], state: &mut dyn Hasher) -> bool {
        let Some(rules) = Rules::of(self) else { return false };
        let mut sink = Hashing::new(state);
        rules.put_key(text, rules.pad, &mut sink);
        sink.finish();
        true
    }

    /// Appends `WEIGHT_STRING(text)`; returns whether it is known.
    ///
    /// Where the collation pads, the order of two such keys is that of the strings only if both
    /// were padded to the same number of characters.
    pub fn sort_key(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        let rules = Rules::of(self);
        if let Some(rules) = rules {
            rules.put_key(text, false, out);
        }
        rules.is_some()
    }
}

impl Rules {
    /// Hands over the weights of a string: those of comparisons, without spaces at its end, if
    /// `trim`; else those by which MySQL sorts.
    pub(super) fn put_key(&self, text: &[u8], trim: bool, sink: &mut impl Sink) {
        let set = self.set;
        match &self.order {
            Order::Bytes if trim => sink.put(without_spaces(text)),
            Order::Bytes => sink.put(text),
            // The bytes of UTF-8 are in the order of the code points.
            Order::Points if trim && set.keeps_ascii() => sink.put(without_spaces(text)),
            Order::Points => {
                // Sets of the first plane alone have shorter keys.
                let skip = if set.max_len() == 4 { 1 } else { 2 };
                let space = u32::from(b' ').to_be_bytes();
                let space = if trim { space.get(skip..).unwrap_or_default() } else { &[] };
                let mut sink = Trimming::new(sink, space);
                for point in points(set, text) {
                    let skip = if point < BROKEN { skip } else { 0 };
                    sink.put(point.to_be_bytes().get(skip..).unwrap_or_default());
                }
            }
            Order::Table(table) => {
                let space = [table[usize::from(b' ')]];
                let mut sink = Trimming::new(sink, if trim { &space } else { &[] });
                text.iter().for_each(|byte| sink.put(&[table[usize::from(*byte)]]));
            }
            Order::Expanding(table) => {
                let space = [table[usize::from(b' ')] as u8];
                let mut sink = Trimming::new(sink, if trim { &space } else { &[] });
                expanded(table, text).for_each(|weight| sink.put(&[weight]));
            }
            Order::Thai(thai) => match trim {
                true => sink.put(without_spaces(&thai.key(text))),
                false => sink.put(&thai.sort_key(text)),
            },
            Order::Czech(czech) => {
                sink.put(&czech.key(if trim { without_spaces(text) } else { text }));
            }
            Order::Legacy(legacy) => {
                let space = [legacy.byte(b' ')];
                let mut sink = Trimming::new(sink, if trim { &space } else { &[] });
                for char in set.chars(text) {
                    let weight = match trim {
                        true => legacy.compared(set, char),
                        false => legacy.weight(set, char),
                    };
                    sink.put(weight.as_slice());
                }
            }
            Order::Single(table) => {
                let space = single(table, b' '.into()).to_be_bytes();
                let mut sink = Trimming::new(sink, if trim { &space } else { &[] });
                for weight in weights(table, set, text) {
                    match u16::try_from(weight) {
                        Ok(weight) => sink.put(&weight.to_be_bytes()),
                        Err(_) => sink.put(&weight.to_be_bytes()),
                    }
                }
            }
            Order::Uca(table, levels) => {
                let space = table.space().to_be_bytes();
                let mut sink = Trimming::new(sink, if trim { &space } else { &[] });
                table.key(set, *levels, text, |weight| sink.put(&weight.to_be_bytes()));
            }
        }
    }
}
