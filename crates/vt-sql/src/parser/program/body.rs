//! Bodies of stored programs: read for their end and their faults, kept as text.

use crate::{
    lexer::{Keyword, Lexer, TokenKind},
    parser::{Fail, Parsed, Parser},
};

impl<'a> Parser<'a> {
    /// Reads a program's statement and returns its text.
    pub(in crate::parser) fn body(&mut self) -> Parsed<&'a str> {
        let start = self.token.start;
        self.body_statement()?;
        Ok(self.body_text(start, self.before))
    }

    /// Returns the text of a body. Where version comments begin or end in it their marks are left
    /// out, for they may have begun before it or end behind it.
    fn body_text(&self, start: u32, end: u32) -> &'a str {
        let text = self.text_of(start, end);
        if memchr::memmem::find(&self.source[..end as usize], b"/*!").is_none() {
            return text;
        }
        let mut out = String::with_capacity(text.len());
        let mut lexer = Lexer::new(self.source, self.modes);
        let mut before = start;
        loop {
            let was_inside = lexer.is_in_version_comment();
            let token = lexer.next();
            if token.kind == TokenKind::End || token.kind == TokenKind::Bad || token.start >= end {
                return self.arena.text(&out);
            }
            if token.start < start {
                continue;
            }
            let gap = self.text_of(before, token.start);
            let marks = gap.contains("/*!") || was_inside != lexer.is_in_version_comment();
            // What stands before the body is none of it.
            if token.start > start {
                out.push_str(match marks {
                    // A space would make a comment of two signs.
                    true if out.ends_with("--") => "/**/",
                    true => " ",
                    false => gap,
                });
            }
            out.push_str(self.text_of(token.start, token.end));
            before = token.end;
        }
    }

    /// Reads one statement of a body.
    fn body_statement(&mut self) -> Parsed<()> {
        self.heavy(|parser| parser.heavy(Parser::body_statement_inside))
    }

    fn body_statement_inside(&mut self) -> Parsed<()> {
        if let Some(label) = self.label()? {
            return self.labelled(Some(label));
        }
        let TokenKind::Word(keyword) = self.token.kind else {
            return self.statement().map(|_| ());
        };
        match keyword {
            Keyword::Begin | Keyword::Loop | Keyword::Repeat | Keyword::While => {
                self.labelled(None)
            }
            Keyword::If => self.if_statement(),
            Keyword::Case => self.case_statement(),
            Keyword::Return => {
                self.advance();
                self.expr().map(|_| ())
            }
            Keyword::Leave | Keyword::Iterate => {
                self.advance();
                self.name().map(|_| ())
            }
            Keyword::Fetch => self.fetch(),
            Keyword::Use => {
                self.advance();
                self.name()?;
                Err(Fail::UseInProgram)
            }
            _ if self.at_word("open") || self.at_word("close") => {
                self.advance();
                self.name().map(|_| ())
            }
            _ => self.statement().map(|_| ()),
        }
    }

    /// Reads `label:`, if it stands here; what follows at once looks like a bind.
    fn label(&mut self) -> Parsed<Option<&'a str>> {
        if !self.at_name() {
            return Ok(None);
        }
        let next = self.peek();
        if next.kind != TokenKind::Colon && next.kind != TokenKind::Bind {
            return Ok(None);
        }
        let label = self.name()?.text;
        self.jump(next.start as usize + 1);
        Ok(Some(label))
    }

    /// Reads what may have a label, and the label behind its end.
    fn labelled(&mut self, label: Option<&'a str>) -> Parsed<()> {
        match self.token.kind {
            TokenKind::Word(Keyword::Begin) => self.block()?,
            TokenKind::Word(Keyword::Loop) => {
                self.advance();
                self.body_statements(&[Keyword::End])?;
                self.expect_keyword(Keyword::End)?;
                self.expect_keyword(Keyword::Loop)?;
            }
            TokenKind::Word(Keyword::Repeat) => {
                self.advance();
                self.body_statements(&[Keyword::None])?;
                self.expect_word("until")?;
                self.expr()?;
                self.expect_keyword(Keyword::End)?;
                self.expect_keyword(Keyword::Repeat)?;
            }
            TokenKind::Word(Keyword::While) => {
                self.advance();
                self.expr()?;
                self.expect_word("do")?;
                self.body_statements(&[Keyword::End])?;
                self.expect_keyword(Keyword::End)?;
                self.expect_keyword(Keyword::While)?;
            }
            _ => return Err(self.fail()),
        }
        if label.is_some() && self.at_name() {
            self.advance();
        }
        Ok(())
    }

    fn block(&mut self) -> Parsed<()> {
        self.advance();
        while self.eat_keyword(Keyword::Declare) {
            self.declaration()?;
            self.expect(TokenKind::Semicolon)?;
        }
        if !self.at_keyword(Keyword::End) {
            self.body_statements(&[Keyword::End])?;
        }
        self.expect_keyword(Keyword::End)
    }

    /// Reads one or more statements, each with its semicolon, up to one of the words;
    /// [`Keyword::None`] stands for `UNTIL`.
    fn body_statements(&mut self, ends: &[Keyword]) -> Parsed<()> {
        loop {
            self.body_statement()?;
            self.expect(TokenKind::Semicolon)?;
            let at_end = match self.token.kind {
                TokenKind::Word(Keyword::None) => {
                    ends.contains(&Keyword::None) && self.at_word("until")
                }
                TokenKind::Word(keyword) => ends.contains(&keyword),
                TokenKind::End => return Err(self.fail()),
                _ => false,
            };
            if at_end {
                return Ok(());
            }
        }
    }

    fn if_statement(&mut self) -> Parsed<()> {
        loop {
            // Behind `IF` and `ELSEIF`.
            self.advance();
            self.expr()?;
            self.expect_keyword(Keyword::Then)?;
            self.body_statements(&[Keyword::Elseif, Keyword::Else, Keyword::End])?;
            if !self.at_keyword(Keyword::Elseif) {
                break;
            }
        }
        if self.eat_keyword(Keyword::Else) {
            self.body_statements(&[Keyword::End])?;
        }
        self.expect_keyword(Keyword::End)?;
        self.expect_keyword(Keyword::If)
    }

    fn case_statement(&mut self) -> Parsed<()> {
        self.advance();
        if !self.at_keyword(Keyword::When) {
            self.expr()?;
        }
        loop {
            self.expect_keyword(Keyword::When)?;
            self.expr()?;
            self.expect_keyword(Keyword::Then)?;
            self.body_statements(&[Keyword::When, Keyword::Else, Keyword::End])?;
            if !self.at_keyword(Keyword::When) {
                break;
            }
        }
        if self.eat_keyword(Keyword::Else) {
            self.body_statements(&[Keyword::End])?;
        }
        self.expect_keyword(Keyword::End)?;
        self.expect_keyword(Keyword::Case)
    }

    /// Reads `FETCH [[NEXT] FROM] cursor INTO variable, ...`.
    fn fetch(&mut self) -> Parsed<()> {
        self.advance();
        let next = self.at_word("next") && self.peek().kind == TokenKind::Word(Keyword::From);
        if next {
            self.advance();
        }
        self.eat_keyword(Keyword::From);
        self.name()?;
        self.expect_keyword(Keyword::Into)?;
        self.list(Parser::name)?;
        Ok(())
    }

    /// Reads what follows `DECLARE`.
    fn declaration(&mut self) -> Parsed<()> {
        let handler = matches!(self.token.kind, TokenKind::Word(Keyword::Continue | Keyword::Exit));
        if handler {
            self.advance();
            self.expect_words(&["handler", "for"])?;
            self.list(Parser::handled)?;
            return self.body_statement();
        }
        let names = self.list(Parser::name)?;
        if names.len() == 1 && self.eat_keyword(Keyword::Cursor) {
            self.expect_keyword(Keyword::For)?;
            return self.query().map(|_| ()).map_err(|fail| match fail {
                Fail::MisplacedInto => Fail::CursorInto,
                fail => fail,
            });
        }
        if names.len() == 1 && self.eat_keyword(Keyword::Condition) {
            self.expect_keyword(Keyword::For)?;
            return self.condition_value();
        }
        self.data_type()?;
        if self.eat_keyword(Keyword::Collate) {
            self.name_or_string()?;
        }
        if self.eat_keyword(Keyword::Default) {
            self.expr()?;
        }
        Ok(())
    }

    /// Reads a condition that a handler is for.
    fn handled(&mut self) -> Parsed<()> {
        match self.token.kind {
            TokenKind::Word(Keyword::Sqlwarning | Keyword::Sqlexception) => self.advance(),
            TokenKind::Word(Keyword::Not) => self.expect_words(&["not", "found"])?,
            TokenKind::Word(Keyword::Sqlstate) | TokenKind::Literal(_) => self.condition_value()?,
            _ => {
                self.name()?;
            }
        }
        Ok(())
    }

    /// Reads an error number or `SQLSTATE [VALUE] 'state'`.
    fn condition_value(&mut self) -> Parsed<()> {
        if self.eat_keyword(Keyword::Sqlstate) {
            let _ = self.eat_keyword(Keyword::Value);
            return self.string().map(|_| ());
        }
        self.number().map(|_| ())
    }
}
