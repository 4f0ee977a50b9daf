//! Functions of JSON that have a grammar of their own.

use super::{Parsed, Parser};
use crate::{
    ast::{DualityChanges, DualityPair, Expr, JsonFallback, LiteralKind, Special, Unary, UnaryOp},
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    #[inline(never)]
    pub(super) fn json_value(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let doc = self.expr()?;
        self.expect(TokenKind::Comma)?;
        let path = self.json_path()?;
        let returning = match self.eat_word("returning") {
            true => Some(self.plain_cast_type()?),
            false => None,
        };
        let (on_empty, on_error) = self.json_fallbacks(false)?;
        self.special(Special::JsonValue { doc, path, returning, on_empty, on_error })
    }

    /// Reads a path: a text, perhaps with a character set.
    pub(super) fn json_path(&mut self) -> Parsed<Expr<'a>> {
        match self.token.kind {
            TokenKind::Literal(LiteralKind::Str | LiteralKind::NationalStr) => self.primary(),
            TokenKind::Introducer if self.peek().kind == TokenKind::Literal(LiteralKind::Str) => {
                self.introducer()
            }
            _ => Err(self.fail()),
        }
    }

    /// Reads a literal, of numbers perhaps with a sign; `NULL` is none.
    fn signed_literal(&mut self) -> Parsed<Expr<'a>> {
        let op = match self.token.kind {
            TokenKind::Literal(_)
            | TokenKind::Introducer
            | TokenKind::Word(Keyword::True | Keyword::False) => return self.primary(),
            TokenKind::Word(Keyword::Date | Keyword::Time | Keyword::Timestamp)
                if self.is_string(self.peek()) =>
            {
                return self.primary();
            }
            TokenKind::Minus => UnaryOp::Minus,
            TokenKind::Plus => UnaryOp::Plus,
            _ => return Err(self.fail()),
        };
        self.advance();
        let TokenKind::Literal(LiteralKind::Int | LiteralKind::Decimal | LiteralKind::Float) =
            self.token.kind
        else {
            return Err(self.fail());
        };
        let expr = self.primary()?;
        Ok(Expr::Unary(self.arena.node(Unary { op, expr })))
    }

    /// Reads `JSON_DUALITY_OBJECT(...)`.
    #[inline(never)]
    pub(super) fn duality_object(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let mut changes = None;
        if self.eat_keyword(Keyword::With) {
            let paren = self.eat(TokenKind::LeftParen);
            let mut said = DualityChanges::default();
            loop {
                let allowed = !self.eat_word("no");
                let change = match self.token.kind {
                    TokenKind::Word(Keyword::Insert) => &mut said.insert,
                    TokenKind::Word(Keyword::Update) => &mut said.update,
                    TokenKind::Word(Keyword::Delete) => &mut said.delete,
                    _ => return Err(self.fail()),
                };
                *change = Some(allowed);
                self.advance();
                if !paren || !self.eat(TokenKind::Comma) {
                    break;
                }
            }
            if paren {
                self.expect(TokenKind::RightParen)?;
            }
            changes = Some(said);
        }
        let pairs = self.list(Parser::duality_pair)?;
        self.special(Special::DualityObject { changes, pairs })
    }

    /// Reads `'key': value`; a name at once behind the colon looks like a bind.
    pub(super) fn duality_pair(&mut self) -> Parsed<DualityPair<'a>> {
        let key = self.text_literal()?;
        match self.token.kind {
            TokenKind::Bind => self.jump(self.token.start as usize + 1),
            _ => self.expect(TokenKind::Colon)?,
        }
        Ok(DualityPair { key, value: self.expr()? })
    }

    /// Reads `[... ON EMPTY] [... ON ERROR]`.
    ///
    /// In a `JSON_TABLE` they may come in any order.
    pub(super) fn json_fallbacks(
        &mut self,
        any_order: bool,
    ) -> Parsed<(Option<JsonFallback<'a>>, Option<JsonFallback<'a>>)> {
        let (mut on_empty, mut on_error) = (None, None);
        loop {
            let fallback = match () {
                () if self.eat_keyword(Keyword::Null) => JsonFallback::Null,
                () if self.eat_word("error") => JsonFallback::Error,
                () if self.eat_keyword(Keyword::Default) => {
                    JsonFallback::Default(self.signed_literal()?)
                }
                () => return Ok((on_empty, on_error)),
            };
            self.expect_keyword(Keyword::On)?;
            let may_be_empty = on_empty.is_none() && (any_order || on_error.is_none());
            if may_be_empty && self.eat_keyword(Keyword::Empty) {
                on_empty = Some(fallback);
            } else if on_error.is_none() {
                self.expect_word("error")?;
                on_error = Some(fallback);
            } else {
                return Err(self.fail());
            }
        }
    }
}
