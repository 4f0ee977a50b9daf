//! Numbers and strings: where they end, and what they mean.

use std::borrow::Cow;

use memchr::memchr2;

use super::{
    Before, Keyword, Lexer, Token, TokenKind,
    bytes::{digit_run, other_run, single},
    is_name_byte,
};
use crate::{Modes, ast::LiteralKind};

impl Lexer<'_> {
    /// Reads a number, or a name that begins with digits.
    pub(super) fn number(&mut self, start: usize) -> Token {
        // Most numbers are a few digits, and nothing of theirs follows.
        if let Some(bytes) = self.eight(start) {
            let length = digit_run(bytes);
            let after = self.source.get(start + length).copied().unwrap_or(0);
            if matches!(length, 1..8) && after != b'.' && !is_name_byte(after) {
                self.at = start + length;
                return self.literal_token(LiteralKind::Int, start);
            }
        }
        if self.source[start] == b'0' && matches!(self.peek(1), b'x' | b'b') {
            let hex = self.peek(1) == b'x';
            let is_digit =
                |byte: u8| if hex { byte.is_ascii_hexdigit() } else { matches!(byte, b'0' | b'1') };
            let digits =
                self.source[start + 2..].iter().take_while(|byte| is_digit(**byte)).count();
            let after = self.source.get(start + 2 + digits).copied().unwrap_or(0);
            if digits > 0 && !is_name_byte(after) {
                self.at = start + 2 + digits;
                let kind = if hex { LiteralKind::Hex } else { LiteralKind::Bit };
                return self.literal_token(kind, start);
            }
        }
        self.skip_digits();
        let mut kind = LiteralKind::Int;
        if self.peek(0) == b'.' {
            kind = LiteralKind::Decimal;
            self.at += 1;
            self.skip_digits();
        }
        if self.skip_exponent() {
            kind = LiteralKind::Float;
        } else if kind == LiteralKind::Decimal && self.peek(0) | 0x20 == b'e' {
            return self.sign_behind_exponent(start);
        } else if kind == LiteralKind::Int
            && is_name_byte(self.peek(0))
            && self.at < self.source.len()
        {
            self.skip_name();
            self.before = Before::Name;
            return self.token(TokenKind::Word(Keyword::None), start);
        }
        if kind == LiteralKind::Int && !fits_64_bits(&self.source[start..self.at]) {
            kind = LiteralKind::Decimal;
        }
        self.literal_token(kind, start)
    }

    /// Reads what follows `1.e` without digits: MySQL forgets the number, and takes the next
    /// character for a token.
    #[cold]
    fn sign_behind_exponent(&mut self, start: usize) -> Token {
        self.at += 1;
        if matches!(self.peek(0), b'+' | b'-') {
            self.at += 1;
        }
        let place = self.at;
        let kind = match self.peek(0) {
            b'(' => TokenKind::LeftParen,
            b'*' => TokenKind::Star,
            b'/' => TokenKind::Slash,
            b'-' => TokenKind::Minus,
            b'&' => TokenKind::Ampersand,
            b'|' => TokenKind::Pipe,
            b'.' => TokenKind::Dot,
            sign @ (b')' | b',' | b';' | b'+' | b'%' | b'^' | b'~' | b'{' | b'}') => single(sign),
            _ => return self.bad(start),
        };
        self.at += 1;
        if kind == TokenKind::Dot {
            self.before = Before::Dot;
        }
        self.token(kind, place)
    }

    fn skip_digits(&mut self) {
        while self.peek(0).is_ascii_digit() {
            self.at += 1;
        }
    }

    /// Skips `e5`, `E+5`, `e-5`.
    fn skip_exponent(&mut self) -> bool {
        if self.peek(0) | 0x20 != b'e' {
            return false;
        }
        let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
        if !self.peek(1 + sign).is_ascii_digit() {
            return false;
        }
        let from = self.at;
        self.at += 1 + sign;
        self.skip_digits();
        // `1e5x` is a name; with a sign it can be none.
        if sign == 0 && is_name_byte(self.peek(0)) && self.at < self.source.len() {
            self.at = from;
            return false;
        }
        true
    }

    /// Reads a string that begins at the current place, and strings that follow it.
    pub(super) fn string(&mut self, kind: LiteralKind, start: usize) -> Token {
        let mut plain = kind == LiteralKind::Str;
        loop {
            let Some(end) =
                quoted_end(self.source, self.at, self.modes.no_backslash_escapes, &mut plain)
            else {
                return self.bad(start);
            };
            self.at = end;
            if !self.may_go_on() || !self.goes_on() {
                return self.string_token(kind, start, plain);
            }
            plain = false;
        }
    }

    fn string_token(&mut self, kind: LiteralKind, start: usize, plain: bool) -> Token {
        let mut token = self.literal_token(kind, start);
        if plain {
            token.number |= Token::PLAIN;
        }
        token
    }

    /// Goes to the string that follows, if one does.
    #[cold]
    fn goes_on(&mut self) -> bool {
        let mut ahead = *self;
        ahead.before = Before::Other;
        let next_is_string = matches!(ahead.skip_blanks(), Ok(None))
            && (ahead.peek(0) == b'\'' || (ahead.peek(0) == b'"' && !self.modes.ansi_quotes));
        if !next_is_string || ahead.in_version_comment != self.in_version_comment {
            return false;
        }
        self.at = ahead.at;
        true
    }

    /// Tells whether another string may follow: a quote, or what may stand before it.
    fn may_go_on(&self) -> bool {
        let rest = self.source.get(self.at..).unwrap_or_default();
        let next = rest.iter().find(|byte| **byte != b' ').copied().unwrap_or(b',');
        matches!(next, b'\'' | b'"' | b'#' | b'-' | b'/' | b'*' | b'\t'..=b'\r')
    }

    /// Reads `x'4D'` or `b'101'`.
    pub(super) fn digits_in_quotes(&mut self, kind: LiteralKind, start: usize) -> Token {
        let from = start + 2;
        let length = self.source[from..]
            .iter()
            .take_while(|byte| match kind {
                LiteralKind::Hex => byte.is_ascii_hexdigit(),
                _ => matches!(byte, b'0' | b'1'),
            })
            .count();
        let even = kind != LiteralKind::Hex || length.is_multiple_of(2);
        if !even || self.source.get(from + length) != Some(&b'\'') {
            return self.bad(start);
        }
        self.at = from + length + 1;
        self.literal_token(kind, start)
    }
}

