//! From text to tokens.
//!
//! The lexer numbers literals as it meets them (their *ordinals*), and folds an `IN (...)` list of
//! nothing but literals into one token; parser and fingerprint read through it, and so agree on
//! the numbers. A lexer is small and `Copy`: looking ahead is copying it.

mod bytes;
mod callable;
mod comment;
mod keyword;
mod literal;
mod token;
mod words;

pub(crate) use bytes::is_name_byte;
pub(crate) use callable::is_callable;
pub(crate) use literal::{end_of_quoted, first_string, list_items, unescape};
pub(crate) use token::{Token, TokenKind};
pub(crate) use words::Keyword;

use bytes::{ByteClass, CLASSES, name_run, single};

use crate::{Modes, ast::LiteralKind};

/// Reads tokens.
#[derive(Clone, Copy)]
pub(crate) struct Lexer<'s> {
    source: &'s [u8],
    at: usize,
    modes: Modes,
    literals: u32,
    questions: u32,
    before: Before,
    in_version_comment: bool,
}

/// What the token before means for the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Other,
    /// The keyword `IN`: a list of literals folds.
    In,
    /// A verb, or a comment of a verb: hints and directives count here.
    Verb,
    /// A word: a dot right behind it begins no number.
    Name,
    /// A dot: any word right behind it is a name, digits too.
    Dot,
}

