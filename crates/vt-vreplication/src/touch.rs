//! Which rows changes touch: those that touch none in common may be applied side by side.

use std::hash::{DefaultHasher, Hash, Hasher};

use vt_value::{Field, Type};

use crate::bound::{Bound, Cells, Out};
use crate::pipe::Touched;
use crate::plan::{Mode, TablePlan};

impl Bound {
    /// Notes the row among those that are touched.
    pub(crate) fn touch(&self, row: &Cells<'_>, touched: &mut Touched) {
        let name = &self.plan.table.name;
        if !self.tells_rows {
            return touched.whole(name);
        }
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        for key in &self.key {
            let place = self.outs.get(*key).and_then(Out::loaded_from);
            place.and_then(|place| row.get(place)).hash(&mut hasher);
        }
        touched.row(name, hasher.finish());
    }
}

/// Returns whether two keys are the same row only where their bytes are: not so of texts, which
/// collations compare, and of what rows are gathered by.
pub(crate) fn tells_rows<'a>(
    plan: &TablePlan,
    fields: &[Field],
    mut key: impl Iterator<Item = &'a Out>,
) -> bool {
    let tells = |one: &Out| {
        let from = one.loaded_from().and_then(|place| fields.get(place));
        let to = plan.table.place(&one.name).and_then(|place| plan.table.columns.get(place));
        let (Some(from), Some(to)) = (from, to) else { return false };
        let plain = |typ: Type| {
            typ.is_integral() || typ.is_temporal() || matches!(typ, Type::DECIMAL | Type::VARBINARY)
        };
        plain(from.typ) && from.typ == to.typ
    };
    plan.mode == Mode::Plain && plan.zones.is_none() && key.all(tells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::tests::{bound, row};

    #[test]
    fn rows_are_told_apart_by_keys_that_no_collation_compares() {
        let touch = |typ: Type, key: &str| {
            let columns = [("id", typ), ("name", Type::VARCHAR)];
            let bound = bound("", &columns, &columns);
            let mut touched = Touched::default();
            let row = row(&[Some(key), Some("x")]);
            bound.touch(&Cells::of(&row).unwrap(), &mut touched);
            touched
        };
        assert!(touch(Type::INT64, "1").meets(&touch(Type::INT64, "1")));
        assert!(!touch(Type::INT64, "1").meets(&touch(Type::INT64, "2")));
        // `a` and `A` may be the same key.
        assert!(touch(Type::VARCHAR, "a").meets(&touch(Type::VARCHAR, "b")));
    }
}
