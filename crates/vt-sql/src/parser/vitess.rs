//! Statements that only Vitess has.

use super::{Parsed, Parser};
use crate::{
    ast::{
        AlterMigration, AlterVschema, Literal, LiteralKind, MigrationAction, SelectItem, Statement,
        Stream, TableName, VindexParam, VindexSpec,
    },
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    /// `ALTER VSCHEMA ...`; the verb and the word have been read.
    pub(super) fn alter_vschema(&mut self) -> Parsed<Statement<'a>> {
        let alter = match () {
            () if self.eat_words(&["create", "vindex"]) => {
                AlterVschema::CreateVindex { name: self.table_name()?, spec: self.vindex_spec()? }
            }
            () if self.eat_words(&["drop", "vindex"]) => {
                AlterVschema::DropVindex { name: self.table_name()? }
            }
            () if self.eat_words(&["add", "table"]) => AlterVschema::AddTable(self.table_name()?),
            () if self.eat_words(&["drop", "table"]) => AlterVschema::DropTable(self.table_name()?),
            () if self.eat_words(&["add", "sequence"]) => {
                AlterVschema::AddSequence(self.table_name()?)
            }
            () if self.eat_words(&["drop", "sequence"]) => {
                AlterVschema::DropSequence(self.table_name()?)
            }
            () => {
                self.expect_keyword(Keyword::On)?;
                let table = self.table_name()?;
                self.alter_vschema_table(table)?
            }
        };
        Ok(Statement::AlterVschema(self.arena.node(alter)))
    }

    fn alter_vschema_table(&mut self, table: TableName<'a>) -> Parsed<AlterVschema<'a>> {
        match () {
            () if self.eat_words(&["add", "vindex"]) => {
                let name = self.name()?;
                let columns = self.paren_list(Parser::name)?;
                let spec = self.vindex_spec()?;
                Ok(AlterVschema::AddColumnVindex { table, name, columns, spec })
            }
            () if self.eat_words(&["drop", "vindex"]) => {
                Ok(AlterVschema::DropColumnVindex { table, name: self.name()? })
            }
            () if self.eat_words(&["add", "auto_increment"]) => {
                let column = self.name()?;
                self.expect_keyword(Keyword::Using)?;
                let sequence = self.table_name()?;
                Ok(AlterVschema::AddAutoIncrement { table, column, sequence })
            }
            () => {
                self.expect_words(&["drop", "auto_increment"])?;
                Ok(AlterVschema::DropAutoIncrement { table })
            }
        }
    }

    fn vindex_spec(&mut self) -> Parsed<VindexSpec<'a>> {
        let vindex_type = match self.eat_keyword(Keyword::Using) {
            true => Some(self.name()?),
            false => None,
        };
        let params = match self.eat_keyword(Keyword::With) {
            true => self.list(|parser| {
                let key = parser.any_word()?;
                parser.expect(TokenKind::Equal)?;
                let value = match parser.token.kind {
                    TokenKind::Literal(LiteralKind::Str) => parser.string_text()?,
                    TokenKind::Literal(_) => {
                        let text = parser.token_text();
                        parser.advance();
                        text
                    }
                    _ => parser.any_word()?.text,
                };
                Ok(VindexParam { key, value })
            })?,
            false => &[],
        };
        Ok(VindexSpec { vindex_type, params })
    }

    /// `ALTER VITESS_MIGRATION ...`; the verb and the word have been read.
    pub(super) fn alter_migration(&mut self) -> Parsed<Statement<'a>> {
        let uuid = match self.token.kind {
            TokenKind::Literal(LiteralKind::Str) => Some(self.string()?),
            _ => None,
        };
        let action = match () {
            () if uuid.is_some() && self.eat_word("retry") => MigrationAction::Retry,
            () if self.eat_word("cleanup") => MigrationAction::Cleanup,
            () if self.eat_word("launch") => {
                MigrationAction::Launch { shards: self.migration_shards(uuid)? }
            }
            () if self.eat_word("complete") => {
                MigrationAction::Complete { shards: self.migration_shards(uuid)? }
            }
            () if self.eat_words(&["postpone", "complete"]) => MigrationAction::PostponeComplete,
            () if self.eat_word("cancel") => MigrationAction::Cancel,
            () if self.eat_word("throttle") => return self.migration_throttle(uuid),
            () if self.eat_word("unthrottle") => MigrationAction::Unthrottle,
            () if self.eat_word("force_cutover") => MigrationAction::ForceCutover,
            () if uuid.is_some() && self.eat_word("cutover_threshold") => {
                MigrationAction::CutoverThreshold(self.string()?)
            }
            () => return Err(self.fail()),
        };
        if uuid.is_none() {
            self.expect_keyword(Keyword::All)?;
        }
        Ok(Statement::AlterMigration(self.arena.node(AlterMigration { uuid, action })))
    }

    fn migration_shards(
        &mut self,
        uuid: Option<&'a Literal<'a>>,
    ) -> Parsed<Option<&'a Literal<'a>>> {
        match uuid.is_some() && self.eat_word("vitess_shards") {
            true => Ok(Some(self.string()?)),
            false => Ok(None),
        }
    }

    /// `THROTTLE [ALL] [EXPIRE '2h'] [RATIO 0.5]`
    fn migration_throttle(&mut self, uuid: Option<&'a Literal<'a>>) -> Parsed<Statement<'a>> {
        if uuid.is_none() {
            self.expect_keyword(Keyword::All)?;
        }
        let expire = if self.eat_word("expire") { Some(self.string()?) } else { None };
        let mut ratio = None;
        if self.eat_word("ratio") {
            let TokenKind::Literal(kind @ (LiteralKind::Int | LiteralKind::Decimal)) =
                self.token.kind
            else {
                return Err(self.fail());
            };
            ratio = Some(self.literal(kind));
        }
        let action = MigrationAction::Throttle { expire, ratio };
        Ok(Statement::AlterMigration(self.arena.node(AlterMigration { uuid, action })))
    }

    pub(super) fn revert_migration(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_word("vitess_migration")?;
        Ok(Statement::RevertMigration(self.string()?))
    }

    pub(super) fn stream(&mut self) -> Parsed<Statement<'a>> {
        let vstream = self.at_word("vstream");
        let comments = self.verb_comments();
        let item = if self.eat(TokenKind::Star) {
            SelectItem::Star(None)
        } else {
            let start = self.token.start;
            let expr = self.expr()?;
            let name = self.text_of(start, self.before);
            SelectItem::Expr(crate::ast::SelectExpr { expr, alias: None, name })
        };
        self.expect_keyword(Keyword::From)?;
        let table = self.table_name()?;
        let (mut filter, mut limit) = (None, None);
        if vstream {
            filter = self.optional_expr(Keyword::Where)?;
            limit = self.limit()?;
        }
        let stream = Stream { comments, vstream, item, table, filter, limit };
        Ok(Statement::Stream(self.arena.node(stream)))
    }
}
