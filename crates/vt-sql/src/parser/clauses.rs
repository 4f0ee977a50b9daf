//! What stands behind queries and changes: `ORDER BY`, `LIMIT`, locks.

use super::{Parsed, Parser};
use crate::{
    ast::{ColumnName, Expr, Limit, LiteralKind, Lock, LockStrength, LockWait, OrderItem},
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    /// Reads `ORDER BY ...`, if it stands here.
    pub(super) fn order_by(&mut self) -> Parsed<&'a [OrderItem<'a>]> {
        if !self.eat_keyword(Keyword::Order) {
            return Ok(&[]);
        }
        self.expect_keyword(Keyword::By)?;
        self.list(Parser::order_item)
    }

    pub(super) fn order_item(&mut self) -> Parsed<OrderItem<'a>> {
        let expr = self.expr()?;
        let descending = self.eat_keyword(Keyword::Desc);
        if !descending {
            self.eat_keyword(Keyword::Asc);
        }
        Ok(OrderItem { expr, descending })
    }

    /// Reads `LIMIT n`, `LIMIT offset, n` or `LIMIT n OFFSET offset`, if it stands here.
    pub(super) fn limit(&mut self) -> Parsed<Option<Limit<'a>>> {
        if !self.eat_keyword(Keyword::Limit) {
            return Ok(None);
        }
        let first = self.limit_value()?;
        if self.eat(TokenKind::Comma) {
            let count = self.limit_value()?;
            return Ok(Some(Limit { offset: Some(first), count }));
        }
        let offset = match self.eat_keyword(Keyword::Offset) {
            true => Some(self.limit_value()?),
            false => None,
        };
        Ok(Some(Limit { offset, count: first }))
    }

    /// Reads `LIMIT n`, if it stands here.
    pub(super) fn simple_limit(&mut self) -> Parsed<Option<Limit<'a>>> {
        if !self.eat_keyword(Keyword::Limit) {
            return Ok(None);
        }
        Ok(Some(Limit { offset: None, count: self.limit_value()? }))
    }

    /// A number, a bind, or a local variable of a program.
    fn limit_value(&mut self) -> Parsed<Expr<'a>> {
        match self.token.kind {
            TokenKind::Literal(LiteralKind::Int) | TokenKind::Bind | TokenKind::Question => {
                self.primary()
            }
            _ => {
                let column = ColumnName { table: None, name: self.name()? };
                Ok(Expr::Column(self.arena.node(column)))
            }
        }
    }

    pub(super) fn locks(&mut self) -> Parsed<&'a [Lock<'a>]> {
        let mut locks = self.vec();
        loop {
            let strength = if self.eat_keyword(Keyword::Lock) {
                self.expect_words(&["in", "share", "mode"])?;
                let wait = LockWait::Wait;
                locks.push(Lock { strength: LockStrength::ShareMode, of: &[], wait });
                continue;
            } else if !self.eat_keyword(Keyword::For) {
                return Ok(locks.into_bump_slice());
            } else if self.eat_keyword(Keyword::Update) {
                LockStrength::Update
            } else {
                self.expect_word("share")?;
                LockStrength::Share
            };
            let of = match self.eat_keyword(Keyword::Of) {
                true => self.list(Parser::table_name)?,
                false => &[],
            };
            let wait = if self.eat_word("nowait") {
                LockWait::NoWait
            } else if self.eat_word("skip") {
                self.expect_word("locked")?;
                LockWait::SkipLocked
            } else {
                LockWait::Wait
            };
            locks.push(Lock { strength, of, wait });
        }
    }
}