fn fits_64_bits(digits: &[u8]) -> bool {
    let digits = &digits[digits.iter().take_while(|digit| **digit == b'0').count()..];
    digits.len() < 20 || (digits.len() == 20 && digits <= b"18446744073709551615".as_slice())
}

/// Returns where a quoted text that begins at `start` ends, behind its quote.
pub(crate) fn end_of_quoted(source: &[u8], start: usize, plain_backslash: bool) -> Option<usize> {
    quoted_end(source, start, plain_backslash, &mut true)
}

/// Does so, and tells that the text is not plain: that quotes or escapes are part of it.
#[inline]
fn quoted_end(
    source: &[u8],
    start: usize,
    plain_backslash: bool,
    plain: &mut bool,
) -> Option<usize> {
    let quote = source[start];
    let mut at = start + 1;
    // Without escapes the backslash is not searched for; the quote stands in for it.
    let escape = if plain_backslash { quote } else { b'\\' };
    // Many are short: their end is found without a call.
    if let Some(bytes) = source.get(at..).and_then(|rest| rest.first_chunk()) {
        let length = other_run(u64::from_le_bytes(*bytes), quote, escape);
        at += length;
        if length < 8 && source[at] == quote && source.get(at + 1) != Some(&quote) {
            return Some(at + 1);
        }
    }
    loop {
        at += memchr2(quote, escape, source.get(at..)?)?;
        let escaped = source[at] == b'\\' && !plain_backslash;
        if escaped || source.get(at + 1) == Some(&quote) {
            *plain = false;
            at += 2;
        } else {
            return Some(at + 1);
        }
    }
}

/// Returns the length of the first of the strings that a literal token consists of.
pub(crate) fn first_string(text: &[u8], modes: Modes) -> usize {
    match text.first() {
        None => 0,
        Some(_) => end_of_quoted(text, 0, modes.no_backslash_escapes).unwrap_or(text.len()),
    }
}

/// Where [`unescape`] puts a value that differs from the text.
pub(crate) type Scratch = Vec<u8>;

/// Returns the value of a literal token's text: numbers as written, strings without quotes and
/// escapes, hex and bit literals as bytes.
pub(crate) fn unescape(text: &[u8], kind: LiteralKind, modes: Modes) -> Cow<'_, [u8]> {
    match kind {
        LiteralKind::Int | LiteralKind::Decimal | LiteralKind::Float => Cow::Borrowed(text),
        LiteralKind::Hex => Cow::Owned(bytes_of(digits_of(text), 4)),
        LiteralKind::Bit => Cow::Owned(bytes_of(digits_of(text), 1)),
        LiteralKind::NationalStr => strings(text.get(1..).unwrap_or_default(), modes),
        LiteralKind::Str => strings(text, modes),
    }
}

