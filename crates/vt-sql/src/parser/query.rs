//! Queries.

use super::{Fail, IntoPlace, Parsed, Parser};
use crate::{
    ast::{
        CommonTable, Expr, GroupBy, GroupModifier, Introducer, Literal, LiteralKind, NamedWindow,
        Query, QueryBody, Select, SelectExpr, SelectItem, SelectOptions, SetOp, SetOperation,
        SetTail, TableName, Unary, UnaryOp, With,
    },
    lexer::{Keyword, TokenKind, is_name_byte},
};

impl<'a> Parser<'a> {
    /// Tells whether a query without parentheses begins here.
    pub(super) fn at_query(&self) -> bool {
        match self.token.kind {
            TokenKind::Word(Keyword::Select | Keyword::With | Keyword::Table) => true,
            TokenKind::Word(Keyword::Values) => self.peek().kind == TokenKind::Word(Keyword::Row),
            _ => false,
        }
    }

    /// Reads `( query )`.
    pub(super) fn paren_query(&mut self) -> Parsed<&'a Query<'a>> {
        self.expect(TokenKind::LeftParen)?;
        let query = self.query()?;
        self.expect(TokenKind::RightParen)?;
        Ok(query)
    }

    /// Reads a query with all that belongs to it.
    pub(super) fn query(&mut self) -> Parsed<&'a Query<'a>> {
        self.enter()?;
        let with = if self.at_keyword(Keyword::With) { Some(self.with()?) } else { None };
        let query = self.query_with(with)?;
        self.leave();
        Ok(query)
    }

    /// Reads a query behind its `WITH`.
    pub(super) fn query_with(&mut self, with: Option<&'a With<'a>>) -> Parsed<&'a Query<'a>> {
        self.enter()?;
        self.enter()?;
        self.enter()?;
        let place = std::mem::take(&mut self.into_place);
        let outer_into = self.into.take();
        let first = self.query_primary(place)?;
        let query = self.query_tail(with, first, place)?;
        if place != IntoPlace::Part {
            self.into = outer_into;
        }
        self.depth -= 3;
        Ok(query)
    }

    /// Reads what follows a query in parentheses that turned out to begin a larger query.
    pub(super) fn query_behind(&mut self, first: &'a Query<'a>) -> Parsed<&'a Query<'a>> {
        let continues = matches!(
            self.token.kind,
            TokenKind::Word(
                Keyword::Union
                    | Keyword::Except
                    | Keyword::Intersect
                    | Keyword::Order
                    | Keyword::Limit
                    | Keyword::For
                    | Keyword::Lock
            )
        );
        if !continues {
            return Ok(first);
        }
        self.query_tail(None, body_of(first), IntoPlace::None)
    }

    /// Reads set operations and what follows them.
    fn query_tail(
        &mut self,
        with: Option<&'a With<'a>>,
        first: QueryBody<'a>,
        place: IntoPlace,
    ) -> Parsed<&'a Query<'a>> {
        let body = self.set_operations(first, place)?;
        let order_by = self.order_by()?;
        let limit = self.limit()?;
        let ends = place == IntoPlace::Statement;
        if ends {
            self.last_into()?;
        }
        let locks = self.locks()?;
        if ends {
            self.last_into()?;
        }
        let into = match place {
            IntoPlace::None if self.into.is_some() => return Err(Fail::MisplacedInto),
            // It belongs to the query around.
            IntoPlace::Part => None,
            _ => self.into.take(),
        };
        Ok(self.arena.node(Query { with, body, order_by, limit, locks, into }))
    }

    /// Reads an `INTO` behind a statement's query, if it stands here.
    fn last_into(&mut self) -> Parsed<()> {
        if self.at_keyword(Keyword::Into) {
            let twice = self.into.is_some();
            self.into_ends = true;
            self.into = self.select_into()?;
            if twice {
                return Err(Fail::TwoIntos);
            }
        }
        Ok(())
    }

