//! Statements as text, where clients put raw bytes between quotes.

use std::borrow::Cow;
use std::ops::Range;

use vt_base::{Code, Error, Result};
use vt_sql::Modes;

/// Returns a statement as text. A string literal that is not UTF-8, as drivers write for binary
/// values, becomes a hex literal of the same bytes.
///
/// # Errors
/// 1300 if bytes that are not UTF-8 stand anywhere else.
pub fn to_text(sql: &[u8], modes: Modes) -> Result<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(sql) {
        return Ok(Cow::Borrowed(text));
    }
    let mut out: Vec<u8> = Vec::with_capacity(sql.len() + sql.len() / 2);
    let mut at = 0;
    while at < sql.len() {
        let strings = strings_at(sql, at, modes);
        let Some(last) = strings.last() else {
            let end = token_end(sql, at, modes);
            out.extend_from_slice(&sql[at..end]);
            at = end;
            continue;
        };
        let end = last.end;
        if strings.iter().any(|one| std::str::from_utf8(&sql[one.clone()]).is_err()) {
            // A blank parts it from an introducer: `_binary`.
            out.extend_from_slice(b" x'");
            for token in strings.into_iter().map(|one| &sql[one]) {
                for byte in unescape(&token[1..token.len() - 1], token[0], modes) {
                    out.extend_from_slice(format!("{byte:02x}").as_bytes());
                }
            }
            out.push(b'\'');
        } else {
            out.extend_from_slice(&sql[at..end]);
        }
        at = end;
    }
    String::from_utf8(out).map(Cow::Owned).map_err(|_| {
        Error::mysql(1300, b"HY000", "Invalid utf8mb4 character string")
            .with_code(Code::InvalidArgument)
    })
}

/// Returns the places of a string that begins at `at`, and of those that join it because only
/// blanks and comments are between; none if no string begins there.
fn strings_at(sql: &[u8], at: usize, modes: Modes) -> Vec<Range<usize>> {
    let mut strings = Vec::new();
    let mut place = at;
    while let Some(first) = sql.get(place) {
        let end = token_end(sql, place, modes);
        let is_string = *first == b'\'' || (*first == b'"' && !modes.ansi_quotes);
        if is_string && end - place >= 2 {
            strings.push(place..end);
        } else if strings.is_empty() || !is_blank(&sql[place..end]) {
            break;
        }
        place = end;
    }
    strings
}

/// Tells whether a token is a blank or a comment.
fn is_blank(token: &[u8]) -> bool {
    match token {
        [b' ' | b'\t'..=b'\r' | b'#', ..] => true,
        [b'/', b'*', rest @ ..] => rest.first() != Some(&b'!'),
        _ => token.starts_with(b"--") && token.len() > 1,
    }
}

/// Returns where the quoted text or comment that begins at `at` ends; one byte for anything else.
fn token_end(sql: &[u8], at: usize, modes: Modes) -> usize {
    let rest = &sql[at..];
    let until = |mark: &[u8], from: usize| {
        let found = rest[from.min(rest.len())..].windows(mark.len()).position(|one| one == mark);
        found.map_or(sql.len(), |place| at + from + place + mark.len())
    };
    match rest {
        [quote @ (b'\'' | b'"' | b'`'), ..] => quoted_end(sql, at, *quote, modes),
        [b'/', b'*', ..] => until(b"*/", 2),
        [b'#', ..] => until(b"\n", 1),
        [b'-', b'-', next, ..] if next.is_ascii_whitespace() => until(b"\n", 2),
        _ => at + 1,
    }
}

fn quoted_end(sql: &[u8], start: usize, quote: u8, modes: Modes) -> usize {
    let escapes = quote != b'`' && !modes.no_backslash_escapes;
    let mut at = start + 1;
    while at < sql.len() {
        match sql[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote && sql.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    sql.len()
}

/// Returns the bytes that the inside of a string literal stands for.
fn unescape(inner: &[u8], quote: u8, modes: Modes) -> Vec<u8> {
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == quote {
            // The second of a doubled quote.
            bytes.next();
            out.push(byte);
        } else if byte == b'\\' && !modes.no_backslash_escapes {
            match bytes.next() {
                Some(b'0') => out.push(0),
                Some(b'b') => out.push(8),
                Some(b'n') => out.push(b'\n'),
                Some(b'r') => out.push(b'\r'),
                Some(b't') => out.push(b'\t'),
                Some(b'Z') => out.push(0x1a),
                // Patterns keep these escaped, so that LIKE sees them.
                Some(escaped @ (b'%' | b'_')) => out.extend_from_slice(&[b'\\', escaped]),
                Some(other) => out.push(other),
                None => {}
            }
        } else {
            out.push(byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_stays_and_raw_bytes_become_hex() {
        let check = |sql: &[u8], wanted: &str| {
            assert_eq!(to_text(sql, Modes::default()).unwrap(), wanted);
        };
        check("select 'ä'".as_bytes(), "select 'ä'");
        check(
            b"insert into t values (_binary'\xff\\'\\0', 'x')",
            "insert into t values (_binary x'ff2700', 'x')",
        );
        check(b"select '\xff\\_' 'b' /* c */\n'\\\\'", "select  x'ff5c5f625c'");
        check(b"select 'a' '\xff', 'b'", "select  x'61ff', 'b'");
        check(b"select '\xe4''' /* it's */, 'a'", "select  x'e427' /* it's */, 'a'");
        assert_eq!(to_text(b"select \xff", Modes::default()).unwrap_err().errno(), 1300);
        assert!(to_text(b"select '\xff", Modes::default()).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(sql in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = to_text(&sql, Modes::default());
        }
    }
}
