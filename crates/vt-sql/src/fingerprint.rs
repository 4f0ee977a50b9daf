//! The shape of a statement and its literals, from one pass of the lexer.
//!
//! The shape is a hash over the tokens: reserved words by number, other words and quoted names as
//! written, literals by their kind alone. Blanks and plain comments leave no trace, but for one
//! place: between `SELECT` and `FROM` the text of an expression without alias names a column of
//! the result, so there the spelling counts, too.

use std::borrow::Cow;

use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_128;

use crate::{
    Modes,
    ast::LiteralKind,
    lexer::{Keyword, Lexer, Token, TokenKind, list_items, unescape},
    limits::STATEMENT_BYTES_MAX,
};

/// A statement's shape and literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Equal for statements that differ only in literals, blanks, plain comments, the case of
    /// reserved words, and the length of `IN` lists of literals.
    pub hash: u128,
    /// The literals; a literal's index is its ordinal.
    pub literals: SmallVec<[LiteralSpan; 8]>,
}

/// Where a literal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LiteralSpan {
    pub start: u32,
    pub end: u32,
    /// Of a list: the kind of its first item.
    pub kind: LiteralKind,
    /// A folded `IN (...)` list of literals only; the span includes the parentheses.
    pub list: bool,
}

/// A literal's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LiteralValue<'a> {
    pub kind: LiteralKind,
    /// Numbers as written, with their minus in a list; strings without quotes and escapes; hex
    /// and bit literals as bytes.
    pub bytes: Cow<'a, [u8]>,
}

/// The value of a place that [`fingerprint`] found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value<'a> {
    One(LiteralValue<'a>),
    List(Vec<LiteralValue<'a>>),
}

/// Takes a statement's fingerprint.
///
/// Returns `None` if the lexer cannot read the text, or if it is more than one statement.
pub fn fingerprint(sql: &str, modes: Modes) -> Option<Fingerprint> {
    if sql.len() > STATEMENT_BYTES_MAX {
        return None;
    }
    let source = sql.as_bytes();
    let mut lexer = Lexer::new(source, modes);
    let mut shape = Shape::new(modes);
    let mut lists = SelectLists::default();
    let mut literals = SmallVec::new();
    let mut before = 0;
    loop {
        let token = lexer.next();
        let text = &source[token.start as usize..token.end as usize];
        let spelled = lists.step(token.kind);
        if spelled {
            // The gaps at a list's ends and commas belong to no expression.
            shape.gap(&source[before as usize..token.start as usize]);
        }
        before = token.end;
        match token.kind {
            TokenKind::Bad => return None,
            TokenKind::End => break,
            TokenKind::Semicolon => loop {
                match lexer.next().kind {
                    TokenKind::Semicolon => {}
                    TokenKind::End => return Some(Fingerprint { hash: shape.finish(), literals }),
                    _ => return None,
                }
            },
            TokenKind::Word(keyword) if keyword.is_reserved() && !spelled => shape.keyword(keyword),
            TokenKind::Word(_)
            | TokenKind::Quoted
            | TokenKind::Introducer
            | TokenKind::UserVariable
            | TokenKind::Bind
            | TokenKind::ListBind
            | TokenKind::Directive
            | TokenKind::Hint => shape.text(text),
            TokenKind::Literal(kind) => {
                shape.literal(kind, false);
                literals.push(LiteralSpan {
                    start: token.start,
                    end: token.end,
                    kind,
                    list: false,
                });
            }
            TokenKind::List => {
                let span = list_span(&token, text, modes);
                shape.literal(span.kind, true);
                literals.push(span);
            }
            _ => shape.symbol(text),
        }
    }
    Some(Fingerprint { hash: shape.finish(), literals })
}

fn list_span(token: &Token, text: &[u8], modes: Modes) -> LiteralSpan {
    let kind = list_items(text, modes).next().map_or(LiteralKind::Int, |item| item.kind);
    LiteralSpan { start: token.start, end: token.end, kind, list: true }
}

/// Reads the value of a literal that [`fingerprint`] found in the same text.
pub fn literal_value<'a>(sql: &'a str, span: &LiteralSpan, modes: Modes) -> Value<'a> {
    let text = sql.as_bytes().get(span.start as usize..span.end as usize).unwrap_or_default();
    if !span.list {
        return Value::One(LiteralValue {
            kind: span.kind,
            bytes: unescape(text, span.kind, modes),
        });
    }
    Value::List(
        list_items(text, modes)
            .map(|item| LiteralValue { kind: item.kind, bytes: item.value(modes) })
            .collect(),
    )
}

