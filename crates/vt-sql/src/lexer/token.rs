//! What the lexer yields.

use super::Keyword;
use crate::ast::LiteralKind;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// The end of the text.
    End,
    /// Something that no token begins with, or a string or comment without end.
    Bad,
    /// An identifier or keyword without quotes.
    Word(Keyword),
    /// An identifier in quotes.
    Quoted,
    /// Adjacent strings are one literal.
    Literal(LiteralKind),
    /// `( literal, literal, ... )` behind `IN`.
    List,
    /// `_charset`, if a literal can follow.
    Introducer,
    /// `@name`, also the host of an account.
    UserVariable,
    /// `@@`; scope and name follow as words.
    AtAt,
    /// `:name`
    Bind,
    /// `::name`
    ListBind,
    /// `?`
    Question,
    /// `/*vt+ ... */` behind a verb.
    Directive,
    /// `/*+ ... */` behind a verb.
    Hint,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    Comma,
    Dot,
    Semicolon,
    Colon,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Caret,
    Tilde,
    Ampersand,
    AndAnd,
    Pipe,
    PipePipe,
    ShiftLeft,
    ShiftRight,
    Equal,
    NullSafeEqual,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Bang,
    /// `:=`
    Assign,
    /// `->`
    Arrow,
    /// `->>`
    LongArrow,
}

/// A token and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Of a literal, a list or a `?`: its number in the statement, from 0. The highest bit marks a
    /// plain string; there are fewer literals than half of all numbers.
    pub(super) number: u32,
}

impl Token {
    pub(super) const PLAIN: u32 = 1 << 31;

    /// A token without text.
    pub(crate) const fn empty(at: u32) -> Token {
        Token { kind: TokenKind::End, start: at, end: at, number: 0 }
    }

    /// Returns the number of a literal, a list or a `?`.
    pub(crate) fn ordinal(self) -> u32 {
        self.number & !Token::PLAIN
    }

    /// Tells whether the token is one string whose value is what stands between its quotes.
    pub(crate) fn is_plain_string(self) -> bool {
        self.number & Token::PLAIN != 0
    }
}
