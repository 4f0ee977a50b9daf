//! Which bind variables a statement uses.

use std::collections::HashSet;

use vt_value::BindVars;

/// Returns the bind variables whose names stand in a statement, so that each shard is sent the
/// values that are its own.
///
/// A colon in a string or a comment may name one too many, never one too few.
pub(crate) fn named(sql: &str, binds: &BindVars) -> BindVars {
    let is_name = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'$' | b'#' | b'.' | 0x80..)
    };
    let bytes = sql.as_bytes();
    let mut used = HashSet::new();
    for (place, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b':') {
        let rest = &bytes[place + 1..];
        used.insert(&rest[..rest.iter().take_while(|byte| is_name(byte)).count()]);
    }
    let mut kept = BindVars::new();
    for (name, value) in binds.iter().filter(|(name, _)| used.contains(name.as_bytes())) {
        kept.set(name.clone(), value.clone());
    }
    kept
}

#[cfg(test)]
mod tests {
    use vt_value::TypedBytes;

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
    }
}
