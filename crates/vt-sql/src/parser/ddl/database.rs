//! Databases.

use crate::{
    ast::{AlterDatabase, CreateDatabase, DropDatabase, Statement},
    lexer::Keyword,
    parser::{Parsed, Parser},
};

impl<'a> Parser<'a> {
    fn database_word(&mut self) -> Parsed<()> {
        if self.eat_keyword(Keyword::Database) {
            return Ok(());
        }
        self.expect_keyword(Keyword::Schema)
    }

    pub(super) fn create_database(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        self.database_word()?;
        let if_not_exists = self.if_not_exists();
        let name = self.name()?;
        let options = self.table_options(false)?;
        let create = CreateDatabase { comments, if_not_exists, name, options };
        Ok(Statement::CreateDatabase(self.arena.node(create)))
    }

    pub(super) fn alter_database(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.database_word()?;
        let is_option = self.at_charset() || self.at_words(&["read", "only"]);
        let named = self.at_name() && !(is_option || self.at_word("encryption"));
        let name = if named { Some(self.name()?) } else { None };
        let options = self.table_options(false)?;
        if options.is_empty() {
            return Err(self.fail());
        }
        Ok(Statement::AlterDatabase(self.arena.node(AlterDatabase { name, options })))
    }

    pub(super) fn drop_database(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        self.database_word()?;
        let if_exists = self.if_exists();
        let name = self.name()?;
        Ok(Statement::DropDatabase(self.arena.node(DropDatabase { comments, if_exists, name })))
    }
}
