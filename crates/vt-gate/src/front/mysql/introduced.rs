//! Statements with strings behind the name of a character set, `_latin1'...'`, of clients that do
//! not write UTF-8: the bytes of such a string are of that set, and what is around them is not.

use std::ops::Range;

use vt_collation::Charset;
use vt_sql::Modes;

/// A statement as its client wrote it.
struct Statement<'s> {
    sql: &'s [u8],
    charset: Charset,
    modes: Modes,
}

/// Returns a statement as UTF-8. Strings behind the name of a character set, with those that join
/// them, become hex literals of their bytes, if these are not ASCII.
pub(super) fn to_utf8(sql: &[u8], charset: Charset, modes: Modes) -> Vec<u8> {
    let statement = Statement { sql, charset, modes };
    let mut out = Vec::with_capacity(sql.len() * 2);
    let (mut done, mut at, mut introduced) = (0, 0, false);
    while at < sql.len() {
        let strings = if introduced { statement.strings_at(at) } else { Vec::new() };
        if let Some(last) = strings.last() {
            let end = last.end;
            if strings.iter().any(|one| !sql[one.clone()].is_ascii()) {
                charset.convert(&sql[done..at], Charset::Utf8mb4, &mut out);
                // A blank parts it from the name.
                out.extend_from_slice(b" x'");
                for byte in strings.into_iter().flat_map(|one| statement.value(&sql[one])) {
                    out.extend_from_slice(format!("{byte:02x}").as_bytes());
                }
                out.push(b'\'');
                done = end;
            }
            (at, introduced) = (end, false);
            continue;
        }
        let end = statement.token_end(at);
        let token = &sql[at..end];
        introduced = match token {
            [b'_', name @ ..] => {
                std::str::from_utf8(name).is_ok_and(|name| Charset::from_name(name).is_some())
            }
            [b'/', b'*', b'!', ..] => introduced,
            _ => introduced && is_blank(token),
        };
        at = end;
    }
    charset.convert(&sql[done..], Charset::Utf8mb4, &mut out);
    out
}

/// Tells whether a token is a blank or a comment.
fn is_blank(token: &[u8]) -> bool {
    match token {
        [b' ' | b'\t'..=b'\r' | b'#', ..] => true,
        [b'/', b'*', rest @ ..] => rest.first() != Some(&b'!'),
        _ => token.starts_with(b"--") && token.len() > 2,
    }
}