/// What each word means for the token behind it.
static BEFORE: [Before; Keyword::ALL.len()] = {
    let mut before = [Before::Name; Keyword::ALL.len()];
    let mut index = 0;
    while index < before.len() {
        before[index] = match Keyword::ALL[index] {
            Keyword::In => Before::In,
            Keyword::Select
            | Keyword::Insert
            | Keyword::Replace
            | Keyword::Update
            | Keyword::Delete
            | Keyword::Vexplain
            | Keyword::Set
            | Keyword::Show
            | Keyword::Create
            | Keyword::Alter
            | Keyword::Drop => Before::Verb,
            _ => Before::Name,
        };
        index += 1;
    }
    before
};

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s [u8], modes: Modes) -> Lexer<'s> {
        Lexer {
            source,
            at: 0,
            modes,
            literals: 0,
            questions: 0,
            before: Before::Other,
            in_version_comment: false,
        }
    }

    /// Tells whether the lexer stands between the marks of a version comment that it reads.
    pub(crate) fn is_in_version_comment(&self) -> bool {
        self.in_version_comment
    }

    /// Goes on at a place in the text.
    pub(crate) fn jump(&mut self, to: usize) {
        *self = Lexer {
            at: to,
            literals: self.literals,
            questions: self.questions,
            in_version_comment: self.in_version_comment,
            ..Lexer::new(self.source, self.modes)
        };
    }

    /// Reads the next token.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Token {
        let blanks_from = self.at;
        let (first, class) = loop {
            let Some(&byte) = self.source.get(self.at) else { return self.end() };
            match CLASSES[byte as usize] {
                ByteClass::Blank => self.at += 1,
                ByteClass::Comment if self.at_comment(byte) => {
                    if let Some(token) = self.comment() {
                        return token;
                    }
                }
                class => break (byte, class),
            }
        };
        let start = self.at;
        let glued = blanks_from == start;
        let before = std::mem::replace(&mut self.before, Before::Other);
        match class {
            ByteClass::Letter => self.word(first, start, glued && before == Before::Dot),
            // MySQL takes both signs for one operator, which it does not know.
            ByteClass::Single if first == b'=' && self.peek(1) == b'!' => self.bad(start),
            ByteClass::Single => {
                self.at += 1;
                self.token(single(first), start)
            }
            ByteClass::Open if before == Before::In => self.open_list(start),
            ByteClass::Open => {
                self.at += 1;
                self.token(TokenKind::LeftParen, start)
            }
            ByteClass::Digit if glued && before == Before::Dot => self.word(first, start, true),
            ByteClass::Digit => self.number(start),
            ByteClass::Quote => self.quote(first, start),
            ByteClass::Dot => self.dot(start, glued && before == Before::Name),
            _ => self.symbol(first, start),
        }
    }

    #[cold]
    fn end(&self) -> Token {
        let kind = if self.in_version_comment { TokenKind::Bad } else { TokenKind::End };
        self.token(kind, self.at)
    }

    /// Skips a comment; returns a token if the comment is one, or has no end.
    #[cold]
    fn comment(&mut self) -> Option<Token> {
        match self.skip_blanks() {
            Ok(None) => None,
            Ok(Some((kind, start))) => Some(self.token(kind, start)),
            Err(start) => Some(self.token(TokenKind::Bad, start)),
        }
    }

    fn token(&self, kind: TokenKind, start: usize) -> Token {
        Token { kind, start: start as u32, end: self.at as u32, number: 0 }
    }

    fn literal_token(&mut self, kind: LiteralKind, start: usize) -> Token {
        let mut token = self.token(TokenKind::Literal(kind), start);
        token.number = self.literals;
        self.literals += 1;
        token
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.source.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Returns the eight bytes from a place on, zeros behind the end; none of a text that is
    /// shorter than that.
    #[inline]
    fn eight(&self, at: usize) -> Option<u64> {
        let rest = self.source.get(at..)?;
        if let Some(bytes) = rest.first_chunk() {
            return Some(u64::from_le_bytes(*bytes));
        }
        let missing = 8 * (8 - rest.len() as u32);
        let last = u64::from_le_bytes(*self.source.last_chunk()?);
        Some(last.checked_shr(missing).unwrap_or(0))
    }

    fn skip_name(&mut self) {
        while let Some(bytes) = self.eight(self.at) {
            let length = name_run(bytes);
            self.at += length;
            if length < 8 {
                return;
            }
        }
        while self.source.get(self.at).is_some_and(|byte| is_name_byte(*byte)) {
            self.at += 1;
        }
    }

    /// Reads a word; right behind a dot it is a name, whatever it says.
    #[inline(always)]
    fn word(&mut self, first: u8, start: usize, is_name: bool) -> Token {
        if is_name {
            self.skip_name();
            self.before = Before::Name;
            return self.token(TokenKind::Word(Keyword::None), start);
        }
        // Most words are shorter than eight bytes, and read at once.
        let short = self.eight(start).map(|bytes| (bytes, name_run(bytes)));
        let keyword = match short {
            Some((bytes, length @ 2..8)) => {
                self.at += length;
                Keyword::find_short(bytes, length)
            }
            Some((bytes, 1)) if bytes & 0xff00 != 0x2700 => {
                self.at += 1;
                Keyword::None
            }
            Some((bytes, 8)) => {
                self.at += 8;
                self.long_word(bytes, start)
            }
            _ => {
                if self.peek(1) == b'\'' && matches!(first | 0x20, b'n' | b'x' | b'b') {
                    return self.prefixed(first, start);
                }
                self.skip_name();
                Keyword::find(&self.source[start..self.at])
            }
        };
        if first == b'_' && is_charset(&self.source[start + 1..self.at]) {
            return self.token(TokenKind::Introducer, start);
        }
        // Before a point and a name any word is a name, reserved or not.
        if self.peek(0) == b'.' && is_name_byte(self.peek(1)) {
            self.before = Before::Name;
            return self.token(TokenKind::Word(Keyword::None), start);
        }
        self.before = BEFORE[keyword as usize];
        self.token(TokenKind::Word(keyword), start)
    }

    /// Reads the rest of a word whose first eight bytes were read.
    #[inline]
    fn long_word(&mut self, front: u64, start: usize) -> Keyword {
        if let Some(bytes) = self.eight(self.at)
            && let length @ 0..8 = name_run(bytes)
        {
            self.at += length;
            return Keyword::find_middle(front, bytes, length);
        }
        self.skip_name();
        Keyword::find(&self.source[start..self.at])
    }

    /// Reads `N'...'`, `x'...'` or `b'...'`.
    fn prefixed(&mut self, first: u8, start: usize) -> Token {
        match first | 0x20 {
            b'n' => {
                self.at += 1;
                self.string(LiteralKind::NationalStr, start)
            }
            b'x' => self.digits_in_quotes(LiteralKind::Hex, start),
            _ => self.digits_in_quotes(LiteralKind::Bit, start),
        }
    }

    fn quote(&mut self, quote: u8, start: usize) -> Token {
        if quote == b'`' || (quote == b'"' && self.modes.ansi_quotes) {
            self.at = match literal::end_of_quoted(self.source, start, true) {
                Some(end) => end,
                None => return self.bad(start),
            };
            return self.token(TokenKind::Quoted, start);
        }
        self.string(LiteralKind::Str, start)
    }

    fn bad(&mut self, start: usize) -> Token {
        self.at = self.source.len();
        self.token(TokenKind::Bad, start)
    }

    /// `(` behind `IN`.
    fn open_list(&mut self, start: usize) -> Token {
        if let Some(token) = self.fold_list(start) {
            return token;
        }
        self.at += 1;
        self.token(TokenKind::LeftParen, start)
    }

    fn dot(&mut self, start: usize, after_name: bool) -> Token {
        if self.peek(1).is_ascii_digit() && !after_name {
            return self.number(start);
        }
        self.at += 1;
        self.before = Before::Dot;
        self.token(TokenKind::Dot, start)
    }

    fn symbol(&mut self, first: u8, start: usize) -> Token {
        match first {
            b'@' => return self.variable(start),
            b':' => return self.colon(start),
            b'?' => {
                self.at += 1;
                let mut token = self.token(TokenKind::Question, start);
                token.number = self.questions;
                self.questions += 1;
                return token;
            }
            _ => {}
        }
        let (kind, length) = operator(first, self.peek(1), self.peek(2));
        if kind == TokenKind::Bad {
            return self.bad(start);
        }
        self.at += length;
        self.token(kind, start)
    }

    fn colon(&mut self, start: usize) -> Token {
        let kind = match (self.peek(1), self.peek(2)) {
            (b'=', _) => {
                self.at += 2;
                return self.token(TokenKind::Assign, start);
            }
            (b':', next) if is_name_byte(next) => {
                self.at += 2;
                TokenKind::ListBind
            }
            (next, _) if is_name_byte(next) || next == b'#' => {
                self.at += 2;
                TokenKind::Bind
            }
            _ => {
                self.at += 1;
                return self.token(TokenKind::Colon, start);
            }
        };
        while is_name_byte(self.peek(0)) || self.peek(0) == b'.' {
            self.at += 1;
        }
        self.token(kind, start)
    }

    fn variable(&mut self, start: usize) -> Token {
        self.at += 1;
        match self.peek(0) {
            b'@' => {
                self.at += 1;
                // Scope and name are names even if they are reserved words: `@@global.sql_mode`.
                self.token(TokenKind::AtAt, start)
            }
            quote @ (b'`' | b'\'' | b'"') => {
                match literal::end_of_quoted(
                    self.source,
                    self.at,
                    quote == b'`' || self.modes.no_backslash_escapes,
                ) {
                    Some(end) => self.at = end,
                    None => return self.bad(start),
                }
                self.token(TokenKind::UserVariable, start)
            }
            _ => {
                while is_name_byte(self.peek(0)) || self.peek(0) == b'.' {
                    self.at += 1;
                }
                self.token(TokenKind::UserVariable, start)
            }
        }
    }

    /// Reads `( literal, literal, ... )` as one token, if nothing else is inside.
    fn fold_list(&mut self, start: usize) -> Option<Token> {
        let mut ahead = *self;
        ahead.at += 1;
        loop {
            let mut item = ahead.next();
            if item.kind == TokenKind::Minus {
                item = ahead.next();
                let TokenKind::Literal(
                    LiteralKind::Int | LiteralKind::Decimal | LiteralKind::Float,
                ) = item.kind
                else {
                    return None;
                };
            }
            let TokenKind::Literal(_) = item.kind else { return None };
            match ahead.next().kind {
                TokenKind::Comma => {}
                TokenKind::RightParen => break,
                _ => return None,
            }
        }
        if ahead.in_version_comment != self.in_version_comment {
            return None;
        }
        self.at = ahead.at;
        let mut token = self.token(TokenKind::List, start);
        token.number = self.literals;
        self.literals += 1;
        Some(token)
    }
}

