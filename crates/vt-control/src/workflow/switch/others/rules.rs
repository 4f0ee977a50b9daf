//! Rules of streams, cut to a range of keys.

use vt_base::KeyRange;
use vt_proto::binlogdata::Rule;

/// What leaves a table out of a stream.
pub(super) const EXCLUDE: &str = "exclude";
const IN_KEYRANGE: &str = "in_keyrange(";

/// What is left of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Divided {
    Rule(Box<Rule>),
    Nothing,
    /// The rule takes rows whatever their keys are.
    Whole,
}

/// Cuts a rule to the rows of a range; none where it cannot be read.
pub(super) fn divide(rule: &Rule, range: &KeyRange) -> Option<Divided> {
    let filter = rule.filter.trim();
    if filter == EXCLUDE {
        return Some(Divided::Rule(Box::new(rule.clone())));
    }
    if filter.is_empty() {
        return Some(Divided::Whole);
    }
    let with = |filter: String| Divided::Rule(Box::new(Rule { filter, ..rule.clone() }));
    if let Ok(own) = KeyRange::from_shard_name(filter) {
        let both = common(&own, range);
        return Some(both.map_or(Divided::Nothing, |both| with(both.to_string())));
    }
    let Some(place) = filter.to_ascii_lowercase().find(IN_KEYRANGE) else {
        return Some(Divided::Whole);
    };
    let (name, end) = last_text(filter, place + IN_KEYRANGE.len())?;
    if filter[end..].to_ascii_lowercase().contains(IN_KEYRANGE) {
        return None;
    }
    let own = KeyRange::from_shard_name(&filter[name.clone()]).ok()?;
    let Some(both) = common(&own, range) else { return Some(Divided::Nothing) };
    Some(with(format!("{}{both}{}", &filter[..name.start], &filter[name.end..])))
}

/// Returns the range of keys that are in both.
fn common(one: &KeyRange, other: &KeyRange) -> Option<KeyRange> {
    if !one.intersects(other) {
        return None;
    }
    let start = one.start().max(other.start());
    let end = match (one.end(), other.end()) {
        (b"", end) | (end, b"") => end,
        (one, other) => one.min(other),
    };
    Some(KeyRange::new(start, end))
}

/// Returns where the text of a call's last argument stands, and where the call ends; `from` is
/// behind its opening parenthesis. None where the last argument is no plain text.
fn last_text(sql: &str, from: usize) -> Option<(std::ops::Range<usize>, usize)> {
    let (mut depth, mut quote) = (1usize, None);
    let (mut begun, mut last) = (from, None);
    for (place, byte) in sql.bytes().enumerate().skip(from) {
        match (quote, byte) {
            (Some(open), _) if byte == open => {
                last = (open == b'\'').then_some(begun..place);
                quote = None;
            }
            // What is escaped is no name of a range.
            (Some(_), b'\\') => return None,
            (Some(_), _) => {}
            (None, b'\'' | b'"' | b'`') => (quote, begun) = (Some(byte), place + 1),
            (None, b'(') => (depth, last) = (depth + 1, None),
            (None, b')') => {
                depth -= 1;
                if depth == 0 {
                    return Some((last?, place + 1));
                }
            }
            (None, byte) if byte.is_ascii_whitespace() => {}
            (None, _) => last = None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(filter: &str, range: &str) -> Option<String> {
        let rule = Rule { r#match: "t".into(), filter: filter.into(), ..Rule::default() };
        Some(match divide(&rule, &KeyRange::from_shard_name(range).unwrap())? {
            Divided::Rule(rule) => rule.filter,
            Divided::Nothing => "nothing".to_owned(),
            Divided::Whole => "whole".to_owned(),
        })
    }

    #[test]
    fn rules_are_cut_to_the_keys_of_a_shard() {
        let select = |range: &str| {
            format!(
                "select a, b as ')' from t where x = '(' and in_keyrange(a, 'ks.hash', '{range}')"
            )
        };
        let cut = |from: &str, to: &str| filter(&select(from), to);
        assert_eq!(cut("-80", "-40"), Some(select("-40")));
        assert_eq!(cut("-80", "40-c0"), Some(select("40-80")));
        assert_eq!(cut("-80", "-"), Some(select("-80")));
        assert_eq!(cut("-", "c0-"), Some(select("c0-")));
        assert_eq!(cut("-80", "80-").as_deref(), Some("nothing"));
        assert_eq!(filter("-80", "40-").as_deref(), Some("40-80"));
        assert_eq!(filter("exclude", "40-").as_deref(), Some("exclude"));
        assert_eq!(filter("select * from t", "40-").as_deref(), Some("whole"));
        assert_eq!(filter("", "40-").as_deref(), Some("whole"));
        let short = "select * from t where in_keyrange('-80') and b = 1";
        let cut = "select * from t where in_keyrange('-40') and b = 1";
        assert_eq!(filter(short, "-40").as_deref(), Some(cut));
    }

    #[test]
    fn what_cannot_be_read_is_not_cut() {
        for odd in [
            "select * from t where in_keyrange(a, 'ks.hash', b)",
            "select * from t where in_keyrange(a, 'ks.hash', '-8\\0')",
            "select * from t where in_keyrange(a, 'h', '-80') or in_keyrange(b, 'h', '-80')",
            "select * from t where in_keyrange(a, 'h', 'nonsense')",
            "select * from t where in_keyrange(a, 'h', '-80'",
        ] {
            assert_eq!(filter(odd, "-40"), None, "{odd}");
        }
    }
}
