//! The shape of a statement and its literals, from one pass of the lexer.
//!
//! The shape is a hash over the tokens: reserved words by number, other words and quoted names as
//! written, and of literals that a bind variable can stand for only their kind. Blanks and plain
//! comments leave no trace, but for one place: between `SELECT` and `FROM` the text of an
//! expression without alias names a column of the result, so there the spelling counts, too.
//!
//! Lists of literals behind `IN` count as one literal, and rows of `VALUES` that are alike as one
//! row. Which literals a bind variable can stand for, [`regions`] decides; the others are part of
//! the shape as they are written. [`Fingerprint::text`] is the statement with binds in their place.

mod regions;
mod shape;
mod text;

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::{
    Modes,
    ast::LiteralKind,
    lexer::{Lexer, Token, TokenKind, list_items, unescape},
    limits::STATEMENT_BYTES_MAX,
};
use regions::{Place, Regions};
use shape::Shape;
pub use text::BindStyle;

/// A statement's shape and literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Equal for statements that differ only in bound literals, blanks, plain comments, the case
    /// of reserved words, the length of `IN` lists of literals, and the number of like rows of
    /// `VALUES`.
    pub hash: u128,
    /// How many rows of `VALUES` were like the row before them, and left no trace in the hash.
    pub folded_rows: u32,
    /// The literals; a literal's index is its ordinal.
    pub literals: SmallVec<[LiteralSpan; 12]>,
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
    /// A bind variable can stand for it: its text is not part of the shape.
    pub bound: bool,
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

impl Fingerprint {
    /// Returns the key for a plan that has a bind for each literal: the hash, with the number of
    /// rows.
    pub fn plan_key(&self) -> u128 {
        if self.folded_rows == 0 {
            return self.hash;
        }
        shape::with_number(self.hash, self.folded_rows)
    }
}

/// Takes a statement's fingerprint.
///
/// Returns `None` if the lexer cannot read the text, or if it is more than one statement.
pub fn fingerprint(sql: &str, modes: Modes) -> Option<Fingerprint> {
    if sql.len() > STATEMENT_BYTES_MAX {
        return None;
    }
    let source = sql.as_bytes();
    let mut print = Fingerprint { hash: 0, folded_rows: 0, literals: SmallVec::new() };
    let mut taker = Taker {
        source,
        modes,
        lexer: Lexer::new(source, modes),
        shape: Shape::new(modes),
        regions: Regions::default(),
        literals: &mut print.literals,
        before: 0,
    };
    taker.run()?;
    (print.hash, print.folded_rows) = taker.finish();
    Some(print)
}

struct Taker<'s> {
    source: &'s [u8],
    modes: Modes,
    lexer: Lexer<'s>,
    shape: Shape,
    regions: Regions,
    literals: &'s mut SmallVec<[LiteralSpan; 12]>,
    /// Where the token before ended.
    before: u32,
}

impl Taker<'_> {
    /// Takes all tokens in; `None` if they are not one statement.
    fn run(&mut self) -> Option<()> {
        loop {
            let token = self.lexer.next();
            let spelled = self.regions.is_spelled(token.kind);
            if self.before != token.start {
                self.gap(token.start, spelled);
            }
            self.before = token.end;
            match token.kind {
                TokenKind::Word(keyword) => {
                    self.regions.word(keyword, &mut self.shape);
                    if keyword.is_reserved() && !spelled {
                        self.shape.keyword(keyword);
                    } else {
                        self.shape.text(self.source, token.start, token.end);
                    }
                }
                TokenKind::Literal(kind) => self.literal(token, kind, false),
                TokenKind::List => {
                    let first = list_items(self.text_of(token), self.modes).next();
                    self.literal(token, first.map_or(LiteralKind::Int, |item| item.kind), true);
                }
                TokenKind::LeftParen => {
                    self.regions.open(&mut self.shape);
                    self.shape.byte(b'(');
                }
                TokenKind::RightParen => {
                    self.shape.byte(b')');
                    self.regions.close(&mut self.shape);
                }
                TokenKind::Comma => {
                    self.regions.symbol(TokenKind::Comma);
                    self.shape.byte(b',');
                }
                TokenKind::Dot => {
                    self.regions.symbol(TokenKind::Dot);
                    self.shape.byte(b'.');
                }
                TokenKind::Bad => return None,
                TokenKind::End => return Some(()),
                TokenKind::Semicolon => return self.is_last().then_some(()),
                TokenKind::Quoted
                | TokenKind::Introducer
                | TokenKind::UserVariable
                | TokenKind::Bind
                | TokenKind::ListBind
                | TokenKind::Directive
                | TokenKind::Hint => {
                    self.regions.name();
                    self.shape.text(self.source, token.start, token.end);
                }
                kind => {
                    self.regions.symbol(kind);
                    self.shape.symbol(&self.source[token.start as usize..token.end as usize]);
                }
            }
        }
    }

    /// Tells whether only semicolons follow.
    fn is_last(&mut self) -> bool {
        loop {
            match self.lexer.next().kind {
                TokenKind::Semicolon => {}
                kind => return kind == TokenKind::End,
            }
        }
    }

    fn text_of(&self, token: Token) -> &[u8] {
        &self.source[token.start as usize..token.end as usize]
    }

    /// Takes in what lies between two tokens, where it means something.
    #[inline]
    fn gap(&mut self, end: u32, spelled: bool) {
        // The shortest version comment has five bytes.
        let is_long = end.wrapping_sub(self.before) > 4;
        if is_long || (spelled && !self.regions.is_fresh()) {
            self.long_gap(end, spelled);
        }
    }

    #[cold]
    fn long_gap(&mut self, end: u32, spelled: bool) {
        let gap = &self.source[self.before as usize..end as usize];
        // A server of another version may read a version comment that is skipped here.
        let is_versioned = gap.len() > 4 && memchr::memmem::find(gap, b"/*!").is_some();
        if (spelled && !self.regions.is_fresh()) || is_versioned {
            self.shape.gap(self.source, self.before, end);
        }
    }

    fn literal(&mut self, token: Token, kind: LiteralKind, list: bool) {
        let place = self.regions.literal(&self.lexer);
        self.shape.literal(self.source, token, kind, list);
        if place == Place::Kept {
            self.shape.text(self.source, token.start, token.end);
        }
        if self.literals.len() == self.literals.capacity() {
            // A statement of many literals: about one for each so many bytes of the text.
            const BYTES_EACH: usize = 16;
            self.literals.reserve(self.source.len() / BYTES_EACH);
        }
        let bound = place != Place::Kept;
        self.literals.push(LiteralSpan { start: token.start, end: token.end, kind, list, bound });
        self.regions.note(place, self.literals.len() - 1);
    }

    /// Returns the hash, and how many rows were folded.
    fn finish(&mut self) -> (u128, u32) {
        for index in self.regions.withdrawn() {
            if let Some(literal) = self.literals.get_mut(*index as usize) {
                literal.bound = false;
                self.shape.text(self.source, literal.start, literal.end);
            }
        }
        (self.shape.finish(), self.shape.folded_rows())
    }
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

#[cfg(test)]
mod tests;
