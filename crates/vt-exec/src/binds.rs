//! Which bind variables a statement uses.

use std::collections::HashSet;
use std::sync::Arc;

use vt_value::{BindVars, BoundValue, TypedBytes};

/// Returns the bind variables whose names stand in a statement, so that each shard is sent the
/// values that are its own.
pub(crate) fn named(sql: &str, binds: &BindVars) -> BindVars {
    let used: HashSet<&str> = names(sql).map(|(name, _)| name).collect();
    let mut kept = BindVars::new();
    for (name, value) in binds.iter().filter(|(name, _)| used.contains(&***name)) {
        kept.set(name.clone(), value.clone());
    }
    kept
}

/// Returns the bind variables whose names stand in a statement, of several sets of which the first
/// that has one counts; takes no longer the more there are of others.
pub(crate) fn named_in(sql: &str, sets: [&BindVars; 2]) -> BindVars {
    let mut kept = BindVars::new();
    for (name, _) in names(sql) {
        if let Some(value) = sets.iter().find_map(|set| set.get(name)) {
            kept.set(name, value.clone());
        }
    }
    kept
}

/// Returns the bind variables with NULL for those that a statement names and that are not there.
pub(crate) fn with_nulls(sql: &str, binds: &Arc<BindVars>) -> Arc<BindVars> {
    let missing: Vec<_> = names(sql).filter(|(name, _)| binds.get(name).is_none()).collect();
    if missing.is_empty() {
        return binds.clone();
    }
    let mut all = BindVars::clone(binds);
    for (name, is_list) in missing {
        match is_list {
            true => all.set(name, BoundValue::Tuple(vec![TypedBytes::NULL])),
            false => all.set(name, TypedBytes::NULL),
        }
    }
    Arc::new(all)
}

/// Returns the names behind colons, and whether each is that of a list.
///
/// A colon in a string or a comment may give one too many, never one too few.
fn names(sql: &str) -> impl Iterator<Item = (&str, bool)> {
    let is_name = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'$' | b'#' | b'.' | 0x80..)
    };
    let bytes = sql.as_bytes();
    let colons = bytes.iter().enumerate().filter(|(_, byte)| **byte == b':');
    colons.filter_map(move |(place, _)| {
        let start = place + 1;
        let width = bytes[start..].iter().take_while(|byte| is_name(byte)).count();
        let is_list = place > 0 && bytes[place - 1] == b':';
        // All that is cut at are ASCII bytes, so that no character is cut in two.
        (width > 0).then(|| (&sql[start..start + width], is_list))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_keeps_the_variables_that_it_names() {
        let mut binds = BindVars::new();
        for name in ["_id_0", "_id_1", "_id_10", "vtg1", "list", "#maxLimit"] {
            binds.set(name, TypedBytes::int64(1));
        }
        let sql = "insert into t values (:_id_1, ':vtg1') on duplicate key update a = ::list";
        let kept = named(sql, &binds);
        let names: Vec<&str> = kept.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["_id_1", "vtg1", "list"]);
        assert_eq!(named("select 1 limit :#maxLimit", &binds).len(), 1);
        let mut first = BindVars::new();
        first.set("_id_1", TypedBytes::int64(7));
        let kept = named_in(sql, [&first, &binds]);
        assert_eq!(kept.len(), 3);
        assert_eq!(kept.get("_id_1"), Some(&BoundValue::One(TypedBytes::int64(7))));
    }

    #[test]
    fn what_is_missing_is_null() {
        let mut binds = BindVars::new();
        binds.set("a", TypedBytes::int64(1));
        let all = with_nulls("select :a, :b from t where c in ::c", &Arc::new(binds));
        assert_eq!(all.get("a"), Some(&BoundValue::One(TypedBytes::int64(1))));
        assert_eq!(all.get("b"), Some(&BoundValue::One(TypedBytes::NULL)));
        assert_eq!(all.get("c"), Some(&BoundValue::Tuple(vec![TypedBytes::NULL])));
        assert_eq!(all.len(), 3);
    }
}
