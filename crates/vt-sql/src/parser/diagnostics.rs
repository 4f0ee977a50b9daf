//! `SIGNAL`, `RESIGNAL`, `GET DIAGNOSTICS`.

use super::{Parsed, Parser};
use crate::{
    ast::{
        Diagnostics, DiagnosticsItem, Expr, GetDiagnostics, IntoVariable, SignalCondition,
        SignalItem, Statement, Variable,
    },
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    fn diagnostics(&self, diagnostics: Diagnostics<'a>) -> Statement<'a> {
        Statement::Diagnostics(self.arena.node(diagnostics))
    }

    pub(super) fn signal(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let condition = self.signal_condition()?;
        let items = self.signal_items()?;
        Ok(self.diagnostics(Diagnostics::Signal { condition, items }))
    }

    pub(super) fn resignal(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let condition = match self.at_end() || self.at_keyword(Keyword::Set) {
            true => None,
            false => Some(self.signal_condition()?),
        };
        let items = self.signal_items()?;
        Ok(self.diagnostics(Diagnostics::Resignal { condition, items }))
    }

    fn signal_condition(&mut self) -> Parsed<SignalCondition<'a>> {
        if self.eat_keyword(Keyword::Sqlstate) {
            let _ = self.eat_keyword(Keyword::Value);
            return Ok(SignalCondition::State(self.string()?));
        }
        Ok(SignalCondition::Named(self.name()?))
    }

    fn signal_items(&mut self) -> Parsed<&'a [SignalItem<'a>]> {
        if !self.eat_keyword(Keyword::Set) {
            return Ok(&[]);
        }
        self.list(|parser| {
            let item = parser.diagnostics_item()?;
            if matches!(
                item,
                DiagnosticsItem::Number
                    | DiagnosticsItem::RowCount
                    | DiagnosticsItem::ReturnedSqlstate
            ) {
                return Err(parser.fail());
            }
            parser.expect(TokenKind::Equal)?;
            Ok(SignalItem { item, value: parser.diagnostics_value()? })
        })
    }

    /// Reads a literal, a variable or a name: MySQL takes no other expression here.
    fn diagnostics_value(&mut self) -> Parsed<Expr<'a>> {
        let is_temporal = matches!(
            self.token.kind,
            TokenKind::Word(Keyword::Date | Keyword::Time | Keyword::Timestamp)
        );
        match self.token.kind {
            TokenKind::Literal(_)
            | TokenKind::Introducer
            | TokenKind::AtAt
            | TokenKind::Word(Keyword::Null | Keyword::True | Keyword::False) => self.primary(),
            _ if is_temporal && self.is_string(self.peek()) => self.primary(),
            TokenKind::UserVariable => {
                let variable = Variable::User(self.user_variable()?);
                Ok(Expr::Variable(self.arena.node(variable)))
            }
            _ => {
                let column = self.column_name()?;
                Ok(Expr::Column(self.arena.node(column)))
            }
        }
    }

    fn diagnostics_item(&mut self) -> Parsed<DiagnosticsItem> {
        let item = DiagnosticsItem::from_text(self.token_text()).ok_or_else(|| self.fail())?;
        self.advance();
        Ok(item)
    }

    pub(super) fn get_diagnostics(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let stacked = self.eat_word("stacked");
        if !stacked {
            let _ = self.eat_word("current");
        }
        self.expect_word("diagnostics")?;
        let condition = match self.eat_keyword(Keyword::Condition) {
            true => Some(self.diagnostics_value()?),
            false => None,
        };
        let targets = self.list(|parser| {
            let target = match parser.token.kind {
                TokenKind::UserVariable => IntoVariable::User(parser.user_variable()?),
                _ => IntoVariable::Local(parser.name()?),
            };
            parser.expect(TokenKind::Equal)?;
            let item = parser.diagnostics_item()?;
            let of_statement = matches!(item, DiagnosticsItem::Number | DiagnosticsItem::RowCount);
            if of_statement == condition.is_some() {
                return Err(parser.fail());
            }
            Ok((target, item))
        })?;
        let get = GetDiagnostics { stacked, condition, targets };
        Ok(self.diagnostics(Diagnostics::Get(self.arena.node(get))))
    }
}
