//! Which statement it is.

use super::{Fail, Parsed, Parser};
use crate::{
    ast::{Other, Statement},
    lexer::{Keyword, Lexer, TokenKind},
    preview::StatementKind,
    split::end_of_statement,
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
            TokenKind::LeftParen => Ok(Statement::Query(self.query()?)),
            _ => Err(self.fail()),
        }
    }

    fn statement_at(&mut self, keyword: Keyword) -> Parsed<Statement<'a>> {
        match keyword {
            Keyword::Select | Keyword::Values | Keyword::Table => {
                Ok(Statement::Query(self.query()?))
            }
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
            () if self.at_word("revert") => self.revert_migration(),
            () if self.at_word("stream") || self.at_word("vstream") => self.stream(),
            () => {
                let mut lexer = self.lexer_here();
                lexer.next();
                let kind = crate::preview::kind_of(self.source, self.token, lexer);
                match kind {
                    StatementKind::Unknown => Err(self.fail()),
                    kind => self.other_checked(kind),
                }
            }
        }
    }

    fn with_statement(&mut self) -> Parsed<Statement<'a>> {
        let with = self.with()?;
        match self.token.kind {
            TokenKind::Word(Keyword::Update) => self.update(Some(with)),
            TokenKind::Word(Keyword::Delete) => self.delete(Some(with)),
            _ => Ok(Statement::Query(self.query_with(Some(with))?)),
        }
    }

    /// Takes the statement as text, up to its end.
    pub(super) fn other_checked(&mut self, kind: StatementKind) -> Parsed<Statement<'a>> {
        if self.token.kind == TokenKind::Bad {
            return Err(self.fail());
        }
        Ok(self.other(kind))
    }

    /// Takes the statement as text, up to its end.
    pub(super) fn other(&mut self, kind: StatementKind) -> Statement<'a> {
        let mut lexer = self.lexer_here();
        let mut start = self.token.start;
        let whole = Lexer::new(self.source, self.modes);
        let mut first = whole;
        if first.next().start == start && first.in_version_comment() {
            // `/*!50003 CREATE */ ...` keeps its comments: the text begins with the first.
            start = 0;
            lexer = whole;
        }
        let end = end_of_statement(self.source, lexer);
        self.lexer.leave_version_comment();
        self.jump(end);
        let text = self.text_of(start, end as u32).trim_ascii();
        Statement::Other(self.arena.node(Other { kind, text }))
    }
}
