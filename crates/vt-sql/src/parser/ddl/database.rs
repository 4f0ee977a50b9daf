//! Databases.

use crate::{
    ast::{AlterDatabase, CreateDatabase, DropDatabase, OptionValue, Statement, TableOption},
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
        let options = self.database_options(false)?;
        let create = CreateDatabase { comments, if_not_exists, name, options };
        Ok(Statement::CreateDatabase(self.arena.node(create)))
    }

    pub(super) fn alter_database(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.database_word()?;
        let is_option = self.at_charset() || self.at_words(&["read", "only"]);
        let named = self.at_name() && !(is_option || self.at_word("encryption"));
        let name = if named { Some(self.name()?) } else { None };
        let options = self.database_options(true)?;
        if options.is_empty() {
            return Err(self.fail());
        }
        Ok(Statement::AlterDatabase(self.arena.node(AlterDatabase { name, options })))
    }

    /// Reads the options of a database, which are few of a table's.
    fn database_options(&mut self, alter: bool) -> Parsed<&'a [TableOption<'a>]> {
        let mut options = self.vec();
        loop {
            let fail = self.fail();
            let Some(option) = self.table_option()? else { return Ok(options.into_bump_slice()) };
            let is_known = match (option.name, option.value) {
                ("charset" | "collate", _) | ("encryption", OptionValue::String(_)) => true,
                ("read only", OptionValue::Word("0" | "1")) => alter,
                ("read only", OptionValue::Word(word)) => {
                    alter && word.eq_ignore_ascii_case("default")
                }
                _ => false,
            };
            if !is_known {
                return Err(fail);
            }
            options.push(option);
        }
    }

    pub(super) fn drop_database(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        self.database_word()?;
        let if_exists = self.if_exists();
        let name = self.name()?;
        Ok(Statement::DropDatabase(self.arena.node(DropDatabase { comments, if_exists, name })))
    }
}
