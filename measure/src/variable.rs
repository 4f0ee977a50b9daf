//! Statements about variables that MySQL does not know.
//!
//! An unknown variable ends MySQL's reading at once, and the verdict tells nothing of what follows.
//! With a variable in its place that MySQL knows, it does.

/// A variable that every server has.
const KNOWN: &str = "sort_buffer_size";

/// Returns a statement with another name for every system variable that it names with signs, and
/// for the one behind `SET`.
pub(crate) fn with_known(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut words = 0;
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = word_length(rest);
        if let Some(name) = rest.strip_prefix("@@") {
            let scope = ["global.", "session.", "local."].into_iter().find(|scope| {
                name.get(..scope.len()).is_some_and(|start| start.eq_ignore_ascii_case(scope))
            });
            let scope = scope.unwrap_or_default();
            out.push_str("@@");
            out.push_str(scope);
            let name = &name[scope.len()..];
            let length = word_length(name);
            out.push_str(if length > 0 { KNOWN } else { "" });
            rest = &name[length..];
        } else if length > 0 {
            let word = &rest[..length];
            let is_scope =
                ["global", "session", "local"].iter().any(|scope| scope.eq_ignore_ascii_case(word));
            let follows_set = words == 1 && out.trim_start().eq_ignore_ascii_case("set ");
            let is_name = follows_set && !is_scope;
            out.push_str(if is_name { KNOWN } else { word });
            words += 1;
            rest = &rest[length..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables_are_replaced() {
        for (sql, expected) in [
            ("SET @@global.x=user:pass", "SET @@global.sort_buffer_size=user:pass"),
            ("SET x='a';DROP t", "SET sort_buffer_size='a';DROP t"),
            ("select @@a, @b", "select @@sort_buffer_size, @b"),
            ("set global x = 1", "set global x = 1"),
        ] {
            assert_eq!(with_known(sql), expected);
        }
    }
}
