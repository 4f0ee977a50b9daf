//! `INSERT`, `REPLACE`, `UPDATE`, `DELETE`, `LOAD DATA`, `CALL`, `DO`.

use super::{Parsed, Parser};
use crate::{
    ast::{
        Assignment, BulkLoad, Call, ColumnName, Comments, Delete, Expr, Ident, Insert,
        InsertSource, LoadData, LoadDuplicates, LoadPriority, LoadSource, OrderItem, Priority,
        RowAlias, Statement, TableFactor, TableName, TableRef, Update, Variable, With,
    },
    lexer::{Keyword, TokenKind},
};

/// Columns, source and alias of an `INSERT`, before they are joined with the rest.
type Rows<'a> = (&'a [Ident<'a>], InsertSource<'a>, Option<RowAlias<'a>>);

impl<'a> Parser<'a> {
    /// Reads `INSERT` or `REPLACE`.
    pub(super) fn insert(&mut self, replace: bool) -> Parsed<Statement<'a>> {
        self.advance();
        let comments = self.take_comments();
        let priority = match self.token.kind {
            TokenKind::Word(Keyword::LowPriority) => Some(Priority::Low),
            TokenKind::Word(Keyword::HighPriority) if !replace => Some(Priority::High),
            TokenKind::Word(Keyword::Delayed) => Some(Priority::Delayed),
            _ => None,
        };
        if priority.is_some() {
            self.advance();
        }
        let ignore = !replace && self.eat_keyword(Keyword::Ignore);
        self.eat_keyword(Keyword::Into);
        let table = self.table_name()?;
        let partitions = self.partition_names()?;
        let (columns, source, row_alias) = self.insert_rows()?;
        let on_duplicate = self.on_duplicate(replace)?;
        Ok(Statement::Insert(self.arena.node(Insert {
            comments,
            replace,
            priority,
            ignore,
            table,
            partitions,
            columns,
            source,
            row_alias,
            on_duplicate,
        })))
    }

    fn insert_rows(&mut self) -> Parsed<Rows<'a>> {
        if self.eat_keyword(Keyword::Set) {
            let assignments = self.list(Parser::assignment)?;
            let mut columns = self.vec();
            columns.extend(assignments.iter().map(|assignment| assignment.column.name));
            let mut values = self.vec();
            values.extend(assignments.iter().map(|assignment| assignment.value));
            let row: &'a [Expr<'a>] = values.into_bump_slice();
            let rows = self.arena.list(&[row]);
            let alias = self.row_alias()?;
            return Ok((columns.into_bump_slice(), InsertSource::Values(rows), alias));
        }
        let mut columns: &[Ident<'a>] = &[];
        if self.at(TokenKind::LeftParen) && !self.paren_opens_query() {
            self.advance();
            if !self.at(TokenKind::RightParen) {
                columns = self.list(|parser| Ok(parser.column_name()?.name))?;
            }
            self.expect(TokenKind::RightParen)?;
        }
        let is_values = match self.token.kind {
            TokenKind::Word(Keyword::Values) => self.peek().kind != TokenKind::Word(Keyword::Row),
            TokenKind::Word(Keyword::Value) => true,
            _ => false,
        };
        if is_values {
            self.advance();
            let rows = self.list(Parser::row_values)?;
            return Ok((columns, InsertSource::Values(rows), self.row_alias()?));
        }
        let query = self.query()?;
        Ok((columns, InsertSource::Query(query), None))
    }

    /// Tells whether the parenthesis here begins a query, perhaps behind more of them.
    pub(super) fn paren_opens_query(&self) -> bool {
        let mut lexer = self.lexer;
        let mut token = self.next;
        while token.kind == TokenKind::LeftParen {
            token = lexer.next();
        }
        let query = matches!(
            token.kind,
            TokenKind::Word(Keyword::Select | Keyword::With | Keyword::Table | Keyword::Values)
        );
        if !query && self.next.kind == TokenKind::LeftParen {
            // Two parentheses fit, and what follows spoils them.
            self.furthest.set(self.furthest.get().max(token.start));
        }
        query
    }

    fn row_alias(&mut self) -> Parsed<Option<RowAlias<'a>>> {
        if !self.eat_keyword(Keyword::As) {
            return Ok(None);
        }
        let name = self.name()?;
        Ok(Some(RowAlias { name, columns: self.optional_names()? }))
    }

    fn on_duplicate(&mut self, replace: bool) -> Parsed<&'a [Assignment<'a>]> {
        if replace || !self.eat_keyword(Keyword::On) {
            return Ok(&[]);
        }
        self.expect_words(&["duplicate", "key", "update"])?;
        self.list(Parser::assignment)
    }

    /// Reads `column = value`.
    fn assignment(&mut self) -> Parsed<Assignment<'a>> {
        let column = self.column_name()?;
        if !self.eat(TokenKind::Assign) {
            self.expect(TokenKind::Equal)?;
        }
        Ok(Assignment { column, value: self.expr_or_default()? })
    }

    pub(super) fn update(&mut self, with: Option<&'a With<'a>>) -> Parsed<Statement<'a>> {
        self.advance();
        let comments = self.take_comments();
        let low_priority = self.eat_keyword(Keyword::LowPriority);
        let ignore = self.eat_keyword(Keyword::Ignore);
        let tables = self.tables()?;
        self.expect_keyword(Keyword::Set)?;
        let assignments = self.list(Parser::assignment)?;
        let filter = self.optional_expr(Keyword::Where)?;
        let order_by = self.order_by()?;
        let limit = self.simple_limit()?;
        Ok(Statement::Update(self.arena.node(Update {
            with,
            comments,
            low_priority,
            ignore,
            tables,
            assignments,
            filter,
            order_by,
            limit,
        })))
    }

    pub(super) fn delete(&mut self, with: Option<&'a With<'a>>) -> Parsed<Statement<'a>> {
        self.advance();
        let mut delete = Delete {
            with,
            comments: self.take_comments(),
            low_priority: false,
            quick: false,
            ignore: false,
            targets: &[],
            tables: &[],
            filter: None,
            order_by: &[],
            limit: None,
        };
        loop {
            if self.eat_keyword(Keyword::LowPriority) {
                delete.low_priority = true;
            } else if self.at_word("quick") && self.peek().kind != TokenKind::Dot {
                self.advance();
                delete.quick = true;
            } else if self.eat_keyword(Keyword::Ignore) {
                delete.ignore = true;
            } else {
                break;
            }
        }
        if self.eat_keyword(Keyword::From) {
            self.delete_from(&mut delete)?;
        } else {
            delete.targets = self.list(Parser::delete_target)?;
            self.expect_keyword(Keyword::From)?;
            delete.tables = self.tables()?;
            delete.filter = self.optional_expr(Keyword::Where)?;
        }
        Ok(Statement::Delete(self.arena.node(delete)))
    }

    /// Reads `t WHERE ...` or `t1, t2 USING ...`.
    fn delete_from(&mut self, delete: &mut Delete<'a>) -> Parsed<()> {
        let first = self.delete_target()?;
        if matches!(self.token.kind, TokenKind::Comma | TokenKind::Word(Keyword::Using)) {
            let mut targets = self.vec();
            targets.push(first);
            while self.eat(TokenKind::Comma) {
                targets.push(self.delete_target()?);
            }
            delete.targets = targets.into_bump_slice();
            self.expect_keyword(Keyword::Using)?;
            delete.tables = self.tables()?;
            delete.filter = self.optional_expr(Keyword::Where)?;
            return Ok(());
        }
        let alias = self.table_alias()?;
        let partitions = self.partition_names()?;
        let table = TableFactor { name: first, partitions, alias, sample: None, hints: &[] };
        let table: &'a TableFactor<'a> = self.arena.node(table);
        delete.tables = self.arena.list(&[TableRef::Table(table)]);
        delete.filter = self.optional_expr(Keyword::Where)?;
        let order_by: &'a [OrderItem<'a>] = self.order_by()?;
        delete.order_by = order_by;
        delete.limit = self.simple_limit()?;
        Ok(())
    }

    /// Reads a table that loses rows; `.*` may follow it.
    fn delete_target(&mut self) -> Parsed<TableName<'a>> {
        let first = self.name()?;
        let mut target = TableName { qualifier: None, name: first };
        if self.at(TokenKind::Dot) && self.peek().kind != TokenKind::Star {
            self.advance();
            target = TableName { qualifier: Some(first), name: self.any_word()? };
        }
        if self.eat(TokenKind::Dot) {
            self.expect(TokenKind::Star)?;
        }
        Ok(target)
    }

    pub(super) fn load(&mut self) -> Parsed<Statement<'a>> {
        if self.peek().kind == TokenKind::Word(Keyword::Index) {
            return self.load_index();
        }
        self.advance();
        let xml = self.eat_word("xml");
        if !xml {
            self.expect_word("data")?;
        }
        let priority = match () {
            () if self.eat_keyword(Keyword::LowPriority) => Some(LoadPriority::Low),
            () if self.eat_word("concurrent") => Some(LoadPriority::Concurrent),
            () => None,
        };
        let mut bulk = BulkLoad { from: self.eat_keyword(Keyword::From), ..BulkLoad::default() };
        let local = self.eat_word("local");
        bulk.source = match () {
            () if self.eat_word("url") => LoadSource::Url,
            () if self.eat_word("s3") => LoadSource::S3,
            () => {
                self.expect_keyword(Keyword::Infile)?;
                LoadSource::InFile
            }
        };
        let path = self.string()?;
        if self.eat_word("count") {
            bulk.count = Some(self.number()?);
        }
        bulk.in_primary_key_order = self.eat_words(&["in", "primary", "key", "order"]);
        let on_duplicate = self.load_duplicates();
        self.expect_words(&["into", "table"])?;
        let table = self.table_name()?;
        let partitions = self.partition_names()?;
        if self.eat_word("compression") {
            self.eat(TokenKind::Equal);
            bulk.compression = Some(self.string()?);
        }
        let charset = self.load_charset()?;
        let row_tag = match xml && self.eat_words(&["rows", "identified", "by"]) {
            true => Some(self.string()?),
            false => None,
        };
        let format = self.file_format()?;
        let mut ignore_lines = None;
        if self.eat_keyword(Keyword::Ignore) {
            ignore_lines = Some(self.integer_literal()?);
            if !self.eat_keyword(Keyword::Rows) {
                self.expect_keyword(Keyword::Lines)?;
            }
        }
        let columns = self.load_columns()?;
        let assignments = match self.eat_keyword(Keyword::Set) {
            true => self.list(Parser::assignment)?,
            false => &[],
        };
        self.bulk_options(&mut bulk)?;
        let is_bulk = bulk != BulkLoad::default();
        let bulk = if is_bulk { Some(self.arena.node(bulk)) } else { None };
        Ok(Statement::LoadData(self.arena.node(LoadData {
            xml,
            priority,
            local,
            path,
            on_duplicate,
            table,
            partitions,
            charset,
            row_tag,
            format,
            ignore_lines,
            columns,
            assignments,
            bulk,
        })))
    }

    /// Reads `PARALLEL = n`, `MEMORY = size` and `ALGORITHM = BULK`.
    fn bulk_options(&mut self, bulk: &mut BulkLoad<'a>) -> Parsed<()> {
        if self.eat_word("parallel") {
            self.eat(TokenKind::Equal);
            bulk.parallel = Some(self.number()?);
        }
        if self.eat_word("memory") {
            self.eat(TokenKind::Equal);
            bulk.memory = Some(self.size()?);
        }
        bulk.algorithm_bulk = self.eat_word("algorithm");
        if bulk.algorithm_bulk {
            self.eat(TokenKind::Equal);
            self.expect_word("bulk")?;
        }
        Ok(())
    }

    pub(super) fn load_duplicates(&mut self) -> Option<LoadDuplicates> {
        if self.eat_keyword(Keyword::Replace) {
            return Some(LoadDuplicates::Replace);
        }
        self.eat_keyword(Keyword::Ignore).then_some(LoadDuplicates::Ignore)
    }

    fn load_columns(&mut self) -> Parsed<&'a [Expr<'a>]> {
        if !self.eat(TokenKind::LeftParen) || self.eat(TokenKind::RightParen) {
            return Ok(&[]);
        }
        let columns = self.list(|parser| {
            if parser.at(TokenKind::UserVariable) {
                let variable = Variable::User(parser.user_variable()?);
                return Ok(Expr::Variable(parser.arena.node(variable)));
            }
            let column: ColumnName<'a> = parser.column_name()?;
            Ok(Expr::Column(parser.arena.node(column)))
        })?;
        self.expect(TokenKind::RightParen)?;
        Ok(columns)
    }

    pub(super) fn call_statement(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let name = self.table_name()?;
        let args = if self.at(TokenKind::LeftParen) { self.arguments()? } else { &[] };
        Ok(Statement::Call(self.arena.node(Call { name, args })))
    }

    pub(super) fn do_statement(&mut self) -> Parsed<Statement<'a>> {
        self.advance();
        let exprs = self.list(|parser| {
            let expr = parser.expr()?;
            parser.alias()?;
            Ok(expr)
        })?;
        Ok(Statement::Do(exprs))
    }

    /// The comments behind a verb that has just become the current token.
    pub(super) fn verb_comments(&mut self) -> Comments<'a> {
        self.advance();
        self.take_comments()
    }
}