    /// Reads `UNION` and `EXCEPT` from left to right, with `INTERSECT` first.
    fn set_operations(&mut self, first: QueryBody<'a>, place: IntoPlace) -> Parsed<QueryBody<'a>> {
        let first = self.intersections(first, place)?;
        if !matches!(self.token.kind, TokenKind::Word(Keyword::Union | Keyword::Except)) {
            return Ok(first);
        }
        let mut rest = self.vec();
        while let Some(op) = self.eat_set_op(|op| op != SetOp::Intersect)? {
            let all = self.set_quantifier();
            let body = self.query_primary(place.inside())?;
            let body = self.intersections(body, place)?;
            rest.push(SetTail { op, all, body });
        }
        let rest = rest.into_bump_slice();
        Ok(QueryBody::Set(self.arena.node(SetOperation { first, rest })))
    }

    fn intersections(&mut self, first: QueryBody<'a>, place: IntoPlace) -> Parsed<QueryBody<'a>> {
        if !self.at_keyword(Keyword::Intersect) {
            return Ok(first);
        }
        let mut rest = self.vec();
        while let Some(op) = self.eat_set_op(|op| op == SetOp::Intersect)? {
            let all = self.set_quantifier();
            rest.push(SetTail { op, all, body: self.query_primary(place.inside())? });
        }
        let rest = rest.into_bump_slice();
        Ok(QueryBody::Set(self.arena.node(SetOperation { first, rest })))
    }

    fn eat_set_op(&mut self, wanted: fn(SetOp) -> bool) -> Parsed<Option<SetOp>> {
        let op = match self.token.kind {
            TokenKind::Word(Keyword::Union) => SetOp::Union,
            TokenKind::Word(Keyword::Except) => SetOp::Except,
            TokenKind::Word(Keyword::Intersect) => SetOp::Intersect,
            _ => return Ok(None),
        };
        if !wanted(op) {
            return Ok(None);
        }
        if self.into.is_some() {
            return Err(Fail::MisplacedInto);
        }
        self.advance();
        Ok(Some(op))
    }

    fn set_quantifier(&mut self) -> bool {
        !self.eat_keyword(Keyword::Distinct) && self.eat_keyword(Keyword::All)
    }

    fn query_primary(&mut self, place: IntoPlace) -> Parsed<QueryBody<'a>> {
        match self.token.kind {
            TokenKind::Word(Keyword::Select) => Ok(QueryBody::Select(self.select()?)),
            TokenKind::Word(Keyword::Values) => {
                self.advance();
                Ok(QueryBody::Values(self.list(Parser::row_constructor)?))
            }
            TokenKind::Word(Keyword::Table) => {
                self.advance();
                Ok(QueryBody::Table(self.table_name()?))
            }
            TokenKind::LeftParen => {
                self.advance();
                self.into_place = place;
                let query = self.query()?;
                self.expect(TokenKind::RightParen)?;
                let Some(into) = query.into else { return Ok(body_of(query)) };
                // What has its `INTO` behind it ends the statement.
                if self.into_ends && !self.at_end() && !self.at(TokenKind::RightParen) {
                    return Err(self.fail());
                }
                self.into = Some(into);
                Ok(body_of(self.arena.node(Query { into: None, ..*query })))
            }
            _ => Err(self.fail()),
        }
    }

    fn row_constructor(&mut self) -> Parsed<&'a [Expr<'a>]> {
        self.expect_keyword(Keyword::Row)?;
        self.row_values()
    }

    /// Reads `WITH [RECURSIVE] name [(columns)] AS (query), ...`.
    pub(super) fn with(&mut self) -> Parsed<&'a With<'a>> {
        self.expect_keyword(Keyword::With)?;
        let recursive = self.eat_keyword(Keyword::Recursive);
        let tables = self.list(|parser| {
            let name = parser.name()?;
            let columns = parser.optional_names()?;
            parser.expect_keyword(Keyword::As)?;
            Ok(CommonTable { name, columns, query: parser.paren_query()? })
        })?;
        Ok(self.arena.node(With { recursive, tables }))
    }

    fn select(&mut self) -> Parsed<&'a Select<'a>> {
        self.advance();
        let comments = self.take_comments();
        let options = self.select_options()?;
        let items = if self.at_next_value() { self.next_value()? } else { self.select_items()? };
        let into = self.select_into()?;
        let from = if self.eat_keyword(Keyword::From) { self.from()? } else { &[] };
        let filter = self.optional_expr(Keyword::Where)?;
        let group_by = self.group_by()?;
        let having = self.optional_expr(Keyword::Having)?;
        let windows = self.windows()?;
        let qualify = self.optional_expr(Keyword::Qualify)?;
        // A subquery's own has been refused before.
        self.into = into;
        Ok(self.arena.node(Select {
            comments,
            options,
            items,
            from,
            filter,
            group_by,
            having,
            windows,
            qualify,
        }))
    }

