//! From tokens to the tree: recursive descent, one file a family of statements.
//!
//! The parser never goes back: where two readings begin alike, it looks ahead by copying the
//! lexer. Nesting is counted at every recursion, see [`crate::limits`].

mod account;
mod admin;
mod builtin;
mod clauses;
mod ddl;
mod diagnostics;
mod dml;
mod error;
mod expr;
mod function;
mod grant;
mod handler;
mod into;
mod json;
mod name;
mod operator;
mod program;
mod query;
mod replication;
mod server;
mod session;
mod show;
mod statement;
mod storage;
mod table;
mod types;
mod vitess;
mod window;
mod xa;

use std::cell::Cell;

use bumpalo::collections::Vec as BumpVec;

pub(crate) use error::Fail;
pub(crate) use operator::rung;

use crate::{
    Arena, Modes,
    ast::{Comments, Literal, LiteralKind, SelectInto, Span},
    lexer::{Keyword, Lexer, Token, TokenKind, first_string, unescape},
    limits::{CHAIN_MAX, DEPTH_MAX, NODES_MAX},
};

type Parsed<T> = Result<T, Fail>;

pub(crate) struct Parser<'a> {
    arena: &'a Arena,
    text: &'a str,
    /// The bytes of `text`.
    source: &'a [u8],
    modes: Modes,
    /// Stands behind `next`.
    lexer: Lexer<'a>,
    /// The token that is looked at.
    token: Token,
    /// The token behind it.
    next: Token,
    /// Where the token before it ended.
    before: u32,
    depth: u32,
    /// The place of the first word that spoilt a phrase, whose beginning fitted.
    furthest: Cell<u32>,
    /// Expressions and literals so far.
    nodes: u32,
    /// The links of operator chains on the longest path in what was parsed last.
    chain: u32,
    /// The comments that were read last, and those before them, with where the tokens begin that
    /// they stand before.
    comments: [(u32, Comments<'a>); 2],
    /// An `INTO` in the middle of a `SELECT`, for the query around it.
    into: Option<&'a SelectInto<'a>>,
    /// Where the query that is read next stands.
    into_place: IntoPlace,
    /// An `INTO` was read behind a query.
    into_ends: bool,
}

/// Where an `INTO` may stand in a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum IntoPlace {
    /// Nowhere: it is a subquery.
    #[default]
    None,
    /// Before `FROM` only: it is a part in parentheses of a statement's query.
    Part,
    /// There and at the end: it is a statement's query.
    Statement,
}

impl IntoPlace {
    /// Returns the place of a part behind `UNION` and its kin.
    fn inside(self) -> IntoPlace {
        if self == IntoPlace::None { IntoPlace::None } else { IntoPlace::Part }
    }
}

