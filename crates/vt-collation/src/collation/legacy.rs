//! Character sets of several bytes that are not Unicode's: each character weighs as many bytes
//! as it has.

use crate::Charset;
use crate::tables::Runs;

/// The weights of a set's characters.
pub(super) struct Legacy {
    /// Of one byte.
    single: [u8; 256],
    /// Of more, where they are not the bytes themselves.
    long: Runs,
}

/// The weight of a character: its bytes, the first first, and how many there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight {
    bytes: [u8; 4],
    len: usize,
}

impl Weight {
    /// Returns the bytes of a character as its weight.
    fn of(char: &[u8]) -> Weight {
        let mut bytes = [0; 4];
        for (to, from) in bytes.iter_mut().zip(char) {
            *to = *from;
        }
        Weight { bytes, len: char.len().min(4) }
    }

    pub(super) fn bytes(self) -> impl Iterator<Item = u8> {
        self.bytes.into_iter().take(self.len)
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Legacy {
    pub(super) fn new(weights: Runs) -> Legacy {
        let mut single = [0; 256];
        for (byte, weight) in single.iter_mut().enumerate() {
            *weight = weights.get(byte as u32).unwrap_or(byte as u32) as u8;
        }
        Legacy { single, long: weights }
    }

    /// Returns the weight of a byte that is a character.
    pub(super) fn byte(&self, byte: u8) -> u8 {
        self.single[usize::from(byte)]
    }

    /// Returns the weight of a character in comparisons: there those of big5 go by their bytes,
    /// and in those of euckr each byte weighs as it does alone.
    pub(super) fn compared(&self, set: Charset, char: &[u8]) -> Weight {
        if set == Charset::Big5 && char.len() > 1 {
            return Weight::of(char);
        }
        if set == Charset::Euckr {
            let mut weight = Weight::of(char);
            weight.bytes = weight.bytes.map(|byte| self.byte(byte));
            return weight;
        }
        self.weight(set, char)
    }

    /// Returns the weight of a character in keys.
    pub(super) fn weight(&self, set: Charset, char: &[u8]) -> Weight {
        if let &[byte] = char {
            return Weight { bytes: [self.byte(byte), 0, 0, 0], len: 1 };
        }
        let told = set.key(char).and_then(|key| self.long.get(key));
        let mut bytes = [0; 4];
        match told {
            Some(weight) => {
                let len = 4 - weight.leading_zeros() as usize / 8;
                let all = weight.to_be_bytes();
                for (to, from) in bytes.iter_mut().zip(all.iter().skip(4 - len)) {
                    *to = *from;
                }
                Weight { bytes, len }
            }
            None => Weight::of(char),
        }
    }
}
