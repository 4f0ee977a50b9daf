//! Blanks and comments between tokens.

use memchr::{memchr, memmem};

use super::{Before, Lexer, TokenKind};

impl Lexer<'_> {
    /// Tells whether a byte that may begin a comment does, or ends the one around.
    pub(super) fn at_comment(&self, byte: u8) -> bool {
        match byte {
            b'#' => true,
            b'-' => self.peek(1) == b'-' && self.at_dash_comment(),
            b'/' => self.peek(1) == b'*',
            _ => self.in_version_comment && self.peek(1) == b'/',
        }
    }

    /// Skips blanks and plain comments, and enters version comments.
    ///
    /// Returns a hint or directive, with its start, if one stands here and counts. The error is
    /// the start of a comment without end.
    pub(super) fn skip_blanks(&mut self) -> Result<Option<(TokenKind, usize)>, usize> {
        loop {
            match self.peek(0) {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'#' => self.skip_line(),
                b'-' if self.peek(1) == b'-' && self.at_dash_comment() => self.skip_line(),
                b'/' if self.peek(1) == b'*' => {
                    if let Some(found) = self.block_comment()? {
                        return Ok(Some(found));
                    }
                }
                b'*' if self.in_version_comment && self.peek(1) == b'/' => {
                    self.in_version_comment = false;
                    self.at += 2;
                }
                _ => return Ok(None),
            }
        }
    }

    /// `--` begins a comment only before a blank, a control character or the end.
    fn at_dash_comment(&self) -> bool {
        self.source.get(self.at + 2).is_none_or(|&byte| byte <= b' ' || byte == 0x7f)
    }

    fn skip_line(&mut self) {
        let rest = &self.source[self.at..];
        self.at += memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    }

    fn block_comment(&mut self) -> Result<Option<(TokenKind, usize)>, usize> {
        let start = self.at;
        let inside = &self.source[start + 2..];
        if inside.first() == Some(&b'!') {
            return self.version_comment(start).map(|()| None);
        }
        let end = memmem::find(inside, b"*/").ok_or_else(|| self.unclosed(start))?;
        self.at = start + 2 + end + 2;
        let kind = if inside.first() == Some(&b'+') {
            TokenKind::Hint
        } else if inside.starts_with(b"vt+") {
            TokenKind::Directive
        } else {
            return Ok(None);
        };
        Ok((self.before == Before::Verb).then_some((kind, start)))
    }

    /// Enters `/*!80000 ... */` if the version is ours or older, and else skips it.
    fn version_comment(&mut self, start: usize) -> Result<(), usize> {
        let inside = &self.source[start + 3..];
        let digits = inside.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        // A sixth digit belongs to the version only if a blank follows it.
        let blank_follows = inside.get(6).is_some_and(|byte| matches!(byte, b' ' | b'\t'..=b'\r'));
        let digits = if digits == 6 && !blank_follows { 5 } else { digits };
        let version = (digits >= 5).then(|| {
            inside[..digits].iter().fold(0, |value: u32, byte| value * 10 + u32::from(byte - b'0'))
        });
        if version.is_none_or(|version| version <= self.modes.mysql_version) {
            self.at = start + 3 + if digits >= 5 { digits } else { 0 };
            self.in_version_comment = true;
            return Ok(());
        }
        self.skip_foreign_version(start)
    }

    /// Skips a comment for a newer server; a plain comment may be nested in it.
    fn skip_foreign_version(&mut self, start: usize) -> Result<(), usize> {
        let mut at = start + 3;
        let mut nested = false;
        while let Some(offset) = memchr::memchr2(b'*', b'/', &self.source[at..]) {
            at += offset;
            match (self.source[at], self.source.get(at + 1)) {
                (b'/', Some(b'*')) if !nested => {
                    nested = true;
                    at += 2;
                }
                (b'*', Some(b'/')) if nested => {
                    nested = false;
                    at += 2;
                }
                (b'*', Some(b'/')) => {
                    self.at = at + 2;
                    return Ok(());
                }
                _ => at += 1,
            }
        }
        Err(self.unclosed(start))
    }

    fn unclosed(&mut self, start: usize) -> usize {
        self.at = self.source.len();
        start
    }
}
