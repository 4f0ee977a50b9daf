//! Strings by chance, of every script, and others that are nearly the same.

use vt_collation::{Charset, Collation};

/// Chance, from a seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below a limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn one<'a, T: ?Sized>(&mut self, of: &'a [&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// Letters of the scripts; some more often than others.
const SCRIPTS: [&[(u32, u32)]; 38] = [
    &[(0x61, 0x7A), (0x41, 0x5A)],
    &[(0x61, 0x7A), (0x41, 0x5A), (0x30, 0x39)],
    &[(0x20, 0x7E)],
    &[(0x00, 0x7F)],
    &[(0x20, 0x20), (0x61, 0x63), (0x09, 0x0A)],
    &[(0xA0, 0xFF), (0x61, 0x7A)],
    &[(0xC0, 0x17F)],
    &[(0x61, 0x7A), (0x41, 0x5A), (0x300, 0x36F)],
    &[(0x180, 0x24F)],
    &[(0x250, 0x2FF)],
    &[(0x370, 0x3FF), (0x1F00, 0x1FFF)],
    &[(0x400, 0x45F)],
    &[(0x460, 0x52F), (0x2DE0, 0x2DFF)],
    &[(0x531, 0x587), (0x10A0, 0x10FF)],
    &[(0x5B0, 0x5F4)],
    &[(0x610, 0x6FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC)],
    &[(0x700, 0x8FF)],
    &[(0x900, 0x97F)],
    &[(0x980, 0xBFF)],
    &[(0xC00, 0xD7F)],
    &[(0xD80, 0xDFF)],
    &[(0xE01, 0xE5B)],
    &[(0xE81, 0xEDF)],
    &[(0xF00, 0xFFF)],
    &[(0x1000, 0x109F), (0x1100, 0x11FF)],
    &[(0x1200, 0x139F), (0x13A0, 0x17FF)],
    &[(0x1800, 0x1CFF)],
    &[(0x1E00, 0x1EFF)],
    &[(0x2000, 0x206F), (0x2100, 0x218F), (0x2460, 0x24FF)],
    &[(0x2C00, 0x2DFF), (0xA640, 0xA7FF)],
    &[(0x3041, 0x30FF)],
    &[(0x3041, 0x3060), (0x3099, 0x309E), (0x30A1, 0x30C0), (0x30FB, 0x30FF), (0xFF66, 0xFF9F)],
    &[(0x3400, 0x4DB5), (0x4E00, 0x9FD5)],
    &[(0x4E00, 0x5200), (0xF900, 0xFAFF), (0x2E80, 0x2FDF)],
    &[(0xAC00, 0xD7A3)],
    &[(0xA800, 0xABFF), (0xFB00, 0xFB4F), (0xFF00, 0xFFEF)],
    &[(0x10000, 0x10FFF), (0x11000, 0x12FFF), (0x16F00, 0x18AFF), (0x1B000, 0x1FBFF)],
    &[(0x20000, 0x2A6D6), (0x2F800, 0x2FA1D), (0xE0000, 0xE01EF), (0x100000, 0x10FFFD)],
];

/// Letters that weigh as one in some language, and others worth a look.
const WORDS: [&str; 44] = [
    "ch", "Ch", "CH", "cH", "ll", "LL", "aa", "Aa", "AA", "lj", "Lj", "NJ", "dž", "Dž", "dz",
    "dzs", "ddz", "ddzs", "Ddzs", "cs", "ccs", "Ccs", "gy", "ggy", "lly", "nny", "ssz", "tty",
    "zzs", "ty", "ß", "ä", "ae", "ö", "oe", "æ", "i̇", "İ", "ı", "ー", "か", "ゝ", "ヾ", "ﬃ",
];

/// Makes strings in the character set of a collation.
pub(crate) struct Strings {
    chance: Chance,
    set: Charset,
}

impl Strings {
    pub(crate) fn new(collation: Collation, seed: u64) -> Strings {
        let set = collation.charset().unwrap_or(Charset::Binary);
        Strings { chance: Chance::new(seed ^ u64::from(collation.0) << 32), set }
    }

