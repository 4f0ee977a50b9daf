//! Stored programs: procedures, functions, triggers, events, libraries.

mod body;
mod event;

use super::{Parsed, Parser};
use crate::{
    ast::{
        Account, AlterRoutine, Characteristic, CreateLibrary, CreateLoadable, CreateRoutine,
        CreateTrigger, DropProgram, Expr, LibraryUse, LiteralKind, LoadableType, Parameter,
        ParameterMode, Program, ProgramKind, RoutineBody, Statement, TriggerEvent, TriggerOrder,
        ViewSecurity,
    },
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    pub(super) fn program(&self, program: Program<'a>) -> Statement<'a> {
        Statement::Program(self.arena.node(program))
    }

    /// Reads `DEFINER = account`, if it stands here.
    pub(super) fn definer(&mut self) -> Parsed<Option<Account<'a>>> {
        if !self.eat_word("definer") {
            return Ok(None);
        }
        self.expect(TokenKind::Equal)?;
        self.account().map(Some)
    }

    pub(super) fn create_procedure(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        let definer = self.definer()?;
        self.expect_keyword(Keyword::Procedure)?;
        let if_not_exists = self.if_not_exists();
        let name = self.table_name()?;
        let parameters = self.parameters(true)?;
        let characteristics = self.characteristics()?;
        let body = self.routine_body()?;
        Ok(self.program(Program::CreateRoutine(self.arena.node(CreateRoutine {
            comments,
            definer,
            if_not_exists,
            name,
            parameters,
            returns: None,
            characteristics,
            body,
        }))))
    }

    pub(super) fn create_function(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        let definer = self.definer()?;
        let aggregate = definer.is_none() && self.eat_word("aggregate");
        self.expect_keyword(Keyword::Function)?;
        let if_not_exists = self.if_not_exists();
        let name = self.table_name()?;
        if aggregate || (definer.is_none() && self.at_word("returns")) {
            if name.qualifier.is_some() {
                return Err(self.fail());
            }
            return self.loadable_function(aggregate, if_not_exists, name.name);
        }
        let parameters = self.parameters(false)?;
        self.expect_word("returns")?;
        let mut returns = self.data_type()?;
        if self.eat_keyword(Keyword::Collate) {
            returns.collate = Some(self.name_or_string()?);
        }
        let characteristics = self.characteristics()?;
        let body = self.routine_body()?;
        Ok(self.program(Program::CreateRoutine(self.arena.node(CreateRoutine {
            comments,
            definer,
            if_not_exists,
            name,
            parameters,
            returns: Some(returns),
            characteristics,
            body,
        }))))
    }

    fn loadable_function(
        &mut self,
        aggregate: bool,
        if_not_exists: bool,
        name: crate::ast::Ident<'a>,
    ) -> Parsed<Statement<'a>> {
        self.expect_word("returns")?;
        let text = if self.at_keyword(Keyword::Int) { "integer" } else { self.token_text() };
        let returns = LoadableType::from_text(text).ok_or_else(|| self.fail())?;
        self.advance();
        self.expect_word("soname")?;
        let file = self.string()?;
        let create = CreateLoadable { aggregate, if_not_exists, name, returns, file };
        Ok(self.program(Program::CreateLoadable(self.arena.node(create))))
    }

    /// Reads the parameters of a routine; those of a procedure may have a mode.
    fn parameters(&mut self, with_mode: bool) -> Parsed<&'a [Parameter<'a>]> {
        self.expect(TokenKind::LeftParen)?;
        let mut parameters = self.vec();
        if !self.at(TokenKind::RightParen) {
            loop {
                let mode = match self.token.kind {
                    TokenKind::Word(Keyword::In) => Some(ParameterMode::In),
                    TokenKind::Word(Keyword::Out) => Some(ParameterMode::Out),
                    TokenKind::Word(Keyword::Inout) => Some(ParameterMode::InOut),
                    _ => None,
                };
                if mode.is_some() && !with_mode {
                    return Err(self.fail());
                }
                if mode.is_some() {
                    self.advance();
                }
                let name = self.name()?;
                let mut data_type = self.data_type()?;
                if self.eat_keyword(Keyword::Collate) {
                    data_type.collate = Some(self.name_or_string()?);
                }
                parameters.push(Parameter { mode, name, data_type });
                if !self.eat(TokenKind::Comma) {
                    break;
                }
            }
        }
        self.expect(TokenKind::RightParen)?;
        Ok(parameters.into_bump_slice())
    }

    fn characteristics(&mut self) -> Parsed<&'a [Characteristic<'a>]> {
        let mut characteristics = self.vec();
        while let Some(characteristic) = self.characteristic()? {
            characteristics.push(characteristic);
        }
        Ok(characteristics.into_bump_slice())
    }

    fn characteristic(&mut self) -> Parsed<Option<Characteristic<'a>>> {
        let characteristic = match () {
            () if self.eat_word("comment") => Characteristic::Comment(self.string()?),
            () if self.eat_word("language") => Characteristic::Language(self.any_word()?),
            () if self.eat_keyword(Keyword::Deterministic) => Characteristic::Deterministic(true),
            () if self.eat_words(&["not", "deterministic"]) => Characteristic::Deterministic(false),
            () if self.eat_words(&["contains", "sql"]) => Characteristic::ContainsSql,
            () if self.eat_words(&["no", "sql"]) => Characteristic::NoSql,
            () if self.eat_words(&["reads", "sql", "data"]) => Characteristic::ReadsSqlData,
            () if self.eat_words(&["modifies", "sql", "data"]) => Characteristic::ModifiesSqlData,
            () if self.eat_words(&["sql", "security"]) => {
                Characteristic::Security(self.security()?)
            }
            () if self.at_keyword(Keyword::Using) => {
                self.advance();
                Characteristic::Using(self.libraries()?)
            }
            () => return Ok(None),
        };
        Ok(Some(characteristic))
    }

    fn libraries(&mut self) -> Parsed<&'a [LibraryUse<'a>]> {
        self.expect(TokenKind::LeftParen)?;
        let libraries: &[LibraryUse<'a>] = match self.at(TokenKind::RightParen) {
            true => &[],
            false => self.list(|parser| {
                let name = parser.table_name()?;
                let said = parser.eat_keyword(Keyword::As);
                let alias = if said || parser.at_name() { Some(parser.name()?) } else { None };
                Ok(LibraryUse { name, alias })
            })?,
        };
        self.expect(TokenKind::RightParen)?;
        Ok(libraries)
    }

    /// Reads `DEFINER` or `INVOKER`.
    pub(super) fn security(&mut self) -> Parsed<ViewSecurity> {
        if self.eat_word("definer") {
            return Ok(ViewSecurity::Definer);
        }
        self.expect_word("invoker")?;
        Ok(ViewSecurity::Invoker)
    }

    fn routine_body(&mut self) -> Parsed<RoutineBody<'a>> {
        if self.eat_keyword(Keyword::As) {
            return Ok(RoutineBody::Code(self.code()?));
        }
        Ok(RoutineBody::Sql(self.body()?))
    }

    pub(super) fn alter_routine(&mut self, function: bool) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let name = self.table_name()?;
        let characteristics = self.characteristics()?;
        if characteristics.iter().any(|one| matches!(one, Characteristic::Deterministic(_))) {
            return Err(self.fail());
        }
        let alter = AlterRoutine { function, name, characteristics };
        Ok(self.program(Program::AlterRoutine(self.arena.node(alter))))
    }

    pub(super) fn create_trigger(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        let definer = self.definer()?;
        self.expect_keyword(Keyword::Trigger)?;
        let if_not_exists = self.if_not_exists();
        let name = self.table_name()?;
        let before = self.eat_keyword(Keyword::Before);
        if !before {
            self.expect_word("after")?;
        }
        let event = TriggerEvent::from_text(self.token_text()).ok_or_else(|| self.fail())?;
        self.advance();
        self.expect_keyword(Keyword::On)?;
        let table = self.table_name()?;
        self.expect_words(&["for", "each", "row"])?;
        let mut order = None;
        let follows = self.eat_word("follows");
        if follows || self.eat_word("precedes") {
            order = Some(TriggerOrder { follows, other: self.name()? });
        }
        let body = self.body()?;
        Ok(self.program(Program::CreateTrigger(self.arena.node(CreateTrigger {
            comments,
            definer,
            if_not_exists,
            name,
            before,
            event,
            table,
            order,
            body,
        }))))
    }

    pub(super) fn create_library(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let if_not_exists = self.if_not_exists();
        let name = self.table_name()?;
        let (mut comment, mut language) = (None, None);
        loop {
            if comment.is_none() && self.eat_word("comment") {
                comment = Some(self.string()?);
            } else if language.is_none() && self.eat_word("language") {
                language = Some(self.any_word()?);
            } else {
                break;
            }
        }
        let language = language.ok_or_else(|| self.fail())?;
        self.expect_keyword(Keyword::As)?;
        let code = self.code()?;
        let create = CreateLibrary { if_not_exists, name, comment, language, code };
        Ok(self.program(Program::CreateLibrary(self.arena.node(create))))
    }

    pub(super) fn alter_library(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let name = self.table_name()?;
        self.expect_word("comment")?;
        let comment = self.string()?;
        Ok(self.program(Program::AlterLibrary { name, comment }))
    }

    /// Reads code of another language: a string, or text between `$$` or `$tag$`.
    fn code(&mut self) -> Parsed<Expr<'a>> {
        match self.token.kind {
            TokenKind::Literal(_) => return Ok(Expr::Literal(self.string()?)),
            TokenKind::Introducer => return self.introducer(),
            _ => {}
        }
        let start = self.token.start as usize;
        let rest = self.source.get(start..).unwrap_or_default();
        let fail = self.fail();
        let tag = match memchr::memchr(b'$', rest.get(1..).unwrap_or_default()) {
            Some(end) if rest.first() == Some(&b'$') => &rest[..end + 2],
            _ => return Err(fail),
        };
        let is_tag = |byte: &u8| *byte == b'$' || crate::lexer::is_name_byte(*byte);
        if !tag.iter().all(is_tag) {
            return Err(fail);
        }
        let inside = &rest[tag.len()..];
        let length = memchr::memmem::find(inside, tag).ok_or(fail)?;
        let end = start + tag.len() + length + tag.len();
        let literal = self.arena.node(crate::ast::Literal {
            kind: LiteralKind::Str,
            value: &inside[..length],
            span: crate::ast::Span::new(start, end),
            ordinal: crate::ast::Literal::MADE,
        });
        self.jump(end);
        Ok(Expr::Literal(literal))
    }

    pub(super) fn drop_program(&mut self, kind: ProgramKind) -> Parsed<Statement<'a>> {
        self.advance();
        self.advance();
        let if_exists = self.if_exists();
        let name = self.table_name()?;
        let drop = DropProgram { kind, if_exists, name };
        Ok(self.program(Program::Drop(self.arena.node(drop))))
    }
}
