//! `CREATE VIEW` and `ALTER VIEW`.

use crate::{
    ast::{Statement, View, ViewCheck, ViewKind},
    lexer::{Keyword, TokenKind},
    parser::{Fail, Parsed, Parser},
};

impl<'a> Parser<'a> {
    pub(super) fn view(&mut self, alter: bool) -> Parsed<Statement<'a>> {
        let comments = self.verb_comments();
        let or_replace = !alter && self.eat_words(&["or", "replace"]);
        let (mut algorithm, mut definer, mut security) = (None, None, None);
        loop {
            if self.eat_word("algorithm") {
                self.expect(TokenKind::Equal)?;
                let words = ["undefined", "merge", "temptable"];
                let word = words.into_iter().find(|word| self.at_word(word));
                algorithm = Some(word.ok_or_else(|| self.fail())?);
                self.advance();
            } else if self.at_word("definer") {
                definer = self.definer()?;
            } else if self.eat_words(&["sql", "security"]) {
                security = Some(self.security()?);
            } else {
                break;
            }
        }
        let kind =
            self.view_kind(algorithm.is_none() && definer.is_none() && security.is_none())?;
        self.expect_word("view")?;
        let if_not_exists = !alter && !or_replace && self.if_not_exists();
        let name = self.table_name()?;
        let columns = self.optional_names()?;
        self.expect_keyword(Keyword::As)?;
        let query = self.query().map_err(|fail| match fail {
            Fail::MisplacedInto => Fail::ViewInto,
            fail => fail,
        })?;
        let check = self.view_check()?;
        Ok(Statement::View(self.arena.node(View {
            comments,
            alter,
            or_replace,
            if_not_exists,
            algorithm,
            definer,
            security,
            kind,
            name,
            columns,
            query,
            check,
        })))
    }

    /// Reads what may stand before `VIEW`; `MATERIALIZED` only if nothing else does.
    fn view_kind(&mut self, bare: bool) -> Parsed<ViewKind> {
        if bare && self.eat_word("materialized") {
            return Ok(ViewKind::Materialized);
        }
        if !self.eat_word("json") {
            return Ok(ViewKind::Plain);
        }
        let _ = self.eat_word("relational");
        self.expect_word("duality")?;
        Ok(ViewKind::JsonDuality)
    }

    fn view_check(&mut self) -> Parsed<Option<ViewCheck>> {
        if !self.eat_keyword(Keyword::With) {
            return Ok(None);
        }
        let check = match () {
            () if self.eat_word("cascaded") => ViewCheck::Cascaded,
            () if self.eat_word("local") => ViewCheck::Local,
            () => ViewCheck::Unsaid,
        };
        self.expect_words(&["check", "option"])?;
        Ok(Some(check))
    }
}
