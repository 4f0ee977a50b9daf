//! Upper and lower case.

use std::sync::OnceLock;

use super::Collation;
use crate::Charset;
use crate::tables::Runs;

/// Collations have ids below this.
const IDS: usize = 324;
/// In the table of ASCII: the character becomes one that is not of ASCII.
const LONG: u8 = 0xFF;

/// Changes to upper and to lower case by id; unfolded when first asked.
static CASES: [[OnceLock<Option<Case>>; 2]; IDS] = [const { [const { OnceLock::new() }; 2] }; IDS];

/// A direction of change.
#[derive(Clone, Copy)]
enum To {
    Upper = 0,
    Lower = 1,
}

/// A change of case.
struct Case {
    set: Charset,
    /// By code points, or by the characters' keys in their own set.
    map: Runs,
    by_points: bool,
    /// Pages of 256 characters that others stand for: to the server, characters beyond the first
    /// plane are those of their lowest 16 bits where that page has any case.
    folded: Vec<u32>,
    /// The server writes over the string that it reads.
    in_place: bool,
    ascii: [u8; 128],
}

impl Collation {
    /// Appends `UPPER(text)`; returns whether it is known, which it is for every collation that
    /// MySQL has.
    pub fn upper(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        self.change_case(To::Upper, text, out)
    }

    /// Appends `LOWER(text)`; returns whether it is known.
    pub fn lower(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        self.change_case(To::Lower, text, out)
    }

    fn change_case(self, to: To, text: &[u8], out: &mut Vec<u8>) -> bool {
        let case = CASES
            .get(usize::from(self.0))
            .and_then(|both| both[to as usize].get_or_init(|| Case::open(self, to)).as_ref());
        match case {
            Some(case) if case.in_place => case.change_in_place(text, out),
            Some(case) => case.change(text, out),
            None => return false,
        }
        true
    }
}

impl Case {
    fn open(collation: Collation, to: To) -> Option<Case> {
        let (name, set) = (collation.name()?, collation.charset()?);
        let change = match to {
            To::Upper => "upper",
            To::Lower => "lower",
        };
        let unicode = match name {
            _ if name.contains("_turkish_") && set.is_unicode() => Some("turkish"),
            _ if name.contains("_unicode_520_") => Some("520"),
            _ if name.contains("_0900_") => Some("0900"),
            _ if set.is_unicode() => Some("unicode"),
            _ => None,
        };
        let part = |name: &str| Runs::open(&format!("{change}:{name}"));
        let map = match unicode {
            Some(name) => part(name),
            None => part(name).or_else(|| part(set.name())),
        };
        let map = map.unwrap_or_default();
        let mut ascii = [0; 128];
        for (byte, changed) in ascii.iter_mut().enumerate() {
            let other = map.get(byte as u32).unwrap_or(byte as u32);
            *changed = if other < 0x80 { other as u8 } else { LONG };
        }
        let in_place = matches!(set, Charset::Utf8mb3 | Charset::Utf8mb4)
            && matches!(unicode, Some("520" | "0900"));
        let folded = match name {
            "gb18030_unicode_520_ci" => pages_with_case(),
            _ => Vec::new(),
        };
        Some(Case { set, map, by_points: unicode.is_some(), folded, in_place, ascii })
    }

    /// Returns what a byte that is a character of ASCII becomes, if that is one too.
    #[inline]
    fn ascii(&self, byte: u8) -> Option<u8> {
        let changed = self.ascii.get(usize::from(byte)).copied();
        changed.filter(|changed| *changed != LONG && self.set.min_len() == 1)
    }

    /// Returns the character that stands for one, and whether it is another.
    fn fold(&self, number: u32) -> (u32, bool) {
        let low = number & 0xFFFF;
        match number > 0xFFFF && self.folded.contains(&(low >> 8)) {
            true => (low, true),
            false => (number, false),
        }
    }

    /// Appends a character changed.
    fn change_char(&self, char: &[u8], out: &mut Vec<u8>) {
        let number = match self.by_points {
            true => self.set.decode(char).map(|(point, _)| point),
            false => self.set.key(char),
        };
        let number = number.map(|number| self.fold(number));
        let start = out.len();
        let changed =
            number.and_then(|(number, folded)| self.map.get(number).or(folded.then_some(number)));
        let done = match changed {
            Some(point) if self.by_points => self.set.encode(point, out),
            Some(key) => {
                self.set.write_key(key, out);
                true
            }
            None => false,
        };
        if !done {
            out.truncate(start);
            out.extend_from_slice(char);
        }
    }

    fn change(&self, text: &[u8], out: &mut Vec<u8>) {
        let mut rest = text;
        while let Some(&byte) = rest.first() {
            let len = match self.ascii(byte) {
                Some(changed) => {
                    out.push(changed);
                    1
                }
                None => {
                    let len = self.set.char_len(rest);
                    self.change_char(rest.get(..len).unwrap_or_default(), out);
                    len
                }
            };
            rest = rest.get(len..).unwrap_or_default();
        }
    }

    /// Changes a string as the server does where it writes over what it reads: a character that
    /// grows spoils the next, and there the string ends.
    fn change_in_place(&self, text: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        let mut read = 0;
        while let Some(rest) = text.get(read..).filter(|rest| !rest.is_empty()) {
            let written = out.len() - start;
            if written > read {
                return;
            }
            if let Some(changed) = self.ascii(rest[0]) {
                out.push(changed);
                read += 1;
                continue;
            }
            let Some(len) = self.set.whole_len(rest) else { return };
            self.change_char(rest.get(..len).unwrap_or_default(), out);
            if out.len() - start > text.len() {
                out.truncate(start + written);
                return;
            }
            read += len;
        }
    }
}

/// Returns the pages of the first plane that have any character whose case changes.
fn pages_with_case() -> Vec<u32> {
    let maps = ["upper:520", "lower:520"].into_iter().filter_map(Runs::open);
    let points = maps.flat_map(|map| map.pairs().map(|(point, _)| point).collect::<Vec<u32>>());
    let mut pages: Vec<u32> =
        points.filter(|point| *point <= 0xFFFF).map(|point| point >> 8).collect();
    pages.sort_unstable();
    pages.dedup();
    pages
}