impl<'a> Parser<'a> {
    pub(crate) fn new(arena: &'a Arena, sql: &'a str, modes: Modes) -> Parser<'a> {
        let source = sql.as_bytes();
        let start = Token::empty(0);
        let mut parser = Parser {
            arena,
            text: sql,
            source,
            modes,
            lexer: Lexer::new(source, modes),
            token: start,
            next: start,
            before: 0,
            depth: 0,
            furthest: Cell::new(0),
            nodes: 0,
            chain: 0,
            comments: [(u32::MAX, Comments::NONE); 2],
            into: None,
            into_place: IntoPlace::None,
            into_ends: false,
        };
        parser.advance();
        parser.advance();
        parser
    }

    // Tokens.

    /// Goes to the next token, and keeps the comments that stand before it.
    fn advance(&mut self) {
        self.before = self.token.end;
        self.token = self.next;
        self.next = self.lexer.next();
        if matches!(self.next.kind, TokenKind::Hint | TokenKind::Directive) {
            self.collect_comments();
        }
    }

    /// Goes on at a place in the text.
    fn jump(&mut self, to: usize) {
        self.lexer.jump(to);
        let end = to as u32;
        self.next = Token::empty(end);
        self.advance();
        self.advance();
        self.before = end;
    }

    /// Returns a lexer that stands before the current token, for looking far ahead.
    fn lexer_here(&self) -> Lexer<'a> {
        let mut lexer = Lexer::new(self.source, self.modes);
        lexer.jump(self.token.start as usize);
        lexer
    }

    #[cold]
    fn collect_comments(&mut self) {
        let mut directives = self.arena.vec();
        let mut hints = None;
        while matches!(self.next.kind, TokenKind::Hint | TokenKind::Directive) {
            let text = self.text_of(self.next.start, self.next.end);
            let inside = |from: usize| text.get(from..text.len() - 2).unwrap_or_default().trim();
            if self.next.kind == TokenKind::Hint {
                hints = hints.or(Some(inside(3)));
            } else {
                directives.push(inside(5));
            }
            self.next = self.lexer.next();
        }
        let found = Comments { directives: directives.into_bump_slice(), hints };
        self.comments = [(self.next.start, found), self.comments[0]];
    }

    /// Takes the comments that stood before the current token.
    fn take_comments(&mut self) -> Comments<'a> {
        let place = self.token.start;
        self.comments
            .iter_mut()
            .find(|(before, _)| *before == place)
            .map_or(Comments::NONE, |(_, comments)| std::mem::take(comments))
    }

    /// Returns the token behind the current one.
    fn peek(&self) -> Token {
        self.next
    }

    /// Returns the token `ahead` tokens behind the current one.
    fn peek_nth(&self, ahead: usize) -> Token {
        match ahead {
            0 => return self.token,
            1 => return self.next,
            _ => {}
        }
        let mut lexer = self.lexer;
        let mut token = self.next;
        for _ in 1..ahead {
            token = lexer.next();
            while matches!(token.kind, TokenKind::Hint | TokenKind::Directive) {
                token = lexer.next();
            }
        }
        token
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.token.kind == kind
    }

    fn at_keyword(&self, keyword: Keyword) -> bool {
        self.token.kind == TokenKind::Word(keyword)
    }

    /// Tells whether the current token is this word, reserved or not, without quotes.
    fn at_word(&self, word: &str) -> bool {
        self.is_word(self.token, word)
    }

    fn is_word(&self, token: Token, word: &str) -> bool {
        matches!(token.kind, TokenKind::Word(_))
            && self.bytes_of(token).eq_ignore_ascii_case(word.as_bytes())
    }

    /// Tells whether the current and the next tokens are these words.
    fn at_words(&self, words: &[&str]) -> bool {
        for (ahead, word) in words.iter().enumerate() {
            let token = self.peek_nth(ahead);
            if !self.is_word(token, word) {
                if ahead > 0 {
                    self.furthest.set(self.furthest.get().max(token.start));
                }
                return false;
            }
        }
        true
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.advance();
        }
        found
    }

    fn eat_keyword(&mut self, keyword: Keyword) -> bool {
        self.eat(TokenKind::Word(keyword))
    }

    /// Reads `NOT` where MySQL's grammar has no place for the one that binds tightly.
    fn eat_low_not(&mut self) -> bool {
        !self.modes.high_not_precedence && self.eat_keyword(Keyword::Not)
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn eat_words(&mut self, words: &[&str]) -> bool {
        let found = self.at_words(words);
        if found {
            for _ in words {
                self.advance();
            }
        }
        found
    }

    fn expect(&mut self, kind: TokenKind) -> Parsed<()> {
        if self.eat(kind) { Ok(()) } else { Err(self.fail()) }
    }

    fn expect_keyword(&mut self, keyword: Keyword) -> Parsed<()> {
        self.expect(TokenKind::Word(keyword))
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) { Ok(()) } else { Err(self.fail()) }
    }

    fn expect_words(&mut self, words: &[&str]) -> Parsed<()> {
        words.iter().try_for_each(|word| self.expect_word(word))
    }

    /// A syntax error at the current token, or where words went on that began with it.
    #[cold]
    fn fail(&self) -> Fail {
        Fail::Syntax { at: self.token.start.max(self.furthest.get()) }
    }

    // Text.

    #[inline]
    fn bytes_of(&self, token: Token) -> &'a [u8] {
        &self.source[token.start as usize..token.end as usize]
    }

    /// Returns a piece of the text; the lexer never ends a token inside of a character.
    #[inline]
    fn text_of(&self, start: u32, end: u32) -> &'a str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    fn token_text(&self) -> &'a str {
        self.text_of(self.token.start, self.token.end)
    }

    // Nesting.

    /// Counts one level of nesting; [`Parser::leave`] takes it back.
    #[inline]
    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fail::Deep);
        }
        self.count_node()
    }

    /// Counts a node, so that the tree stays within memory.
    #[inline]
    fn count_node(&mut self) -> Parsed<()> {
        self.nodes += 1;
        if self.nodes > NODES_MAX { Err(Fail::Large) } else { Ok(()) }
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Counts one more level around what takes much of the stack.
    fn heavy<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.enter()?;
        let value = read(self)?;
        self.leave();
        Ok(value)
    }

    /// Counts a link of a chain of operators.
    fn link(&mut self) -> Parsed<()> {
        self.chain += 1;
        if self.chain > CHAIN_MAX { Err(Fail::Deep) } else { Ok(()) }
    }

    // Lists.

    fn vec<T: Copy>(&self) -> BumpVec<'a, T> {
        self.arena.vec()
    }

    /// Reads one or more items with commas between.
    fn list<T: Copy>(&mut self, item: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<&'a [T]> {
        let first = item(self)?;
        if !self.at(TokenKind::Comma) {
            return Ok(self.arena.list(&[first]));
        }
        // Most lists are short.
        let mut items = BumpVec::with_capacity_in(4, self.arena.bump());
        items.push(first);
        while self.eat(TokenKind::Comma) {
            items.push(item(self)?);
        }
        Ok(items.into_bump_slice())
    }

    /// Reads `( item, ... )`.
    fn paren_list<T: Copy>(&mut self, item: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<&'a [T]> {
        self.expect(TokenKind::LeftParen)?;
        let items = self.list(item)?;
        self.expect(TokenKind::RightParen)?;
        Ok(items)
    }

    // Literals.

    #[inline]
    fn literal(&mut self, kind: LiteralKind) -> &'a Literal<'a> {
        let token = self.token;
        let text = self.bytes_of(token);
        let value = match kind {
            LiteralKind::Int | LiteralKind::Decimal | LiteralKind::Float => text,
            _ if token.is_plain_string() => text.get(1..text.len() - 1).unwrap_or_default(),
            _ => self.unescape(text, kind),
        };
        let span = Span { start: token.start, end: token.end };
        let ordinal = token.ordinal();
        self.advance();
        self.arena.node(Literal { kind, value, span, ordinal })
    }

    /// Refuses a number with an exponent that is beyond all doubles.
    #[cold]
    fn check_double(&self, start: u32, end: u32) -> Parsed<()> {
        match self.text_of(start, end).parse::<f64>() {
            Ok(value) if value.is_infinite() => Err(Fail::HugeDouble { start, end }),
            _ => Ok(()),
        }
    }

    fn unescape(&self, text: &'a [u8], kind: LiteralKind) -> &'a [u8] {
        match unescape(text, kind, self.modes) {
            std::borrow::Cow::Borrowed(value) => value,
            std::borrow::Cow::Owned(value) => self.arena.bytes(&value),
        }
    }

    /// Reads a string; adjacent strings are one in expressions only.
    fn string(&mut self) -> Parsed<&'a Literal<'a>> {
        if let TokenKind::Literal(LiteralKind::Str) = self.token.kind {
            let text = self.bytes_of(self.token);
            let first = first_string(text, self.modes);
            if first < text.len() {
                let blanks = text[first..].len() - text[first..].trim_ascii_start().len();
                return Err(Fail::Syntax { at: self.token.start + (first + blanks) as u32 });
            }
        }
        match self.token.kind {
            TokenKind::Literal(
                kind @ (LiteralKind::Str
                | LiteralKind::Hex
                | LiteralKind::Bit
                | LiteralKind::NationalStr),
            ) => Ok(self.literal(kind)),
            _ => Err(self.fail()),
        }
    }

    fn string_text(&mut self) -> Parsed<&'a str> {
        let fail = self.fail();
        std::str::from_utf8(self.string()?.value).map_err(|_| fail)
    }

    /// Reads a number literal without a point, and returns it as written.
    fn number(&mut self) -> Parsed<&'a str> {
        match self.token.kind {
            TokenKind::Literal(LiteralKind::Int | LiteralKind::Hex) => {
                let text = self.token_text();
                self.advance();
                Ok(text)
            }
            _ => Err(self.fail()),
        }
    }
}
