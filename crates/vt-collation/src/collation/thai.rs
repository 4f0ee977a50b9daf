//! `tis620_thai_ci`: vowels that are written before their consonant weigh after it, and marks
//! above letters weigh last.

use crate::tables::Runs;

/// What each mark adds to the weight of its place.
const MARKS: [(u8, u8); 6] = [(0xE7, 2), (0xE8, 3), (0xE9, 4), (0xEA, 5), (0xEB, 6), (0xEC, 1)];
/// What a mark weighs less for each letter before it.
const STEP: u8 = 8;

/// The weights of the bytes.
pub(super) struct Thai {
    weights: [u8; 256],
}

impl Thai {
    pub(super) fn new(weights: &Runs) -> Thai {
        let mut all = [0; 256];
        for (byte, weight) in all.iter_mut().enumerate() {
            // A mark alone has the weight of its place; unless it is moved it stands for itself.
            let mark = MARKS.iter().any(|(mark, _)| usize::from(*mark) == byte);
            // A key ends at a NUL, which is why a server gives it none of its own.
            let told = weights.get(byte as u32).filter(|_| !mark && byte > 0);
            *weight = told.unwrap_or(byte as u32) as u8;
        }
        Thai { weights: all }
    }

    /// Returns the weights for a sorted key: what follows a NUL counts as spaces.
    pub(super) fn sort_key(&self, text: &[u8]) -> Vec<u8> {
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        let mut key = self.key(text.get(..end).unwrap_or_default());
        key.resize(text.len(), b' ');
        key
    }

    /// Returns the weights of a string, one for each byte.
    ///
    /// A mark is moved to the end; the server writes each at the same last place, over the one
    /// before, and what it moves leaves the last byte that it moved where it was.
    pub(super) fn key(&self, text: &[u8]) -> Vec<u8> {
        let mut key = text.to_vec();
        let mut room = key.len();
        let mut bias = 0_u8.wrapping_sub(STEP);
        let mut place = 0;
        while room > 0 {
            let (Some(&byte), next) = (key.get(place), key.get(place + 1).copied()) else { break };
            let mark = MARKS.iter().find(|(mark, _)| *mark == byte);
            if let Some((_, added)) = mark {
                key.copy_within(place + 1..place + room, place);
                if let Some(last) = key.last_mut() {
                    *last = bias.wrapping_add(*added);
                }
                room -= 1;
                continue;
            }
            if is_leading_vowel(byte) && room > 1 && next.is_some_and(is_consonant) {
                key.swap(place, place + 1);
                place += 2;
                room -= 2;
                continue;
            }
            if byte < 0x80 || is_consonant(byte) {
                bias = bias.wrapping_sub(STEP);
            }
            if let Some(weight) = key.get_mut(place) {
                *weight = self.weights[usize::from(byte)];
            }
            place += 1;
            room -= 1;
        }
        key
    }
}

fn is_consonant(byte: u8) -> bool {
    matches!(byte, 0xA1..=0xCE)
}

fn is_leading_vowel(byte: u8) -> bool {
    matches!(byte, 0xE0..=0xE4)
}