/// Returns an operator that may have more than one character, and its length.
fn operator(first: u8, second: u8, third: u8) -> (TokenKind, usize) {
    match (first, second, third) {
        (b'<', b'=', b'>') => (TokenKind::NullSafeEqual, 3),
        // MySQL takes as many of these signs as can belong together, and then knows no such operator.
        (b'<', b'=' | b'>' | b'<', b'=' | b'>' | b'<' | b'!') | (b'<' | b'>', b'!', _) => {
            (TokenKind::Bad, 0)
        }
        (b'<', b'=', _) => (TokenKind::LessEqual, 2),
        (b'<', b'>', _) => (TokenKind::NotEqual, 2),
        (b'<', b'<', _) => (TokenKind::ShiftLeft, 2),
        (b'<', ..) => (TokenKind::Less, 1),
        (b'>', b'=', _) => (TokenKind::GreaterEqual, 2),
        (b'>', b'>', _) => (TokenKind::ShiftRight, 2),
        (b'>', ..) => (TokenKind::Greater, 1),
        (b'!', b'=', _) => (TokenKind::NotEqual, 2),
        // Two of them at once are one.
        (b'!', b'!' | b'<' | b'>', _) => (TokenKind::Bang, 2),
        (b'!', ..) => (TokenKind::Bang, 1),
        (b'-', b'>', b'>') => (TokenKind::LongArrow, 3),
        (b'-', b'>', _) => (TokenKind::Arrow, 2),
        (b'-', ..) => (TokenKind::Minus, 1),
        (b'*', ..) => (TokenKind::Star, 1),
        (b'/', ..) => (TokenKind::Slash, 1),
        (b'&', b'&', _) => (TokenKind::AndAnd, 2),
        (b'&', ..) => (TokenKind::Ampersand, 1),
        (b'|', b'|', _) => (TokenKind::PipePipe, 2),
        (b'|', ..) => (TokenKind::Pipe, 1),
        _ => (TokenKind::Bad, 0),
    }
}

/// Tells whether a name is that of a character set, so that `_name` introduces a literal.
pub(crate) fn is_charset(name: &[u8]) -> bool {
    const CHARSETS: &[&str] = &[
        "armscii8", "ascii", "big5", "binary", "cp1250", "cp1251", "cp1256", "cp1257", "cp850",
        "cp852", "cp866", "cp932", "dec8", "eucjpms", "euckr", "gb18030", "gb2312", "gbk",
        "geostd8", "greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u", "latin1", "latin2",
        "latin5", "latin7", "macce", "macroman", "sjis", "swe7", "tis620", "ucs2", "ujis", "utf16",
        "utf16le", "utf32", "utf8", "utf8mb3", "utf8mb4",
    ];
    CHARSETS.iter().any(|charset| charset.as_bytes().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests;
