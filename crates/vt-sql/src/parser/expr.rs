//! What expressions are made of: literals, names, variables, parentheses, `CASE`, calls.

use super::{Parsed, Parser, builtin::may_take, operator::rung};
use crate::{
    ast::{
        AssignExpr, Binary, BinaryOp, Bind, Case, ColumnName, Expr, Function, Ident, InList,
        Interval, Introducer, LiteralKind, SystemVariable, TableName, Temporal, TemporalKind,
        TimeUnit, Variable, VariableScope, When,
    },
    lexer::{Keyword, TokenKind, is_callable},
    visit::any_expr,
};

impl<'a> Parser<'a> {
    /// Reads an operand.
    pub(super) fn primary(&mut self) -> Parsed<Expr<'a>> {
        match self.token.kind {
            TokenKind::Literal(kind) => {
                if kind == LiteralKind::Float {
                    self.check_double(self.token.start, self.token.end)?;
                }
                Ok(Expr::Literal(self.literal(kind)))
            }
            TokenKind::Word(Keyword::None) => self.name_primary(),
            TokenKind::Word(keyword) => self.word_primary(keyword),
            TokenKind::Quoted => self.name_primary(),
            TokenKind::LeftParen => self.paren(),
            TokenKind::Bind | TokenKind::ListBind | TokenKind::Question => {
                Ok(Expr::Bind(self.bind()))
            }
            TokenKind::UserVariable => self.user_variable_primary(),
            TokenKind::AtAt => {
                let variable = Variable::System(self.system_variable()?);
                Ok(Expr::Variable(self.arena.node(variable)))
            }
            TokenKind::Introducer => self.introducer(),
            TokenKind::LeftBrace => self.braces(),
            TokenKind::List => self.misplaced_list(),
            _ => Err(self.fail()),
        }
    }

    fn word_primary(&mut self, keyword: Keyword) -> Parsed<Expr<'a>> {
        match keyword {
            Keyword::Null => Ok(self.constant(Expr::Null)),
            Keyword::True => Ok(self.constant(Expr::True)),
            Keyword::False => Ok(self.constant(Expr::False)),
            Keyword::Case => self.heavy(Parser::case),
            Keyword::Exists => {
                self.advance();
                Ok(Expr::Exists(self.paren_query()?))
            }
            Keyword::Row => {
                self.advance();
                let items = self.paren_list(Parser::expr)?;
                if items.len() < 2 { Err(self.fail()) } else { Ok(Expr::Row(items)) }
            }
            Keyword::Date | Keyword::Time | Keyword::Timestamp
                if matches!(self.peek().kind, TokenKind::Literal(LiteralKind::Str)) =>
            {
                self.temporal(keyword)
            }
            _ if keyword.is_reserved() => self.heavy(|parser| parser.reserved_call(keyword)),
            _ => self.name_primary(),
        }
    }

    fn constant(&mut self, expr: Expr<'a>) -> Expr<'a> {
        self.advance();
        expr
    }

    /// `( expr )`, `( expr, expr )`, or `( query )`.
    fn paren(&mut self) -> Parsed<Expr<'a>> {
        self.advance();
        if self.at_query() {
            let query = self.query()?;
            self.expect(TokenKind::RightParen)?;
            return Ok(Expr::Subquery(query));
        }
        let doubled = self.at(TokenKind::LeftParen);
        let assigns = self.at(TokenKind::UserVariable) && self.peek().kind == TokenKind::Assign;
        let first = if assigns { self.user_variable_primary()? } else { self.expr()? };
        match self.token.kind {
            TokenKind::RightParen => {
                self.advance();
                Ok(first)
            }
            TokenKind::Comma => {
                self.advance();
                self.heavy(|parser| parser.rest_of_row(first))
            }
            _ => match first {
                Expr::Subquery(query) if doubled => {
                    let query = self.query_behind(query)?;
                    self.expect(TokenKind::RightParen)?;
                    Ok(Expr::Subquery(query))
                }
                _ => Err(self.fail()),
            },
        }
    }

    #[inline(never)]
    fn rest_of_row(&mut self, first: Expr<'a>) -> Parsed<Expr<'a>> {
        let mut items = self.vec();
        items.push(first);
        items.extend_from_slice(self.list(Parser::expr)?);
        self.expect(TokenKind::RightParen)?;
        Ok(Expr::Row(items.into_bump_slice()))
    }

    /// Reads `:name`, `::name` or `?`.
    pub(super) fn bind(&mut self) -> &'a Bind<'a> {
        let text = self.token_text();
        let bind = match self.token.kind {
            TokenKind::Bind => Bind { name: &text[1..], list: false },
            TokenKind::ListBind => Bind { name: &text[2..], list: true },
            _ => {
                let name = self.arena.text(&format!("v{}", self.token.ordinal() + 1));
                Bind { name, list: false }
            }
        };
        self.advance();
        self.arena.node(bind)
    }

    fn user_variable_primary(&mut self) -> Parsed<Expr<'a>> {
        let variable = self.user_variable()?;
        if self.eat(TokenKind::Assign) {
            // One more level, for the parentheses with which it may be printed.
            let value = self.heavy(Parser::expr)?;
            return Ok(Expr::Assign(self.arena.node(AssignExpr { variable, value })));
        }
        Ok(Expr::Variable(self.arena.node(Variable::User(variable))))
    }

    /// Reads `@@name`, `@@scope.name`.
    pub(super) fn system_variable(&mut self) -> Parsed<SystemVariable<'a>> {
        self.expect(TokenKind::AtAt)?;
        if self.at_keyword(Keyword::Default) {
            return Err(self.fail());
        }
        let first = self.variable_part()?;
        if !self.at(TokenKind::Dot) {
            return match is_session_scope(first.text) {
                true => Err(self.fail()),
                false => Ok(SystemVariable { scope: None, name: first.text }),
            };
        }
        self.advance();
        let second = self.variable_part()?;
        let Some(scope) = variable_scope(first.text) else {
            let name = [first.text, ".", second.text].concat();
            return Ok(SystemVariable { scope: None, name: self.arena.text(&name) });
        };
        let mut name = second.text;
        if is_session_scope(name) {
            return Err(self.fail());
        }
        if self.eat(TokenKind::Dot) {
            let third = self.variable_part()?;
            name = self.arena.text(&[name, ".", third.text].concat());
        }
        Ok(SystemVariable { scope: Some(scope), name })
    }

    /// Reads a part of a system variable's name. No variable has a point in a part, not even in
    /// quotes; it would be taken for one between parts.
    pub(super) fn variable_part(&mut self) -> Parsed<Ident<'a>> {
        let fail = self.fail();
        let part = self.any_word()?;
        if part.text.contains('.') { Err(fail) } else { Ok(part) }
    }

    /// `_utf8mb4 'text'`
    pub(super) fn introducer(&mut self) -> Parsed<Expr<'a>> {
        let charset = &self.token_text()[1..];
        let expr = match self.peek().kind {
            TokenKind::Literal(kind @ (LiteralKind::Str | LiteralKind::Hex | LiteralKind::Bit)) => {
                self.advance();
                Expr::Literal(self.literal(kind))
            }
            TokenKind::Bind | TokenKind::Question => {
                self.advance();
                Expr::Bind(self.bind())
            }
            _ => {
                self.advance();
                return Err(self.fail());
            }
        };
        Ok(Expr::Introducer(self.arena.node(Introducer { charset, expr })))
    }

    fn temporal(&mut self, keyword: Keyword) -> Parsed<Expr<'a>> {
        self.advance();
        let kind = match keyword {
            Keyword::Date => TemporalKind::Date,
            Keyword::Time => TemporalKind::Time,
            _ => TemporalKind::Timestamp,
        };
        let expr = Expr::Literal(self.string()?);
        Ok(Expr::Temporal(self.arena.node(Temporal { kind, expr })))
    }

    /// ODBC's `{d '2026-01-31'}`, and `{name expr}`, which means `expr`.
    fn braces(&mut self) -> Parsed<Expr<'a>> {
        self.advance();
        let word = self.any_word()?;
        let kind = match word.text {
            "d" | "D" => Some(TemporalKind::Date),
            "t" | "T" => Some(TemporalKind::Time),
            "ts" | "TS" | "Ts" | "tS" => Some(TemporalKind::Timestamp),
            _ => None,
        };
        let is_string = matches!(self.token.kind, TokenKind::Literal(LiteralKind::Str));
        let mut expr = self.expr()?;
        if let (Some(kind), true, Expr::Literal(literal)) = (kind, is_string, expr)
            && looks_temporal(kind, literal.value)
        {
            expr = Expr::Temporal(self.arena.node(Temporal { kind, expr }));
        }
        self.expect(TokenKind::RightBrace)?;
        Ok(expr)
    }

    /// A list that was folded behind an `IN` that is no operator: `POSITION('a' IN ('b'))`.
    fn misplaced_list(&mut self) -> Parsed<Expr<'a>> {
        let fail = self.fail();
        match self.literal_list()? {
            [one] => Ok(Expr::Literal(self.arena.node(*one))),
            many if many.len() > 1 => {
                let mut items = self.vec();
                items.extend(many.iter().map(Expr::Literal));
                Ok(Expr::Row(items.into_bump_slice()))
            }
            _ => Err(fail),
        }
    }

    fn case(&mut self) -> Parsed<Expr<'a>> {
        self.advance();
        let operand = if self.at_keyword(Keyword::When) { None } else { Some(self.expr()?) };
        let mut whens = self.vec();
        while self.eat_keyword(Keyword::When) {
            let condition = self.expr()?;
            self.expect_keyword(Keyword::Then)?;
            whens.push(When { condition, value: self.expr()? });
        }
        let otherwise = if self.eat_keyword(Keyword::Else) { Some(self.expr()?) } else { None };
        if whens.is_empty() {
            return Err(self.fail());
        }
        self.expect_keyword(Keyword::End)?;
        let whens = whens.into_bump_slice();
        Ok(Expr::Case(self.arena.node(Case { operand, whens, otherwise })))
    }

    /// Reads a column's name or a call of a function that is no reserved word.
    fn name_primary(&mut self) -> Parsed<Expr<'a>> {
        let token = self.token;
        let next = self.peek().kind;
        if next == TokenKind::LeftParen
            && let TokenKind::Word(keyword) = token.kind
        {
            return self.heavy(|parser| parser.call(token, keyword));
        }
        let first = self.name()?;
        if next == TokenKind::LeftParen {
            let word = first.text.as_bytes();
            let quoted = Keyword::find(word) != Keyword::None || !is_callable(word);
            return self.heavy(|parser| parser.generic_call(None, first, quoted));
        }
        if next != TokenKind::Dot {
            return self.column_tail(ColumnName { table: None, name: first });
        }
        self.advance();
        let second = self.name()?;
        if self.at(TokenKind::LeftParen) {
            return self.heavy(|parser| parser.generic_call(Some(first), second, false));
        }
        if !self.eat(TokenKind::Dot) {
            let table = Some(TableName { qualifier: None, name: first });
            return self.column_tail(ColumnName { table, name: second });
        }
        let table = Some(TableName { qualifier: Some(first), name: second });
        let name = self.name()?;
        self.column_tail(ColumnName { table, name })
    }

    /// Reads `->` and `->>` behind a column.
    fn column_tail(&mut self, column: ColumnName<'a>) -> Parsed<Expr<'a>> {
        let column = Expr::Column(self.arena.node(column));
        let op = match self.token.kind {
            TokenKind::Arrow => BinaryOp::JsonExtract,
            TokenKind::LongArrow => BinaryOp::JsonUnquote,
            _ => return Ok(column),
        };
        self.advance();
        let right = match self.token.kind {
            TokenKind::Literal(LiteralKind::Str) => Expr::Literal(self.literal(LiteralKind::Str)),
            TokenKind::Bind | TokenKind::Question => Expr::Bind(self.bind()),
            _ => return Err(self.fail()),
        };
        Ok(Expr::Binary(self.arena.node(Binary { op, left: column, right })))
    }

    /// Reads a column's name alone.
    pub(super) fn column_name(&mut self) -> Parsed<ColumnName<'a>> {
        let first = self.name()?;
        if !self.eat(TokenKind::Dot) {
            return Ok(ColumnName { table: None, name: first });
        }
        let second = self.name()?;
        if !self.eat(TokenKind::Dot) {
            let table = Some(TableName { qualifier: None, name: first });
            return Ok(ColumnName { table, name: second });
        }
        let table = Some(TableName { qualifier: Some(first), name: second });
        Ok(ColumnName { table, name: self.name()? })
    }

    /// Reads the arguments of `name(args)`; the name has been read.
    pub(super) fn generic_call(
        &mut self,
        schema: Option<Ident<'a>>,
        name: Ident<'a>,
        quoted: bool,
    ) -> Parsed<Expr<'a>> {
        let mut args = self.vec();
        let mut aliases = self.vec();
        if schema.is_none() && !quoted && !is_callable(name.text.as_bytes()) {
            return Err(self.fail());
        }
        self.expect(TokenKind::LeftParen)?;
        if !self.at(TokenKind::RightParen) {
            loop {
                args.push(self.expr()?);
                // Loadable functions see the names of arguments; they belong to no database.
                let may_name = schema.is_none();
                if may_name && !matches!(self.token.kind, TokenKind::Comma | TokenKind::RightParen)
                {
                    let alias = self.alias()?;
                    aliases.resize(args.len() - 1, None);
                    aliases.push(alias);
                }
                if !self.eat(TokenKind::Comma) {
                    break;
                }
            }
        }
        self.expect(TokenKind::RightParen)?;
        if !aliases.is_empty() {
            aliases.resize(args.len(), None);
        }
        if schema.is_none() && !quoted && !may_take(name.text, args.len()) {
            return Err(self.fail());
        }
        let (args, aliases) = (args.into_bump_slice(), aliases.into_bump_slice());
        Ok(Expr::Function(self.arena.node(Function { schema, name, quoted, args, aliases })))
    }

    /// Reads the values of a row, `( [expr|DEFAULT, ...] )`.
    pub(super) fn row_values(&mut self) -> Parsed<&'a [Expr<'a>]> {
        self.expect(TokenKind::LeftParen)?;
        if self.eat(TokenKind::RightParen) {
            return Ok(&[]);
        }
        let values = self.list(Parser::expr_or_default)?;
        self.expect(TokenKind::RightParen)?;
        Ok(values)
    }

    /// Reads an expression or `DEFAULT`.
    pub(super) fn expr_or_default(&mut self) -> Parsed<Expr<'a>> {
        // Most values are literals.
        if let Some(literal) = self.lone_literal() {
            return literal;
        }
        if self.at_keyword(Keyword::Default) && self.peek().kind != TokenKind::LeftParen {
            return Ok(self.constant(Expr::Default(None)));
        }
        self.expr()
    }

    /// Reads `( [expr, ...] )`.
    pub(super) fn arguments(&mut self) -> Parsed<&'a [Expr<'a>]> {
        self.expect(TokenKind::LeftParen)?;
        if self.eat(TokenKind::RightParen) {
            return Ok(&[]);
        }
        let args = self.list(Parser::expr)?;
        self.expect(TokenKind::RightParen)?;
        Ok(args)
    }

    /// `INTERVAL amount unit`, or the function `INTERVAL(a, b, ...)`.
    pub(super) fn interval(&mut self, min: u8) -> Parsed<Expr<'a>> {
        let name = self.token_text();
        self.advance();
        let amount = if self.at(TokenKind::LeftParen) && min <= rung::UNARY {
            self.advance();
            let first = if self.at_query() { Expr::Subquery(self.query()?) } else { self.expr()? };
            if self.at(TokenKind::Comma) {
                self.advance();
                let Expr::Row(args) = self.rest_of_row(first)? else { return Err(self.fail()) };
                return Ok(Expr::Function(self.arena.node(Function::new(name, args))));
            }
            self.expect(TokenKind::RightParen)?;
            self.infix(first, rung::OR, rung::COLLATE)?
        } else {
            self.expr()?
        };
        let unit = self.time_unit()?;
        Ok(Expr::Interval(self.arena.node(Interval { amount, unit })))
    }

    pub(super) fn time_unit(&mut self) -> Parsed<TimeUnit> {
        let text = self.token_text();
        let text = match text.get(..8) {
            Some(prefix) if prefix.eq_ignore_ascii_case("sql_tsi_") => &text[8..],
            _ => text,
        };
        let unit = TimeUnit::ALL
            .iter()
            .find(|unit| unit.text().eq_ignore_ascii_case(text))
            .ok_or_else(|| self.fail())?;
        if !matches!(self.token.kind, TokenKind::Word(_)) {
            return Err(self.fail());
        }
        self.advance();
        Ok(*unit)
    }
}

