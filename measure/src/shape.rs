//! Shapes of statements: what is left when literals, names and lists are folded.
//!
//! Test suites repeat themselves; two statements of one shape are one piece of evidence. The
//! folding knows nothing of the parser that it measures.

use std::collections::HashSet;

/// The words that are not folded: MySQL's own list.
pub(crate) struct Words(HashSet<String>);

impl Words {
    pub(crate) fn new(words: impl IntoIterator<Item = String>) -> Words {
        Words(words.into_iter().map(|word| word.to_ascii_uppercase()).collect())
    }
}

/// Returns a statement's shape.
pub(crate) fn shape(sql: &str, words: &Words) -> String {
    let mut tokens = tokens(sql, words);
    while fold_lists(&mut tokens) {}
    tokens.join(" ")
}

/// Returns the words a statement begins with, in upper case; comments and parentheses before them
/// do not count.
pub(crate) fn first_words(sql: &str, count: usize) -> Vec<String> {
    let mut words = Vec::new();
    let mut scan = Scan { text: sql, at: 0 };
    while words.len() < count
        && let Some(token) = scan.next()
    {
        if token.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            words.push(token.to_ascii_uppercase());
        } else if token != "(" {
            words.push(String::new());
        }
    }
    words
}

/// Returns where the rough tokens of a statement begin and end.
pub(crate) fn rough_tokens(sql: &str) -> Vec<(usize, usize)> {
    let mut scan = Scan { text: sql, at: 0 };
    let mut places = Vec::new();
    while let Some(token) = scan.next() {
        places.push((scan.at - token.len(), scan.at));
    }
    places
}

fn tokens(sql: &str, words: &Words) -> Vec<String> {
    Scan { text: sql, at: 0 }
        .map(|token| {
            let first = token.chars().next().unwrap_or(' ');
            match first {
                '\'' | '"' => "?".to_owned(),
                '`' => "i".to_owned(),
                '0'..='9' => "?".to_owned(),
                _ if first.is_alphabetic() || first == '_' => {
                    let upper = token.to_ascii_uppercase();
                    if words.0.contains(&upper) { upper } else { "i".to_owned() }
                }
                _ => token.to_owned(),
            }
        })
        .collect()
}

/// Folds `x , x` to `x` where `x` is one token, or a group in parentheses; tells whether it did.
fn fold_lists(tokens: &mut Vec<String>) -> bool {
    let mut folded = Vec::with_capacity(tokens.len());
    let mut did = false;
    let mut at = 0;
    while at < tokens.len() {
        let length = group(&tokens[at..]);
        let next = at + length + 1;
        let is_same = tokens.get(at + length).is_some_and(|token| token == ",")
            && tokens.get(next..next + length) == Some(&tokens[at..at + length])
            && group(&tokens[next..]) == length
            && is_foldable(&tokens[at]);
        if is_same {
            did = true;
            at = next;
            continue;
        }
        folded.push(std::mem::take(&mut tokens[at]));
        at += 1;
    }
    *tokens = folded;
    did
}

fn is_foldable(token: &str) -> bool {
    matches!(token, "?" | "i" | "(" | "NULL" | "DEFAULT")
}

/// Returns how many tokens the thing has that begins here: one, or a group in parentheses.
fn group(tokens: &[String]) -> usize {
    if tokens.first().is_none_or(|token| token != "(") {
        return 1;
    }
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    1
}

/// Rough tokens: words, numbers, quoted texts, and single characters.
struct Scan<'s> {
    text: &'s str,
    at: usize,
}

impl<'s> Scan<'s> {
    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let comment_end = if rest.starts_with('#') || is_dash_comment(rest) {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") && !rest.starts_with("/*!") && !rest.starts_with("/*+")
            {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len())
            };
            if comment_end == 0 {
                return;
            }
            self.at += comment_end;
        }
    }
}

fn is_dash_comment(rest: &str) -> bool {
    rest.strip_prefix("--")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

impl<'s> Iterator for Scan<'s> {
    type Item = &'s str;

    fn next(&mut self) -> Option<&'s str> {
        self.skip_blanks();
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let length = match first {
            '\'' | '"' | '`' => quoted_length(rest, first),
            '/' if rest.starts_with("/*!") => {
                // The version belongs to the comment's opening.
                3 + rest[3..].bytes().take_while(u8::is_ascii_digit).count()
            }
            '0'..='9' => number_length(rest),
            _ if is_word(first) => rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        self.at += length;
        Some(&rest[..length])
    }
}

fn number_length(rest: &str) -> usize {
    let mut previous = ' ';
    let end = rest.find(|c: char| {
        let is_sign = matches!(c, '+' | '-') && matches!(previous, 'e' | 'E');
        let goes_on = c.is_ascii_alphanumeric() || c == '.' || c == '_' || is_sign;
        previous = c;
        !goes_on
    });
    end.unwrap_or(rest.len())
}

fn quoted_length(rest: &str, quote: char) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == b'\\' && quote != '`' {
            at += 2;
        } else if bytes[at] == quote as u8 {
            return at + 1;
        } else {
            at += 1;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_names_and_lists_fold() {
        let words =
            Words::new(["select", "from", "in", "insert", "into", "values"].map(str::to_owned));
        for (sql, expected) in [
            ("select a, b from t", "SELECT i FROM i"),
            ("select 'x', 1.5e-3 -- y\nfrom `t`", "SELECT ? FROM i"),
            ("insert into t values (1, 'a'), (2, 'b')", "INSERT INTO i VALUES ( ? )"),
            ("select a in (1,2,3)", "SELECT i IN ( ? )"),
            ("select /*!80000 a */ /* b */ c", "SELECT /*!80000 i * / i"),
        ] {
            assert_eq!(shape(sql, &words), expected, "{sql}");
        }
    }

    #[test]
    fn first_words_skip_comments_and_parentheses() {
        assert_eq!(first_words("/* x */ ((select 1", 1), ["SELECT"]);
        assert_eq!(first_words("create definer=a@b view", 3), ["CREATE", "DEFINER", ""]);
    }
}
