//! Sets of characters.

use icu_collections::codepointinvlist::{CodePointInversionList, CodePointInversionListBuilder};

use super::cases;

/// A set of characters while it is being put together.
#[derive(Clone, Debug)]
pub(super) struct CharSet(CodePointInversionList<'static>);

impl CharSet {
    pub(super) fn empty() -> CharSet {
        CharSet(CodePointInversionListBuilder::new().build())
    }

    pub(super) fn of_ranges(ranges: impl IntoIterator<Item = (u32, u32)>) -> CharSet {
        let mut builder = CodePointInversionListBuilder::new();
        for (first, last) in ranges {
            builder.add_range32(first..=last);
        }
        CharSet(builder.build())
    }

    pub(super) fn of_chars(chars: &[char]) -> CharSet {
        CharSet::of_ranges(chars.iter().map(|c| (u32::from(*c), u32::from(*c))))
    }

    fn changed(&self, change: impl FnOnce(&mut CodePointInversionListBuilder)) -> CharSet {
        let mut builder = CodePointInversionListBuilder::new();
        builder.add_set(&self.0);
        change(&mut builder);
        CharSet(builder.build())
    }

    pub(super) fn union(&self, other: &CharSet) -> CharSet {
        self.changed(|builder| builder.add_set(&other.0))
    }

    pub(super) fn difference(&self, other: &CharSet) -> CharSet {
        self.changed(|builder| builder.remove_set(&other.0))
    }

    pub(super) fn intersection(&self, other: &CharSet) -> CharSet {
        self.difference(&other.complement())
    }

    pub(super) fn complement(&self) -> CharSet {
        self.changed(CodePointInversionListBuilder::complement)
    }

    /// Returns the set with all that differ from its characters by case alone.
    pub(super) fn close_over(&self) -> CharSet {
        let mut builder = CodePointInversionListBuilder::new();
        cases::close_over(&self.0, &mut builder);
        CharSet(builder.build())
    }

    /// Returns the form for looking characters up.
    pub(super) fn table(&self) -> Table {
        let mut ascii = 0_u128;
        for c in 0..128_u32 {
            ascii |= u128::from(self.0.contains32(c)) << c;
        }
        let ranges = self.0.iter_ranges().filter(|range| *range.end() >= 128);
        Table { ascii, ranges: ranges.map(|range| (*range.start(), *range.end())).collect() }
    }
}

/// A set that characters are looked up in.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// A bit for each character of ASCII.
    ascii: u128,
    /// The ranges that reach beyond ASCII, in order.
    ranges: Vec<(u32, u32)>,
}

impl Table {
    pub(super) fn contains(&self, c: char) -> bool {
        let c = u32::from(c);
        if c < 128 {
            return self.ascii >> c & 1 == 1;
        }
        let after = self.ranges.partition_point(|(first, _)| *first <= c);
        after
            .checked_sub(1)
            .and_then(|place| self.ranges.get(place))
            .is_some_and(|(_, last)| c <= *last)
    }
}