/// Strips `0x`, `x'` and the like.
fn digits_of(text: &[u8]) -> &[u8] {
    let digits = text.get(2..).unwrap_or_default();
    digits.strip_suffix(b"'").unwrap_or(digits)
}

/// Packs digits into bytes, right-aligned.
fn bytes_of(digits: &[u8], bits_a_digit: u32) -> Vec<u8> {
    let per_byte = (8 / bits_a_digit) as usize;
    let mut bytes = Vec::with_capacity(digits.len().div_ceil(per_byte));
    let head = digits.len() % per_byte;
    let pack = |digits: &[u8]| {
        digits.iter().fold(0_u8, |byte, digit| {
            let value = char::from(*digit).to_digit(16).unwrap_or(0) as u8;
            (byte << bits_a_digit) | value
        })
    };
    if head > 0 {
        bytes.push(pack(&digits[..head]));
    }
    bytes.extend(digits[head..].chunks(per_byte).map(pack));
    bytes
}

/// Joins one or more quoted strings.
fn strings(text: &[u8], modes: Modes) -> Cow<'_, [u8]> {
    let Some(end) = text.first().and_then(|_| end_of_quoted(text, 0, modes.no_backslash_escapes))
    else {
        return Cow::Borrowed(b"");
    };
    let inside = &text[1..end - 1];
    let escape = if modes.no_backslash_escapes { text[0] } else { b'\\' };
    if end == text.len() && memchr2(text[0], escape, inside).is_none() {
        return Cow::Borrowed(inside);
    }
    let mut value = Scratch::with_capacity(text.len());
    let mut lexer = Lexer::new(text, modes);
    loop {
        let start = lexer.at;
        let Some(end) = end_of_quoted(text, start, modes.no_backslash_escapes) else { break };
        push_unquoted(&mut value, &text[start + 1..end - 1], text[start], modes);
        lexer.at = end;
        if lexer.skip_blanks().is_err() || lexer.at >= text.len() {
            break;
        }
    }
    Cow::Owned(value)
}

fn push_unquoted(value: &mut Scratch, mut inside: &[u8], quote: u8, modes: Modes) {
    let escape = if modes.no_backslash_escapes { quote } else { b'\\' };
    while let Some(at) = memchr2(quote, escape, inside) {
        value.extend_from_slice(&inside[..at]);
        let next = inside.get(at + 1).copied();
        if inside[at] == quote {
            value.push(quote);
        } else {
            match next {
                Some(b'0') => value.push(0),
                Some(b'b') => value.push(0x08),
                Some(b'n') => value.push(b'\n'),
                Some(b'r') => value.push(b'\r'),
                Some(b't') => value.push(b'\t'),
                Some(b'Z') => value.push(0x1a),
                // Patterns keep these escaped, so that LIKE sees them.
                Some(escaped @ (b'%' | b'_')) => value.extend_from_slice(&[b'\\', escaped]),
                Some(other) => value.push(other),
                None => {}
            }
        }
        inside = inside.get(at + 2..).unwrap_or_default();
    }
    value.extend_from_slice(inside);
}

/// An item of a folded list.
pub(crate) struct ListItem<'s> {
    pub kind: LiteralKind,
    pub text: &'s [u8],
    /// Where the text begins in the list's text.
    pub start: usize,
    pub negative: bool,
}

impl<'s> ListItem<'s> {
    /// Returns the item's value; a number with its minus.
    pub(crate) fn value(&self, modes: Modes) -> Cow<'s, [u8]> {
        if self.negative {
            return Cow::Owned([b"-", self.text].concat());
        }
        unescape(self.text, self.kind, modes)
    }
}

/// Iterates over the items of a folded list's text.
pub(crate) fn list_items(list: &[u8], modes: Modes) -> impl Iterator<Item = ListItem<'_>> {
    let mut lexer = Lexer::new(list, modes);
    lexer.at = 1;
    let mut negative = false;
    std::iter::from_fn(move || {
        loop {
            let token = lexer.next();
            match token.kind {
                TokenKind::Literal(kind) => {
                    let start = token.start as usize;
                    let text = &list[start..token.end as usize];
                    let negative = std::mem::take(&mut negative);
                    return Some(ListItem { kind, text, start, negative });
                }
                TokenKind::Minus => negative = true,
                TokenKind::Comma => {}
                _ => return None,
            }
        }
    })
}