/// Where select lists are open, by depth of parentheses.
#[derive(Default)]
struct SelectLists {
    open: u64,
    depth: u32,
    /// The token before ended an expression's surroundings: `SELECT`, or a comma.
    fresh: bool,
}

impl SelectLists {
    /// Takes a token in, and tells whether the gap before it and its spelling belong to the text
    /// of an expression that may name a column.
    fn step(&mut self, kind: TokenKind) -> bool {
        let fresh = std::mem::take(&mut self.fresh);
        match kind {
            TokenKind::LeftParen => self.depth += 1,
            TokenKind::RightParen => {
                self.open &= !self.bit();
                self.depth = self.depth.saturating_sub(1);
            }
            TokenKind::Word(Keyword::Select) => {
                self.open |= self.bit();
                self.fresh = true;
                // The word itself counts only inside of an outer list.
                return self.open & !self.bit() != 0;
            }
            TokenKind::Word(Keyword::From) => self.open &= !self.bit(),
            TokenKind::Comma => self.fresh = true,
            _ => {}
        }
        self.open != 0 && !fresh && kind != TokenKind::Comma
    }

    /// Depths from 63 on share a bit; that only makes more shapes.
    fn bit(&self) -> u64 {
        1 << self.depth.min(63)
    }
}

/// A hash over canonical bytes, taken piece by piece without allocation.
struct Shape {
    buffer: [u8; Shape::SIZE],
    used: usize,
}

impl Shape {
    const SIZE: usize = 512;
    /// What came before is carried in the first bytes of the buffer.
    const CARRY: usize = 16;

    fn new(modes: Modes) -> Shape {
        let mut shape = Shape { buffer: [0; Shape::SIZE], used: Shape::CARRY };
        shape.buffer[0] = modes.bits();
        shape
    }

    fn bytes(&mut self, mut bytes: &[u8]) {
        loop {
            let room = Shape::SIZE - self.used;
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.buffer[self.used..self.used + now.len()].copy_from_slice(now);
            self.used += now.len();
            bytes = later;
            if bytes.is_empty() {
                return;
            }
            let hash = xxh3_128(&self.buffer);
            self.buffer[..Shape::CARRY].copy_from_slice(&hash.to_le_bytes());
            self.used = Shape::CARRY;
        }
    }

    fn keyword(&mut self, keyword: Keyword) {
        let [low, high] = (keyword as u16).to_le_bytes();
        self.bytes(&[b'k', low, high]);
    }

    fn text(&mut self, text: &[u8]) {
        let [a, b, c, d] = (text.len() as u32).to_le_bytes();
        self.bytes(&[b't', a, b, c, d]);
        self.bytes(text);
    }

    fn symbol(&mut self, text: &[u8]) {
        self.bytes(&[b's', text.len() as u8]);
        self.bytes(text);
    }

    fn literal(&mut self, kind: LiteralKind, list: bool) {
        self.bytes(&[if list { b'L' } else { b'l' }, kind as u8]);
    }

    fn gap(&mut self, gap: &[u8]) {
        if !gap.is_empty() {
            let [a, b, c, d] = (gap.len() as u32).to_le_bytes();
            self.bytes(&[b'g', a, b, c, d]);
            self.bytes(gap);
        }
    }

    fn finish(&self) -> u128 {
        xxh3_128(&self.buffer[..self.used])
    }
}

#[cfg(test)]
mod tests;
