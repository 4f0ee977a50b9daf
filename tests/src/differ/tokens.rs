//! A statement as a list of tokens: just enough to see its clauses and to take parts out.

/// Splits SQL; white space and comments go, strings and quoted names stay whole.
pub(crate) fn split(sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' | '`' => quoted(rest, first),
            '-' if rest.starts_with("-- ") => {
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
                continue;
            }
            '/' if rest.starts_with("/*") && !rest.starts_with("/*+") => {
                rest = rest.split_once("*/").map_or("", |(_, rest)| rest).trim_start();
                continue;
            }
            '/' if rest.starts_with("/*+") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            c if is_word(c) => word(rest),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => 1 + word(&rest[1..]),
            _ => operator(rest),
        };
        let (token, after) = rest.split_at(length.max(1).min(rest.len()));
        tokens.push(token.to_owned());
        rest = after.trim_start();
    }
    tokens
}

/// Puts tokens together again.
pub(crate) fn join(tokens: &[String]) -> String {
    let mut sql = String::new();
    let mut before = "";
    for token in tokens {
        // A function's name and its parenthesis must touch, and `.` joins.
        let tight = before.is_empty()
            || matches!(token.as_str(), "." | "," | ")" | ";")
            || matches!(before, "." | "(" | "@" | "@@")
            || (token == "(" && before.chars().all(is_word) && !is_keyword(before));
        if !tight {
            sql.push(' ');
        }
        sql.push_str(token);
        before = token;
    }
    sql
}

/// Whether the outermost query has an ORDER BY.
pub(crate) fn is_ordered(sql: &str) -> bool {
    let tokens = split(sql);
    // The parentheses around a whole query are none.
    let mut start = 0;
    while tokens.get(start).is_some_and(|token| token == "(")
        && closing(&tokens, start) == Some(tokens.len() - 1 - start)
    {
        start += 1;
    }
    let mut depth = 0;
    tokens[start..tokens.len() - start].windows(2).any(|pair| {
        match pair[0].as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        depth == 0 && is(&pair[0], "order") && is(&pair[1], "by")
    })
}

/// Whether some query has a LIMIT without an ORDER BY, so that chance decides on its rows.
pub(crate) fn has_loose_limit(tokens: &[String]) -> bool {
    tokens.iter().enumerate().filter(|(_, token)| is(token, "limit")).any(|(place, _)| {
        let mut depth = 0_i32;
        for at in (0..place).rev() {
            match tokens[at].as_str() {
                ")" => depth += 1,
                "(" => depth -= 1,
                token if depth == 0 && is(token, "order") => return false,
                token if depth == 0 && is(token, "select") => return true,
                _ => {}
            }
            if depth < 0 {
                return true;
            }
        }
        true
    })
}

/// Returns the place of the parenthesis that closes the one at a place.
pub(crate) fn closing(tokens: &[String], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "(" => depth += 1,
            ")" => {
                depth -= 1;
                if depth == 0 {
                    return Some(place);
                }
            }
            _ => {}
        }
    }
    None
}

pub(crate) fn is(token: &str, word: &str) -> bool {
    token.eq_ignore_ascii_case(word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((place, c)) = chars.next() {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != '`' {
            escaped = true;
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return place + c.len_utf8();
            }
        }
    }
    rest.len()
}

/// A word or a number, `1.5e-3` too.
fn word(rest: &str) -> usize {
    let number = rest.starts_with(|c: char| c.is_ascii_digit());
    let mut before = ' ';
    for (place, c) in rest.char_indices() {
        let goes_on = is_word(c)
            || (number && c == '.')
            || (number && matches!(c, '+' | '-') && matches!(before, 'e' | 'E'));
        if !goes_on {
            return place;
        }
        before = c;
    }
    rest.len()
}

fn operator(rest: &str) -> usize {
    let long = ["<=>", "->>", "<=", ">=", "<>", "!=", "||", "&&", ":=", "->", "<<", ">>", "@@"];
    let found = long.iter().find(|operator| rest.starts_with(**operator));
    let first = rest.chars().next().map_or(0, char::len_utf8);
    found.map_or(first, |operator| operator.len())
}

/// Words before a parenthesis that are no function's name.
fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 34] = [
        "select",
        "from",
        "where",
        "and",
        "or",
        "not",
        "in",
        "exists",
        "on",
        "join",
        "values",
        "as",
        "union",
        "all",
        "except",
        "intersect",
        "distinct",
        "any",
        "some",
        "by",
        "having",
        "limit",
        "then",
        "else",
        "when",
        "case",
        "is",
        "like",
        "between",
        "over",
        "using",
        "lateral",
        "set",
        "xor",
    ];
    KEYWORDS.iter().any(|keyword| is(word, keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_split_and_joined() {
        let sql = "select count(*), 'it''s (\\'x' `a b` from t -- no\n where a.b>=1.5e-3 and \
                   c->>'$.x' in (1,2) /* c */";
        let seen = join(&split(sql));
        let wanted = "select count(*), 'it''s (\\'x' `a b` from t where a.b >= 1.5e-3 and c ->> \
                      '$.x' in (1, 2)";
        assert_eq!(seen, wanted);
        assert_eq!(join(&split(&seen)), seen);
    }

    #[test]
    fn only_the_outermost_order_counts() {
        assert!(is_ordered("select a from t order by a limit 1"));
        assert!(is_ordered("(select a from t order by a)"));
        assert!(is_ordered("select a from (select 1) t order by a"));
        assert!(!is_ordered("select a from (select a from t order by a limit 3) x"));
        assert!(!is_ordered("(select 1 order by 1) union (select 2)"));
        assert!(!is_ordered("select rank() over (order by a) from t"));
    }

    #[test]
    fn a_limit_without_order_is_found() {
        let loose = |sql: &str| has_loose_limit(&split(sql));
        assert!(loose("select a from t limit 1"));
        assert!(loose("select a from (select a from t limit 1) x order by a"));
        assert!(!loose("select a from t order by a limit 1"));
        assert!(!loose("select (select max(a) from t order by 1 limit 1)"));
        assert!(!loose("select a from t order by (select 1) limit 1"));
    }
}
