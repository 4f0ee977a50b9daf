//! By which rules a collation orders strings.

use std::sync::OnceLock;

use super::Collation;
use super::czech::Czech;
use super::legacy::Legacy;
use super::thai::Thai;
use super::uca::Table;
use crate::Charset;
use crate::tables::Runs;

/// Collations have ids below this.
const IDS: usize = 324;

/// By id; unfolded when first asked.
static RULES: [OnceLock<Option<Rules>>; IDS] = [const { OnceLock::new() }; IDS];

/// By what a collation orders strings.
pub(super) struct Rules {
    pub(super) set: Charset,
    /// Whether the shorter of two strings is followed by spaces.
    pub(super) pad: bool,
    pub(super) order: Order,
}

/// What weighs how.
pub(super) enum Order {
    /// Bytes are compared as they are.
    Bytes,
    /// Code points are.
    Points,
    /// Each byte has a weight.
    Table(Box<[u8; 256]>),
    /// Each byte has a weight or two.
    Expanding(Box<[u16; 256]>),
    /// Thai in one byte a character.
    Thai(Box<Thai>),
    /// Czech in one byte a character.
    Czech(Box<Czech>),
    /// Each character of one or more bytes has a weight of as many.
    Legacy(Box<Legacy>),
    /// Each code point of the first plane has a weight, all others the same.
    Single(Box<[u16]>),
    /// Unicode's algorithm on some levels.
    Uca(&'static Table, usize),
}

impl Rules {
    /// Returns the rules of a collation; `None` if MySQL has no such one.
    #[inline]
    pub(super) fn of(collation: Collation) -> Option<&'static Rules> {
        let cell = RULES.get(usize::from(collation.0))?;
        cell.get_or_init(|| {
            let (name, set) = (collation.name()?, collation.charset()?);
            Some(Rules { set, pad: collation.pads(), order: Order::open(name, set)? })
        })
        .as_ref()
    }
}

impl Order {
    fn open(name: &str, set: Charset) -> Option<Order> {
        if matches!(name, "binary" | "utf8mb4_0900_bin") {
            return Some(Order::Bytes);
        }
        if set.is_unicode() {
            return Order::open_unicode(name.strip_prefix(set.name())?.strip_prefix('_')?);
        }
        let weights = Runs::open(&format!("weight:{name}"));
        Some(match name {
            _ if name.ends_with("_bin") => Order::Bytes,
            "gb18030_unicode_520_ci" => return Order::open_unicode("unicode_520_ci"),
            "tis620_thai_ci" => Order::Thai(Box::new(Thai::new(&weights?))),
            "cp1250_czech_cs" | "latin2_czech_cs" => Order::Czech(Box::new(Czech::open(name)?)),
            "latin1_german2_ci" => Order::Expanding(Box::new(bytes(&weights?, |weight| weight))),
            _ if set.max_len() == 1 => {
                Order::Table(Box::new(bytes(&weights?, |weight| weight as u8)))
            }
            _ => Order::Legacy(Box::new(Legacy::new(weights?))),
        })
    }

    /// Opens what is the same for all forms of Unicode.
    fn open_unicode(name: &str) -> Option<Order> {
        let single = |part: &str| {
            let weights = Runs::open(part)?;
            let all = (0..0x1_0000).map(|point| weights.get(point).unwrap_or(point) as u16);
            Some(Order::Single(all.collect()))
        };
        match name {
            "bin" => return Some(Order::Points),
            "general_ci" => return single("weight:general"),
            "general_mysql500_ci" => return single("weight:mysql500"),
            "tolower_ci" => return single("weight:tolower"),
            _ => {}
        }
        let full = |name: &str| Table::of(Collation::from_name(&format!("utf8mb4_{name}"))?);
        let lesser = [("ai_ci", 1), ("as_ci", 2)].into_iter().find_map(|(end, levels)| {
            let start = name.strip_suffix(end).filter(|start| start.contains("0900"))?;
            Some((format!("{start}as_cs"), levels))
        });
        let (table, levels) = match lesser {
            Some((name, levels)) => (full(&name)?, levels),
            None => (full(name)?, full(name)?.levels()),
        };
        Some(Order::Uca(table, levels))
    }
}

/// Returns the weights of all bytes; those that the map does not tell weigh as they are.
fn bytes<T: Copy + Default>(weights: &Runs, of: fn(u16) -> T) -> [T; 256] {
    let mut all = [T::default(); 256];
    for (byte, weight) in all.iter_mut().enumerate() {
        let byte = byte as u32;
        *weight = of(weights.get(byte).unwrap_or(byte) as u16);
    }
    all
}
