//! `SET`, `USE`, transactions, `KILL`, `EXPLAIN`, prepared statements.

use super::{
    Fail, Parsed, Parser,
    expr::{has_subquery, is_session_scope, variable_scope},
};
use crate::{
    ast::{
        AccessMode, Begin, Completion, Execute, Explain, ExplainColumn, Expr, Isolation, Kill,
        LiteralKind, Prepare, Set, SetItem, SetTransaction, SetValue, Statement, SystemVariable,
        Use, Variable, VariableScope, Vexplain, VexplainKind,
    },
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    pub(super) fn set(&mut self) -> Parsed<Statement<'a>> {
        if self.is_account_set() {
            return self.set_account();
        }
        let (first, second) = (self.peek(), self.peek_nth(2));
        if self.is_word(first, "resource") && self.is_word(second, "group") {
            return self.set_resource_group();
        }
        let comments = self.verb_comments();
        let items = self.set_items()?;
        Ok(Statement::Set(self.arena.node(Set { comments, items })))
    }

    /// `SET PASSWORD`, `SET ROLE`, `SET DEFAULT ROLE`.
    fn is_account_set(&self) -> bool {
        let (first, second) = (self.peek(), self.peek_nth(2));
        let assigns = matches!(second.kind, TokenKind::Equal | TokenKind::Assign);
        (self.is_word(first, "password") && (!assigns || self.is_string(self.peek_nth(3))))
            || (self.is_word(first, "role") && !assigns)
            || (self.is_word(first, "default") && self.is_word(second, "role"))
    }

    pub(super) fn is_string(&self, token: crate::lexer::Token) -> bool {
        matches!(token.kind, TokenKind::Literal(LiteralKind::Str))
    }

    pub(super) fn set_items(&mut self) -> Parsed<&'a [SetItem<'a>]> {
        let mut items = self.vec();
        // A scope word holds on until the next one.
        let mut scope = None;
        loop {
            if self.at_word("transaction") || self.is_word(self.peek(), "transaction") {
                items.push(self.set_transaction()?);
            } else {
                items.push(self.set_item(&mut scope)?);
            }
            if !self.eat(TokenKind::Comma) {
                return Ok(items.into_bump_slice());
            }
        }
    }

    fn set_item(&mut self, scope: &mut Option<VariableScope>) -> Parsed<SetItem<'a>> {
        if self.at(TokenKind::UserVariable) {
            let variable = Variable::User(self.user_variable()?);
            self.assignment_sign()?;
            let value = SetValue::Expr(self.expr()?);
            return Ok(SetItem::Variable { variable, value });
        }
        if self.at(TokenKind::AtAt) {
            let variable = Variable::System(self.system_variable()?);
            self.assignment_sign()?;
            let value = self.set_value()?;
            return Ok(SetItem::Variable { variable, value });
        }
        let assigns = matches!(self.peek().kind, TokenKind::Equal | TokenKind::Assign);
        if self.at_word("names") && (!assigns || scope.is_none()) {
            self.advance();
            return self.set_names();
        }
        let is_charset = !assigns
            && (self.eat_words(&["character", "set"])
                || self.eat_words(&["char", "set"])
                || self.eat_word("charset"));
        if is_charset {
            let charset = match self.eat_keyword(Keyword::Default) {
                true => None,
                false => Some(self.charset_name()?),
            };
            return Ok(SetItem::CharacterSet(charset));
        }
        if self.peek().kind != TokenKind::Dot
            && self.token.kind != TokenKind::Quoted
            && let Some(said) = variable_scope(self.token_text())
        {
            self.advance();
            *scope = Some(said);
        }
        let mut name =
            if self.eat_keyword(Keyword::Default) { "default" } else { self.name()?.text };
        // A point in quotes would be taken for one between parts.
        if name.contains('.') {
            return Err(self.fail());
        }
        if self.eat(TokenKind::Dot) {
            if is_session_scope(name) {
                return Err(self.fail());
            }
            let part = self.variable_part()?.text;
            if variable_scope(name) == Some(VariableScope::VitessMetadata) {
                *scope = Some(VariableScope::VitessMetadata);
                name = part;
            } else {
                name = self.arena.text(&[name, ".", part].concat());
            }
        }
        self.assignment_sign()?;
        let variable = Variable::System(SystemVariable { scope: *scope, name });
        Ok(SetItem::Variable { variable, value: self.set_value()? })
    }

    pub(super) fn assignment_sign(&mut self) -> Parsed<()> {
        if self.eat(TokenKind::Assign) { Ok(()) } else { self.expect(TokenKind::Equal) }
    }

    fn set_value(&mut self) -> Parsed<SetValue<'a>> {
        let next = self.peek().kind;
        let alone = matches!(next, TokenKind::Comma | TokenKind::End | TokenKind::Semicolon);
        match self.token.kind {
            TokenKind::Word(Keyword::Default) if alone => {
                self.advance();
                Ok(SetValue::Default)
            }
            TokenKind::Word(Keyword::Null | Keyword::True | Keyword::False) => {
                Ok(SetValue::Expr(self.expr()?))
            }
            TokenKind::Word(keyword) if alone => {
                let word = match keyword {
                    Keyword::On => "on",
                    Keyword::All => "all",
                    Keyword::Binary => "binary",
                    Keyword::Row => "row",
                    Keyword::System => "system",
                    _ if keyword.is_reserved() => return Ok(SetValue::Expr(self.expr()?)),
                    _ => self.token_text(),
                };
                self.advance();
                Ok(SetValue::Word(word))
            }
            // A name is a word, in quotes, too.
            TokenKind::Quoted if alone => Ok(SetValue::Word(self.name()?.text)),
            _ => Ok(SetValue::Expr(self.expr()?)),
        }
    }

    fn set_names(&mut self) -> Parsed<SetItem<'a>> {
        if self.eat_keyword(Keyword::Default) {
            return Ok(SetItem::Names { charset: None, collate: None });
        }
        let charset = Some(self.charset_name()?);
        let collate = match self.eat_keyword(Keyword::Collate) {
            true => Some(self.name_or_string()?),
            false => None,
        };
        Ok(SetItem::Names { charset, collate })
    }

    fn set_transaction(&mut self) -> Parsed<SetItem<'a>> {
        let mut scope = None;
        if !self.at_word("transaction") {
            scope = Some(variable_scope(self.token_text()).ok_or_else(|| self.fail())?);
            self.advance();
        }
        self.expect_word("transaction")?;
        let mut transaction = SetTransaction { scope, isolation: None, access: None };
        loop {
            if transaction.isolation.is_none() && self.eat_words(&["isolation", "level"]) {
                transaction.isolation = Some(self.isolation()?);
            } else if transaction.access.is_some() {
                return Err(self.fail());
            } else {
                transaction.access = Some(self.access_mode()?);
            }
            let goes_on = self.at(TokenKind::Comma)
                && (self.is_word(self.peek(), "isolation") || self.is_word(self.peek(), "read"));
            if !goes_on {
                return Ok(SetItem::Transaction(transaction));
            }
            self.advance();
        }
    }

    fn isolation(&mut self) -> Parsed<Isolation> {
        match () {
            () if self.eat_words(&["read", "uncommitted"]) => Ok(Isolation::ReadUncommitted),
            () if self.eat_words(&["read", "committed"]) => Ok(Isolation::ReadCommitted),
            () if self.eat_words(&["repeatable", "read"]) => Ok(Isolation::RepeatableRead),
            () if self.eat_word("serializable") => Ok(Isolation::Serializable),
            () => Err(self.fail()),
        }
    }

    fn access_mode(&mut self) -> Parsed<AccessMode> {
        self.expect_keyword(Keyword::Read)?;
        if self.eat_word("only") {
            return Ok(AccessMode::ReadOnly);
        }
        self.expect_keyword(Keyword::Write)?;
        Ok(AccessMode::ReadWrite)
    }

    /// `USE` with whatever names a target: a quoted name, or the text up to a blank.
    pub(super) fn use_statement(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let next = self.peek().kind;
        let alone = matches!(next, TokenKind::End | TokenKind::Semicolon);
        if self.at(TokenKind::Quoted) && alone {
            return Ok(Statement::Use(Use { target: self.name()?.text }));
        }
        if self.at_end() || self.is_string(self.token) {
            return Err(self.fail());
        }
        let start = self.token.start;
        let rest = &self.source[start as usize..];
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b';';
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        self.jump(start as usize + length);
        let target = self.text_of(start, start + length as u32);
        let has_quotes = target.contains('`');
        let target = if has_quotes { self.arena.text(&target.replace('`', "")) } else { target };
        Ok(Statement::Use(Use { target }))
    }

    pub(super) fn begin(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let _ = self.eat_word("work");
        Ok(Statement::Begin(Begin::default()))
    }

    /// `START TRANSACTION ...`; other things that start belong to replication.
    pub(super) fn start(&mut self) -> Parsed<Statement<'a>> {
        if !self.is_word(self.peek(), "transaction") {
            return self.start_replication();
        }
        self.advance();
        self.advance();
        let mut begin = Begin { start: true, ..Begin::default() };
        if self.at_end() {
            return Ok(Statement::Begin(begin));
        }
        loop {
            if self.eat_words(&["with", "consistent", "snapshot"]) {
                begin.consistent_snapshot = true;
            } else {
                let twice = begin.access.is_some();
                begin.access = Some(self.access_mode()?);
                if twice {
                    return Err(self.fail());
                }
            }
            if !self.eat(TokenKind::Comma) {
                return Ok(Statement::Begin(begin));
            }
        }
    }

    fn completion(&mut self) -> Parsed<Completion> {
        let _ = self.eat_word("work");
        let mut completion = Completion::default();
        if self.eat_keyword(Keyword::And) {
            completion.chain = Some(!self.eat_word("no"));
            self.expect_word("chain")?;
        }
        // What goes on cannot be let go.
        let chained = completion.chain == Some(true);
        if self.at_word("no") || (!chained && self.at_keyword(Keyword::Release)) {
            completion.release = Some(!self.eat_word("no"));
            self.expect_keyword(Keyword::Release)?;
        }
        Ok(completion)
    }

    pub(super) fn commit(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        Ok(Statement::Commit(self.completion()?))
    }

    pub(super) fn rollback(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        if self.at_keyword(Keyword::To) || self.at_words(&["work", "to"]) {
            let _ = self.eat_word("work");
            self.advance();
            self.eat_keyword(Keyword::Savepoint);
            return Ok(Statement::RollbackTo(self.name()?));
        }
        Ok(Statement::Rollback(self.completion()?))
    }

    pub(super) fn savepoint(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        Ok(Statement::Savepoint(self.name()?))
    }

    pub(super) fn release(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_keyword(Keyword::Savepoint)?;
        Ok(Statement::ReleaseSavepoint(self.name()?))
    }

    pub(super) fn kill(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let query = self.eat_word("query");
        if !query {
            let _ = self.eat_word("connection");
        }
        let id = self.expr()?;
        Ok(Statement::Kill(self.arena.node(Kill { query, id })))
    }

    pub(super) fn explain(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let mut analyze = self.eat_keyword(Keyword::Analyze);
        let (mut format, mut into, mut schema) = (None, None, None);
        loop {
            if format.is_none() && self.at_word("format") && self.peek().kind == TokenKind::Equal {
                self.advance();
                self.advance();
                format = Some(self.name_or_string()?);
            } else if into.is_none() && self.eat_keyword(Keyword::Into) {
                into = Some(self.user_variable()?);
            } else if !analyze && self.eat_keyword(Keyword::Analyze) {
                analyze = true;
            } else {
                break;
            }
        }
        if self.eat_keyword(Keyword::For) {
            if self.eat_word("connection") {
                if analyze {
                    return Err(Fail::NotYet("EXPLAIN ANALYZE FOR CONNECTION"));
                }
                let id = self.connection_number()?;
                let explain = self.arena.node(Explain::Connection { format, into, id });
                return Ok(Statement::Explain(explain));
            }
            if !self.eat_keyword(Keyword::Database) {
                self.expect_keyword(Keyword::Schema)?;
            }
            schema = Some(self.name()?);
        }
        if self.at_explained() {
            let (statement, text) = self.explained()?;
            return Ok(Statement::Explain(self.arena.node(Explain::Statement {
                analyze,
                format,
                into,
                schema,
                statement,
                text,
            })));
        }
        if analyze || format.is_some() {
            return Err(self.fail());
        }
        let table = self.table_name()?;
        let column = match self.token.kind {
            TokenKind::Literal(LiteralKind::Str) => Some(ExplainColumn::Like(self.primary()?)),
            _ if self.at_name() => Some(ExplainColumn::Name(self.name()?)),
            _ => None,
        };
        Ok(Statement::Explain(self.arena.node(Explain::Table { table, column })))
    }

    /// Reads an expression without a subquery.
    fn connection_number(&mut self) -> Parsed<Expr<'a>> {
        let fail = self.fail();
        let id = self.expr()?;
        if has_subquery(&id) { Err(fail) } else { Ok(id) }
    }

    fn at_explained(&self) -> bool {
        matches!(
            self.token.kind,
            TokenKind::LeftParen
                | TokenKind::Word(
                    Keyword::Select
                        | Keyword::With
                        | Keyword::Values
                        | Keyword::Table
                        | Keyword::Insert
                        | Keyword::Replace
                        | Keyword::Update
                        | Keyword::Delete
                )
        )
    }

    fn explained(&mut self) -> Parsed<(&'a Statement<'a>, &'a str)> {
        self.enter()?;
        let start = self.token.start;
        let statement = self.statement()?;
        self.leave();
        let text = self.text_of(start, self.before);
        Ok((self.arena.node(statement), text))
    }

    pub(super) fn vexplain(&mut self) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        let mut kind = VexplainKind::Queries;
        if let TokenKind::Word(_) = self.token.kind
            && let Some(said) = VexplainKind::from_text(self.token_text())
        {
            kind = said;
            self.advance();
        }
        let (statement, text) = self.explained()?;
        Ok(Statement::Vexplain(self.arena.node(Vexplain { comments, kind, statement, text })))
    }

    pub(super) fn prepare(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let name = self.name()?;
        self.expect_keyword(Keyword::From)?;
        let source = match self.token.kind {
            TokenKind::UserVariable => {
                let variable = Variable::User(self.user_variable()?);
                Expr::Variable(self.arena.node(variable))
            }
            _ => Expr::Literal(self.string()?),
        };
        Ok(Statement::Prepare(self.arena.node(Prepare { name, source })))
    }

    pub(super) fn execute(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let name = self.name()?;
        let using = match self.eat_keyword(Keyword::Using) {
            true => self.list(Parser::user_variable)?,
            false => &[],
        };
        Ok(Statement::Execute(self.arena.node(Execute { name, using })))
    }

    /// `DEALLOCATE PREPARE name` and `DROP PREPARE name`.
    pub(super) fn deallocate(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        self.expect_word("prepare")?;
        Ok(Statement::Deallocate(self.name()?))
    }
}
