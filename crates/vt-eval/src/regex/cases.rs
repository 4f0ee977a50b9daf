//! Letter case: what a character folds to, and all that fold alike.

use icu_casemap::{CaseMapCloser, CaseMapper};
use icu_collections::codepointinvlist::{CodePointInversionList, CodePointInversionListBuilder};
use icu_properties::CodePointSetData;
use icu_properties::props::ChangesWhenCasemapped;

/// Appends what a character folds to, which may be several characters.
pub(super) fn fold_into(c: char, out: &mut Vec<char>) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    let mut bytes = [0; 4];
    out.extend(CaseMapper::new().fold_string(c.encode_utf8(&mut bytes)).chars());
}

/// Returns the one character that a character folds to.
pub(super) fn fold_one(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { CaseMapper::new().simple_fold(c) }
}

/// Adds all that differ by case alone from the characters of a set; strings of several characters
/// are left out.
pub(super) fn close_over(
    set: &CodePointInversionList<'_>,
    out: &mut CodePointInversionListBuilder,
) {
    out.add_set(set);
    let closer = CaseMapCloser::new();
    for range in CodePointSetData::new::<ChangesWhenCasemapped>().iter_ranges() {
        for c in range.filter_map(char::from_u32).filter(|c| set.contains(*c)) {
            closer.add_case_closure_to(c, out);
        }
    }
}
