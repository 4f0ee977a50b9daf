//! `CREATE`, `ALTER`, `DROP`, `TRUNCATE`, `RENAME`.

mod alter;
mod column;
mod database;
mod index;
mod partition;
mod table;
mod view;

use super::{Parsed, Parser};
use crate::{
    ast::{CreateIndex, DropIndex, DropTable, DropView, RenamePair, Statement},
    lexer::{Keyword, Lexer, TokenKind},
    preview::StatementKind,
};

/// What a definition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    Table,
    Index,
    View,
    Database,
    /// `USER`, `ROLE`
    Account,
    /// Known, but without a tree.
    Other,
    Unknown,
}

/// How many tokens may stand between the verb and what it is about.
const HEAD_MAX: usize = 24;

impl<'a> Parser<'a> {
    /// Looks behind the verb for what it is about.
    fn object(&self) -> Object {
        let mut lexer: Lexer<'a> = self.lexer_here();
        lexer.next();
        for _ in 0..HEAD_MAX {
            let token = lexer.next();
            let word = match token.kind {
                TokenKind::Word(_) => self.bytes_of(token),
                TokenKind::End | TokenKind::Bad | TokenKind::Semicolon => return Object::Unknown,
                _ => continue,
            };
            let object = OBJECTS
                .iter()
                .find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word))
                .map(|(_, object)| *object);
            if let Some(object) = object {
                return object;
            }
        }
        Object::Unknown
    }

    /// Takes a definition that has no tree as text.
    fn other_definition(&mut self, object: Object) -> Parsed<Statement<'a>> {
        match object {
            Object::Unknown => Err(self.fail()),
            Object::Account => Ok(self.other(StatementKind::Account)),
            _ => Ok(self.other(StatementKind::Ddl)),
        }
    }

    pub(super) fn create(&mut self) -> Parsed<Statement<'a>> {
        match self.object() {
            Object::Table => self.create_table(),
            Object::Index => self.create_index(),
            Object::View => self.view(false),
            Object::Database => self.create_database(),
            object => self.other_definition(object),
        }
    }

    pub(super) fn alter(&mut self) -> Parsed<Statement<'a>> {
        let next = self.peek();
        if self.is_word(next, "vschema") {
            self.advance();
            self.advance();
            return self.alter_vschema();
        }
        if self.is_word(next, "vitess_migration") {
            self.advance();
            self.advance();
            return self.alter_migration();
        }
        match self.object() {
            Object::Table => self.alter_table(),
            Object::View => self.view(true),
            Object::Database => self.alter_database(),
            Object::Index => Err(self.fail()),
            object => self.other_definition(object),
        }
    }

    pub(super) fn drop_statement(&mut self) -> Parsed<Statement<'a>> {
        if self.is_word(self.peek(), "prepare") {
            return self.deallocate();
        }
        match self.object() {
            Object::Table => self.drop_table(),
            Object::Index => self.drop_index(),
            Object::View => self.drop_view(),
            Object::Database => self.drop_database(),
            object => self.other_definition(object),
        }
    }

    pub(super) fn truncate(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.eat_keyword(Keyword::Table);
        Ok(Statement::TruncateTable(self.table_name()?))
    }

    pub(super) fn rename(&mut self) -> Parsed<Statement<'a>> {
        let next = self.peek();
        if self.is_word(next, "user") {
            return Ok(self.other(StatementKind::Account));
        }
        self.advance();
        self.table_or_tables()?;
        let pairs = self.list(|parser| {
            let from = parser.table_name()?;
            parser.expect_keyword(Keyword::To)?;
            Ok(RenamePair { from, to: parser.table_name()? })
        })?;
        Ok(Statement::RenameTable(pairs))
    }

    fn table_or_tables(&mut self) -> Parsed<()> {
        if self.eat_keyword(Keyword::Table) { Ok(()) } else { self.expect_word("tables") }
    }

    fn if_exists(&mut self) -> bool {
        self.eat_words(&["if", "exists"])
    }

    fn if_not_exists(&mut self) -> bool {
        self.eat_words(&["if", "not", "exists"])
    }

    /// `RESTRICT` or `CASCADE`, which do nothing.
    fn drop_behaviour(&mut self) -> Option<&'a str> {
        if self.eat_keyword(Keyword::Restrict) {
            return Some("restrict");
        }
        self.eat_keyword(Keyword::Cascade).then_some("cascade")
    }

    fn drop_table(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        let temporary = self.eat_word("temporary");
        self.table_or_tables()?;
        let if_exists = self.if_exists();
        let tables = self.list(Parser::table_name)?;
        let behaviour = self.drop_behaviour();
        let drop = DropTable { comments, temporary, if_exists, tables, behaviour };
        Ok(Statement::DropTable(self.arena.node(drop)))
    }

    fn drop_view(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        self.expect_word("view")?;
        let if_exists = self.if_exists();
        let views = self.list(Parser::table_name)?;
        let behaviour = self.drop_behaviour();
        Ok(Statement::DropView(self.arena.node(DropView { comments, if_exists, views, behaviour })))
    }

    fn create_index(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        let kind = self.index_kind();
        self.expect_keyword(Keyword::Index)?;
        let name = Some(self.name()?);
        let mut options = self.vec();
        self.index_type(&mut options)?;
        self.expect_keyword(Keyword::On)?;
        let table = self.table_name()?;
        let index = self.index_rest(kind, None, name, options)?;
        let (algorithm, lock) = self.algorithm_and_lock()?;
        let create = CreateIndex { comments, table, index, algorithm, lock };
        Ok(Statement::CreateIndex(self.arena.node(create)))
    }

    fn drop_index(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        self.expect_keyword(Keyword::Index)?;
        let name = self.index_name()?;
        self.expect_keyword(Keyword::On)?;
        let table = self.table_name()?;
        let (algorithm, lock) = self.algorithm_and_lock()?;
        let drop = DropIndex { comments, name, table, algorithm, lock };
        Ok(Statement::DropIndex(self.arena.node(drop)))
    }

    /// Reads `ALGORITHM [=] word` and `LOCK [=] word`, in any order.
    fn algorithm_and_lock(&mut self) -> Parsed<(Option<&'a str>, Option<&'a str>)> {
        let (mut algorithm, mut lock) = (None, None);
        loop {
            if algorithm.is_none() && self.eat_word("algorithm") {
                algorithm = Some(self.option_word()?);
            } else if lock.is_none() && self.eat_keyword(Keyword::Lock) {
                lock = Some(self.option_word()?);
            } else {
                return Ok((algorithm, lock));
            }
        }
    }

    /// Reads `[=] word`.
    fn option_word(&mut self) -> Parsed<&'a str> {
        self.eat(TokenKind::Equal);
        Ok(self.any_word()?.text)
    }
}

const OBJECTS: &[(&str, Object)] = &[
    ("table", Object::Table),
    ("tables", Object::Table),
    ("index", Object::Index),
    ("view", Object::View),
    ("database", Object::Database),
    ("schema", Object::Database),
    ("user", Object::Account),
    ("role", Object::Account),
    // `JSON DUALITY VIEW`
    ("json", Object::Other),
    ("procedure", Object::Other),
    ("function", Object::Other),
    ("trigger", Object::Other),
    ("event", Object::Other),
    ("server", Object::Other),
    ("tablespace", Object::Other),
    ("logfile", Object::Other),
    ("undo", Object::Other),
    ("resource", Object::Other),
    ("reference", Object::Other),
    ("instance", Object::Other),
    ("library", Object::Other),
];
