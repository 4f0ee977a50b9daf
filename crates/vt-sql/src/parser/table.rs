//! What a `FROM` reads: tables, joins, derived tables, table functions.

use super::{Fail, Parsed, Parser};
use crate::{
    ast::{
        Derived, HintAction, HintKind, HintScope, Ident, IndexHint, Join, JoinCondition, JoinKind,
        JsonColumn, JsonTable, Query, TableFactor, TableName, TableRef, TableSample,
    },
    lexer::{Keyword, TokenKind},
};

impl<'a> Parser<'a> {
    /// Reads the tables behind `FROM`; `DUAL` is none.
    pub(super) fn from(&mut self) -> Parsed<&'a [TableRef<'a>]> {
        if self.eat_keyword(Keyword::Dual) {
            return Ok(&[]);
        }
        self.tables()
    }

    pub(super) fn tables(&mut self) -> Parsed<&'a [TableRef<'a>]> {
        self.list(Parser::table_ref)
    }

    /// Reads a table with all joins that follow it.
    pub(super) fn table_ref(&mut self) -> Parsed<TableRef<'a>> {
        let first = self.table_factor()?;
        self.joins(Parser::named(first)?, false)
    }

    /// Reads joins behind `left`. With `inner`, stops before a condition that belongs to a join
    /// further out: `a JOIN b JOIN c ON ... ON ...`.
    fn joins(&mut self, mut left: TableRef<'a>, inner: bool) -> Parsed<TableRef<'a>> {
        self.enter()?;
        let mut nested = 1;
        while let Some(kind) = self.join_kind()? {
            self.enter()?;
            nested += 1;
            let natural = matches!(
                kind,
                JoinKind::NaturalInner | JoinKind::NaturalLeft | JoinKind::NaturalRight
            );
            let mut right = Parser::named(self.table_factor()?)?;
            let mut condition = JoinCondition::None;
            if !natural {
                if !self.at_condition() && self.has_condition_later(kind) {
                    // Read as if it stood in parentheses.
                    let joined = self.joins(right, true)?;
                    right = TableRef::Paren(self.arena.list(&[joined]));
                }
                condition = self.join_condition()?;
                let outer = matches!(kind, JoinKind::Left | JoinKind::Right);
                if outer && condition == JoinCondition::None {
                    return Err(self.fail());
                }
            }
            left = TableRef::Join(self.arena.node(Join { kind, left, right, condition }));
            if inner && self.at_condition() {
                break;
            }
        }
        self.depth -= nested;
        Ok(left)
    }

    fn at_condition(&self) -> bool {
        matches!(self.token.kind, TokenKind::Word(Keyword::On | Keyword::Using))
    }

    /// Without a condition at once, an outer join takes the joins that follow as its right side;
    /// so does an inner join, if there is a condition left for it.
    fn has_condition_later(&self, kind: JoinKind) -> bool {
        if matches!(kind, JoinKind::Left | JoinKind::Right) {
            return true;
        }
        // Counts the conditions and the joins that follow on this level.
        let mut lexer = self.lexer_here();
        let mut token = lexer.next();
        let (mut depth, mut joins, mut previous) = (0_u32, 0_u32, TokenKind::End);
        for _ in 0..LOOK_AHEAD_MAX {
            match token.kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen if depth == 0 => return false,
                TokenKind::RightParen => depth -= 1,
                TokenKind::End | TokenKind::Semicolon | TokenKind::Bad => return false,
                _ if depth > 0 => {}
                TokenKind::Word(Keyword::Join | Keyword::StraightJoin)
                    if previous != TokenKind::Word(Keyword::Natural) =>
                {
                    joins += 1;
                }
                TokenKind::Word(Keyword::On | Keyword::Using) if joins == 0 => return true,
                TokenKind::Word(Keyword::On | Keyword::Using) => joins -= 1,
                TokenKind::Comma
                | TokenKind::Word(
                    Keyword::Where
                    | Keyword::Group
                    | Keyword::Order
                    | Keyword::Having
                    | Keyword::Limit
                    | Keyword::Union
                    | Keyword::Set
                    | Keyword::Select,
                ) => return false,
                _ => {}
            }
            previous = token.kind;
            token = lexer.next();
        }
        false
    }

    fn join_condition(&mut self) -> Parsed<JoinCondition<'a>> {
        if self.eat_keyword(Keyword::On) {
            return Ok(JoinCondition::On(self.expr()?));
        }
        if self.eat_keyword(Keyword::Using) {
            return Ok(JoinCondition::Using(self.paren_list(Parser::name)?));
        }
        Ok(JoinCondition::None)
    }

    fn join_kind(&mut self) -> Parsed<Option<JoinKind>> {
        let kind = match self.token.kind {
            TokenKind::Word(Keyword::Join) => JoinKind::Inner,
            TokenKind::Word(Keyword::Inner | Keyword::Cross) => {
                self.advance();
                JoinKind::Inner
            }
            TokenKind::Word(Keyword::StraightJoin) => {
                self.advance();
                return Ok(Some(JoinKind::Straight));
            }
            TokenKind::Word(Keyword::Left) => self.outer(JoinKind::Left),
            TokenKind::Word(Keyword::Right) => self.outer(JoinKind::Right),
            TokenKind::Word(Keyword::Natural) => {
                self.advance();
                match self.token.kind {
                    TokenKind::Word(Keyword::Left) => self.outer(JoinKind::NaturalLeft),
                    TokenKind::Word(Keyword::Right) => self.outer(JoinKind::NaturalRight),
                    _ => {
                        self.eat_keyword(Keyword::Inner);
                        JoinKind::NaturalInner
                    }
                }
            }
            _ => return Ok(None),
        };
        self.expect_keyword(Keyword::Join)?;
        Ok(Some(kind))
    }

    fn outer(&mut self, kind: JoinKind) -> JoinKind {
        self.advance();
        self.eat_keyword(Keyword::Outer);
        kind
    }

    fn table_factor(&mut self) -> Parsed<TableRef<'a>> {
        match self.token.kind {
            TokenKind::LeftParen => self.heavy(Parser::paren_table),
            TokenKind::Word(Keyword::Lateral) => {
                self.advance();
                let query = self.paren_query()?;
                self.derived(true, query)
            }
            TokenKind::Word(Keyword::JsonTable) => self.json_table(),
            TokenKind::LeftBrace => {
                // ODBC's `{ OJ a LEFT JOIN b ON ... }`.
                self.advance();
                self.expect_word("oj")?;
                let table = self.table_ref()?;
                self.expect(TokenKind::RightBrace)?;
                Ok(table)
            }
            _ => {
                let name = self.table_name()?;
                Ok(TableRef::Table(self.plain_table(name)?))
            }
        }
    }

    /// Reads partitions, alias and hints of a table.
    pub(super) fn plain_table(&mut self, name: TableName<'a>) -> Parsed<&'a TableFactor<'a>> {
        let partitions = self.partition_names()?;
        let alias = self.table_alias()?;
        let sample = self.table_sample()?;
        let hints = self.index_hints()?;
        Ok(self.arena.node(TableFactor { name, partitions, alias, sample, hints }))
    }

    /// Reads `TABLESAMPLE SYSTEM|BERNOULLI (percent)`, if it stands here.
    fn table_sample(&mut self) -> Parsed<Option<&'a TableSample<'a>>> {
        let called = matches!(self.peek().kind, TokenKind::Word(_));
        if !called || !self.eat_keyword(Keyword::Tablesample) {
            return Ok(None);
        }
        let system = self.eat_keyword(Keyword::System);
        if !system {
            self.expect_word("bernoulli")?;
        }
        self.expect(TokenKind::LeftParen)?;
        let percent = self.primary()?;
        self.expect(TokenKind::RightParen)?;
        Ok(Some(self.arena.node(TableSample { system, percent })))
    }

    pub(super) fn partition_names(&mut self) -> Parsed<&'a [Ident<'a>]> {
        if self.at_keyword(Keyword::Partition) && self.peek().kind == TokenKind::LeftParen {
            self.advance();
            return self.paren_list(Parser::name);
        }
        Ok(&[])
    }

    fn derived(&mut self, lateral: bool, query: &'a Query<'a>) -> Parsed<TableRef<'a>> {
        let alias = self.table_alias()?;
        let columns = self.optional_names()?;
        if alias.is_none() && lateral {
            return Err(Fail::NoAlias);
        }
        Ok(TableRef::Derived(self.arena.node(Derived { lateral, query, alias, columns })))
    }

    /// Refuses a derived table without alias.
    fn named(table: TableRef<'a>) -> Parsed<TableRef<'a>> {
        match table {
            TableRef::Derived(derived) if derived.alias.is_none() => Err(Fail::NoAlias),
            table => Ok(table),
        }
    }

    /// `(query) alias`, or tables in parentheses, or both nested.
    fn paren_table(&mut self) -> Parsed<TableRef<'a>> {
        self.enter()?;
        self.advance();
        if self.at_query() {
            let query = self.query()?;
            self.expect(TokenKind::RightParen)?;
            self.leave();
            return self.derived(false, query);
        }
        let first = self.table_factor()?;
        if let TableRef::Derived(derived) = first
            && derived.alias.is_none()
            && !derived.lateral
        {
            // The parentheses inside hold the first part of a query, or all of it.
            let query = self.query_behind(derived.query)?;
            self.expect(TokenKind::RightParen)?;
            self.leave();
            return self.derived(false, query);
        }
        let alone = matches!(first, TableRef::Derived(_) | TableRef::JsonTable(_));
        let first = self.joins(Parser::named(first)?, false)?;
        // Of tables that are made only several stand in parentheses.
        if alone
            && self.at(TokenKind::RightParen)
            && matches!(first, TableRef::Derived(_) | TableRef::JsonTable(_))
        {
            return Err(self.fail());
        }
        let mut tables = self.vec();
        tables.push(first);
        while self.eat(TokenKind::Comma) {
            tables.push(self.table_ref()?);
        }
        self.expect(TokenKind::RightParen)?;
        self.leave();
        Ok(TableRef::Paren(tables.into_bump_slice()))
    }

    fn index_hints(&mut self) -> Parsed<&'a [IndexHint<'a>]> {
        let mut hints = self.vec();
        loop {
            let action = match self.token.kind {
                TokenKind::Word(Keyword::Use) => HintAction::Use,
                TokenKind::Word(Keyword::Ignore) => HintAction::Ignore,
                TokenKind::Word(Keyword::Force) => HintAction::Force,
                _ => break,
            };
            let next = self.peek();
            let kind = match next.kind {
                TokenKind::Word(Keyword::Index | Keyword::Key) => HintKind::Index,
                _ if self.is_word(next, "vindex") => HintKind::Vindex,
                _ => break,
            };
            self.advance();
            self.advance();
            hints.push(self.index_hint(action, kind)?);
        }
        Ok(hints.into_bump_slice())
    }

    fn index_hint(&mut self, action: HintAction, kind: HintKind) -> Parsed<IndexHint<'a>> {
        let mut scope = None;
        if self.eat_keyword(Keyword::For) {
            scope = Some(match self.token.kind {
                TokenKind::Word(Keyword::Join) => HintScope::Join,
                TokenKind::Word(Keyword::Order) => HintScope::OrderBy,
                TokenKind::Word(Keyword::Group) => HintScope::GroupBy,
                _ => return Err(self.fail()),
            });
            self.advance();
            if scope != Some(HintScope::Join) {
                self.expect_keyword(Keyword::By)?;
            }
        }
        self.expect(TokenKind::LeftParen)?;
        let names = match self.at(TokenKind::RightParen) {
            true if action == HintAction::Use => &[],
            _ => self.list(Parser::index_name)?,
        };
        self.expect(TokenKind::RightParen)?;
        Ok(IndexHint { action, kind, scope, names })
    }

    fn json_table(&mut self) -> Parsed<TableRef<'a>> {
        self.advance();
        self.expect(TokenKind::LeftParen)?;
        let doc = self.expr()?;
        self.expect(TokenKind::Comma)?;
        let path = self.json_path()?;
        let columns = self.json_columns()?;
        self.expect(TokenKind::RightParen)?;
        let alias = self.table_alias()?;
        if alias.is_none() {
            return Err(Fail::NoFunctionAlias);
        }
        Ok(TableRef::JsonTable(self.arena.node(JsonTable { doc, path, columns, alias })))
    }

    fn json_columns(&mut self) -> Parsed<&'a [JsonColumn<'a>]> {
        self.enter()?;
        self.expect_word("columns")?;
        let columns = self.paren_list(Parser::json_column)?;
        self.leave();
        Ok(columns)
    }

    fn json_column(&mut self) -> Parsed<JsonColumn<'a>> {
        if self.at_word("nested") {
            self.advance();
            self.eat_word("path");
            let path = self.json_path()?;
            let columns = self.heavy(Parser::json_columns)?;
            return Ok(JsonColumn::Nested { path, columns });
        }
        let name = self.name()?;
        if self.eat_words(&["for", "ordinality"]) {
            return Ok(JsonColumn::Ordinality(name));
        }
        let mut data_type = self.data_type()?;
        if self.eat_keyword(Keyword::Collate) {
            data_type.collate = Some(self.name_or_string()?);
        }
        let exists = self.eat_keyword(Keyword::Exists);
        self.expect_word("path")?;
        let path = self.json_path()?;
        let (on_empty, on_error) = self.json_fallbacks(true)?;
        Ok(JsonColumn::Path { name, data_type, exists, path, on_empty, on_error })
    }
}

/// How many tokens are searched for a join's condition.
const LOOK_AHEAD_MAX: u32 = 10_000;