/// ODBC's braces around what is no date or time mean the string.
fn looks_temporal(kind: TemporalKind, text: &[u8]) -> bool {
    let digits_and = |text: &[u8], separator: u8, parts: usize| {
        let mut pieces = text.split(|byte| *byte == separator);
        pieces.clone().count() == parts
            && pieces.all(|piece| !piece.is_empty() && piece.iter().all(u8::is_ascii_digit))
    };
    let is_time = |text: &[u8]| {
        let (whole, fraction) = match text.iter().position(|byte| *byte == b'.') {
            Some(point) => (&text[..point], &text[point + 1..]),
            None => (text, b"".as_slice()),
        };
        digits_and(whole, b':', 3) && fraction.iter().all(u8::is_ascii_digit)
    };
    match kind {
        TemporalKind::Date => digits_and(text, b'-', 3),
        TemporalKind::Time => is_time(text),
        TemporalKind::Timestamp => {
            text.iter().position(|byte| *byte == b' ' || *byte == b'T').is_some_and(|blank| {
                digits_and(&text[..blank], b'-', 3) && is_time(&text[blank + 1..])
            })
        }
    }
}

/// Tells whether a word is a scope that can be no part of a variable's name.
pub(super) fn is_session_scope(word: &str) -> bool {
    ["global", "session", "local"].iter().any(|scope| scope.eq_ignore_ascii_case(word))
}

/// Tells whether an expression has a subquery in it, where MySQL takes none.
pub(super) fn has_subquery(expr: &Expr<'_>) -> bool {
    any_expr(expr, |expr| match expr {
        Expr::Subquery(_) | Expr::Exists(_) | Expr::Quantified(_) => true,
        Expr::In(in_list) => matches!(in_list.list, InList::Query(_)),
        _ => false,
    })
}

/// Reads a scope's word.
pub(super) fn variable_scope(word: &str) -> Option<VariableScope> {
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    match () {
        () if is("global") => Some(VariableScope::Global),
        () if is("session") || is("local") => Some(VariableScope::Session),
        () if is("persist") => Some(VariableScope::Persist),
        () if is("persist_only") => Some(VariableScope::PersistOnly),
        () if is("vitess_metadata") => Some(VariableScope::VitessMetadata),
        () => None,
    }
}
