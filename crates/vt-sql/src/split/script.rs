//! Statements of a script, as the `mysql` client reads it.

use memchr::{memchr, memmem};

use super::end_of_statement;
use crate::{
    Modes,
    lexer::{Lexer, TokenKind, end_of_quoted},
};

/// Splits a script into statements, and follows the client's command `DELIMITER`.
///
/// Up to the first `DELIMITER` it splits as [`super::split_statements`] does, and so takes the
/// bodies of stored programs whole; behind one, at the delimiter outside of quotes and comments.
/// Pieces without a token are left out. What the lexer cannot read is one piece.
pub fn split_script(sql: &str, modes: Modes) -> impl Iterator<Item = &str> {
    let mut script = Script { sql, at: 0, delimiter: DEFAULT, modes };
    std::iter::from_fn(move || script.next_piece())
}

const DEFAULT: &str = ";";
const COMMAND: &[u8] = b"delimiter";

struct Script<'s> {
    sql: &'s str,
    at: usize,
    delimiter: &'s str,
    modes: Modes,
}

impl<'s> Script<'s> {
    fn next_piece(&mut self) -> Option<&'s str> {
        while self.at < self.sql.len() {
            self.skip_blanks();
            if self.command() {
                continue;
            }
            let start = self.at;
            let end = self.end();
            self.at = (end + self.delimiter.len()).min(self.sql.len());
            let piece = self.sql.get(start..end).unwrap_or_default().trim_ascii();
            if Lexer::new(piece.as_bytes(), self.modes).next().kind != TokenKind::End {
                return Some(piece);
            }
        }
        None
    }

    fn rest(&self) -> &'s [u8] {
        self.sql.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Skips blanks, and lines that are comments, which a command may stand behind.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            match rest {
                [first, ..] if first.is_ascii_whitespace() => self.at += 1,
                [b'#', ..] | [b'-', b'-', b' ' | b'\t' | b'\r' | b'\n', ..] | [b'-', b'-'] => {
                    self.at += memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
                }
                _ => return,
            }
        }
    }

    /// Obeys `DELIMITER xx`, if it stands here.
    fn command(&mut self) -> bool {
        let rest = self.rest();
        let Some((word, behind)) = rest.split_at_checked(COMMAND.len()) else { return false };
        let is_command = word.eq_ignore_ascii_case(COMMAND)
            && behind.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if !is_command {
            return false;
        }
        let line = memchr(b'\n', behind).unwrap_or(behind.len());
        let start = self.at + COMMAND.len();
        self.at = start + line;
        let argument = self.sql.get(start..self.at).unwrap_or_default();
        // The client takes the first word, and nothing is no delimiter.
        if let Some(delimiter) = argument.split_ascii_whitespace().next() {
            self.delimiter = delimiter;
        }
        true
    }

    /// Returns where the statement ends that begins here.
    fn end(&self) -> usize {
        if self.delimiter == DEFAULT {
            let mut lexer = Lexer::new(self.sql.as_bytes(), self.modes);
            lexer.jump(self.at);
            return end_of_statement(self.sql.as_bytes(), lexer);
        }
        let text = self.sql.as_bytes();
        let mut at = self.at;
        while let Some(&byte) = text.get(at) {
            let rest = &text[at..];
            if rest.starts_with(self.delimiter.as_bytes()) {
                return at;
            }
            let next = match byte {
                b'\'' | b'"' | b'`' => {
                    let plain = byte == b'`' || self.modes.no_backslash_escapes;
                    end_of_quoted(text, at, plain)
                }
                b'#' => line_end(rest).map(|length| at + length),
                b'-' if rest.starts_with(b"-- ") => line_end(rest).map(|length| at + length),
                b'/' if rest.starts_with(b"/*") => {
                    memmem::find(&rest[2..], b"*/").map(|length| at + length + 4)
                }
                _ => Some(at + 1),
            };
            let Some(next) = next else { break };
            at = next;
        }
        text.len()
    }
}

fn line_end(rest: &[u8]) -> Option<usize> {
    memchr(b'\n', rest)
}