    fn select_options(&mut self) -> Parsed<SelectOptions> {
        let mut options = SelectOptions::default();
        loop {
            let flag = match self.token.kind {
                TokenKind::Word(Keyword::Distinct | Keyword::Distinctrow) => &mut options.distinct,
                TokenKind::Word(Keyword::All) => &mut options.all,
                TokenKind::Word(Keyword::HighPriority) => &mut options.high_priority,
                TokenKind::Word(Keyword::StraightJoin) => &mut options.straight_join,
                TokenKind::Word(Keyword::SqlSmallResult) => &mut options.small_result,
                TokenKind::Word(Keyword::SqlBigResult) => &mut options.big_result,
                TokenKind::Word(Keyword::SqlCalcFoundRows) => &mut options.calc_found_rows,
                TokenKind::Word(Keyword::None) if self.at_word("sql_no_cache") => {
                    &mut options.no_cache
                }
                TokenKind::Word(Keyword::None) if self.at_word("sql_buffer_result") => {
                    &mut options.buffer_result
                }
                _ if options.all && options.distinct => return Err(Fail::AllDistinct),
                _ => return Ok(options),
            };
            *flag = true;
            self.advance();
        }
    }

    /// `NEXT VALUE FROM seq` and `NEXT n VALUES FROM seq`, of sequences.
    fn at_next_value(&self) -> bool {
        self.at_word("next") && {
            let next = self.peek();
            match next.kind {
                TokenKind::Literal(LiteralKind::Int) | TokenKind::Bind | TokenKind::Question => {
                    self.peek_nth(2).kind == TokenKind::Word(Keyword::Values)
                }
                TokenKind::Word(Keyword::Value) => {
                    self.peek_nth(2).kind == TokenKind::Word(Keyword::From)
                }
                _ => false,
            }
        }
    }

