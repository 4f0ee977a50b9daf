//! `CREATE`, `ALTER`, `DROP`, `TRUNCATE`, `RENAME`.

use super::{Parsed, Parser};
use crate::{ast::Statement, preview::StatementKind};

impl<'a> Parser<'a> {
    pub(super) fn create(&mut self) -> Parsed<Statement<'a>> {
        Ok(self.other(StatementKind::Ddl))
    }
    pub(super) fn alter(&mut self) -> Parsed<Statement<'a>> {
        if self.is_word(self.peek(), "vschema") {
            self.advance();
            self.advance();
            return self.alter_vschema();
        }
        if self.is_word(self.peek(), "vitess_migration") {
            self.advance();
            self.advance();
            return self.alter_migration();
        }
        Ok(self.other(StatementKind::Ddl))
    }
    pub(super) fn drop_statement(&mut self) -> Parsed<Statement<'a>> {
        Ok(self.other(StatementKind::Ddl))
    }
    pub(super) fn truncate(&mut self) -> Parsed<Statement<'a>> {
        Ok(self.other(StatementKind::Ddl))
    }
    pub(super) fn rename(&mut self) -> Parsed<Statement<'a>> {
        Ok(self.other(StatementKind::Ddl))
    }
}
