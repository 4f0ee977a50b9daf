//! Unfolds tables: a root, or a language as what differs from its root.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    COMPLEX, Contraction, Contractions, LEVELS_MAX, Listed, PAGE, PAGES, Page, SMALL, Table,
    Weights, implicit,
};
use crate::Collation;
use crate::tables::Reader;

/// Marks a run of characters whose weights follow from the code point.
const IMPLICIT: u8 = 0xFF;
/// Marks a run of characters that all weigh the same.
const CONSTANT: u8 = 0xFE;
/// Says that the levels differ in the number of weights.
const UNEVEN: u8 = 0xFD;
/// What code points that nothing is said of weigh by.
const USUAL_BASE: u16 = 0xFBC0;

/// The weights of one character or contraction, level by level.
type Levels = [Box<[u16]>; LEVELS_MAX];

/// What a part says of a run of characters.
enum Entry {
    Implicit(u16),
    Constant(u16),
    Listed(Levels),
}

/// Returns the name of the part, and the root, of a collation that has all levels.
fn part_of(name: &str) -> Option<(String, Option<Collation>)> {
    let short = name.strip_prefix("utf8mb4_")?;
    let root = |name| Collation::from_name(name);
    Some(match short {
        "unicode_ci" => ("uca400:".to_owned(), None),
        "unicode_520_ci" => ("uca520:".to_owned(), None),
        "0900_as_cs" => ("uca900:".to_owned(), None),
        "ja_0900_as_cs_ks" => ("uca900:ja_ks".to_owned(), root("utf8mb4_ja_0900_as_cs")),
        _ => match short.strip_suffix("_0900_as_cs") {
            Some(language) => (format!("uca900:{language}"), root("utf8mb4_0900_as_cs")),
            None => (format!("uca400:{}", short.strip_suffix("_ci")?), root("utf8mb4_unicode_ci")),
        },
    })
}

/// Unfolds the table of a collation.
pub(super) fn table(name: &str) -> Option<Table> {
    let (part, root) = part_of(name)?;
    let mut reader = Reader::open(&part)?;
    let root = root.and_then(Table::of);
    let levels = (reader.number() as usize).clamp(1, LEVELS_MAX);
    let mut pages = match root {
        Some(root) => root.pages.clone(),
        None => vec![Page::Implicit(USUAL_BASE); PAGES].into(),
    };
    let cases: BTreeMap<u16, u16> =
        (0..reader.number()).map(|_| (reader.number() as u16, reader.number() as u16)).collect();
    if let Some(root) = root.filter(|_| !cases.is_empty()) {
        pages = root.pages_with_cases(&cases);
    }
    let mut changes: BTreeMap<usize, Vec<(u32, Entry)>> = BTreeMap::new();
    read_entries(&mut reader, levels, |from, len, entry| {
        spread(from, len, entry, &mut pages, &mut changes);
    });
    let small = cases.get(&SMALL).copied().unwrap_or(SMALL);
    let before = Table { levels, pages, small, ..Table::empty() };
    let changed: Vec<(usize, Page)> = changes
        .into_iter()
        .map(|(number, changes)| (number, before.changed_page(number, &changes)))
        .collect();
    let mut table = before;
    for (number, page) in changed {
        if let Some(place) = table.pages.get_mut(number) {
            *place = page;
        }
    }
    table.contractions = read_contractions(&mut reader, levels);
    table.wraps = name.starts_with("utf8mb4_ja_");
    table.note_ascii();
    Some(table)
}

fn read_entries(reader: &mut Reader, levels: usize, mut found: impl FnMut(u32, u32, Entry)) {
    let mut last = [0; LEVELS_MAX];
    let mut next = 0_u32;
    for _ in 0..reader.number() {
        let point = next.saturating_add(reader.number());
        let mark = reader.byte();
        let (entry, len) = match mark {
            IMPLICIT => (Entry::Implicit(reader.number() as u16), reader.number()),
            CONSTANT => (Entry::Constant(reader.number() as u16), reader.number()),
            _ => (Entry::Listed(read_weights(mark, reader, levels, &mut last)), 0),
        };
        let len = len.saturating_add(1);
        found(point, len, entry);
        next = point.saturating_add(len);
    }
}

fn read_weights(
    mark: u8,
    reader: &mut Reader,
    levels: usize,
    last: &mut [u32; LEVELS_MAX],
) -> Levels {
    let mut counts = [u32::from(mark); LEVELS_MAX];
    if mark == UNEVEN {
        for count in counts.iter_mut().take(levels) {
            *count = reader.number();
        }
    }
    let mut weights = Levels::default();
    let each = weights.iter_mut().zip(counts).zip(last).take(levels);
    for ((level, count), last) in each {
        let read = (0..count).map(|_| {
            *last = reader.after(*last);
            *last as u16
        });
        *level = read.collect();
    }
    weights
}

