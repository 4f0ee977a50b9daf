//! `CREATE`, `ALTER`, `DROP`, `TRUNCATE`, `RENAME`.

mod alter;
mod column;
mod database;
mod index;
mod partition;
mod partition_rules;
mod table;
mod view;

use super::{Fail, Parsed, Parser};
use crate::{
    ast::{CreateIndex, DropIndex, DropTable, DropView, ProgramKind, RenamePair, Statement},
    lexer::{Keyword, Lexer, TokenKind},
};

/// What a definition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    Table,
    Index,
    View,
    Database,
    User,
    Role,
    Procedure,
    Function,
    Trigger,
    Event,
    Library,
    Server,
    Tablespace,
    LogfileGroup,
    ResourceGroup,
    SpatialReference,
    Instance,
    MaskingPolicy,
    Unknown,
}

impl<'a> Parser<'a> {
    /// Looks behind the verb, and what may stand before every kind of object, for what it is about.
    fn object(&self) -> Object {
        let mut lexer: Lexer<'a> = self.lexer;
        let mut ahead = Some(self.next);
        let mut next = || loop {
            let token = ahead.take().unwrap_or_else(|| lexer.next());
            if !matches!(token.kind, TokenKind::Hint | TokenKind::Directive) {
                return token;
            }
        };
        let mut token = next();
        loop {
            if self.is_word(token, "or") {
                next();
            } else if self.is_word(token, "algorithm") || self.is_word(token, "sql") {
                next();
                next();
            } else if self.is_word(token, "definer") {
                next();
                let user = next();
                let mut behind = next();
                if user.kind == TokenKind::Word(Keyword::CurrentUser)
                    && behind.kind == TokenKind::LeftParen
                {
                    next();
                    behind = next();
                } else if behind.kind == TokenKind::UserVariable {
                    behind = next();
                }
                token = behind;
                continue;
            } else {
                break;
            }
            token = next();
        }
        if self.is_word(token, "spatial") {
            return match self.is_word(next(), "reference") {
                true => Object::SpatialReference,
                false => Object::Index,
            };
        }
        let word = match token.kind {
            TokenKind::Word(_) => self.bytes_of(token),
            _ => return Object::Unknown,
        };
        OBJECTS
            .iter()
            .find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word))
            .map_or(Object::Unknown, |(_, object)| *object)
    }

    pub(super) fn create(&mut self) -> Parsed<Statement<'a>> {
        match self.object() {
            Object::Table => self.create_table(),
            Object::Index => self.create_index(),
            Object::View => self.view(false),
            Object::Database => self.create_database(),
            Object::User => self.create_user(),
            Object::Role => self.create_role(),
            Object::Procedure => self.create_procedure(),
            Object::Function => self.create_function(),
            Object::Trigger => self.create_trigger(),
            Object::Event => self.event(false),
            Object::Library => self.create_library(),
            Object::Server => self.create_server(),
            Object::Tablespace => self.create_tablespace(),
            Object::LogfileGroup => self.logfile_group(false),
            Object::ResourceGroup => self.resource_group(false),
            Object::SpatialReference => self.create_spatial_reference(),
            Object::MaskingPolicy => self.create_masking_policy(),
            Object::Instance | Object::Unknown => Err(self.fail_behind_verb()),
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
            Object::User => self.alter_user(),
            Object::Procedure => self.alter_routine(false),
            Object::Function => self.alter_routine(true),
            Object::Event => self.event(true),
            Object::Library => self.alter_library(),
            Object::Server => self.alter_server(),
            Object::Tablespace => self.alter_tablespace(),
            Object::LogfileGroup => self.logfile_group(true),
            Object::ResourceGroup => self.resource_group(true),
            Object::Instance => self.alter_instance(),
            _ => Err(self.fail_behind_verb()),
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
            Object::User => self.drop_user(),
            Object::Role => self.drop_role(),
            Object::Procedure => self.drop_program(ProgramKind::Procedure),
            Object::Function => self.drop_program(ProgramKind::Function),
            Object::Trigger => self.drop_program(ProgramKind::Trigger),
            Object::Event => self.drop_program(ProgramKind::Event),
            Object::Library => self.drop_program(ProgramKind::Library),
            Object::Server => self.drop_server(),
            Object::Tablespace => self.drop_tablespace(),
            Object::LogfileGroup => self.drop_logfile_group(),
            Object::ResourceGroup => self.drop_resource_group(),
            Object::SpatialReference => self.drop_spatial_reference(),
            Object::MaskingPolicy => self.drop_masking_policy(),
            Object::Instance | Object::Unknown => Err(self.fail_behind_verb()),
        }
    }

    /// A syntax error at what follows the verb.
    fn fail_behind_verb(&self) -> Fail {
        Fail::Syntax { at: self.peek().start }
    }

    pub(super) fn truncate(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.eat_keyword(Keyword::Table);
        Ok(Statement::TruncateTable(self.table_name()?))
    }

    pub(super) fn rename(&mut self) -> Parsed<Statement<'a>> {
        let next = self.peek();
        if self.is_word(next, "user") {
            return self.rename_user();
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

    pub(super) fn if_exists(&mut self) -> bool {
        self.eat_words(&["if", "exists"])
    }

    pub(super) fn if_not_exists(&mut self) -> bool {
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
    ("temporary", Object::Table),
    ("external", Object::Table),
    ("index", Object::Index),
    ("unique", Object::Index),
    ("fulltext", Object::Index),
    ("view", Object::View),
    ("materialized", Object::View),
    // `JSON DUALITY VIEW`
    ("json", Object::View),
    ("database", Object::Database),
    ("schema", Object::Database),
    ("user", Object::User),
    ("role", Object::Role),
    ("procedure", Object::Procedure),
    ("function", Object::Function),
    ("aggregate", Object::Function),
    ("trigger", Object::Trigger),
    ("event", Object::Event),
    ("library", Object::Library),
    ("server", Object::Server),
    ("tablespace", Object::Tablespace),
    ("undo", Object::Tablespace),
    ("logfile", Object::LogfileGroup),
    ("resource", Object::ResourceGroup),
    ("instance", Object::Instance),
    ("masking", Object::MaskingPolicy),
];
