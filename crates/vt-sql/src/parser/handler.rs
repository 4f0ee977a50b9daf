//! `HANDLER`.

use super::{Parsed, Parser, expr::has_subquery};
use crate::{
    ast::{BinaryOp, Handler, HandlerFrom, HandlerRead, Statement},
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    pub(super) fn handler(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let table = self.table_name()?;
        let handler = if self.eat_word("open") {
            Handler::Open { table, alias: self.table_alias()? }
        } else if table.qualifier.is_some() {
            return Err(self.fail());
        } else if self.eat_word("close") {
            Handler::Close(table.name)
        } else {
            self.expect_keyword(Keyword::Read)?;
            Handler::Read(self.handler_read(table.name)?)
        };
        Ok(Statement::Handler(self.arena.node(handler)))
    }

    fn handler_read(&mut self, table: crate::ast::Ident<'a>) -> Parsed<&'a HandlerRead<'a>> {
        let ends = |kind: TokenKind| {
            matches!(
                kind,
                TokenKind::End
                    | TokenKind::Semicolon
                    | TokenKind::Word(Keyword::Where | Keyword::Limit)
            )
        };
        // `FIRST` alone is a direction; before another word it names an index.
        let alone = ends(self.peek().kind) && self.token.kind != TokenKind::Quoted;
        let index = if alone { None } else { Some(self.name()?) };
        let from = match self.token.kind {
            TokenKind::Equal => self.handler_key(BinaryOp::Eq)?,
            TokenKind::LessEqual => self.handler_key(BinaryOp::Le)?,
            TokenKind::GreaterEqual => self.handler_key(BinaryOp::Ge)?,
            TokenKind::Less => self.handler_key(BinaryOp::Lt)?,
            TokenKind::Greater => self.handler_key(BinaryOp::Gt)?,
            _ => match () {
                () if self.eat_word("first") => HandlerFrom::First,
                () if self.eat_word("next") => HandlerFrom::Next,
                () if index.is_some() && self.eat_word("prev") => HandlerFrom::Previous,
                () if index.is_some() && self.eat_word("last") => HandlerFrom::Last,
                () => return Err(self.fail()),
            },
        };
        let filter = self.optional_expr(Keyword::Where)?;
        let limit = self.limit()?;
        Ok(self.arena.node(HandlerRead { table, index, from, filter, limit }))
    }

    fn handler_key(&mut self, op: BinaryOp) -> Parsed<HandlerFrom<'a>> {
        self.advance();
        let fail = self.fail();
        let values = self.paren_list(Parser::expr_or_default)?;
        if values.iter().any(has_subquery) {
            return Err(fail);
        }
        Ok(HandlerFrom::Key { op, values })
    }
}
