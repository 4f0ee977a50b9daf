//! Which statement it is.

use super::{Fail, IntoPlace, Parsed, Parser};
use crate::{
    ast::{ServerStatement, Statement},
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    /// Reads the one statement of the text.
    pub(crate) fn whole(&mut self) -> Parsed<Statement<'a>> {
        if self.at(TokenKind::End) {
            return Err(Fail::Empty);
        }
        let statement = self.statement()?;
        while self.eat(TokenKind::Semicolon) {}
        if self.at(TokenKind::End) { Ok(statement) } else { Err(self.fail()) }
    }

    pub(super) fn at_end(&self) -> bool {
        matches!(self.token.kind, TokenKind::End | TokenKind::Semicolon)
    }

    /// Reads a statement.
    pub(super) fn statement(&mut self) -> Parsed<Statement<'a>> {
        match self.token.kind {
            TokenKind::Word(keyword) => self.statement_at(keyword),
            TokenKind::LeftParen => self.query_statement(),
            _ => Err(self.fail()),
        }
    }

    fn statement_at(&mut self, keyword: Keyword) -> Parsed<Statement<'a>> {
        match keyword {
            Keyword::Select | Keyword::Values | Keyword::Table => self.query_statement(),
            Keyword::With => self.with_statement(),
            Keyword::Insert => self.insert(false),
            Keyword::Replace => self.insert(true),
            Keyword::Update => self.update(None),
            Keyword::Delete => self.delete(None),
            Keyword::Set => self.set(),
            Keyword::Show => self.show(),
            Keyword::Use => self.use_statement(),
            Keyword::Begin => self.begin(),
            Keyword::Start => self.start(),
            Keyword::Commit => self.commit(),
            Keyword::Rollback => self.rollback(),
            Keyword::Savepoint => self.savepoint(),
            Keyword::Release => self.release(),
            Keyword::Kill => self.kill(),
            Keyword::Explain | Keyword::Describe | Keyword::Desc => self.explain(),
            Keyword::Vexplain => self.vexplain(),
            Keyword::Create => self.create(),
            Keyword::Alter => self.alter(),
            Keyword::Drop => self.drop_statement(),
            Keyword::Truncate => self.truncate(),
            Keyword::Rename => self.rename(),
            Keyword::Call => self.call_statement(),
            Keyword::Load => self.load(),
            Keyword::Lock => self.lock_tables(),
            Keyword::Unlock => self.unlock_tables(),
            Keyword::Analyze | Keyword::Check | Keyword::Optimize => self.maintenance(),
            Keyword::Grant => self.grant(),
            Keyword::Revoke => self.revoke(),
            Keyword::Change => self.change(),
            Keyword::Purge => self.purge(),
            Keyword::Signal => self.signal(),
            Keyword::Resignal => self.resignal(),
            Keyword::Get => self.get_diagnostics(),
            _ => self.word_statement(),
        }
    }

    /// Statements whose first word is no keyword of the lexer's.
    fn word_statement(&mut self) -> Parsed<Statement<'a>> {
        match () {
            () if self.at_word("do") => self.do_statement(),
            () if self.at_word("prepare") => self.prepare(),
            () if self.at_word("execute") => self.execute(),
            () if self.at_word("deallocate") => self.deallocate(),
            () if self.at_word("flush") => self.flush(),
            () if self.at_word("checksum") || self.at_word("repair") => self.maintenance(),
            () if self.at_word("xa") => self.xa(),
            () if self.at_word("handler") => self.handler(),
            () if self.at_word("revert") => self.revert_migration(),
            () if self.at_word("stream") || self.at_word("vstream") => self.stream(),
            () => self.server_statement(),
        }
    }

    /// Statements that concern the server, replication and diagnostics.
    fn server_statement(&mut self) -> Parsed<Statement<'a>> {
        match () {
            () if self.at_word("stop") => self.stop(),
            () if self.at_word("reset") => self.reset(),
            () if self.at_word("binlog") => self.binlog(),
            () if self.at_word("clone") => self.clone_statement(),
            () if self.at_word("install") => self.install(),
            () if self.at_word("uninstall") => self.uninstall(),
            () if self.at_word("help") => self.help(),
            () if self.at_word("import") => self.import_table(),
            () if self.at_word("cache") => self.cache_index(),
            () if self.at_word("shutdown") => Ok(self.server_word(ServerStatement::Shutdown)),
            () if self.at_word("restart") => Ok(self.server_word(ServerStatement::Restart)),
            () => Err(self.fail()),
        }
    }

    fn with_statement(&mut self) -> Parsed<Statement<'a>> {
        let with = self.with()?;
        match self.token.kind {
            TokenKind::Word(Keyword::Update) => self.update(Some(with)),
            TokenKind::Word(Keyword::Delete) => self.delete(Some(with)),
            _ => {
                self.into_place = IntoPlace::Statement;
                Ok(Statement::Query(self.query_with(Some(with))?))
            }
        }
    }

    fn query_statement(&mut self) -> Parsed<Statement<'a>> {
        self.into_ends = false;
        self.into_place = IntoPlace::Statement;
        Ok(Statement::Query(self.query()?))
    }
}