    fn next_value(&mut self) -> Parsed<&'a [SelectItem<'a>]> {
        self.advance();
        let count = if self.eat_keyword(Keyword::Value) {
            Expr::Literal(self.arena.node(crate::ast::Literal {
                kind: LiteralKind::Int,
                value: b"1",
                span: crate::ast::Span::default(),
                ordinal: crate::ast::Literal::MADE,
            }))
        } else {
            let count = self.primary()?;
            self.expect_keyword(Keyword::Values)?;
            count
        };
        Ok(self.arena.list(&[SelectItem::Next(count)]))
    }

    /// Reads the items of a `SELECT`; a star alone can only be the first.
    fn select_items(&mut self) -> Parsed<&'a [SelectItem<'a>]> {
        let mut items = self.vec();
        if self.eat(TokenKind::Star) {
            items.push(SelectItem::Star(None));
            if !self.eat(TokenKind::Comma) {
                return Ok(items.into_bump_slice());
            }
        }
        loop {
            items.push(self.select_item()?);
            if !self.eat(TokenKind::Comma) {
                return Ok(items.into_bump_slice());
            }
        }
    }

    fn select_item(&mut self) -> Parsed<SelectItem<'a>> {
        if let Some(item) = self.qualified_star()? {
            return Ok(item);
        }
        let start = self.token.start;
        let expr = self.expr()?;
        let text = self.text_of(start, self.before);
        let alias = self.alias()?;
        let name = match alias {
            Some(alias) => alias.text,
            None => self.column_title(expr, text),
        };
        Ok(SelectItem::Expr(SelectExpr { expr, alias, name }))
    }

    /// Returns the name that MySQL gives to a column without an alias; `text` is its expression as
    /// written.
    fn column_title(&self, expr: Expr<'a>, text: &'a str) -> &'a str {
        let string = |literal: &'a Literal<'a>| {
            let written = self.text_of(literal.span.start, literal.span.end);
            match first_piece(written) {
                Some(piece) => piece.trim_start(),
                None => std::str::from_utf8(literal.value).map_or(text, str::trim_start),
            }
        };
        let title = match expr {
            // A plus is no operation, and leaves no trace.
            Expr::Unary(Unary { op: UnaryOp::Plus, expr }) => self.column_title(*expr, text),
            Expr::Column(column) => column.name.text,
            Expr::Literal(literal) => match literal.kind {
                LiteralKind::Str | LiteralKind::NationalStr => string(literal),
                _ => self.text_of(literal.span.start, literal.span.end),
            },
            Expr::Introducer(Introducer { expr: Expr::Literal(literal), .. })
                if literal.kind == LiteralKind::Str =>
            {
                string(literal)
            }
            Expr::Null => "NULL",
            _ => text,
        };
        shortened(title)
    }

    /// `t.*` and `ks.t.*`.
    fn qualified_star(&mut self) -> Parsed<Option<SelectItem<'a>>> {
        if !self.at_name() || self.peek().kind != TokenKind::Dot {
            return Ok(None);
        }
        if self.is_last_part(self.next.end as usize) {
            return Ok(None);
        }
        let mut lexer = self.lexer;
        let second = lexer.next();
        if second.kind == TokenKind::Star {
            let table = TableName { qualifier: None, name: self.name()? };
            self.advance();
            self.advance();
            return Ok(Some(SelectItem::Star(Some(table))));
        }
        if lexer.next().kind != TokenKind::Dot || lexer.next().kind != TokenKind::Star {
            return Ok(None);
        }
        let qualifier = Some(self.name()?);
        self.advance();
        let table = TableName { qualifier, name: self.any_word()? };
        self.advance();
        self.advance();
        Ok(Some(SelectItem::Star(Some(table))))
    }

    /// Tells whether a name begins at a place in the text that has neither point nor comment behind
    /// it.
    fn is_last_part(&self, at: usize) -> bool {
        let rest = self.source.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| is_name_byte(**byte)).count();
        let behind = rest[length..].iter().find(|byte| !byte.is_ascii_whitespace());
        length > 0 && matches!(behind, Some(byte) if is_name_byte(*byte) || *byte == b',')
    }

    pub(super) fn optional_expr(&mut self, keyword: Keyword) -> Parsed<Option<Expr<'a>>> {
        if self.eat_keyword(keyword) { self.expr().map(Some) } else { Ok(None) }
    }

    fn group_by(&mut self) -> Parsed<Option<&'a GroupBy<'a>>> {
        if !self.eat_keyword(Keyword::Group) {
            return Ok(None);
        }
        self.expect_keyword(Keyword::By)?;
        let called = self.peek().kind == TokenKind::LeftParen;
        let modifier = match () {
            () if called && self.at_word("rollup") => Some(GroupModifier::Rollup),
            () if called && self.at_keyword(Keyword::Cube) => Some(GroupModifier::Cube),
            () => None,
        };
        if let Some(modifier) = modifier {
            self.advance();
            let exprs = self.paren_list(Parser::expr)?;
            return Ok(Some(self.arena.node(GroupBy { exprs, modifier })));
        }
        if self.eat_words(&["grouping", "sets"]) {
            let sets = self.paren_list(Parser::arguments)?;
            let modifier = GroupModifier::Sets(sets);
            return Ok(Some(self.arena.node(GroupBy { exprs: &[], modifier })));
        }
        let exprs = self.list(Parser::expr)?;
        let rollup = self.at_keyword(Keyword::With) && self.is_word(self.peek(), "rollup");
        if rollup {
            self.expect_words(&["with", "rollup"])?;
        }
        let modifier = if rollup { GroupModifier::Rollup } else { GroupModifier::None };
        Ok(Some(self.arena.node(GroupBy { exprs, modifier })))
    }

    fn windows(&mut self) -> Parsed<&'a [NamedWindow<'a>]> {
        if !self.eat_keyword(Keyword::Window) {
            return Ok(&[]);
        }
        self.list(|parser| {
            let name = parser.name()?;
            parser.expect_keyword(Keyword::As)?;
            Ok(NamedWindow { name, spec: parser.window_spec()? })
        })
    }
}

/// Returns the first of several strings that stand side by side and make one literal; `None` for a
/// string that stands alone, or whose first piece has escapes.
fn first_piece(written: &str) -> Option<&str> {
    let written = written.strip_prefix(['n', 'N']).unwrap_or(written);
    let quote = written.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let inside = &written[1..];
    let end = inside.find(quote)?;
    let (piece, rest) = (&inside[..end], &inside[end + 1..]);
    (!piece.contains('\\') && !rest.is_empty() && !rest.starts_with(quote)).then_some(piece)
}

/// MySQL cuts the names that it makes.
fn shortened(name: &str) -> &str {
    const CHARS_MAX: usize = 255;
    if name.len() <= CHARS_MAX {
        return name;
    }
    name.char_indices().nth(CHARS_MAX).map_or(name, |(end, _)| &name[..end])
}

/// Takes the parentheses off a query that has nothing around its body.
fn body_of<'a>(query: &'a Query<'a>) -> QueryBody<'a> {
    let bare = query.with.is_none()
        && query.order_by.is_empty()
        && query.limit.is_none()
        && query.locks.is_empty()
        && query.into.is_none();
    if bare { query.body } else { QueryBody::Query(query) }
}