    /// Makes a number of strings, each at most 40 characters; neighbours are often alike.
    pub(crate) fn make(&mut self, count: usize) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = Vec::with_capacity(count);
        while all.len() < count {
            let similar = match all.last() {
                Some(last) if self.chance.below(2) == 0 => {
                    let last = last.clone();
                    self.vary(&last)
                }
                _ => self.fresh(),
            };
            if self.set.count(&similar) <= 40
                && similar.len() <= 120
                && self.set.well_formed(&similar) == similar.len()
            {
                all.push(similar);
            }
        }
        all
    }

    /// Makes a pattern for LIKE out of a string.
    pub(crate) fn pattern(&mut self, text: &[u8]) -> Vec<u8> {
        let mut pattern = Vec::new();
        let chars: Vec<&[u8]> = self.set.chars(text).collect();
        let drop = self.chance.below(4);
        for char in chars {
            match self.chance.below(8) {
                0 => self.put("%", &mut pattern),
                1 => self.put("_", &mut pattern),
                2 if drop == 0 => {}
                3 => {
                    self.put("!", &mut pattern);
                    pattern.extend_from_slice(char);
                }
                4 => {
                    self.put("%", &mut pattern);
                    pattern.extend_from_slice(char);
                }
                _ => pattern.extend_from_slice(char),
            }
        }
        pattern
    }

    fn put(&mut self, text: &str, out: &mut Vec<u8>) {
        Charset::Utf8mb4.convert(text.as_bytes(), self.set, out);
    }

    fn fresh(&mut self) -> Vec<u8> {
        if !self.set.is_unicode() && self.chance.below(3) > 0 {
            return self.own_chars();
        }
        let mut text = String::new();
        let script = SCRIPTS[self.chance.below(SCRIPTS.len())];
        for _ in 0..self.chance.below(9) {
            match self.chance.below(10) {
                0 => text.push_str(self.chance.one(&WORDS)),
                1 => {
                    let other = SCRIPTS[self.chance.below(SCRIPTS.len())];
                    text.extend(self.char_of(other));
                }
                _ => text.extend(self.char_of(script)),
            }
        }
        let mut out = Vec::new();
        Charset::Utf8mb4.convert(text.as_bytes(), self.set, &mut out);
        out
    }

    fn char_of(&mut self, script: &[(u32, u32)]) -> Option<char> {
        let (from, to) = script[self.chance.below(script.len())];
        char::from_u32(from + self.chance.below((to - from + 1) as usize) as u32)
    }

    /// Makes a string of any characters of the set, also of those that Unicode lacks.
    fn own_chars(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..self.chance.below(9) {
            let bytes: [u8; 4] = std::array::from_fn(|_| self.chance.below(256) as u8);
            let len = self.set.whole_len(&bytes).unwrap_or(0);
            text.extend_from_slice(&bytes[..len]);
        }
        text
    }

    /// Makes a string that differs a little.
    fn vary(&mut self, text: &[u8]) -> Vec<u8> {
        let chars: Vec<&[u8]> = self.set.chars(text).collect();
        let place = self.chance.below(chars.len() + 1);
        let mut out = Vec::new();
        match self.chance.below(7) {
            0 => {
                self.set.binary_collation().upper(text, &mut out);
            }
            1 => {
                self.set.binary_collation().lower(text, &mut out);
            }
            2 => {
                out.extend_from_slice(text);
                self.put(" ", &mut out);
            }
            3 => {
                out.extend(chars.iter().take(place).copied().flatten());
                out.extend(chars.iter().skip(place + 1).copied().flatten());
            }
            4 => {
                out.extend(chars.iter().take(place).copied().flatten());
                out.extend(self.fresh());
            }
            5 => {
                out.extend(chars.iter().take(place).copied().flatten());
                let mark = self.chance.one(&["\u{301}", "\u{30C}", "\u{308}", "\u{0}", "\u{200D}"]);
                self.put(mark, &mut out);
                out.extend(chars.iter().skip(place).copied().flatten());
            }
            _ => {
                for (number, char) in chars.iter().enumerate() {
                    match number == place {
                        true => self.set.binary_collation().upper(char, &mut out),
                        false => {
                            out.extend_from_slice(char);
                            true
                        }
                    };
                }
            }
        }
        out
    }
}