/// Notes a run; whole pages of it are replaced at once.
fn spread(
    from: u32,
    len: u32,
    entry: Entry,
    pages: &mut [Page],
    changes: &mut BTreeMap<usize, Vec<(u32, Entry)>>,
) {
    let end = from.saturating_add(len).min(0x11_0000);
    if len == 1 {
        changes.entry(from as usize / PAGE).or_default().push((from, entry));
        return;
    }
    let mut point = from;
    while point < end {
        let number = point as usize / PAGE;
        let page_end = (number + 1) * PAGE;
        let whole = match entry {
            Entry::Implicit(base) => Page::Implicit(base),
            Entry::Constant(weight) => Page::Constant(weight),
            Entry::Listed(_) => return,
        };
        if (point as usize).is_multiple_of(PAGE) && page_end <= end as usize {
            if let Some(page) = pages.get_mut(number) {
                *page = whole;
            }
            point = page_end as u32;
            continue;
        }
        let one = match entry {
            Entry::Constant(weight) => Entry::Constant(weight),
            Entry::Implicit(base) => Entry::Implicit(base),
            Entry::Listed(_) => return,
        };
        changes.entry(number).or_default().push((point, one));
        point += 1;
    }
}

fn read_contractions(reader: &mut Reader, levels: usize) -> Contractions {
    let mut last = [0; LEVELS_MAX];
    let mut all = Vec::new();
    for _ in 0..reader.number() {
        let len = reader.number();
        let chars: Box<[u32]> = (0..len).map(|_| reader.number()).collect();
        let mark = reader.byte();
        let weights = read_weights(mark, reader, levels, &mut last);
        if chars.len() > 1 {
            all.push(Contraction { chars, weights });
        }
    }
    let mut heads = if all.is_empty() { Vec::new() } else { vec![false; 0x1000] };
    for one in &all {
        if let Some(head) = heads.get_mut((one.chars[0] & 0xFFF) as usize) {
            *head = true;
        }
    }
    all.sort_by(|a, b| a.chars.cmp(&b.chars));
    Contractions { heads, all }
}

impl Table {
    fn empty() -> Table {
        Table {
            levels: 1,
            pages: Box::default(),
            contractions: Contractions::default(),
            wraps: false,
            small: SMALL,
            ascii: [[COMPLEX; 256]; LEVELS_MAX],
            plain_ascii: false,
        }
    }

    /// Returns the pages with the weights of the third level changed.
    fn pages_with_cases(&self, cases: &BTreeMap<u16, u16>) -> Box<[Page]> {
        let change = |page: &Page| {
            let Page::Listed(listed) = page else { return page.clone() };
            let bound = |level: usize| listed.starts.get(level * PAGE).map_or(0, |at| *at as usize);
            let third = bound(2)..bound(3);
            let mut weights = listed.weights.clone();
            for weight in weights.get_mut(third).into_iter().flatten() {
                *weight = cases.get(weight).copied().unwrap_or(*weight);
            }
            Page::Listed(Arc::new(Listed { starts: listed.starts.clone(), weights }))
        };
        self.pages.iter().map(change).collect()
    }

    /// Returns a page with some of its characters' weights changed.
    fn changed_page(&self, number: usize, changes: &[(u32, Entry)]) -> Page {
        let mut starts = Vec::with_capacity(self.levels * PAGE + 1);
        let mut weights: Vec<u16> = Vec::new();
        let first = (number * PAGE) as u32;
        for level in 0..self.levels {
            let mut changes = changes.iter().peekable();
            for point in first..first + PAGE as u32 {
                starts.push(weights.len() as u16);
                match changes.next_if(|change| change.0 == point) {
                    Some((_, Entry::Listed(levels))) => weights.extend_from_slice(&levels[level]),
                    Some((_, Entry::Constant(weight))) => weights.push(*weight),
                    Some((_, Entry::Implicit(base))) => match level {
                        0 => weights.extend_from_slice(&implicit(*base, point)),
                        1 => weights.push(0x20),
                        2 => weights.push(self.small),
                        _ => {}
                    },
                    None => {
                        let mut room = [0; 2];
                        weights.extend_from_slice(self.weights(point, level).as_slice(&mut room));
                    }
                }
            }
        }
        starts.push(weights.len() as u16);
        Page::Listed(Arc::new(Listed { starts: starts.into(), weights: weights.into() }))
    }

    /// Fills the table of ASCII.
    fn note_ascii(&mut self) {
        self.plain_ascii = true;
        for point in 0..128_u32 {
            for level in 0..self.levels {
                let weight = match self.weights(point, level) {
                    _ if self.contractions.may_begin(point) => COMPLEX,
                    Weights::Listed([]) => 0,
                    Weights::Listed(&[one]) | Weights::One(one) => one,
                    _ => COMPLEX,
                };
                self.plain_ascii &= weight != COMPLEX;
                self.ascii[level][point as usize] = weight;
            }
        }
    }
}
