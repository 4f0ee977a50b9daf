//! Functions of JSON that have a grammar of their own.

use super::{Parsed, Parser, operator::rung};
use crate::{
    ast::{DualityChanges, DualityPair, Expr, JsonFallback, Special},
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    #[inline(never)]
    pub(super) fn json_value(&mut self) -> Parsed<Expr<'a>> {
        self.open_call()?;
        let doc = self.expr()?;
        self.expect(TokenKind::Comma)?;
        let path = self.primary()?;
        let returning = match self.eat_word("returning") {
            true => Some(self.cast_type()?),
            false => None,
        };
        let (on_empty, on_error) = self.json_fallbacks()?;
        self.special(Special::JsonValue { doc, path, returning, on_empty, on_error })
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
    pub(super) fn json_fallbacks(
        &mut self,
    ) -> Parsed<(Option<JsonFallback<'a>>, Option<JsonFallback<'a>>)> {
        let (mut on_empty, mut on_error) = (None, None);
        loop {
            let fallback = match () {
                () if self.eat_keyword(Keyword::Null) => JsonFallback::Null,
                () if self.eat_word("error") => JsonFallback::Error,
                () if self.eat_keyword(Keyword::Default) => {
                    JsonFallback::Default(self.expr_at(rung::CONCAT)?)
                }
                () => return Ok((on_empty, on_error)),
            };
            self.expect_keyword(Keyword::On)?;
            if self.eat_keyword(Keyword::Empty) && on_empty.is_none() {
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