impl Statement<'_> {
    /// Returns where the word, quoted text, comment or character that begins at `at` ends.
    fn token_end(&self, at: usize) -> usize {
        let rest = &self.sql[at..];
        match rest {
            [quote @ (b'\'' | b'"' | b'`'), ..] => self.quoted_end(at, *quote),
            // What a version comment has inside may count.
            [b'/', b'*', b'!', version @ ..] => {
                at + 3 + version.iter().take_while(|byte| byte.is_ascii_digit()).count()
            }
            [b'/', b'*', ..] => self.past(at + 2, b"*/"),
            [b'#', ..] => self.past(at + 1, b"\n"),
            [b'-', b'-', next, ..] if next.is_ascii_whitespace() => self.past(at + 2, b"\n"),
            [first, ..] if is_word_byte(*first) => {
                let mut end = at;
                while self.sql.get(end).is_some_and(|byte| is_word_byte(*byte)) {
                    end += self.char_len(end);
                }
                end.min(self.sql.len())
            }
            _ => at + 1,
        }
    }

    /// Returns how many bytes the character at a place has: one at least.
    fn char_len(&self, at: usize) -> usize {
        self.charset.char_len(&self.sql[at..]).max(1)
    }

    /// Returns the place behind a mark, or the end.
    fn past(&self, mut at: usize, mark: &[u8]) -> usize {
        while at < self.sql.len() {
            if self.sql[at..].starts_with(mark) {
                return at + mark.len();
            }
            at += self.char_len(at);
        }
        self.sql.len()
    }

    fn quoted_end(&self, start: usize, quote: u8) -> usize {
        let escapes = quote != b'`' && !self.modes.no_backslash_escapes;
        let mut at = start + 1;
        while at < self.sql.len() {
            match self.sql[at] {
                b'\\' if escapes && at + 1 < self.sql.len() => at += 1 + self.char_len(at + 1),
                byte if byte == quote && self.sql.get(at + 1) == Some(&quote) => at += 2,
                byte if byte == quote => return at + 1,
                _ => at += self.char_len(at),
            }
        }
        self.sql.len()
    }

    fn is_string(&self, token: &[u8]) -> bool {
        let opens = match token.first() {
            Some(b'\'') => true,
            Some(b'"') => !self.modes.ansi_quotes,
            _ => false,
        };
        opens && token.len() >= 2 && token.first() == token.last()
    }

    /// Returns the places of a string that begins at `at`, and of those that join it because only
    /// blanks and comments are between; none if no string begins there.
    fn strings_at(&self, at: usize) -> Vec<Range<usize>> {
        let mut strings = Vec::new();
        let mut place = at;
        while place < self.sql.len() {
            let end = self.token_end(place);
            let token = &self.sql[place..end];
            if self.is_string(token) {
                strings.push(place..end);
            } else if strings.is_empty() || !is_blank(token) {
                break;
            }
            place = end;
        }
        strings
    }

    /// Returns the bytes that a string stands for.
    fn value(&self, token: &[u8]) -> Vec<u8> {
        let quote = token[0];
        let mut inside = &token[1..token.len() - 1];
        let mut value = Vec::with_capacity(inside.len());
        while let Some(byte) = inside.first() {
            let length = self.charset.char_len(inside).clamp(1, inside.len());
            let (char, rest) = inside.split_at(length);
            inside = rest;
            if *byte == quote {
                // The second of a doubled quote.
                inside = inside.get(1..).unwrap_or_default();
                value.push(quote);
            } else if *byte == b'\\' && !self.modes.no_backslash_escapes {
                let length = self.charset.char_len(inside).min(inside.len());
                let (escaped, rest) = inside.split_at(length);
                inside = rest;
                match escaped {
                    b"0" => value.push(0),
                    b"b" => value.push(8),
                    b"n" => value.push(b'\n'),
                    b"r" => value.push(b'\r'),
                    b"t" => value.push(b'\t'),
                    b"Z" => value.push(0x1a),
                    // Patterns keep these escaped, so that LIKE sees them.
                    b"%" | b"_" => value.extend_from_slice(&[b'\\', escaped[0]]),
                    other => value.extend_from_slice(other),
                }
            } else {
                value.extend_from_slice(char);
            }
        }
        value
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(sql: &[u8], charset: Charset) -> String {
        String::from_utf8(to_utf8(sql, charset, Modes::default())).unwrap()
    }

    #[test]
    fn bytes_behind_a_name_stay_and_others_are_text() {
        let check = |sql: &[u8], wanted: &str| assert_eq!(text(sql, Charset::Latin1), wanted);
        check(b"select _latin1'\xe9', '\xe9'", "select _latin1 x'e9', 'é'");
        check(b"select _utf8mb4 /* a */ '\xc3\xa9'", "select _utf8mb4 /* a */  x'c3a9'");
        check(b"select _latin1'e', '\xe9'", "select _latin1'e', 'é'");
        check(b"select a_latin1 '\xe9'", "select a_latin1 'é'");
        check(b"select '_latin1' '\xe9'", "select '_latin1' 'é'");
        check(b"select _koi8r'\\n\\_\xc1''', 1", "select _koi8r x'0a5c5fc127', 1");
    }

    #[test]
    fn a_backslash_can_be_half_of_a_character() {
        // The second byte of the first character is that of a backslash.
        let sql = b"select _gbk'\x95\x5c', '\x95\x5c'";
        assert_eq!(text(sql, Charset::Gbk), "select _gbk x'955c', '昞'");
    }

    #[test]
    fn strings_side_by_side_are_one() {
        let check = |sql: &[u8], wanted: &str| assert_eq!(text(sql, Charset::Latin1), wanted);
        check(b"select _latin1'\xe9' /* a */ 'b'", "select _latin1 x'e962'");
        check(b"select _koi8r 'a' -- c\n\t'\xc1', '\xe9'", "select _koi8r  x'61c1', 'é'");
        check(b"select _utf8mb4 '\xc3'#\n'\xa9' 'x' as y", "select _utf8mb4  x'c3a978' as y");
        check(b"select _latin1'a' 'b' '\xe9' and 'c'", "select _latin1 x'6162e9' and 'c'");
        check(b"select _latin1'a' 'b'", "select _latin1'a' 'b'");
        check(b"select _latin1 /*!80000 '\xe9' */, 1", "select _latin1 /*!80000  x'e9' */, 1");
        check(b"select _latin1'\xe9' /*! , */ 'b'", "select _latin1 x'e9' /*! , */ 'b'");
        let gbk = text(b"select _latin1'\x95\x5c' 'b\\''", Charset::Gbk);
        assert_eq!(gbk, "select _latin1 x'955c6227'");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(sql in prop::collection::vec(any::<u8>(), 0..100)) {
            for charset in [Charset::Latin1, Charset::Gbk, Charset::Sjis, Charset::Gb18030] {
                let mut sql = sql.clone();
                let _ = to_utf8(&sql, charset, Modes::default());
                sql.splice(0..0, *b"_latin1'");
                sql.push(b'\'');
                let _ = to_utf8(&sql, charset, Modes::default());
            }
        }
    }
}
